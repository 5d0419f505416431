#include "policy/tests_runner.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace hetao::policy {

namespace {

std::vector<std::string> ids_of(const Decision& decision) {
  std::vector<std::string> ids;
  for (const RuleHit& hit : decision.rules) ids.push_back(hit.id);
  return ids;
}

std::string by(const std::vector<std::string>& ids) {
  return ids.empty() ? " by no rule" : " by " + join(ids, ", ");
}

std::vector<std::string> names_of(const Decision& decision) {
  std::vector<std::string> names;
  for (const Obligation& obligation : decision.obligations) names.push_back(obligation.name);
  return names;
}

// Empty: it passed.
std::string failure_of(const PackTest& test, const Decision& decision) {
  const std::vector<std::string> ids = ids_of(decision);
  const bool named = std::all_of(test.rules.begin(), test.rules.end(), [&](const std::string& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  });
  const bool rules_right = !test.rules_given || (test.exactly ? ids == test.rules : named);
  if (decision.effect != test.decision || !rules_right) {
    return std::string("expected ") + to_word(test.decision) + (test.rules_given ? by(test.rules) : "") +
           ", got " + to_word(decision.effect) + by(ids) + ": " + decision.reason;
  }
  if (test.obligations && *test.obligations != names_of(decision)) {
    return "expected the obligations [" + join(*test.obligations, ", ") + "], got [" +
           join(names_of(decision), ", ") + "]";
  }
  return {};
}

}  // namespace

TestReport run_tests(const Policy& policy, Date today) {
  TestReport report;
  std::vector<std::string> exercised;
  for (const PackTest& test : policy.pack().tests) {
    const Decision decision = policy.decide(test.request, today);
    ++report.run;
    for (std::string& id : ids_of(decision)) exercised.push_back(std::move(id));
    if (std::string message = failure_of(test, decision); !message.empty())
      report.failures.push_back({test.id, test.title, test.place, std::move(message)});
  }
  std::sort(exercised.begin(), exercised.end());
  for (const Rule& rule : policy.pack().rules) {
    if (!std::binary_search(exercised.begin(), exercised.end(), rule.id))
      report.unexercised.push_back(rule.id);
  }
  return report;
}

}  // namespace hetao::policy
