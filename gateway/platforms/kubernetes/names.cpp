#include "gateway/platforms/kubernetes/names.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace hetao::platforms::kubernetes {

namespace {

constexpr std::string_view kPrefix = "hetao-";
constexpr std::string_view kStepPrefix = "step-";
constexpr size_t kReadableMax = 34;

// FNV-1a: tells apart what the readable part makes alike. Nobody gains by a collision: an object that is
// another run's is seen by its annotation.
uint64_t hash_of(std::string_view mark, std::string_view run) {
  uint64_t hash = 0xcbf29ce484222325U;
  const auto take = [&](std::string_view text) {
    for (const char c : text) {
      hash ^= static_cast<unsigned char>(c);
      hash *= 0x100000001b3U;
    }
  };
  take(mark);
  take("\n");
  take(run);
  return hash;
}

}  // namespace

std::string object_name(std::string_view mark, std::string_view run) {
  std::string out(kPrefix);
  for (const char c : run.substr(0, kReadableMax)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool upper = c >= 'A' && c <= 'Z';
    out += plain ? c : upper ? static_cast<char>(c - 'A' + 'a') : '-';
  }
  out += '-';
  constexpr std::string_view kDigits = "0123456789abcdef";
  const uint64_t hash = hash_of(mark, run);
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[(hash >> static_cast<unsigned>(shift)) & 15U];
  return out;
}

std::string step_name(size_t executor) {
  return std::string(kStepPrefix) + std::to_string(executor);
}

int step_of(std::string_view container) {
  if (!container.starts_with(kStepPrefix)) return -1;
  container.remove_prefix(kStepPrefix.size());
  int step = -1;
  const auto [end, error] = std::from_chars(container.data(), container.data() + container.size(), step);
  const bool whole = error == std::errc() && end == container.data() + container.size();
  return whole && step >= 0 && step < 1'000 ? step : -1;
}

}  // namespace hetao::platforms::kubernetes
