// The YAML reader: what it accepts, what it refuses, and where it says the mistake is.
#include <gtest/gtest.h>

#include "gateway/base/limits.h"
#include "policy/yaml_reader.h"

namespace hetao::policy {
namespace {

std::string refusal(std::string_view text) {
  const auto parsed = parse_yaml(text, "f.yaml");
  if (parsed) return "accepted";
  std::string out;
  for (const Diagnostic& d : parsed.error()) out += (out.empty() ? "" : "\n") + to_line(d);
  return out;
}

TEST(Yaml, NodesKnowTheirPlaces) {
  const auto root = parse_yaml("a: 1\nb:\n  - x\n  - {c: \"2\"}\n", "f.yaml");
  ASSERT_TRUE(root);
  ASSERT_TRUE(root->is_map());
  EXPECT_EQ(root->entries[1].key, "b");
  EXPECT_EQ(root->entries[1].line, 2);
  const Node& list = root->entries[1].value;
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_EQ(list.items[0].line, 3);
  EXPECT_EQ(list.items[0].column, 5);
  const Node* c = list.items[1].find("c");
  ASSERT_NE(c, nullptr);
  EXPECT_TRUE(c->quoted);
  EXPECT_EQ(c->line, 4);
}

TEST(Yaml, AnEmptyTextIsANullNode) {
  EXPECT_EQ(parse_yaml("", "f")->kind, Node::Kind::kNull);
  EXPECT_EQ(parse_yaml("# only a comment\n", "f")->kind, Node::Kind::kNull);
}

TEST(Yaml, QuotedTextsStayTexts) {
  const auto root = parse_yaml("{a: true, b: \"true\", c: 12, d: '12', e: ~, f: NO, g: 012, h: 1.5}", "f");
  ASSERT_TRUE(root);
  EXPECT_EQ(canonical_json(to_json(*root)),
            R"({"a":true,"b":"true","c":12,"d":"12","e":null,"f":"NO","g":"012","h":"1.5"})");
}

TEST(Yaml, RefusesWhatIsNotPlain) {
  EXPECT_EQ(refusal("a: &x 1\nb: *x\n"),
            "f.yaml:1:4: anchors are not allowed (write the value out where it is used)");
  EXPECT_EQ(refusal("a: !!int 1\n").substr(0, 28), "f.yaml:1:4: the tag tag:yaml");
  EXPECT_EQ(refusal("a: 1\n---\nb: 2\n"),
            "f.yaml:2:1: a second document begins here (a file holds one document: remove `---`)");
  EXPECT_EQ(refusal("? [a, b]\n: 1\n"), "f.yaml:1:3: a key must be a text (write `key: value`)");
  EXPECT_EQ(refusal("a: \xff\n"), "f.yaml:1:1: this line is not UTF-8 (save the file as UTF-8)");
  EXPECT_EQ(refusal(std::string_view("a: \0b\n", 7)), "f.yaml:1:4: a control character (remove it)");
  EXPECT_NE(refusal("a: [1, 2\nb: 3\n").find("not YAML"), std::string::npos);
  EXPECT_NE(refusal("a: \"x\n").find("not YAML"), std::string::npos);
  EXPECT_NE(refusal("a: 'x").find("not YAML"), std::string::npos);
  EXPECT_NE(refusal("a:\n\t- x\n"), "accepted");
}

TEST(Yaml, ReportsEveryRepeatedKey) {
  EXPECT_EQ(refusal("a: 1\nb: {c: 1, c: 2}\na: 3\n"),
            "f.yaml:2:11: the key \"c\" stands here a second time (the first is in line 2)\n"
            "f.yaml:3:1: the key \"a\" stands here a second time (the first is in line 1)");
}

TEST(Yaml, DeepNestingIsRefusedWithoutRecursion) {
  const std::string deep = std::string(40, '[') + std::string(40, ']') + "\n";
  EXPECT_NE(refusal(deep).find("nested deeper than 32 levels"), std::string::npos);
  EXPECT_NE(refusal(std::string(200'000, '[')), "accepted");
  std::string indented;
  for (size_t i = 0; i < 40; ++i) indented += std::string(i, ' ') + "a:\n";
  EXPECT_NE(refusal(indented).find("nested deeper than 32 levels"), std::string::npos);
}

TEST(Yaml, LargeFilesAreRefusedUnread) {
  const std::string large(limits::kYamlBytesMax + 1, 'x');
  EXPECT_EQ(refusal(large), "f.yaml: the file is larger than 8.4 MB (split it)");
}

TEST(Yaml, ChineseTextIsKept) {
  const auto root = parse_yaml("title: {zh-Hant: 重要數據須通過安全評估, zh-Hans: \"重要数据\"}\n", "f");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("title")->find("zh-Hant")->text, "重要數據須通過安全評估");
}

TEST(MapReader, CollectsEveryMistake) {
  const auto root = parse_yaml(
      "name: [x]\nprot: 80\nsince: 2026-13-01\nwait: 5 minutes\nmode: fst\non: yes\ncount: 1000\n", "c.yaml");
  ASSERT_TRUE(root);
  Diagnostics mistakes;
  Reader reader("c.yaml", mistakes);
  MapReader map(reader, *root, "");
  const std::vector<std::string> modes = {"fast", "slow"};
  EXPECT_FALSE(map.text("name", MapReader::kNeeded));
  EXPECT_FALSE(map.integer("port", MapReader::kNeeded, 1, 65'535));
  EXPECT_FALSE(map.date("since"));
  EXPECT_FALSE(map.duration("wait"));
  EXPECT_FALSE(map.word("mode", modes));
  EXPECT_FALSE(map.boolean("on"));
  EXPECT_FALSE(map.integer("count", MapReader::kMayMiss, 0, 999));
  EXPECT_FALSE(map.text("absent"));
  map.done();
  std::string all;
  for (const Diagnostic& d : mistakes) all += to_line(d) + "\n";
  EXPECT_EQ(all,
            "c.yaml:1:7: name is a list; expected a text\n"
            "c.yaml:1:1: port is missing (add `port:`)\n"
            "c.yaml:3:8: since is \"2026-13-01\"; expected a day such as 2026-11-23\n"
            "c.yaml:4:7: wait is \"5 minutes\"; expected a time such as 30d, 12h, 15m, 10s or 500ms\n"
            "c.yaml:5:7: mode is \"fst\"; expected one of fast, slow (did you mean fast?)\n"
            "c.yaml:6:5: on is \"yes\"; expected true or false\n"
            "c.yaml:7:8: count is \"1000\"; expected a whole number from 0 to 999\n"
            "c.yaml:2:1: unknown key \"prot\" (did you mean port?)\n");
}

TEST(MapReader, MistakesAreBounded) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const auto root = parse_yaml(text, "c.yaml");
  ASSERT_TRUE(root);
  Diagnostics mistakes;
  Reader reader("c.yaml", mistakes);
  MapReader map(reader, *root, "");
  map.done();
  EXPECT_EQ(mistakes.size(), limits::kMistakesMax);
}

}  // namespace
}  // namespace hetao::policy
