// The promise that auditors rely on, counted: any flipped bit, cut, reordering or substitution in any file of
// a ledger or of an export is found, and the error names a file (or line) that it lies in or that contradicts
// it. Prints the counts.
#include <gtest/gtest.h>

#include <functional>
#include <iomanip>
#include <iostream>

#include "gateway/ledger/evidence.h"
#include "gateway/ledger/tlog_proof.h"
#include "gateway/ledger/verify_log.h"
#include "tests/unit/ledger/support.h"

namespace hetao::ledger {
namespace {

using namespace testing;

constexpr size_t kHashBytes = 32;

struct Counts {
  uint64_t flips = 0, cuts = 0, reorders = 0, substitutions = 0;
  uint64_t named_itself = 0;  // of all of them: the error names the damaged file, not one that contradicts it

  uint64_t all() const { return flips + cuts + reorders + substitutions; }
};

void print_row(const std::string& name, const Counts& counts) {
  std::cout << std::left << std::setw(24) << name << std::right << std::setw(8) << counts.flips
            << std::setw(8) << counts.cuts << std::setw(10) << counts.reorders << std::setw(8)
            << counts.substitutions << std::setw(10) << counts.named_itself << "\n";
}

void print_heading() {
  std::cout << std::left << std::setw(24) << "found in" << std::right << std::setw(8) << "flips"
            << std::setw(8) << "cuts" << std::setw(10) << "reorders" << std::setw(8) << "others'"
            << std::setw(10) << "named it" << "\n";
}

// A cosigned log of 270 entries as it stands on a disk, with partial tiles of an earlier size, `signing` and
// `wal`. `salt` makes another history under the same keys.
Folder cosigned_log(const std::string& salt = {}) {
  Folder folder;
  std::vector<FileWrite> files;
  Log log = Log::create(config(), files);
  folder.write(files);
  const auto grow = [&](uint64_t count) {
    std::vector<Bytes> entries;
    for (uint64_t i = 0; i < count; ++i) {
      Entry entry = entry_of(log.size() + i);
      entry.reason += salt;
      entries.push_back(bytes_of(encode_entry(entry).value()));
    }
    folder.append(*log.append(std::move(entries)));
    publish(log, folder);
  };
  grow(14);
  folder.write(log.compact());
  grow(128);
  grow(128);
  const std::string line =
      print_signature_line(cosign_note(log.checkpoint()->note.text, witness_key(), {7'000'000}));
  folder.write(*log.add_cosignatures(line, std::vector{witness_key().verifier()}));
  folder.files["log.vkey"] = bytes_of(print_vkey(log_key().verifier()) + "\n");
  folder.files["witness.vkey"] = bytes_of(print_vkey(witness_key().verifier()) + "\n");
  return folder;
}

// Where a file may be cut into parts that could change places: hashes of tiles, entries of bundles, groups of
// the write-ahead log, lines of text.
std::vector<size_t> seams_of(const std::string& path, const Bytes& bytes) {
  std::vector<size_t> seams = {0};
  const auto tile = parse_tile_path(path);
  if (path == "wal") {
    static constexpr std::array<uint8_t, 4> kGroup = {0xf5, 'H', 'G', 0x01};
    for (auto at = bytes.begin();
         (at = std::search(at, bytes.end(), kGroup.begin(), kGroup.end())) != bytes.end(); ++at)
      seams.push_back(static_cast<size_t>(at - bytes.begin()));
  } else if (tile && tile->entries) {
    for (size_t at = 0; at < bytes.size(); seams.push_back(at))
      at += 2 + get_u16(ByteView(bytes).subspan(at));
  } else if (tile) {
    for (size_t at = kHashBytes; at <= bytes.size(); at += kHashBytes) seams.push_back(at);
  } else {
    for (size_t at = 0; at < bytes.size(); ++at)
      if (bytes[at] == '\n') seams.push_back(at + 1);
  }
  if (seams.back() != bytes.size()) seams.push_back(bytes.size());
  return seams;
}

class LedgerDamage {
 public:
  LedgerDamage() : good_(cosigned_log()), other_(cosigned_log("!")) {
    options_.cosignatures_min = 1;
    options_.listing = good_.listing();
  }

  bool is_whole(const Folder& folder) const {
    VerifyOptions options = options_;
    options.listing = folder.listing();
    return verify_log(folder.reader(), options).has_value();
  }
  const Folder& good() const { return good_; }

