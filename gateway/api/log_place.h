// How far somebody has read the streams of a job, as the text that goes to and fro. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hetao::api {

// "ATTEMPT:OUT,ERR;OUT,ERR": bytes of each executor's standard output and error. Another attempt begins anew.
struct LogPlace {
  uint32_t attempt = 0;
  std::vector<std::array<int64_t, 2>> streams;

  bool operator==(const LogPlace&) const = default;

  // Nothing: that is no place. At most limits::kExecutorsMax streams, no number below 0.
  static std::optional<LogPlace> parse(std::string_view text);
  std::string print() const;
};

}  // namespace hetao::api
