#include "gateway/platforms/kubernetes/quantity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace hetao::platforms::kubernetes {

namespace {

constexpr double kMost = 9007199254740992.0;

// nullopt: no suffix that Kubernetes knows.
std::optional<double> factor_of(std::string_view suffix) {
  static constexpr std::array<std::pair<std::string_view, double>, 17> kFactors = {{
      {"", 1.0},
      {"n", 1e-9},
      {"u", 1e-6},
      {"m", 1e-3},
      {"k", 1e3},
      {"M", 1e6},
      {"G", 1e9},
      {"T", 1e12},
      {"P", 1e15},
      {"E", 1e18},
      {"Ki", 1024.0},
      {"Mi", 1048576.0},
      {"Gi", 0x1p30},
      {"Ti", 0x1p40},
      {"Pi", 0x1p50},
      {"Ei", 0x1p60},
      {"K", 1e3},
  }};
  for (const auto& [name, factor] : kFactors) {
    if (name == suffix) return factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> parse_quantity_millis(std::string_view text) {
  if (text.empty() || text.size() > 64) return std::nullopt;
  if (text.front() == '+') text.remove_prefix(1);
  double number = 0;
  // An exponent has digits behind it; "1E" is a suffix.
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::general);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  const auto factor = factor_of(text.substr(static_cast<size_t>(end - text.data())));
  if (!factor || number < 0) return std::nullopt;
  const double millis = std::ceil(number * *factor * 1000.0 - 1e-6);
  return millis >= kMost ? static_cast<int64_t>(kMost) : static_cast<int64_t>(millis);
}

}  // namespace hetao::platforms::kubernetes