  Counts try_all(const std::string& path) {
    path_ = path;
    counts_ = {};
    const Bytes& whole = good_.files.at(path);
    const size_t step = whole.size() < 2'048 ? 1 : 41;  // no period of a format divides it
    for (size_t at = 0; at < whole.size(); at += step) {
      Bytes bad = whole;
      bad[at] ^= static_cast<uint8_t>(1U << (at % 8));
      found(bad, counts_.flips);
    }
    for (size_t cut = 0; cut < whole.size(); cut += step) {
      if (path.ends_with(".vkey") && cut + 1 == whole.size())
        continue;  // without its last newline it says the same
      found(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)), counts_.cuts);
    }
    try_reorders(whole);
    for (const auto& [name, content] : good_.files)
      if (content != whole) found(content, counts_.substitutions);
    if (const Bytes& others = other_.files.at(path); others != whole) found(others, counts_.substitutions);
    return counts_;
  }

 private:
  // Neighbours change places, and each part once more in its neighbour's place.
  void try_reorders(const Bytes& whole) {
    const std::vector<size_t> seams = seams_of(path_, whole);
    const auto part = [&](size_t i) {
      return Bytes(whole.begin() + static_cast<std::ptrdiff_t>(seams[i]),
                   whole.begin() + static_cast<std::ptrdiff_t>(seams[i + 1]));
    };
    for (size_t i = 0; i + 2 < seams.size(); ++i) {
      const Bytes first = part(i);
      const Bytes second = part(i + 1);
      if (first == second) continue;
      // The order of signature lines says nothing (C2SP signed-note).
      const bool both_sign = as_text(first).starts_with("\u2014") && as_text(second).starts_with("\u2014");
      const auto with = [&](const Bytes& a, const Bytes& b) {
        Bytes bad(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(seams[i]));
        bad.insert(bad.end(), a.begin(), a.end());
        bad.insert(bad.end(), b.begin(), b.end());
        bad.insert(bad.end(), whole.begin() + static_cast<std::ptrdiff_t>(seams[i + 2]), whole.end());
        return bad;
      };
      if (!both_sign) found(with(second, first), counts_.reorders);
      found(with(first, first), counts_.substitutions);
    }
  }

  void found(const Bytes& content, uint64_t& count) {
    const FileReader files = [this, &content](const std::string& path) -> Result<Bytes> {
      if (path == path_) return content;
      const auto file = good_.files.find(path);
      if (file == good_.files.end()) return fail(ErrorCode::kNotFound, path, "no such file");
      return file->second;
    };
    const auto report = verify_log(files, options_);
    ASSERT_FALSE(report) << path_ << ", " << counts_.all();
    ASSERT_EQ(report.error().code, ErrorCode::kVerification) << to_line(report.error());
    const std::string& what = report.error().what;
    const bool names_one = std::any_of(good_.files.begin(), good_.files.end(), [&](const auto& file) {
      return what.find(file.first) != std::string::npos;
    });
    ASSERT_TRUE(names_one || what.starts_with("tile")) << to_line(report.error());
    ++count;
    if (what.find(path_) != std::string::npos) ++counts_.named_itself;
  }

  Folder good_;
  Folder other_;
  VerifyOptions options_;
  std::string path_;
  Counts counts_;
};

