// The same number in other writings is found once, where it stands; what only the writing hides is found with
// the words that it needs. The whole table of kinds and writings is in tests/e2e/inspection_writings.py.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "gateway/inspection/inspector.h"

namespace hetao::inspection {
namespace {

std::string kinds_of(const std::string& text) {
  std::string kinds;
  for (const Finding& finding : inspect(as_bytes(text)).findings)
    kinds += finding.kind + ":" + std::to_string(finding.count) + " ";
  return kinds;
}

std::string each(const std::string& text, const char* format) {
  std::string out;
  for (const char c : text) {
    char unit[16];
    std::snprintf(unit, sizeof unit, format, static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += unit;
  }
  return out;
}

std::string fullwidth_digits(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += c >= '0' && c <= '9' ? std::string("\xef\xbc") + static_cast<char>(0x90 + c - '0')
                                : std::string(1, c);
  return out;
}

TEST(Writings, EveryNumberIsFoundOnceInEveryEscape) {
  for (const auto& [kind, number] :
       {std::pair{"cn_resident_id", "11010519491231002X"}, std::pair{"hkid", "A123456(3)"},
        std::pair{"cn_mobile", "13800138000"}, std::pair{"intl_pan", "4111111111111111"}}) {
    for (const char* format : {"%%%02X", "%%25%02X", "\\u%04x", "\\\\u%04x", "\\U%08x", "\\u{%x}", "\\x%02x",
                               "\\%03o", "&#%u;", "&#x%x;", "&amp;#%u;", "=%02X", "%%u%04X"}) {
      const std::string text = "see " + each(number, format) + " there\n";
      EXPECT_EQ(kinds_of(text), std::string(kind) + ":1 ") << text;
    }
  }
}

TEST(Writings, WhatStandsPlainBesideEscapesIsCountedOnce) {
  EXPECT_EQ(kinds_of("\\u62a4\\u7167 and 13800138000 \\u53f7\n"), "cn_mobile:1 ");
  EXPECT_EQ(kinds_of("tel%3A13800138000%20\n"), "cn_mobile:1 ");
  EXPECT_EQ(kinds_of("a%20b, 4111 1111 1111 1111, c%20d\n"), "intl_pan:1 ");
}

TEST(Writings, EscapedWordsSpeakForPlainNumbers) {
  EXPECT_EQ(kinds_of("{\"\\u62a4\\u7167\\u53f7\": \"E00000001\"}\n"), "cn_passport:1 ");
  EXPECT_EQ(kinds_of("=E6=8A=A4=E7=85=A7 E00000001\n"), "cn_passport:1 ");
  EXPECT_EQ(kinds_of("{\"\\u8ba2\\u5355\": \"E00000001\"}\n"), "");
}

TEST(Writings, ATablesHeadingSpeaksForNumbersThatAreWrittenOtherwise) {
  std::string table = "no,护照号\n";
  for (int i = 0; i < 9; ++i) table += std::to_string(i) + ",E０００００００１\n";
  EXPECT_EQ(kinds_of(table), "cn_passport:9 ");
}

TEST(Writings, NumbersThatLookAlikeHideNothingInAnotherWriting) {
  std::string table = "order,note\n";
  for (uint64_t i = 0; i < 500; ++i) table += std::to_string(6'200'000'000'000'000 + i * 982'451'653) + ",\n";
  EXPECT_EQ(kinds_of(table), "");
  EXPECT_EQ(kinds_of(table + "1,６２２２０２１２３４５６７８９０１２８\n"), "unionpay_pan:1 ");
}

// Nine characters that pass the check of an identity card of Hong Kong, too.
TEST(Writings, AWordTellsAPassportFromAnIdentityCard) {
  EXPECT_EQ(kinds_of("AB9876543 here\n"), "hkid:1 ");
  for (int i = 0; i < 40; ++i) {
    const std::string number = "EA12345" + std::to_string(10 + i);
    EXPECT_EQ(kinds_of("passport " + number + "\n"), "cn_passport:1 ") << number;
    EXPECT_EQ(kinds_of("passport " + fullwidth_digits(number) + "\n"), "cn_passport:1 ") << number;
  }
}

TEST(Writings, EscapesOfOtherThingsAreNothing) {
  EXPECT_EQ(kinds_of("x = %d, 100%% of \\\\2023, a&b=13, caf\\xc3\\xa9, =3D, \\u00e9t\\u00e9\n"), "");
}

// Among bytes that are no text only what touches an escape, or stands near it, can be one number with it.
TEST(Writings, AnEscapeInBinaryDataIsReadWhereItsNeighboursAreOfANumber) {
  using namespace std::string_literals;
  const std::string bytes = "\x01\x02\x03\x04\x7f\x05 \xfe\xff\x06\x0e\x0f"s;
  const auto among = [&](const std::string& text) {
    return kinds_of(bytes + text + bytes + std::string(400, '\x01'));
  };
  EXPECT_EQ(among("1%331105"), "");
  EXPECT_EQ(among("1380013%38000"), "cn_mobile:1 ");
  EXPECT_EQ(among("138001\u200b38000"), "cn_mobile:1 ");
  EXPECT_EQ(among("alice%40example.com"), "email:1 ");
  EXPECT_EQ(among("alice@ex%61mple.com"), "email:1 ");
  EXPECT_EQ(among("粤%42·12345"), "cn_plate:1 ");
  EXPECT_EQ(among("00%3A00:5E:00:53:01"), "mac_address:1 ");
  EXPECT_EQ(among("机\u200b密★10年"), "cn_secret_marking:1 ");
  EXPECT_EQ(among("护\u200b照号 E00000001"), "cn_passport:1 ");
  for (const char* plate : {"AB%312", "%41B12", "A%4212", "AB%31%32", "AB①²"})
    EXPECT_EQ(among("vehicle "s + plate + " "), "hk_plate:1 ") << plate;
}

// As it stood in a table of contents that xar had compressed.
TEST(Writings, LettersThatChanceMakesAnAddressOfAmongCompressedBytesAreNone) {
  const std::string before =
      "\x08\xfbo\x05\x9a&\x8a"
      "b\xa0\x90"
      "aR@L\xe3\x02\x12I\x8a\x94";
  const std::string behind = "\x8d\x13\x8e\xde\x95\x16\xf3\xd0\xe6\x1e";
  EXPECT_EQ(kinds_of(before + "iI@dz.GS" + behind), "");
  EXPECT_EQ(kinds_of(before + "li@qq.com" + behind), "email:1 ");
  EXPECT_EQ(kinds_of(before + "L.Chan@hku.hk" + behind), "email:1 ");
  EXPECT_EQ(kinds_of("to iI@dz.GS, please\n"), "email:1 ");
  EXPECT_EQ(kinds_of("\xe8\x87\xb4 Li@qq.Com \xe8\xb0\xa2\xe8\xb0\xa2\xe6\x82\xa8\n"), "email:1 ");
}

// Every third character of Big5 ends in a byte that is a letter: it touches nothing.
TEST(Writings, ALetterThatIsHalfACharacterTouchesNothing) {
  const std::string half = "\xbd\x58";  // 碼 in Big5, whose second byte is an X
  EXPECT_EQ(kinds_of(half + "13800138000 \xa7\xb9"), "cn_mobile:1 ");
  EXPECT_EQ(kinds_of(half + "4111111111111111\n"), "intl_pan:1 ");
  EXPECT_EQ(kinds_of(half + "91440300MA5XXXX06L\n"), "cn_uscc:1 ");
  EXPECT_EQ(kinds_of(half + "1M8GDM9AXKP042788\n"), "vin:1 ");
  EXPECT_EQ(kinds_of(half + "G440304190001010010\n"), "cn_xueji_hao:1 ");
  // What begins with a letter of its own stands behind whole characters, too.
  EXPECT_EQ(kinds_of("\xb8\xb9J440305190101010014\n"), "cn_xueji_hao:1 ");
  EXPECT_EQ(kinds_of("\xb8\xb9GB82WEST12345698765432\n"), "iban:1 ");
  EXPECT_EQ(kinds_of(half + "0755-22222222\n"), "cn_landline:1 ");
  EXPECT_EQ(kinds_of(half + "00:00:5E:00:53:01\n"), "mac_address:1 ");
  // In UTF-8 a letter behind a character is a letter.
  EXPECT_EQ(kinds_of("编码X4111111111111111\n"), "");
  EXPECT_EQ(kinds_of("数据编码为X13800138000\n"), "");
}

// 鲁 and 豫 in GBK are two bytes that UTF-8 could have, too.
TEST(Writings, PlatesOfEveryProvinceAreFoundInGbk) {
  EXPECT_EQ(kinds_of("no. \xc2\xb3Y27235\n"), "cn_plate:1 ");
  EXPECT_EQ(kinds_of("no. \xd4\xa5"
                     "B27235\n"),
            "cn_plate:1 ");
}

// Lines of hexadecimal may be base64 of something that looks like GBK; what turns out to be no text was none.
TEST(Writings, AListOfHashesIsNoEncodedText) {
  uint64_t seed = 7;
  for (int list = 0; list < 40; ++list) {
    std::string text;
    for (int i = 0; i < 400; ++i) {
      for (int half = 0; half < 2; ++half) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        char word[24];
        std::snprintf(word, sizeof word, "%016llx", static_cast<unsigned long long>(seed ^ seed >> 29U));
        text += word;
      }
      text += '\n';
    }
    EXPECT_EQ(inspect(as_bytes(text)).verdict, Verdict::kClean) << list;
  }
}

// It is base64 of characters that Chinese has, too.
TEST(Writings, Utf16IsReadInHexadecimal) {
  EXPECT_NE(kinds_of("4d52876520006200650066006f00720065002c002000340036003000370030003500310039003400"
                     "35003100300031003700340032003000380002302000610066007400650072000a00\n")
                .find("cn_resident_id"),
            std::string::npos);
}

TEST(Writings, WhatZlibPackedIsReadInBase64) {
  // Six lines like "note 0 of the day: 13800138000, and no more", packed by zlib.
  const std::string packed =
      "eNrLyy9JVTBQyE9TKMlIVUhJrLRSMDS2MDAAEwY6Col5KQp5+Qq5+UWpXHkgtYY41JpjUWuEXa2hCRa1"
      "xtjVGhliUWuCQ60FFrWm2NUam6KqBQBRSUuv";
  EXPECT_EQ(kinds_of("data " + packed + "\n"), "cn_mobile:6 ");
}

TEST(Writings, PartsOfAUuidAreNoTelephone) {
  EXPECT_EQ(kinds_of("9af5451a-0769-4476-8738-ba90d05b867a\n"), "");
  EXPECT_EQ(kinds_of("0769-4476-8738 or +86-0769-44768738\n"), "cn_landline:2 ");
}

TEST(Writings, ANameWithAColonIsNoPartOfANetworkCard) {
  EXPECT_EQ(kinds_of("mac:00:00:5e:00:53:01\n"), "mac_address:1 ");
  EXPECT_EQ(kinds_of("值:00:00:5e:00:53:01。\n"), "mac_address:1 ");
  EXPECT_EQ(kinds_of("2001:0db8:00:00:5e:00:53:01, a1:00:00:5e:00:53:01\n"), "");
}

// Three digits in a row of base64 lead to what stands round them; a wrapped line does not end it.
TEST(Writings, NumbersInBase64AreFoundAtEveryPlaceOfAQuad) {
  for (const std::string text :
       {"MTM4MDAxMzgwMDA=", "OjEzODAwMTM4MDAw", "OiAxMzgwMDEzODAwMA==", "PTogMTM5\nMDAxMzgwMDAg"})
    EXPECT_NE(kinds_of("x " + text + "\n").find("cn_mobile"), std::string::npos) << text;
}

TEST(Writings, WhatIsEncodedBesideAnEscapeIsCountedOnce) {
  EXPECT_EQ(kinds_of("a\\u0020b, MTM4MDAxMzgwMDA= c\\u0020d\n"), "cn_mobile:1 ");
}

}  // namespace
}  // namespace hetao::inspection
