#include "gateway/inspection/identifiers.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/inspection/number_checks.h"

namespace hetao::inspection {
namespace {

constexpr uint32_t kToday = 20261126;

Fit resident(const std::string& text) {
  return fit_resident(text, kToday).fit;
}

TEST(Identifiers, ResidentNumbersNeedRegionDateAndCheckCharacter) {
  EXPECT_EQ(resident("11010519491231002X"), Fit::kValid);
  EXPECT_EQ(resident("11010519491231002x"), Fit::kValid);
  EXPECT_EQ(resident("440524188001010014"), Fit::kValid);
  EXPECT_EQ(resident("110105194912310021"), Fit::kForm);  // check character
  EXPECT_EQ(resident("11010519491331002X"), Fit::kNo);    // month 13
  EXPECT_EQ(resident("99010519491231002X"), Fit::kNo);    // no such region
  EXPECT_EQ(resident("440304209912310011"), Fit::kNo);    // not born yet
  EXPECT_EQ(resident("440304190102290015"), Fit::kNo);    // 1901 had no 29 February
}

TEST(Identifiers, ResidentNumbersTellWhichDocumentTheyAre) {
  EXPECT_EQ(fit_resident("810000190001010018", kToday).kind, Kind::kCnHmtResidencePermit);
  EXPECT_EQ(fit_resident("944840190001010015", kToday).kind, Kind::kCnForeignPrId);
  EXPECT_EQ(resident("810001190001010014"), Fit::kNo);
}

TEST(Identifiers, EveryWrongCheckCharacterOfAResidentNumberIsFound) {
  int accepted = 0;
  for (const char c : std::string("0123456789X"))
    accepted += resident(std::string("11010519491231002") + c) == Fit::kValid ? 1 : 0;
  EXPECT_EQ(accepted, 1);
}

TEST(Identifiers, HongKongCardsCheckWithOneAndTwoLetters) {
  EXPECT_EQ(fit_hkid("A1234563"), Fit::kValid);
  EXPECT_EQ(fit_hkid("a1234563"), Fit::kValid);
  EXPECT_EQ(fit_hkid("A1234564"), Fit::kForm);
  int accepted = 0;
  for (const char c : std::string("0123456789A"))
    accepted += fit_hkid(std::string("AB987654") + c) == Fit::kValid ? 1 : 0;
  EXPECT_EQ(accepted, 1);
}

TEST(Identifiers, CardsNeedAnIssuerRangeItsLengthAndLuhn) {
  Kind kind = Kind::kCustom;
  EXPECT_EQ(fit_card("4111111111111111", kind), Fit::kValid);
  EXPECT_EQ(kind, Kind::kIntlPan);
  EXPECT_EQ(fit_card("6200000000000005", kind), Fit::kValid);
  EXPECT_EQ(kind, Kind::kUnionpayPan);
  EXPECT_EQ(fit_card("4111111111111112", kind), Fit::kForm);
  EXPECT_EQ(fit_card("0000000000000000", kind), Fit::kNo);
  EXPECT_EQ(fit_card("411111111111111", kind), Fit::kNo);   // a Visa card has no 15 digits
  EXPECT_EQ(fit_card("5655555555554442", kind), Fit::kNo);  // nobody issues 56
}

TEST(Identifiers, OtherCheckDigitsHold) {
  EXPECT_EQ(fit_uscc("91440300MA5XXXX06L"), Fit::kValid);
  EXPECT_EQ(fit_uscc("91440300M5AXXXX06L"), Fit::kForm);
  EXPECT_EQ(fit_vin("1M8GDM9AXKP042788"), Fit::kValid);
  EXPECT_EQ(fit_vin("LSVAA4181E0000001"), Fit::kForm);
  EXPECT_EQ(fit_iban("GB82WEST12345698765432"), Fit::kValid);
  EXPECT_EQ(fit_iban("CN82WEST12345698765432"), Fit::kNo);
  EXPECT_TRUE(is_mrz_line_2("E000000019CHN0001018M3001019<<<<<<<<<<<<<<<2"));
  EXPECT_FALSE(is_mrz_line_2("E000000019CHN0001018M3001019<<<<<<<<<<<<<<<3"));
}

}  // namespace
}  // namespace hetao::inspection
