// The policy language as an obviously right, slow evaluator: walks the conditions as written, one rule after
// the other. Shares nothing with the compiler but the loader's types. The specification that the compiled
// policy is compared with.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/base/text.h"
#include "policy/pack.h"

namespace hetao::policy::naive {

enum class Truth { kFalse, kUnknown, kTrue };

struct Outcome {
  Effect effect = Effect::kForbid;
  std::vector<std::string> rules;
  std::vector<ObligationSpec> obligations;
};

class Evaluator {
 public:
  Evaluator(const LoadedPack& pack, const Request& request, Date today)
      : pack_(pack), request_(request), today_(today) {}

  Outcome decide() const {
    std::vector<std::string> forbids, holds, maybe, permits;
    Outcome out;
    std::vector<ObligationSpec> obligations;
    for (const Rule& rule : pack_.rules) {
      const Truth truth = rule_truth(rule);
      const bool applies =
          truth == Truth::kTrue || (truth == Truth::kUnknown && rule.effect == Effect::kHold);
      if (applies) {
        for (const ObligationSpec& spec : rule.obligations) merge(obligations, spec);
      }
      if (truth == Truth::kFalse) continue;
      if (truth == Truth::kUnknown) {
        if (rule.effect != Effect::kPermit) maybe.push_back(rule.id);
      } else {
        (rule.effect == Effect::kForbid ? forbids
         : rule.effect == Effect::kHold ? holds
                                        : permits)
            .push_back(rule.id);
      }
    }
    if (!forbids.empty()) return {Effect::kForbid, forbids, {}};
    std::sort(obligations.begin(), obligations.end());
    if (!holds.empty() || !maybe.empty()) {
      holds.insert(holds.end(), maybe.begin(), maybe.end());
      return {Effect::kHold, holds, obligations};
    }
    if (!permits.empty()) return {Effect::kPermit, permits, obligations};
    return {pack_.default_effect, {}, {}};
  }

  Truth rule_truth(const Rule& rule) const {
    std::vector<Truth> parts = {truth(rule.when)};
    if (rule.unless) parts.push_back(negate(truth(*rule.unless)));
    const int32_t day = date().days;
    parts.push_back(of(!rule.valid.from || rule.valid.from->days <= day));
    parts.push_back(of(!rule.valid.until || day < rule.valid.until->days));
    return *std::min_element(parts.begin(), parts.end());
  }

 private:
  static Truth of(bool b) { return b ? Truth::kTrue : Truth::kFalse; }
  static Truth negate(Truth t) { return t == Truth::kUnknown ? t : of(t == Truth::kFalse); }

  static void merge(std::vector<ObligationSpec>& list, const ObligationSpec& added) {
    for (ObligationSpec& have : list) {
      if (have.kind != added.kind || have.key != added.key) continue;
      const std::string name = to_word(have.kind);
      std::set<std::string> names(have.names.begin(), have.names.end());
      if (name == "inspect" || name == "delete-after") have.amount = std::min(have.amount, added.amount);
      if (name == "keep-record" || name == "review" || name == "min-group" || name == "k-anonymity")
        have.amount = std::max(have.amount, added.amount);
      if (name == "mask") names.insert(added.names.begin(), added.names.end());
      if (name == "residency") {
        std::set<std::string> common;
        for (const auto& n : added.names)
          if (names.count(n) != 0) common.insert(n);
        names = common;
      }
      have.names.assign(names.begin(), names.end());
      return;
    }
    list.push_back(added);
  }

  Date date() const {
    const Value* said = request_.find("time.date");
    if (said != nullptr) {
      if (const auto* text = std::get_if<std::string>(said)) {
        if (const auto day = parse_date(*text)) return *day;
      }
    }
    return today_;
  }

  Truth truth(const Condition& c) const {
    switch (c.kind) {
      case Condition::Kind::kTest:
        return truth(c.test);
      case Condition::Kind::kAll: {
        Truth out = Truth::kTrue;
        for (const auto& m : c.members) out = std::min(out, truth(m));
        return out;
      }
      case Condition::Kind::kAny:
      case Condition::Kind::kNone: {
        Truth out = Truth::kFalse;
        for (const auto& m : c.members) out = std::max(out, truth(m));
        return c.kind == Condition::Kind::kAny ? out : negate(out);
      }
    }
    return Truth::kUnknown;
  }

  std::optional<Value> value_of(const Attribute& a) const {
    if (a.name == "time.date") return Value(to_string(date()));
    const Value* said = request_.find(a.name);
    if (said != nullptr && check_attribute(a.name, *said, pack_.schema)) return *said;
    if (a.type == Type::kSet) return Value(std::vector<std::string>{});
    if (said != nullptr) return std::nullopt;  // a value that the type does not allow
    if (a.name.starts_with("parameter.")) return pack_.parameters.at(a.name.substr(10)).value;
    if (!a.absent.empty()) return Value(a.absent);
    return std::nullopt;
  }

  Truth truth(const Test& t) const {
    const Attribute& a = pack_.attributes[t.attribute];
    const auto value = value_of(a);
    if (!value) return Truth::kUnknown;
    return of(holds(t, a, *value) != t.negated);
  }

  static bool holds(const Test& t, const Attribute& a, const Value& value) {
    if (const auto* set = std::get_if<std::vector<std::string>>(&value)) {
      const auto has = [&](const std::string& s) {
        return std::find(set->begin(), set->end(), s) != set->end();
      };
      return t.op == Operator::kContainsAll ? std::all_of(t.texts.begin(), t.texts.end(), has)
                                            : std::any_of(t.texts.begin(), t.texts.end(), has);
    }
    if (const auto* text = std::get_if<std::string>(&value); text != nullptr && a.type != Type::kDate) {
      if (t.op == Operator::kMatches)
        return std::any_of(t.texts.begin(), t.texts.end(),
                           [&](const auto& g) { return glob_match(g, *text); });
      return std::find(t.texts.begin(), t.texts.end(), *text) != t.texts.end();
    }
    int64_t number = 0;
    if (const auto* flag = std::get_if<bool>(&value)) number = *flag ? 1 : 0;
    if (const auto* n = std::get_if<int64_t>(&value)) number = *n;
    if (const auto* text = std::get_if<std::string>(&value)) number = parse_date(*text)->days;
    if (t.op == Operator::kRange) return t.low <= number && number <= t.high;
    return std::find(t.numbers.begin(), t.numbers.end(), number) != t.numbers.end();
  }

  const LoadedPack& pack_;
  const Request& request_;
  Date today_;
};

inline Outcome decide(const LoadedPack& pack, const Request& request, Date today) {
  return Evaluator(pack, request, today).decide();
}

}  // namespace hetao::policy::naive
