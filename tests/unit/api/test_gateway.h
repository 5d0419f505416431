// A gateway without sockets: the real core, blob store, ledger files and staging folder in a folder of its
// own; tokens signed by a real key. What stands in for a platform ends every run at once.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/api/api.h"
#include "gateway/base/json.h"

namespace hetao::api {

struct Asked {
  std::string method = "GET";
  std::string target;
  std::string token;
  std::string body = {};
  std::map<std::string, std::string> headers = {};
};

class TestGateway {
 public:
  TestGateway();
  ~TestGateway();

  // A token of the test issuer.
  std::string token(const std::string& user, const std::string& tenant, const std::vector<std::string>& roles,
                    int64_t lifetime_seconds = 3600) const;
  std::string submitter() const { return token("alice", "hku", {"submitter"}); }
  std::string auditor() const { return token("ada", "office", {"auditor"}); }
  std::string reviewer() const { return token("rita", "office", {"reviewer"}); }
  std::string owner() const { return token("olga", "hku", {"data-owner"}); }
  std::string admin() const { return token("paul", "office", {"policy-admin"}); }
  std::string ops() const { return token("otto", "office", {"operator"}); }

  io::HttpResponse send(io::HttpRequest request);
  io::HttpResponse ask(const Asked& asked);
  io::HttpResponse get(const std::string& target, const std::string& token);
  io::HttpResponse post(const std::string& target, const std::string& token, const std::string& body = {});
  // The id of a new job of `submitter()`; checks that it was accepted.
  std::string submit(const std::string& task);

  // Lets an event happen, and everything that follows from it.
  void happen(federation::Event event);
  // Lets an event happen while a request is waiting.
  void happen_later(federation::Event event, Duration after);

  std::string staging_folder() const;
  const federation::Core& core() const;
  const AuthConfig& auth() const;
  bool runs_are_finished = true;  // false: what is submitted stays running
  bool archive_is_readable = true;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

json::object object_of(const io::HttpResponse& response);

inline constexpr const char* kLeastTask =
    R"({"name": "least", "executors": [{"image": "host", "command": ["true"]}]})";

}  // namespace hetao::api
