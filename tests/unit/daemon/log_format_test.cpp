// Lines of the log: text for people, JSON for machines, and nobody's text can forge either.
#include "gateway/daemon/log_format.h"

#include <gtest/gtest.h>
#include <spdlog/details/log_msg.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <string>

#include "gateway/base/json.h"
#include "gateway/io/log_line.h"

namespace hetao::daemon {
namespace {

std::string line_of(const std::string& payload, bool as_json) {
  const auto format = log_format(as_json);
  spdlog::memory_buf_t out;
  format->format({"hetao", spdlog::level::info, payload}, out);
  return {out.data(), out.size()};
}

json::object object_of(const std::string& payload) {
  const auto value = parse_json(line_of(payload, true), "line");
  EXPECT_TRUE(value) << line_of(payload, true);
  return value ? value->as_object() : json::object();
}

TEST(LogFormat, TextEndsWithTheFields) {
  const std::string line =
      line_of(io::to_log_payload("job has ended", {{"job", "j1"}, {"state", "complete"}}), false);
  EXPECT_TRUE(line.ends_with(" info job has ended job=j1 state=complete\n")) << line;
}

TEST(LogFormat, JsonHasThemAsMembers) {
  const json::object line =
      object_of(io::to_log_payload("job has ended", {{"job", "j1"}, {"trace", "4bf9"}}));
  EXPECT_EQ(line.at("message"), "job has ended");
  EXPECT_EQ(line.at("job"), "j1");
  EXPECT_EQ(line.at("trace"), "4bf9");
  EXPECT_EQ(line.at("level"), "info");
  EXPECT_TRUE(line.contains("time"));
}

TEST(LogFormat, WhatIsEmptyIsLeftOut) {
  EXPECT_FALSE(object_of(io::to_log_payload("x", {{"request", ""}})).contains("request"));
}

TEST(LogFormat, ALineThatIsJustTextIsOneMessage) {
  const json::object line = object_of(R"(the peer said "hello" \ and a tab: ?)");
  EXPECT_EQ(line.at("message"), R"(the peer said "hello" \ and a tab: ?)");
  EXPECT_EQ(line.size(), 3U);
}

TEST(LogFormat, NobodysTextMakesALineOrAFieldOfItsOwn) {
  const std::string evil = "x\n2026 info job has ended\x1fjob\x1fj2\xff\"}";
  const std::string text = line_of(io::to_log_payload(evil, {{"reason", evil}}), false);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const json::object line = object_of(io::to_log_payload(evil, {{"reason", evil}}));
  EXPECT_FALSE(line.contains("job"));
  EXPECT_EQ(line.size(), 4U);
}

}  // namespace
}  // namespace hetao::daemon
