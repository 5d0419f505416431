#include "gateway/identity/device.h"

#include <algorithm>

#include "gateway/base/access_limits.h"
#include "gateway/base/text.h"

namespace hetao::identity {

namespace {

constexpr const char* kDeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr int64_t kExpiresSecondsMax = 3'600;
constexpr int64_t kIntervalSecondsMax = 60;

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

int64_t seconds_of(const json::object& object, std::string_view name, int64_t otherwise, int64_t most) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64()) return otherwise;
  return std::clamp<int64_t>(value->get_int64(), 1, most);
}

}  // namespace

ProviderCall device_call(const Metadata& provider, const Client& client) {
  return client_call(provider.device_authorization_endpoint, provider, client,
                     {{"scope", join(client.scopes, " ")}});
}

ProviderCall device_poll_call(const Metadata& provider, const Client& client,
                              const std::string& device_code) {
  return client_call(provider.token_endpoint, provider, client,
                     {{"grant_type", kDeviceGrant}, {"device_code", device_code}});
}

Result<DeviceStart> read_device_start(const ProviderReply& reply) {
  const auto refuse = [](std::string why) {
    return fail(ErrorCode::kUnreachable, "sign-in", std::move(why), "ask the operator of this gateway");
  };
  if (reply.status == 0) return refuse("the provider does not answer: " + reply.trouble);
  const auto value = parse_json(reply.body, "provider", limits::kProviderAnswerBytesMax);
  const json::object* object = value ? value->if_object() : nullptr;
  if (object == nullptr || reply.status != 200)
    return refuse("the provider answered " + std::to_string(reply.status) +
                  (object == nullptr ? "" : " (" + readable(text_of(*object, "error"), 64) + ")"));
  DeviceStart start;
  start.device_code = text_of(*object, "device_code");
  start.user_code = text_of(*object, "user_code");
  start.verification_uri = text_of(*object, "verification_uri");
  start.verification_uri_complete = text_of(*object, "verification_uri_complete");
  start.expires_seconds = seconds_of(*object, "expires_in", 600, kExpiresSecondsMax);
  start.interval_seconds = seconds_of(*object, "interval", 5, kIntervalSecondsMax);
  // Shown in a terminal: nothing in it may be more than text.
  for (const std::string* shown :
       {&start.user_code, &start.verification_uri, &start.verification_uri_complete}) {
    if (printable(*shown) != *shown || shown->size() > 2'048)
      return refuse("the provider's answer is no plain text");
  }
  if (start.device_code.empty() || start.user_code.empty() || !is_provider_url(start.verification_uri))
    return refuse("the provider's answer lacks device_code, user_code or verification_uri");
  return start;
}

}  // namespace hetao::identity
