#include "gateway/history/history.h"

#include <array>

#include "gateway/history/rules.h"

namespace hetao::history {

namespace {

constexpr size_t kFindingsOfARule = 100;

constexpr std::array kRules = std::to_array<Rule>({
    {"ledger-extends", ledger_extends},
    {"permit-before-departure", permit_before_departure},
    {"permit-before-arrival", permit_before_arrival},
    {"refusal-is-final", refusal_is_final},
    {"holds-move-by-review", holds_move_by_review},
    {"nobody-reviews-their-own", nobody_reviews_their_own},
    {"decided-under-the-policy-in-force", decided_under_the_policy_in_force},
    {"booked-once", booked_once},
    {"arrival-has-departure", arrival_has_departure},
    {"deleted-once-after-arrival", deleted_once_after_arrival},
    {"states-follow-the-table", states_follow_the_table},
    {"one-start-an-attempt", one_start_an_attempt},
    {"one-start-a-job", one_start_a_job},
    {"acknowledged-is-kept", acknowledged_is_kept},
    {"every-job-ends", every_job_ends},
    {"books-match", books_match},
    {"nothing-left-behind", nothing_left_behind},
});

}  // namespace

std::span<const Rule> rules() {
  return kRules;
}

Findings check(const History& history) {
  Findings all;
  for (const Rule& rule : kRules) {
    Findings found;
    rule.check(history, rule.name, found);
    if (found.size() > kFindingsOfARule) found.resize(kFindingsOfARule);
    for (Finding& one : found) all.push_back(std::move(one));
  }
  return all;
}

}  // namespace hetao::history
