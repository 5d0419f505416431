#include "gateway/ledger/witness.h"

#include <gtest/gtest.h>

#include "tests/unit/ledger/support.h"

namespace hetao::ledger {
namespace {

using namespace testing;

const Instant kNow{1'795'000'000'000'000};

// A log of 30 entries, and a witness that looks after it.
class Witness : public ::testing::Test {
 protected:
  Witness() {
    for (uint64_t i = 0; i < 30; ++i) tree.append(leaf_hash(encoded(i)));
  }
  std::string checkpoint(uint64_t size, const MemoryTree& of, const SigningKey& key) const {
    Note note{print_checkpoint({kOrigin, size, of.root(size), {}}), {}};
    note.signatures.push_back(sign_note(note.text, key));
    return print_note(note);
  }
  std::string request(uint64_t old_size, uint64_t size) const {
    return print_add_checkpoint(
        {old_size, tree.consistency_proof(old_size, size), checkpoint(size, tree, log_key())});
  }
  WitnessAnswer ask(std::string_view body) {
    WitnessAnswer out = answer_add_checkpoint(body, logs, state, witness_key(), kNow);
    EXPECT_EQ(out.store.has_value(), out.status == 200);
    EXPECT_TRUE(out.body.ends_with('\n'));
    if (out.store) state = *out.store;
    return out;
  }
  MemoryTree tree;
  WitnessState state;
  std::vector<WitnessedLog> logs = {{"other.log", {key_of("other.log", kEd25519, 8).verifier()}},
                                    {kOrigin, {log_key().verifier()}}};
};

TEST_F(Witness, CosignsAGrowingLog) {
  for (const auto& [old_size, size] :
       std::vector<std::pair<uint64_t, uint64_t>>{{0, 1}, {1, 1}, {1, 7}, {7, 30}, {30, 30}}) {
    const WitnessAnswer out = ask(request(old_size, size));
    ASSERT_EQ(out.status, 200) << out.body;
    EXPECT_EQ(out.origin, kOrigin);
    const auto head = open_checkpoint(checkpoint(size, tree, log_key()) + out.body, logs[1].keys,
                                      std::vector{witness_key().verifier()});
    ASSERT_TRUE(head) << to_line(head.error());
    EXPECT_EQ(head->cosignatures.at(0).time, kNow);
    EXPECT_EQ(witnessed_size(state).value(), size);
    // What is kept is what monitors are served: the log's signature and ours.
    EXPECT_EQ(state.cosigned, checkpoint(size, tree, log_key()) + out.body);
  }
}

TEST_F(Witness, TakesAnEmptyLog) {
  EXPECT_EQ(ask(request(0, 0)).status, 200);
  EXPECT_EQ(ask(request(0, 4)).status, 200);
}

TEST_F(Witness, AnswersConflictWithItsSize) {
  ask(request(0, 9));
  for (const uint64_t old_size : {0U, 8U, 10U}) {
    const WitnessAnswer out = ask(request(old_size, 12));
    EXPECT_EQ(out.status, 409);
    EXPECT_EQ(out.body, "9\n");
    EXPECT_EQ(out.content_type, "text/x.tlog.size");
    EXPECT_EQ(out.alarm, WitnessAlarm::kNone);
  }
}

TEST_F(Witness, DoesNotKnowOtherLogs) {
  const auto key = key_of("unknown.log", kEd25519, 4);
  Note note{print_checkpoint({"unknown.log", 1, tree.root(1), {}}), {}};
  note.signatures.push_back(sign_note(note.text, key));
  EXPECT_EQ(ask(print_add_checkpoint({0, {}, print_note(note)})).status, 404);
}

TEST_F(Witness, WantsASignatureOfTheLogItself) {
  const auto stranger = key_of(kOrigin, kEd25519, 99);
  EXPECT_EQ(ask(print_add_checkpoint({0, {}, checkpoint(3, tree, stranger)})).status, 403);
  std::string wrong = checkpoint(3, tree, log_key());
  wrong.replace(wrong.find("\n3\n"), 3, "\n4\n");
  EXPECT_EQ(ask(print_add_checkpoint({0, {}, wrong})).status, 403);
  // One good and one bad signature of a known key: the note is spoilt.
  Note note = parse_note(checkpoint(3, tree, log_key())).value();
  note.signatures.push_back(note.signatures[0]);
  note.signatures.back().bytes[7] ^= 1;
  EXPECT_EQ(ask(print_add_checkpoint({0, {}, print_note(note)})).status, 403);
  // Signatures of keys that it does not know are ignored, and not handed on.
  note.signatures.pop_back();
  note.signatures.push_back(sign_note(note.text, stranger));
  EXPECT_EQ(ask(print_add_checkpoint({0, {}, print_note(note)})).status, 200);
  EXPECT_EQ(parse_note(state.cosigned)->signatures.size(), 2U);
}

TEST_F(Witness, AnOldSizeOverTheCheckpointsIsABadRequest) {
  ask(request(0, 9));
  EXPECT_EQ(ask(print_add_checkpoint({9, {}, checkpoint(8, tree, log_key())})).status, 400);
}

TEST_F(Witness, RefusesAForkAndKeepsTheEvidence) {
  ask(request(0, 9));
  MemoryTree forked;
  for (uint64_t i = 0; i < 30; ++i) forked.append(leaf_hash(encoded(i == 3 ? 1'000 : i)));
  const std::string same_size = checkpoint(9, forked, log_key());
  WitnessAnswer out = ask(print_add_checkpoint({9, {}, same_size}));
  EXPECT_EQ(out.status, 422);
  EXPECT_EQ(out.alarm, WitnessAlarm::kFork);
  EXPECT_EQ(out.evidence, same_size);
  const std::string grown = checkpoint(20, forked, log_key());
  out = ask(print_add_checkpoint({9, forked.consistency_proof(9, 20), grown}));
  EXPECT_EQ(out.status, 422);
  EXPECT_EQ(out.alarm, WitnessAlarm::kFork);
  EXPECT_EQ(out.evidence, grown);
  // Also when it asks with another old size.
  out = ask(print_add_checkpoint({0, {}, same_size}));
  EXPECT_EQ(out.status, 409);
  EXPECT_EQ(out.alarm, WitnessAlarm::kFork);
  EXPECT_EQ(witnessed_size(state).value(), 9U);
  EXPECT_EQ(ask(request(9, 30)).status, 200);  // the true one goes on
}

TEST_F(Witness, SeesThatALogWasRolledBack) {
  ask(request(0, 20));
  const WitnessAnswer out = ask(request(0, 12));
  EXPECT_EQ(out.status, 409);
  EXPECT_EQ(out.body, "20\n");
  EXPECT_EQ(out.alarm, WitnessAlarm::kRollback);
  EXPECT_FALSE(out.evidence.empty());
}

TEST_F(Witness, RefusesProofsThatDoNotHold) {
  EXPECT_EQ(ask(print_add_checkpoint({0, {tree.root(1)}, checkpoint(9, tree, log_key())})).status, 422);
  ask(request(0, 9));
  Proof proof = tree.consistency_proof(9, 20);
  EXPECT_EQ(ask(print_add_checkpoint({9, {}, checkpoint(20, tree, log_key())})).status, 422);
  proof[1].bytes[0] ^= 1;
  EXPECT_EQ(ask(print_add_checkpoint({9, proof, checkpoint(20, tree, log_key())})).status, 422);
  const WitnessAnswer same = ask(print_add_checkpoint({9, {tree.root(1)}, checkpoint(9, tree, log_key())}));
  EXPECT_EQ(same.status, 422);
  EXPECT_EQ(same.alarm, WitnessAlarm::kNone);  // a client's mistake, not a fork
}

TEST_F(Witness, AnEmptyTreeWithARootIsUnprocessable) {
  Note note{kOrigin + "\n0\n" + to_base64(tree.root(1).view()) + "\n", {}};
  note.signatures.push_back(sign_note(note.text, log_key()));
  EXPECT_EQ(ask(print_add_checkpoint({0, {}, print_note(note)})).status, 422);
  Note forged = note;
  forged.signatures[0].bytes[0] ^= 1;
  EXPECT_EQ(ask(print_add_checkpoint({0, {}, print_note(forged)})).status, 403);
  ask(request(0, 9));  // now the old size is what is wrong first
  EXPECT_EQ(ask(print_add_checkpoint({0, {}, print_note(note)})).status, 409);
}

TEST_F(Witness, MalformedRequestsAreBadRequests) {
  const std::string good = request(0, 9);
  const std::string rest = good.substr(good.find('\n'));
  const std::string hash = to_base64(tree.root(1).view()) + "\n";
  std::string many = "old 5\n";
  for (int i = 0; i < 64; ++i) many += hash;
  for (const std::string& bad : std::vector<std::string>{"",
                                                         "\n",
                                                         "old 0",
                                                         "old 0\n",
                                                         "old 0\n\n",
                                                         "old" + rest,
                                                         "old " + rest,
                                                         "old 00" + rest,
                                                         "old 01" + rest,
                                                         "old -1" + rest,
                                                         "old +0" + rest,
                                                         "old 0 " + rest,
                                                         "Old 0" + rest,
                                                         "old 18446744073709551616" + rest,
                                                         " old 0" + rest,
                                                         "old 0\nAAAA" + rest,
                                                         "old 0\n " + hash + rest.substr(1),
                                                         "old 0\r" + rest,
                                                         "old 0\n" + good.substr(good.find("\n\n") + 2),
                                                         "old 0\n\nnot a note\n",
                                                         many + rest.substr(1)}) {
    EXPECT_EQ(ask(bad).status, 400) << bad;
  }
  std::string three = checkpoint(9, tree, log_key());
  three.erase(0, three.find('\n') + 1);
  EXPECT_EQ(ask("old 0\n\n" + three).status, 400);
  EXPECT_EQ(witnessed_size(state).value(), 0U);
}

TEST_F(Witness, EveryFlippedBitOfARequestIsRefused) {
  ask(request(0, 9));
  const WitnessState before = state;
  const std::string good = request(9, 20);
  for (size_t at = 0; at < good.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ (1U << bit));
      ASSERT_NE(ask(bad).status, 200) << at << "." << bit;
    }
  }
  EXPECT_EQ(state.cosigned, before.cosigned);
}

TEST_F(Witness, NamesTheOriginForTheCallersLookUp) {
  EXPECT_EQ(origin_of(request(0, 9)), kOrigin);
  EXPECT_FALSE(origin_of("old 0\n\nx"));
  // printf example.com/log | sha256sum
  EXPECT_EQ(witness_path("example.com/log"),
            "4d3203c8f35cdf600e475f55fede6081a703d3d322f208865fca2ec4f0e030f8/checkpoint");
  EXPECT_FALSE(witnessed_size({"garbage"}));
}

// The request body that C2SP tlog-witness shows.
TEST(AddCheckpoint, TheSpecificationsExampleReadsAndPrintsTheSame) {
  const std::string body =
      "old 20852014\n"
      "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
      "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
      "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
      "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
      "\n"
      "example.com/behind-the-sofa\n"
      "20852163\n"
      "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
      "\n"
      "\xe2\x80\x94 example.com/behind-the-sofa "
      "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
      "\xe2\x80\x94 example.com/behind-the-sofa "
      "opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
  const auto request = parse_add_checkpoint(body);
  ASSERT_TRUE(request) << to_line(request.error());
  EXPECT_EQ(request->old_size, 20852014U);
  EXPECT_EQ(request->proof.size(), 4U);
  EXPECT_EQ(print_add_checkpoint(*request), body);
  EXPECT_EQ(origin_of(body), "example.com/behind-the-sofa");
  const auto note = parse_note(request->checkpoint);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->signatures.size(), 2U);
}

TEST(AddCheckpoint, ReadsWhatItPrints) {
  const AddCheckpoint request{5, {leaf_hash(as_bytes("a")), leaf_hash(as_bytes("b"))}, "anything\n"};
  const std::string text = print_add_checkpoint(request);
  EXPECT_TRUE(text.starts_with("old 5\n"));
  const auto read = parse_add_checkpoint(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->proof, request.proof);
  EXPECT_EQ(read->checkpoint, request.checkpoint);
}

}  // namespace
}  // namespace hetao::ledger
