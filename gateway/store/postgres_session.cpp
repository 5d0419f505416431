#include "gateway/store/postgres_session.h"

#include <array>

#include "gateway/base/check.h"

namespace hetao::store {

namespace {

template <class T>
void append_big_endian(std::string& out, T number) {
  for (int shift = 8 * static_cast<int>(sizeof(T)) - 8; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<uint64_t>(number) >> static_cast<unsigned>(shift));
}

// Array types of the scalar ones.
Oid oid_of(const PgValue& value) {
  if (!value.is_array) return static_cast<Oid>(value.type);
  switch (value.type) {
    case PgType::kBytea:
      return 1001;
    case PgType::kInt8:
      return 1016;
    case PgType::kInt2:
      return 1005;
    case PgType::kText:
      return 1009;
  }
  return 0;
}

std::string first_line(const char* text) {
  std::string line(text == nullptr ? "" : text);
  line = line.substr(0, line.find('\n'));
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string hint_of(std::string_view state) {
  if (state.starts_with("53") || state == "58030")
    return "make room on the database server and start the gateway again";
  if (state.starts_with("28") || state == "42501")
    return "give the gateway's database user a password file and the right to create a schema";
  if (state == "3D000") return "create the database: createdb NAME";
  if (state.starts_with("XX")) return "the database is damaged: restore it from a backup";
  if (state.empty() || state.starts_with("08") || state.starts_with("57"))
    return "the database server must run and be reachable";
  return {};
}

struct Parameters {
  explicit Parameters(std::span<const PgValue> values) {
    for (const PgValue& value : values) {
      types.push_back(oid_of(value));
      data.push_back(value.bytes.data());
      sizes.push_back(static_cast<int>(value.bytes.size()));
      formats.push_back(1);
    }
  }
  int count() const { return static_cast<int>(types.size()); }
  std::vector<Oid> types;
  std::vector<const char*> data;
  std::vector<int> sizes;
  std::vector<int> formats;
};

}  // namespace

PgValue pg_text(std::string_view text) {
  return {PgType::kText, false, std::string(text)};
}

PgValue pg_int8(int64_t number) {
  PgValue value{PgType::kInt8};
  append_big_endian(value.bytes, number);
  return value;
}

void PgArray::add(std::string_view bytes) {
  append_big_endian(elements_, static_cast<int32_t>(bytes.size()));
  elements_ += bytes;
  ++count_;
}

void PgArray::add_int8(int64_t number) {
  append_big_endian(elements_, int32_t{8});
  append_big_endian(elements_, number);
  ++count_;
}

void PgArray::add_int2(int16_t number) {
  append_big_endian(elements_, int32_t{2});
  append_big_endian(elements_, number);
  ++count_;
}

// array_recv: dimensions, "has nulls", element type; for the one dimension its size and lower bound.
PgValue PgArray::take() {
  PgValue value{element_, true};
  append_big_endian(value.bytes, count_ == 0 ? int32_t{0} : int32_t{1});
  append_big_endian(value.bytes, int32_t{0});
  append_big_endian(value.bytes, static_cast<uint32_t>(element_));
  if (count_ == 0) return value;
  append_big_endian(value.bytes, count_);
  append_big_endian(value.bytes, int32_t{1});
  value.bytes += elements_;
  return value;
}

std::string_view PgRows::bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

int64_t PgRows::number(int row, int column) const {
  uint64_t number = 0;
  const std::string_view all = bytes(row, column);
  if (!all.empty() && static_cast<unsigned char>(all.front()) >= 0x80U) number = ~uint64_t{0};
  for (const char c : all) number = number << 8U | static_cast<unsigned char>(c);
  return static_cast<int64_t>(number);
}

Result<PgSession> PgSession::open(const std::string& url, const std::string& application) {
  // What stands later counts: the URL may say otherwise. A server that vanished is noticed in about 10 s.
  const std::array<const char*, 9> names = {"application_name", "connect_timeout",  "keepalives",
                                            "keepalives_idle",  "keepalives_count", "keepalives_interval",
                                            "tcp_user_timeout", "dbname",           nullptr};
  const std::array<const char*, 9> values = {application.c_str(), "10",   "1", "5", "3", "2", "10000",
                                             url.c_str(),         nullptr};
  PgSession session(PQconnectdbParams(names.data(), values.data(), 1));
  PGconn* connection = session.connection_.get();
  if (connection == nullptr) return fail(ErrorCode::kFailed, "postgresql", "out of memory");
  const char* host = PQhost(connection);
  const char* database = PQdb(connection);
  session.name_ = std::string("postgresql ") + (host == nullptr ? "" : host) + "/" +
                  (database == nullptr ? "" : database);
  if (PQstatus(connection) != CONNECTION_OK)
    return fail(ErrorCode::kUnreachable, session.name_, first_line(PQerrorMessage(connection)),
                "the database must exist, its server run, and the gateway's user be let in");
  PQsetNoticeProcessor(connection, [](void*, const char*) {}, nullptr);
  return session;
}

Result<PgRows> PgSession::checked(PGresult* result, std::string_view doing) {
  PgRows rows(result);
  const ExecStatusType status = PQresultStatus(result);
  if (result != nullptr && (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)) return rows;
  const char* code = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state = code == nullptr ? "" : code;
  const char* primary = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string why = first_line(primary == nullptr ? PQerrorMessage(connection_.get()) : primary);
  return fail(ErrorCode::kFailed, name_,
              std::string(doing) + ": " + why + (state.empty() ? "" : " (SQLSTATE " + state + ")"),
              hint_of(state));
}

Result<PgRows> PgSession::run(const char* sql, std::span<const PgValue> values) {
  const Parameters p(values);
  return checked(PQexecParams(connection_.get(), sql, p.count(), p.types.data(), p.data.data(),
                              p.sizes.data(), p.formats.data(), 1),
                 sql);
}

Result<void> PgSession::prepare(const char* name, const char* sql, std::span<const PgValue> types) {
  const Parameters p(types);
  auto done = checked(PQprepare(connection_.get(), name, sql, p.count(), p.types.data()), "preparing");
  if (!done) return fail(done.error());
  return {};
}

Result<PgRows> PgSession::run_prepared(const char* name, std::span<const PgValue> values) {
  const Parameters p(values);
  return checked(
      PQexecPrepared(connection_.get(), name, p.count(), p.data.data(), p.sizes.data(), p.formats.data(), 1),
      name);
}

Result<void> PgSession::run_script(const std::string& sql) {
  auto done = checked(PQexec(connection_.get(), sql.c_str()), "working");
  if (!done) return fail(done.error());
  return {};
}

Result<std::string> PgSession::text_of(const char* sql) {
  auto rows = run(sql);
  if (!rows) return fail(rows.error());
  if (rows->count() != 1) return fail(ErrorCode::kFailed, name_, std::string(sql) + ": no answer");
  return std::string(rows->bytes(0, 0));
}

}  // namespace hetao::store
