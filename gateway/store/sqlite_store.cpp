#include "gateway/store/sqlite_store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/store/sqlite_archive.h"

namespace hetao::store {

namespace {

using federation::Record;
using federation::Table;

// PRAGMA application_id of our files: "HETA".
constexpr int kApplicationId = 0x48455441;

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
// Keeps a second gateway off, as long as it is open: readers of the archive share the database.
class FileLock {
 public:
  FileLock() = default;
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  bool take() const { return ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0; }

 private:
  int descriptor_ = -1;
};

using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using StatementPtr = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// Steps to the format that stands behind them; the last one is kFormat. Released steps never change.
constexpr const char* kMigrations[] = {
    // 1
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE record(kind INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(kind, "
    "key));"
    "CREATE TABLE entry(position INTEGER PRIMARY KEY, bytes BLOB NOT NULL);",
};
static_assert(std::size(kMigrations) == kFormat);

class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(const std::string& path, const Owner& owner);

  Result<void> load(const std::function<Result<void>(const Record&)>& take) override;
  Result<void> commit(const Batch& batch) override;
  Result<std::unique_ptr<Archive>> open_archive() override { return open_sqlite_archive(path_); }
  Result<EntryRange> kept_entries() override;
  Result<std::vector<PendingEntry>> entries_from(uint64_t first, size_t most) override;
  void forget_entries_below(uint64_t index) override { forget_below_ = std::max(forget_below_, index); }
  Result<std::optional<std::string>> note(std::string_view name) override;
  Result<void> put_note(std::string_view name, std::string_view value) override;

 private:
  SqliteStore(std::string path, FileLock lock, Database database)
      : path_(std::move(path)), lock_(std::move(lock)), database_(std::move(database)) {}

  tl::unexpected<Error> failed(std::string_view doing) const;
  Result<void> run(const char* sql);
  Result<StatementPtr> prepare(const char* sql);
  Result<void> step_done(sqlite3_stmt* statement, std::string_view doing);
  Result<int64_t> number_of(const char* pragma);
  Result<void> settle_pragmas();
  Result<void> claim(const Owner& owner, bool fresh);
  Result<void> migrate(int from, const Owner& owner);
  Result<void> check_owner(const Owner& owner);
  Result<void> prepare_statements();
  Result<void> write(const Batch& batch);
  Result<void> write_record(const Record& record);

  std::string path_;
  FileLock lock_;  // given back after the database is closed
  Database database_;
  StatementPtr put_;
  StatementPtr drop_;
  StatementPtr append_;
  StatementPtr forget_;
  uint64_t forget_below_ = 0;
  uint64_t forgotten_below_ = 0;
};

tl::unexpected<Error> SqliteStore::failed(std::string_view doing) const {
  const int code = sqlite3_extended_errcode(database_.get());
  std::string why = std::string(doing) + ": " + sqlite3_errmsg(database_.get()) + " (SQLite code " +
                    std::to_string(code) + ")";
  std::string hint;
  switch (code & 0xff) {
    case SQLITE_FULL:
      hint = "make room on the disk and start the gateway again";
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      hint = "the file is damaged: restore the data directory from a backup";
      break;
    case SQLITE_BUSY:
      hint = "another program holds the file: stop it";
      break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      hint = "the gateway's user must be able to write the file and its folder";
      break;
    default:
      break;
  }
  return fail(ErrorCode::kFailed, path_, std::move(why), std::move(hint));
}

Result<void> SqliteStore::run(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failed(sql);
  return {};
}

Result<StatementPtr> SqliteStore::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK)
    return failed(sql);
  return StatementPtr(statement);
}

Result<void> SqliteStore::step_done(sqlite3_stmt* statement, std::string_view doing) {
  const int code = sqlite3_step(statement);
  const auto answer = code == SQLITE_DONE ? Result<void>() : failed(doing);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return answer;
}

Result<int64_t> SqliteStore::number_of(const char* pragma) {
  auto statement = prepare(pragma);
  if (!statement) return fail(statement.error());
  if (sqlite3_step(statement->get()) != SQLITE_ROW) return failed(pragma);
  return sqlite3_column_int64(statement->get(), 0);
}

Result<std::optional<std::string>> SqliteStore::note(std::string_view name) {
  auto statement = prepare("SELECT value FROM meta WHERE key = ?");
  if (!statement) return fail(statement.error());
  sqlite3_bind_text64(statement->get(), 1, name.data(), name.size(), SQLITE_STATIC, SQLITE_UTF8);
  const int code = sqlite3_step(statement->get());
  if (code == SQLITE_DONE) return std::nullopt;
  if (code != SQLITE_ROW) return failed("reading whose data this is");
  return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement->get(), 0)));
}

