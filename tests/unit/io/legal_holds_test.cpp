#include "gateway/io/legal_holds.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

constexpr Instant kNow{1'795'000'000'000'000};

class LegalHoldsTest : public ::testing::Test {
 protected:
  std::string path() const { return folder.path() + "/holds"; }
  LegalHolds open() const { return std::move(LegalHolds::open(path())).value(); }

  testing_support::TemporaryFolder folder;
};

LegalHold about(std::string matter, std::vector<std::string> people) {
  return {std::move(matter), "a court asks", "office/u-0", kNow, std::move(people), {}, false};
}

TEST_F(LegalHoldsTest, EachMatterHoldsByItselfAndOverARestart) {
  {
    LegalHolds holds = open();
    ASSERT_TRUE(holds.place(about("HCA 12/2026", {"hku/u-1", "hku/u-2"})));
    ASSERT_TRUE(holds.place(about("case 7", {"hku/u-1"})));
    EXPECT_FALSE(holds.place(about("case 7", {"hku/u-3"})));
    EXPECT_EQ(holds.reasons("hku/u-1"), "HCA 12/2026: a court asks; case 7: a court asks");
    ASSERT_TRUE(holds.lift("HCA 12/2026"));
  }
  LegalHolds holds = open();
  EXPECT_EQ(holds.reasons("hku/u-1"), "case 7: a court asks");
  EXPECT_EQ(holds.reasons("hku/u-2"), "");
  EXPECT_EQ(holds.lift("HCA 12/2026").error().code, ErrorCode::kNotFound);
}

TEST_F(LegalHoldsTest, CoversTenantsAndEverybody) {
  LegalHolds holds = open();
  LegalHold hold = about("tender", {});
  EXPECT_EQ(holds.place(hold).error().code, ErrorCode::kUsage);
  hold.tenants = {"hku"};
  ASSERT_TRUE(holds.place(hold));
  EXPECT_NE(holds.reasons("hku/u-1"), "");
  EXPECT_EQ(holds.reasons("hkust/u-1"), "");
  hold = about("inquiry", {});
  hold.everybody = true;
  ASSERT_TRUE(holds.place(hold));
  EXPECT_NE(holds.reasons("hkust/u-1"), "");
}

TEST_F(LegalHoldsTest, AFileThatIsNotWholeIsNoReasonToEraseAnybody) {
  {
    LegalHolds holds = open();
    ASSERT_TRUE(holds.place(about("case 7", {"hku/u-1"})));
  }
  std::ifstream file(path());
  const std::string whole(std::istreambuf_iterator<char>(file), {});
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    std::ofstream(path()) << whole.substr(0, cut);
    EXPECT_EQ(LegalHolds::open(path()).error().code, ErrorCode::kVerification) << cut;
  }
  for (const char* bad : {"{}", "[1]", R"([{"matter":"x"}])"}) {
    std::ofstream(path()) << bad;
    EXPECT_FALSE(LegalHolds::open(path())) << bad;
  }
}

}  // namespace
}  // namespace hetao::io
