// Runs a pack's own tests. Pure.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"

namespace hetao::policy {

struct TestFailure {
  std::string id;
  std::string title;
  Place place;
  std::string message;  // "expected forbid by F05, got hold by H01: ..."
};

struct TestReport {
  size_t run = 0;
  std::vector<TestFailure> failures;
  std::vector<std::string> unexercised;  // rules that made no test's decision, in the pack's order
  bool passed() const { return failures.empty(); }
};

TestReport run_tests(const Policy& policy, Date today);

}  // namespace hetao::policy
