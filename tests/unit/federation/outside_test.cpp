// Stores outside: which URL belongs to which, and what never does.
#include "gateway/federation/outside.h"

#include <gtest/gtest.h>

namespace hetao::federation {
namespace {

CoreConfig with_stores() {
  CoreConfig config;
  config.region = "shenzhen";
  config.jurisdiction = "CN";
  config.stores.push_back({"lab", {"s3://lab/"}, "", {"szu"}, true, {}});
  config.stores.push_back({"deep", {"s3://lab/deep/"}, "", {}, false, {}});
  config.stores.push_back({"web", {"https://data.example"}, "HK", {}, false, {}});
  return config;
}

std::string store_name(std::string_view url, std::string_view tenant = "szu") {
  const CoreConfig config = with_stores();
  const StoreConfig* store = store_of(config, url, tenant);
  return store == nullptr ? "none" : store->name;
}

TEST(Stores, TheLongestBeginningCounts) {
  EXPECT_EQ(store_name("s3://lab/a.csv"), "lab");
  EXPECT_EQ(store_name("s3://lab/deep/a.csv"), "deep");
  EXPECT_EQ(store_name("s3://other/a.csv"), "none");
}

TEST(Stores, AStoreOfOtherTenantsIsNotThere) {
  EXPECT_EQ(store_name("s3://lab/a.csv", "hku"), "none");
  EXPECT_EQ(store_name("s3://lab/deep/a.csv", "hku"), "deep");
}

TEST(Stores, AHostThatOnlyBeginsAlikeIsAnother) {
  EXPECT_EQ(store_name("https://data.example/a"), "web");
  EXPECT_EQ(store_name("https://data.example"), "web");
  for (const char* url :
       {"https://data.example.evil/a", "https://data.example@evil/a", "https://data.example:8443/a",
        "https://evil@data.example/a", "http://data.example/a"}) {
    EXPECT_EQ(store_name(url), "none") << url;
  }
}

TEST(Stores, NoWayLeadsUpOutOfABeginning) {
  for (const char* url : {"s3://lab/deep/../a", "s3://lab/deep/%2e%2E/a", "s3://lab/./a", "s3://lab/.%2e/a",
                          "https://data.example\\@evil/a"}) {
    EXPECT_EQ(store_name(url), "none") << url;
  }
  EXPECT_EQ(store_name("s3://lab/...a"), "lab");
}

}  // namespace
}  // namespace hetao::federation
