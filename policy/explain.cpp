#include "policy/explain.h"

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <tuple>

#include "gateway/base/text.h"
#include "policy/matcher.h"
#include "policy/phrases.h"

namespace hetao::policy {

namespace {

constexpr size_t kDecisionsMax = 4'000;  // tried requests
constexpr size_t kAlternativesMax = 5;
constexpr size_t kChangesMax = 6;       // attributes of one alternative
constexpr size_t kGroupsMax = 3;        // things to bring about in one alternative
constexpr size_t kValuesTriedMax = 12;  // of one attribute, at one step

// Searches requests near the given one, those with the fewest changes first.
class Search {
 public:
  Search(const Matcher& matcher, const Query& query)
      : matcher_(matcher),
        query_(query),
        start_(matcher.classes(query).begin(), matcher.classes(query).end()) {}

  bool run();                               // false: gave up
  using Changes = std::map<size_t, Class>;  // slot: new class
  const std::vector<Changes>& found() const { return found_; }

 private:
  using Cost = std::pair<size_t, size_t>;  // groups, attributes
  struct Candidate {
    Cost cost;
    Changes changes;
    bool operator>(const Candidate& other) const {
      return std::tie(cost, changes) > std::tie(other.cost, other.changes);
    }
  };

  Cost cost_of(const Changes& changes) const;
  void push(Changes changes);
  void expand(const Changes& changes, Query& query, Effect effect, const Scratch& scratch);
  void lift(const Changes& changes, uint32_t rule, const Query& query);
  void reach_permits(const Changes& changes);
  void reach(const Changes& changes, const Case& permit);
  bool may_change(size_t slot, Class now) const;
  bool may_become(size_t slot, Class value) const;
  bool stands_together(const Changes& changes, size_t groups) const;
  std::vector<Class> values(size_t slot, Class now) const;
  Class now_at(const Changes& changes, size_t slot) const;
  std::optional<Class> preferred(size_t slot, const ClassSet& accepted, Class now) const;
  bool is_covered(const Changes& changes) const;

