#include "gateway/io/store_request.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "gateway/base/limits.h"
#include "gateway/base/percent.h"
#include "gateway/base/text.h"

namespace hetao::io {

namespace {

struct Freer {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// Addresses that an outsider's URL must not lead to (RFC 6890): loopback, private, link-local (cloud
// metadata), shared, unspecified, multicast; in IPv6 the same, also mapped ones.
bool is_inside_v4(uint32_t address) {
  const auto in = [&](uint32_t net, unsigned bits) {
    return (address >> (32U - bits)) == (net >> (32U - bits));
  };
  return in(0x00000000, 8) || in(0x0A000000, 8) || in(0x64400000, 10) || in(0x7F000000, 8) ||
         in(0xA9FE0000, 16) || in(0xAC100000, 12) || in(0xC0000000, 24) || in(0xC0A80000, 16) ||
         in(0xC6120000, 15) || address >= 0xE0000000;
}

bool is_inside(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    return is_inside_v4(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr));
  }
  if (address->sa_family != AF_INET6) return true;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6) || IN6_IS_ADDR_V4COMPAT(&v6)) {
    const uint8_t* b = v6.s6_addr + 12;
    return is_inside_v4(static_cast<uint32_t>(b[0]) << 24U | static_cast<uint32_t>(b[1]) << 16U |
                        static_cast<uint32_t>(b[2]) << 8U | b[3]);
  }
  // Only global unicast, 2000::/3, and of that no 6to4 or translated address.
  const bool global = (v6.s6_addr[0] & 0xE0U) == 0x20U;
  const bool translated = v6.s6_addr[0] == 0x20U && v6.s6_addr[1] == 0x02U;
  return !global || translated;
}

struct Transfer {
  const StoreAccess& store;
  const StoreRequest& request;
  const TakeBody& take;
  StoreAnswer answer;
  CURL* curl = nullptr;
  uint64_t sent = 0;
  bool refused_address = false;
  bool refused_body = false;
};

curl_socket_t open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.store.inside && is_inside(&address->addr)) {
    transfer.refused_address = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

size_t take_header(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(data, size * count);
  static constexpr std::string_view kName = "etag:";
  const bool is_etag =
      line.size() > kName.size() && std::equal(kName.begin(), kName.end(), line.begin(), [](char a, char b) {
        return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
      });
  if (is_etag) {
    const size_t begin = line.find_first_not_of(" \t", kName.size());
    const size_t end = line.find_last_not_of(" \t\r\n");
    if (begin != std::string_view::npos && begin <= end)
      transfer.answer.etag = std::string(line.substr(begin, end - begin + 1));
  }
  return line.size();
}

size_t take_body(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view part(data, size * count);
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  const long wanted = transfer.request.from == 0 ? 200 : 206;
  if (status != wanted) {
    const size_t room =
        limits::kTextFieldBytesMax - std::min(limits::kTextFieldBytesMax, transfer.answer.words.size());
    transfer.answer.words += part.substr(0, room);
    return part.size();
  }
  if (transfer.take(part)) return part.size();
  transfer.refused_body = true;
  return 0;
}

size_t give_body(char* buffer, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const uint64_t left = transfer.request.upload_bytes - transfer.sent;
  const size_t wanted = std::min<uint64_t>(left, size * count);
  const ssize_t got =
      wanted == 0 ? 0 : ::pread(transfer.request.upload, buffer, wanted, static_cast<off_t>(transfer.sent));
  if (got < 0 || (got == 0 && wanted != 0)) return CURL_READFUNC_ABORT;
  transfer.sent += static_cast<uint64_t>(got);
  return static_cast<size_t>(got);
}

int rewind_body(void* self, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_FAIL;
  transfer.sent = static_cast<uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

void set_limits(CURL* curl, const StoreAccess& store) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, store.inside ? "http,https" : "https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(limits::kStoreConnectSecondsMax));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(limits::kStoreBytesPerSecondMin));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits::kStoreStallSecondsMax));
  if (!store.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, store.ca_file.c_str());
}

void sign(CURL* curl, const StoreAccess& store) {
  if (store.access_key.empty()) return;
  const std::string how = "aws:amz:" + store.region + ":s3";
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, how.c_str());
  curl_easy_setopt(curl, CURLOPT_USERNAME, store.access_key.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, store.secret_key.c_str());
}

