#include "gateway/ledger/evidence.h"

#include <gtest/gtest.h>

#include "tests/unit/ledger/support.h"

namespace hetao::ledger {
namespace {

using namespace testing;

const std::vector<uint64_t> kChosen = {0, 3, 4, 19};

// A policy's text goes by its digest, which decisions name.
constexpr std::string_view kPolicyText = "rules: []\n";
std::string policy_name() {
  return "policy/" + sha256(as_bytes(kPolicyText)).hex();
}

// A cosigned log of 20 entries, of which four are exported with one policy text.
struct Export {
  MemoryTree tree;
  std::string checkpoint;
  std::string file;
};

Export make_export() {
  Export out;
  for (uint64_t i = 0; i < 20; ++i) out.tree.append(leaf_hash(encoded(i)));
  Note note{print_checkpoint({kOrigin, 20, out.tree.root(), {}}), {}};
  note.signatures.push_back(sign_note(note.text, log_key()));
  note.signatures.push_back(cosign_note(note.text, witness_key(), {1'795'000'000'000'000}));
  out.checkpoint = print_note(note);
  EvidenceWriter writer;
  out.file =
      writer.begin(out.checkpoint, std::vector{log_key().verifier()}, std::vector{witness_key().verifier()});
  out.file += writer.attach(policy_name(), kPolicyText);
  for (const uint64_t index : kChosen)
    out.file += writer.add(index, as_text(encoded(index)), out.tree.inclusion_proof(index, 20));
  out.file += writer.end();
  return out;
}

TEST(Evidence, VerifiesWithNothingElse) {
  const Export made = make_export();
  EvidenceOptions options;
  std::vector<uint64_t> seen;
  options.on_entry = [&](uint64_t index, const Entry& entry, std::string_view) {
    EXPECT_EQ(entry, entry_of(index));
    seen.push_back(index);
  };
  options.cosignatures_min = 1;
  const auto report = verify_evidence(made.file, options);
  ASSERT_TRUE(report) << to_line(report.error());
  EXPECT_EQ(seen, kChosen);
  EXPECT_EQ(report->entries, 4U);
  EXPECT_EQ(report->attachments, std::vector<std::string>{policy_name()});
  EXPECT_EQ(report->head.checkpoint.size, 20U);
  EXPECT_EQ(report->head.cosignatures.size(), 1U);
  EXPECT_FALSE(report->keys_are_pinned);
}

TEST(Evidence, APolicysTextHasTheDigestThatItsNameSays) {
  const std::string text = "{\"rules\":[]}";
  const std::string right = "policy/" + sha256(as_bytes(text)).hex();
  for (const std::string& name : {right, "policy/" + std::string(64, 'a')}) {
    const Export made = make_export();
    EvidenceWriter writer;
    std::string file = writer.begin(made.checkpoint, std::vector{log_key().verifier()},
                                    std::vector{witness_key().verifier()});
    file += writer.attach(name, text);
    file += writer.end();
    EXPECT_EQ(verify_evidence(file).has_value(), name == right) << name;
  }
}

TEST(Evidence, WithoutEntriesIsEvidenceOfTheHead) {
  const Export made = make_export();
  EvidenceWriter writer;
  std::string file =
      writer.begin(made.checkpoint, std::vector{log_key().verifier()}, std::vector{witness_key().verifier()});
  file += writer.end();
  EXPECT_EQ(verify_evidence(file)->entries, 0U);
}

TEST(Evidence, PinnedKeysDecideNotTheFile) {
  const Export made = make_export();
  EvidenceOptions options;
  options.log_keys = {log_key().verifier()};
  const auto report = verify_evidence(made.file, options);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->keys_are_pinned);
  options.log_keys = {key_of(kOrigin, kEd25519, 50).verifier()};
  EXPECT_EQ(verify_evidence(made.file, options).error().code, ErrorCode::kVerification);
  options.log_keys = {log_key().verifier()};
  options.witness_keys = {key_of("another", kEd25519Cosignature, 51).verifier()};
  options.cosignatures_min = 1;
  EXPECT_EQ(verify_evidence(made.file, options).error().code, ErrorCode::kVerification);
}

TEST(Evidence, AFlippedBitInAnyByteIsFoundAndItsLineNamed) {
  const std::string good = make_export().file;
  size_t line = 1;
  size_t flips = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    for (const size_t bit : {at % 8, (at + 5) % 8}) {
      std::string bad = good;
      bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ (1U << bit));
      const auto report = verify_evidence(bad);
      ASSERT_FALSE(report) << at << "." << bit;
      ASSERT_EQ(report.error().code, ErrorCode::kVerification);
      // The line itself, or one behind it that no longer agrees with it.
      const std::string& what = report.error().what;
      ASSERT_TRUE(what.starts_with("evidence, line ")) << to_line(report.error());
      ASSERT_GE(std::stoul(what.substr(15)), line) << to_line(report.error());
      ++flips;
    }
    if (good[at] == '\n') ++line;
  }
  EXPECT_EQ(flips, good.size() * 2);
}

TEST(Evidence, EveryCutIsFound) {
  const std::string good = make_export().file;
  for (size_t cut = 0; cut < good.size(); ++cut) {
    const auto report = verify_evidence(std::string_view(good).substr(0, cut));
    ASSERT_FALSE(report) << cut;
    ASSERT_EQ(report.error().code, ErrorCode::kVerification);
  }
}

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < file.size();) {
    const size_t end = file.find('\n', at);
    lines.push_back(file.substr(at, end + 1 - at));
    at = end + 1;
  }
  return lines;
}

