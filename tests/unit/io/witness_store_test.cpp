#include "gateway/io/witness_store.h"

#include <gtest/gtest.h>

#include "gateway/ledger/merkle.h"
#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

using namespace ledger;
using testing_support::slurp;
using testing_support::spill;
using testing_support::TemporaryFolder;

constexpr Instant kNow{1'795'000'000'000'000};
const std::string kOrigin = "hetao/shenzhen";

class WitnessStoreTest : public ::testing::Test {
 protected:
  WitnessStoreTest() {
    for (uint8_t i = 0; i < 30; ++i) tree.append(leaf_hash(Bytes{i}));
    for (uint8_t i = 0; i < 30; ++i) fork.append(leaf_hash(Bytes{i == 10 ? uint8_t{99} : i}));
    store = open();
    EXPECT_TRUE(*store->announce(kOrigin, {key(1).verifier()}, ""));
  }
  static SigningKey key(uint8_t seed) {
    return SigningKey::from_seed(kOrigin, kEd25519, Bytes(32, seed)).value();
  }
  static SigningKey witness_key() {
    return SigningKey::from_seed("hetao/hongkong/witness", kEd25519Cosignature, Bytes(32, 9)).value();
  }
  std::unique_ptr<WitnessStore> open() {
    return std::move(WitnessStore::open(folder / "witness", witness_key())).value();
  }
  static std::string request(const MemoryTree& of, uint64_t old_size, uint64_t size,
                             const std::vector<SigningKey>& keys) {
    Note note{print_checkpoint({kOrigin, size, of.root(size), {}}), {}};
    for (const SigningKey& one : keys) note.signatures.push_back(sign_note(note.text, one));
    return print_add_checkpoint({old_size, of.consistency_proof(old_size, size), print_note(note)});
  }
  int ask(const std::string& text, WitnessClient client = WitnessClient::kTheLogItself) {
    last = store->add_checkpoint(text, client, kNow);
    return last.status;
  }
  static std::string hash() { return witness_path(kOrigin).substr(0, 64); }

  TemporaryFolder folder;
  MemoryTree tree, fork;
  std::unique_ptr<WitnessStore> store;
  WitnessAnswer last;
};

TEST_F(WitnessStoreTest, RemembersOverARestartWhatItCosigned) {
  EXPECT_EQ(ask(request(tree, 0, 20, {key(1)})), 200);
  store = open();
  EXPECT_EQ(ask(request(tree, 0, 20, {key(1)})), 409);
  EXPECT_EQ(last.body, "20\n");
  EXPECT_EQ(ask(request(tree, 20, 30, {key(1)})), 200);
  const auto kept = open_checkpoint(*store->checkpoint(hash()), std::vector{key(1).verifier()},
                                    std::vector{witness_key().verifier()});
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->checkpoint.size, 30U);
  EXPECT_EQ(kept->cosignatures.size(), 1U);
  EXPECT_EQ(store->checkpoint(std::string(64, '0')), std::nullopt);
}

TEST_F(WitnessStoreTest, AnOpenAlarmStopsCosigningUntilSomebodyAnswers) {
  ask(request(tree, 0, 20, {key(1)}));
  EXPECT_EQ(ask(request(fork, 20, 30, {key(1)})), 422);
  EXPECT_EQ(last.alarm, WitnessAlarm::kFork);
  ASSERT_TRUE(store->raise(kOrigin, "fork", last.evidence));
  store = open();
  EXPECT_EQ(store->alarm(kOrigin), "fork");
  EXPECT_EQ(ask(request(tree, 20, 30, {key(1)})), 403);
  const auto before = store->resolve(kOrigin);
  ASSERT_TRUE(before && *before);
  EXPECT_NE((*before)->find("\n20\n"), std::string::npos);
  EXPECT_EQ(ask(request(fork, 0, 30, {key(1)})), 200);
  EXPECT_FALSE(store->resolve(kOrigin)->has_value());
}

