// How runs are named among a cluster's objects. A name follows from the run alone, so that a repeated create
// is answered 409 and finds the first; whose an object is stands in its label and annotation. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hetao::platforms::kubernetes {

inline constexpr std::string_view kSpoolLabel = "hetao/spool";      // value: the gateway's mark
inline constexpr std::string_view kRunAnnotation = "hetao/run";     // value: the run's key
inline constexpr std::string_view kNetworkLabel = "hetao/network";  // value: "none" or "open"
inline constexpr std::string_view kPolicyName = "hetao-no-network";

// A DNS label of at most 57 characters, so that pods can have a suffix: "hetao-JOB-1-0123456789abcdef".
std::string object_name(std::string_view mark, std::string_view run);

// The container of an executor, and back; -1: not one of those.
std::string step_name(size_t executor);
int step_of(std::string_view container);
inline constexpr std::string_view kFenceName = "start";

}  // namespace hetao::platforms::kubernetes
