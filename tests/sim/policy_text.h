// The small policy of the simulated worlds: general data may leave, tagged data waits for a reviewer,
// important data stays.
#pragma once

namespace hetao::sim {

inline constexpr const char* kPackYaml = R"(
policy: simulation
version: "1"
default: forbid
)";

inline constexpr const char* kRulesYaml = R"(
rules:
  - id: F1
    effect: forbid
    title: {en: Important data stays}
    basis: [simulation]
    when: {action: cross, data.grade: important}
  - id: H1
    effect: hold
    title: {en: Tagged data is looked at}
    basis: [simulation]
    when: {action: cross, data.tags: {contains: look}}
  - id: P1
    effect: permit
    title: {en: General data may cross}
    basis: [simulation]
    when: {action: cross, data.grade: general}
  - id: P2
    effect: permit
    title: {en: Anybody may use the platforms}
    basis: [simulation]
    when: {action: place}
)";

}  // namespace hetao::sim
