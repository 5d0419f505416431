#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "gateway/platforms/platform.h"

namespace hetao::platforms {
namespace {

using testing::HasSubstr;

RunStatus full_status() {
  RunStatus status;
  status.key = "job-7.1";
  status.state = RunState::kEnded;
  status.started = {1};
  status.ended = {9};
  status.executors = {{{2}, {3}, 0, 0, EndReason::kExited, "", 1'000, 4'096, 5, 6},
                      {{4}, {8}, 137, 9, EndReason::kMemory, "too much", 7, 8, 9, 10}};
  status.outputs = {{{{"/out/a\nb", 12, "out/0.0"}}, ""}, {{}, "nothing is there"}};
  status.failure = "executor 1: too much";
  status.notes = {"one", "two"};
  return status;
}

TEST(RunStatus, ReadsBackWhatItPrints) {
  const auto read = parse_run_status(json::serialize(to_json(full_status())));
  ASSERT_TRUE(read) << to_line(read.error());
  EXPECT_EQ(*read, full_status());
}

TEST(RunStatus, EveryWordReadsBack) {
  for (int i = 0; i <= static_cast<int>(EndReason::kSandbox); ++i) {
    RunStatus status = full_status();
    status.executors[0].reason = static_cast<EndReason>(i);
    EXPECT_EQ(parse_run_status(json::serialize(to_json(status))), status);
  }
  for (int i = 0; i <= static_cast<int>(RunState::kLost); ++i) {
    RunStatus status = full_status();
    status.state = static_cast<RunState>(i);
    EXPECT_EQ(parse_run_status(json::serialize(to_json(status))), status);
  }
}

TEST(RunStatus, OnlyEndedCancelledAndLostAreFinal) {
  EXPECT_FALSE(is_final(RunState::kHeld));
  EXPECT_FALSE(is_final(RunState::kReleased));
  EXPECT_FALSE(is_final(RunState::kRunning));
  EXPECT_TRUE(is_final(RunState::kEnded));
  EXPECT_TRUE(is_final(RunState::kCancelled));
  EXPECT_TRUE(is_final(RunState::kLost));
}

TEST(RunStatus, EveryOneByteCutIsRefused) {
  const std::string text = json::serialize(to_json(full_status()));
  for (size_t length = 0; length < text.size(); ++length)
    EXPECT_FALSE(parse_run_status(text.substr(0, length)));
}

TEST(RunStatus, OutOfRangeAndUnknownAreRefused) {
  const std::string text = json::serialize(to_json(full_status()));
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    const auto read = parse_run_status(changed);
    return read ? std::string("accepted") : to_line(read.error());
  };
  EXPECT_THAT(with("\"exit_code\":137", "\"exit_code\":256"),
              HasSubstr("executors[1].exit_code: is not between"));
  EXPECT_THAT(with("\"signal\":9", "\"signal\":-1"), HasSubstr("executors[1].signal"));
  EXPECT_THAT(with("\"ended\"", "\"done\""), HasSubstr("state: is \"done\""));
  EXPECT_THAT(with("\"bytes\":12", "\"bytes\":-1"), HasSubstr("outputs[0].files"));
  EXPECT_THAT(with("\"failure\"", "\"failures\""), HasSubstr("failures: is not a known member"));
  EXPECT_THAT(with("job-7.1", "../../x"), HasSubstr("run key"));
}

}  // namespace
}  // namespace hetao::platforms