TEST(Evidence, LinesTakenOutRepeatedOrMovedAreFound) {
  const auto lines = lines_of(make_export().file);
  ASSERT_EQ(lines.size(), 7U);
  const auto refused = [](const std::vector<std::string>& all) {
    std::string file;
    for (const std::string& line : all) file += line;
    return !verify_evidence(file).has_value();
  };
  EXPECT_FALSE(refused(lines));
  for (size_t i = 0; i < lines.size(); ++i) {
    auto without = lines;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(refused(without)) << i;
    auto twice = lines;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
    EXPECT_TRUE(refused(twice)) << i;
    for (size_t k = i + 1; k < lines.size(); ++k) {
      auto swapped = lines;
      std::swap(swapped[i], swapped[k]);
      EXPECT_TRUE(refused(swapped)) << i << " " << k;
    }
  }
}

// Someone who rewrites an entry and makes a consistent file of it still lacks the log's key.
TEST(Evidence, AForgedEntryInAWellMadeFileIsNamed) {
  const Export made = make_export();
  Entry forged = entry_of(4);
  forged.reason = "nothing happened";
  EvidenceWriter writer;
  std::string file =
      writer.begin(made.checkpoint, std::vector{log_key().verifier()}, std::vector{witness_key().verifier()});
  file += writer.add(3, as_text(encoded(3)), made.tree.inclusion_proof(3, 20));
  file += writer.add(4, encode_entry(forged).value(), made.tree.inclusion_proof(4, 20));
  file += writer.end();
  const auto report = verify_evidence(file);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().what, "evidence, line 3, entry 4");
  EXPECT_NE(report.error().why.find("another root"), std::string::npos);
}

TEST(Evidence, AnEntryUnderAnotherIndexIsRefused) {
  Export made;
  for (uint64_t i = 0; i < 4; ++i)
    made.tree.append(leaf_hash(encoded(i == 2 ? 7 : i)));  // a log that miscounts
  Note note{print_checkpoint({kOrigin, 4, made.tree.root(), {}}), {}};
  note.signatures.push_back(sign_note(note.text, log_key()));
  EvidenceWriter writer;
  std::string file = writer.begin(print_note(note), std::vector{log_key().verifier()}, {});
  file += writer.add(2, as_text(encoded(7)), made.tree.inclusion_proof(2, 4));
  file += writer.end();
  const auto report = verify_evidence(file);
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().why.find("calls itself entry 7"), std::string::npos) << to_line(report.error());
}

TEST(Evidence, SignaturesWithoutTheirKeyAreRefusedUnlessKeysArePinned) {
  const Export made = make_export();
  EvidenceWriter writer;
  std::string file = writer.begin(made.checkpoint, std::vector{log_key().verifier()}, {});
  file += writer.end();
  EXPECT_FALSE(verify_evidence(file));
  EvidenceOptions options;
  options.log_keys = {log_key().verifier()};
  EXPECT_TRUE(verify_evidence(file, options));
}

TEST(Evidence, GarbageEndsWithAClearWord) {
  for (const std::string bad : {"", "\n", "{}\n", "[]\n", "null\n", "{\"entry\":1}\n", "\xff\n", "x",
                                "{\"a\":1.5}\n", "{\"a\":-1}\n", "{\"a\":99999999999999999999}\n"}) {
    const auto report = verify_evidence(bad);
    ASSERT_FALSE(report) << bad;
    EXPECT_EQ(report.error().code, ErrorCode::kVerification);
    EXPECT_FALSE(report.error().why.empty());
  }
}

}  // namespace
}  // namespace hetao::ledger
