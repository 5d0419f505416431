// The small policy of the simulated worlds: general data may leave, tagged data waits for a reviewer,
// important data stays; and what administrators change it to, which holds more.
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
    title: {en: Tagged data is looked at by two people}
    basis: [simulation]
    when: {action: cross, data.tags: {contains: look}}
    obligations: [review: {reviewers: 2}]
  - id: P1
    effect: permit
    title: {en: General data may cross}
    basis: [simulation]
    when: {action: cross, data.grade: general}
  - id: P3
    effect: permit
    title: {en: Some may stay for a while}
    basis: [simulation]
    when: {action: cross, data.tags: {contains: passing}}
    obligations: [delete-after: {duration: 20s}, notify: {role: reviewer}]
  - id: P4
    effect: permit
    title: {en: Some may not go on}
    basis: [simulation]
    when: {action: cross, data.tags: {contains: bound}}
    obligations: [no-onward-transfer, inspect: {profile: personal-identifiers, at_most: 0}]
  - id: P2
    effect: permit
    title: {en: Anybody may use the platforms}
    basis: [simulation]
    when: {action: place}
)";

inline constexpr const char* kOtherRulesYaml = R"(
  - id: H2
    effect: hold
    title: {en: Results are looked at}
    basis: [simulation]
    when: {action: cross, item.kind: result}
)";

}  // namespace hetao::sim
