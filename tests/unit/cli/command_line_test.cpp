#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/cli/program.h"

namespace hetao::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kNowhere = "https://127.0.0.1:9";  // the discard port: nobody listens

TEST(CommandLine, WrongUsageIsOneLineAndExit2) {
  const Program hetao;
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"sumbit"},
                                                       {"submit"},
                                                       {"jobs", "--lmit", "3"},
                                                       {"review", "approve", "x"},
                                                       {"job"},
                                                       {"certs", "init"},
                                                       {"--lang", "xx", "jobs"},
                                                       {"completion", "fish"},
                                                       {"audit", "show", "x"}};
  for (const auto& words : wrong) {
    const Said said = hetao.run(words);
    EXPECT_EQ(said.code, 2) << testing::PrintToString(words) << said.err;
    EXPECT_THAT(said.err, StartsWith("hetao: "));
    EXPECT_EQ(lines_of(said.err), 1U) << said.err;
    EXPECT_TRUE(said.out.empty()) << said.out;
  }
}

TEST(CommandLine, HelpShowsExamplesAndExitCodes) {
  const Program hetao;
  const Said said = hetao.run({"--help"});
  EXPECT_EQ(said.code, 0);
  EXPECT_THAT(said.out, HasSubstr("Examples:"));
  EXPECT_THAT(said.out, HasSubstr("8 gateway unreachable"));
  EXPECT_THAT(hetao.run({"--version"}).out, StartsWith("hetao "));
}

TEST(CommandLine, GlobalFlagsStandBeforeOrAfterTheCommand) {
  const Program hetao;
  EXPECT_EQ(hetao.run({"--gateway", kNowhere, "jobs"}).code, 8);
  EXPECT_EQ(hetao.run({"jobs", "--gateway", kNowhere}).code, 8);
  EXPECT_EQ(hetao.run({"review", "list", "--gateway", kNowhere}).code, 8);
  EXPECT_EQ(hetao.run({"jobs"}, "", {{"HETAO_GATEWAY", kNowhere}}).code, 8);
}

TEST(CommandLine, ErrorsAreObjectsWithJson) {
  const Program hetao;
  const Said said = hetao.run({"--json", "jobs", "--gateway", kNowhere});
  EXPECT_EQ(said.code, 8);
  EXPECT_TRUE(said.out.empty());
  const json::object error = object_of(said.err).at("error").as_object();
  EXPECT_EQ(error.at("code"), "unreachable");
  EXPECT_TRUE(error.contains("message"));
  EXPECT_TRUE(error.contains("hint"));
}

TEST(CommandLine, AGatewayMustBeNamedAndSpeakHttps) {
  const Program hetao;
  const Said none = hetao.run({"jobs"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("HETAO_GATEWAY"));
  EXPECT_NE(hetao.run({"jobs", "--gateway", "http://127.0.0.1:9"}).code, 0);
}

TEST(CommandLine, AMissingTokenFileIsNamed) {
  const Program hetao;
  const Said said = hetao.run({"jobs", "--gateway", kNowhere, "--token-file", "nothing.jwt"});
  EXPECT_NE(said.code, 0);
  EXPECT_NE(said.code, 8);
  EXPECT_THAT(said.err, HasSubstr("nothing.jwt"));
}

TEST(CommandLine, CompletionIsAScriptThatBashTakes) {
  const Program hetao;
  const Said said = hetao.run({"completion", "bash"});
  EXPECT_EQ(said.code, 0);
  hetao.write(
      "complete.sh",
      said.out + "\nCOMP_WORDS=(hetao policy di); COMP_CWORD=2; _hetao; echo \"${COMPREPLY[@]}\" > done\n");
  ASSERT_EQ(std::system(("cd " + hetao.folder() + " && bash complete.sh").c_str()), 0);
  EXPECT_EQ(hetao.read("done"), "diff\n");
}

TEST(CommandLine, CompletionInBashKnowsThatAValueIsNoCommand) {
  const Program hetao;
  hetao.write("complete.sh", hetao.run({"completion", "bash"}).out +
                                 "\nCOMP_WORDS=(hetao --gateway https://a job lo); COMP_CWORD=4; _hetao\n"
                                 "echo \"${COMPREPLY[@]}\" > done\n");
  ASSERT_EQ(std::system(("cd " + hetao.folder() + " && bash complete.sh").c_str()), 0);
  EXPECT_EQ(hetao.read("done"), "logs\n");
}

// What zsh's own functions would be given: the completion system itself needs a terminal.
std::string zsh_completes(const Program& hetao, const std::string& words) {
  hetao.write("complete.zsh", "compdef() { print compdef $* > loaded }\n" +
                                  hetao.run({"completion", "zsh"}).out +
                                  "_describe() { print -l -- \"${(@P)@[-1]}\" > done }\n"
                                  "_files() { print files > done }\n"
                                  "words=(" +
                                  words + ") CURRENT=${#words}\n_hetao\n");
  EXPECT_EQ(std::system(("cd " + hetao.folder() + " && zsh -f complete.zsh").c_str()), 0);
  return hetao.read("done");
}

TEST(CommandLine, CompletionIsAScriptThatZshTakes) {
  if (std::system("command -v zsh >/dev/null") != 0) GTEST_SKIP() << "no zsh here";
  const Program hetao;
  EXPECT_THAT(zsh_completes(hetao, "hetao ''"), HasSubstr("submit:submit a job file"));
  EXPECT_EQ(hetao.read("loaded"), "compdef _hetao hetao\n");
  EXPECT_THAT(zsh_completes(hetao, "hetao policy di"), HasSubstr("diff:"));
  EXPECT_THAT(zsh_completes(hetao, "hetao --gateway https://a --json job lo"), HasSubstr("logs:"));
  const std::string options = zsh_completes(hetao, "hetao job logs x -");
  EXPECT_THAT(options, HasSubstr("--follow:"));
  EXPECT_THAT(options, HasSubstr("-f:"));
  EXPECT_THAT(options, HasSubstr("--gateway:"));
  EXPECT_EQ(zsh_completes(hetao, "hetao submit j"), "files\n");
  EXPECT_EQ(zsh_completes(hetao, "hetao --ca c"), "files\n");
  EXPECT_EQ(zsh_completes(hetao, "hetao nonsense ''"), zsh_completes(hetao, "hetao ''"));
}

}  // namespace
}  // namespace hetao::cli
