#include "gateway/base/time.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace hetao {

namespace {

constexpr int64_t kMicrosPerDay = 86'400'000'000;
constexpr int64_t kShanghaiOffsetMicros = 8LL * 3600 * 1'000'000;

struct Civil {
  int year;
  unsigned month;
  unsigned day;
};

// Days from and to the civil calendar, after Howard Hinnant's published derivation ("chrono-compatible
// low-level date algorithms").
int32_t days_from_civil(Civil c) {
  const int y = c.year - (c.month <= 2 ? 1 : 0);
  const int era = (y >= 0 ? y : y - 399) / 400;
  const auto yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153 * (c.month > 2 ? c.month - 3 : c.month + 9) + 2) / 5 + c.day - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146'097 + static_cast<int>(doe) - 719'468;
}

Civil civil_from_days(int32_t days) {
  const int32_t z = days + 719'468;
  const int32_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const auto doe = static_cast<unsigned>(z - era * 146'097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  return {static_cast<int>(yoe) + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1};
}

bool is_valid(Civil c) {
  static constexpr std::array<unsigned, 12> kLengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (c.month < 1 || c.month > 12 || c.day < 1) return false;
  const bool leap = (c.year % 4 == 0 && c.year % 100 != 0) || c.year % 400 == 0;
  return c.day <= kLengths[c.month - 1] + (c.month == 2 && leap ? 1 : 0);
}

// Exactly `width` digits at the front of `text`, which is moved past them.
std::optional<int> take_digits(std::string_view& text, size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Date> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take_char(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take_char(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const Civil civil{*year, static_cast<unsigned>(*month), static_cast<unsigned>(*day)};
  if (!is_valid(civil)) return std::nullopt;
  return Date{days_from_civil(civil)};
}

int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

std::optional<int64_t> take_fraction_micros(std::string_view& text) {
  int64_t micros = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (++digits > 9) return std::nullopt;
    if (digits <= 6) micros = micros * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 6; ++digits) micros *= 10;
  return micros;
}

std::optional<int64_t> take_offset_micros(std::string_view& text) {
  if (take_char(text, 'Z') || take_char(text, 'z')) return 0;
  const bool plus = take_char(text, '+');
  if (!plus && !take_char(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 23 || !take_char(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const int64_t micros = (int64_t{*hours} * 60 + *minutes) * 60'000'000;
  return plus ? micros : -micros;
}

struct Unit {
  std::string_view name;
  int64_t micros;
};
constexpr std::array<Unit, 5> kUnits = {
    {{"d", kMicrosPerDay}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}}};

}  // namespace

std::optional<Date> parse_date(std::string_view text) {
  const auto date = take_date(text);
  return text.empty() ? date : std::nullopt;
}

std::string to_string(Date date) {
  const Civil c = civil_from_days(date.days);
  std::array<char, 24> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02u", c.year, c.month, c.day);
  return out.data();
}

Date date_of(int year, int month, int day) {
  return {days_from_civil({year, static_cast<unsigned>(month), static_cast<unsigned>(day)})};
}

int year_of(Date date) {
  return civil_from_days(date.days).year;
}

Date shanghai_date(Instant instant) {
  return {static_cast<int32_t>(floor_div(instant.micros + kShanghaiOffsetMicros, kMicrosPerDay))};
}

std::string to_rfc3339(Instant instant) {
  const int64_t days = floor_div(instant.micros, kMicrosPerDay);
  const int64_t rest = instant.micros - days * kMicrosPerDay;
  const int64_t seconds = rest / 1'000'000;
  std::array<char, 48> out{};
  std::snprintf(out.data(), out.size(), "%sT%02d:%02d:%02d.%06dZ",
                to_string(Date{static_cast<int32_t>(days)}).c_str(), static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60),
                static_cast<int>(rest % 1'000'000));
  return out.data();
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  const auto date = take_date(text);
  if (!date || (!take_char(text, 'T') && !take_char(text, 't'))) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take_char(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take_char(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *second > 60) return std::nullopt;
  int64_t fraction = 0;
  if (take_char(text, '.')) {
    const auto micros = take_fraction_micros(text);
    if (!micros) return std::nullopt;
    fraction = *micros;
  }
  const auto offset = take_offset_micros(text);
  if (!offset || !text.empty()) return std::nullopt;
  const int64_t seconds = (int64_t{*hour} * 60 + *minute) * 60 + *second;
  return Instant{date->days * kMicrosPerDay + seconds * 1'000'000 + fraction - *offset};
}

std::optional<Duration> parse_duration(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0 || number > 1'000'000'000) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  for (const Unit& known : kUnits) {
    int64_t micros = 0;
    if (known.name == unit && !__builtin_mul_overflow(number, known.micros, &micros)) return Duration{micros};
  }
  return std::nullopt;
}

std::string to_string(Duration duration) {
  for (const Unit& unit : kUnits) {
    if (duration.micros % unit.micros == 0)
      return std::to_string(duration.micros / unit.micros) + std::string(unit.name);
  }
  return std::to_string(duration.micros) + "us";
}

}  // namespace hetao
