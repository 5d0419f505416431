#include "gateway/api/log_place.h"

#include <charconv>

#include "gateway/base/limits.h"

namespace hetao::api {

namespace {

// A whole number that `end` follows; takes both off.
template <class Number>
bool take_number(std::string_view& text, char end, Number& out) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const auto digits = static_cast<size_t>(at - text.data());
  if (error != std::errc() || out < Number{} || digits >= text.size() || text[digits] != end) return false;
  text.remove_prefix(digits + 1);
  return true;
}

}  // namespace

std::optional<LogPlace> LogPlace::parse(std::string_view text) {
  LogPlace place;
  if (!take_number(text, ':', place.attempt)) return std::nullopt;
  const std::string rest = text.empty() ? std::string() : std::string(text) + ";";
  for (std::string_view left = rest; !left.empty();) {
    std::array<int64_t, 2> one{};
    if (!take_number(left, ',', one[0]) || !take_number(left, ';', one[1])) return std::nullopt;
    if (place.streams.size() == limits::kExecutorsMax) return std::nullopt;
    place.streams.push_back(one);
  }
  return place;
}

std::string LogPlace::print() const {
  std::string out = std::to_string(attempt) + ":";
  for (size_t i = 0; i < streams.size(); ++i)
    out += (i == 0 ? "" : ";") + std::to_string(streams[i][0]) + "," + std::to_string(streams[i][1]);
  return out;
}

}  // namespace hetao::api
