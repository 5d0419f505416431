// What a person or a service may do here: roles, and the narrower scopes of personal tokens. Pure; plain
// values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetao::identity {

enum class Role : uint8_t { kSubmitter, kDataOwner, kPolicyAdmin, kReviewer, kAuditor, kOperator };
inline constexpr size_t kRoles = 6;

const char* to_word(Role role);  // "submitter", "data-owner", …
std::optional<Role> role_from_word(std::string_view word);

class RoleSet {
 public:
  RoleSet() = default;
  RoleSet(std::initializer_list<Role> roles) {
    for (const Role role : roles) add(role);
  }
  void add(Role role) { bits_ = static_cast<uint8_t>(bits_ | bit(role)); }
  bool has(Role role) const { return (bits_ & bit(role)) != 0; }
  bool meets(RoleSet other) const { return (bits_ & other.bits_) != 0; }
  bool empty() const { return bits_ == 0; }
  std::vector<std::string> words() const;

 private:
  static uint8_t bit(Role role) { return static_cast<uint8_t>(1U << static_cast<unsigned>(role)); }
  uint8_t bits_ = 0;
};

// A scope of a personal token: a role, "submitter", or a role for looking only, "submitter:read".
struct Scope {
  Role role = Role::kSubmitter;
  bool only_reads = false;
};
std::optional<Scope> scope_from_word(std::string_view word);
std::string to_word(const Scope& scope);

// The roles that scopes stand for in a request that changes nothing, or in any other.
RoleSet roles_of(const std::vector<Scope>& scopes, bool request_only_reads);

}  // namespace hetao::identity
