#include "gateway/ledger/entry_index.h"

#include <gtest/gtest.h>

#include "gateway/ledger/render.h"
#include "tests/unit/ledger/support.h"

namespace hetao::ledger {
namespace {

using namespace testing;

// Entries that differ in everything that can be asked for.
Entry varied(uint64_t i) {
  static constexpr const char* kKinds[] = {"decision", "departed", "arrived", "review", "job-state"};
  Entry entry = entry_of(i);
  entry.kind = kKinds[i % 5];
  entry.time = {1'795'000'000'000'000 + static_cast<int64_t>(i) * 600'000'000};
  entry.who = (i % 2 != 0 ? "szu/u-" : "hku/u-") + std::to_string(i % 9);
  entry.decision = i % 3 == 0 ? "permit" : "forbid";
  entry.direction = i % 4 == 0 ? "out" : "in";
  entry.rules = {"R" + std::to_string(i % 6), "shared"};
  entry.item_digest = std::string(62, '0') + std::to_string(10 + i % 11);
  entry.item_bytes = static_cast<int64_t>(i * i);
  entry.reason =
      i % 8 == 0 ? "數據出境 Approved by the Owner" : "nothing special, number " + std::to_string(i);
  if (i % 10 == 0) entry.extra["dataset"] = "flowers";
  return entry;
}

std::vector<EntryQuery> queries() {
  std::vector<EntryQuery> all(22);
  all[0].kind = "departed";
  all[1].who = "szu/u-3";
  all[2].tenant = "hku";
  all[3].decision = "permit";
  all[4].direction = "out";
  all[5].rule = "R4";
  all[6].item_digest = std::string(62, '0') + "15";
  all[7].dataset = "flowers";
  all[8].text = "OWNER approved";
  all[9].text = "出境";
  all[10].text = "境";
  all[11].bytes_min = 100;
  all[11].bytes_max = 10'000;
  all[12].bytes_min = 50'000;
  all[13].since = varied(30).time;
  all[13].until = varied(60).time;
  all[14].since = varied(200).time;
  all[15].kind = "review";
  all[15].tenant = "szu";
  all[15].rule = "shared";
  all[16].job = "j-3";
  all[17].text = "no such words";
  all[18].until = varied(20).time;
  all[19].since = varied(400).time;
  all[20].kind = "departed";  // two long lists that have nothing in common
  all[20].text = "Approved";
  all[20].decision = "forbid";
  all[21].rule = "shared";
  all[21].job = "j-7";
  all[21].until = varied(100).time;
  return all;
}

TEST(EntryIndex, FindsExactlyWhatReadingEverythingFinds) {
  constexpr uint64_t kCount = 300;
  SegmentBuilder builder(0);
  for (uint64_t i = 0; i < kCount; ++i) builder.add(varied(i));
  const Bytes bytes = builder.finish();
  const auto segment = Segment::open(bytes);
  ASSERT_TRUE(segment);
  for (const EntryQuery& query : queries()) {
    std::vector<uint64_t> expected;
    for (uint64_t i = 0; i < kCount; ++i)
      if (query.takes(varied(i))) expected.push_back(i);
    const IndexTerms terms(query);
    const Places places = segment->find(terms);
    EXPECT_EQ(places, builder.find(terms));
    std::vector<uint64_t> found;
    for (uint64_t i = 0; i < kCount; ++i) {
      const bool candidate = !places || std::find(places->begin(), places->end(), i) != places->end();
      if (candidate && query.takes(varied(i))) found.push_back(i);
    }
    EXPECT_EQ(found, expected) << query.kind << query.text << query.who << query.rule;
    EXPECT_EQ(!places, query.text == "境");
    if (places) EXPECT_LE(places->size(), expected.size() + kCount / 4);
  }
}

TEST(EntryIndex, AnyFlippedBitOfASegmentIsFound) {
  SegmentBuilder builder(0);
  for (uint64_t i = 0; i < 5; ++i) builder.add(varied(i));
  Bytes bytes = builder.finish();
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(Segment::open(bytes)) << bit;
    bytes[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
  }
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(Segment::open(ByteView(bytes).first(size)));
}

TEST(EntryIndex, WordsAreLowerCaseAndChineseComesInPairs) {
  EXPECT_EQ(words_of("Art. 37, GDPR-like"), (std::vector<std::string>{"art", "37", "gdpr", "like"}));
  EXPECT_EQ(words_of("數據x出"), (std::vector<std::string>{"數", "數據", "x", "出"}));
  EXPECT_TRUE(words_of("\xff\xfe").size() <= 2);  // not UTF-8: no crash
}

Rendered rendered(const Entry& entry) {
  return {entry, "hetao/shenzhen", leaf_hash(as_bytes(encode_entry(entry).value()))};
}

TEST(Render, CsvKeepsSpreadsheetsFromTakingTextForFormulas) {
  Entry entry = varied(8);
  entry.reason = "=HYPERLINK(\"x\")";
  const std::string row = csv_row(rendered(entry));
  EXPECT_NE(row.find("\"'=HYPERLINK(\"\"x\"\")\""), std::string::npos) << row;
  EXPECT_NE(row.find(" +08:00\""), std::string::npos);
  EXPECT_TRUE(row.ends_with("\r\n"));
}

TEST(Render, EachFormCarriesIndexLeafHashAndOrigin) {
  const Entry entry = varied(1);
  const Rendered r = rendered(entry);
  const std::string leaf = r.leaf.hex();
  for (const std::string& form : {ocsf_json(r), rfc5424(r, "shenzhen.gw-1"), csv_row(r), html_row(r)})
    EXPECT_NE(form.find(leaf), std::string::npos) << form;
  EXPECT_NE(ocsf_json(r).find("\"class_uid\":6006"), std::string::npos);
  EXPECT_TRUE(rfc5424(r, "shenzhen.gw-1").starts_with("<109>1 2026-"));
  EXPECT_NE(rfc5424(r, "shenzhen.gw-1")
                .find(" shenzhen.gw-1 hetao - departed [hetao@32473 origin=\"hetao/shenzhen\" index=\"1\""),
            std::string::npos);
  EXPECT_EQ(rfc5425_frame("abc"), "3 abc");
}

TEST(Render, NothingThatAnEntryHoldsBreaksOutOfItsForm) {
  Entry entry = varied(1);
  entry.job = "x\"] <script>\n\\";
  EXPECT_EQ(html_row(rendered(entry)).find("<script>"), std::string::npos);
  EXPECT_NE(rfc5424(rendered(entry), "h").find("job=\"x\\\"\\] <script> \\\\\""), std::string::npos)
      << rfc5424(rendered(entry), "h");
}

}  // namespace
}  // namespace hetao::ledger
