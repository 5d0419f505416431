#include "gateway/api/labels.h"

#include <gtest/gtest.h>

#include "gateway/federation/facts.h"

namespace hetao::api {
namespace {

struct Read {
  google::protobuf::RepeatedPtrField<pb::Fact> facts;
  tes::Mistakes mistakes;
};

Read read(const char* text) {
  Read out;
  const auto value = parse_json(text, "labels");
  out.facts = read_labels(value->get_object(), policy::Schema::built_in(), out.mistakes);
  return out;
}

TEST(Labels, AreTypedAndSorted) {
  const Read out =
      read(R"({"data.personal": "sensitive", "data.grade": "general", "data.subjects_ordinary": 12,
                            "data.sectors": ["health", "education"], "consent.separate": true})");
  ASSERT_TRUE(out.mistakes.empty()) << to_line(out.mistakes.front());
  ASSERT_EQ(out.facts.size(), 5);
  EXPECT_EQ(out.facts.Get(0).name(), "consent.separate");
  EXPECT_EQ(federation::flag_of(out.facts, "consent.separate"), true);
  EXPECT_EQ(federation::number_of(out.facts, "data.subjects_ordinary"), 12);
  EXPECT_EQ(federation::text_of(out.facts, "data.grade"), "general");
  EXPECT_EQ(federation::set_of(out.facts, "data.sectors"), (std::vector<std::string>{"education", "health"}));
}

TEST(Labels, AllMistakesAreNamed) {
  const Read out =
      read(R"({"data.garde": "general", "data.grade": "topmost", "data.subjects_ordinary": "many",
                            "crossing.to": "HK"})");
  ASSERT_EQ(out.mistakes.size(), 4U);
  EXPECT_EQ(out.mistakes[0].pointer, "/labels/data.garde");
  EXPECT_NE(out.mistakes[0].hint.find("data.grade"), std::string::npos);
  EXPECT_EQ(out.mistakes[1].pointer, "/labels/data.grade");
  EXPECT_EQ(out.mistakes[3].pointer, "/labels/crossing.to");
  EXPECT_EQ(out.mistakes[3].message, "is no label of data");
}

}  // namespace
}  // namespace hetao::api
