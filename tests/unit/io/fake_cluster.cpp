#include "tests/unit/io/fake_cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdlib>

namespace hetao::io {

namespace {

FakeAnswer refusal(int code, const std::string& reason, const std::string& message) {
  return {code, json::serialize(json::object{{"kind", "Status"},
                                             {"status", "Failure"},
                                             {"reason", reason},
                                             {"message", message},
                                             {"code", code}})};
}

void send_all(int connection, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t n = ::send(connection, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
}

std::optional<FakeRequest> read_request(int connection, std::string& rest) {
  std::array<char, 4'096> part{};
  size_t end = 0;
  while ((end = rest.find("\r\n\r\n")) == std::string::npos) {
    const ssize_t n = ::recv(connection, part.data(), part.size(), 0);
    if (n <= 0) return std::nullopt;
    rest.append(part.data(), static_cast<size_t>(n));
  }
  const std::string head = rest.substr(0, end);
  rest.erase(0, end + 4);
  FakeRequest request;
  request.method = head.substr(0, head.find(' '));
  const size_t from = request.method.size() + 1;
  request.target = head.substr(from, head.find(' ', from) - from);
  const auto header = [&](const std::string& name) {
    const size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return std::string();
    const size_t start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
  };
  request.token = header("Authorization");
  if (request.token.empty()) request.token = header("X-SLURM-USER-TOKEN");
  const size_t size = std::strtoul(header("Content-Length").c_str(), nullptr, 10);
  while (rest.size() < size) {
    const ssize_t n = ::recv(connection, part.data(), part.size(), 0);
    if (n <= 0) return std::nullopt;
    rest.append(part.data(), static_cast<size_t>(n));
  }
  request.body = rest.substr(0, size);
  rest.erase(0, size);
  return request;
}

std::string printed(const FakeAnswer& answer) {
  return "HTTP/1.1 " + std::to_string(answer.status) +
         " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(answer.body.size()) +
         "\r\n\r\n" + answer.body;
}

std::string last_part(const std::string& target) {
  const std::string path = target.substr(0, target.find('?'));
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

FakeCluster::FakeCluster() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::listen(listener_, 64);
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  threads_.emplace_back([this] { serve(); });
}

FakeCluster::~FakeCluster() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
  }
  changed_.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  threads_.front().join();  // no more are made
  for (auto at = std::next(threads_.begin()); at != threads_.end(); ++at) at->join();
  ::close(listener_);
}

void FakeCluster::serve() {
  for (;;) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const std::lock_guard lock(mutex_);
    if (stop_) {
      ::close(connection);
      return;
    }
    connections_.push_back(connection);
    threads_.emplace_back([this, connection] { serve_one(connection); });
  }
}

void FakeCluster::serve_one(int connection) {
  std::string rest;
  while (const auto request = read_request(connection, rest)) {
    Meddle first;
    Meddle last;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(*request);
      first = before_;
      last = after_;
    }
    auto said = first ? first(*request) : std::nullopt;
    if (!said && request->is("GET", "watch=1")) {
      watch(connection, *request);
      break;
    }
    if (!said) {
      said = answer(*request);
      if (auto other = last ? last(*request) : std::nullopt) said = std::move(other);
    }
    if (said->status == 0) break;
    send_all(connection, printed(*said));
  }
  const std::lock_guard lock(mutex_);
  std::erase(connections_, connection);
  ::close(connection);
}

FakeAnswer FakeCluster::answer(const FakeRequest& request) {
  const std::lock_guard lock(mutex_);
  if (!token_.empty() && request.token != "Bearer " + token_)
    return refusal(401, "Unauthorized", "Unauthorized");
  if (request.target == "/version")
    return {200, R"({"major":"1","minor":")" + std::to_string(minor_) + "\"}"};
  if (request.is("GET", "/apis/batch.volcano.sh")) return {404, "404 page not found"};
  if (request.is("GET", "/api/v1/nodes") || request.target.starts_with("/api/v1/pods"))
    return refusal(403, "Forbidden", "nodes is forbidden");
  if (request.target.find("/networkpolicies") != std::string::npos) {
    if (request.method == "GET" && policy_.empty()) return refusal(404, "NotFound", "no policy");
    if (request.method == "POST" && !policy_.empty()) return refusal(409, "AlreadyExists", "it is there");
    if (request.method == "POST") policy_ = request.body;
    if (request.method == "PATCH")
      policy_ =
          R"({"spec":{"podSelector":{"matchLabels":{"hetao/network":"none"}},"policyTypes":["Egress","Ingress"]}})";
    return {200, policy_};
  }
  if (request.target.find("/log?") != std::string::npos) return {200, "from the cluster\n"};
  if (request.is("GET", "/pods")) {
    json::array items;
    for (const auto& [name, pod] : pods_) items.emplace_back(pod);
    return {200, json::serialize(
                     json::object{{"metadata", json::object{{"resourceVersion", std::to_string(version_)}}},
                                  {"items", std::move(items)}})};
  }
  if (request.is("DELETE", "/pods/")) {
    const auto at = pods_.find(last_part(request.target));
    if (at == pods_.end()) return refusal(404, "NotFound", "no such pod");
    note("DELETED", at->second);
    pods_.erase(at);
    return {200, "{}"};
  }
  return answer_jobs(request, last_part(request.target));
}

