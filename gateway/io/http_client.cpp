#include "gateway/io/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>

namespace hetao::io {

namespace {

constexpr std::string_view kUnixScheme = "unix:";
constexpr long kConnectMillisMax = 5'000;

struct Receiving {
  platforms::HttpReply reply;
  size_t bytes_max = 0;
  bool too_large = false;
};

size_t take_body(char* data, size_t size, size_t count, void* user) {
  auto& receiving = *static_cast<Receiving*>(user);
  const size_t bytes = size * count;
  if (receiving.reply.body.size() + bytes > receiving.bytes_max) {
    receiving.too_large = true;
    return 0;
  }
  receiving.reply.body.append(data, bytes);
  return bytes;
}

struct ListFreer {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListFreer>;

void add(List& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return;
  (void)list.release();
  list.reset(longer);
}

}  // namespace

struct HttpClient::Handle {
  Handle() : curl(curl_easy_init()) {}
  ~Handle() { curl_easy_cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  CURL* curl;
};

HttpClient::HttpClient(HttpClientConfig config) : config_(std::move(config)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::open(HttpClientConfig config) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const auto bad = [&](const char* why) {
    return fail(ErrorCode::kUsage, "endpoint \"" + config.endpoint + "\"", why,
                "http://127.0.0.1:6820 or unix:/run/slurmrestd/slurmrestd.socket");
  };
  std::string base;
  std::string socket;
  if (config.endpoint.starts_with(kUnixScheme)) {
    socket = config.endpoint.substr(kUnixScheme.size());
    base = "http://localhost";
    if (!socket.starts_with('/') || socket.size() > 107) return bad("is no path of a socket");
  } else if (config.endpoint.starts_with("http://") || config.endpoint.starts_with("https://")) {
    base = config.endpoint;
    while (base.ends_with('/')) base.pop_back();
  } else {
    return bad("is no address");
  }
  std::unique_ptr<HttpClient> client(new HttpClient(std::move(config)));
  client->base_ = std::move(base);
  client->socket_ = std::move(socket);
  return client;
}

std::unique_ptr<HttpClient::Handle> HttpClient::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Handle>();
  auto handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void HttpClient::give_back(std::unique_ptr<Handle> handle) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(handle));
}

platforms::HttpReply HttpClient::send(const platforms::HttpCall& call, const Headers& headers) {
  auto handle = take();
  CURL* curl = handle->curl;
  Receiving receiving;
  receiving.bytes_max = config_.bytes_max;
  if (curl == nullptr) {
    receiving.reply.trouble = "no memory for a connection";
    return receiving.reply;
  }
  const std::string url = base_ + call.target;
  List lines;
  for (const auto& [name, value] : headers) add(lines, name + ": " + value);
  if (!call.body.empty()) add(lines, "Content-Type: " + call.content_type);
  add(lines, "Expect:");
  curl_easy_reset(curl);  // options; the connection stays
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines.get());
  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectMillisMax);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(config_.patience.micros / 1'000));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiving);
  if (!socket_.empty()) curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_.c_str());
  if (!config_.ca.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, config_.ca.c_str());
  if (!call.body.empty() || call.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.c_str());
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    receiving.reply.status = static_cast<int>(status);
    give_back(std::move(handle));
  } else {
    // What has come of the answer proves nothing; the connection goes with its handle.
    receiving.reply.body.clear();
    receiving.reply.trouble =
        receiving.too_large ? "its answer is larger than it may be" : curl_easy_strerror(code);
  }
  return receiving.reply;
}

}  // namespace hetao::io
