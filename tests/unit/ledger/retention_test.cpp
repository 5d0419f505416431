#include "gateway/ledger/retention.h"

#include <gtest/gtest.h>

namespace hetao::ledger {
namespace {

constexpr Instant kNow{1'795'000'000'000'000};

Duration days(int64_t count) {
  return Duration::seconds(count * 86'400);
}

TEST(Retention, EveryKindHasAClassAndUnknownOnesTheStrictest) {
  EXPECT_EQ(class_of("departed"), EntryClass::kCrossing);
  EXPECT_EQ(class_of("review"), EntryClass::kCrossing);
  EXPECT_EQ(class_of("job-state"), EntryClass::kWork);
  EXPECT_EQ(class_of("sign-in"), EntryClass::kAccess);
  EXPECT_EQ(class_of("audit-access"), EntryClass::kAccess);
  EXPECT_EQ(class_of("a-kind-of-tomorrow"), EntryClass::kCrossing);
  for (const EntryClass one : kEntryClasses) EXPECT_EQ(entry_class(to_word(one)), one);
  EXPECT_EQ(entry_class("persons"), std::nullopt);
}

TEST(Retention, LastsAsLongAsAnyClassAsks) {
  Retention retention(kRetentionDefault);
  retention[EntryClass::kAccess] = days(184);
  LastSeen seen;
  EXPECT_EQ(kept_until(seen, retention), Instant{});
  seen[EntryClass::kAccess] = kNow;
  EXPECT_EQ(kept_until(seen, retention), kNow + days(184));
  seen[EntryClass::kCrossing] = kNow - days(900);
  EXPECT_EQ(kept_until(seen, retention), kNow + days(195));
  seen[EntryClass::kCrossing] = kNow - days(1'000);
  EXPECT_EQ(kept_until(seen, retention), kNow + days(184));
}

}  // namespace
}  // namespace hetao::ledger
