#include "gateway/ledger/log.h"

#include <gtest/gtest.h>

#include "gateway/ledger/verify_log.h"
#include "tests/unit/ledger/support.h"

namespace hetao::ledger {
namespace {

using namespace testing;

Log fresh(Folder& folder) {
  std::vector<FileWrite> files;
  Log log = Log::create(config(), files);
  folder.write(files);
  return log;
}

Digest root_of_first(uint64_t size) {
  MemoryTree tree;
  for (const Bytes& entry : encoded(0, size)) tree.append(leaf_hash(entry));
  return tree.root();
}

TEST(Log, AppendsPublishesAndVerifies) {
  Folder folder;
  Log log = fresh(folder);
  for (const uint64_t count : {1U, 5U, 250U, 1U, 300U}) {
    append(log, folder, count);
    publish(log, folder);
    const auto report = verify_log(folder.reader(), {.log_keys = {log_key().verifier()}});
    ASSERT_TRUE(report) << to_line(report.error());
    EXPECT_EQ(report->entries, log.size());
    EXPECT_EQ(report->head.checkpoint.root, root_of_first(log.size()));
  }
  EXPECT_EQ(log.size(), 557U);
}

TEST(Log, PublishesAnEmptyLogToo) {
  Folder folder;
  Log log = fresh(folder);
  publish(log, folder);
  EXPECT_EQ(log.checkpoint()->checkpoint.root, empty_root());
  EXPECT_TRUE(Log::recover(config(), folder.reader()));
}

TEST(Log, TilesComeBeforeTheIntentAndTheIntentBeforeTheCheckpoint) {
  Folder folder;
  Log log = fresh(folder);
  append(log, folder, 300);
  const auto publication = log.publish(std::vector{log_key()});
  ASSERT_TRUE(publication && *publication);
  const auto writes = (*publication)->in_order();
  ASSERT_GE(writes.size(), 3U);
  EXPECT_EQ(writes[writes.size() - 2].path, "signing");
  EXPECT_EQ(writes.back().path, "checkpoint");
  for (size_t i = 0; i + 2 < writes.size(); ++i)
    EXPECT_TRUE(parse_tile_path(writes[i].path)) << writes[i].path;
  EXPECT_FALSE(log.publish(std::vector{log_key()}));  // the first one is not durable yet
}

TEST(Log, AnUnchangedLogIsNotPublishedAgainButANewKeySigns) {
  Folder folder;
  Log log = fresh(folder);
  append(log, folder, 3);
  publish(log, folder);
  auto again = log.publish(std::vector{log_key()});
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->has_value());
  // Rotation: two log signature lines while both keys are valid.
  const auto next_key = key_of(kOrigin, kEd25519, 77);
  const auto rotated = log.publish(std::vector{log_key(), next_key});
  ASSERT_TRUE(rotated && *rotated);
  folder.write((*rotated)->in_order());
  log.published();
  for (const SigningKey& key : {log_key(), next_key})
    EXPECT_TRUE(open_checkpoint(as_text(folder.files.at("checkpoint")), std::vector{key.verifier()}));
}

TEST(Log, SignsWithItsOwnKeysAlone) {
  Folder folder;
  Log log = fresh(folder);
  EXPECT_FALSE(log.publish({}));
  EXPECT_FALSE(log.publish(std::vector{key_of("someone.else", kEd25519, 1)}));
  EXPECT_FALSE(log.publish(std::vector{key_of(kOrigin, kEd25519Cosignature, 1)}));
}

TEST(Log, RefusesEntriesThatCouldNotBeKept) {
  Folder folder;
  Log log = fresh(folder);
  EXPECT_FALSE(log.append({}));
  EXPECT_FALSE(log.append({Bytes{}}));
  EXPECT_FALSE(log.append({Bytes(65'536, 'x')}));
  EXPECT_FALSE(log.append({bytes_of("fine"), Bytes{0xf5}}));
  EXPECT_EQ(log.size(), 0U);
  EXPECT_TRUE(log.append({Bytes(65'535, 'x')}));
}

TEST(Log, RecoversAtEveryPointOfItsLife) {
  Folder folder;
  Log log = fresh(folder);
  const auto same_after_recovery = [&] {
    auto recovered = Log::recover(config(), folder.reader());
    ASSERT_TRUE(recovered) << to_line(recovered.error());
    EXPECT_EQ(recovered->size(), log.size());
    EXPECT_EQ(recovered->root(), log.root());
    EXPECT_EQ(recovered->published_size(), log.published_size());
    EXPECT_EQ(recovered->wal_bytes(), log.wal_bytes());
    EXPECT_EQ(recovered->checkpoint_text(), log.checkpoint_text());
    log = std::move(*recovered);
  };
  for (int round = 0; round < 12; ++round) {
    append(log, folder, static_cast<uint64_t>(1 + round * 13));
    if (round % 2 == 0) same_after_recovery();
    append(log, folder, 40);
    if (round % 3 != 0) publish(log, folder);
    same_after_recovery();
    if (round % 4 == 1) {
      folder.write(log.compact());
      same_after_recovery();
    }
  }
  EXPECT_EQ(log.root(), root_of_first(log.size()));
  publish(log, folder);
  EXPECT_TRUE(verify_log(folder.reader(), {.log_keys = {log_key().verifier()}, .listing = folder.listing()}));
}

// A crash between any two writes of a publication, with entries that came in meanwhile.
TEST(Log, ACrashBetweenAnyTwoWritesOfAPublicationIsRecovered) {
  Folder base;
  Log start = fresh(base);
  append(start, base, 200);
  publish(start, base);
  append(start, base, 500);
  const auto writes = (*start.publish(std::vector{log_key()}))->in_order();
  ASSERT_GT(writes.size(), 7U);
  append(start, base, 9);
  for (size_t done = 0; done <= writes.size(); ++done) {
    Folder folder = base;
    for (size_t i = 0; i < done; ++i) folder.write(writes[i]);
    auto log = Log::recover(config(), folder.reader());
    ASSERT_TRUE(log) << done << ": " << to_line(log.error());
    EXPECT_EQ(log->size(), 709U);
    EXPECT_EQ(log->published_size(), done == writes.size() ? 700U : 200U);
    append(*log, folder, 60);
    publish(*log, folder);
    const auto report =
        verify_log(folder.reader(), {.log_keys = {log_key().verifier()}, .listing = folder.listing()});
    ASSERT_TRUE(report) << done << ": " << to_line(report.error());
    EXPECT_EQ(report->entries, 769U);
    EXPECT_EQ(report->head.checkpoint.root, root_of_first(769));
  }
}

TEST(Log, ATornAppendIsCutAndTheLogGoesOn) {
  Folder base;
  Log start = fresh(base);
  append(start, base, 10);
  publish(start, base);
  append(start, base, 4);
  const size_t before = base.files.at("wal").size();
  append(start, base, 3);
  for (size_t cut = before; cut < base.files.at("wal").size(); ++cut) {
    Folder folder = base;
    folder.files.at("wal").resize(cut);
    auto log = Log::recover(config(), folder.reader());
    ASSERT_TRUE(log) << to_line(log.error());
    EXPECT_EQ(log->size(), 14U);
    EXPECT_EQ(log->wal_bytes(), before);
    EXPECT_EQ(log->torn_bytes(), cut - before);
    folder.files.at("wal").resize(log->wal_bytes());
    append(*log, folder, 2);
    EXPECT_EQ(Log::recover(config(), folder.reader())->size(), 16U);
  }
}

TEST(Log, LosingPublishedEntriesIsRefusedNotForgotten) {
  Folder folder;
  Log log = fresh(folder);
  append(log, folder, 10);
  const Bytes old_wal = folder.files.at("wal");
  append(log, folder, 10);
  publish(log, folder);
  Folder rolled_back = folder;
  rolled_back.files.at("wal") = old_wal;
  const auto refused = Log::recover(config(), rolled_back.reader());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kVerification);
  EXPECT_NE(refused.error().why.find("entries were lost"), std::string::npos);
  // What was about to be signed counts as signed.
  rolled_back.files.erase("checkpoint");
  EXPECT_FALSE(Log::recover(config(), rolled_back.reader()));
}

TEST(Log, NeverSignsTwoRootsForOneSize) {
  Folder folder;
  Log log = fresh(folder);
  append(log, folder, 10);
  publish(log, folder);
  // The same number of entries, another history.
  Folder forged;
  Log other = fresh(forged);
  std::vector<Bytes> entries = encoded(0, 10);
  entries[4] = bytes_of("another one");
  forged.append(*other.append(entries));
  for (const char* file : {"checkpoint", "signing"}) {
    Folder mixed = folder;
    mixed.files.at("wal") = forged.files.at("wal");
    mixed.files.erase(std::string(file) == "signing" ? "checkpoint" : "nothing");
    const auto refused = Log::recover(config(), mixed.reader());
    ASSERT_FALSE(refused) << file;
    EXPECT_NE(refused.error().why.find("another root"), std::string::npos) << to_line(refused.error());
  }
}

TEST(Log, OtherDamageIsNamed) {
  Folder folder;
  Log log = fresh(folder);
  append(log, folder, 300);
  publish(log, folder);
  folder.write(log.compact());
  append(log, folder, 10);
  const auto error_with = [&](auto damage) {
    Folder bad = folder;
    damage(bad.files);
    const auto recovered = Log::recover(config(), bad.reader());
    return recovered ? std::string("recovered") : to_line(recovered.error());
  };
  EXPECT_NE(error_with([](auto& f) { f.erase("wal"); }).find("wal"), std::string::npos);
  EXPECT_NE(error_with([](auto& f) { f.erase("checkpoint"); }).find("wal"), std::string::npos);
  EXPECT_NE(error_with([](auto& f) { f.erase("signing"); }).find("signing"), std::string::npos);
  EXPECT_NE(error_with([](auto& f) { f.at("checkpoint")[40] ^= 1; }), "recovered");
  EXPECT_NE(error_with([](auto& f) { f.at("tile/0/001.p/44")[3] ^= 1; }).find("tiles"), std::string::npos);
  EXPECT_NE(error_with([](auto& f) { f.at("tile/entries/001.p/44")[9] ^= 1; }).find("entry 256"),
            std::string::npos);
  EXPECT_EQ(error_with([](auto&) {}), "recovered");
}

TEST(Log, CompactionKeepsWhatIsNotPublished) {
  Folder folder;
  Log log = fresh(folder);
  append(log, folder, 1'000);
  publish(log, folder);
  append(log, folder, 5);
  const size_t before = log.wal_bytes();
  folder.write(log.compact());
  EXPECT_LT(log.wal_bytes(), before / 10);
  append(log, folder, 2);
  const auto recovered = Log::recover(config(), folder.reader());
  ASSERT_TRUE(recovered) << to_line(recovered.error());
  EXPECT_EQ(recovered->size(), 1'007U);
  EXPECT_EQ(recovered->root(), root_of_first(1'007));
}

TEST(Log, ObsoletePartialTilesMayGo) {
  Folder folder;
  Log log = fresh(folder);
  append(log, folder, 200);
  publish(log, folder);
  append(log, folder, 100);
  const auto publication = *log.publish(std::vector{log_key()});
  folder.write(publication->in_order());
  log.published();
  EXPECT_FALSE(publication->obsolete.empty());
  for (const std::string& dir : publication->obsolete)
    std::erase_if(folder.files, [&](const auto& file) { return file.first.starts_with(dir + "/"); });
  EXPECT_FALSE(folder.files.contains("tile/0/000.p/200"));
  EXPECT_TRUE(Log::recover(config(), folder.reader()));
  EXPECT_TRUE(verify_log(folder.reader(), {.log_keys = {log_key().verifier()}, .listing = folder.listing()}));
}

TEST(Log, TakesTheCosignaturesOfKnownWitnessesAlone) {
  Folder folder;
  Log log = fresh(folder);
  append(log, folder, 5);
  EXPECT_FALSE(log.add_cosignatures("x", {}));
  publish(log, folder);
  const std::string text = log.checkpoint()->note.text;
  const auto stranger = key_of("stranger", kEd25519Cosignature, 9);
  const std::vector known{witness_key().verifier()};
  const std::string good = print_signature_line(cosign_note(text, witness_key(), {7'000'000}));
  const std::string foreign = print_signature_line(cosign_note(text, stranger, {7'000'000}));
  const std::string wrong = print_signature_line(cosign_note("other\n", witness_key(), {7'000'000}));
  EXPECT_FALSE(log.add_cosignatures(foreign, known));
  EXPECT_FALSE(log.add_cosignatures(wrong, known));
  EXPECT_FALSE(log.add_cosignatures(good + wrong, known));
  EXPECT_FALSE(log.add_cosignatures("nonsense\n", known));
  EXPECT_TRUE(log.checkpoint()->cosignatures.empty());
  const auto file = log.add_cosignatures(foreign + good, known);
  ASSERT_TRUE(file) << to_line(file.error());
  EXPECT_EQ(log.checkpoint()->cosignatures.size(), 1U);
  EXPECT_TRUE(log.checkpoint()->unknown.empty());
  // A later one of the same witness takes the place of the first.
  const std::string later = print_signature_line(cosign_note(text, witness_key(), {9'000'000}));
  folder.write(*log.add_cosignatures(later, known));
  ASSERT_EQ(log.checkpoint()->cosignatures.size(), 1U);
  EXPECT_EQ(log.checkpoint()->cosignatures[0].time, (Instant{9'000'000}));
  EXPECT_EQ(as_text(folder.files.at("checkpoint")), log.checkpoint_text());
  EXPECT_TRUE(Log::recover(config(), folder.reader()));
}

}  // namespace
}  // namespace hetao::ledger
