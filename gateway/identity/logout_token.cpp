#include "gateway/identity/logout_token.h"

#include "certs/jwt_purpose.h"
#include "gateway/ledger/sha256.h"

namespace hetao::identity {

namespace {

constexpr const char* kEvent = "http://schemas.openid.net/event/backchannel-logout";
constexpr size_t kTextBytesMax = 512;

tl::unexpected<certs::TokenRefusal> refuse(const char* why) {
  return tl::unexpected(
      certs::TokenRefusal{certs::TokenReason::kClaims, {ErrorCode::kNotAllowed, "logout token", why, ""}});
}

std::string text_of(const json::object& claims, const char* name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr || !value->is_string() || value->get_string().size() > kTextBytesMax) return {};
  return std::string(value->get_string());
}

}  // namespace

tl::expected<LoggedOut, certs::TokenRefusal> check_logout_token(const std::string& token,
                                                                const certs::Jwks& keys,
                                                                const std::string& issuer,
                                                                const std::string& client_id, Instant now) {
  const auto claims =
      certs::verify_jwt_for("logout+jwt", token, keys, {issuer, client_id, Duration::seconds(60)}, now);
  if (!claims) return tl::unexpected(claims.error());
  const json::object& all = claims->all;
  const json::value* events = all.if_contains("events");
  const json::value* event =
      events != nullptr && events->is_object() ? events->get_object().if_contains(kEvent) : nullptr;
  if (event == nullptr || !event->is_object()) return refuse("tells of no sign-out");
  if (all.contains("nonce")) return refuse("has a nonce, as ID tokens have");
  if (!all.contains("iat") || text_of(all, "jti").empty()) return refuse("does not say which one it is");
  LoggedOut out{text_of(all, "sid"), text_of(all, "sub")};
  if (out.session.empty() && out.subject.empty()) return refuse("says of nobody that they signed out");
  return out;
}

std::string session_claim(const json::object& id_token) {
  return text_of(id_token, "sid");
}

std::string subject_digest(const std::string& subject) {
  return subject.empty() ? std::string() : ledger::sha256(as_bytes(subject)).hex();
}

}  // namespace hetao::identity
