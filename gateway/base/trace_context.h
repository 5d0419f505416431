// W3C Trace Context: what ties spans and log lines of one story together, across processes and regions. Pure.
// Source: W3C Recommendation "Trace Context", 23 November 2021, section 3.2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hetao {

using TraceId = std::array<uint8_t, 16>;
using SpanId = std::array<uint8_t, 8>;

struct TraceContext {
  TraceId trace{};
  SpanId span{};  // whose child comes next
  bool sampled = true;

  bool operator==(const TraceContext&) const = default;
};

// The value of a `traceparent` field. Nothing for what the recommendation calls invalid: it is then as if
// there were none. Of a version that we don't know, what version 00 has is read, and the rest left.
std::optional<TraceContext> parse_traceparent(std::string_view text);
// In version 00: "00-TRACE-SPAN-01".
std::string to_traceparent(const TraceContext& context);

}  // namespace hetao
