#include "gateway/io/adopt_files.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

using testing_support::slurp;
using testing_support::spill;

class AdoptFilesTest : public ::testing::Test {
 protected:
  testing_support::TemporaryFolder folder;
  const std::string old_place = folder / "old";
  const std::string new_place = folder / "shared/new";
};

TEST_F(AdoptFilesTest, WhatOneNodeKeptIsWhereAllNodesLook) {
  spill(old_place + "/a", "cursor");
  spill(old_place + "/b", std::string("\0text", 5));
  ASSERT_TRUE(adopt_files(old_place, new_place));
  EXPECT_EQ(slurp(new_place + "/a"), "cursor");
  EXPECT_EQ(slurp(new_place + "/b"), std::string("\0text", 5));
  EXPECT_FALSE(std::filesystem::exists(old_place));
}

TEST_F(AdoptFilesTest, WhatIsThereIsNewerAndStays) {
  spill(old_place + "/a", "old");
  spill(new_place + "/a", "new");
  ASSERT_TRUE(adopt_files(old_place, new_place));
  EXPECT_EQ(slurp(new_place + "/a"), "new");
  EXPECT_FALSE(std::filesystem::exists(old_place)) << "or the next start would look at it again";
}

TEST_F(AdoptFilesTest, OnePlaceAloneIsLeftAsItIs) {
  spill(old_place + "/a", "text");
  ASSERT_TRUE(adopt_files(old_place, old_place));
  EXPECT_EQ(slurp(old_place + "/a"), "text");
  ASSERT_TRUE(adopt_files(folder / "nothing", new_place));
  EXPECT_FALSE(std::filesystem::exists(new_place));
}

// A crash between two files leaves both folders: the next start goes on.
TEST_F(AdoptFilesTest, WhatAnEarlierStartBeganIsEnded) {
  spill(new_place + "/a", "text");
  spill(old_place + "/a", "text");
  spill(old_place + "/b", "more");
  ASSERT_TRUE(adopt_files(old_place, new_place));
  EXPECT_EQ(slurp(new_place + "/b"), "more");
  EXPECT_FALSE(std::filesystem::exists(old_place));
}

TEST_F(AdoptFilesTest, WhatCantBeWrittenStaysWhereItWas) {
  spill(old_place + "/a", "text");
  spill(folder / "shared", "a file where a folder is wanted");
  EXPECT_FALSE(adopt_files(old_place, new_place));
  EXPECT_EQ(slurp(old_place + "/a"), "text");
}

}  // namespace
}  // namespace hetao::io
