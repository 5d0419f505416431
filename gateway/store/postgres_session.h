// One libpq session: statements, binary parameters, errors as values. Internal to the PostgreSQL store.
// What an error says never holds the URL, which may hold a password.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace hetao::store {

// The type numbers of pg_type.dat that the store uses; they never change.
enum class PgType : uint32_t { kBytea = 17, kInt8 = 20, kInt2 = 21, kText = 25 };

// A parameter in PostgreSQL's binary form.
struct PgValue {
  PgType type = PgType::kText;
  bool is_array = false;
  std::string bytes = {};
};

PgValue pg_text(std::string_view text);
PgValue pg_int8(int64_t number);

// An array with one dimension, built element by element.
class PgArray {
 public:
  explicit PgArray(PgType element) : element_(element) {}
  void add(std::string_view bytes);
  void add_int8(int64_t number);
  void add_int2(int16_t number);
  PgValue take();

 private:
  PgType element_;
  int32_t count_ = 0;
  std::string elements_;
};

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};

// Rows of an answer, in binary form.
class PgRows {
 public:
  explicit PgRows(PGresult* result) : result_(result) {}
  int count() const { return PQntuples(result_.get()); }
  std::string_view bytes(int row, int column) const;
  int64_t number(int row, int column) const;  // int2, int4 or int8
  PGresult* get() const { return result_.get(); }

 private:
  std::unique_ptr<PGresult, ClearResult> result_;
};

class PgSession {
 public:
  static Result<PgSession> open(const std::string& url, const std::string& application);

  Result<PgRows> run(const char* sql, std::span<const PgValue> values = {});
  Result<void> prepare(const char* name, const char* sql, std::span<const PgValue> types);
  Result<PgRows> run_prepared(const char* name, std::span<const PgValue> values);
  // Statements without parameters, separated by semicolons.
  Result<void> run_script(const std::string& sql);
  // The one text of the one row.
  Result<std::string> text_of(const char* sql);

  // "postgresql host/database": for people.
  const std::string& name() const { return name_; }
  int backend_pid() const { return PQbackendPID(connection_.get()); }
  int server_version() const { return PQserverVersion(connection_.get()); }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  explicit PgSession(PGconn* connection) : connection_(connection) {}
  Result<PgRows> checked(PGresult* result, std::string_view doing);

  std::unique_ptr<PGconn, Finish> connection_;
  std::string name_;
};

}  // namespace hetao::store
