#include "gateway/io/person_register.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "gateway/base/bytes.h"
#include "gateway/ledger/sha256.h"
#include "tests/unit/io/temporary_folder.h"

namespace hetao::io {
namespace {

constexpr Instant kNow{1'795'000'000'000'000};
constexpr Duration kDay = Duration::seconds(86'400);
constexpr Duration kYear{365 * kDay.micros};
constexpr ledger::Retention kOneYear(kYear);
constexpr Instant kLater = {kNow.micros + kYear.micros + kDay.micros};  // days are counted whole

using testing_support::TemporaryFolder;

class PersonRegisterTest : public ::testing::Test {
 protected:
  std::unique_ptr<PersonRegister> open() {
    return std::move(PersonRegister::open(folder.path() + "/persons", folder.path() + "/keys")).value();
  }
  std::string everything_on_disk(const std::string& below) const {
    std::string all;
    for (const auto& item : std::filesystem::recursive_directory_iterator(folder.path() + below)) {
      std::ifstream file(item.path());
      all += item.path().string() + std::string(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }
  TemporaryFolder folder;
};

TEST_F(PersonRegisterTest, AnyoneWithTheSaltCanCheckTheCommitment) {
  const auto people = open();
  const auto named = people->name_of("hku", "alice", kNow).value();
  EXPECT_TRUE(named.is_new);
  EXPECT_EQ(named.name, "hku/u-" + named.commitment.substr(0, 16));
  std::ifstream file(folder.path() + "/keys/persons/" + to_hex(as_bytes(named.name)));
  const std::string key(std::istreambuf_iterator<char>(file), {});
  ASSERT_EQ(key.size(), 64U);
  const std::string committed = key.substr(32) + "hku" + '\0' + "alice";
  EXPECT_EQ(ledger::sha256(as_bytes(committed)).hex(), named.commitment);
}

TEST_F(PersonRegisterTest, KeepsItsNamesOverARestartAndTellsNobodyWithoutTheKeys) {
  std::string name;
  {
    const auto people = open();
    name = people->name_of("hku", "alice", kNow)->name;
    EXPECT_NE(people->name_of("hku", "bob", kNow)->name, name);
    EXPECT_NE(people->name_of("szu", "alice", kNow)->name, name);
  }
  EXPECT_EQ(everything_on_disk("/persons").find("alice"), std::string::npos);
  const auto people = open();
  const auto again = people->name_of("hku", "alice", kNow).value();
  EXPECT_EQ(again.name, name);
  EXPECT_FALSE(again.is_new);
  EXPECT_EQ(people->show(name)->user, "alice");
  EXPECT_EQ(people->find("hku", "carol"), std::nullopt);
}

TEST_F(PersonRegisterTest, AnErasedPersonIsNobodyAndComesBackAsAnother) {
  const auto people = open();
  const std::string name = people->name_of("hku", "alice", kNow)->name;
  ASSERT_TRUE(people->erase(name, kLater, kOneYear));
  EXPECT_EQ(people->show(name)->state, "erased");
  EXPECT_EQ(people->show(name)->user, "");
  EXPECT_FALSE(people->erase(name, kLater, kOneYear));
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/keys/persons/" + to_hex(as_bytes(name))));
  EXPECT_NE(people->name_of("hku", "alice", kLater)->name, name);
  EXPECT_EQ(open()->show(name)->state, "erased");
}

TEST_F(PersonRegisterTest, ARunningPeriodAndALegalHoldKeepTheName) {
  const auto people = open();
  const std::string name = people->name_of("hku", "alice", kNow)->name;
  EXPECT_EQ(people->erase(name, kNow + kYear - kDay, kOneYear).error().code, ErrorCode::kForbidden);
  ASSERT_TRUE(people->restrict(name));
  EXPECT_EQ(people->show(name)->state, "restricted");
  EXPECT_EQ(people->overdue(kLater, kOneYear), std::vector{name});
  ASSERT_TRUE(people->hold({"case 7", "a court asks", "", kNow, {name}, {}, false}));
  ASSERT_TRUE(people->hold({"case 8", "another asks", "", kNow, {}, {"hku"}, false}));
  for (const char* matter : {"case 7", "case 8"}) {
    EXPECT_TRUE(people->overdue(kLater, kOneYear).empty());
    EXPECT_EQ(people->erase(name, kLater, kOneYear).error().code, ErrorCode::kForbidden);
    EXPECT_FALSE(open()->erase(name, kLater, kOneYear)) << "the hold is gone after a restart";
    ASSERT_TRUE(people->lift_hold(matter));
  }
  EXPECT_TRUE(people->erase(name, kLater, kOneYear));
  EXPECT_FALSE(people->hold({"case 9", "too late", "", kNow, {name}, {}, false}));
  EXPECT_FALSE(people->hold({"case 9", "nobody", "", kNow, {"hku/u-0"}, {}, false}));
}

TEST_F(PersonRegisterTest, EachClassOfEntriesHasAPeriodOfItsOwn) {
  ledger::Retention retention(kYear);
  retention[ledger::EntryClass::kCrossing] = {3 * kYear.micros};
  std::string name;
  {
    const auto people = open();
    name = people->name_of("hku", "alice", kNow)->name;
    const std::string visitor = people->name_of("hku", "bob", kNow)->name;
    ledger::Entry entry;
    entry.who = name;
    entry.kind = "departed";
    entry.time = kNow;
    ASSERT_TRUE(people->saw(entry));
    entry.who = "hku/u-0123456789abcdef";  // whose name another region keeps
    ASSERT_TRUE(people->saw(entry));
    EXPECT_EQ(people->overdue(kLater, retention), std::vector{visitor});
  }
  const auto people = open();
  EXPECT_EQ(people->erase(name, kLater, retention).error().code, ErrorCode::kForbidden);
  EXPECT_TRUE(people->erase(name, kNow + Duration{3 * kYear.micros} + kDay, retention));
}

TEST_F(PersonRegisterTest, RecordsOfEarlierVersionsKeepTheirHoldsAndPeriods) {
  std::string name;
  {
    name = open()->name_of("hku", "alice", kNow)->name;
  }
  const std::string path = folder.path() + "/persons/" + to_hex(as_bytes(name));
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  const size_t seen = text.find("\"seen\":");
  text.replace(seen, text.find('}', seen) + 1 - seen, "\"hold\":\"a court asks\"");
  std::ofstream(path) << text;
  const auto people = open();
  EXPECT_EQ(people->show(name)->hold, "a court asks");
  EXPECT_EQ(people->erase(name, kLater + kDay, kOneYear).error().code, ErrorCode::kForbidden);
  ASSERT_TRUE(people->lift_hold(name));
  ledger::Retention retention(kYear);
  retention[ledger::EntryClass::kWork] = {2 * kYear.micros};
  EXPECT_FALSE(people->erase(name, kLater + kDay, retention)) << "any class may have been meant";
  EXPECT_TRUE(people->erase(name, kLater + kDay, kOneYear));
}

TEST_F(PersonRegisterTest, KnowsWhichAccountsAreOnePersons) {
  const std::string elsewhere = "szu/u-0123456789abcdef";
  std::string name;
  {
    const auto people = open();
    name = people->name_of("hku", "alice", kNow)->name;
    EXPECT_TRUE(people->are_same(name, name));
    EXPECT_FALSE(people->are_same(name, elsewhere));
    EXPECT_FALSE(people->note_same(name, elsewhere, false));
    ASSERT_TRUE(people->note_same(name, elsewhere, true));
    EXPECT_FALSE(people->note_same(name, elsewhere, true));
  }
  const auto people = open();
  EXPECT_TRUE(people->are_same(elsewhere, name));
  EXPECT_EQ(people->show(name)->same_as, std::vector{elsewhere});
  ASSERT_TRUE(people->note_same(name, elsewhere, false));
  EXPECT_FALSE(people->are_same(name, elsewhere));
}

TEST_F(PersonRegisterTest, ADamagedRecordIsNamed) {
  std::string name;
  {
    name = open()->name_of("hku", "alice", kNow)->name;
  }
  std::ofstream(folder.path() + "/persons/" + to_hex(as_bytes(name))) << "{";
  EXPECT_FALSE(PersonRegister::open(folder.path() + "/persons", folder.path() + "/keys"));
}

// A leader that was frozen and woke up leads no more, and goes on for a moment.
TEST_F(PersonRegisterTest, TwoNodesThatBothThinkTheyLeadGiveOneName) {
  const auto people = open();
  const auto other = open();
  const std::string alice = people->name_of("hku", "alice", kNow)->name;
  EXPECT_EQ(other->name_of("hku", "alice", kNow)->name, alice);
  EXPECT_EQ(open()->find("hku", "alice"), alice);
}

// Nodes of earlier versions had a register each: whoever led gave people other names.
TEST_F(PersonRegisterTest, TakesOverWhatANodeKeptByItself) {
  const auto node = [&] {
    return std::move(PersonRegister::open(folder.path() + "/node/persons", folder.path() + "/node/keys"))
        .value();
  };
  const auto people = open();
  const std::string alice = people->name_of("hku", "alice", kNow)->name;
  std::string alice_there;
  std::string bob_there;
  std::string gone;
  {
    const auto there = node();
    alice_there = there->name_of("hku", "alice", kNow)->name;
    bob_there = there->name_of("hku", "bob", kNow)->name;
    gone = there->name_of("hku", "carol", kNow)->name;
    ASSERT_TRUE(there->erase(gone, kLater, kOneYear));
    ASSERT_TRUE(there->hold({"case 7", "a court asks", "office", kNow, {bob_there}, {}, false}));
  }
  for (int time = 0; time < 2; ++time) {  // again, as after a crash: nothing more happens
    ASSERT_TRUE(people->adopt(folder.path() + "/node/persons", folder.path() + "/node/keys"));
    EXPECT_EQ(people->name_of("hku", "alice", kNow)->name, alice);
    EXPECT_EQ(people->name_of("hku", "bob", kNow)->name, bob_there);
    EXPECT_EQ(people->show(alice_there)->user, "alice");
    EXPECT_TRUE(people->are_same(alice, alice_there));
    EXPECT_EQ(people->show(gone)->state, "erased");
    EXPECT_EQ(people->show(bob_there)->hold, "case 7: a court asks");
    EXPECT_EQ(people->list().size(), 4U);
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/node/persons"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/node/keys/persons"));
  const auto again = open();
  EXPECT_EQ(again->find("hku", "alice"), alice);
  EXPECT_EQ(again->show(bob_there)->user, "bob");
}

}  // namespace
}  // namespace hetao::io
