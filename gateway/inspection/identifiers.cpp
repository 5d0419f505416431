#include "gateway/inspection/identifiers.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <string>

#include "gateway/inspection/number_checks.h"

namespace hetao::inspection {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_digit);
}
uint32_t value_of(std::string_view digits) {
  uint32_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<uint32_t>(c - '0');
  return value;
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool is_day(uint32_t year, uint32_t month, uint32_t day) {
  static constexpr std::array<uint8_t, 13> kDays = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1 || day > kDays[month]) return false;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month != 2 || day < 29 || leap;
}

bool mod_11_2(std::string_view text) {
  static constexpr std::array<uint32_t, 17> kWeights = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  static constexpr std::string_view kChecks = "10X98765432";
  uint32_t sum = 0;
  for (size_t i = 0; i < kWeights.size(); ++i) sum += static_cast<uint32_t>(text[i] - '0') * kWeights[i];
  return kChecks[sum % 11] == upper(text[17]);
}

}  // namespace

ResidentFit fit_resident(std::string_view text, uint32_t latest_day) {
  ResidentFit found;
  if (text.size() != 18) return found;
  // The date first: it refuses most numbers.
  const uint32_t month = value_of(text.substr(10, 2));
  if (month < 1 || month > 12) return found;
  if (!all_digits(text.substr(0, 17)) || (!is_digit(text[17]) && upper(text[17]) != 'X')) return found;
  const uint32_t year = value_of(text.substr(6, 4));
  if (year < 1800 || year > 2099 || !is_day(year, month, value_of(text.substr(12, 2)))) return found;
  if (value_of(text.substr(6, 8)) > latest_day) return found;
  const uint32_t province = value_of(text.substr(0, 2));
  if (text[0] == '9') {
    // 9, the issuing region, the nationality: GB/T 2260 for the region, no country has the code 000.
    if (!kProvinces[value_of(text.substr(1, 2))] || text.substr(3, 3) == "000") return found;
    found.kind = Kind::kCnForeignPrId;
  } else if (text[0] == '8') {
    if (province < 81 || province > 83 || text.substr(2, 4) != "0000") return found;
    found.kind = Kind::kCnHmtResidencePermit;
  } else if (!kProvinces[province]) {
    return found;
  }
  found.fit = mod_11_2(text) ? Fit::kValid : Fit::kForm;
  return found;
}

bool is_cn_resident_id_15(std::string_view digits) {
  return digits.size() == 15 && all_digits(digits) && kProvinces[value_of(digits.substr(0, 2))] &&
         is_day(1900 + value_of(digits.substr(6, 2)), value_of(digits.substr(8, 2)),
                value_of(digits.substr(10, 2)));
}

Fit fit_hkid(std::string_view text) {
  const size_t letters = text.size() == 9 ? 2 : text.size() == 8 ? 1 : 0;
  if (letters == 0) return Fit::kNo;
  // A = 10 … Z = 35; one letter alone is preceded by a blank, which counts 36.
  const auto letter = [](char c) { return static_cast<uint32_t>(upper(c) - 'A' + 10); };
  uint32_t sum = letters == 2 ? letter(text[0]) * 9 + letter(text[1]) * 8 : 36 * 9 + letter(text[0]) * 8;
  uint32_t others = 0;
  for (uint32_t i = 0; i < 6; ++i) {
    const auto digit = static_cast<uint32_t>(static_cast<unsigned char>(text[letters + i])) - '0';
    others |= static_cast<uint32_t>(digit > 9);
    sum += digit * (7 - i);
  }
  if (others != 0) return Fit::kNo;
  const uint32_t remainder = (11 - sum % 11) % 11;
  const char last = upper(text.back());
  if (!is_digit(last) && last != 'A') return Fit::kNo;
  return last == (remainder == 10 ? 'A' : static_cast<char>('0' + remainder)) ? Fit::kValid : Fit::kForm;
}

bool is_cn_mobile(std::string_view digits) {
  return digits.size() == 11 && all_digits(digits) && begins_mobile(digits.data());
}

Fit fit_uscc(std::string_view text) {
  static constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  static constexpr std::array<int8_t, 256> kValues = [] {
    std::array<int8_t, 256> values{};
    values.fill(-1);
    for (size_t i = 0; i < kAlphabet.size(); ++i)
      values[static_cast<uint8_t>(kAlphabet[i])] = static_cast<int8_t>(i);
    return values;
  }();
  if (text.size() != 18 || !all_digits(text.substr(2, 6))) return Fit::kNo;
  if (!kUsccRegions[value_of(text.substr(2, 2))]) return Fit::kNo;
  uint32_t sum = 0;
  for (size_t i = 0; i < 18; ++i) {
    const int8_t value = kValues[static_cast<uint8_t>(text[i])];
    if (value < 0) return Fit::kNo;
    sum += static_cast<uint32_t>(value) * kUsccWeights[i];
  }
  return sum % 31 == 0 ? Fit::kValid : Fit::kForm;
}

