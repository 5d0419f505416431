#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/cli/program.h"

namespace hetao::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Manual, APageHasItsOptionsAndWhatTheyTake) {
  const Program hetao;
  const Said page = hetao.run({"manual", "submit"});
  EXPECT_EQ(page.code, 0) << page.err;
  EXPECT_THAT(page.out, StartsWith(".TH HETAO\\-SUBMIT 1"));
  EXPECT_THAT(page.out, HasSubstr("\\fBhetao submit\\fR [\\fIOPTIONS\\fR] \\fIJOB\\fR"));
  EXPECT_THAT(page.out, HasSubstr("\\fB\\-\\-dry\\-run\\fR"));
  EXPECT_THAT(hetao.run({"manual", "job"}).out, HasSubstr(".SS job logs"));
  EXPECT_THAT(hetao.run({"manual", "completion"}).out, HasSubstr("one of bash,zsh"));
  EXPECT_THAT(hetao.run({"manual"}).out, HasSubstr("\\fBHETAO_GATEWAY\\fR"));
  EXPECT_EQ(hetao.run({"manual", "sumbit"}).code, 2);
}

TEST(Manual, EveryCommandHasAPageThatManReads) {
  const Program hetao;
  ASSERT_EQ(hetao.run({"manual", "-o", hetao.path("man")}).code, 0);
  size_t pages = 0;
  for (const auto& file : std::filesystem::directory_iterator(hetao.path("man"))) {
    ++pages;
    const std::string name = "man/" + file.path().filename().string();
    EXPECT_THAT(hetao.read(name), StartsWith(".TH HETAO")) << name;
    if (std::system("command -v groff >/dev/null") != 0) continue;
    const std::string rendered = hetao.path("rendered");
    ASSERT_EQ(
        std::system(
            ("groff -Kutf8 -man -ww -Tutf8 " + file.path().string() + " >" + rendered + " 2>&1").c_str()),
        0);
    EXPECT_EQ(hetao.read("rendered").find("warning:"), std::string::npos) << hetao.read("rendered");
    EXPECT_THAT(hetao.read("rendered"), HasSubstr("hetao")) << name;
  }
  EXPECT_GT(pages, 20U);
}

}  // namespace
}  // namespace hetao::cli
