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
constexpr Duration kYear = Duration::seconds(int64_t{365} * 86'400);

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
  ASSERT_TRUE(people->erase(name, kNow + kYear, kYear));
  EXPECT_EQ(people->show(name)->state, "erased");
  EXPECT_EQ(people->show(name)->user, "");
  EXPECT_FALSE(people->erase(name, kNow + kYear, kYear));
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/keys/persons/" + to_hex(as_bytes(name))));
  EXPECT_NE(people->name_of("hku", "alice", kNow + kYear)->name, name);
  EXPECT_EQ(open()->show(name)->state, "erased");
}

TEST_F(PersonRegisterTest, ARunningPeriodAndALegalHoldKeepTheName) {
  const auto people = open();
  const std::string name = people->name_of("hku", "alice", kNow)->name;
  EXPECT_EQ(people->erase(name, kNow, kYear).error().code, ErrorCode::kForbidden);
  ASSERT_TRUE(people->restrict(name));
  EXPECT_EQ(people->show(name)->state, "restricted");
  EXPECT_EQ(people->overdue(kNow + kYear, kYear), std::vector{name});
  ASSERT_TRUE(people->hold(name, "a court asks"));
  EXPECT_TRUE(people->overdue(kNow + kYear, kYear).empty());
  EXPECT_EQ(people->erase(name, kNow + kYear, kYear).error().code, ErrorCode::kForbidden);
  ASSERT_TRUE(people->hold(name, ""));
  EXPECT_TRUE(people->erase(name, kNow + kYear, kYear));
}

TEST_F(PersonRegisterTest, ADamagedRecordIsNamed) {
  std::string name;
  {
    name = open()->name_of("hku", "alice", kNow)->name;
  }
  std::ofstream(folder.path() + "/persons/" + to_hex(as_bytes(name))) << "{";
  EXPECT_FALSE(PersonRegister::open(folder.path() + "/persons", folder.path() + "/keys"));
}

}  // namespace
}  // namespace hetao::io