  const Matcher& matcher_;
  const Query& query_;
  std::vector<Class> start_;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> open_;
  std::set<Changes> seen_;
  std::vector<Changes> found_;
};

Search::Cost Search::cost_of(const Changes& changes) const {
  std::set<std::string> groups;
  for (const auto& [slot, _] : changes) {
    const Attribute& attribute = matcher_.domain(slot).attribute();
    groups.insert(attribute.group.empty() ? attribute.name : attribute.group);
  }
  return {groups.size(), changes.size()};
}

bool Search::may_change(size_t slot, Class now) const {
  const Domain& domain = matcher_.domain(slot);
  if (domain.is_set() || slot == matcher_.date_slot()) return false;
  switch (domain.attribute().change) {
    case Change::kNever:
      return false;
    case Change::kIfUnknown:
      return now == kUnknownClass;
    case Change::kFreely:
      return true;
  }
  return false;
}

// Whether people would want this value, see Attribute::proposed.
bool Search::may_become(size_t slot, Class value) const {
  const Domain& domain = matcher_.domain(slot);
  const std::vector<std::string>& proposed = domain.attribute().proposed;
  const Value example = domain.example(value);
  // Less than nothing is only what is left of a mechanism, and nobody wants it to run out.
  if (const auto* number = std::get_if<int64_t>(&example); number != nullptr && *number < 0) return false;
  return proposed.empty() || std::find(proposed.begin(), proposed.end(), to_text(example)) != proposed.end();
}

bool Search::stands_together(const Changes& changes, size_t groups) const {
  return groups < 2 ||
         std::none_of(
             changes.begin(), changes.end(),
             [&](const auto& change) { return matcher_.domain(change.first).attribute().proposed_alone; });
}

Class Search::now_at(const Changes& changes, size_t slot) const {
  const auto at = changes.find(slot);
  return at == changes.end() ? start_[slot] : at->second;
}

// Classes worth trying instead of the present one: all of a few, else those nearest.
std::vector<Class> Search::values(size_t slot, Class now) const {
  std::vector<Class> out;
  for (Class c = 1; c < matcher_.domain(slot).known_end(); ++c) {
    if (c != now && may_become(slot, c)) out.push_back(c);
  }
  const auto distance = [&](Class c) { return c > now ? c - now : now - c; };
  std::sort(out.begin(), out.end(), [&](Class a, Class b) {
    return std::make_pair(distance(a), a) < std::make_pair(distance(b), b);
  });
  if (out.size() > kValuesTriedMax) out.resize(kValuesTriedMax);
  return out;
}

std::optional<Class> Search::preferred(size_t slot, const ClassSet& accepted, Class now) const {
  for (const Class c : values(slot, now)) {
    if (accepted.contains(c)) return c;
  }
  const ClassSet known = accepted.intersect(ClassSet::range(1, matcher_.domain(slot).known_end()));
  if (known.empty() || !may_become(slot, known.first())) return std::nullopt;
  return known.first();
}

bool Search::is_covered(const Changes& changes) const {
  return std::any_of(found_.begin(), found_.end(), [&](const Changes& smaller) {
    return std::includes(changes.begin(), changes.end(), smaller.begin(), smaller.end());
  });
}

void Search::push(Changes changes) {
  std::erase_if(changes, [&](const auto& change) { return start_[change.first] == change.second; });
  const Cost cost = cost_of(changes);
  if (cost.first > kGroupsMax || cost.second > kChangesMax || is_covered(changes)) return;
  if (!stands_together(changes, cost.first)) return;
  if (!seen_.insert(changes).second) return;
  open_.push({cost, std::move(changes)});
}

// Changes that make one case of a blocking rule false: the first that still holds. The others come after it.
void Search::lift(const Changes& changes, uint32_t rule, const Query& query) {
  const auto& cases = matcher_.cases()[rule].possible;
  const auto holds = [&](const Case& one) {
    return matcher_.sets_hold(one, query) &&
           std::all_of(one.accepts.begin(), one.accepts.end(),
                       [&](const Accept& a) { return a.classes.contains(now_at(changes, a.slot)); });
  };
  const auto first = std::find_if(cases.begin(), cases.end(), holds);
  if (first == cases.end()) return;
  for (const Accept& accept : first->accepts) {
    if (!may_change(accept.slot, start_[accept.slot])) continue;
    for (const Class c : values(accept.slot, now_at(changes, accept.slot))) {
      if (accept.classes.contains(c)) continue;
      Changes next = changes;
      next[accept.slot] = c;
      push(std::move(next));
    }
  }
}

// Changes that make one case of a permit true.
void Search::reach(const Changes& changes, const Case& permit) {
  Changes next = changes;
  for (const Accept& accept : permit.accepts) {
    const Class now = now_at(changes, accept.slot);
    if (accept.classes.contains(now)) continue;
    if (!may_change(accept.slot, start_[accept.slot])) return;
    const auto value = preferred(accept.slot, accept.classes, now);
    if (!value) return;
    next[accept.slot] = *value;
  }
  if (matcher_.sets_hold(permit, query_)) push(std::move(next));
}

void Search::reach_permits(const Changes& changes) {
  for (const RuleCases& rule : matcher_.cases()) {
    if (rule.effect != Effect::kPermit) continue;
    for (const Case& one : rule.certain) reach(changes, one);
  }
}

void Search::expand(const Changes& changes, Query& query, Effect effect, const Scratch& scratch) {
  if (effect == Effect::kPermit) {
    if (!is_covered(changes)) found_.push_back(changes);
    return;
  }
  if (scratch.rules().empty()) return reach_permits(changes);
  lift(changes, scratch.rules().front(), query);
}

bool Search::run() {
  Scratch scratch;
  push({});
  reach_permits({});
  for (size_t tried = 0; !open_.empty() && found_.size() < kAlternativesMax; ++tried) {
    if (tried == kDecisionsMax) return false;
    const Candidate next = open_.top();
    open_.pop();
    Query query = query_;
    for (const auto& [slot, value] : next.changes) matcher_.set_class(query, slot, value);
    const Effect effect = matcher_.decide(query, scratch);
    expand(next.changes, query, effect, scratch);
  }
  return true;
}

std::string value_text(const Domain& domain, Class value) {
  if (value == kUnknownClass) return "";
  const json::value said = domain.describe(ClassSet::one(value));
  if (!said.is_object()) return to_text(domain.example(value));
  const json::object& bounds = said.get_object();
  std::string out;
  const auto add = [&](const char* key, const char* sign) {
    const json::value* bound = bounds.if_contains(key);
    if (bound == nullptr) return;
    if (!out.empty()) out += " and ";
    out += std::string(sign) + " " +
           (bound->is_string() ? std::string(bound->get_string()) : std::to_string(bound->get_int64()));
  };
  add("gte", ">=");
  add("lt", "<");
  return out.empty() ? to_text(domain.example(value)) : out;
}

Alternative alternative_of(const Search::Changes& changes, const Matcher& matcher, const Query& query,
                           const Request& request) {
  Alternative out;
  for (const auto& [slot, value] : changes) {
    const Domain& domain = matcher.domain(slot);
    AttributeChange change;
    change.attribute = domain.attribute().name;
    const Value* now = request.find(change.attribute);
    if (now != nullptr && matcher.classes(query)[slot] != kUnknownClass) change.from = to_text(*now);
    change.to = value_text(domain, value);
    out.changes.push_back(std::move(change));
  }
  for (AttributeChange& change : out.changes) {
    const auto slot = matcher.universe().find(change.attribute);
    change.text = phrase_for(matcher.domain(*slot).attribute(), change.to, out.changes);
  }
  return out;
}

}  // namespace

std::string Alternative::text(std::string_view language) const {
  std::vector<std::string> parts;
  for (const AttributeChange& change : changes) {
    if (const std::string& words = change.text.in(language); !words.empty()) parts.push_back(words);
  }
  return join(parts, language == "zh-Hans" ? "，并且" : language == "zh-Hant" ? "，並且" : " and ");
}

Explanation explain(const Policy& policy, const Request& request, Date today) {
  const Matcher& matcher = *policy.matcher_;
  const Query query = matcher.query(request, today);
  Explanation out;
  out.decision = policy.decide(query);
  std::vector<std::pair<int, RuleHit>> matching;
  for (uint32_t i = 0; i < policy.pack().rules.size(); ++i) {
    const Truth truth = matcher.truth(i, query);
    const bool permit = policy.pack().rules[i].effect == Effect::kPermit;
    if (truth == Truth::kFalse || (permit && truth == Truth::kUnknown)) continue;
    RuleHit hit = policy.hit(i, query);
    const int order = -2 * static_cast<int>(hit.effect) + (hit.because_unknown.empty() ? 0 : 1);
    matching.emplace_back(order, std::move(hit));
  }
  for (int order = -4; order <= 1; ++order) {
    for (auto& [at, hit] : matching) {
      if (at == order) out.matching.push_back(std::move(hit));
    }
  }
  if (out.decision.effect == Effect::kPermit) return out;
  Search search(matcher, query);
  out.gave_up = !search.run();
  std::set<std::string> said;  // what reads the same is the same to a person
  for (const Search::Changes& changes : search.found()) {
    Alternative alternative = alternative_of(changes, matcher, query, request);
    if (said.insert(alternative.text("en")).second) out.changes.push_back(std::move(alternative));
  }
  return out;
}

}  // namespace hetao::policy
