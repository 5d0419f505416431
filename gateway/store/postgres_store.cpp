#include "gateway/store/postgres_store.h"

#include <array>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "gateway/store/postgres_session.h"

namespace hetao::store {

namespace {

using federation::Record;
using federation::Table;

constexpr int kServerVersionMin = 130'000;
constexpr const char* kRowsAtOnce = "5000";
constexpr const char* kArchiveSession = "hetao/archive";
// The advisory lock of the node that leads: "HETA", 1.
constexpr const char* kTryLock = "SELECT pg_try_advisory_lock(1212503105, 1)::int";

// Steps to the format that stands behind them; the last one is kFormat. Released steps never change.
// Rows are small and change often: room in each page keeps updates off the indexes.
constexpr const char* kMigrations[] = {
    // 1
    "CREATE TABLE hetao.meta(key text PRIMARY KEY, value text NOT NULL);"
    "CREATE TABLE hetao.record(kind smallint NOT NULL, key bytea NOT NULL, value bytea NOT NULL, "
    "PRIMARY KEY(kind, key)) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);"
    "CREATE TABLE hetao.entry(position bigint PRIMARY KEY, bytes bytea NOT NULL);",
};
static_assert(std::size(kMigrations) == kFormat);

constexpr const char* kCommit =
    "WITH gone AS (DELETE FROM hetao.record r USING unnest($1::int2[], $2::bytea[]) AS g(kind, key) "
    "WHERE r.kind = g.kind AND r.key = g.key), "
    "put AS (INSERT INTO hetao.record(kind, key, value) SELECT * FROM unnest($3::int2[], $4::bytea[], "
    "$5::bytea[]) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value) "
    "INSERT INTO hetao.entry(position, bytes) SELECT * FROM unnest($6::int8[], $7::bytea[])";

Result<std::optional<std::string>> meta(PgSession& session, std::string_view key) {
  const PgValue wanted = pg_text(key);
  auto rows = session.run("SELECT value FROM hetao.meta WHERE key = $1", {&wanted, 1});
  if (!rows) return fail(rows.error());
  if (rows->count() == 0) return std::nullopt;
  return std::string(rows->bytes(0, 0));
}

Result<void> put_meta(PgSession& session, std::string_view key, std::string_view value) {
  const std::array<PgValue, 2> values = {pg_text(key), pg_text(value)};
  auto done = session.run(
      "INSERT INTO hetao.meta(key, value) VALUES($1, $2) ON CONFLICT (key) DO UPDATE SET value = "
      "excluded.value",
      values);
  if (!done) return fail(done.error());
  return {};
}

class PostgresArchive final : public Archive {
 public:
  PostgresArchive(PgSession session, std::string url) : session_(std::move(session)), url_(std::move(url)) {}
  Result<std::optional<std::string>> find(Table table, std::string_view key) override;
  Result<std::vector<Record>> rows(Table table, const KeyRange& range, size_t most, bool last_ones) override;

 private:
  Result<PgRows> read(const char* sql, std::span<const PgValue> values);

  std::mutex mutex_;
  PgSession session_;
  const std::string url_;
};

// What only reads may be asked again: a session that was cut is no reason to know nothing until the next
// start.
Result<PgRows> PostgresArchive::read(const char* sql, std::span<const PgValue> values) {
  auto rows = session_.run(sql, values);
  if (rows) return rows;
  auto fresh = PgSession::open(url_, kArchiveSession);
  if (!fresh) return fail(fresh.error());
  session_ = std::move(*fresh);
  return session_.run(sql, values);
}

PgValue pg_table(Table table) {
  return pg_int8(static_cast<int64_t>(table));
}

PgValue pg_bytes(std::string_view bytes) {
  return {PgType::kBytea, false, std::string(bytes)};
}

Result<std::optional<std::string>> PostgresArchive::find(Table table, std::string_view key) {
  const std::array<PgValue, 2> values = {pg_table(table), pg_bytes(key)};
  const std::lock_guard lock(mutex_);
  auto found = read("SELECT value FROM hetao.record WHERE kind = $1::int2 AND key = $2", values);
  if (!found) return fail(found.error());
  if (found->count() == 0) return std::nullopt;
  return std::string(found->bytes(0, 0));
}

Result<std::vector<Record>> PostgresArchive::rows(Table table, const KeyRange& range, size_t most,
                                                  bool last_ones) {
  const std::array<PgValue, 4> values = {pg_table(table), pg_bytes(range.from), pg_bytes(range.end),
                                         pg_int8(static_cast<int64_t>(most))};
  const std::string sql =
      std::string("SELECT key, value FROM hetao.record WHERE kind = $1::int2 AND key >= $2 ") +
      "AND key < $3 ORDER BY key" + (last_ones ? " DESC" : "") + " LIMIT $4";
  const std::lock_guard lock(mutex_);
  auto found = read(sql.c_str(), values);
  if (!found) return fail(found.error());
  std::vector<Record> all;
  for (int i = 0; i < found->count(); ++i)
    all.push_back({table, std::string(found->bytes(i, 0)), std::string(found->bytes(i, 1))});
  return all;
}

class PostgresStore final : public Store {
 public:
  PostgresStore(PgSession session, std::string url) : session_(std::move(session)), url_(std::move(url)) {}

