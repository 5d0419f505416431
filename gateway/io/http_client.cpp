#include "gateway/io/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>
#include <string_view>

namespace hetao::io {

namespace {

constexpr std::string_view kUnixScheme = "unix:";
constexpr long kConnectMillisMax = 5'000;
constexpr long kOkStatus = 200;
constexpr size_t kRefusalBytesMax = size_t{1} << 20U;

size_t give_body(char* to, size_t size, size_t count, void* user) {
  auto& rest = *static_cast<std::string_view*>(user);
  const size_t bytes = std::min(size * count, rest.size());
  rest.copy(to, bytes);
  rest.remove_prefix(bytes);
  return bytes;
}

const char* words_of(CURLcode code) {
  // Of a connection that was kept open.
  if (code == CURLE_SEND_FAIL_REWIND) return "the connection ended before an answer came";
  return curl_easy_strerror(code);
}

struct ListFreer {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListFreer>;

void add(List& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (!list) list.reset(longer);  // else the head stays what it was
}

}  // namespace

struct HttpClient::Receiving {
  platforms::HttpReply reply;
  size_t bytes_max = 0;
  bool too_large = false;
  const Take* take = nullptr;  // null: all of it goes into the reply
  const std::atomic<bool>* stop = nullptr;
  bool refused = false;  // by `take`
  CURL* curl = nullptr;

  static size_t on_body(char* data, size_t size, size_t count, void* user) {
    auto& self = *static_cast<Receiving*>(user);
    const size_t bytes = size * count;
    long status = 0;
    curl_easy_getinfo(self.curl, CURLINFO_RESPONSE_CODE, &status);
    if (self.take != nullptr && status == kOkStatus) {
      self.refused = !(*self.take)({data, bytes});
      return self.refused ? 0 : bytes;
    }
    if (self.reply.body.size() + bytes > self.bytes_max) {
      self.too_large = true;
      return 0;
    }
    self.reply.body.append(data, bytes);
    return bytes;
  }

  static int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto& self = *static_cast<Receiving*>(user);
    return self.stop != nullptr && *self.stop ? 1 : 0;
  }
};

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
  Receiving receiving;
  receiving.bytes_max = config_.bytes_max;
  return carry_out(call, headers, config_.patience, receiving);
}

platforms::HttpReply HttpClient::stream(const platforms::HttpCall& call, const Headers& headers,
                                        const Take& take, const std::atomic<bool>& stop, Duration patience) {
  Receiving receiving;
  receiving.bytes_max = kRefusalBytesMax;
  receiving.take = &take;
  receiving.stop = &stop;
  return carry_out(call, headers, patience, receiving);
}

platforms::HttpReply HttpClient::carry_out(const platforms::HttpCall& call, const Headers& headers,
                                           Duration patience, Receiving& receiving) {
  auto handle = take();
  CURL* curl = handle->curl;
  receiving.curl = curl;
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
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(patience.micros / 1'000));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Receiving::on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiving);
  if (receiving.stop != nullptr) {
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Receiving::on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &receiving);
  }
  if (!socket_.empty()) curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_.c_str());
  if (!config_.ca.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, config_.ca.c_str());
  std::string_view rest = call.body;
  if (!call.body.empty() || call.method == "POST") {
    // Not as one block: libcurl would send that again by itself when a connection that was kept open ends
    // without an answer, and the first may have been carried out.
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, &give_body);
    curl_easy_setopt(curl, CURLOPT_READDATA, &rest);
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
    receiving.reply.trouble = receiving.too_large ? "its answer is larger than it may be"
                              : receiving.refused ? "its answer can't be used"
                                                  : words_of(code);
  }
  return receiving.reply;
}

}  // namespace hetao::io
