// Identifiers and their check digits, as pure functions on text that stands alone: the scanner has seen to
// its borders and taken separators out. Sources are named with each function; formats are those of the
// reference catalogue. Those of plain digits that a table is full of: number_checks.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/inspection/kinds.h"

namespace hetao::inspection {

// How far a number fits: the form says that it could be one, the check digit that it is. Columns of other
// numbers show many of the first and few of the second.
enum class Fit : uint8_t { kNo, kForm, kValid };

// 18 characters: region, birth date, MOD 11-2 check character (ISO 7064, GB 11643-1999). `latest_day` is the
// last day on which somebody can have been born, as yyyymmdd. Which of the three documents it is stands in
// `kind`.
struct ResidentFit {
  Fit fit = Fit::kNo;
  Kind kind = Kind::kCnResidentId;
};
ResidentFit fit_resident(std::string_view text, uint32_t latest_day);
// 15 digits (before 1999): region, yymmdd, sequence; no check digit.
bool is_cn_resident_id_15(std::string_view digits);
// One or two letters, six digits, check character 0-9 or A, without brackets.
Fit fit_hkid(std::string_view text);
// 11 digits of an assigned mainland mobile range; there is no check digit.
bool is_cn_mobile(std::string_view digits);
// 18 characters, GB 32100-2015: MOD 31.
Fit fit_uscc(std::string_view text);
// 17 characters, ISO 3779 / GB 16735: the ninth is the check.
Fit fit_vin(std::string_view text);
// ISO 13616: country, its length, MOD 97.
Fit fit_iban(std::string_view text);
// Travel documents of a letter or two and digits. Nothing where the form is none of theirs.
std::optional<Kind> travel_document(std::string_view text, uint32_t context_groups);
// Second line of a passport's machine-readable zone, 44 characters (ICAO 9303 TD3): all four check digits.
bool is_mrz_line_2(std::string_view line);
bool is_mrz_line_1(std::string_view line);

}  // namespace hetao::inspection
