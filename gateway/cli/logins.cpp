#include "gateway/cli/logins.h"

#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "gateway/base/json.h"
#include "gateway/base/time.h"
#include "gateway/cli/context.h"

namespace hetao::cli {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string file_of_logins() {
  std::string base = environment("XDG_CONFIG_HOME");
  if (base.empty() && !environment("HOME").empty()) base = environment("HOME") + "/.config";
  return base.empty() ? base : base + "/hetao/logins.json";
}

std::string name_of(std::string gateway) {
  while (gateway.ends_with('/')) gateway.pop_back();
  return gateway;
}

// A file that is not there, or not ours, is an empty one: signing in again mends it.
json::object read_logins() {
  const auto text = read_file(file_of_logins());
  const auto value = text ? parse_json(*text, "logins") : fail(text.error());
  return value && value->is_object() ? value->get_object() : json::object();
}

Result<void> write_logins(const json::object& logins) {
  const std::string file = file_of_logins();
  if (file.empty())
    return fail(ErrorCode::kFailed, "login", "there is no home to keep it in", "set XDG_CONFIG_HOME or HOME");
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(file).parent_path(), error);
  return write_file(file, json::serialize(logins) + "\n", true, true);
}

Instant now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

}  // namespace

std::optional<Login> kept_login(const std::string& gateway) {
  const json::object logins = read_logins();
  const json::value* kept = logins.if_contains(name_of(gateway));
  if (kept == nullptr || !kept->is_object()) return std::nullopt;
  Login login{text_at(kept->get_object(), "token"), text_at(kept->get_object(), "until")};
  const auto until = parse_rfc3339(login.until);
  if (login.token.empty()) return std::nullopt;
  if (!login.until.empty() && (!until || *until <= now())) return std::nullopt;
  return login;
}

Result<void> keep_login(const std::string& gateway, const Login& login) {
  json::object logins = read_logins();
  logins[name_of(gateway)] = json::object{{"token", login.token}, {"until", login.until}};
  return write_logins(logins);
}

Result<void> forget_login(const std::string& gateway) {
  json::object logins = read_logins();
  if (logins.erase(name_of(gateway)) == 0) return {};
  return write_logins(logins);
}

}  // namespace hetao::cli
