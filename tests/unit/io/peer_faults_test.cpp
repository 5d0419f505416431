#include "gateway/io/peer_faults.h"

#include <gtest/gtest.h>

#include "gateway/base/limits.h"

namespace hetao::io {
namespace {

constexpr Instant kNow{1'000'000'000};

PeerFault lie(const std::string& region = "hongkong") {
  return {region, "digest", "bytes that are not what was announced", "127.0.0.1:1"};
}

TEST(PeerFaults, AFloodOfOneFaultMakesOneEntryThatCountsTheRest) {
  PeerFaults faults;
  EXPECT_EQ(faults.may_note(lie(), kNow), 0U);
  for (int i = 0; i < 1'000'000; ++i) EXPECT_FALSE(faults.may_note(lie(), kNow + Duration{i}));
  const Instant later = kNow + Duration::seconds(limits::kPeerFaultNoteSeconds);
  EXPECT_EQ(faults.may_note(lie(), later), 1'000'000U);
  EXPECT_FALSE(faults.may_note(lie(), later));
}

TEST(PeerFaults, DifferentFaultsAndPeersHaveEntriesOfTheirOwn) {
  PeerFaults faults;
  EXPECT_TRUE(faults.may_note(lie(), kNow));
  EXPECT_TRUE(faults.may_note(lie("lantau"), kNow));
  EXPECT_TRUE(faults.may_note({"hongkong", "replay", "", ""}, kNow));
}

TEST(PeerFaults, LostLinksAndNoiseAreForTheLogAlone) {
  PeerFaults faults;
  for (const char* word :
       {"cut", "timeout", "connection-lost", "too-many", "protocol-tls", "superseded", "done"})
    EXPECT_FALSE(faults.may_note({"", word, "", ""}, kNow)) << word;
  for (const char* word : {"unknown-ca", "revoked", "wrong-region-ca", "identity", "protocol", "credit",
                           "digest", "protocol-tls"})
    EXPECT_TRUE(faults.may_note({"hongkong", word, "", ""}, kNow)) << word;
}

}  // namespace
}  // namespace hetao::io
