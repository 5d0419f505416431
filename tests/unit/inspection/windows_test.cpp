// The same findings from every instruction set, in pieces of every size, in order or at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <boost/json/serialize.hpp>
#include <functional>
#include <random>
#include <string>

#include "gateway/inspection/inspector.h"
#include "gateway/inspection/number_checks.h"
#include "gateway/inspection/scan/block_masks.h"
#include "gateway/inspection/scan/number_rows.h"

namespace hetao::inspection {

#ifdef HETAO_SIMULATED_MASKS
void simulated_masks_avx512(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry,
                            Stride& out);
void simulated_masks_neon(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry,
                          Stride& out);
#endif

namespace {

// Those of this processor, and the others by functions that do the same.
std::vector<MaskEngine> all_engines() {
  std::vector<MaskEngine> engines(mask_engines().begin(), mask_engines().end());
#ifdef HETAO_SIMULATED_MASKS
  engines.push_back({"avx512 simulated", simulated_masks_avx512});
  engines.push_back({"neon simulated", simulated_masks_neon});
#endif
  return engines;
}

std::string fullwidth(const std::string& digits) {
  std::string out;
  for (const char c : digits) out += std::string("\xef\xbc") + static_cast<char>(0x90 + c - '0');
  return out;
}

// Identifiers in many writings, scattered over noise, some of them on the borders of windows.
std::string document(unsigned seed, size_t bytes) {
  std::mt19937 random(seed);
  const std::vector<std::string> pieces = {"11010519491231002X",
                                           "A123456(3)",
                                           "6222021234567890128",
                                           "13800138000",
                                           "+852 9123 4567",
                                           "a.b@hku.example",
                                           "粤B·12345",
                                           "00:00:5E:00:53:01",
                                           fullwidth("110105194912310021"),
                                           fullwidth("13800138000"),
                                           "%31%33%38%30%30%31%33%38%30%30%30",
                                           "MTM4MDAxMzgwMDA=",
                                           "6111 2222",
                                           "313338303031333830303020",
                                           "91440300MA5XXXX06L",
                                           "电话 21234567",
                                           "机密★10年",
                                           "0.123456789",
                                           "\"\",",
                                           "\n",
                                           "词语",
                                           "word "};
  std::string text;
  while (text.size() < bytes) {
    text += pieces[random() % pieces.size()];
    text += std::string(random() % 40, ' ');
    if (text.size() % 65'536 > 65'400 && text.size() % 65'536 < 65'500)
      text += std::string(65'536 - text.size() % 65'536 - random() % 30, '.') + pieces[random() % 8];
  }
  return text;
}

std::string findings_of(const Report& report) {
  return boost::json::serialize(to_json(report, true).at("findings"));
}

TEST(Windows, EveryInstructionSetFindsTheSame) {
  const std::string text = document(1, 400'000);
  const std::string expected = findings_of(inspect(as_bytes(text)));
  EXPECT_NE(expected.find("cn_resident_id"), std::string::npos);
  for (const MaskEngine& engine : all_engines()) {
    InspectOptions options;
    options.engine = &engine;
    EXPECT_EQ(findings_of(inspect(as_bytes(text), options)), expected) << engine.name;
  }
}

// Of the first `blocks`; of digits and line ends, of the next one too.
void expect_same_masks(const Stride& found, const Stride& expected, size_t blocks, std::string_view engine) {
  const uint64_t all = ~uint64_t{0} >> (kStrideBlocks - blocks);
  EXPECT_EQ(found.runs, expected.runs & all) << engine;
  EXPECT_EQ(found.busy, expected.busy & all) << engine;
  EXPECT_EQ(found.bordered, expected.bordered & all) << engine;
  EXPECT_EQ(found.words, expected.words & all) << engine;
  EXPECT_EQ(found.dense, expected.dense & all) << engine;
  EXPECT_EQ(found.loose, expected.loose & all) << engine;
  for (size_t i = 0; i <= blocks; ++i) {
    EXPECT_EQ(found.digit[i], expected.digit[i]) << engine;
    EXPECT_EQ(found.line[i], expected.line[i]) << engine;
  }
  for (size_t i = 0; i < blocks; ++i) {
    EXPECT_EQ(found.run[i], expected.run[i]) << engine;
    EXPECT_EQ(found.word[i], expected.word[i]) << engine;
    EXPECT_EQ(found.mark[i], expected.mark[i]) << engine;
    EXPECT_EQ(found.fold[i], expected.fold[i]) << engine;
    EXPECT_EQ(found.border[i], expected.border[i]) << engine;
    EXPECT_EQ(found.separator[i], expected.separator[i]) << engine;
  }
}

TEST(Windows, MasksAreEqualOverRandomBytes) {
  std::mt19937 random(2);
  constexpr std::string_view kLikely = "0123456789:-@%\\&#uBEMDTjzP3 \n,ABCxyz";
  std::vector<uint8_t> bytes(64 * kBlockBytes + kMaskPadBytes);
  for (int round = 0; round < 50; ++round) {
    for (uint8_t& b : bytes)
      b = random() % 3 == 0 ? static_cast<uint8_t>(random())
                            : static_cast<uint8_t>(kLikely[random() % kLikely.size()]);
    Stride expected;
    MaskCarry carry;
    mask_engines().back().find(bytes.data(), kStrideBlocks, ',', carry, expected);
    for (const MaskEngine& engine : all_engines()) {
      Stride found;
      MaskCarry again;
      engine.find(bytes.data(), kStrideBlocks, ',', again, found);
      expect_same_masks(found, expected, kStrideBlocks, engine.name);
      EXPECT_EQ(found.lines, expected.lines) << engine.name;
      EXPECT_EQ(found.controls, expected.controls) << engine.name;
      for (size_t i = 0; i < kStrideBlocks; ++i)
        EXPECT_EQ(found.control[i], expected.control[i]) << engine.name;
    }
  }
}

// Judges nothing: every number goes to on_run(), by a plain walk over the digits.
void look_at_all(const StridePlace& place, const Stride& stride, NumberRows& out) {
  out.looks = out.forms = 0;
  const auto has = [](const auto& row, size_t at) {
    return (row[at / kBlockBytes] >> at % kBlockBytes & 1U) != 0;
  };
  for (size_t begin = place.from; begin < std::min(place.blocks * kBlockBytes, place.readable); ++begin) {
    if (!has(stride.run, begin)) continue;
    size_t end = begin;
    while (end < place.readable && end - begin < kRunBytesMax && has(stride.digit, end)) ++end;
    if (end - begin < kRunBytesMin) continue;
    out.look[out.looks++] = {static_cast<uint16_t>(begin), static_cast<uint16_t>(end), false, Kind::kCustom,
                             0};
  }
}
void count_separators(const Stride& stride, size_t blocks, uint32_t before, ColumnRow& out) {
  for (size_t at = 0; at <= blocks * kBlockBytes; ++at) {
    const size_t block = at / kBlockBytes;
    const uint64_t bit = uint64_t{1} << at % kBlockBytes;
    if (at % kBlockBytes == 0) out[block] = before;
    if (block == blocks) return;
    before = (stride.line[block] & bit) != 0 ? 0 : before + ((stride.separator[block] & bit) != 0 ? 1 : 0);
  }
}

// Numbers of all lengths and what may stand beside them, in tables and in none.
std::string numbers(std::mt19937& random, size_t bytes, std::string_view separator) {
  const auto digits = [&random](size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += static_cast<char>('0' + random() % 10);
    return out;
  };
  static constexpr std::array<const char*, 14> kBefore = {"",   "",  "",  "",     "S", "HA", "0.",
                                                          "1.", "+", "-", "手机", "x", ".",  "62"};
  static constexpr std::array<const char*, 10> kBehind = {"", "", "", "", "", ":", ")", "X", "（1）", ".0"};
  static constexpr std::array<size_t, 13> kLengths = {6, 8, 7, 7, 11, 11, 13, 14, 16, 16, 18, 18, 19};
  static constexpr std::array<const char*, 6> kSigns = {" ", "-", "/", "：", "<", "a"};
  std::string text = separator.empty() ? "" : "a,id,手机\n";
  while (text.size() < bytes) {
    text += kBefore[random() % kBefore.size()];
    text += digits(random() % 4 == 0 ? random() % 70 : kLengths[random() % kLengths.size()]);
    text += kBehind[random() % kBehind.size()];
    text += random() % 6 == 0 ? "\n" : separator.empty() ? kSigns[random() % kSigns.size()] : separator;
  }
  return text;
}

// What is judged in rows is what on_run() would have found: the same findings, and the same numbers that only
// look like something.
TEST(Windows, NumbersAreJudgedInRowsAsOneByOne) {
  constexpr NumberEngine kOneByOne{look_at_all, count_separators};
  const MaskEngine one_by_one{"one by one", mask_engine().find, &kOneByOne};
  std::mt19937 random(4);
  int with_noise = 0;
  int with_hkid = 0;
  for (int round = 0; round < 20; ++round) {
    const std::string text = numbers(random, 3'000 + random() % 140'000, round % 2 == 0 ? "," : "");
    InspectOptions options;
    options.engine = &one_by_one;
    const std::string expected = boost::json::serialize(to_json(inspect(as_bytes(text), options), true));
    with_noise += expected.find("\"noise\":[{") != std::string::npos ? 1 : 0;
    with_hkid += expected.find("hkid") != std::string::npos ? 1 : 0;
    for (const MaskEngine& engine : all_engines()) {
      options.engine = &engine;
      EXPECT_EQ(boost::json::serialize(to_json(inspect(as_bytes(text), options), true)), expected)
          << engine.name << " round " << round;
    }
  }
  EXPECT_GT(with_noise, 10);
  EXPECT_GT(with_hkid, 10);
}

// The last stride of a window is short: what lies behind its blocks counts as their neighbours alone.
TEST(Windows, FewBlocksAreSeenAsAmongMany) {
  const std::string text = document(12, 64 * kBlockBytes + kMaskPadBytes);
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  for (const MaskEngine& engine : all_engines()) {
    Stride many;
    MaskCarry carry;
    engine.find(bytes, kStrideBlocks, ',', carry, many);
    for (const unsigned blocks : {1U, 2U, 3U, 4U, 5U, 17U, 62U, 63U}) {
      Stride few;
      MaskCarry again;
      engine.find(bytes, blocks, ',', again, few);
      expect_same_masks(few, many, blocks, engine.name);
      uint64_t lines = 0;
      for (size_t i = 0; i < blocks; ++i) lines += static_cast<uint64_t>(std::popcount(many.line[i]));
      EXPECT_EQ(few.lines, lines) << engine.name << " " << blocks;
    }
  }
}

TEST(Windows, PiecesOfEverySizeGiveTheSameFindings) {
  const std::string text = document(3, 300'000);
  const std::string expected = findings_of(inspect(as_bytes(text)));
  for (const size_t size :
       {size_t{1}, size_t{3}, size_t{63}, size_t{64}, size_t{1'000}, size_t{65'535}, size_t{65'537}}) {
    InspectOptions options;
    options.limits.held_bytes = 70'000;  // so that it flows instead of being kept
    Inspector inspector(options);
    for (size_t at = 0; at < text.size(); at += size)
      inspector.feed(as_bytes(std::string_view(text).substr(at, size)));
    EXPECT_EQ(findings_of(inspector.finish()), expected) << size;
  }
}

TEST(Windows, PartsInAnyOrderGiveTheSameFindings) {
  const std::string text = document(4, 13'000'000);
  const std::string expected = findings_of(inspect(as_bytes(text)));
  InspectOptions options;
  options.parallel = [](size_t count, const std::function<void(size_t)>& work) {
    for (size_t i = count; i > 0; --i) work(i - 1);
  };
  EXPECT_EQ(findings_of(inspect(as_bytes(text), options)), expected);
}

// A column of card-like numbers whose check digits are drawn, and one that is a card among them.
std::string column_of_numbers(size_t rows, bool pass_by_chance) {
  std::mt19937 random(7);
  std::string text = "order,when\n";
  for (size_t i = 0; i < rows; ++i) {
    std::string number = "62";
    for (int k = 0; k < 13; ++k) number += static_cast<char>('0' + random() % 10);
    unsigned sum = 0;
    for (size_t k = 0; k < number.size(); ++k) {
      const unsigned digit = static_cast<unsigned>(number[number.size() - 1 - k] - '0');
      sum += k % 2 == 0 ? digit * 2 / 10 + digit * 2 % 10 : digit;
    }
    const unsigned check = (10 - sum % 10) % 10;
    const bool passes = pass_by_chance ? random() % 10 == 0 : false;
    text += number + static_cast<char>('0' + (passes ? check : (check + 1 + random() % 9) % 10)) + ",2026\n";
  }
  return text;
}

TEST(Windows, OnlyWhatChanceExplainsIsNoise) {
  const auto kinds = [](const std::string& text) { return inspect(as_bytes(text)).findings.size(); };
  const std::string card = "6222021234567890128,2026\n";
  // Enough numbers of which as many pass as chance lets pass.
  EXPECT_EQ(kinds(column_of_numbers(1'000, true)), 0U);
  // Too few to tell; and many that all fail, but for one.
  EXPECT_EQ(kinds(column_of_numbers(30, false) + card), 1U);
  EXPECT_EQ(kinds(column_of_numbers(1'000, false) + card), 1U);
  // More than chance lets pass.
  std::string mixed = column_of_numbers(1'000, true);
  for (int i = 0; i < 60; ++i) mixed += card;
  EXPECT_EQ(kinds(mixed), 1U);
}

// What a block's neighbours refuse is the same for every instruction set: over bytes that are
// nearly identifiers, in every place of a block.
TEST(Windows, NearlyIdentifiersAreJudgedAlikeEverywhere) {
  std::mt19937 random(11);
  const std::vector<std::string> pieces = {"粤B·1234",
                                           "粤BD12345",
                                           "\xa1\x50",
                                           "AB 12",
                                           "AB1",
                                           "a@b.co",
                                           "@b",
                                           "%3",
                                           "%31%33",
                                           "\\u0031",
                                           "=\n",
                                           "&#4",
                                           "&#49;",
                                           "\x1b[1m",
                                           "\x1b[",
                                           "--B",
                                           "00:00:5E:00:53:01",
                                           "12:34:56:78",
                                           "MTM4",
                                           "MTM4MDAxMzgwMDA=",
                                           "//4xADEA",
                                           "31 31 30 31",
                                           "１３",
                                           "13800138000",
                                           "A123456(3)",
                                           std::string("1\0003\0008\0", 6),
                                           "★",
                                           "机密★"};
  for (int round = 0; round < 12; ++round) {
    std::string text;
    while (text.size() < 9'000) {
      const size_t filler = random() % (round % 2 == 0 ? 90 : 5);
      for (size_t i = 0; i < filler; ++i)
        text += round % 3 == 0 ? static_cast<char>(random()) : "aB3+/ .\n"[random() % 8];
      text += pieces[random() % pieces.size()];
    }
    const std::string expected = findings_of(inspect(as_bytes(text)));
    for (const MaskEngine& engine : all_engines()) {
      InspectOptions options;
      options.engine = &engine;
      EXPECT_EQ(findings_of(inspect(as_bytes(text), options)), expected) << engine.name << " round " << round;
    }
  }
}

TEST(Windows, ColumnsOfNumbersAreToldFromColumnsOfIdentifiers) {
  std::string noise = "order,when\n";
  for (uint64_t i = 0; i < 2'000; ++i)
    noise += std::to_string(6'200'000'000'000'000ULL + i * 982'451'653ULL) + ",2026\n";
  EXPECT_EQ(inspect(as_bytes(noise)).verdict, Verdict::kClean);
  EXPECT_EQ(inspect(as_bytes(noise)).noise.size(), 1U);
  std::string cards = "card,when\n";
  for (int i = 0; i < 100; ++i) cards += "6222021234567890128,2026\n";
  const Report found = inspect(as_bytes(noise.substr(0, 200) + "\n" + cards));
  EXPECT_EQ(found.verdict, Verdict::kFindings);
}

// Numbers between commas are judged in rows; each counts as it does alone.
TEST(Windows, EveryNumberOfATableIsTested) {
  std::mt19937_64 random(9);
  const auto digits = [&random](size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += static_cast<char>('0' + random() % 10);
    return text;
  };
  struct Column {
    Kind kind;
    std::function<std::string()> make;
    std::function<Fit(const std::string&)> fit;
    uint64_t forms = 0;
    uint64_t valid = 0;
  };
  const auto card = [](const std::string& text) {
    Kind kind = Kind::kIntlPan;
    return fit_card(text, kind);
  };
  std::vector<Column> columns = {
      {Kind::kHkid, [&] { return static_cast<char>('A' + random() % 26) + digits(7); }, fit_hkid},
      {Kind::kUnionpayPan, [&] { return "62" + digits(14); }, card},
      {Kind::kIntlPan, [&] { return "4" + digits(12 + random() % 2 * 3); }, card},
      {Kind::kCnUscc, [&] { return "91" + digits(16); }, fit_uscc},
      {Kind::kCnMobile, [&] { return digits(11); },
       [](const std::string& text) { return is_cn_mobile(text) ? Fit::kValid : Fit::kForm; }}};
  std::string table = "a,b,c,d,e\n";
  for (int row = 0; row < 4'000; ++row) {
    for (Column& column : columns) {
      const std::string number = column.make();
      const Fit fit = column.fit(number);
      column.forms += fit == Fit::kForm ? 1 : 0;
      column.valid += fit == Fit::kValid ? 1 : 0;
      table += number + (&column == &columns.back() ? '\n' : ',');
    }
  }
  const Report report = inspect(as_bytes(table));
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto noise = std::find_if(report.noise.begin(), report.noise.end(), [&](const Noise& one) {
      return one.kind == facts_of(columns[i].kind).name && one.column == i;
    });
    ASSERT_NE(noise, report.noise.end()) << i;
    // Numbers of Hong Kong and Macao with their codes are no mobile numbers that fail.
    const uint64_t others = columns[i].kind == Kind::kCnMobile ? columns[i].forms / 50 : 0;
    EXPECT_EQ(noise->passed, columns[i].valid) << i;
    EXPECT_LE(noise->tested, columns[i].forms + columns[i].valid) << i;
    EXPECT_GE(noise->tested + others, columns[i].forms + columns[i].valid) << i;
  }
}

}  // namespace
}  // namespace hetao::inspection
