#include "policy/lint.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "gateway/base/text.h"
#include "policy/analysis.h"

namespace hetao::policy {

namespace {

constexpr size_t kOthersMax = 5;

// The default's outcome becomes one that the rule does not have, so that a rule which decides as the default
// does can be seen.
void tell_default_apart(Pieces& pieces, const Rule& rule) {
  for (OutcomeClass& outcome : pieces.outcomes) {
    if (outcome.rank == OutcomeClass::kDefault)
      outcome.effect = rule.effect == Effect::kPermit ? Effect::kForbid : Effect::kPermit;
  }
}

class Linter {
 public:
  Linter(const LoadedPack& pack, const LintOptions& options) : pack_(&pack), options_(options) {}
  std::vector<Finding> run();

 private:
  void add(Severity severity, std::string code, const Rule& rule, std::string message, std::string hint = {},
           std::vector<std::string> others = {});
  // What can be said of the text alone.
  void check_texts();
  void check_days(const Rule& rule);
  void check_parameters();
  void check_condition(const Rule& rule, const Condition& condition, bool negated);
  void check_test(const Rule& rule, const Condition& condition, bool negated);
  void check_turn(const Rule& rule, const Condition& condition);
  // What needs all possible requests.
  void find_cases();
  void find_repeated();
  void check_effects();
  bool check_effect(uint32_t rule);
  void check_contradictions();
  void check_gaps();
  struct Threshold {
    const Case* one = nullptr;
    uint32_t rule = 0;
  };
  void check_gaps_of(const std::vector<Threshold>& alike, size_t slot);
  void check_gap(const Threshold& low, const Threshold& high, size_t slot, Class begin, Class end);
  bool stronger_cover(uint32_t rule);
  std::vector<std::string> covering(uint32_t rule, bool stronger) const;
  const Rule& rule(uint32_t index) const { return pack_->rules[index]; }