curl_slist* headers_of(const StoreAccess& store, const StoreRequest& request) {
  // Without a wait for "100 Continue"; where libcurl signs, it would sign the empty header, which is not
  // sent.
  curl_slist* list = request.s3 ? nullptr : curl_slist_append(nullptr, "Expect:");
  // libcurl 7.88 leaves the digest of the payload to its caller.
  if (request.s3 && !store.access_key.empty())
    list = curl_slist_append(list, "x-amz-content-sha256: UNSIGNED-PAYLOAD");
  if (!request.s3 && !store.bearer.empty())
    list = curl_slist_append(list, ("Authorization: Bearer " + store.bearer).c_str());
  if (!request.same_etag.empty()) list = curl_slist_append(list, ("If-Match: " + request.same_etag).c_str());
  return list;
}

bool is_busy(long status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

void judge(Transfer& transfer, CURLcode code) {
  StoreAnswer& answer = transfer.answer;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &answer.status);
  if (transfer.refused_address) {
    answer.why = "its address is a private one (say `inside: true` of the store if that is meant)";
  } else if (transfer.refused_body) {
    answer.why = "it can't be stored";
  } else if (code != CURLE_OK) {
    answer.why = curl_easy_strerror(code);
    answer.broken = code != CURLE_UNSUPPORTED_PROTOCOL && code != CURLE_URL_MALFORMAT &&
                    code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CACERT_BADFILE;
  } else if (answer.status >= 300 && answer.status < 400) {
    answer.why = "it redirects elsewhere, which is not followed";
  } else if (answer.status < 200 || answer.status >= 300) {
    const std::string words = transfer.request.s3 ? s3_error_words(answer.words) : std::string();
    answer.why = "the store answered " + std::to_string(answer.status) + (words.empty() ? "" : " " + words);
    answer.broken = is_busy(answer.status);
  }
}

}  // namespace

Result<std::string> address_of(const StoreAccess& store, std::string_view url) {
  static constexpr std::string_view kScheme = "s3://";
  if (!url.starts_with(kScheme)) return std::string(url);
  if (store.endpoint.empty()) {
    return fail(ErrorCode::kFailed, "store " + store.name, "has no endpoint for s3:// URLs",
                "its administrator sets stores.endpoint");
  }
  const std::string_view rest = url.substr(kScheme.size());
  const size_t slash = rest.find('/');
  const std::string bucket(rest.substr(0, slash));
  const std::string key = slash == std::string_view::npos ? "" : std::string(rest.substr(slash + 1));
  return store.endpoint + "/" + percent_encode(bucket) + "/" + percent_encode(key, "/");
}

StoreAnswer perform(const StoreAccess& store, const StoreRequest& request, const TakeBody& take) {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);  // before the first of several threads
  (void)once;
  const std::unique_ptr<CURL, Freer> curl(curl_easy_init());
  Transfer transfer{store, request, take, {}, curl.get()};
  set_limits(curl.get(), store);
  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(curl.get(), CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &transfer);
  if (request.s3) sign(curl.get(), store);
  if (request.from != 0)
    curl_easy_setopt(curl.get(), CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(request.from));
  if (request.upload >= 0) {
    curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.upload_bytes));
    curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(curl.get(), CURLOPT_READDATA, &transfer);
    curl_easy_setopt(curl.get(), CURLOPT_SEEKFUNCTION, rewind_body);
    curl_easy_setopt(curl.get(), CURLOPT_SEEKDATA, &transfer);
  }
  const std::unique_ptr<curl_slist, Freer> headers(headers_of(store, request));
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  judge(transfer, curl_easy_perform(curl.get()));
  return std::move(transfer.answer);
}

}  // namespace hetao::io