FakeAnswer FakeCluster::answer_jobs(const FakeRequest& request, const std::string& name) {
  if (request.method == "POST") {
    json::object made = json::parse(request.body).as_object();
    made["kind"] = "Job";
    const std::string its(made.at("metadata").at("name").as_string());
    if (jobs_.contains(its)) return refusal(409, "AlreadyExists", "jobs.batch already exists");
    if (minor_ < 22) made.at("spec").as_object().erase("suspend");
    if (request.target.find("dryRun") == std::string::npos) jobs_[its] = made;
    return {201, json::serialize(made)};
  }
  if (name == "jobs") {
    json::array items;
    for (const auto& [its, job] : jobs_) items.emplace_back(job);
    return {200, json::serialize(json::object{{"metadata", json::object{{"resourceVersion", "1"}}},
                                              {"items", std::move(items)}})};
  }
  const auto at = jobs_.find(name);
  if (at == jobs_.end()) return refusal(404, "NotFound", "jobs.batch not found");
  if (request.method == "PATCH") at->second.at("spec").as_object()["suspend"] = false;
  const std::string text = json::serialize(at->second);
  if (request.method == "DELETE") {
    const json::value run = at->second.at("metadata").at("annotations").at("hetao/run");
    jobs_.erase(at);
    for (auto pod = pods_.begin(); pod != pods_.end();) {
      const bool its = pod->second.at("metadata").at("annotations").at("hetao/run") == run;
      if (its) note("DELETED", pod->second);
      pod = its ? pods_.erase(pod) : std::next(pod);
    }
  }
  return {200, text};
}

void FakeCluster::note(const std::string& type, const json::object& object) {
  json::object told = object;
  told.at("metadata").as_object()["resourceVersion"] = std::to_string(++version_);
  events_.emplace_back(version_,
                       json::serialize(json::object{{"type", type}, {"object", std::move(told)}}) + "\n");
  changed_.notify_all();
}

void FakeCluster::watch(int connection, const FakeRequest& request) {
  std::unique_lock lock(mutex_);
  if (!token_.empty() && request.token != "Bearer " + token_) {
    send_all(connection, printed(refusal(401, "Unauthorized", "Unauthorized")));
    return;
  }
  const size_t at = request.target.find("resourceVersion=");
  int64_t from = std::strtoll(request.target.c_str() + at + 16, nullptr, 10);
  send_all(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  const int64_t seen_compacted = compacted_;
  while (!stop_) {
    if (from < compacted_ || seen_compacted != compacted_) {
      send_all(
          connection,
          R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old resource version"}})"
          "\n");
      return;
    }
    for (const auto& [version, line] : events_) {
      if (version <= from) continue;
      send_all(connection, line);
      from = version;
    }
    // Until something changes, or the client has gone.
    changed_.wait_for(lock, std::chrono::milliseconds(50));
    char none = 0;
    if (::recv(connection, &none, 1, MSG_PEEK | MSG_DONTWAIT) == 0) return;
  }
}

void FakeCluster::before(Meddle meddle) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(meddle);
}
void FakeCluster::after(Meddle meddle) {
  const std::lock_guard lock(mutex_);
  after_ = std::move(meddle);
}
void FakeCluster::set_minor(int minor) {
  const std::lock_guard lock(mutex_);
  minor_ = minor;
}
void FakeCluster::accept_only(const std::string& token) {
  const std::lock_guard lock(mutex_);
  token_ = token;
}

void FakeCluster::set_pod(const std::string& run, const std::string& name, const std::string& status) {
  const std::lock_guard lock(mutex_);
  const bool known = pods_.contains(name);
  pods_[name] = json::object{{"metadata", json::object{{"name", name},
                                                       {"uid", "uid-" + name},
                                                       {"annotations", json::object{{"hetao/run", run}}}}},
                             {"spec", json::object{{"nodeName", "node1"}}},
                             {"status", json::parse(status)}};
  note(known ? "MODIFIED" : "ADDED", pods_[name]);
}

void FakeCluster::delete_pod(const std::string& name) {
  const std::lock_guard lock(mutex_);
  note("DELETED", pods_.at(name));
  pods_.erase(name);
}

void FakeCluster::delete_job(const std::string& name) {
  const std::lock_guard lock(mutex_);
  jobs_.erase(name);
}

void FakeCluster::put_job(const std::string& name, const std::string& body) {
  const std::lock_guard lock(mutex_);
  jobs_[name] = json::parse(body).as_object();
}

void FakeCluster::compact() {
  const std::lock_guard lock(mutex_);
  compacted_ = ++version_;
  events_.clear();
  changed_.notify_all();
}

size_t FakeCluster::jobs() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

std::string FakeCluster::job(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto at = jobs_.find(name);
  return at == jobs_.end() ? std::string() : json::serialize(at->second);
}

std::string FakeCluster::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}
void FakeCluster::set_policy(const std::string& text) {
  const std::lock_guard lock(mutex_);
  policy_ = text;
}

size_t FakeCluster::asked(const std::string& method, const std::string& part) const {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::count_if(requests_.begin(), requests_.end(),
                                           [&](const FakeRequest& one) { return one.is(method, part); }));
}

}  // namespace hetao::io
