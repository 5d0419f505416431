#include "gateway/platforms/token.h"

#include "gateway/base/bytes.h"
#include "gateway/base/limits.h"
#include "gateway/platforms/json_value.h"

namespace hetao::platforms {

namespace {

Result<json::object> payload_of(std::string_view token) {
  const auto bad = [] { return fail(ErrorCode::kUsage, "token", "is no JWT"); };
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.size() > limits::kJwtBytesMax) return bad();
  const auto payload = from_base64url(token.substr(first + 1, second - first - 1));
  if (!payload) return bad();
  const auto value = parse_json(as_text(*payload), "token", limits::kJwtBytesMax);
  if (!value || !value->is_object()) return bad();
  return value->get_object();
}

}  // namespace

Result<Instant> token_expiry(std::string_view token) {
  const auto payload = payload_of(token);
  if (!payload) return fail(payload.error());
  const int64_t seconds = number(*payload, "exp", 0);
  // Beyond the year 10000: it might as well never end.
  return seconds <= 0 || seconds > 253'402'300'799 ? Instant{} : Instant{seconds * 1'000'000};
}

std::string token_word(std::string_view token, std::string_view name) {
  const auto payload = payload_of(token);
  return payload ? text(*payload, name) : std::string();
}

}  // namespace hetao::platforms
