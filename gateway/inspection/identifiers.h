// Identifiers and their check digits. Pure functions on text that stands alone: the scanner has seen to its
// borders.
#pragma once

#include <string_view>

namespace hetao::inspection {

// 18 characters: province, birth date, MOD 11-2 check character (ISO 7064, GB 11643-1999).
bool is_cn_resident_id(std::string_view text);
// One or two letters, six digits, check character 0-9 or A, without parentheses.
bool is_hkid(std::string_view text);
// 13 to 19 digits of a known issuer range with a Luhn check digit (ISO/IEC 7812-1).
bool is_payment_card(std::string_view digits);
// 11 digits of a mainland mobile range; there is no check digit.
bool is_cn_mobile(std::string_view digits);

}  // namespace hetao::inspection
