#include "gateway/io/witness_http.h"

#include <curl/curl.h>

#include <memory>

namespace hetao::io {

namespace {

constexpr long kPatienceMillis = 8'000;
constexpr size_t kAnswerBytesMax = size_t{64} << 10U;

struct Free {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

size_t take(const char* bytes, size_t size, size_t count, void* into) {
  auto& text = *static_cast<std::string*>(into);
  if (text.size() + size * count > kAnswerBytesMax) return 0;
  text.append(bytes, size * count);
  return size * count;
}

ledger::WitnessReply talk(const std::string& url, const std::string* body) {
  const std::unique_ptr<CURL, Free> handle(curl_easy_init());
  ledger::WitnessReply reply;
  if (!handle) return reply;
  CURL* curl = handle.get();
  const std::unique_ptr<curl_slist, Free> headers(
      curl_slist_append(nullptr, "Content-Type: text/plain; charset=utf-8"));
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kPatienceMillis);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  if (body != nullptr) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body->size()));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  }
  long status = 0;
  if (curl_easy_perform(curl) == CURLE_OK) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

}  // namespace

ledger::WitnessReply post_to_witness(const std::string& url, const std::string& body) {
  return talk(url, &body);
}

ledger::WitnessReply get_from_witness(const std::string& url) {
  return talk(url, nullptr);
}

}  // namespace hetao::io