TEST(Damage, AnywhereInALedgerIsFoundAndNamed) {
  LedgerDamage damage;
  ASSERT_TRUE(damage.is_whole(damage.good()));
  print_heading();
  Counts sum;
  for (const auto& [path, content] : damage.good().files) {
    const Counts counts = damage.try_all(path);
    if (::testing::Test::HasFatalFailure()) return;
    print_row(path, counts);
    sum.flips += counts.flips;
    sum.cuts += counts.cuts;
    sum.reorders += counts.reorders;
    sum.substitutions += counts.substitutions;
    sum.named_itself += counts.named_itself;
    Folder without = damage.good();
    without.files.erase(path);
    // Old partial tiles and the intent may go; nothing else may.
    const auto tile = parse_tile_path(path);
    const bool may_go = path == "wal" || path == "signing" ||
                        (tile && tile->width != kTileWidth && tile->width > 14) ||
                        (tile && tile->level == 0 && tile->index == 0 && tile->width == 14);
    if (!may_go) EXPECT_FALSE(damage.is_whole(without)) << path << " is gone";
  }
  print_row("all of the ledger", sum);
  EXPECT_GT(sum.all(), 10'000U);
}

// --- exports

// Three entries with their proofs, a policy, keys, a cosigned checkpoint.
struct Exported {
  std::string evidence;
  std::string proof;       // of entry 3
  std::string checkpoint;  // both signatures
};

Exported export_of(const std::string& salt = {}) {
  MemoryTree tree;
  std::vector<std::string> texts;
  for (uint64_t i = 0; i < 20; ++i) {
    Entry entry = entry_of(i);
    entry.reason += salt;
    texts.push_back(encode_entry(entry).value());
    tree.append(leaf_hash(as_bytes(texts.back())));
  }
  Note note{print_checkpoint({kOrigin, 20, tree.root(), {}}), {}};
  note.signatures.push_back(sign_note(note.text, log_key()));
  note.signatures.push_back(cosign_note(note.text, witness_key(), {7'000'000}));
  Exported out;
  out.checkpoint = print_note(note);
  EvidenceWriter writer;
  out.evidence =
      writer.begin(out.checkpoint, std::vector{log_key().verifier()}, std::vector{witness_key().verifier()});
  const std::string policy = "{\"rules\":[" + salt + "]}";
  out.evidence += writer.attach("policy/" + sha256(as_bytes(policy)).hex(), policy);
  for (const uint64_t index : {3U, 4U, 19U})
    out.evidence += writer.add(index, texts[index], tree.inclusion_proof(index, 20));
  out.evidence += writer.end();
  out.proof = print_tlog_proof({std::nullopt, 3, tree.inclusion_proof(3, 20), out.checkpoint});
  return out;
}

// Tries everything on one text, by lines. `is_good` says what its verifier says.
Counts try_text(const std::string& whole, const std::string& another,
                const std::function<Result<void>(const std::string&)>& is_good) {
  Counts counts;
  EXPECT_TRUE(is_good(whole));
  const auto found = [&](const std::string& bad, uint64_t& count) {
    if (bad == whole) return;
    const auto held = is_good(bad);
    ASSERT_FALSE(held) << bad;
    ASSERT_EQ(held.error().code, ErrorCode::kVerification) << to_line(held.error());
    ASSERT_FALSE(held.error().what.empty() || held.error().why.empty());
    ++count;
    if (held.error().what.find("line ") != std::string::npos) ++counts.named_itself;
  };
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(static_cast<unsigned char>(flipped[at]) ^ (1U << (at % 8)));
    found(flipped, counts.flips);
    found(whole.substr(0, at), counts.cuts);
    found(whole.substr(at + 1), counts.cuts);
  }
  std::vector<std::string> lines;
  for (size_t at = 0, end = 0; (end = whole.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(whole.substr(at, end + 1 - at));
  const auto join = [](const std::vector<std::string>& all) {
    std::string out;
    for (const std::string& line : all) out += line;
    return out;
  };
  for (size_t i = 0; i < lines.size(); ++i) {
    for (size_t k = 0; k < lines.size(); ++k) {
      auto swapped = lines;
      std::swap(swapped[i], swapped[k]);
      found(join(swapped), counts.reorders);
      auto replaced = lines;
      replaced[i] = lines[k];
      found(join(replaced), counts.substitutions);
    }
    auto without = lines;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    found(join(without), counts.cuts);
  }
  found(another, counts.substitutions);
  return counts;
}

TEST(Damage, AnywhereInEvidenceIsFoundAndNamed) {
  const Counts counts = try_text(export_of().evidence, {}, [](const std::string& text) -> Result<void> {
    const auto report = verify_evidence(text);
    if (!report) return fail(report.error());
    return {};
  });
  print_heading();
  print_row("evidence", counts);
  EXPECT_GT(counts.all(), 5'000U);
}

// A proof alone: of an entry that the reader has, under keys that the reader knows. The checkpoint's
// signature lines may come in any order, and the cosignature may be missing, unless it is asked for.
TEST(Damage, AnywhereInAProofIsFound) {
  const auto is_good = [](const std::string& text) -> Result<void> {
    const auto proof = parse_tlog_proof(text);
    if (!proof) return fail(proof.error());
    const auto head = verify_tlog_proof(*proof, encoded(3), std::vector{log_key().verifier()},
                                        std::vector{witness_key().verifier()});
    if (!head) return fail(head.error());
    if (head->cosignatures.empty()) return fail(ErrorCode::kVerification, "tlog-proof", "not cosigned");
    const bool as_written = print_tlog_proof(*proof) == text;
    if (!as_written) return fail(ErrorCode::kVerification, "tlog-proof", "printed in another way");
    return {};
  };
  Exported good = export_of();
  const size_t last = good.proof.rfind("— ");
  const size_t first = good.proof.find("— ");
  std::string swapped =
      good.proof.substr(0, first) + good.proof.substr(last) + good.proof.substr(first, last - first);
  EXPECT_TRUE(is_good(swapped)) << "the order of signatures says nothing";
  // One signature line to swap with itself alone: the order of the two is tried above.
  Counts counts;
  for (size_t at = 0; at < good.proof.size(); ++at) {
    std::string bad = good.proof;
    bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ (1U << (at % 8)));
    ASSERT_FALSE(is_good(bad)) << at;
    ++counts.flips;
    ASSERT_FALSE(is_good(good.proof.substr(0, at))) << at;
    ++counts.cuts;
  }
  ASSERT_FALSE(is_good(export_of("!").proof));
  ++counts.substitutions;
  print_heading();
  print_row("tlog-proof", counts);
}

}  // namespace
}  // namespace hetao::ledger
