// Who may submit when there is too much.
#include "gateway/api/admission.h"

#include <gtest/gtest.h>

#include <vector>

namespace hetao::api {
namespace {

TEST(Admission, LeavesRoomForTheNextTenant) {
  const Admission admission;
  EXPECT_FALSE(admission.ask("szu", {.all = 49, .tenant = 49, .most = 100}));
  const auto away = admission.ask("szu", {.all = 50, .tenant = 50, .most = 100});
  ASSERT_TRUE(away) << "one tenant alone gets half";
  EXPECT_EQ(away->status, 429);
  EXPECT_GT(away->retry_after_seconds, 0);
  EXPECT_FALSE(admission.ask("hku", {.all = 50, .tenant = 0, .most = 100}));
  EXPECT_FALSE(admission.ask("hku", {.all = 74, .tenant = 25, .most = 100}));
  EXPECT_TRUE(admission.ask("hku", {.all = 75, .tenant = 25, .most = 100}));
}

TEST(Admission, SaysHowManyMoreItTakes) {
  const Admission admission;
  for (OpenJobs open : {OpenJobs{0, 0, 100}, OpenJobs{50, 50, 100}, OpenJobs{50, 0, 100},
                        OpenJobs{75, 25, 101}, OpenJobs{120, 3, 100}}) {
    const size_t further = further_jobs(open);
    size_t taken = 0;
    while (!admission.ask("hku", open)) ++open.all, ++open.tenant, ++taken;
    EXPECT_EQ(further, taken);
  }
}

TEST(Admission, TurnsEverybodyAwayWhenThereIsNoRoom) {
  const Admission admission;
  const auto away = admission.ask("hku", {.all = 100, .tenant = 0, .most = 100});
  ASSERT_TRUE(away);
  EXPECT_EQ(away->status, 503);
}

TEST(Admission, SharesWhatIsUnderWayEvenly) {
  Admission admission;
  const OpenJobs few{.all = 0, .tenant = 0, .most = 1'000'000};
  std::vector<Admission::Place> flood;
  while (!admission.ask("szu", few)) flood.push_back(admission.enter("szu"));
  EXPECT_EQ(flood.size(), Admission::kUnderWayMax);
  // A second tenant comes in at once, up to an even share; the first has to shrink to its own.
  std::vector<Admission::Place> other;
  while (!admission.ask("hku", few)) other.push_back(admission.enter("hku"));
  EXPECT_EQ(other.size(), Admission::kUnderWayMax / 2);
  while (flood.size() > Admission::kUnderWayMax / 2) flood.pop_back();
  EXPECT_EQ(admission.ask("szu", few)->status, 429);
  flood.pop_back();
  EXPECT_FALSE(admission.ask("szu", few));
  other.clear();
  EXPECT_FALSE(admission.ask("szu", few)) << "what is given back may be used again";
}

}  // namespace
}  // namespace hetao::api
