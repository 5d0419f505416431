// Any bytes as a line of `hetao policy decide`: one line of JSON comes back.
#include "gateway/base/check.h"
#include "policy/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao::policy;
  static const Policy kPolicy = [] {
    auto pack = load_pack(
        {{"pack.yaml",
          "policy: p\nversion: 1\nparameters: {limit: {value: 10}}\nrules:\n"
          "  - {id: F, effect: forbid, title: t, when: {data.grade: {not_in: [general]}, project: {matches: "
          "\"a*\"}}}\n"
          "  - {id: H, effect: hold, title: t, when: {item.bytes: {gte: {parameter: limit}}}}\n"
          "  - {id: P, effect: permit, title: t, when: {data.sectors: {contains_all: [a, b]}}}\n"}});
    auto policy = Policy::compile(std::move(*pack));
    HETAO_CHECK(policy.has_value());
    return std::move(*policy);
  }();
  const auto answer =
      decide_line(kPolicy, std::string_view(reinterpret_cast<const char*>(data), size), hetao::Date{20'780});
  HETAO_CHECK(hetao::parse_json(answer.line, "answer").has_value());
  HETAO_CHECK(answer.line.find('\n') == std::string::npos);
  return 0;
}