  const LoadedPack* pack_;
  LintOptions options_;
  std::vector<Finding> findings_;
  std::optional<Universe> universe_;
  Pieces pieces_;
  std::vector<bool> repeated_;  // a piece: another rule says just the same
  std::vector<RuleCases> cases_;
};

void Linter::add(Severity severity, std::string code, const Rule& about, std::string message,
                 std::string hint, std::vector<std::string> others) {
  findings_.push_back({severity, std::move(code), about.id, about.place, std::move(message), std::move(hint),
                       std::move(others)});
}

void Linter::check_texts() {
  for (const Rule& each : pack_->rules) {
    if (each.title.zh_hans.empty() || each.title.zh_hant.empty())
      add(Severity::kNote, "missing-title", each, each.id + " has no title in every language",
          "add zh-Hans and zh-Hant");
    if (each.basis.empty())
      add(Severity::kNote, "missing-basis", each, each.id + " names no legal basis", "add `basis:`");
    check_days(each);
    check_condition(each, each.when, false);
    if (each.unless) check_condition(each, *each.unless, true);
  }
}

void Linter::check_days(const Rule& each) {
  const auto& [from, until] = each.valid;
  if (until && *until <= options_.today) {
    add(Severity::kWarning, "expired", each,
        each.id + " applied until " + to_string(*until) + " and does nothing any more",
        "remove it, or renew `valid`");
  } else if (until && until->days - options_.today.days <= options_.expires_within_days) {
    add(Severity::kWarning, "expires-soon", each,
        each.id + " stops applying on " + to_string(*until) +
            ": decisions change then without anyone's doing");
  }
  if (from && *from > options_.today && from->days - options_.today.days <= options_.expires_within_days) {
    add(Severity::kNote, "starts-soon", each,
        each.id + " starts applying on " + to_string(*from) +
            ": decisions change then without anyone's doing");
  }
}

void Linter::check_parameters() {
  for (const auto& [name, parameter] : pack_->parameters) {
    const auto& until = parameter.valid.until;
    if (until && *until <= options_.today) {
      findings_.push_back({Severity::kWarning,
                           "expired",
                           "",
                           parameter.place,
                           "the parameter " + name + " was valid until " + to_string(*until),
                           "check its value",
                           {}});
    } else if (until && until->days - options_.today.days <= options_.expires_within_days) {
      findings_.push_back({Severity::kWarning,
                           "expires-soon",
                           "",
                           parameter.place,
                           "the parameter " + name + " is valid until " + to_string(*until),
                           "check its value",
                           {}});
    }
    if (!parameter.used) {
      findings_.push_back({Severity::kNote,
                           "unused-parameter",
                           "",
                           parameter.place,
                           "no rule uses the parameter " + name,
                           {},
                           {}});
    }
  }
}

void Linter::check_condition(const Rule& each, const Condition& condition, bool negated) {
  if (condition.kind == Condition::Kind::kTest) return check_test(each, condition, negated);
  const bool turned = negated != (condition.kind == Condition::Kind::kNone);
  for (const Condition& member : condition.members) check_condition(each, member, turned);
}

// A day from which a test of the date says otherwise.
void Linter::check_turn(const Rule& each, const Condition& condition) {
  const Test& test = condition.test;
  std::vector<int64_t> days = test.numbers;
  for (const int64_t day : test.numbers) days.push_back(day + 1);
  if (test.op == Operator::kRange) {
    days.push_back(test.low);
    if (test.high < INT64_MAX) days.push_back(test.high + 1);
  }
  for (const int64_t day : days) {
    if (day <= options_.today.days || day > int64_t{options_.today.days} + options_.expires_within_days)
      continue;
    findings_.push_back({Severity::kWarning,
                         "turns-soon",
                         each.id,
                         condition.place,
                         each.id + " tests the date, and says otherwise from " +
                             to_string(Date{static_cast<int32_t>(day)}) +
                             ": decisions change then without anyone's doing",
                         {},
                         {}});
    return;
  }
}

void Linter::check_test(const Rule& each, const Condition& condition, bool negated) {
  const Attribute& attribute = pack_->attributes[condition.test.attribute];
  const Test& test = condition.test;
  if (attribute.name == "time.date") check_turn(each, condition);
  if (attribute.type == Type::kEnum || test.op == Operator::kMatches) return;
  for (const std::string& text : test.texts) {
    if (attribute.values.empty() ||
        std::find(attribute.values.begin(), attribute.values.end(), text) != attribute.values.end())
      continue;
    const std::string near = nearest_name(text, attribute.values);
    if (near.empty() || attribute.type == Type::kJurisdiction) continue;
    findings_.push_back(
        {Severity::kWarning,
         "unknown-value",
         each.id,
         condition.place,
         each.id + " tests " + attribute.name + " for \"" + text + "\", which is not well known",
         "did you mean " + near + "? Otherwise declare it in pack.yaml's attributes",
         {}});
  }
  const bool open = attribute.type == Type::kString || attribute.type == Type::kPlace ||
                    attribute.type == Type::kJurisdiction || attribute.type == Type::kSet;
  if (each.effect == Effect::kPermit && open && test.op != Operator::kRange && negated != test.negated) {
    findings_.push_back({Severity::kNote,
                         "negative-permit",
                         each.id,
                         condition.place,
                         each.id + " permits any " + attribute.name +
                             " but the ones it names, those that nobody thought of too",
                         "name what is permitted, if that can be said",
                         {}});
  }
}

// Pieces that another rule has as well: taking one of the rules away changes nothing there.
void Linter::find_repeated() {
  std::vector<size_t> order(pieces_.pieces.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto compared = [&](size_t a, size_t b) {
    const Piece& one = pieces_.pieces[a];
    const Piece& other = pieces_.pieces[b];
    if (one.outcome != other.outcome) return one.outcome < other.outcome ? -1 : 1;
    return compare(*one.condition, *other.condition);
  };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return compared(a, b) < 0; });
  repeated_.resize(order.size());
  for (size_t i = 1; i < order.size(); ++i) {
    if (compared(order[i - 1], order[i]) == 0) repeated_[order[i]] = repeated_[order[i - 1]] = true;
  }
}

void Linter::find_cases() {
  const LoadedPack* const packs[] = {pack_};
  auto universe = Universe::of(packs);
  if (!universe) {
    for (const Diagnostic& d : universe.error())
      findings_.push_back(
          {Severity::kWarning, "gave-up", "", {d.file, d.line, d.column}, d.message, d.hint, {}});
    return;
  }
  universe_ = std::move(*universe);
  pieces_.add(*pack_, 0, *universe_, kBothSides);
  find_repeated();
  for (uint32_t i = 0; i < pack_->rules.size(); ++i) {
    auto cases = cases_of(*pack_, 0, i, *universe_);
    if (!cases) {
      add(Severity::kWarning, "gave-up", rule(i), rule(i).id + " has too many cases when it is written out",
          "split it");
      cases = RuleCases{i, rule(i).effect, {}, {}};
    } else if (cases->certain.empty()) {
      add(Severity::kWarning, "never-matches", rule(i),
          rule(i).id + " can never match: its conditions contradict each other");
    }
    cases_.push_back(std::move(*cases));
  }
}

// Rules whose cases cover the given rule's, for the message.
std::vector<std::string> Linter::covering(uint32_t index, bool stronger) const {
  std::vector<std::string> out;
  for (uint32_t other = 0; other < cases_.size() && out.size() < kOthersMax; ++other) {
    if (other == index || (stronger && rule(other).effect <= rule(index).effect)) continue;
    const bool covers =
        std::any_of(cases_[index].certain.begin(), cases_[index].certain.end(), [&](const Case& mine) {
          return std::any_of(cases_[other].certain.begin(), cases_[other].certain.end(),
                             [&](const Case& theirs) { return implies(mine, theirs); });
        });
    if (covers && rule(other).effect >= rule(index).effect) out.push_back(rule(other).id);
  }
  return out;
}

// Whether rules with a stronger effect cover all of the rule: then it can never decide.
bool Linter::stronger_cover(uint32_t index) {
  Pieces some = pieces_;
  const auto mine_rank =
      rule(index).effect == Effect::kPermit ? OutcomeClass::kPermits : OutcomeClass::kHolds;
  std::erase_if(some.pieces, [&](const Piece& piece) {
    const auto rank = some.outcomes[piece.outcome].rank;
    return piece.rule != index && rank != OutcomeClass::kDefault && rank <= mine_rank;
  });
  for (Piece& piece : some.pieces) {
    if (piece.rule == index) piece.sides = kBefore;
  }
  tell_default_apart(some, rule(index));
  return Comparison(*universe_, some, options_.nodes_max).differs() == false;
}

// Whether taking the rule away changes anything. False: the budget ended.
bool Linter::check_effect(uint32_t index) {
  Pieces without = pieces_;
  for (size_t i = 0; i < without.pieces.size(); ++i) {
    if (without.pieces[i].rule == index && !repeated_[i]) without.pieces[i].sides = kBefore;
  }
  const auto differs = Comparison(*universe_, without, options_.nodes_max).differs();
  if (!differs) return false;
  if (*differs) return true;
  if (cases_[index].certain.empty()) return true;  // reported already
  // A rule that says what the default says still names the reason: that is no mistake.
  tell_default_apart(without, rule(index));
  const auto decides = Comparison(*universe_, without, options_.nodes_max).differs();
  if (!decides) return false;
  if (*decides) {
    add(Severity::kNote, "as-default", rule(index),
        rule(index).id + " decides nothing but what the pack's default would: it only names the reason");
  } else if (rule(index).effect != Effect::kForbid && stronger_cover(index)) {
    add(Severity::kWarning, "shadowed", rule(index),
        rule(index).id + " never decides: stronger rules cover everything that it matches",
        "remove it, or narrow them", covering(index, true));
  } else {
    add(Severity::kWarning, "redundant", rule(index),
        rule(index).id + " changes nothing: other rules decide the same wherever it matches", "remove it",
        covering(index, false));
  }
  return true;
}

void Linter::check_effects() {
  std::vector<std::string> open;
  for (uint32_t i = 0; i < cases_.size(); ++i) {
    if (!check_effect(i)) open.push_back(rule(i).id);
  }
  if (open.empty()) return;
  const std::vector<std::string> shown(
      open.begin(), open.begin() + static_cast<std::ptrdiff_t>(std::min(open.size(), kOthersMax)));
  findings_.push_back({Severity::kNote,
                       "gave-up",
                       open.size() == 1 ? open[0] : "",
                       {"pack.yaml", 0, 0},
                       "the budget ended before it was known whether " + std::to_string(open.size()) +
                           " rules can change an outcome: " + join(shown, ", "),
                       {},
                       shown});
}

void Linter::check_contradictions() {
  std::map<std::vector<Case>, uint32_t> first;
  for (const RuleCases& each : cases_) {
    if (each.certain.empty()) continue;
    const auto [at, fresh] = first.emplace(each.certain, each.rule);
    if (fresh || rule(at->second).effect == each.effect) continue;
    const Rule& one = rule(each.rule);
    const Rule& other = rule(at->second);
    add(Severity::kWarning, "contradictory", one,
        one.id + " has the same conditions as " + other.id + ", but " + to_word(one.effect) + " for " +
            to_word(other.effect),
        "the stricter one always wins: keep one of them", {other.id});
  }
}

// Two cases that differ in one number alone, with numbers [begin, end) between them: does every request
// there match some rule?
void Linter::check_gap(const Threshold& low, const Threshold& high, size_t slot, Class begin, Class end) {
  Pieces cover = pieces_;
  cover.outcomes = {{OutcomeClass::kDefault, Effect::kPermit, {}},
                    {OutcomeClass::kForbids, Effect::kForbid, {}}};
  for (Piece& piece : cover.pieces) piece.outcome = piece.rule == Piece::kNoRule ? 0 : 1;
  Case gap = *low.one;
  for (Accept& accept : gap.accepts) {
    if (accept.slot == slot) accept.classes = ClassSet::range(begin, end);
  }
  cover.pieces.push_back({cover.keep(formula_of(gap)), 1, kBefore, Piece::kNoRule});
  if (Comparison(*universe_, cover, options_.nodes_max).differs() != true) return;
  const Domain& domain = universe_->domains()[slot];
  const json::value said = domain.describe(ClassSet::range(begin, end));
  const std::string words = said.is_object() ? canonical_json(said) : to_text(domain.example(begin));
  add(Severity::kWarning, "gap", rule(low.rule),
      rule(low.rule).id + " and " + rule(high.rule).id + " leave a gap: " + domain.attribute().name + " " +
          words + " is decided by no rule",
      "let the two thresholds meet", {rule(high.rule).id});
}

void Linter::check_gaps_of(const std::vector<Threshold>& alike, size_t slot) {
  const auto ranges = [&](const Threshold& each) {
    const auto at = std::find_if(each.one->accepts.begin(), each.one->accepts.end(),
                                 [&](const Accept& a) { return a.slot == slot; });
    return at->classes.ranges();
  };
  for (const Threshold& low : alike) {
    const Class begin = ranges(low).back().end;
    if (begin <= 1) continue;         // matches the unknown alone
    const Threshold* next = nullptr;  // what begins soonest after it
    Class end = UINT32_MAX;
    for (const Threshold& high : alike) {
      for (const auto& range : ranges(high)) {
        if (range.begin < begin || range.begin >= end) continue;
        end = range.begin;
        next = &high;
      }
    }
    if (next != nullptr && end > begin && next->rule != low.rule) check_gap(low, *next, slot, begin, end);
  }
}

void Linter::check_gaps() {
  // Cases by what they say besides one number.
  std::map<std::pair<size_t, Case>, std::vector<Threshold>> alike;
  const auto add = [&](const RuleCases& rule, const Case& one) {
    for (const Accept& accept : one.accepts) {
      if (universe_->domains()[accept.slot].attribute().type != Type::kInteger) continue;
      Case rest = one;
      std::erase_if(rest.accepts, [&](const Accept& a) { return a.slot == accept.slot; });
      alike[{accept.slot, std::move(rest)}].push_back({&one, rule.rule});
    }
  };
  for (const RuleCases& rule : cases_) {
    if (rule.effect != Effect::kHold) {
      for (const Case& one : rule.certain) add(rule, one);
    }
    if (rule.effect == Effect::kPermit || rule.possible == rule.certain) continue;
    for (const Case& one : rule.possible) add(rule, one);
  }
  for (const auto& [key, list] : alike) check_gaps_of(list, key.first);
}

std::vector<Finding> Linter::run() {
  check_texts();
  check_parameters();
  find_cases();
  if (universe_) {
    check_effects();
    check_contradictions();
    check_gaps();
  }
  std::sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
    return std::tie(b.severity, a.place.file, a.place.line, a.place.column, a.code, a.message) <
           std::tie(a.severity, b.place.file, b.place.line, b.place.column, b.code, b.message);
  });
  return std::move(findings_);
}

}  // namespace

std::vector<Finding> lint(const LoadedPack& pack, const LintOptions& options) {
  return Linter(pack, options).run();
}

}  // namespace hetao::policy
