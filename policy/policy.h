// A compiled policy: decides requests. Immutable once compiled, so that any number of threads may share it
// behind a shared_ptr and swap it between two decisions. Same pack, request and date: same decision.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/base/diagnostic.h"
#include "gateway/base/time.h"
#include "policy/obligation.h"
#include "policy/pack.h"
#include "policy/request.h"
#include "policy/rule.h"

namespace hetao::policy {

class Matcher;
struct Explanation;

// A rule that made a decision.
struct RuleHit {
  std::string id;
  Effect effect = Effect::kForbid;  // what it does here: a forbid that can't be ruled out holds
  Words titles;
  std::vector<std::string> basis;
  std::vector<std::string> because_unknown;  // attributes; empty: its condition is true

  const std::string& title(std::string_view language) const { return titles.in(language); }
};

struct Decision {
  Effect effect = Effect::kForbid;
  std::vector<RuleHit> rules;           // those that made it; empty: the pack's default
  std::vector<Obligation> obligations;  // sorted by name, then parameters
  std::string reason;
};

// A request in the form that decides fastest: a slot for each attribute that the policy's rules test
// (Policy::slot); values are turned into the policy's classes as they are set, and texts are not kept.
// Belongs to the policy that made it, which must outlive it, and to one thread at a time.
class Query {
 public:
  void clear();                // as if nothing had been said; today stays
  void set_today(Date today);  // what time.date is unless it is set
  // Setting kNoSlot does nothing. A value that the attribute's type does not allow is unknown.
  void set(size_t slot, bool value);
  void set(size_t slot, int64_t value);
  void set(size_t slot, std::string_view value);
  void set(size_t slot, const char* value) { set(slot, std::string_view(value)); }
  void set(size_t slot, Date value);
  void set(size_t slot, std::span<const std::string_view> members);
  void add_member(size_t slot, std::string_view member);  // to a set

 private:
  friend class Policy;
  friend class Matcher;
  Query(const Matcher& matcher, Date today);

  const Matcher* matcher_;
  std::vector<uint32_t> classes_;               // a slot's class; 0: unknown
  std::vector<std::vector<uint32_t>> members_;  // of sets: the members that rules name
  std::vector<uint32_t> sets_used_;             // slots whose members_ is not empty
  uint32_t today_ = 0;                          // its class
};

// An obligation in force, merged from several rules.
struct BoundObligation {
  const ObligationSpec* spec = nullptr;  // kind and key
  uint32_t subject = 0;                  // numbers kind and key
  int64_t amount = 0;
  uint64_t names = 0;  // a bit a name that the policy knows
};

// What a decision without allocation answers with; reused from one to the next.
class Scratch {
 public:
  // Indexes into Policy::pack().rules of those that made the decision; the first `certain()` of them have
  // a true condition, the others can't be ruled out. Empty: the pack's default.
  std::span<const uint32_t> rules() const { return rules_; }
  size_t certain() const { return certain_; }
  std::span<const BoundObligation> obligations() const { return obligations_; }

 private:
  friend class Policy;
  friend class Matcher;
  static constexpr size_t kSegments = 5;                  // see matcher.h
  std::array<std::vector<uint32_t>, kSegments> matched_;  // rules
  std::vector<uint32_t> rules_;
  std::vector<BoundObligation> obligations_;
  std::vector<const uint64_t*> rows_;
  size_t certain_ = 0;
};

class Policy {
 public:
  static tl::expected<Policy, Diagnostics> compile(LoadedPack pack);

  Policy(Policy&&) noexcept;
  Policy& operator=(Policy&&) noexcept;
  ~Policy();

  // `today` is what time.date is when the request does not say.
  Decision decide(const Request& request, Date today) const;

  // The hot path: the same decision in indexes, without allocation once `scratch` has grown.
  static constexpr size_t kNoSlot = SIZE_MAX;
  size_t slot(std::string_view attribute) const;  // kNoSlot: no rule tests it
  Query query(Date today) const;
  Effect decide(const Query& query, Scratch& scratch) const;
  ObligationSpec spec_of(const BoundObligation& obligation) const;

  const LoadedPack& pack() const;
  const std::string& digest() const;  // of the pack, 64 hex digits

 private:
  friend Explanation explain(const Policy& policy, const Request& request, Date today);
  Policy() = default;
  Decision decide(const Query& query) const;
  RuleHit hit(uint32_t rule, const Query& query) const;

  std::shared_ptr<const LoadedPack> pack_;
  std::string digest_;
  std::unique_ptr<const Matcher> matcher_;
};

}  // namespace hetao::policy
