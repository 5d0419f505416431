// What a permit (or an approved hold) asks to be done: typed, and merged so that the stricter of two wins.
// The table of kinds stands in language.md. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/json.h"

namespace hetao::policy {

enum class ObligationKind {
  kInspect,
  kNoNetwork,
  kNoOnwardTransfer,
  kDeleteAfter,
  kKeepRecord,
  kReview,
  kNotify,
  kMask,
  kResidency,
  kEncrypt,
  kDuty,
  kMinGroup,
  kKAnonymity,
};

const char* to_word(ObligationKind kind);

// As others see it: name and parameters as sorted text ("at_most": "0", "duration": "30d", lists joined by
// commas).
struct Obligation {
  std::string name;
  std::map<std::string, std::string> parameters;
  friend bool operator==(const Obligation&, const Obligation&) = default;
};

// As rules carry it. Two of the same kind and key are merged to one.
struct ObligationSpec {
  ObligationKind kind = ObligationKind::kNoNetwork;
  // inspect, encrypt: profile · review, notify: role · duty: text · min-group, k-anonymity: otherwise
  std::string key;
  int64_t amount = 0;  // inspect: at_most · review: reviewers · durations: microseconds · groups: least
  std::vector<std::string> names;  // mask: kinds · residency: regions; sorted

  friend auto operator<=>(const ObligationSpec&, const ObligationSpec&) = default;
};

// Adds `added` to the sorted list `into`.
void merge_obligation(std::vector<ObligationSpec>& into, const ObligationSpec& added);
Obligation to_obligation(const ObligationSpec& spec);
json::object to_json(const ObligationSpec& spec);
json::object to_json(const Obligation& obligation);

}  // namespace hetao::policy
