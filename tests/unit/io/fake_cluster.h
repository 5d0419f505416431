// A Kubernetes API server of a few objects, over real HTTP: it does what is asked of it, and whatever a test
// wants it to do wrong.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gateway/base/json.h"

namespace hetao::io {

struct FakeRequest {
  std::string method;
  std::string target;  // path and query
  std::string token;
  std::string body;

  bool is(const std::string& its_method, const std::string& part) const {
    return method == its_method && target.find(part) != std::string::npos;
  }
};

struct FakeAnswer {
  int status = 200;
  std::string body;
};

class FakeCluster {
 public:
  FakeCluster();
  ~FakeCluster();
  FakeCluster(const FakeCluster&) = delete;
  FakeCluster& operator=(const FakeCluster&) = delete;

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // Instead of the server's own answer. `before` sees the request first; `after` when it is carried out.
  // An answer of status 0: the connection is closed without a word.
  using Meddle = std::function<std::optional<FakeAnswer>(const FakeRequest&)>;
  void before(Meddle meddle);
  void after(Meddle meddle);

  void set_minor(int minor);
  void accept_only(const std::string& token);
  // The status of the pod of the one job of that run; made if it is not there.
  void set_pod(const std::string& run, const std::string& name, const std::string& status);
  void delete_pod(const std::string& name);
  void delete_job(const std::string& name);
  void put_job(const std::string& name, const std::string& body);
  // Nobody can go on from before now.
  void compact();

  size_t jobs() const;
  std::string job(const std::string& name) const;  // empty: not there
  std::string policy() const;
  void set_policy(const std::string& text);
  size_t asked(const std::string& method, const std::string& part) const;

 private:
  void serve();
  void serve_one(int connection);
  FakeAnswer answer(const FakeRequest& request);
  FakeAnswer answer_jobs(const FakeRequest& request, const std::string& name);
  void watch(int connection, const FakeRequest& request);
  void note(const std::string& type, const json::object& object);

  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Meddle before_, after_;
  std::string token_;
  int minor_ = 20;
  std::map<std::string, json::object> jobs_;
  std::map<std::string, json::object> pods_;
  std::string policy_;
  int64_t version_ = 100;
  int64_t compacted_ = 0;
  std::vector<std::pair<int64_t, std::string>> events_;  // lines of watches
  std::vector<FakeRequest> requests_;
  std::list<std::thread> threads_;
  std::vector<int> connections_;
};

}  // namespace hetao::io
