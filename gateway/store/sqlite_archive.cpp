#include "gateway/store/sqlite_archive.h"

#include <sqlite3.h>

#include <mutex>

namespace hetao::store {

namespace {

using federation::Record;
using federation::Table;

constexpr int kBusyMillis = 5'000;  // another connection recovers the log, at most
constexpr const char* kFind = "SELECT value FROM record WHERE kind = ? AND key = ?";
constexpr const char* kFirst =
    "SELECT key, value FROM record WHERE kind = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?";
constexpr const char* kLast =
    "SELECT key, value FROM record WHERE kind = ? AND key >= ? AND key < ? ORDER BY key DESC LIMIT ?";

std::string blob_of(sqlite3_stmt* row, int column) {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
  return bytes == nullptr ? std::string()
                          : std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(row, column)));
}

void bind_key(sqlite3_stmt* statement, int place, std::string_view key) {
  sqlite3_bind_text64(statement, place, key.data(), key.size(), SQLITE_STATIC, SQLITE_UTF8);
}

class SqliteArchive final : public Archive {
 public:
  SqliteArchive(std::string path, sqlite3* database) : path_(std::move(path)), database_(database) {}
  ~SqliteArchive() override {
    for (sqlite3_stmt* statement : {find_, first_, last_}) sqlite3_finalize(statement);
    sqlite3_close_v2(database_);
  }

  Result<void> prepare();
  Result<std::optional<std::string>> find(Table table, std::string_view key) override;
  Result<std::vector<Record>> rows(Table table, const KeyRange& range, size_t most, bool last_ones) override;

 private:
  tl::unexpected<Error> failed() const {
    return fail(ErrorCode::kFailed, path_, std::string("reading the archive: ") + sqlite3_errmsg(database_));
  }

  std::mutex mutex_;
  std::string path_;
  sqlite3* database_;
  sqlite3_stmt* find_ = nullptr;
  sqlite3_stmt* first_ = nullptr;
  sqlite3_stmt* last_ = nullptr;
};

Result<void> SqliteArchive::prepare() {
  for (const auto& [place, sql] : {std::pair{&find_, kFind}, {&first_, kFirst}, {&last_, kLast}}) {
    if (sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, place, nullptr) != SQLITE_OK)
      return failed();
  }
  return {};
}

Result<std::optional<std::string>> SqliteArchive::find(Table table, std::string_view key) {
  const std::lock_guard lock(mutex_);
  sqlite3_bind_int(find_, 1, static_cast<int>(table));
  bind_key(find_, 2, key);
  const int code = sqlite3_step(find_);
  Result<std::optional<std::string>> found(std::nullopt);
  if (code == SQLITE_ROW) found = blob_of(find_, 0);
  if (code != SQLITE_ROW && code != SQLITE_DONE) found = failed();
  sqlite3_reset(find_);
  return found;
}

Result<std::vector<Record>> SqliteArchive::rows(Table table, const KeyRange& range, size_t most,
                                                bool last_ones) {
  const std::lock_guard lock(mutex_);
  sqlite3_stmt* wanted = last_ones ? last_ : first_;
  sqlite3_bind_int(wanted, 1, static_cast<int>(table));
  bind_key(wanted, 2, range.from);
  bind_key(wanted, 3, range.end);
  sqlite3_bind_int64(wanted, 4, static_cast<sqlite3_int64>(most));
  std::vector<Record> found;
  int code = sqlite3_step(wanted);
  for (; code == SQLITE_ROW; code = sqlite3_step(wanted))
    found.push_back({table, blob_of(wanted, 0), blob_of(wanted, 1)});
  Result<std::vector<Record>> answer(std::move(found));
  if (code != SQLITE_DONE) answer = failed();
  sqlite3_reset(wanted);  // ends the read: the log can be copied back
  return answer;
}

}  // namespace

Result<std::unique_ptr<Archive>> open_sqlite_archive(const std::string& path) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  if (raw == nullptr) return fail(ErrorCode::kFailed, path, "can't be opened: out of memory");
  auto archive = std::make_unique<SqliteArchive>(path, raw);
  if (code != SQLITE_OK)
    return fail(ErrorCode::kFailed, path, std::string("opening the archive: ") + sqlite3_errmsg(raw));
  sqlite3_busy_timeout(raw, kBusyMillis);
  if (auto ready = archive->prepare(); !ready) return fail(ready.error());
  return archive;
}

}  // namespace hetao::store
