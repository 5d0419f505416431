#include "gateway/ledger/note.h"

#include <gtest/gtest.h>

#include "gateway/ledger/checkpoint.h"
#include "gateway/ledger/merkle.h"
#include "gateway/ledger/tlog_proof.h"
#include "tests/unit/ledger/support.h"

namespace hetao::ledger {
namespace {

using testing::key_of;

// The example of C2SP signed-note, section "Verifier keys".
const std::string kExampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const std::string kExampleNote =
    "This is an example message.\n\n\xe2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

// The example in the documentation of Go's sumdb/note.
const std::string kGoKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const std::string kGoNote =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(SignedNote, PublishedExamplesVerify) {
  for (const auto& [key, text] : {std::pair{kExampleKey, kExampleNote}, std::pair{kGoKey, kGoNote}}) {
    const auto vkey = parse_vkey(key);
    ASSERT_TRUE(vkey) << to_line(vkey.error());
    EXPECT_EQ(print_vkey(*vkey), key);
    const auto note = parse_note(text);
    ASSERT_TRUE(note) << to_line(note.error());
    EXPECT_EQ(print_note(*note), text);
    const auto check = verify_note(*note, std::vector{*vkey});
    ASSERT_TRUE(check) << to_line(check.error());
    EXPECT_EQ(check->verified.size(), 1U);
  }
}

TEST(SignedNote, EveryFlippedBitOfAnExampleIsRefused) {
  const std::vector<VerifierKey> keys = {parse_vkey(kExampleKey).value()};
  for (size_t at = 0; at < kExampleNote.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string bad = kExampleNote;
      bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ (1U << bit));
      const auto note = parse_note(bad);
      if (!note) {
        EXPECT_EQ(note.error().code, ErrorCode::kVerification);
        continue;
      }
      const auto check = verify_note(*note, keys);
      ASSERT_FALSE(check) << "byte " << at << " bit " << bit;
      EXPECT_EQ(check.error().code, ErrorCode::kVerification);
    }
  }
}

TEST(SignedNote, TheTextEndsAtTheLastEmptyLine) {
  const auto key = key_of("k", kEd25519, 9);
  Note note{"first\n\n\nsecond\n", {}};
  note.signatures.push_back(sign_note(note.text, key));
  const auto read = parse_note(print_note(note));
  ASSERT_TRUE(read) << to_line(read.error());
  EXPECT_EQ(read->text, note.text);
  EXPECT_TRUE(verify_note(*read, std::vector{key.verifier()}));
}

