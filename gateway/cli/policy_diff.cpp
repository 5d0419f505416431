#include "gateway/cli/policy_diff.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>
#include <tuple>

#include "gateway/base/text.h"
#include "policy/wire.h"

namespace hetao::cli {

namespace {

constexpr size_t kShownMax = 5;  // cases of a group

std::string words_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (!value.is_array()) return json::serialize(value);
  std::vector<std::string> out;
  for (const json::value& each : value.get_array()) out.push_back(words_of(each));
  return join(out, ", ");
}

}  // namespace

// A test in words: "data.grade is one of public, general (or is unknown)".
std::string case_phrase(const policy::CaseTest& test) {
  static const std::map<std::string, std::string, std::less<>> kWords = {
      {"in", "is one of"}, {"not_in", "is none of"}, {"gte", "from"},
      {"lt", "below"},     {"contains_all", "has"},  {"contains_none", "has none of"}};
  if (!test.test.is_object()) return test.attribute + " is " + words_of(test.test);
  std::vector<std::string> parts;
  std::string tail;
  for (const auto& [name, value] : test.test.get_object()) {
    const std::string key(name);
    const auto word = kWords.find(key);
    if (word != kWords.end()) {
      parts.push_back(word->second + " " + words_of(value));
    } else if (key == "or_unknown" || key == "or_absent") {
      tail += key == "or_unknown" ? " (or is unknown)" : " (or is absent)";
    } else if (key == "known" || key == "unknown" || key == "absent") {
      parts.push_back("is " + key);
    } else {
      parts.push_back(key + " " + json::serialize(value));
    }
  }
  return test.attribute + " " + join(parts, " and ") + tail;
}

namespace {

std::string obligations_of(const std::vector<policy::ObligationSpec>& all) {
  std::vector<std::string> out;
  for (const policy::ObligationSpec& spec : all) {
    const policy::Obligation obligation = policy::to_obligation(spec);
    std::string one = obligation.name;
    for (const auto& [name, value] : obligation.parameters) one += " " + name + "=" + value;
    out.push_back(std::move(one));
  }
  return out.empty() ? "none" : join(out, ", ");
}

using Group = std::vector<const policy::DiffCase*>;

void print_cases(const Context& context, const Group& group, const std::map<std::string, size_t>& said) {
  for (size_t i = 0; i < std::min(group.size(), kShownMax); ++i) {
    std::vector<std::string> own;
    for (const policy::CaseTest& test : group[i]->when) {
      const std::string text = case_phrase(test);
      if (said.at(text) != group.size()) own.push_back(text);
    }
    if (!own.empty()) context.print("  - " + join(own, "; "));
    if (!group[i]->whole)
      context.print(context.dim("    where no rule that stays as it is decides otherwise"));
    context.print(context.dim("    for example " + json::serialize(policy::to_json(group[i]->example))));
  }
  if (group.size() > kShownMax)
    context.print("  - and " + std::to_string(group.size() - kShownMax) + " more (--json lists them)");
}

void print_group(const Context& context, const Group& group) {
  const policy::DiffCase& first = *group.front();
  const auto effect = [&](policy::Effect e) { return context.verdict(policy::to_word(e)); };
  context.print(effect(first.from) + " → " + effect(first.to) + ": " + std::to_string(group.size()) +
                (group.size() == 1 ? " case" : " cases"));
  if (first.from == first.to) {
    context.print("  obligations before: " + obligations_of(first.from_obligations));
    context.print("  obligations after:  " + obligations_of(first.to_obligations));
  }
  std::map<std::string, size_t> said;
  for (const policy::DiffCase* one : group) {
    for (const policy::CaseTest& test : one->when) ++said[case_phrase(test)];
  }
  std::vector<std::string> common;
  for (const auto& [text, times] : said) {
    if (times == group.size()) common.push_back(text);
  }
  context.print("  when " + (common.empty() ? "any of these holds" : join(common, "\n   and ")));
  print_cases(context, group, said);
}

// Those that say least are the widest.
Group widest_first(Group group) {
  std::sort(group.begin(), group.end(), [](const auto* a, const auto* b) {
    return a->when.size() != b->when.size() ? a->when.size() < b->when.size() : a < b;  // both in one list
  });
  return group;
}

}  // namespace

void print_diff(const Context& context, const policy::Diff& found) {
  if (!found.changed) return context.print("no change: proved for every request");
  using Key = std::tuple<policy::Effect, policy::Effect, std::vector<policy::ObligationSpec>,
                         std::vector<policy::ObligationSpec>>;
  std::vector<Key> order;  // as the diff has them: what is loosened first
  std::map<Key, Group> groups;
  for (const policy::DiffCase& one : found.cases) {
    Key key{one.from, one.to, one.from_obligations, one.to_obligations};
    Group& group = groups[key];
    if (group.empty()) order.push_back(std::move(key));
    group.push_back(&one);
  }
  for (const bool same_effect : {false, true}) {  // other decisions before other obligations
    for (const Key& key : order) {
      if ((std::get<0>(key) == std::get<1>(key)) == same_effect)
        print_group(context, widest_first(groups[key]));
    }
  }
  if (found.gave_up) {
    return context.print(context.warn(
        "gave up: the analysis ran out of its budget; there may be differences that are not listed"));
  }
  const auto total = static_cast<uint64_t>(found.cases_total);
  std::string last = std::to_string(total) + " cases change, and nothing else does";
  if (total > found.cases.size()) last += " (" + std::to_string(found.cases.size()) + " are listed)";
  context.print(last);
}

}  // namespace hetao::cli
