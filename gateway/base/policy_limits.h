// The bounds of a policy's life: packs that come from outside, proposals, replays. Beside limits.h, which has
// all others.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hetao::limits {

inline constexpr size_t kPackFilesMax = 1'000;
inline constexpr size_t kPackBytesMax = size_t{15} << 20U;  // of all files, as one bundle
inline constexpr uint64_t kPolicyEditionMax = uint64_t{1} << 53U;
inline constexpr size_t kPolicyProposalsOpenMax = 64;
inline constexpr uint64_t kPolicyWeighedDecisionsMax =
    10'000;                                        // newest ones that a diff's cases are weighed by
inline constexpr int64_t kPolicyWarningDays = 60;  // ahead of dates that change decisions
inline constexpr size_t kDecisionInputsBytesMax = size_t{24} << 10U;  // of a decision's entry, before escapes

}  // namespace hetao::limits
