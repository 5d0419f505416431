// A sweep: one job file that stands for many jobs, one for each combination of values.
//
//   sweep:
//     values:
//       rate: [0.1, 0.01]
//       seed: {from: 1, to: 10}
//     exclude:
//       - {rate: 0.01, seed: 10}
//
// In every text of the file `${sweep.rate}` stands for the element's value, `${sweep.index}` for its number
// from 0 on. Each element is an ordinary TES task with the tags `sweep`, `sweep.index` and `sweep.NAME`.
// Reading is pure; mistakes have their place in the file.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/json.h"
#include "policy/yaml_reader.h"

namespace hetao::cli {

inline constexpr size_t kSweepElementsMax = 1'000;
inline constexpr size_t kSweepParametersMax = 16;

// The values of one element, in the file's order.
using SweepValues = std::vector<std::pair<std::string, std::string>>;

// Every combination, the last parameter running fastest. Nothing: a mistake was reported.
std::optional<std::vector<SweepValues>> read_sweep(policy::Reader& reader, const policy::Node& section);

// The job file with one element's values put in. `used`: names that stood somewhere in it.
policy::Node fill_in(policy::Reader& reader, const policy::Node& job, const SweepValues& values, size_t index,
                     std::set<std::string>& used);

// "rate=0.1 seed=3".
std::string to_text(const SweepValues& values);

}  // namespace hetao::cli
