// What a peer says that can't be: it is accused, and nothing comes of it.
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/federation/item.h"
#include "tests/unit/federation/two_cities.h"

namespace hetao::federation {
namespace {

pb::Crossing offered(const std::string& id) {
  pb::Crossing crossing;
  crossing.set_id(id);
  crossing.set_job("liar");
  crossing.set_attempt(1);
  crossing.set_from_region("hongkong");
  crossing.set_to_region("shenzhen");
  crossing.set_home_region("hongkong");
  crossing.mutable_ours()->set_effect("permit");
  pb::Item& item = *crossing.mutable_item();
  item.set_name("data");
  item.set_kind("dataset");
  for (const char* path : {"a", "b/c"}) {
    pb::ItemFile& file = *item.add_files();
    file.set_path(path);
    file.set_digest(std::string("d-") + path);
    file.set_bytes(7);
  }
  seal_item(item);
  return crossing;
}

void ask(TwoCities& world, const pb::Crossing& crossing) {
  pb::PeerMessage message;
  *message.mutable_crossing_ask()->mutable_crossing() = crossing;
  world.post("shenzhen", PeerSaid{"hongkong", message});
  world.settle();
}

bool is_accused(const TwoCities& world, const std::string& why) {
  return std::any_of(world.journal().begin(), world.journal().end(), [&](const std::string& line) {
    return line.starts_with("shenzhen accuses hongkong: ") && line.find(why) != std::string::npos;
  });
}

TEST(LyingPeer, AnHonestItemIsDecided) {
  TwoCities world(kRules);
  ask(world, offered("liar.1.c0"));
  EXPECT_NE(world.core("shenzhen").crossing("liar.1.c0"), nullptr);
  EXPECT_FALSE(is_accused(world, ""));
}

TEST(LyingPeer, AnItemThatIsNotItsFilesIsNotEvenDecided) {
  const std::vector<std::pair<std::string, std::function<void(pb::Item&)>>> lies = {
      {"digest is not that of its files", [](pb::Item& i) { i.set_digest("d-other"); }},
      {"digest is not that of its files", [](pb::Item& i) { i.mutable_files(0)->set_digest("d-other"); }},
      {"size is not that of its files", [](pb::Item& i) { i.set_bytes(1); }},
      {"size is not possible", [](pb::Item& i) { i.mutable_files(0)->set_bytes(-1); }},
      {"leads out of it", [](pb::Item& i) { i.mutable_files(0)->set_path("../a"); }},
      {"leads out of it", [](pb::Item& i) { i.mutable_files(0)->set_path("/a"); }},
      {"leads out of it", [](pb::Item& i) { i.mutable_files(0)->set_path("b//a"); }},
      {"leads out of it", [](pb::Item& i) { i.mutable_files(0)->set_path(""); }},
      {"one place", [](pb::Item& i) { i.mutable_files(0)->set_path("b/c"); }},
      {"one place", [](pb::Item& i) { i.mutable_files(0)->set_path("b"); }},
      {"no files",
       [](pb::Item& i) {
         i.clear_files();
         i.set_digest("d");
       }},
      {"too long", [](pb::Item& i) { i.set_name(std::string(100'000, 'x')); }},
  };
  for (const auto& [why, lie] : lies) {
    TwoCities world(kRules);
    const size_t before = world.city("shenzhen").entries.size();
    pb::Crossing crossing = offered("liar.1.c0");
    lie(*crossing.mutable_item());
    ask(world, crossing);
    EXPECT_TRUE(is_accused(world, why)) << why;
    EXPECT_EQ(world.core("shenzhen").crossing("liar.1.c0"), nullptr) << why;
    EXPECT_EQ(world.city("shenzhen").entries.size(), before) << why;
  }
}

TEST(LyingPeer, AnIdThatIsKnownIsNotTakenForAnotherCrossing) {
  TwoCities world(kRules);
  world.submit("shenzhen", "hongkong", "");
  world.settle();
  const pb::Crossing before = *world.core("shenzhen").crossing("j1.1.c0");
  ask(world, offered("j1.1.c0"));
  EXPECT_TRUE(is_accused(world, "another crossing's"));
  EXPECT_EQ(world.core("shenzhen").crossing("j1.1.c0")->SerializeAsString(), before.SerializeAsString());
}

TEST(LyingPeer, AJobIsRefusedThatBringsACrossingOfSomebodyElse) {
  TwoCities world(kRules);
  world.submit("shenzhen", "hongkong", "");
  world.settle();
  pb::PeerMessage message;
  pb::Offer& offer = *message.mutable_offer();
  offer.set_job("liar");
  offer.set_attempt(1);
  offer.mutable_task()->add_executors()->set_image("x");
  *offer.add_crossings() = offered("j1.1.c0");
  world.post("shenzhen", PeerSaid{"hongkong", message});
  world.settle();
  EXPECT_TRUE(is_accused(world, "another crossing's"));
  EXPECT_EQ(world.core("shenzhen").run("liar.1")->state(), pb::RUN_REFUSED);
}

TEST(LyingPeer, AJobBringsNoItemWithoutACrossing) {
  TwoCities world(kRules);
  pb::PeerMessage message;
  pb::Offer& offer = *message.mutable_offer();
  offer.set_job("liar");
  offer.set_attempt(1);
  offer.mutable_task()->add_executors()->set_image("x");
  offer.mutable_task()->add_inputs()->set_path("/data");
  pb::Item& item = *offer.add_items();
  item = offered("x").item();
  item.set_name("/data");
  world.post("shenzhen", PeerSaid{"hongkong", message});
  world.settle();
  EXPECT_EQ(world.core("shenzhen").run("liar.1")->items_size(), 0);
}

TEST(LyingPeer, LongTextsAreCutInTheLedger) {
  TwoCities world(kRules);
  world.post("shenzhen", NoteAct{0,
                                 "admin",
                                 std::string(1'000'000, 'w'),
                                 std::string(1'000'000, '\1'),
                                 {{"key", std::string(1'000'000, 'v')}}});
  world.settle();
  const auto bytes = ledger::encode_entry(world.city("shenzhen").entries.back());
  EXPECT_TRUE(bytes.has_value());
}

}  // namespace
}  // namespace hetao::federation
