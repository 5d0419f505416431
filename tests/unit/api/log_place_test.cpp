#include "gateway/api/log_place.h"

#include <gtest/gtest.h>

#include <random>

namespace hetao::api {
namespace {

TEST(LogPlace, ReadsWhatItWrote) {
  const std::vector<LogPlace> places = {{1, {}}, {7, {{0, 0}}}, {2, {{1, 2}, {30'000'000'000, 4}, {0, 9}}}};
  for (const LogPlace& place : places) EXPECT_EQ(LogPlace::parse(place.print()), place) << place.print();
  EXPECT_EQ((LogPlace{2, {{1, 2}, {3, 4}}}.print()), "2:1,2;3,4");
}

TEST(LogPlace, WhatIsNoPlaceIsNone) {
  for (const char* text :
       {"", ":", "1", "-1:", "1:2", "1:2,", "1:2,3;", "1:-2,3", "1:2,-3", "1:2,3;4", "x:1,2", "1:2,3;;4,5",
        "1:99999999999999999999,0", "4294967296:", "1:2,3 ", " 1:2,3"})
    EXPECT_FALSE(LogPlace::parse(text)) << text;
  std::string many = "1:0,0";
  for (int i = 0; i < 64; ++i) many += ";0,0";
  EXPECT_FALSE(LogPlace::parse(many)) << "more executors than a task may have";
}

TEST(LogPlace, AnyBytesGiveAPlaceThatPrintsTheSameOrNone) {
  std::mt19937 random(7);
  const std::string alphabet = "0123456789:,;-+ x";
  for (int i = 0; i < 100'000; ++i) {
    std::string text(random() % 12, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    const auto place = LogPlace::parse(text);
    if (place) EXPECT_EQ(LogPlace::parse(place->print()), place) << text;
  }
}

}  // namespace
}  // namespace hetao::api
