#include "gateway/identity/role.h"

namespace hetao::identity {

namespace {

constexpr std::array<const char*, kRoles> kRoleWords = {"submitter", "data-owner", "policy-admin",
                                                        "reviewer",  "auditor",    "operator"};
constexpr std::string_view kOnlyReads = ":read";

}  // namespace

const char* to_word(Role role) {
  return kRoleWords.at(static_cast<size_t>(role));
}

std::optional<Role> role_from_word(std::string_view word) {
  for (size_t i = 0; i < kRoles; ++i) {
    if (word == kRoleWords.at(i)) return static_cast<Role>(i);
  }
  return std::nullopt;
}

std::vector<std::string> RoleSet::words() const {
  std::vector<std::string> out;
  for (size_t i = 0; i < kRoles; ++i) {
    if (has(static_cast<Role>(i))) out.emplace_back(kRoleWords.at(i));
  }
  return out;
}

std::optional<Scope> scope_from_word(std::string_view word) {
  Scope scope;
  scope.only_reads = word.ends_with(kOnlyReads);
  if (scope.only_reads) word.remove_suffix(kOnlyReads.size());
  const auto role = role_from_word(word);
  if (!role) return std::nullopt;
  scope.role = *role;
  return scope;
}

std::string to_word(const Scope& scope) {
  return to_word(scope.role) + std::string(scope.only_reads ? kOnlyReads : "");
}

RoleSet roles_of(const std::vector<Scope>& scopes, bool request_only_reads) {
  RoleSet roles;
  for (const Scope& scope : scopes) {
    if (request_only_reads || !scope.only_reads) roles.add(scope.role);
  }
  return roles;
}

}  // namespace hetao::identity
