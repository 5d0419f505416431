// Requests and answers as JSON: `hetao policy decide` line by line.
#include "policy/wire.h"

#include <gtest/gtest.h>

namespace hetao::policy {
namespace {

constexpr Date kToday{20'780};

Policy compile() {
  auto pack = load_pack(
      {{"pack.yaml",
        "policy: p\nversion: 1\ndefault: hold\nrules:\n"
        "  - {id: F, effect: forbid, title: no, when: {data.grade: important, mechanism.kind: none}}\n"
        "  - {id: P, effect: permit, title: yes, when: {data.grade: general}, obligations: [{inspect: "
        "{profile: pi}}]}\n"}});
  return std::move(*Policy::compile(std::move(*pack)));
}

std::string answer(std::string_view line) {
  static const Policy kPolicy = compile();
  return decide_line(kPolicy, line, kToday).line;
}

TEST(DecideLine, AnswersOneRequest) {
  EXPECT_EQ(
      answer(R"({"id":"S1","data.grade":"general"})"),
      R"({"id":"S1","decision":"permit","rules":["P"],"obligations":[{"name":"inspect","parameters":{"at_most":"0","profile":"pi"}}],"reason":"P: yes"})");
  EXPECT_EQ(
      answer(R"({"data.grade":"important","mechanism.kind":null})"),
      R"({"decision":"hold","rules":["F"],"obligations":[],"reason":"can't rule out F: mechanism.kind is unknown","unknown":["mechanism.kind"]})");
  EXPECT_EQ(answer("{}").substr(0, 18), R"({"decision":"hold")");
}

TEST(DecideLine, ExplainsWhenAsked) {
  static const Policy policy = compile();
  const auto explained = [](std::string_view line) {
    return parse_json(decide_line(policy, line, kToday, Answers::kExplanation).line, "answer", 100'000)
        ->get_object();
  };
  const json::object held = explained(R"({"id":7,"data.grade":"important","mechanism.kind":null})");
  EXPECT_EQ(held.at("id"), 7);
  EXPECT_EQ(held.at("decision"), "hold");
  ASSERT_EQ(held.at("matching").as_array().size(), 1U);
  EXPECT_EQ(held.at("matching").at(0).at("id"), "F");
  EXPECT_FALSE(held.at("gave_up").as_bool());
  const json::object permitted = explained(R"({"data.grade":"general"})");
  EXPECT_EQ(permitted.at("decision"), "permit");
  EXPECT_TRUE(permitted.at("changes").as_array().empty());
}

TEST(DecideLine, MalformedLinesAreErrorsOfTheirOwn) {
  const char* const kLines[] = {"",
                                "{",
                                "[]",
                                "7",
                                R"({"data.grade":"imporant"})",
                                R"({"data.grad":"core"})",
                                R"({"item.bytes":1.5})",
                                R"({"item.bytes":"7"})",
                                R"({"item.bytes":9223372036854775808})",
                                R"({"item.bytes":-1})",
                                R"({"data.sectors":"health"})",
                                R"({"data.sectors":[1]})",
                                R"({"data.grade":{"a":1}})",
                                R"({"action":"cross","action":"place"})",
                                R"({"time.date":"2026-02-30"})",
                                R"({"crossing.from":"China"})",
                                "{\"project\":\"\xff\"}"};
  static const Policy policy = compile();
  for (const char* line : kLines) {
    const LineAnswer out = decide_line(policy, line, kToday);
    EXPECT_FALSE(out.ok) << line;
    EXPECT_TRUE(out.line.starts_with(R"({"error":{"code":"usage","message":)")) << line << " " << out.line;
    EXPECT_EQ(out.line.find('\n'), std::string::npos);
  }
  EXPECT_EQ(
      answer(R"({"id":7,"data.grade":"imporant"})"),
      R"({"id":7,"error":{"code":"usage","message":"attribute data.grade: is imporant; expected one of public, general, important, core, state-secret","hint":"did you mean important?"}})");
}

TEST(DecideLine, UndeclaredParametersAndAnyKindOfFindingAreAccepted) {
  EXPECT_TRUE(
      decide_line(compile(), R"({"parameter.whatever":true,"inspection.findings.cn_resident_id":2})", kToday)
          .ok);
}

TEST(RequestJson, RoundTrips) {
  const auto object = parse_json(
      R"({"action":"cross","data.sectors":["b","a","b"],"item.bytes":5,"recipient.listed":false})", "t");
  const auto request = request_from_json(object->get_object(), Schema::built_in());
  ASSERT_TRUE(request);
  EXPECT_EQ(canonical_json(to_json(*request)),
            R"({"action":"cross","data.sectors":["a","b"],"item.bytes":5,"recipient.listed":false})");
}

}  // namespace
}  // namespace hetao::policy
