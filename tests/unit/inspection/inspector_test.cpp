#include "gateway/inspection/inspector.h"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <string>

namespace hetao::inspection {
namespace {

Report read(const std::string& text) {
  return inspect(as_bytes(text));
}

std::string kinds_of(const Report& report) {
  std::string kinds;
  for (const Finding& finding : report.findings)
    kinds += finding.kind + ":" + std::to_string(finding.count) + " ";
  return kinds;
}

TEST(Inspector, PlainTextWithoutIdentifiersIsCleanAtFullCoverage) {
  const Report report = read("fold,n,accuracy\n1,114,0.956\n2,113,0.9469\n河套\n");
  EXPECT_EQ(report.verdict, Verdict::kClean);
  EXPECT_TRUE(report.coverage.full());
}

TEST(Inspector, FindsIdentifiersInRunningText) {
  const Report report = read(
      "身份证 11010519491231002X，HKID A123456(3); card 4111111111111111, tel 13800138000 a.b@hku.example\n");
  EXPECT_EQ(kinds_of(report), "cn_mobile:1 cn_resident_id:1 email:1 hkid:1 intl_pan:1 ");
  EXPECT_EQ(report.verdict, Verdict::kFindings);
}

TEST(Inspector, AResidentNumberHitsWhereANameTouchesIt) {
  EXPECT_EQ(kinds_of(read("user_id_11010519491231002X_end")), "cn_resident_id:1 ");
}

TEST(Inspector, NumbersThatOnlyLookAlikeAreLeftAlone) {
  EXPECT_EQ(kinds_of(read("0.4111111111111111 3f4111111111111111 13800138000.5 A1234563Z 4111-1111")), "");
}

// Of random numbers a few begin like one brand's cards and many like another's.
TEST(Inspector, NumbersOfOneBrandTellThatThoseOfAnotherAreNumbersToo) {
  uint64_t seed = 11;
  std::string table = "order,v\n";
  for (int i = 0; i < 3'000; ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    table += std::to_string(1'000'000'000'000'000 + (seed >> 11U) % 9'000'000'000'000'000) + ",1\n";
  }
  EXPECT_EQ(kinds_of(read(table)), "");
  // More of them than chance lets pass are cards.
  for (int i = 0; i < 40; ++i) table += "6222021234567890128," + std::to_string(i) + "\n";
  EXPECT_EQ(kinds_of(read(table)).substr(0, 13), "unionpay_pan:");
  EXPECT_EQ(kinds_of(read("order,card\n1,6222021234567890128\n2,4111111111111111\n")),
            "intl_pan:1 unionpay_pan:1 ");
}

TEST(Inspector, FindsTheSameWhateverPiecesTheBytesComeIn) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += i % 1'000 == 7 ? " A123456(3), 11010519491231002X;" : " 0.25,";
  text += "\nlast line 4111111111111111";
  const std::string whole = boost::json::serialize(to_json(read(text)));
  EXPECT_NE(whole.find("\"count\":40"), std::string::npos) << whole;
  for (const size_t size : {size_t{1}, size_t{7}, size_t{63}, size_t{4'096}, size_t{65'537}}) {
    Inspector inspector;
    for (size_t at = 0; at < text.size(); at += size)
      inspector.feed(as_bytes(std::string_view(text).substr(at, size)));
    EXPECT_EQ(boost::json::serialize(to_json(inspector.finish())), whole) << size;
  }
}

TEST(Inspector, WhatCannotBeReadIsNeverClean) {
  EXPECT_EQ(read("\x1f\x8b\x08 packed").verdict, Verdict::kIncomplete);
  EXPECT_EQ(read(std::string(64, '\1')).verdict, Verdict::kIncomplete);
  EXPECT_EQ(read("\x89PNG\r\n\x1a\n picture").verdict, Verdict::kIncomplete);
  EXPECT_EQ(kinds_of(read("##fileformat=VCFv4.2\n")), "vcf_text:1 ");
}

TEST(Inspector, TextInOtherEncodingsIsRead) {
  EXPECT_EQ(read("\xd6\xd0\xb9\xfa").verdict, Verdict::kClean);  // GBK
  EXPECT_EQ(kinds_of(read(std::string("\xff\xfe"
                                      "A\0001\0002\0003\0004\0005\0006\0(\0003\0)\0",
                                      22))),
            "hkid:1 ");
}

TEST(Inspector, TheSmallestGroupComesFromTheColumnOfCounts) {
  EXPECT_EQ(read("group,n,mean\na,12,0.5\nb,31,0.7\n").smallest_group, 12);
  EXPECT_EQ(read("组别\t人数\n甲\t9\n").smallest_group, 9);
  EXPECT_FALSE(read("patient,risk\n1,0.5\n2,0.7\n").smallest_group);
  EXPECT_FALSE(read("group,n\na,12\nb\n").smallest_group);  // a row that does not fit
  EXPECT_FALSE(read("group,n\na,many\n").smallest_group);
}

TEST(Inspector, OneItemOfSeveralFilesIsAsGoodAsItsWorst) {
  const Report both = combine({read("group,n\na,12\n"), read("HKID A123456(3)\n")});
  EXPECT_EQ(both.verdict, Verdict::kFindings);
  EXPECT_FALSE(both.smallest_group);
  EXPECT_EQ(combine({read("group,n\na,12\n"), read("group,n\nb,10\n")}).smallest_group, 10);
}

}  // namespace
}  // namespace hetao::inspection
