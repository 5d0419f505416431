#include "gateway/io/http_head.h"

#include <algorithm>

#include "gateway/base/access_limits.h"

namespace hetao::io {

namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// HOST[:PORT], HOST a name or an address; no user name. Empty where a URL has no authority.
bool is_authority(std::string_view text) {
  return text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' ||
                  c == ']';
         });
}

bool starts_with_no_case(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(), [](char want, char have) {
           return want == (have >= 'A' && have <= 'Z' ? static_cast<char>(have + 32) : have);
         });
}

bool same_no_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && starts_with_no_case(text, lower);
}

// "https://HOST/PATH" becomes "/PATH". False: it is no target that is understood here.
bool to_origin_form(HttpRequest& request) {
  std::string_view target = request.target;
  if (target.starts_with('/')) return target.find('#') == std::string_view::npos;
  if (target == "*") return request.method == "OPTIONS";
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!starts_with_no_case(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    const size_t end = std::min(target.find_first_of("/?"), target.size());
    const std::string authority(target.substr(0, end));
    if (authority.empty() || !is_authority(authority) || target.find('#') != std::string_view::npos)
      return false;
    std::string rest(target.substr(end));
    if (!rest.starts_with('/')) rest.insert(rest.begin(), '/');
    request.target = std::move(rest);
    request.headers.set("Host", authority);
    return true;
  }
  return false;
}

// A body's length must be told in one way, before it is needed.
int judge_length(const HttpRequest& request, const HttpHeadFacts& facts) {
  const bool encoded = request.headers.has("Transfer-Encoding");
  const bool has_length = facts.has_length || request.headers.has("Content-Length");
  if (encoded && (has_length || facts.version < 11)) return 400;
  if (request.headers.count("Content-Length") > 1 || request.headers.count("Transfer-Encoding") > 1)
    return 400;
  if (encoded && (!facts.chunked || !same_no_case(request.headers.get("Transfer-Encoding"), "chunked")))
    return 501;
  // Without a length there is no body (RFC 9112, section 6.3): curl -X POST and others send their cancel so.
  // Only whose whole sense is its body has to say how long that is.
  const bool is_upload = request.method == "PATCH" && request.headers.get("Content-Type") == kStreamedType;
  if (is_upload && !encoded && !has_length) return 411;
  return 0;
}

}  // namespace

int judge_head(HttpRequest& request, const HttpHeadFacts& facts) {
  if (request.target.size() > limits::kHttpTargetBytesMax) return 414;
  if (request.headers.all().size() > limits::kHttpFieldsMax) return 431;
  const size_t hosts = request.headers.count("Host");
  if (hosts > 1 || (hosts == 0 && facts.version >= 11)) return 400;
  if (!is_authority(request.headers.get("Host"))) return 400;
  if (request.method == "CONNECT") return 501;
  if (!to_origin_form(request)) return 400;
  if (const int status = judge_length(request, facts); status != 0) return status;
  const std::string_view expects = request.headers.get("Expect");
  if (!expects.empty() && !same_no_case(expects, "100-continue")) return 417;
  return 0;
}

int status_of_long_head(std::string_view beginning) {
  return beginning.substr(0, limits::kHttpTargetBytesMax).find('\n') == std::string_view::npos ? 414 : 431;
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= limits::kHttpRequestIdBytesMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

}  // namespace hetao::io