TEST_F(WitnessStoreTest, StrangersRaiseNoAlarmWithWhatProvesNothing) {
  ask(request(tree, 0, 20, {key(1)}));
  EXPECT_EQ(ask(request(fork, 20, 30, {key(1)}), WitnessClient::kAnyone), 422);
  EXPECT_EQ(last.alarm, WitnessAlarm::kNone);
  EXPECT_EQ(ask(request(tree, 0, 10, {key(1)}), WitnessClient::kAnyone), 409);
  EXPECT_EQ(last.alarm, WitnessAlarm::kNone);
  EXPECT_EQ(ask(request(fork, 0, 20, {key(1)}), WitnessClient::kAnyone), 409);
  EXPECT_EQ(last.alarm, WitnessAlarm::kFork);  // two roots for twenty entries
}

TEST_F(WitnessStoreTest, ANewKeyCountsOnceTheOldOneHasSignedBesideIt) {
  ask(request(tree, 0, 10, {key(1)}));
  const std::string alone = request(tree, 10, 20, {key(2)});
  EXPECT_FALSE(*store->announce(kOrigin, {key(2).verifier()}, alone));
  EXPECT_EQ(ask(alone), 403);
  const std::string both = request(tree, 10, 20, {key(1), key(2)});
  EXPECT_TRUE(*store->announce(kOrigin, {key(1).verifier(), key(2).verifier()}, both));
  EXPECT_EQ(ask(both), 200);
  EXPECT_EQ(ask(request(tree, 20, 30, {key(2)})), 200);
  EXPECT_EQ(open()->keys_of(kOrigin).size(), 2U);
}

TEST_F(WitnessStoreTest, AMemoryThatWasTouchedIsRefused) {
  ask(request(tree, 0, 20, {key(1)}));
  const std::string path = folder / ("witness/" + hash() + "/cosigned");
  std::string text = slurp(path);
  text.replace(text.find("\n20\n"), 4, "\n19\n");
  spill(path, text);
  EXPECT_FALSE(WitnessStore::open(folder / "witness", witness_key()));
}

TEST_F(WitnessStoreTest, TwoRootsShownForOneSizeAreASplitView) {
  ask(request(tree, 0, 20, {key(1)}));
  const auto shown = [&](const MemoryTree& of, uint64_t size) {
    return parse_add_checkpoint(request(of, 0, size, {key(1)}))->checkpoint;
  };
  EXPECT_EQ(store->contradiction(shown(tree, 20)), "");
  EXPECT_EQ(store->contradiction(shown(fork, 19)), "");
  EXPECT_NE(store->contradiction(shown(fork, 20)), "");
  EXPECT_EQ(store->contradiction("nonsense"), "");
}

// Nodes of earlier versions had a memory each: whoever led knew only what was cosigned while it did.
TEST_F(WitnessStoreTest, TakesOverTheNewestThatANodeRemembered) {
  const auto node = [&](uint64_t size) {
    auto other = std::move(WitnessStore::open(folder / "node", witness_key())).value();
    EXPECT_TRUE(*other->announce(kOrigin, {key(1).verifier()}, ""));
    EXPECT_EQ(
        other->add_checkpoint(request(tree, 0, size, {key(1)}), WitnessClient::kTheLogItself, kNow).status,
        200);
    return other;
  };
  ASSERT_TRUE(node(30)->raise(kOrigin, "fork", "the note"));
  EXPECT_EQ(ask(request(tree, 0, 20, {key(1)})), 200);
  ASSERT_TRUE(store->adopt(folder / "node"));
  EXPECT_EQ(store->status().front().size, 30U);
  EXPECT_EQ(store->alarm(kOrigin), "fork");
  node(10);
  ASSERT_TRUE(store->adopt(folder / "node"));
  store = open();
  EXPECT_EQ(store->status().front().size, 30U) << "what is older tells nothing";
  EXPECT_EQ(store->alarm(kOrigin), "fork");
  EXPECT_TRUE(store->adopt(folder / "node")) << "it is gone";
}

}  // namespace
}  // namespace hetao::io
