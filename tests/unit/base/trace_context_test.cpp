// W3C Trace Context: what is read, what is as if it were not there, and what is written.
#include "gateway/base/trace_context.h"

#include <gtest/gtest.h>

namespace hetao {
namespace {

// The recommendation's own example.
constexpr std::string_view kExample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, WhatIsReadIsWrittenAgain) {
  const auto read = parse_traceparent(kExample);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->sampled);
  EXPECT_EQ(to_traceparent(*read), kExample);
  const auto quiet = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  ASSERT_TRUE(quiet);
  EXPECT_FALSE(quiet->sampled);
}

TEST(TraceContext, OtherFlagsAreLeft) {
  const auto read = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe");
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->sampled);
}

TEST(TraceContext, ALaterVersionIsReadAsFarAsItIsKnown) {
  EXPECT_EQ(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-is-new"),
            parse_traceparent(kExample));
  EXPECT_EQ(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            parse_traceparent(kExample));
  EXPECT_FALSE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what-is-new"));
}

TEST(TraceContext, WhatIsInvalidIsNothing) {
  for (const std::string_view text : {
           "",
           "00",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
           "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
           " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
       })
    EXPECT_FALSE(parse_traceparent(text)) << text;
}

}  // namespace
}  // namespace hetao
