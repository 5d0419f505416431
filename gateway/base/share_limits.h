// Bounds of requests for data sets and of projects.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hetao::limits {

inline constexpr size_t kShareTextBytesMax = 2'048;  // a title, a reason
inline constexpr size_t kShareIdBytesMax = 128;
inline constexpr size_t kAccessOpenOfTenantMax = 100;  // requests that nobody has answered yet
inline constexpr size_t kAccessRequestsMax = 100'000;  // kept by a gateway
inline constexpr int64_t kAccessDaysMax = 3'660;
inline constexpr size_t kProjectsMax = 10'000;        // kept by a gateway
inline constexpr size_t kProjectMembersMax = 200;     // of one side, besides its owner
inline constexpr size_t kProjectDatasetsMax = 1'000;  // of one side
inline constexpr int64_t kProjectBudgetCnyMax = 1'000'000'000;

}  // namespace hetao::limits