TEST(SignedNote, UnknownSignaturesAreIgnoredAndABadKnownOneSpoilsTheNote) {
  const auto ours = key_of("ours", kEd25519, 1);
  const auto other = key_of("other", kEd25519, 2);
  const auto same_name = key_of("ours", kEd25519, 3);
  Note note{"text\n", {}};
  for (const auto& key : {other, same_name, ours}) note.signatures.push_back(sign_note(note.text, key));
  note.signatures.push_back({"future", 7, Bytes(2'000, 5)});  // such as a post-quantum one
  const auto check = verify_note(parse_note(print_note(note)).value(), std::vector{ours.verifier()});
  ASSERT_TRUE(check) << to_line(check.error());
  EXPECT_EQ(check->verified.size(), 1U);
  EXPECT_EQ(check->unknown.size(), 3U);
  note.signatures[0].bytes[5] ^= 1;
  EXPECT_TRUE(verify_note(note, std::vector{ours.verifier()}));
  EXPECT_FALSE(verify_note(note, std::vector{ours.verifier(), other.verifier()}));
}

TEST(SignedNote, SixtyFourSignaturesAreReadAndMoreAreRefused) {
  const auto key = key_of("k", kEd25519, 9);
  Note note{"text\n", {}};
  for (int i = 0; i < 64; ++i) note.signatures.push_back(sign_note(note.text, key));
  const auto check = verify_note(parse_note(print_note(note)).value(), std::vector{key.verifier()});
  ASSERT_TRUE(check);
  EXPECT_EQ(check->verified.size(), 1U);  // one a key, however often it signs
  note.signatures.push_back(note.signatures.front());
  EXPECT_FALSE(parse_note(print_note(note)));
}

TEST(SignedNote, MalformedOnesAreRefused) {
  const std::string line = kExampleNote.substr(kExampleNote.find("\xe2\x80\x94"));
  for (const std::string& bad : std::vector<std::string>{"",
                                                         "\n",
                                                         "\n\n",
                                                         "text\n",
                                                         "text\n\n",
                                                         "text\n" + line,
                                                         "text" + line,
                                                         "te\rxt\n\n" + line,
                                                         "te\txt\n\n" + line,
                                                         "te\xffxt\n\n" + line,
                                                         std::string("te\0xt\n\n", 7) + line,
                                                         "text\n\n" + line.substr(0, line.size() - 1),
                                                         "text\n\n" + line + "\n",
                                                         "text\n\n" + line + "x\n",
                                                         "text\n\n- example.com/foo AAAAAAAA\n",
                                                         "text\n\n\xe2\x80\x94  AAAAAAAA\n",
                                                         "text\n\n\xe2\x80\x94 a+b AAAAAAAA\n",
                                                         "text\n\n\xe2\x80\x94 a\xc2\xa0"
                                                         "b AAAAAAAA\n",
                                                         "text\n\n\xe2\x80\x94 ab AAAA\n",
                                                         "text\n\n\xe2\x80\x94 ab AAAAAA=\n",
                                                         "text\n\n\xe2\x80\x94 ab\n"}) {
    const auto note = parse_note(bad);
    ASSERT_FALSE(note) << bad;
    EXPECT_EQ(note.error().code, ErrorCode::kVerification);
  }
}

TEST(VerifierKey, MustMatchItsIdToTheLetter) {
  for (const std::string bad : {"", "example.com/foo", "example.com/foo+530d903a",
                                "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                                "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                                "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                                "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                                "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==",
                                "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n"}) {
    EXPECT_FALSE(parse_vkey(bad)) << bad;
  }
  EXPECT_TRUE(parse_vkeys("# keys\n\n" + kExampleKey + "\n" + kGoKey, "f").has_value());
  const auto bad = parse_vkeys("# keys\nnonsense\n", "log.vkey");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().what, "log.vkey:2");
}

// Lists of witnesses have keys that we can't verify with; signed-note gives those of ECDSA an ID of another
// form.
TEST(VerifierKey, OfAnotherTypeIsCarriedAndNeverCounts) {
  const std::string ecdsa =
      "witness.example+42c75b84+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCLLYG4d5d7Xp8mRbaGiqXYKA+"
      "cCCyiPGwuglyu5Yv8kr9YOlye7uHEFuRhhLsZO7pMTGXWgOIjwOcRGFQVyn50=";
  const auto key = parse_vkey(ecdsa);
  ASSERT_TRUE(key) << to_line(key.error());
  EXPECT_EQ(key->type, kEcdsa);
  EXPECT_EQ(print_vkey(*key), ecdsa);
  VerifierKey other = *key;
  other.id = key_id(key->name, kEcdsa, key->public_key);  // the form that other types have
  EXPECT_FALSE(parse_vkey(print_vkey(other)));
  other = {"witness.example", 0, kMlDsa44Cosignature, Bytes(1'312, 7)};
  other.id = key_id(other.name, other.type, other.public_key);
  EXPECT_TRUE(parse_vkey(print_vkey(other)));
  ++other.id;
  EXPECT_FALSE(parse_vkey(print_vkey(other)));
  other.type = 0xfa;  // reserved: whoever defines it defines its IDs
  EXPECT_TRUE(parse_vkey(print_vkey(other)));

  Note note = parse_note(kExampleNote).value();
  note.signatures.push_back({key->name, key->id, Bytes(70, 1)});
  const auto check = verify_note(note, std::vector{parse_vkey(kExampleKey).value(), *key});
  ASSERT_TRUE(check) << to_line(check.error());
  EXPECT_EQ(check->verified.size(), 1U);
  EXPECT_EQ(check->unknown.size(), 1U);
}

TEST(SigningKey, ReadsBackAndKeepsItsSecretOutOfErrors) {
  const auto key = key_of("hetao.example/log", kEd25519, 0x42);
  const std::string text = key.print();
  EXPECT_TRUE(text.starts_with("PRIVATE+KEY+hetao.example/log+"));
  const auto read = SigningKey::parse(text);
  ASSERT_TRUE(read) << to_line(read.error());
  EXPECT_EQ(read->verifier(), key.verifier());
  EXPECT_EQ(read->sign(as_bytes("x")), key.sign(as_bytes("x")));
  const std::string secret = text.substr(text.rfind('+') + 1);
  for (size_t at = 0; at < text.size(); ++at) {
    std::string bad = text;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    const auto refused = SigningKey::parse(bad);
    ASSERT_FALSE(refused) << at;
    EXPECT_EQ(to_line(refused.error()).find(secret.substr(8, 20)), std::string::npos);
  }
  EXPECT_FALSE(SigningKey::from_seed("a b", kEd25519, Bytes(32)));
  EXPECT_FALSE(SigningKey::from_seed("a", 0x06, Bytes(32)));
  EXPECT_FALSE(SigningKey::from_seed("a", kEd25519, Bytes(31)));
}

TEST(Cosignature, CarriesItsTimeAndBindsIt) {
  const auto key = key_of("witness", kEd25519Cosignature, 5);
  const std::string text = "log\n1\n" + to_base64(Digest{}.view()) + "\n";
  const Instant now{1'679'315'147'999'999};
  Note note{text, {cosign_note(text, key, now)}};
  EXPECT_EQ(note.signatures[0].bytes.size(), 72U);
  EXPECT_EQ(get_u64(note.signatures[0].bytes), 1'679'315'147U);
  // What is signed, as C2SP tlog-cosignature prints it.
  const auto by_hand = key.sign(as_bytes("cosignature/v1\ntime 1679315147\n" + text));
  EXPECT_TRUE(std::equal(by_hand.begin(), by_hand.end(), note.signatures[0].bytes.begin() + 8));
  const auto check = verify_note(note, std::vector{key.verifier()});
  ASSERT_TRUE(check);
  EXPECT_EQ(check->verified[0].time, (Instant{1'679'315'147'000'000}));
  for (size_t at = 0; at < 72; ++at) {
    Note bad = note;
    bad.signatures[0].bytes[at] ^= 1;
    EXPECT_FALSE(verify_note(bad, std::vector{key.verifier()}));
  }
  // The same key as a log's key is another key: another type, another ID.
  EXPECT_FALSE(verify_note(note, std::vector{key_of("witness", kEd25519, 5).verifier()}));
}

// The example of C2SP tlog-checkpoint.
const std::string kSofa =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

TEST(Checkpoint, PublishedExampleReadsAndPrintsTheSame) {
  const auto checkpoint = parse_checkpoint(kSofa);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->size, 20'852'163U);
  EXPECT_EQ(print_checkpoint(*checkpoint), kSofa);
  const auto extended = parse_checkpoint(kSofa + "one\ntwo\n");
  ASSERT_TRUE(extended);
  EXPECT_EQ(extended->extensions.size(), 2U);
  EXPECT_EQ(print_checkpoint(*extended), kSofa + "one\ntwo\n");
}

TEST(Checkpoint, MalformedOnesAreRefused) {
  const std::string root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  for (const std::string& bad : std::vector<std::string>{
           "", "\n", "log\n", "log\n1\n", "log\n1\n" + root.substr(0, 44), "\n1\n" + root, "log\n01\n" + root,
           "log\n-1\n" + root, "log\n+1\n" + root, "log\n\n" + root, "log\n1 \n" + root, "log\n0x1\n" + root,
           "log\n18446744073709551616\n" + root, "log\n1\nAAAA\n", "log\n1\n" + root + "\n",
           "log\n0\n" + root, "log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n"}) {
    EXPECT_FALSE(parse_checkpoint(bad)) << bad;
  }
  EXPECT_TRUE(parse_checkpoint("log\n18446744073709551615\n" + root));
  EXPECT_TRUE(parse_checkpoint("log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"));
}

TEST(Checkpoint, NeedsASignatureOfItsOwnLog) {
  const auto log = key_of("log", kEd25519, 1);
  const auto other_log = key_of("other", kEd25519, 2);
  const auto witness = key_of("witness", kEd25519Cosignature, 3);
  const Checkpoint checkpoint{"log", 1, leaf_hash(as_bytes("x")), {}};
  const std::string text = print_checkpoint(checkpoint);
  const auto with = [&](std::vector<Signature> signatures) {
    return print_note({text, std::move(signatures)});
  };
  const std::vector log_keys{log.verifier(), other_log.verifier()};
  const std::vector witness_keys{witness.verifier()};
  const Signature by_log = sign_note(text, log);
  const Signature by_witness = cosign_note(text, witness, {5'000'000});
  const auto good = open_checkpoint(with({by_witness, by_log}), log_keys, witness_keys);
  ASSERT_TRUE(good) << to_line(good.error());
  EXPECT_EQ(good->checkpoint, checkpoint);
  EXPECT_EQ(good->log_signatures.size(), 1U);
  EXPECT_EQ(good->cosignatures.size(), 1U);
  EXPECT_FALSE(open_checkpoint(with({by_witness}), log_keys, witness_keys));
  EXPECT_FALSE(open_checkpoint(with({sign_note(text, other_log)}), log_keys, witness_keys));
  EXPECT_FALSE(open_checkpoint(with({by_log}), std::span<const VerifierKey>{}));
}

TEST(TlogProof, ReadsPrintsAndVerifies) {
  const auto log = key_of("log", kEd25519, 1);
  std::vector<Digest> leaves;
  for (int i = 0; i < 11; ++i) leaves.push_back(leaf_hash(as_bytes("entry " + std::to_string(i))));
  const MemoryTree tree(leaves);
  Note note{print_checkpoint({"log", 11, tree.root(), {}}), {}};
  note.signatures.push_back(sign_note(note.text, log));
  TlogProof proof{std::nullopt, 6, tree.inclusion_proof(6, 11), print_note(note)};
  for (const bool extra : {false, true}) {
    if (extra) proof.extra = Bytes{1, 2, 3};
    const std::string text = print_tlog_proof(proof);
    EXPECT_TRUE(text.starts_with(extra ? "c2sp.org/tlog-proof@v1\nextra AQID\nindex 6\n"
                                       : "c2sp.org/tlog-proof@v1\nindex 6\n"));
    const auto read = parse_tlog_proof(text);
    ASSERT_TRUE(read) << to_line(read.error());
    EXPECT_EQ(print_tlog_proof(*read), text);
    EXPECT_TRUE(verify_tlog_proof(*read, as_bytes("entry 6"), std::vector{log.verifier()}));
    EXPECT_FALSE(verify_tlog_proof(*read, as_bytes("entry 7"), std::vector{log.verifier()}));
  }
  const std::string text = print_tlog_proof(proof);
  for (size_t at = text.find("index"); at < text.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string bad = text;
      bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ (1U << bit));
      const auto read = parse_tlog_proof(bad);
      ASSERT_FALSE(read && verify_tlog_proof(*read, as_bytes("entry 6"), std::vector{log.verifier()})) << at;
    }
  }
}

TEST(TlogProof, ATreeOfOneEntryNeedsNoHashes) {
  const auto log = key_of("log", kEd25519, 1);
  Note note{print_checkpoint({"log", 1, leaf_hash(as_bytes("x")), {}}), {}};
  note.signatures.push_back(sign_note(note.text, log));
  const auto read = parse_tlog_proof("c2sp.org/tlog-proof@v1\nindex 0\n\n" + print_note(note));
  ASSERT_TRUE(read);
  EXPECT_TRUE(verify_tlog_proof(*read, as_bytes("x"), std::vector{log.verifier()}));
}

}  // namespace
}  // namespace hetao::ledger
