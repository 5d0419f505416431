#include "gateway/io/http_answer.h"

#include <ctime>

namespace hetao::io {

namespace {

// "Mon, 23 Nov 2026 11:55:51 GMT" (RFC 9110, section 5.6.7).
std::string http_date(Instant now) {
  const time_t seconds = now.micros / 1'000'000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const size_t size = strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

bool is_field_safe(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::string reason_of(const HttpResponse& response) {
  if (response.reason.empty()) return std::string(http_reason(response.status));
  std::string reason = response.reason;
  for (char& c : reason) {
    if (c < ' ' || c > '~') c = '?';
  }
  return reason;
}

}  // namespace

bool has_no_body(int status) {
  return status == 204 || status == 304 || status < 200;
}

HttpResponse plain_error(int status) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}};
  response.body = "{\"type\":\"about:blank\",\"title\":\"" + std::string(http_reason(status)) +
                  "\",\"status\":" + std::to_string(status) + "}";
  return response;
}

std::string head_of(const HttpResponse& response, BodyFraming framing, uint64_t bytes, bool keep_alive,
                    Instant now) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + reason_of(response) + "\r\n";
  for (const auto& [name, value] : response.headers.all()) {
    if (is_field_safe(name) && is_field_safe(value)) head += name + ": " + value + "\r\n";
  }
  if (!response.headers.has("Date")) head += "Date: " + http_date(now) + "\r\n";
  if (!has_no_body(response.status)) {
    if (framing == BodyFraming::kLength) head += "Content-Length: " + std::to_string(bytes) + "\r\n";
    if (framing == BodyFraming::kChunks) head += "Transfer-Encoding: chunked\r\n";
  }
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace hetao::io
