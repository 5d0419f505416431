// Any text as a pack: what loads also compiles or says why not, decides, and decides as the naive evaluator.
// Of a small one the analysis ends within its budget, and each example of a diff differs as its case says.
#include "gateway/base/check.h"
#include "policy/diff.h"
#include "policy/explain.h"
#include "policy/lint.h"
#include "policy/policy.h"
#include "policy/tests_runner.h"
#include "tests/unit/policy/naive.h"

namespace {

void analyse(const hetao::policy::LoadedPack& pack, hetao::Date today) {
  using namespace hetao::policy;
  LintOptions options;
  options.today = today;
  options.nodes_max = 2'000;
  (void)lint(pack, options);
  if (pack.rules.empty()) return;
  LoadedPack less = pack;
  less.rules.pop_back();
  for (const size_t whole_max : {size_t{100}, size_t{0}}) {
    const Diff found = diff(pack, less, {.nodes_max = 2'000, .cases_max = 20, .whole_max = whole_max});
    HETAO_CHECK(found.changed || found.cases.empty());
    for (const DiffCase& one : found.cases) {
      HETAO_CHECK(naive::decide(pack, one.example, today).effect == one.from);
      HETAO_CHECK(naive::decide(less, one.example, today).effect == one.to);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao::policy;
  constexpr hetao::Date kToday{20'780};
  auto pack = load_pack({{"pack.yaml", std::string(reinterpret_cast<const char*>(data), size)}});
  if (!pack) {
    HETAO_CHECK(!pack.error().empty());
    return 0;
  }
  const auto policy = Policy::compile(std::move(*pack));
  if (!policy) return 0;
  for (const PackTest& test : policy->pack().tests) {
    const Decision decision = policy->decide(test.request, kToday);
    const naive::Outcome expected = naive::decide(policy->pack(), test.request, kToday);
    HETAO_CHECK(decision.effect == expected.effect);
    HETAO_CHECK(decision.rules.size() == expected.rules.size());
  }
  (void)run_tests(*policy, kToday);
  if (policy->pack().rules.size() < 10) {
    (void)explain(*policy, Request(), kToday);
    analyse(policy->pack(), kToday);
  }
  return 0;
}
