#include "gateway/io/event_forwarder.h"

#include <curl/curl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"
#include "gateway/ledger/merkle.h"
#include "gateway/ledger/render.h"

namespace hetao::io {

namespace {

constexpr size_t kBatch = 256;
constexpr auto kIdle = std::chrono::milliseconds(200);
constexpr auto kRetryFirst = std::chrono::milliseconds(500);
constexpr auto kRetryMost = std::chrono::seconds(30);
constexpr auto kAcknowledgePatience = std::chrono::seconds(20);
constexpr int kPollMillis = 1'000;
constexpr long kConnectMillis = 10'000;

struct Free {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, Free>;

}  // namespace

struct EventForwarder::Parts {
  Parts(ForwardTarget t, std::string folder, std::string h, std::string o, LedgerFiles& l)
      : target(std::move(t)),
        cursor_path(std::move(folder) + "/" + target.name),
        host(std::move(h)),
        origin(std::move(o)),
        ledger(l) {}

  Result<void> load();
  Result<void> remember(uint64_t index);
  Handle connect();
  bool send_all(CURL* curl, std::string_view bytes);
  bool is_open(CURL* curl) const;
  bool acknowledged(CURL* curl);
  bool send_batch(CURL* curl);
  void work_on();
  bool pause(std::chrono::milliseconds how_long);  // false: stop
  void trouble(const std::string& why);

  const ForwardTarget target;
  const std::string cursor_path;
  const std::string host;
  const std::string origin;
  LedgerFiles& ledger;
  mutable std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  ForwardStatus state;
  std::thread thread;
};

Result<void> EventForwarder::Parts::load() {
  state.name = target.name;
  const auto text = read_text(cursor_path, 64);
  if (!text) return text.error().code == ErrorCode::kNotFound ? Result<void>() : fail(text.error());
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), state.next);
  if (error != std::errc{} || end != text->data() + text->size())
    return fail(ErrorCode::kVerification, cursor_path, "is no number",
                "write into it the first entry that is to be sent");
  return {};
}

Result<void> EventForwarder::Parts::remember(uint64_t index) {
  const std::string text = std::to_string(index);
  return write_durably(cursor_path, as_bytes(text));
}

bool EventForwarder::Parts::pause(std::chrono::milliseconds how_long) {
  std::unique_lock lock(mutex);
  wake.wait_for(lock, how_long, [&] { return stopping; });
  return !stopping;
}

void EventForwarder::Parts::trouble(const std::string& why) {
  const std::lock_guard lock(mutex);
  state.connected = why.empty();
  state.trouble = printable(why);
}

Handle EventForwarder::Parts::connect() {
  Handle handle(curl_easy_init());
  CURL* curl = handle.get();
  if (curl == nullptr) return nullptr;
  const std::string url = "https://" + target.address;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectMillis);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!target.ca.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, target.ca.c_str());
  if (!target.certificate.empty()) {
    curl_easy_setopt(curl, CURLOPT_SSLCERT, target.certificate.c_str());
    curl_easy_setopt(curl, CURLOPT_SSLKEY, target.key.c_str());
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK) {
    trouble("");
    return handle;
  }
  trouble(std::string(target.address) + ": " + curl_easy_strerror(code));
  return nullptr;
}

bool EventForwarder::Parts::send_all(CURL* curl, std::string_view bytes) {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &socket);
  while (!bytes.empty()) {
    size_t sent = 0;
    const CURLcode code = curl_easy_send(curl, bytes.data(), bytes.size(), &sent);
    if (code == CURLE_AGAIN) {
      pollfd wait{socket, POLLOUT, 0};
      ::poll(&wait, 1, kPollMillis);
      if (!pause(std::chrono::milliseconds(0))) return false;
      continue;
    }
    if (code != CURLE_OK) return false;
    bytes.remove_prefix(sent);
  }
  return true;
}

// A target says nothing; what it sends, or its end, shows up when we read.
bool EventForwarder::Parts::is_open(CURL* curl) const {
  char ignored[256];
  size_t got = 0;
  const CURLcode code = curl_easy_recv(curl, ignored, sizeof ignored, &got);
  return code == CURLE_AGAIN || (code == CURLE_OK && got != 0);
}

// Everything that was sent has reached the target's machine.
bool EventForwarder::Parts::acknowledged(CURL* curl) {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &socket);
  const auto until = std::chrono::steady_clock::now() + kAcknowledgePatience;
  while (std::chrono::steady_clock::now() < until) {
    int unsent = 0;
    if (::ioctl(socket, SIOCOUTQ, &unsent) != 0) return false;
    if (unsent == 0) return is_open(curl);
    if (!pause(std::chrono::milliseconds(5))) return false;
  }
  return false;
}

bool EventForwarder::Parts::send_batch(CURL* curl) {
  const uint64_t first = state.next;
  const auto texts = ledger.entries(first, kBatch);
  if (!texts) {
    trouble(to_line(texts.error()));
    return false;
  }
  std::string bytes;
  for (const std::string& text : *texts) {
    const auto entry = ledger::decode_entry(text);
    if (!entry) {
      trouble(to_line(entry.error()));
      return false;
    }
    const ledger::Rendered rendered{*entry, origin, ledger::leaf_hash(as_bytes(text))};
    bytes += target.ocsf_lines ? ledger::ocsf_json(rendered) + "\n"
                               : ledger::rfc5425_frame(ledger::rfc5424(rendered, host));
  }
  if (!send_all(curl, bytes) || !acknowledged(curl)) return false;
  if (auto kept = remember(first + texts->size()); !kept) {
    trouble(to_line(kept.error()));
    return false;
  }
  const std::lock_guard lock(mutex);
  state.next = first + texts->size();
  return true;
}

void EventForwarder::Parts::work_on() {
  auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(kRetryFirst);
  Handle handle;
  while (pause(std::chrono::milliseconds(0))) {
    if (state.next >= ledger.size()) {
      if (handle && !is_open(handle.get())) handle.reset();
      if (!pause(std::chrono::duration_cast<std::chrono::milliseconds>(kIdle))) return;
      continue;
    }
    if (!handle) handle = connect();
    if (handle && send_batch(handle.get())) {
      wait = std::chrono::duration_cast<std::chrono::milliseconds>(kRetryFirst);
      continue;
    }
    handle.reset();
    if (!pause(wait)) return;
    wait = std::min(2 * wait, std::chrono::duration_cast<std::chrono::milliseconds>(kRetryMost));
  }
}

EventForwarder::EventForwarder(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

EventForwarder::~EventForwarder() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->stopping = true;
  }
  parts_->wake.notify_all();
  if (parts_->thread.joinable()) parts_->thread.join();
}

Result<std::unique_ptr<EventForwarder>> EventForwarder::open(ForwardTarget target, const std::string& folder,
                                                             std::string host, std::string origin,
                                                             LedgerFiles& ledger) {
  if (auto made = make_folders(folder); !made) return fail(made.error());
  auto parts = std::make_unique<Parts>(std::move(target), folder, std::move(host), std::move(origin), ledger);
  if (auto loaded = parts->load(); !loaded) return fail(loaded.error());
  parts->thread = std::thread([raw = parts.get()] { raw->work_on(); });
  return std::unique_ptr<EventForwarder>(new EventForwarder(std::move(parts)));
}

ForwardStatus EventForwarder::status() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->state;
}

}  // namespace hetao::io
