#include "gateway/store/store.h"

#include "gateway/store/sqlite_store.h"

namespace hetao::store {

namespace {

constexpr std::string_view kSqlitePrefix = "sqlite:";

}  // namespace

Result<void> check_store_url(std::string_view url) {
  if (url.starts_with("postgresql:") || url.starts_with("postgres:"))
    return fail(ErrorCode::kUsage, std::string(url), "PostgreSQL is not available yet", "use sqlite:PATH");
  if (url.starts_with(kSqlitePrefix)) url.remove_prefix(kSqlitePrefix.size());
  if (url.empty()) return fail(ErrorCode::kUsage, "store", "names no file", "use sqlite:PATH");
  return {};
}

Result<std::unique_ptr<Store>> open_store(std::string_view url, const Owner& owner) {
  if (auto known = check_store_url(url); !known) return fail(known.error());
  if (url.starts_with(kSqlitePrefix)) url.remove_prefix(kSqlitePrefix.size());
  return open_sqlite(std::string(url), owner);
}

}  // namespace hetao::store