Result<void> SqliteStore::put_note(std::string_view name, std::string_view value) {
  auto insert =
      prepare("INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  if (!insert) return fail(insert.error());
  sqlite3_bind_text64(insert->get(), 1, name.data(), name.size(), SQLITE_STATIC, SQLITE_UTF8);
  sqlite3_bind_text64(insert->get(), 2, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
  return step_done(insert->get(), "noting a fact");
}

Result<void> SqliteStore::settle_pragmas() {
  for (const char* pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
                             "PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -16384"}) {
    if (auto done = run(pragma); !done) return done;
  }
  auto synchronous = number_of("PRAGMA synchronous");
  if (!synchronous) return fail(synchronous.error());
  HETAO_CHECK(*synchronous == 2);
  return {};
}

Result<void> SqliteStore::migrate(int from, const Owner& owner) {
  if (auto begun = run("BEGIN IMMEDIATE"); !begun) return begun;
  for (int step = from; step < kFormat; ++step) {
    if (auto done = run(kMigrations[step]); !done) return done;
  }
  if (from == 0) {
    if (auto done = put_note("region", owner.region); !done) return done;
  }
  const std::string marks = "PRAGMA application_id = " + std::to_string(kApplicationId) +
                            "; PRAGMA user_version = " + std::to_string(kFormat) + "; COMMIT";
  return run(marks.c_str());
}

Result<void> SqliteStore::check_owner(const Owner& owner) {
  auto region = note("region");
  if (!region) return fail(region.error());
  if (!*region)
    return fail(ErrorCode::kFailed, path_, "does not say whose data it is", "restore it from a backup");
  if (**region != owner.region)
    return fail(ErrorCode::kUsage, path_,
                "belongs to region '" + **region + "', not to '" + owner.region + "'",
                "give each region a data_dir of its own");
  return {};
}

// `fresh`: the file was not there, or empty.
Result<void> SqliteStore::claim(const Owner& owner, bool fresh) {
  auto application = number_of("PRAGMA application_id");
  if (!application) return fail(application.error());
  auto version = number_of("PRAGMA user_version");
  if (!version) return fail(version.error());
  auto tables = number_of("SELECT count(*) FROM sqlite_master");
  if (!tables) return fail(tables.error());
  // An interrupted first start leaves a file without tables.
  if (fresh || (*tables == 0 && *version == 0)) {
    if (auto settled = settle_pragmas(); !settled) return settled;
    return migrate(0, owner);
  }
  if (*application != kApplicationId)
    return fail(ErrorCode::kUsage, path_, "is another program's database",
                "give the gateway a data_dir of its own");
  if (*version > kFormat)
    return fail(ErrorCode::kUsage, path_,
                "has format " + std::to_string(*version) + ", and this program knows formats up to " +
                    std::to_string(kFormat),
                "install the version that wrote it again; there is no way back");
  // Refusals first: nothing is written into data that is not ours.
  if (auto ours = check_owner(owner); !ours) return ours;
  if (auto settled = settle_pragmas(); !settled) return settled;
  if (*version < kFormat) return migrate(static_cast<int>(*version), owner);
  return {};
}

Result<void> SqliteStore::prepare_statements() {
  const std::pair<StatementPtr*, const char*> wanted[] = {
      {&put_,
       "INSERT INTO record(kind, key, value) VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET value = "
       "excluded.value"},
      {&drop_, "DELETE FROM record WHERE kind = ? AND key = ?"},
      {&append_, "INSERT INTO entry(position, bytes) VALUES(?, ?)"},
      {&forget_, "DELETE FROM entry WHERE position < ?"},
  };
  for (const auto& [place, sql] : wanted) {
    auto statement = prepare(sql);
    if (!statement) return fail(statement.error());
    *place = std::move(*statement);
  }
  return {};
}

Result<std::unique_ptr<Store>> SqliteStore::open(const std::string& path, const Owner& owner) {
  std::error_code ignored;
  const bool fresh =
      !std::filesystem::exists(path, ignored) || std::filesystem::file_size(path, ignored) == 0;
  // Made by us, so that nobody else can read what users submit.
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (made < 0)
    return fail(ErrorCode::kFailed, path, std::string("can't be opened: ") + std::strerror(errno),
                "the gateway's user must be able to write the file and its folder");
  FileLock lock(made);
  if (!lock.take())
    return fail(ErrorCode::kFailed, path, "is in use", "another program holds the file: stop it");
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);
  if (raw == nullptr) return fail(ErrorCode::kFailed, path, "can't be opened: out of memory");
  auto store = std::unique_ptr<SqliteStore>(new SqliteStore(path, std::move(lock), std::move(database)));
  if (code != SQLITE_OK) return store->failed("opening");
  sqlite3_extended_result_codes(raw, 1);
  if (auto claimed = store->claim(owner, fresh); !claimed) return fail(claimed.error());
  if (auto ready = store->prepare_statements(); !ready) return fail(ready.error());
  return std::unique_ptr<Store>(std::move(store));
}

