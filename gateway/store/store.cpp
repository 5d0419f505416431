#include "gateway/store/store.h"

#include "gateway/store/postgres_store.h"
#include "gateway/store/sqlite_store.h"

namespace hetao::store {

namespace {

constexpr std::string_view kSqlitePrefix = "sqlite:";

bool is_postgres(std::string_view url) {
  return url.starts_with("postgresql:") || url.starts_with("postgres:");
}

}  // namespace

KeyRange beginning_with(std::string_view prefix) {
  KeyRange range{std::string(prefix), std::string(prefix)};
  while (!range.end.empty() && range.end.back() == '\xff') range.end.pop_back();
  if (range.end.empty()) {
    range.end = "\xff\xff\xff\xff";  // no key begins so: keys are UTF-8
  } else {
    range.end.back() = static_cast<char>(range.end.back() + 1);
  }
  return range;
}

Result<void> check_store_url(std::string_view url) {
  if (is_postgres(url)) return check_postgres_url(std::string(url));
  if (url.starts_with(kSqlitePrefix)) url.remove_prefix(kSqlitePrefix.size());
  if (url.empty()) return fail(ErrorCode::kUsage, "store", "names no file", "use sqlite:PATH");
  return {};
}

Result<Claim> claim_store(std::string_view url, const Owner& owner) {
  if (auto known = check_store_url(url); !known) return fail(known.error());
  if (is_postgres(url)) return claim_postgres(std::string(url), owner);
  if (url.starts_with(kSqlitePrefix)) url.remove_prefix(kSqlitePrefix.size());
  auto store = open_sqlite(std::string(url), owner);
  if (!store) return fail(store.error());
  return Claim{std::move(*store)};
}

Result<std::unique_ptr<Store>> open_store(std::string_view url, const Owner& owner) {
  auto claim = claim_store(url, owner);
  if (!claim) return fail(claim.error());
  if (claim->store == nullptr)
    return fail(ErrorCode::kFailed, "store", "node " + claim->held_by.node + " of the region has it",
                "stop that node, or let this one stand by");
  return std::move(claim->store);
}

}  // namespace hetao::store
