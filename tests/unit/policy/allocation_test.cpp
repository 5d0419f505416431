// A decision takes no memory, counted rather than believed: a program of its own, because it counts for all.
#include <gtest/gtest.h>

#include "policy/policy.h"
#include "tests/bench/policy/count_allocations.h"
#include "tests/bench/policy/model.h"

namespace hetao::policy {
namespace {

constexpr Date kToday{20'780};  // 2026-11-23

// As a gateway decides: the request's texts into a query, the deciding rules and obligations out.
void decide_all(const Policy& policy, const std::vector<Request>& requests, Query& query, Scratch& scratch) {
  for (const Request& request : requests) {
    query.clear();
    for (const auto& [name, value] : request.attributes()) {
      const size_t slot = policy.slot(name);
      if (const auto* flag = std::get_if<bool>(&value)) query.set(slot, *flag);
      if (const auto* number = std::get_if<int64_t>(&value)) query.set(slot, *number);
      if (const auto* text = std::get_if<std::string>(&value)) query.set(slot, *text);
      if (const auto* members = std::get_if<std::vector<std::string>>(&value)) {
        for (const std::string& member : *members) query.add_member(slot, member);
      }
    }
    (void)policy.decide(query, scratch);
  }
}

TEST(Allocation, AWarmDecisionTakesNoMemory) {
  for (const size_t rules : {size_t{14}, size_t{2'000}}) {
    bench::Model model(rules);
    auto pack = load_pack({{"pack.yaml", model.yaml()}});
    ASSERT_TRUE(pack.has_value());
    const auto policy = Policy::compile(std::move(*pack));
    ASSERT_TRUE(policy.has_value());
    std::vector<Request> requests;
    for (int i = 0; i < 1'000; ++i) requests.push_back(model.request());
    for (int i = 0; i < 1'000; ++i) {  // what is not said makes forbids and holds that can't be ruled out
      requests.push_back(model.request());
      requests.back().erase(i % 2 == 0 ? "data.grade" : "exporter.tenant");
    }
    Query query = policy->query(kToday);
    Scratch scratch;
    const uint64_t cold = allocations.load();
    decide_all(*policy, requests, query, scratch);
    EXPECT_GT(allocations.load(), cold);  // the counter counts
    const uint64_t warm = allocations.load();
    decide_all(*policy, requests, query, scratch);
    EXPECT_EQ(allocations.load(), warm);
  }
}

}  // namespace
}  // namespace hetao::policy
