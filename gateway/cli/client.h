// The client's side of the gateway's HTTP interface, over libcurl: TLS 1.3, bearer token or client
// certificate, errors of the other side as Errors. One Client a run; not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/json.h"
#include "gateway/base/percent.h"
#include "gateway/base/result.h"
#include "gateway/cli/context.h"

namespace hetao::cli {

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct Call {
  std::string method = "GET";
  std::string target;  // path and query: "/api/v1/jobs?limit=10"
  std::string body;
  std::map<std::string, std::string> headers;
  long timeout_seconds = 60;
  // When set, the body goes here piece by piece; false stops the transfer.
  std::function<bool(std::string_view)> sink;
};

class Client {
 public:
  explicit Client(const Context& context);

  // Any answer of the gateway, also refusals. Fails (kUnreachable) when there is none.
  Result<Reply> send(const Call& call) const;
  // The JSON of a 2xx answer; a problem document becomes its Error.
  Result<json::value> get(const std::string& target) const;
  Result<json::value> post(const std::string& target, const json::value& body,
                           std::map<std::string, std::string> headers = {}) const;

 private:
  const Context& context_;
  std::shared_ptr<void> curl_;  // keeps its connection from call to call
};

// The Error that a refusal stands for, and its problem document (empty object when there is none).
Error error_of(const Reply& reply, const std::string& what);
json::object problem_of(const Reply& reply);

// "?a=1&b=2" of the pairs that have a value; empty when none has.
std::string query_of(std::initializer_list<std::pair<std::string_view, std::string>> pairs);

}  // namespace hetao::cli
