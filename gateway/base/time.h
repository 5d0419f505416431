// Time as values. Nothing here reads a clock: "now" is always a parameter.
//
// Instants are microseconds since 1970-01-01T00:00:00Z. Calendar questions of the policy are asked in
// Asia/Shanghai, which has been UTC+8 without daylight saving since 1991; earlier instants are not used.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hetao {

struct Instant {
  int64_t micros = 0;
  auto operator<=>(const Instant&) const = default;
};

struct Duration {
  int64_t micros = 0;
  auto operator<=>(const Duration&) const = default;
  static constexpr Duration seconds(int64_t n) { return {n * 1'000'000}; }
  static constexpr Duration millis(int64_t n) { return {n * 1'000}; }
};

inline Instant operator+(Instant t, Duration d) {
  return {t.micros + d.micros};
}
inline Instant operator-(Instant t, Duration d) {
  return {t.micros - d.micros};
}
inline Duration operator-(Instant a, Instant b) {
  return {a.micros - b.micros};
}

// A day of the proleptic Gregorian calendar, as days since 1970-01-01.
struct Date {
  int32_t days = 0;
  auto operator<=>(const Date&) const = default;
};

std::optional<Date> parse_date(std::string_view text);  // "2026-11-23", nothing else
std::string to_string(Date date);
Date date_of(int year, int month, int day);
int year_of(Date date);

Date shanghai_date(Instant instant);

// RFC 3339 in UTC with microseconds: "2026-11-23T11:55:51.000000Z".
std::string to_rfc3339(Instant instant);
std::optional<Instant> parse_rfc3339(std::string_view text);  // any offset; at most 9 fraction digits

// "30d", "12h", "15m", "10s", "500ms": a whole number and one unit.
std::optional<Duration> parse_duration(std::string_view text);
std::string to_string(Duration duration);  // the largest unit that is exact: "30d"

}  // namespace hetao
