#include "gateway/ledger/entry.h"

#include <gtest/gtest.h>

#include "gateway/base/json.h"
#include "gateway/base/limits.h"

namespace hetao::ledger {
namespace {

Entry full() {
  Entry entry;
  entry.sequence = 4711;
  entry.time = *parse_rfc3339("2026-11-23T11:55:51.000001Z");
  entry.region = "shenzhen";
  entry.kind = "decision";
  entry.job = "j-1";
  entry.crossing = "c-1";
  entry.who = "szu/u-0123456789abcdef";
  entry.policy_digest = std::string(64, 'a');
  entry.rules = {"important-data-stays", "b"};
  entry.item_digest = std::string(64, 'b');
  entry.item_bytes = 0;
  entry.decision = "forbid";
  entry.direction = "out";
  entry.peer = "hongkong";
  entry.reason = "重要数据 \"stays\" \\ \x01\t\n here";
  entry.extra = {{"item_kind", "dataset"}, {"a.b-c", "1"}};
  return entry;
}

TEST(Entry, IsCanonicalJsonWithItsAbsentFieldsLeftOut) {
  Entry entry;
  entry.sequence = 3;
  entry.region = "hongkong";
  entry.kind = "admin";
  EXPECT_EQ(encode_entry(entry).value(),
            R"({"kind":"admin","region":"hongkong","sequence":3,"time":"1970-01-01T00:00:00.000000Z"})");
}

TEST(Entry, PrintsWhatTheCanonicalPrinterPrints) {
  const std::string bytes = encode_entry(full()).value();
  const auto value = parse_json(bytes, "entry");
  ASSERT_TRUE(value);
  EXPECT_EQ(canonical_json(*value), bytes);
  EXPECT_EQ(value->at("item_bytes").to_number<int>(), 0);
  EXPECT_EQ(value->at("extra").at("a.b-c").as_string(), "1");
}

TEST(Entry, ReadsBack) {
  EXPECT_EQ(decode_entry(encode_entry(full()).value()).value(), full());
  Entry entry = full();
  entry.item_digest.clear();
  entry.item_bytes = 9;
  entry.extra.clear();
  entry.rules.clear();
  EXPECT_EQ(decode_entry(encode_entry(entry).value()).value(), entry);
}

TEST(Entry, EmptyExtrasAreLeftOutLikeOtherEmptyFields) {
  Entry entry = full();
  entry.extra = {{"a", ""}, {"b", ""}};
  EXPECT_EQ(encode_entry(entry).value().find("extra"), std::string::npos);
  entry.extra = {{"a", ""}, {"b", "x"}, {"c", ""}};
  EXPECT_NE(encode_entry(entry).value().find(R"("extra":{"b":"x"},)"), std::string::npos);
}

TEST(Entry, WhatCannotBeReadBackIsNotPrinted) {
  const auto refused = [](auto change) {
    Entry entry = full();
    change(entry);
    const auto out = encode_entry(entry);
    return !out && out.error().code == ErrorCode::kUsage;
  };
  EXPECT_TRUE(refused([](Entry& e) { e.region.clear(); }));
  EXPECT_TRUE(refused([](Entry& e) { e.kind = "Job State"; }));
  EXPECT_TRUE(refused([](Entry& e) { e.kind = "-x"; }));
  EXPECT_TRUE(refused([](Entry& e) { e.kind.clear(); }));
  EXPECT_TRUE(refused([](Entry& e) { e.item_bytes = -1; }));
  EXPECT_TRUE(refused([](Entry& e) { e.sequence = (uint64_t{1} << 53U) + 1; }));
  EXPECT_TRUE(refused([](Entry& e) { e.time = {INT64_MAX}; }));
  EXPECT_TRUE(refused([](Entry& e) { e.time = {INT64_MIN}; }));
  EXPECT_TRUE(refused([](Entry& e) { e.reason = "\xff"; }));
  EXPECT_TRUE(refused([](Entry& e) { e.extra["A"] = "x"; }));
  EXPECT_TRUE(refused([](Entry& e) { e.extra[""] = "x"; }));
  EXPECT_TRUE(refused([](Entry& e) { e.reason.assign(limits::kLedgerEntryBytesMax, 'x'); }));
}

TEST(Entry, TheLargestOneThatFitsIsTaken) {
  Entry entry = full();
  entry.reason.clear();
  const size_t rest = limits::kLedgerEntryBytesMax - encode_entry(entry).value().size() -
                      std::string(R"("reason":"",)").size();
  entry.reason.assign(rest, 'x');
  const auto bytes = encode_entry(entry);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->size(), limits::kLedgerEntryBytesMax);
  EXPECT_TRUE(decode_entry(*bytes));
  entry.reason += 'x';
  EXPECT_NE(encode_entry(entry).error().why.find("65536 bytes"), std::string::npos);
}

TEST(Entry, OtherFormsOfTheSameEntryAreRefused) {
  const std::string good =
      R"({"kind":"admin","region":"hk","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})";
  ASSERT_TRUE(decode_entry(good));
  for (
      const std::string bad : {
          R"({"region":"hk","kind":"admin","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","region":"hk","sequence":3,"time":"2026-11-23T11:55:51.000000Z"} )",
          R"({"kind":"admin", "region":"hk","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","region":"hk","sequence":03,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","region":"hk","sequence":-3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","region":"hk","sequence":3.0,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","region":"hk","sequence":3,"time":"2026-11-23T11:55:51Z"})",
          R"({"kind":"admin","region":"hk","sequence":3,"time":"2026-11-23T11:55:51.000000z"})",
          R"({"kind":"admin","region":"hk","sequence":3,"time":"2026-11-23T11:55:60.000000Z"})",
          R"({"kind":"admin","region":"hk","sequence":3,"time":"2026-11-23T19:55:51.00+08:00"})",
          R"({"kind":"admin","region":"hk","sequence":3})",
          R"({"kind":"admin","region":"hk","time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","region":"h\u006b","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","region":"h\/k","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","region":"h\u000ak","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","region":"h\u001Fk","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","peer":"","region":"hk","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","region":"hk","rules":[],"sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"extra":{},"kind":"admin","region":"hk","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"extra":{"b":"1","a":"2"},"kind":"admin","region":"hk","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"extra":{"a":"1","a":"2"},"kind":"admin","region":"hk","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"item_bytes":0,"kind":"admin","region":"hk","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"item_digest":"ab","kind":"admin","region":"hk","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
          R"({"kind":"admin","new":"x","region":"hk","sequence":3,"time":"2026-11-23T11:55:51.000000Z"})",
      }) {
    const auto out = decode_entry(bad);
    ASSERT_FALSE(out) << bad;
    EXPECT_EQ(out.error().code, ErrorCode::kVerification);
  }
}

TEST(Entry, WhateverIsReadPrintsTheSameBytes) {
  const std::string good = encode_entry(full()).value();
  int accepted = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ (1U << bit));
      const auto entry = decode_entry(bad);
      if (!entry) continue;
      ++accepted;
      ASSERT_EQ(encode_entry(*entry).value(), bad);
    }
    EXPECT_FALSE(decode_entry(good.substr(0, at)));
  }
  EXPECT_GT(accepted, 100);  // changed letters: it is the tree that finds those
}

}  // namespace
}  // namespace hetao::ledger
