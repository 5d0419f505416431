#include "gateway/ledger/tlog_policy.h"

#include <gtest/gtest.h>

#include "tests/unit/ledger/support.h"

namespace hetao::ledger {
namespace {

using namespace testing;

std::string witness_vkey(uint8_t seed) {
  return print_vkey(key_of("w" + std::to_string(seed), kEd25519Cosignature, seed).verifier());
}
VerifierKey witness_verifier(uint8_t seed) {
  return key_of("w" + std::to_string(seed), kEd25519Cosignature, seed).verifier();
}

// The example of the specification, with keys.
std::string example() {
  std::string text = "# two organisations\n\nlog " + print_vkey(log_key().verifier()) + "\n";
  for (uint8_t i = 1; i <= 3; ++i)
    text += "witness\tX" + std::to_string(i) + "  " + witness_vkey(i) +
            (i == 1 ? " https://x1.example/prefix" : "") + "\n";
  text += "group X-witnesses 2 X1 X2 X3\n";
  for (uint8_t i = 4; i <= 6; ++i) text += "witness Y" + std::to_string(i - 3) + " " + witness_vkey(i) + "\n";
  return text + "group Y-witnesses any Y1 Y2 Y3\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n";
}

bool holds(const TlogPolicy& policy, const std::vector<uint8_t>& seeds) {
  std::vector<VerifierKey> keys;
  for (const uint8_t seed : seeds) keys.push_back(witness_verifier(seed));
  return policy.is_quorum(keys);
}

TEST(TlogPolicy, TheSpecificationsExampleAsksForTwoOfXAndOneOfY) {
  const auto policy = parse_tlog_policy(example(), "trust");
  ASSERT_TRUE(policy) << to_line(policy.error());
  EXPECT_EQ(policy->logs.size(), 1U);
  EXPECT_EQ(policy->witnesses[0].url, "https://x1.example/prefix");
  EXPECT_TRUE(holds(*policy, {1, 3, 5}));
  EXPECT_TRUE(holds(*policy, {1, 2, 3, 4, 5, 6}));
  EXPECT_FALSE(holds(*policy, {1, 4, 5, 6}));
  EXPECT_FALSE(holds(*policy, {1, 2, 3}));
  EXPECT_FALSE(holds(*policy, {}));
}

TEST(TlogPolicy, NoneAsksForNoWitnessAndASingleOneForItself) {
  EXPECT_TRUE(parse_tlog_policy("quorum none\n", "trust")->is_quorum({}));
  const auto one = parse_tlog_policy("witness a " + witness_vkey(1) + "\nquorum a\n", "trust");
  ASSERT_TRUE(one);
  EXPECT_TRUE(holds(*one, {1}));
  EXPECT_FALSE(holds(*one, {2}));
}

TEST(TlogPolicy, MistakesAreNamedByLine) {
  const std::string a = "witness a " + witness_vkey(1) + "\n";
  const std::string b = "witness b " + witness_vkey(2) + "\n";
  const std::pair<std::string, std::string> cases[] = {
      {"", "no quorum"},
      {"quorum none", "does not end"},
      {"quorum a\n", ":1: \"a\" is not defined above"},
      {a + "quorum a\nquorum a\n", ":3: there is a quorum line already"},
      {a + a, ":2: the name a is taken"},
      {a + "witness c " + witness_vkey(1) + "\n", "named before"},
      {"witness none " + witness_vkey(1) + "\n", "meaning of its own"},
      {a + b + "group g 3 a b\n", "threshold"},
      {a + b + "group g 0 a b\n", "threshold"},
      {a + b + "group g 01 a b\n", "threshold"},
      {a + b + "group g all a a\n", "member already"},
      {a + b + "group g all a\ngroup h any a b\n", "member already"},
      {"group g any g\n", "not defined above"},
      {"log " + witness_vkey(1) + "\nquorum none\n", "key of a witness"},
      {"witness a " + print_vkey(log_key().verifier()) + "\nquorum none\n", "key of a log"},
      {"log x\n", "not a verifier key"},
      {"hello\n", "none of log"},
      {"quorum none\r\n", "control character"},
  };
  for (const auto& [text, why] : cases) {
    const auto policy = parse_tlog_policy(text, "trust");
    ASSERT_FALSE(policy) << text;
    EXPECT_NE(to_line(policy.error()).find(why), std::string::npos) << to_line(policy.error());
  }
}

TEST(TlogPolicy, ACheckpointNeedsItsQuorum) {
  const SigningKey first = key_of("w1", kEd25519Cosignature, 1);
  Note note{print_checkpoint({kOrigin, 0, empty_root(), {}}), {}};
  note.signatures.push_back(sign_note(note.text, log_key()));
  const auto policy = parse_tlog_policy(
      "log " + print_vkey(log_key().verifier()) + "\nwitness a " + witness_vkey(1) + "\nquorum a\n", "trust");
  ASSERT_TRUE(policy);
  EXPECT_FALSE(open_checkpoint(print_note(note), *policy));
  note.signatures.push_back(cosign_note(note.text, first, {1'795'000'000'000'000}));
  EXPECT_TRUE(open_checkpoint(print_note(note), *policy));
}

}  // namespace
}  // namespace hetao::ledger
