// Any text as a pack: what loads also compiles or says why not, decides, and decides as the naive evaluator.
#include "gateway/base/check.h"
#include "policy/explain.h"
#include "policy/policy.h"
#include "policy/tests_runner.h"
#include "tests/unit/policy/naive.h"

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
  if (policy->pack().rules.size() < 10) (void)explain(*policy, Request(), kToday);
  return 0;
}
