// Made with OpenSSL's command line (keys, signatures) from the commands of the handbook; nothing of this room
// signs.
#include "gateway/ledger/sm2.h"

#include <gtest/gtest.h>

#include "gateway/ledger/checkpoint.h"
#include "tests/unit/ledger/support.h"

namespace hetao::ledger {
namespace {

using namespace testing;

VerifierKey sm2_key() {
  return sm2_verifier(kOrigin, from_hex("04e05d294b866d1b0c55af209ce735b82c6f401e204110c4fbde8211047de846fdf3"
                                        "0801750ff0adec2fe480c58d216e546c5262de4cc1cfc684cbe0405cdc5d9f")
                                   .value());
}
const std::string kText = print_checkpoint({kOrigin, 0, empty_root(), {}});
Signature sm2_line() {
  return {kOrigin, sm2_key().id,
          from_hex("3045022100b28ccebab5147ae69f6a2697decf857b77ca99fc37c7c6b683303970d76c947602204017748cfdd"
                   "9feed83b3dbe236b4a30265438e01220c89e2762fffccdbf97d58")
              .value()};
}
std::string note_with(const Signature& extra) {
  Note note{kText, {sign_note(kText, log_key()), extra}};
  return print_note(note);
}

TEST(Sm2, TheExtraLineIsIgnoredByWhoDoesNotKnowTheKeyAndCheckedByWhoDoes) {
  const auto without = open_checkpoint(note_with(sm2_line()), config().log_keys);
  ASSERT_TRUE(without) << to_line(without.error());
  EXPECT_EQ(without->unknown.size(), 1U);
  const auto with = open_checkpoint(note_with(sm2_line()), std::vector{log_key().verifier(), sm2_key()});
  ASSERT_TRUE(with) << to_line(with.error());
  EXPECT_EQ(with->log_signatures.size(), 2U);
}

TEST(Sm2, EveryFlippedBitOfTheSignatureIsRefused) {
  for (size_t bit = 0; bit < sm2_line().bytes.size() * 8; ++bit) {
    Signature line = sm2_line();
    line.bytes[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(open_checkpoint(note_with(line), std::vector{log_key().verifier(), sm2_key()})) << bit;
  }
}

TEST(Sm2, StandsBesideTheLogsOwnSignatureNeverForIt) {
  const Note note{kText, {sm2_line()}};
  EXPECT_FALSE(open_checkpoint(print_note(note), std::vector{log_key().verifier(), sm2_key()}));
}

TEST(Sm2, ItsKeyReadsBackAndAPointOffTheCurveVerifiesNothing) {
  EXPECT_EQ(parse_vkey(print_vkey(sm2_key())).value(), sm2_key());
  VerifierKey off = sm2_key();
  off.public_key.back() ^= 1;
  EXPECT_FALSE(verify_sm2(off, as_bytes(kText), sm2_line().bytes));
  EXPECT_FALSE(verify_sm2(log_key().verifier(), as_bytes(kText), sm2_line().bytes));
}

}  // namespace
}  // namespace hetao::ledger
