#include "gateway/base/trace_context.h"

#include <algorithm>

#include "gateway/base/bytes.h"

namespace hetao {

namespace {

constexpr size_t kVersion00Bytes = 55;
constexpr uint8_t kSampledFlag = 1;

// Lower-case hex alone: upper case is invalid here.
template <size_t N>
bool read_hex(std::string_view text, std::array<uint8_t, N>& out) {
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'F'; };
  if (std::any_of(text.begin(), text.end(), is_upper)) return false;
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != N) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return true;
}

template <size_t N>
bool is_zero(const std::array<uint8_t, N>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  if (text.size() < kVersion00Bytes || text[2] != '-' || text[35] != '-' || text[52] != '-')
    return std::nullopt;
  std::array<uint8_t, 1> version{};
  std::array<uint8_t, 1> flags{};
  TraceContext out;
  if (!read_hex(text.substr(0, 2), version) || !read_hex(text.substr(3, 32), out.trace) ||
      !read_hex(text.substr(36, 16), out.span) || !read_hex(text.substr(53, 2), flags))
    return std::nullopt;
  if (version[0] == 0xff || is_zero(out.trace) || is_zero(out.span)) return std::nullopt;
  if (text.size() > kVersion00Bytes && (version[0] == 0 || text[kVersion00Bytes] != '-')) return std::nullopt;
  out.sampled = (flags[0] & kSampledFlag) != 0;
  return out;
}

std::string to_traceparent(const TraceContext& context) {
  return "00-" + to_hex(context.trace) + "-" + to_hex(context.span) + (context.sampled ? "-01" : "-00");
}

}  // namespace hetao
