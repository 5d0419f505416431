#include "gateway/inspection/identifiers.h"

#include <gtest/gtest.h>

#include <string>

namespace hetao::inspection {
namespace {

TEST(Identifiers, ResidentNumbersNeedProvinceDateAndCheckCharacter) {
  EXPECT_TRUE(is_cn_resident_id("11010519491231002X"));
  EXPECT_TRUE(is_cn_resident_id("11010519491231002x"));
  EXPECT_TRUE(is_cn_resident_id("440524188001010014"));
  EXPECT_FALSE(is_cn_resident_id("110105194912310021"));  // check character
  EXPECT_FALSE(is_cn_resident_id("11010519491331002X"));  // month 13
  EXPECT_FALSE(is_cn_resident_id("99010519491231002X"));  // no such province
}

TEST(Identifiers, EveryWrongCheckCharacterOfAResidentNumberIsFound) {
  int accepted = 0;
  for (const char c : std::string("0123456789X"))
    accepted += is_cn_resident_id(std::string("11010519491231002") + c) ? 1 : 0;
  EXPECT_EQ(accepted, 1);
}

TEST(Identifiers, HongKongCardsCheckWithOneAndTwoLetters) {
  EXPECT_TRUE(is_hkid("A1234563"));
  EXPECT_TRUE(is_hkid("a1234563"));
  EXPECT_FALSE(is_hkid("A1234564"));
  int accepted = 0;
  for (const char c : std::string("0123456789A")) accepted += is_hkid(std::string("AB987654") + c) ? 1 : 0;
  EXPECT_EQ(accepted, 1);
}

TEST(Identifiers, CardsNeedAnIssuerRangeAndLuhn) {
  EXPECT_TRUE(is_payment_card("4111111111111111"));
  EXPECT_FALSE(is_payment_card("4111111111111112"));
  EXPECT_FALSE(is_payment_card("0000000000000000"));
  EXPECT_FALSE(is_payment_card("411111111111"));
}

}  // namespace
}  // namespace hetao::inspection
