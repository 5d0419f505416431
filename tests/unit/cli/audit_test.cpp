#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/check.h"
#include "gateway/io/ledger_files.h"
#include "gateway/ledger/entry.h"
#include "gateway/ledger/evidence.h"
#include "tests/unit/cli/program.h"

namespace hetao::cli {
namespace {

using testing::HasSubstr;

const std::string kDigest(64, 'a');

ledger::Entry entry(const std::string& region, uint64_t sequence, const char* kind) {
  ledger::Entry out;
  out.sequence = sequence;
  out.time = Instant{1'764'000'000'000'000 + static_cast<int64_t>(sequence) * 1'000'000};
  out.region = region;
  out.kind = kind;
  out.job = "j1";
  out.crossing = "j1.1.c0";
  out.item_digest = kDigest;
  out.item_bytes = 12;
  out.peer = region == "shenzhen" ? "hongkong" : "shenzhen";
  out.direction = region == "shenzhen" ? "out" : "in";
  if (std::string(kind) == "decision") out.decision = "permit";
  return out;
}

// A ledger as a gateway leaves it behind: a permit, then the departure or the arrival.
void make_ledger(const Program& hetao, const std::string& region, const std::string& digest = kDigest) {
  auto log = io::LedgerFiles::open(
      {hetao.path(region + "/ledger"), hetao.path(region + "/keys"), "hetao/" + region});
  HETAO_CHECK(log.has_value());
  ledger::Entry moved = entry(region, 1, region == "shenzhen" ? "departed" : "arrived");
  moved.item_digest = digest;
  std::vector<Bytes> entries;
  for (const ledger::Entry& one : {entry(region, 0, "decision"), moved}) {
    const auto text = ledger::encode_entry(one);
    HETAO_CHECK(text.has_value());
    entries.emplace_back(text->begin(), text->end());
  }
  HETAO_CHECK((*log)->append(std::move(entries)).has_value());
  HETAO_CHECK((*log)->publish_now().has_value());
}

TEST(AuditVerify, AWholeLedgerHolds) {
  const Program hetao;
  make_ledger(hetao, "shenzhen");
  for (const char* path : {"shenzhen", "shenzhen/ledger"}) {
    const Said said = hetao.run({"audit", "verify", path, "--json"});
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(object_of(said.out).at("size"), 2);
    EXPECT_EQ(object_of(said.out).at("keys_pinned"), false);
  }
  const Said pinned =
      hetao.run({"audit", "verify", "shenzhen", "--keys", "shenzhen/ledger/log.vkey", "--json"});
  EXPECT_EQ(pinned.code, 0) << pinned.err;
  EXPECT_EQ(object_of(pinned.out).at("keys_pinned"), true);
}

TEST(AuditVerify, AFlippedByteIsExit6AndNamed) {
  const Program hetao;
  make_ledger(hetao, "shenzhen");
  const std::string bundle = "shenzhen/ledger/tile/entries/000.p/2";
  std::string bytes = hetao.read(bundle);
  ASSERT_FALSE(bytes.empty());
  bytes[bytes.find("departed")] = 'D';
  hetao.write(bundle, bytes);
  const Said said = hetao.run({"audit", "verify", "shenzhen"});
  EXPECT_EQ(said.code, 6);
  EXPECT_THAT(said.err, HasSubstr("tile/"));
  EXPECT_EQ(lines_of(said.err), 1U);
}

TEST(AuditVerify, ForeignKeysDontVouch) {
  const Program hetao;
  make_ledger(hetao, "shenzhen");
  make_ledger(hetao, "hongkong");
  EXPECT_EQ(hetao.run({"audit", "verify", "shenzhen", "--keys", "hongkong/ledger/log.vkey"}).code, 6);
  EXPECT_EQ(hetao.run({"audit", "verify", "shenzhen", "--witnesses", "1"}).code, 6);
  EXPECT_NE(hetao.run({"audit", "verify", "nowhere"}).code, 0);
  hetao.write("junk", "junk\n");
  EXPECT_EQ(hetao.run({"audit", "verify", "junk"}).code, 6);
}

TEST(AuditReconcile, BooksThatMatchAgreeAndOthersDont) {
  const Program hetao;
  make_ledger(hetao, "shenzhen");
  make_ledger(hetao, "hongkong");
  const Said agree = hetao.run({"audit", "reconcile", "shenzhen", "hongkong", "--json"});
  EXPECT_EQ(agree.code, 0) << agree.err << agree.out;
  EXPECT_EQ(object_of(agree.out).at("matched"), 1);
  const Program other;
  make_ledger(other, "hongkong", std::string(64, 'b'));
  const Said differ = hetao.run({"audit", "reconcile", "shenzhen", other.path("hongkong"), "--json"});
  EXPECT_EQ(differ.code, 6) << differ.out;
  EXPECT_EQ(object_of(differ.out).at("mismatches").at(0).at("finding"), "altered");
}

TEST(AuditCheck, WhatHoldsIsSaidAndWhatIsBrokenIsNamed) {
  const Program hetao;
  make_ledger(hetao, "shenzhen");
  make_ledger(hetao, "hongkong");
  const Said holds = hetao.run({"audit", "check", "shenzhen", "hongkong", "--all-regions", "--json"});
  EXPECT_EQ(holds.code, 0) << holds.err << holds.out;
  EXPECT_EQ(object_of(holds.out).at("holds"), true);
  const Said alone = hetao.run({"audit", "check", "shenzhen", "--all-regions", "--json"});
  EXPECT_EQ(alone.code, 6);
  EXPECT_THAT(alone.out, HasSubstr("books-match"));
  hetao.write("starts", "shenzhen j1.1\nshenzhen j1.1\n");
  const Said twice = hetao.run({"audit", "check", "shenzhen", "hongkong", "--starts", "starts"});
  EXPECT_EQ(twice.code, 6);
  EXPECT_THAT(twice.out, HasSubstr("one-start-an-attempt"));
  hetao.write("acks", "j9\n");
  EXPECT_EQ(hetao.run({"audit", "check", "shenzhen", "hongkong", "--acknowledged", "acks"}).code, 6);
  hetao.write("acks", "one two three\n");
  EXPECT_EQ(hetao.run({"audit", "check", "shenzhen", "hongkong", "--acknowledged", "acks"}).code, 2);
}

}  // namespace
}  // namespace hetao::cli
