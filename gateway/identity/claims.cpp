#include "gateway/identity/claims.h"

#include <algorithm>
#include <optional>

#include "gateway/base/text.h"

namespace hetao::identity {

namespace {

constexpr const char* kAskProvider = "ask your identity provider";

tl::unexpected<NoPerson> refuse(std::string word, std::string why, std::string hint = {}) {
  return tl::unexpected(
      NoPerson{std::move(word), {ErrorCode::kNotAllowed, "sign-in", std::move(why), std::move(hint)}});
}

// "a.b.c" leads into objects; a claim whose own name has dots is found first.
const json::value* find_claim(const json::object& claims, std::string_view name) {
  if (const json::value* whole = claims.if_contains(name)) return whole;
  const json::object* at = &claims;
  const std::vector<std::string> parts = split(name, '.');
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const json::value* next = at->if_contains(parts[i]);
    if (next == nullptr || !next->is_object()) return nullptr;
    at = &next->get_object();
  }
  return at->if_contains(parts.back());
}

bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= 255 && is_utf8(text) && printable(text) == text;
}

std::optional<std::string> text_claim(const json::object& claims, std::string_view name) {
  const json::value* value = find_claim(claims, name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  std::string text(value->get_string());
  if (!is_plain(text)) return std::nullopt;
  return text;
}

// A list of texts; one text stands for its words where blanks part them.
std::vector<std::string> words_of(const json::object& claims, std::string_view name, bool blanks_part) {
  std::vector<std::string> words;
  const json::value* value = find_claim(claims, name);
  if (value == nullptr) return words;
  if (value->is_string()) {
    const std::string text(value->get_string());
    return blanks_part ? split(text, ' ') : std::vector<std::string>{text};
  }
  if (const json::array* list = value->if_array()) {
    for (const json::value& word : *list) {
      if (word.is_string()) words.emplace_back(word.get_string());
    }
  }
  return words;
}

RoleSet roles_of(const ClaimRules& rules, const json::object& claims) {
  RoleSet roles;
  for (const std::string& word : words_of(claims, rules.roles_claim, true)) {
    if (!rules.role_map.empty()) {
      const auto at = rules.role_map.find(word);
      if (at == rules.role_map.end()) continue;
      for (const Role role : at->second) roles.add(role);
    } else if (const auto role = role_from_word(word)) {
      roles.add(*role);
    }
  }
  return roles;
}

// Nothing: no claim says it. A list that names two of our tenants says nothing either.
std::optional<std::string> tenant_of(const ClaimRules& rules, const json::object& claims) {
  if (!rules.tenant.empty()) return rules.tenant;
  std::optional<std::string> found;
  for (const std::string& word : words_of(claims, rules.tenant_claim, false)) {
    if (!is_plain(word)) continue;
    std::string tenant = word;
    if (!rules.tenant_map.empty()) {
      const auto at = rules.tenant_map.find(word);
      if (at == rules.tenant_map.end()) continue;
      tenant = at->second;
    }
    if (found && *found != tenant) return std::nullopt;
    found = std::move(tenant);
  }
  return found;
}

const Person* service_of(const ClaimRules& rules, const json::object& claims) {
  if (rules.services.empty()) return nullptr;
  const auto subject = text_claim(claims, "sub");
  for (const char* name : {"client_id", "azp"}) {
    const auto client = text_claim(claims, name);
    // A token for a person who uses that client is no token for the client itself.
    if (!client || subject != client) continue;
    const auto at = rules.services.find(*client);
    if (at != rules.services.end()) return &at->second;
  }
  return nullptr;
}

}  // namespace

bool say_enough(const ClaimRules& rules, const json::object& claims) {
  return tenant_of(rules, claims).has_value() && !roles_of(rules, claims).empty() &&
         text_claim(claims, rules.user_claim).has_value();
}

tl::expected<Person, NoPerson> person_of(const ClaimRules& rules, const json::object& claims,
                                         bool needs_roles) {
  if (const Person* service = service_of(rules, claims)) return *service;
  const auto user = text_claim(claims, rules.user_claim);
  if (!user)
    return refuse("token", "the token has no usable claim \"" + rules.user_claim + "\"", kAskProvider);
  const auto tenant = tenant_of(rules, claims);
  if (!tenant) {
    return refuse("no-tenant", "the token has no usable claim \"" + rules.tenant_claim + "\"", kAskProvider);
  }
  const bool may = rules.tenants.empty() ||
                   std::any_of(rules.tenants.begin(), rules.tenants.end(),
                               [&](const std::string& glob) { return glob_match(glob, *tenant); });
  if (!may) return refuse("no-tenant", "this issuer does not speak for tenant \"" + *tenant + "\"");
  Person person{*user, *tenant, roles_of(rules, claims)};
  if (needs_roles && person.roles.empty()) {
    return refuse("no-roles", "claim \"" + rules.roles_claim + "\" holds no role of this gateway",
                  kAskProvider);
  }
  return person;
}

}  // namespace hetao::identity
