#include "gateway/ledger/verify_log.h"

#include <gtest/gtest.h>

#include "tests/unit/ledger/support.h"

namespace hetao::ledger {
namespace {

using namespace testing;

// A cosigned log of 270 entries as it stands on a disk, with partial tiles of an earlier size, both key
// files, `signing` and `wal`.
Folder cosigned_log(uint64_t first = 14, uint64_t rest = 256) {
  Folder folder;
  std::vector<FileWrite> files;
  Log log = Log::create(config(), files);
  folder.write(files);
  append(log, folder, first);
  publish(log, folder);
  folder.write(log.compact());
  append(log, folder, rest);
  publish(log, folder);
  const std::string line =
      print_signature_line(cosign_note(log.checkpoint()->note.text, witness_key(), {7'000'000}));
  folder.write(*log.add_cosignatures(line, std::vector{witness_key().verifier()}));
  folder.files["log.vkey"] = bytes_of(print_vkey(log_key().verifier()) + "\n");
  folder.files["witness.vkey"] = bytes_of(print_vkey(witness_key().verifier()) + "\n");
  return folder;
}

Result<LogReport> verify(const Folder& folder) {
  VerifyOptions options;
  options.listing = folder.listing();
  options.cosignatures_min = 1;
  return verify_log(folder.reader(), options);
}

TEST(VerifyLog, TakesAWholeLogFromItsFilesAlone) {
  const Folder folder = cosigned_log();
  uint64_t next = 0;
  VerifyOptions options;
  options.listing = folder.listing();
  options.cosignatures_min = 1;
  options.on_entry = [&](uint64_t index, const Entry& entry, std::string_view) {
    EXPECT_EQ(index, next++);
    EXPECT_EQ(entry, entry_of(index));
  };
  const auto report = verify_log(folder.reader(), options);
  ASSERT_TRUE(report) << to_line(report.error());
  EXPECT_EQ(next, 270U);
  EXPECT_EQ(report->entries, 270U);
  EXPECT_EQ(report->files, folder.files.size());
  EXPECT_EQ(report->head.cosignatures.size(), 1U);
  EXPECT_FALSE(report->keys_are_pinned);
}

// The promise of the product: any changed byte in any file is found, and the error names a file that it lies
// in or that contradicts it. Small log, every byte of every file.
TEST(VerifyLog, AFlippedBitInAnyByteOfAnyFileIsFound) {
  const Folder good = cosigned_log(3, 5);
  ASSERT_TRUE(verify(good));
  uint64_t flips = 0;
  for (const auto& [path, content] : good.files) {
    for (size_t at = 0; at < content.size(); ++at) {
      for (const size_t bit : {at % 8, (at + 5) % 8}) {
        Folder bad = good;
        bad.files.at(path)[at] ^= static_cast<uint8_t>(1U << bit);
        const auto report = verify(bad);
        ASSERT_FALSE(report) << path << " byte " << at << " bit " << bit;
        ASSERT_EQ(report.error().code, ErrorCode::kVerification) << to_line(report.error());
        ++flips;
      }
    }
  }
  RecordProperty("flips", static_cast<int>(flips));
  EXPECT_GT(flips, 5'000U);
}

// The same over a log with two levels of tiles: a byte of each hash and of each entry.
TEST(VerifyLog, AFlippedBitInAnyHashOrEntryOfALargerLogIsFound) {
  const Folder good = cosigned_log();
  for (const auto& [path, content] : good.files) {
    const auto tile = parse_tile_path(path);
    const size_t step = tile && !tile->entries ? 32 : 97;
    for (size_t at = 0; at < content.size(); at += step) {
      Folder bad = good;
      bad.files.at(path)[at] ^= 0x10;
      const auto report = verify(bad);
      ASSERT_FALSE(report) << path << " byte " << at;
      ASSERT_EQ(report.error().code, ErrorCode::kVerification);
    }
  }
}

TEST(VerifyLog, EveryCutAndEveryMissingFileIsFound) {
  const Folder good = cosigned_log(3, 5);
  for (const auto& [path, content] : good.files) {
    for (size_t cut = 0; cut < content.size(); ++cut) {
      Folder bad = good;
      bad.files.at(path).resize(cut);
      // A key file without its last newline says the same.
      if (path.ends_with(".vkey") && cut + 1 == content.size()) continue;
      // An empty write-ahead log tail or key file is told by what it no longer holds.
      const auto report = verify(bad);
      ASSERT_FALSE(report) << path << " cut at " << cut;
      ASSERT_EQ(report.error().code, ErrorCode::kVerification) << to_line(report.error());
    }
    Folder bad = good;
    bad.files.erase(path);
    VerifyOptions options;
    options.listing = good.listing();
    options.cosignatures_min = 1;
    const auto report = verify_log(bad.reader(), options);
    ASSERT_FALSE(report) << path;
    ASSERT_EQ(report.error().code, ErrorCode::kVerification) << path << " " << to_line(report.error());
  }
}

TEST(VerifyLog, FilesPutInEachOthersPlaceAreFound) {
  const Folder good = cosigned_log();
  for (const auto& [a, content_a] : good.files) {
    for (const auto& [b, content_b] : good.files) {
      if (content_a == content_b) continue;
      Folder bad = good;
      std::swap(bad.files.at(a), bad.files.at(b));
      const auto report = verify(bad);
      ASSERT_FALSE(report) << a << " and " << b;
    }
  }
}

// The parts may be done in any order; what is said and handed out is the same.
TEST(VerifyLog, SaysTheSameWhateverTheOrderOfItsParts) {
  Folder folder = cosigned_log(14, 700);
  std::vector<uint64_t> seen;
  VerifyOptions options;
  options.listing = folder.listing();
  options.on_entry = [&](uint64_t index, const Entry&, std::string_view) { seen.push_back(index); };
  options.each = [](size_t count, const std::function<void(size_t)>& part) {
    for (size_t i = count; i-- > 0;) part(i);
  };
  const auto report = verify_log(folder.reader(), options);
  ASSERT_TRUE(report) << to_line(report.error());
  ASSERT_EQ(seen.size(), 714U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  folder.files.at("tile/entries/000")[7] ^= 1;
  folder.files.at("tile/entries/001")[7] ^= 1;
  EXPECT_TRUE(verify_log(folder.reader(), options).error().what.starts_with("tile/entries/000, entry 0"));
}

TEST(VerifyLog, AnotherLogsWholeFolderIsFoundByThePinnedKey) {
  const Folder folder = cosigned_log();
  VerifyOptions options;
  options.log_keys = {key_of(kOrigin, kEd25519, 60).verifier()};
  EXPECT_FALSE(verify_log(folder.reader(), options));
  options.log_keys = {log_key().verifier()};
  const auto report = verify_log(folder.reader(), options);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->keys_are_pinned);
}

TEST(VerifyLog, EntriesThatSkipANumberAreFoundThoughTheTreeIsSound) {
  Folder folder;
  std::vector<FileWrite> files;
  Log log = Log::create(config(), files);
  folder.write(files);
  std::vector<Bytes> entries = encoded(0, 6);
  entries.erase(entries.begin() + 2);
  folder.append(*log.append(entries));
  publish(log, folder);
  VerifyOptions options;
  options.log_keys = {log_key().verifier()};
  const auto report = verify_log(folder.reader(), options);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().what, "tile/entries/000.p/5, entry 2");
  EXPECT_EQ(report.error().why, "it calls itself entry 3");
}

TEST(VerifyLog, StrangeFilesAndSignaturesAreNamed) {
  Folder folder = cosigned_log();
  folder.files["notes.txt"] = bytes_of("hello");
  EXPECT_EQ(verify(folder).error().what, "notes.txt");
  folder.files.erase("notes.txt");
  folder.files.erase("witness.vkey");
  VerifyOptions options;
  EXPECT_FALSE(verify_log(folder.reader(), options));  // a cosignature that nobody can check
  options.allow_unknown_signatures = true;
  EXPECT_TRUE(verify_log(folder.reader(), options));
  options.cosignatures_min = 1;
  EXPECT_FALSE(verify_log(folder.reader(), options));
}

TEST(VerifyLog, UnpublishedEntriesOfTheWalAreCounted) {
  Folder folder;
  std::vector<FileWrite> files;
  Log log = Log::create(config(), files);
  folder.write(files);
  append(log, folder, 5);
  publish(log, folder);
  append(log, folder, 4);
  VerifyOptions options;
  options.log_keys = {log_key().verifier()};
  options.listing = folder.listing();
  const auto report = verify_log(folder.reader(), options);
  ASSERT_TRUE(report) << to_line(report.error());
  EXPECT_EQ(report->entries, 5U);
  EXPECT_EQ(report->unpublished, 4U);
}

TEST(VerifyLog, AReaderThatFailsIsNotAFailedVerification) {
  const FileReader broken = [](const std::string& path) -> Result<Bytes> {
    return fail(ErrorCode::kUnreachable, path, "the gateway does not answer");
  };
  VerifyOptions options;
  options.log_keys = {log_key().verifier()};
  EXPECT_EQ(verify_log(broken, options).error().code, ErrorCode::kUnreachable);
}

}  // namespace
}  // namespace hetao::ledger
