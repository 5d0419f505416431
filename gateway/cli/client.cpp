#include "gateway/cli/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <memory>

#include "gateway/base/text.h"

namespace hetao::cli {

namespace {

struct Receiving {
  Reply* reply = nullptr;
  const Call* call = nullptr;
  CURL* curl = nullptr;
};

size_t take_body(char* data, size_t size, size_t count, void* user) {
  auto& receiving = *static_cast<Receiving*>(user);
  const std::string_view piece(data, size * count);
  long status = 0;
  curl_easy_getinfo(receiving.curl, CURLINFO_RESPONSE_CODE, &status);
  // A refusal's text is for us, not for the file that is being written.
  if (receiving.call->sink && status >= 200 && status < 300)
    return receiving.call->sink(piece) ? piece.size() : 0;
  if (receiving.reply->body.size() + piece.size() > (size_t{256} << 20U)) return 0;
  receiving.reply->body += piece;
  return piece.size();
}

size_t take_header(char* data, size_t size, size_t count, void* user) {
  const std::string_view line(data, size * count);
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && (value.back() == '\r' || value.back() == '\n')) value.remove_suffix(1);
    static_cast<Receiving*>(user)->reply->headers[name] = value;
  }
  return line.size();
}

struct Freer {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

ErrorCode code_of(int status) {
  switch (status) {
    case 400:
    case 413:
    case 422:
      return ErrorCode::kUsage;
    case 401:
    case 403:
      return ErrorCode::kNotAllowed;
    case 404:
      return ErrorCode::kNotFound;
    case 502:
    case 503:
    case 504:
      return ErrorCode::kUnreachable;
    default:
      return ErrorCode::kFailed;
  }
}

std::optional<ErrorCode> code_of_word(std::string_view word) {
  if (word == "verification") return ErrorCode::kVerification;
  for (const ErrorCode code :
       {ErrorCode::kFailed, ErrorCode::kUsage, ErrorCode::kForbidden, ErrorCode::kHeld, ErrorCode::kNotFound,
        ErrorCode::kVerification, ErrorCode::kNotAllowed, ErrorCode::kUnreachable}) {
    if (word == to_word(code)) return code;
  }
  return std::nullopt;
}

void set_identity(CURL* curl, const Context& context) {
  if (!context.ca.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, context.ca.c_str());
  if (!context.cert.empty()) curl_easy_setopt(curl, CURLOPT_SSLCERT, context.cert.c_str());
  if (!context.key.empty()) curl_easy_setopt(curl, CURLOPT_SSLKEY, context.key.c_str());
}

std::string hint_for(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return "is the gateway running, and --gateway right?";
    case CURLE_COULDNT_RESOLVE_HOST:
      return "check the name in --gateway";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "name the region's CA with --ca or HETAO_CA";
    case CURLE_OPERATION_TIMEDOUT:
      return "try again, or look at its log";
    default:
      return "check --gateway, --ca and the network";
  }
}

}  // namespace

Client::Client(const Context& context) : context_(context), curl_(curl_easy_init(), curl_easy_cleanup) {}

Result<Reply> Client::send(const Call& call) const {
  if (context_.gateway.empty()) {
    return fail(ErrorCode::kUsage, "gateway", "none is named", "give --gateway URL or set HETAO_GATEWAY");
  }
  CURL* const curl = curl_.get();
  curl_easy_reset(curl);
  // On a connection that died meanwhile libcurl sends a request again: only what may be repeated goes there.
  const bool may_repeat = call.method == "GET" || call.headers.contains("Idempotency-Key");
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, may_repeat ? 0L : 1L);
  Reply reply;
  Receiving receiving{&reply, &call, curl};
  std::string base = context_.gateway;
  while (base.ends_with('/')) base.pop_back();
  const std::string url = base + call.target;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_3));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
  // A long download is not slow, a silent one is.
  if (call.sink) {
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, call.timeout_seconds);
  } else {
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, call.timeout_seconds);
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  if (call.method == "POST" || !call.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  }
  set_identity(curl, context_);
  curl_slist* list = nullptr;
  if (!context_.token.empty())
    list = curl_slist_append(list, ("Authorization: Bearer " + context_.token).c_str());
  if (call.method == "POST" && !call.headers.contains("Content-Type")) {
    list = curl_slist_append(list, "Content-Type: application/json");
  }
  for (const auto& [name, value] : call.headers)
    list = curl_slist_append(list, (name + ": " + value).c_str());
  list = curl_slist_append(list, "Expect:");
  const std::unique_ptr<curl_slist, Freer> headers(list);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiving);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &receiving);
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    return fail(ErrorCode::kUnreachable, "gateway " + base, curl_easy_strerror(code), hint_for(code));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

Result<json::value> Client::get(const std::string& target) const {
  const auto reply = send({"GET", target, {}, {}, 60, {}});
  if (!reply) return fail(reply.error());
  if (reply->status != 200) return fail(error_of(*reply, "gateway"));
  return parse_json(reply->body, "answer of the gateway", size_t{256} << 20U);
}

Result<json::value> Client::post(const std::string& target, const json::value& body,
                                 std::map<std::string, std::string> headers) const {
  const auto reply = send({"POST", target, json::serialize(body), std::move(headers), 60, {}});
  if (!reply) return fail(reply.error());
  if (reply->status < 200 || reply->status > 299) return fail(error_of(*reply, "gateway"));
  return parse_json(reply->body, "answer of the gateway", size_t{256} << 20U);
}

json::object problem_of(const Reply& reply) {
  const auto parsed = parse_json(reply.body, "problem");
  return parsed && parsed->is_object() ? parsed->get_object() : json::object();
}

Error error_of(const Reply& reply, const std::string& what) {
  const json::object problem = problem_of(reply);
  Error error;
  error.code = code_of_word(text_at(problem, "code")).value_or(code_of(reply.status));
  error.what = what;
  error.why = text_at(problem, "detail");
  if (error.why.empty()) error.why = text_at(problem, "title");
  if (error.why.empty()) error.why = "answered " + std::to_string(reply.status);
  error.hint = text_at(problem, "hint");
  if (error.hint.empty() && reply.status == 401)
    error.hint = "`hetao login`, or give a token with --token-file or HETAO_TOKEN";
  return error;
}

std::string query_of(std::initializer_list<std::pair<std::string_view, std::string>> pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (value.empty()) continue;
    out += (out.empty() ? "?" : "&") + std::string(name) + "=" + percent_encode(value);
  }
  return out;
}

}  // namespace hetao::cli
