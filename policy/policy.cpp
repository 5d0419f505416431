#include "policy/policy.h"

#include <algorithm>
#include <tuple>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "policy/matcher.h"

namespace hetao::policy {

const char* to_word(Effect effect) {
  switch (effect) {
    case Effect::kPermit:
      return "permit";
    case Effect::kHold:
      return "hold";
    case Effect::kForbid:
      return "forbid";
  }
  return "";
}

std::optional<Effect> effect_from_word(std::string_view word) {
  if (word == "permit") return Effect::kPermit;
  if (word == "hold") return Effect::kHold;
  if (word == "forbid") return Effect::kForbid;
  return std::nullopt;
}

Query::Query(const Matcher& matcher, Date today) : matcher_(&matcher) {
  const auto& domains = matcher.universe().domains();
  classes_.assign(domains.size(), kUnknownClass);
  members_.resize(domains.size());
  set_today(today);
}

void Query::clear() {
  const uint32_t today = today_;
  std::fill(classes_.begin(), classes_.end(), kUnknownClass);
  classes_[matcher_->date_slot()] = today;
  for (const uint32_t slot : sets_used_) members_[slot].clear();
  sets_used_.clear();
}

void Query::set_today(Date today) {
  today_ = matcher_->domain(matcher_->date_slot()).classify(int64_t{today.days});
  classes_[matcher_->date_slot()] = today_;
}

void Query::set(size_t slot, bool value) {
  if (slot >= classes_.size() || slot == matcher_->date_slot()) return;
  const Matcher::Intake& intake = matcher_->intake(slot);
  classes_[slot] = intake.type == Type::kBoolean ? (value ? 2 : 1) : matcher_->domain(slot).not_allowed();
}

void Query::set(size_t slot, int64_t value) {
  if (slot >= classes_.size() || slot == matcher_->date_slot()) return;
  const Matcher::Intake& intake = matcher_->intake(slot);
  if (intake.type != Type::kInteger) {
    classes_[slot] = matcher_->domain(slot).not_allowed();
    return;
  }
  // How many cuts are not above the value. Without branches: nobody can predict them.
  const int64_t* base = intake.cuts.data();
  size_t left = intake.cuts.size();
  while (left > 1) {
    const size_t half = left / 2;
    base += half * static_cast<size_t>(base[half - 1] <= value);
    left -= half;
  }
  const auto below = static_cast<Class>(base - intake.cuts.data());
  classes_[slot] = below + static_cast<Class>(left == 1 && *base <= value) + 1;
}

void Query::set(size_t slot, std::string_view value) {
  if (slot >= classes_.size()) return;
  const Matcher::Intake& intake = matcher_->intake(slot);
  if (intake.is_set) {
    add_member(slot, value);  // one text is a set of one: never less than what was said
  } else if (intake.texts != nullptr) {
    const uint32_t named = intake.texts->find(value);
    if (named != StringTable::kNone) {
      classes_[slot] = named + 1;
    } else {
      classes_[slot] = intake.look ? matcher_->domain(slot).classify(value) : intake.unnamed;
    }
  } else if (const auto date = parse_date(value)) {
    set(slot, *date);
  } else if (slot != matcher_->date_slot()) {
    classes_[slot] = matcher_->domain(slot).not_allowed();
  }
}

void Query::set(size_t slot, Date value) {
  if (slot >= classes_.size()) return;
  const Domain& domain = matcher_->domain(slot);
  classes_[slot] =
      domain.attribute().type == Type::kDate ? domain.classify(int64_t{value.days}) : domain.not_allowed();
}

void Query::set(size_t slot, std::span<const std::string_view> members) {
  for (const std::string_view member : members) add_member(slot, member);
}

void Query::add_member(size_t slot, std::string_view member) {
  if (slot >= classes_.size()) return;
  const Matcher::Intake& intake = matcher_->intake(slot);
  if (!intake.is_set) return;
  const uint32_t number = intake.texts->find(member);
  if (number == StringTable::kNone) return;  // no rule names it
  auto& members = members_[slot];
  if (members.empty()) sets_used_.push_back(static_cast<uint32_t>(slot));
  if (std::find(members.begin(), members.end(), number) == members.end()) members.push_back(number);
}

Policy::Policy(Policy&&) noexcept = default;
Policy& Policy::operator=(Policy&&) noexcept = default;
Policy::~Policy() = default;

tl::expected<Policy, Diagnostics> Policy::compile(LoadedPack pack) {
  Policy policy;
  policy.digest_ = pack.digest.hex();
  policy.pack_ = std::make_shared<const LoadedPack>(std::move(pack));
  auto matcher = Matcher::build(*policy.pack_);
  if (!matcher) return tl::unexpected<Diagnostics>(std::move(matcher.error()));
  policy.matcher_ = std::move(*matcher);
  return policy;
}

const LoadedPack& Policy::pack() const {
  return *pack_;
}

const std::string& Policy::digest() const {
  return digest_;
}

size_t Policy::slot(std::string_view attribute) const {
  return matcher_->slot(attribute);
}

Query Policy::query(Date today) const {
  return Query(*matcher_, today);
}

Effect Policy::decide(const Query& query, Scratch& scratch) const {
  HETAO_CHECK(query.matcher_ == matcher_.get());
  return matcher_->decide(query, scratch);
}

ObligationSpec Policy::spec_of(const BoundObligation& obligation) const {
  ObligationSpec spec = *obligation.spec;
  spec.amount = obligation.amount;
  const auto& names = matcher_->obligation_names();
  for (size_t i = 0; i < names.size(); ++i) {
    if (((obligation.names >> i) & 1U) != 0) spec.names.push_back(names[i]);
  }
  return spec;
}

RuleHit Policy::hit(uint32_t rule, const Query& query) const {
  const Rule& source = pack_->rules[rule];
  RuleHit out{source.id, source.effect, source.title, source.basis, {}};
  if (source.effect == Effect::kPermit || matcher_->truth(rule, query) == Truth::kTrue) return out;
  out.effect = Effect::kHold;
  out.because_unknown = matcher_->unknown_in(rule, query);
  return out;
}

namespace {

std::string reason_of(const Decision& decision) {
  if (decision.rules.empty()) return "no rule decides";
  std::string out;
  for (const RuleHit& hit : decision.rules) {
    if (!out.empty()) out += "; ";
    if (hit.because_unknown.empty()) {
      out += hit.id + ": " + hit.titles.en;
      continue;
    }
    const auto& unknown = hit.because_unknown;
    out += "can't rule out " + hit.id + ": " + join(unknown, ", ") + (unknown.size() == 1 ? " is" : " are") +
           " unknown";
  }
  return out;
}

}  // namespace

Decision Policy::decide(const Query& query) const {
  Scratch scratch;
  Decision out;
  out.effect = matcher_->decide(query, scratch);
  for (const uint32_t rule : scratch.rules()) out.rules.push_back(hit(rule, query));
  for (const BoundObligation& bound : scratch.obligations())
    out.obligations.push_back(to_obligation(spec_of(bound)));
  std::sort(out.obligations.begin(), out.obligations.end(), [](const Obligation& a, const Obligation& b) {
    return std::tie(a.name, a.parameters) < std::tie(b.name, b.parameters);
  });
  out.reason = reason_of(out);
  return out;
}

Decision Policy::decide(const Request& request, Date today) const {
  return decide(matcher_->query(request, today));
}

}  // namespace hetao::policy