Fit fit_vin(std::string_view text) {
  static constexpr std::string_view kLetters = "ABCDEFGHJKLMNPRSTUVWXYZ";
  static constexpr std::string_view kValues = "12345678123457923456789";
  static constexpr std::array<uint32_t, 17> kWeights = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
  if (text.size() != 17 || !all_digits(text.substr(13))) return Fit::kNo;
  uint32_t sum = 0;
  bool letter_seen = false;
  for (size_t i = 0; i < 17; ++i) {
    uint32_t value = 0;
    if (is_digit(text[i])) {
      value = static_cast<uint32_t>(text[i] - '0');
    } else {
      const size_t at = kLetters.find(text[i]);
      if (at == std::string_view::npos) return Fit::kNo;
      value = static_cast<uint32_t>(kValues[at] - '0');
      letter_seen = letter_seen || i < 8;
    }
    sum += value * kWeights[i];
  }
  if (!letter_seen) return Fit::kNo;
  const uint32_t check = sum % 11;
  return text[8] == (check == 10 ? 'X' : static_cast<char>('0' + check)) ? Fit::kValid : Fit::kForm;
}

Fit fit_iban(std::string_view text) {
  // Country and length, from the registry of ISO 13616.
  static constexpr std::string_view kLengths =
      "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27"
      "DK18DO28EE20EG29ES24FI18FK18FO"
      "18FR27GB22"
      "GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21"
      "LT20LU20LV21LY25MC27MD24ME22MK"
      "19MN20MR27"
      "MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24"
      "SI19SK24SM27SO23ST25SV28TL23TN"
      "24TR26UA29"
      "VA22VG24XK20YE30";
  if (text.size() < 15) return Fit::kNo;
  bool fits = false;
  for (size_t i = 0; i + 4 <= kLengths.size() && !fits; i += 4)
    fits = kLengths.substr(i, 2) == text.substr(0, 2) && value_of(kLengths.substr(i + 2, 2)) == text.size();
  if (!fits || !is_digit(text[2]) || !is_digit(text[3])) return Fit::kNo;
  uint32_t rest = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[(i + 4) % text.size()];
    if (is_digit(c)) {
      rest = (rest * 10 + static_cast<uint32_t>(c - '0')) % 97;
    } else if (is_upper(c)) {
      rest = (rest * 100 + static_cast<uint32_t>(c - 'A' + 10)) % 97;
    } else {
      return Fit::kNo;
    }
  }
  return rest == 1 ? Fit::kValid : Fit::kForm;
}

std::optional<Kind> travel_document(std::string_view text, uint32_t context_groups) {
  const size_t letters = text.size() > 1 && is_upper(text[1]) ? 2 : 1;
  if (text.size() < 9 || !is_upper(text[0]) || !all_digits(text.substr(letters))) return std::nullopt;
  const char first = text[0];
  const char second = letters == 2 ? text[1] : '\0';
  const size_t digits = text.size() - letters;
  const bool one_eight = letters == 1 && digits == 8;
  const bool two_seven = letters == 2 && digits == 7;
  if ((context_groups & kWordsHomeReturn) != 0 && (first == 'H' || first == 'M') && letters == 1 &&
      (digits == 8 || digits == 10))
    return Kind::kHkHomeReturnPermit;
  if ((context_groups & kWordsEep) != 0 && ((one_eight && (first == 'C' || first == 'W')) ||
                                            (two_seven && first == 'C' && second != 'I' && second != 'O')))
    return Kind::kCnEepHkMacao;
  if ((context_groups & kWordsTaiwan) != 0 && one_eight && (first == 'L' || first == 'T'))
    return Kind::kCnTaiwanPermits;
  if ((context_groups & kWordsPassport) == 0) return std::nullopt;
  if ((one_eight && (first == 'K' || first == 'H')) ||
      (two_seven && (first == 'K' || first == 'H') && second == 'J'))
    return Kind::kHkPassport;
  if (one_eight && std::string_view("EGDSP").find(first) != std::string_view::npos) return Kind::kCnPassport;
  if (two_seven && first == 'E' && second != 'I' && second != 'O') return Kind::kCnPassport;
  if (two_seven && second == 'E' && std::string_view("DSP").find(first) != std::string_view::npos)
    return Kind::kCnPassport;
  return std::nullopt;
}

bool is_mrz_line_1(std::string_view line) {
  return line.size() == 44 && line[0] == 'P' &&
         std::all_of(line.begin(), line.end(), [](char c) { return is_upper(c) || c == '<'; });
}

bool is_mrz_line_2(std::string_view line) {
  if (line.size() != 44) return false;
  const auto value = [](char c) -> uint32_t {
    return is_digit(c)   ? static_cast<uint32_t>(c - '0')
           : is_upper(c) ? static_cast<uint32_t>(c - 'A' + 10)
                         : 0;
  };
  const auto check = [&](std::string_view part) {
    static constexpr std::array<uint32_t, 3> kWeights = {7, 3, 1};
    uint32_t sum = 0;
    for (size_t i = 0; i < part.size(); ++i) sum += value(part[i]) * kWeights[i % 3];
    return static_cast<char>('0' + sum % 10);
  };
  const bool charset =
      std::all_of(line.begin(), line.end(), [](char c) { return is_upper(c) || is_digit(c) || c == '<'; });
  if (!charset || std::string_view("MFX<").find(line[20]) == std::string_view::npos) return false;
  const std::string composite =
      std::string(line.substr(0, 10)) + std::string(line.substr(13, 7)) + std::string(line.substr(21, 22));
  return check(line.substr(0, 9)) == line[9] && check(line.substr(13, 6)) == line[19] &&
         check(line.substr(21, 6)) == line[27] && check(composite) == line[43];
}

}  // namespace hetao::inspection