  Result<void> prepare();
  Result<void> load(const std::function<Result<void>(const Record&)>& take) override;
  Result<void> commit(const Batch& batch) override;
  Result<std::unique_ptr<Archive>> open_archive() override;
  Result<EntryRange> kept_entries() override;
  Result<std::vector<PendingEntry>> entries_from(uint64_t first, size_t most) override;
  void forget_entries_below(uint64_t) override {}  // other nodes' ledgers are completed from them
  bool is_shared() const override { return true; }
  Result<void> still_ours() override;
  Result<std::optional<std::string>> note(std::string_view name) override { return meta(session_, name); }
  Result<void> put_note(std::string_view name, std::string_view value) override {
    return put_meta(session_, name, value);
  }

 private:
  PgSession session_;
  std::string url_;
};

// A session of its own: a commit that takes long keeps no reader waiting.
Result<std::unique_ptr<Archive>> PostgresStore::open_archive() {
  auto session = PgSession::open(url_, kArchiveSession);
  if (!session) return fail(session.error());
  return std::make_unique<PostgresArchive>(std::move(*session), url_);
}

Result<void> PostgresStore::prepare() {
  const std::array<PgValue, 7> types = {PgArray(PgType::kInt2).take(),  PgArray(PgType::kBytea).take(),
                                        PgArray(PgType::kInt2).take(),  PgArray(PgType::kBytea).take(),
                                        PgArray(PgType::kBytea).take(), PgArray(PgType::kInt8).take(),
                                        PgArray(PgType::kBytea).take()};
  return session_.prepare("commit", kCommit, types);
}

Result<void> PostgresStore::load(const std::function<Result<void>(const Record&)>& take) {
  auto declared = session_.run_script(
      "BEGIN READ ONLY; DECLARE all_records NO SCROLL CURSOR FOR "
      "SELECT kind, key, value FROM hetao.record WHERE kind <= 100");
  if (!declared) return declared;
  const std::string fetch = std::string("FETCH ") + kRowsAtOnce + " FROM all_records";
  while (true) {
    auto rows = session_.run(fetch.c_str());
    if (!rows) return fail(rows.error());
    if (rows->count() == 0) return session_.run_script("COMMIT");
    for (int i = 0; i < rows->count(); ++i) {
      const Record record{.table = static_cast<Table>(rows->number(i, 0)),
                          .key = std::string(rows->bytes(i, 1)),
                          .value = std::string(rows->bytes(i, 2))};
      if (auto taken = take(record); !taken) {
        (void)session_.run_script("ROLLBACK");  // the error of the taker is the one that counts
        return taken;
      }
    }
  }
}

Result<void> PostgresStore::commit(const Batch& batch) {
  // One statement may touch a row once: of several records of one key only the newest is written.
  std::map<std::pair<Table, std::string_view>, const Record*> newest;
  for (const Record& record : batch.records) newest[{record.table, record.key}] = &record;
  PgArray gone_kinds(PgType::kInt2), gone_keys(PgType::kBytea), kinds(PgType::kInt2), keys(PgType::kBytea),
      values(PgType::kBytea), positions(PgType::kInt8), entries(PgType::kBytea);
  for (const auto& [key, record] : newest) {
    (record->value ? kinds : gone_kinds).add_int2(static_cast<int16_t>(record->table));
    (record->value ? keys : gone_keys).add(record->key);
    if (record->value) values.add(*record->value);
  }
  for (const PendingEntry& entry : batch.entries) {
    positions.add_int8(static_cast<int64_t>(entry.index));
    entries.add(entry.bytes);
  }
  const std::array<PgValue, 7> all = {gone_kinds.take(), gone_keys.take(), kinds.take(),  keys.take(),
                                      values.take(),     positions.take(), entries.take()};
  auto done = session_.run_prepared("commit", all);
  if (!done) return fail(done.error());
  return {};
}

Result<EntryRange> PostgresStore::kept_entries() {
  auto rows =
      session_.run("SELECT coalesce(min(position), 0), coalesce(max(position) + 1, 0) FROM hetao.entry");
  if (!rows) return fail(rows.error());
  return EntryRange{static_cast<uint64_t>(rows->number(0, 0)), static_cast<uint64_t>(rows->number(0, 1))};
}

Result<std::vector<PendingEntry>> PostgresStore::entries_from(uint64_t first, size_t most) {
  const std::array<PgValue, 2> values = {pg_int8(static_cast<int64_t>(first)),
                                         pg_int8(static_cast<int64_t>(most))};
  auto rows = session_.run(
      "SELECT position, bytes FROM hetao.entry WHERE position >= $1 ORDER BY position LIMIT $2", values);
  if (!rows) return fail(rows.error());
  std::vector<PendingEntry> entries;
  entries.reserve(static_cast<size_t>(rows->count()));
  for (int i = 0; i < rows->count(); ++i)
    entries.push_back({static_cast<uint64_t>(rows->number(i, 0)), std::string(rows->bytes(i, 1))});
  return entries;
}

Result<void> PostgresStore::still_ours() {
  // The lock lives as long as its session.
  auto answered = session_.text_of("SELECT 'here'");
  if (!answered) return fail(answered.error());
  return {};
}

// --- becoming the owner

Result<bool> is_there(PgSession& session, const char* sql) {
  auto answer = session.text_of(sql);
  if (!answer) return fail(answer.error());
  return *answer == "yes";
}

Result<void> refuse_unsafe_server(PgSession& session) {
  const auto refuse = [&](std::string why, std::string hint) {
    return fail(ErrorCode::kUsage, session.name(), std::move(why), std::move(hint));
  };
  if (session.server_version() < kServerVersionMin)
    return refuse("the server is older than PostgreSQL 13", "use 13 or newer");
  auto pid = session.text_of("SELECT pg_backend_pid()::text");
  if (!pid) return fail(pid.error());
  if (*pid != std::to_string(session.backend_pid()))
    return refuse("there is a pooler in between that shares sessions",
                  "connect to the server itself, or pool by session");
  auto standby = is_there(session, "SELECT CASE WHEN pg_is_in_recovery() THEN 'yes' ELSE 'no' END");
  if (!standby) return fail(standby.error());
  if (*standby) return refuse("the server is a read-only standby", "name the primary");
  for (const char* setting : {"fsync", "full_page_writes"}) {
    auto value = session.text_of((std::string("SHOW ") + setting).c_str());
    if (!value) return fail(value.error());
    if (*value != "on")
      return refuse(
          std::string("the server runs with ") + setting + "=off: no commit would survive a power cut",
          std::string("set ") + setting + "=on");
  }
  auto level = session.text_of("SHOW synchronous_commit");
  if (!level) return fail(level.error());
  // Stronger settings (remote_apply) are the site's own choice; this one would make commits promises.
  if (*level == "off") return session.run_script("SET synchronous_commit = on");
  return {};
}

Result<void> settle_session(PgSession& session) {
  if (auto safe = refuse_unsafe_server(session); !safe) return safe;
  // The server notices in about 10 s that this node has vanished.
  return session.run_script(
      "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; "
      "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '10s'; "
      "SET search_path = pg_catalog");
}

Result<void> migrate(PgSession& session, int from, const Owner& owner) {
  std::string script = "BEGIN;";
  if (from == 0) script += "CREATE SCHEMA IF NOT EXISTS hetao;";
  for (int step = from; step < kFormat; ++step) script += kMigrations[step];
  if (auto done = session.run_script(script); !done) return done;
  if (from == 0) {
    if (auto done = put_meta(session, "region", owner.region); !done) return done;
  }
  if (auto done = put_meta(session, "format", std::to_string(kFormat)); !done) return done;
  return session.run_script("COMMIT");
}

// Refusals first: nothing is written into data that is not ours.
Result<void> take_possession(PgSession& session, const Owner& owner) {
  auto ours =
      is_there(session, "SELECT CASE WHEN to_regclass('hetao.meta') IS NULL THEN 'no' ELSE 'yes' END");
  if (!ours) return fail(ours.error());
  if (!*ours) {
    auto others = is_there(session,
                           "SELECT CASE WHEN EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = "
                           "c.relnamespace WHERE n.nspname = 'hetao') THEN 'yes' ELSE 'no' END");
    if (!others) return fail(others.error());
    if (*others)
      return fail(ErrorCode::kUsage, session.name(), "its schema hetao is another program's",
                  "give the gateway a database of its own");
    return migrate(session, 0, owner);
  }
  auto region = meta(session, "region");
  if (!region) return fail(region.error());
  auto format = meta(session, "format");
  if (!format) return fail(format.error());
  if (!*region || !*format)
    return fail(ErrorCode::kFailed, session.name(), "does not say whose data it is",
                "restore it from a backup");
  if (**region != owner.region)
    return fail(ErrorCode::kUsage, session.name(),
                "belongs to region '" + **region + "', not to '" + owner.region + "'",
                "give each region a database of its own");
  const int known = std::atoi((*format)->c_str());
  if (known > kFormat)
    return fail(
        ErrorCode::kUsage, session.name(),
        "has format " + **format + ", and this program knows formats up to " + std::to_string(kFormat),
        "install the version that wrote it again; there is no way back");
  if (known < kFormat) return migrate(session, known, owner);
  return {};
}

// Who leads; unknown while the very first start is under way.
Result<Leader> leader_of(PgSession& session) {
  Leader leader;
  auto ours =
      is_there(session, "SELECT CASE WHEN to_regclass('hetao.meta') IS NULL THEN 'no' ELSE 'yes' END");
  if (!ours) return fail(ours.error());
  if (!*ours) return leader;
  for (const auto& [name, place] : {std::pair{"leader", &leader.node},
                                    {"leader_https", &leader.https},
                                    {"leader_tunnel", &leader.tunnel}}) {
    auto value = meta(session, name);
    if (!value) return fail(value.error());
    *place = value->value_or("");
  }
  return leader;
}

Result<void> announce(PgSession& session, const Leader& self) {
  for (const auto& [name, value] :
       {std::pair{"leader", &self.node}, {"leader_https", &self.https}, {"leader_tunnel", &self.tunnel}}) {
    if (auto told = put_meta(session, name, *value); !told) return told;
  }
  return {};
}

}  // namespace

Result<void> check_postgres_url(const std::string& url) {
  char* why = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &why);
  std::string said = why == nullptr ? "" : why;
  while (!said.empty() && said.back() == '\n') said.pop_back();
  PQfreemem(why);
  if (options == nullptr)
    return fail(ErrorCode::kUsage, "store", "is no PostgreSQL URL: " + said,
                "postgresql://USER@HOST/DATABASE, as libpq reads it");
  PQconninfoFree(options);
  return {};
}

Result<Claim> claim_postgres(const std::string& url, const Owner& owner) {
  auto session = PgSession::open(url, "hetao/" + owner.region + "/" + owner.self.node);
  if (!session) return fail(session.error());
  if (auto settled = settle_session(*session); !settled) return fail(settled.error());
  auto locked = session->run(kTryLock);
  if (!locked) return fail(locked.error());
  if (locked->number(0, 0) == 0) {
    auto leader = leader_of(*session);
    if (!leader) return fail(leader.error());
    return Claim{nullptr, std::move(*leader)};
  }
  if (auto possessed = take_possession(*session, owner); !possessed) return fail(possessed.error());
  if (auto told = announce(*session, owner.self); !told) return fail(told.error());
  auto store = std::make_unique<PostgresStore>(std::move(*session), url);
  if (auto prepared = store->prepare(); !prepared) return fail(prepared.error());
  return Claim{std::move(store)};
}

}  // namespace hetao::store
