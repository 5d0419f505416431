#include "gateway/base/bytes.h"

#include <gtest/gtest.h>

namespace hetao {
namespace {

TEST(Base64, AgreesWithTheVectorsOfRfc4648) {
  EXPECT_EQ(to_base64(as_bytes("")), "");
  EXPECT_EQ(to_base64(as_bytes("f")), "Zg==");
  EXPECT_EQ(to_base64(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(to_base64(as_bytes("foo")), "Zm9v");
  EXPECT_EQ(to_base64(as_bytes("foobar")), "Zm9vYmFy");
}

TEST(Base64, RefusesWhatIsNotItsOnlySpelling) {
  EXPECT_FALSE(from_base64("Zg="));   // padding cut
  EXPECT_FALSE(from_base64("Zg"));    // padding left out
  EXPECT_FALSE(from_base64("Zh=="));  // bits set that no byte holds
  EXPECT_FALSE(from_base64("Z g="));  // blank
  EXPECT_FALSE(from_base64("Z==="));
  EXPECT_EQ(from_base64("Zm9vYmFy"), Bytes({'f', 'o', 'o', 'b', 'a', 'r'}));
}

TEST(Base64, UrlFormRoundTripsEveryLength) {
  Bytes bytes;
  for (int length = 0; length < 40; ++length) {
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    bytes.push_back(static_cast<uint8_t>(length * 37 + 250));
  }
}

TEST(Hex, RefusesOddLengthsAndForeignDigits) {
  EXPECT_EQ(from_hex("00ffA5"), Bytes({0x00, 0xff, 0xa5}));
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

}  // namespace
}  // namespace hetao