Result<void> SqliteStore::load(const std::function<Result<void>(const Record&)>& take) {
  auto rows = prepare("SELECT kind, key, value FROM record WHERE kind <= 100");
  if (!rows) return fail(rows.error());
  sqlite3_stmt* row = rows->get();
  int code = sqlite3_step(row);
  for (; code == SQLITE_ROW; code = sqlite3_step(row)) {
    Record record{.table = static_cast<Table>(sqlite3_column_int(row, 0)), .key = {}, .value = std::string()};
    if (const auto* key = sqlite3_column_blob(row, 1); key != nullptr)
      record.key.assign(static_cast<const char*>(key), static_cast<size_t>(sqlite3_column_bytes(row, 1)));
    if (const auto* value = sqlite3_column_blob(row, 2); value != nullptr)
      record.value->assign(static_cast<const char*>(value),
                           static_cast<size_t>(sqlite3_column_bytes(row, 2)));
    if (auto taken = take(record); !taken) return taken;
  }
  if (code != SQLITE_DONE) return failed("reading records");
  return {};
}

Result<EntryRange> SqliteStore::kept_entries() {
  auto rows = prepare("SELECT coalesce(min(position), 0), coalesce(max(position) + 1, 0) FROM entry");
  if (!rows) return fail(rows.error());
  if (sqlite3_step(rows->get()) != SQLITE_ROW) return failed("reading ledger entries");
  return EntryRange{static_cast<uint64_t>(sqlite3_column_int64(rows->get(), 0)),
                    static_cast<uint64_t>(sqlite3_column_int64(rows->get(), 1))};
}

Result<std::vector<PendingEntry>> SqliteStore::entries_from(uint64_t first, size_t most) {
  auto rows = prepare("SELECT position, bytes FROM entry WHERE position >= ? ORDER BY position LIMIT ?");
  if (!rows) return fail(rows.error());
  sqlite3_bind_int64(rows->get(), 1, static_cast<sqlite3_int64>(first));
  sqlite3_bind_int64(rows->get(), 2, static_cast<sqlite3_int64>(most));
  std::vector<PendingEntry> entries;
  int code = sqlite3_step(rows->get());
  for (; code == SQLITE_ROW; code = sqlite3_step(rows->get())) {
    PendingEntry& entry = entries.emplace_back();
    entry.index = static_cast<uint64_t>(sqlite3_column_int64(rows->get(), 0));
    const auto size = static_cast<size_t>(sqlite3_column_bytes(rows->get(), 1));
    if (size != 0) entry.bytes.assign(static_cast<const char*>(sqlite3_column_blob(rows->get(), 1)), size);
  }
  if (code != SQLITE_DONE) return failed("reading ledger entries");
  return entries;
}

Result<void> SqliteStore::write_record(const Record& record) {
  sqlite3_stmt* statement = record.value ? put_.get() : drop_.get();
  sqlite3_bind_int(statement, 1, static_cast<int>(record.table));
  sqlite3_bind_text64(statement, 2, record.key.data(), record.key.size(), SQLITE_STATIC, SQLITE_UTF8);
  // An empty value is a value: a null pointer would bind NULL.
  if (record.value)
    sqlite3_bind_blob64(statement, 3, record.value->empty() ? "" : record.value->data(), record.value->size(),
                        SQLITE_STATIC);
  return step_done(statement, "writing a record");
}

Result<void> SqliteStore::write(const Batch& batch) {
  // Of several records of one key only the newest is written; in key order, because that touches each page
  // once.
  std::map<std::pair<Table, std::string_view>, const Record*> newest;
  for (const Record& record : batch.records) newest[{record.table, record.key}] = &record;
  for (const auto& [key, record] : newest) {
    if (auto written = write_record(*record); !written) return written;
  }
  for (const PendingEntry& entry : batch.entries) {
    sqlite3_bind_int64(append_.get(), 1, static_cast<sqlite3_int64>(entry.index));
    sqlite3_bind_blob64(append_.get(), 2, entry.bytes.empty() ? "" : entry.bytes.data(), entry.bytes.size(),
                        SQLITE_STATIC);
    if (auto written = step_done(append_.get(), "writing a ledger entry"); !written) return written;
  }
  if (forget_below_ > forgotten_below_) {
    sqlite3_bind_int64(forget_.get(), 1, static_cast<sqlite3_int64>(forget_below_));
    if (auto written = step_done(forget_.get(), "forgetting ledger entries"); !written) return written;
  }
  return {};
}

Result<void> SqliteStore::commit(const Batch& batch) {
  if (auto begun = run("BEGIN IMMEDIATE"); !begun) return begun;
  auto written = write(batch);
  if (!written) {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr,
                 nullptr);  // the error before is the one that counts
    return written;
  }
  if (auto done = run("COMMIT"); !done) return done;
  forgotten_below_ = forget_below_;
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, const Owner& owner) {
  return SqliteStore::open(path, owner);
}

}  // namespace hetao::store
