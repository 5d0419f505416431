// A pack is read whole or not at all: what is left out in silence could be the rule that forbids.
#include "gateway/files/pack_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/unit/io/temporary_folder.h"

namespace hetao::files {

namespace {

using testing_support::spill;
using testing_support::TemporaryFolder;

class PackFolder : public ::testing::Test {
 protected:
  PackFolder() {
    spill(pack_ / "pack.yaml", "policy: p\nversion: 1\n");
    spill(elsewhere_ / "rules/a.yaml", kForbids);
  }

  // The one mistake's line; empty: the folder was read.
  std::string mistake() const {
    const auto files = read_pack_folder(pack_.path());
    if (files) return {};
    EXPECT_EQ(files.error().size(), 1U);
    return to_line(files.error().front());
  }

  static constexpr const char* kForbids =
      "rules:\n  - {id: F, effect: forbid, title: t, when: {action: cross}}\n";
  TemporaryFolder pack_;
  TemporaryFolder elsewhere_;
};

TEST_F(PackFolder, ALinkToAFileIsReadAsTheFile) {
  std::filesystem::create_directory(pack_ / "rules");
  std::filesystem::create_symlink(elsewhere_ / "rules/a.yaml", pack_ / "rules/a.yaml");
  const auto files = read_pack_folder(pack_.path());
  ASSERT_TRUE(files.has_value());
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ(files->back().name, "rules/a.yaml");
  EXPECT_EQ(files->back().text, kForbids);
}

TEST_F(PackFolder, ALinkToAFolderOfRulesIsRefused) {
  std::filesystem::create_directory_symlink(elsewhere_ / "rules", pack_ / "rules");
  EXPECT_NE(mistake().find(pack_ / "rules: a symbolic link that leads to no file"), std::string::npos)
      << mistake();
}

TEST_F(PackFolder, ALinkToNowhereIsRefused) {
  std::filesystem::create_directory(pack_ / "rules");
  std::filesystem::create_symlink(elsewhere_ / "gone.yaml", pack_ / "rules/a.yaml");
  EXPECT_NE(mistake().find("rules/a.yaml"), std::string::npos) << mistake();
}

TEST_F(PackFolder, WhatIsNoFileIsRefused) {
  std::filesystem::create_directory(pack_ / "rules");
  ASSERT_EQ(::mkfifo((pack_ / "rules/a.yaml").c_str(), 0600), 0);
  EXPECT_NE(mistake().find("is no file that can be read"), std::string::npos) << mistake();
}

}  // namespace

}  // namespace hetao::files
