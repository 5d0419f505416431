#include "gateway/inspection/identifiers.h"

#include <algorithm>
#include <array>

#include "gateway/base/time.h"

namespace hetao::inspection {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_digit);
}
int value_of(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

// First two digits of GB/T 2260 codes: provinces, regions, municipalities, and the three of the coast.
bool is_province(int code) {
  static constexpr std::array<int, 34> kCodes = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34,
                                                 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
                                                 53, 54, 61, 62, 63, 64, 65, 71, 81, 82};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

bool is_birth_date(std::string_view yyyymmdd) {
  const std::string text = std::string(yyyymmdd.substr(0, 4)) + "-" + std::string(yyyymmdd.substr(4, 2)) +
                           "-" + std::string(yyyymmdd.substr(6, 2));
  const int year = value_of(yyyymmdd.substr(0, 4));
  return year >= 1800 && year <= 2099 && parse_date(text).has_value();
}

}  // namespace

bool is_cn_resident_id(std::string_view text) {
  static constexpr std::array<int, 17> kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  static constexpr std::string_view kChecks = "10X98765432";
  if (text.size() != 18 || !all_digits(text.substr(0, 17))) return false;
  if (!is_province(value_of(text.substr(0, 2))) || !is_birth_date(text.substr(6, 8))) return false;
  int sum = 0;
  for (size_t i = 0; i < kWeights.size(); ++i) sum += (text[i] - '0') * kWeights[i];
  const char check = text[17] == 'x' ? 'X' : text[17];
  return kChecks[static_cast<size_t>(sum % 11)] == check;
}

bool is_hkid(std::string_view text) {
  const size_t letters = text.size() == 9 ? 2 : text.size() == 8 ? 1 : 0;
  if (letters == 0 || !all_digits(text.substr(letters, 6))) return false;
  // A = 10 … Z = 35; one letter alone is preceded by a blank, which counts 36.
  const auto letter = [](char c) { return c >= 'a' ? c - 'a' + 10 : c - 'A' + 10; };
  int sum = letters == 2 ? letter(text[0]) * 9 + letter(text[1]) * 8 : 36 * 9 + letter(text[0]) * 8;
  for (size_t i = 0; i < 6; ++i) sum += (text[letters + i] - '0') * (7 - static_cast<int>(i));
  const int remainder = (11 - sum % 11) % 11;
  const char last = text.back();
  return remainder == 10 ? last == 'A' || last == 'a' : last == static_cast<char>('0' + remainder);
}

bool is_payment_card(std::string_view digits) {
  if (digits.size() < 13 || digits.size() > 19 || !all_digits(digits)) return false;
  const int two = value_of(digits.substr(0, 2));
  const int four = value_of(digits.substr(0, 4));
  const bool known = two == 62 || two == 81 || digits[0] == '4' || (two >= 51 && two <= 55) ||
                     (four >= 2221 && four <= 2720) || two == 34 || two == 37 || two == 35 || two == 36 ||
                     two == 38 || two == 60 || two == 64 || two == 65;
  if (!known) return false;
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    int digit = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

bool is_cn_mobile(std::string_view digits) {
  return digits.size() == 11 && all_digits(digits) && digits[0] == '1' && digits[1] >= '3' &&
         digits[1] <= '9';
}

}  // namespace hetao::inspection
