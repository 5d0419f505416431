#include "gateway/api/finish.h"

#include <algorithm>

#include "gateway/api/auth.h"
#include "gateway/base/access_limits.h"
#include "gateway/base/text.h"
#include "gateway/io/asio.h"
#include "gateway/io/gzip.h"
#include "gateway/ledger/sha256.h"

namespace hetao::api {

namespace {

constexpr size_t kInlineBytesMax = size_t{64}
                                   << 10U;  // compressed on the spot: handing over would take longer

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? x + 32 : x) == (y >= 'A' && y <= 'Z' ? y + 32 : y);
  });
}

bool is_json(const io::HttpResponse& response) {
  const std::string_view type = response.headers.get("Content-Type");
  return type.starts_with("application/json") || type.starts_with("application/problem+json") ||
         type.starts_with("application/ld+json") || type.starts_with("application/yaml");
}

// "q=0", "q=0.000": not wanted at all.
bool is_zero_quality(std::string_view parameters) {
  for (const std::string& one : split(parameters, ';')) {
    const std::string_view word = trimmed(one);
    if (word.size() < 3 || !same_word(word.substr(0, 2), "q=")) continue;
    return word.substr(2).find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

}  // namespace

bool accepts_coding(std::string_view accept_encoding, std::string_view coding) {
  bool any = false;
  for (const std::string& one : split(accept_encoding, ',')) {
    const size_t semicolon = std::min(one.find(';'), one.size());
    const std::string_view name = trimmed(std::string_view(one).substr(0, semicolon));
    const bool wanted = !is_zero_quality(std::string_view(one).substr(semicolon));
    if (same_word(name, coding)) return wanted;
    if (name == "*") any = wanted;
  }
  return any;
}

bool names_etag(std::string_view if_none_match, std::string_view etag) {
  const auto opaque = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  if (trimmed(if_none_match) == "*") return true;
  for (const std::string& one : split(if_none_match, ',')) {
    if (!etag.empty() && opaque(trimmed(one)) == opaque(etag)) return true;
  }
  return false;
}

io::Awaitable<io::HttpResponse> finish_answer(Backend& backend, const io::HttpRequest& request,
                                              io::HttpResponse response) {
  if (response.file || response.stream || response.live || !is_json(response) || response.body.empty())
    co_return response;
  response.headers.add("Vary", "Accept-Encoding, Authorization, Cookie");
  if (response.status == 200 && only_reads(request)) {
    if (!response.headers.has("ETag"))
      response.headers.set("ETag",
                           "W/\"" + ledger::sha256(as_bytes(response.body)).hex().substr(0, 32) + "\"");
    if (names_etag(request.headers.get("If-None-Match"), response.headers.get("ETag"))) {
      response.status = 304;
      response.body.clear();
      co_return response;
    }
  }
  const size_t size = response.body.size();
  const bool compress = size >= limits::kGzipBytesMin && size <= limits::kGzipBytesMax &&
                        accepts_coding(request.headers.get("Accept-Encoding"), "gzip");
  if (!compress) co_return response;
  const auto work = [&response] { response.body = io::gzip(response.body); };
  if (size <= kInlineBytesMax)
    work();
  else
    co_await backend.on_disk(work);
  response.headers.set("Content-Encoding", "gzip");
  co_return response;
}

}  // namespace hetao::api
