#include "gateway/ledger/tiles.h"

#include <gtest/gtest.h>

#include "tests/unit/ledger/support.h"

namespace hetao::ledger {
namespace {

using testing::bytes_of;
using testing::encoded;
using testing::Folder;

TEST(TilePath, IsThatOfTheSpecification) {
  EXPECT_EQ(tile_path({false, 0, 1'234'067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path({false, 3, 0, 256}), "tile/3/000");
  EXPECT_EQ(tile_path({true, 0, 999, 7}), "tile/entries/999.p/7");
  EXPECT_EQ(tile_path({true, 0, 1'000, 256}), "tile/entries/x001/000");
  for (const uint64_t index :
       {uint64_t{0}, uint64_t{999}, uint64_t{1'000}, uint64_t{123'456'789}, UINT64_MAX}) {
    for (const unsigned width : {1U, 255U, 256U}) {
      for (const TileId& tile : {TileId{false, 63, index, width}, TileId{true, 0, index, width}})
        EXPECT_EQ(parse_tile_path(tile_path(tile)), tile);
    }
  }
  for (const char* bad : {"",
                          "tile/",
                          "tile/0/",
                          "tile/0/00",
                          "tile/0/0000",
                          "tile/00/000",
                          "tile/64/000",
                          "tile/-1/000",
                          "tile/0/x001",
                          "tile/0/x000/001",
                          "tile/0/001/001",
                          "tile/0/x001/001/",
                          "tile/0/000.p/",
                          "tile/0/000.p/0",
                          "tile/0/000.p/256",
                          "tile/0/000.p/01",
                          "tile/0/000/p/1",
                          "tile/entries/000.p/1x",
                          "Tile/0/000",
                          "tile/entry/000",
                          "/tile/0/000",
                          "tile/0/../000",
                          "tile/0/x018/x446/x744/x073/x709/x551/616"}) {
    EXPECT_FALSE(parse_tile_path(bad)) << bad;
  }
}

// The example of C2SP tlog-tiles: "a tree of size 70,000 will be represented by 273 full level 0 tiles, …".
TEST(Tiles, OfTheSpecificationsExampleAreTheOnesItNames) {
  std::map<std::pair<unsigned, bool>, int> full;
  std::map<unsigned, unsigned> partial;
  for (const TileId& tile : tiles_of(70'000)) {
    if (tile.entries) continue;
    if (tile.width == 256) ++full[{tile.level, true}];
    if (tile.width < 256) partial[tile.level] = tile.width;
  }
  EXPECT_EQ((full[{0, true}]), 273);
  EXPECT_EQ((full[{1, true}]), 1);
  EXPECT_EQ(partial, (std::map<unsigned, unsigned>{{0, 112}, {1, 17}, {2, 1}}));
  const auto small = tiles_of(256);
  ASSERT_EQ(small.size(), 3U);
  EXPECT_EQ(tile_path(small[0]), "tile/entries/000");
  EXPECT_EQ(tile_path(small[1]), "tile/0/000");
  EXPECT_EQ(tile_path(small[2]), "tile/1/000.p/1");
  EXPECT_TRUE(tiles_of(0).empty());
}

TEST(Tiles, GrowInAnyStepsToTheSameFiles) {
  Folder at_once;
  TileEdge edge;
  at_once.write(growth(edge, encoded(0, 700)));
  for (const uint64_t step : {1U, 7U, 255U, 256U, 257U}) {
    Folder folder;
    TileEdge grown;
    for (uint64_t at = 0; at < 700; at += step)
      folder.write(growth(grown, encoded(at, std::min<uint64_t>(step, 700 - at))));
    EXPECT_EQ(grown.root(), edge.root());
    for (const TileId& tile : tiles_of(700))
      ASSERT_EQ(folder.files.at(tile_path(tile)), at_once.files.at(tile_path(tile))) << tile_path(tile);
  }
  EXPECT_EQ(at_once.files.size(), tiles_of(700).size());
}

TEST(Tiles, HoldTheHashesAndEntriesOfTheTree) {
  Folder folder;
  TileEdge edge;
  const auto entries = encoded(0, 600);
  folder.write(growth(edge, entries));
  MemoryTree tree;
  for (const Bytes& entry : entries) tree.append(leaf_hash(entry));
  EXPECT_EQ(edge.root(), tree.root());
  TileReader tiles(600, folder.reader());
  const HashReader reader = tree.reader();
  for (unsigned level = 0; level <= 9; ++level) {
    for (uint64_t index = 0; index < 600U >> level; ++index)
      ASSERT_EQ(tiles.hash(level, index).value(), reader(level, index).value());
  }
  EXPECT_FALSE(tiles.hash(0, 600));
  EXPECT_FALSE(tiles.hash(9, 1));
  EXPECT_FALSE(tiles.hash(70, 0));
  EXPECT_EQ(tiles.bundle(2).value()[87], entries[599]);
  EXPECT_FALSE(tiles.bundle(3));
  for (uint64_t index = 0; index < 600; index += 13) {
    const auto proof = prove_inclusion(tiles, index, 600, tree.leaf(index), tree.root());
    ASSERT_TRUE(proof);
    EXPECT_EQ(*proof, tree.inclusion_proof(index, 600));
  }
  for (uint64_t old_size = 1; old_size < 600; old_size += 7) {
    EXPECT_EQ(prove_consistency(tiles, old_size, 600, tree.root(old_size), tree.root()).value(),
              tree.consistency_proof(old_size, 600));
    EXPECT_EQ(prove_old_root(tiles, old_size, 600, tree.root()).value(), tree.root(old_size));
  }
}

// CVE-2026-56865: a reader that trusts a tile which no proof has touched. Here every hash that goes into a
// proof is held against the signed root, at every level.
TEST(Tiles, AFlippedHashAtAnyLevelNeverLeavesAsAProof) {
  Folder folder;
  TileEdge edge;
  std::vector<FileWrite> files;
  const uint64_t size = 66'000;  // three levels of tiles
  MemoryTree tree;
  for (uint64_t i = 0; i < size; ++i) {
    Bytes entry = bytes_of("e" + std::to_string(i));
    tree.append(leaf_hash(entry));
    edge.append(std::move(entry), files);
  }
  folder.write(files);
  folder.write(edge.partials());
  const std::vector<std::string> damaged = {"tile/0/000", "tile/0/257.p/208", "tile/1/000", "tile/1/001.p/1",
                                            "tile/2/000.p/1"};
  for (const std::string& path : damaged) {
    Folder bad = folder;
    Bytes& bytes = bad.files.at(path);
    for (size_t at = 0; at < bytes.size(); at += 32) bytes[at] ^= 1;
    int refused = 0;
    for (const uint64_t index : {uint64_t{0}, uint64_t{1}, uint64_t{300}, size - 300, size - 1}) {
      TileReader tiles(size, bad.reader());
      const auto proof = prove_inclusion(tiles, index, size, tree.leaf(index), tree.root());
      if (proof) {
        ASSERT_EQ(*proof, tree.inclusion_proof(index, size));
      } else {
        ++refused;
        EXPECT_EQ(proof.error().code, ErrorCode::kVerification);
      }
    }
    EXPECT_GT(refused, 0) << path;
    EXPECT_FALSE(TileEdge::read(size, tree.root(), bad.reader()).has_value() &&
                 path.find(".p/") != std::string::npos);
  }
}

TEST(TileEdge, IsReadBackAtEverySizeAndGoesOn) {
  for (uint64_t size = 0; size <= 520; size += size < 250 || size > 260 ? 13 : 1) {
    Folder folder;
    TileEdge edge;
    folder.write(growth(edge, encoded(0, size)));
    auto read = TileEdge::read(size, edge.root(), folder.reader());
    ASSERT_TRUE(read) << to_line(read.error());
    EXPECT_EQ(growth(*read, encoded(size, 300)), growth(edge, encoded(size, 300)));
    EXPECT_EQ(read->root(), edge.root());
  }
}

TEST(TileEdge, AnotherRootOrAnotherEntryIsRefused) {
  Folder folder;
  TileEdge edge;
  folder.write(growth(edge, encoded(0, 300)));
  EXPECT_EQ(TileEdge::read(300, Digest{}, folder.reader()).error().code, ErrorCode::kVerification);
  folder.files.at("tile/entries/001.p/44")[10] ^= 1;
  EXPECT_EQ(TileEdge::read(300, edge.root(), folder.reader()).error().code, ErrorCode::kVerification);
  folder.files.erase("tile/0/001.p/44");
  EXPECT_EQ(TileEdge::read(300, edge.root(), folder.reader()).error().code, ErrorCode::kNotFound);
}

TEST(Tiles, APartialOneThatIsGoneIsCutFromTheFullOne) {
  Folder folder;
  TileEdge edge;
  folder.write(growth(edge, encoded(0, 200)));
  const Digest root = edge.root();
  folder.write(growth(edge, encoded(200, 100)));
  folder.files.erase("tile/0/000.p/200");
  folder.files.erase("tile/entries/000.p/200");
  auto read = TileEdge::read(200, root, folder.reader());
  ASSERT_TRUE(read) << to_line(read.error());
  EXPECT_EQ(read->root(), root);
  folder.files.at("tile/entries/000").resize(50);
  EXPECT_FALSE(TileEdge::read(200, root, folder.reader()));
}

TEST(Bundle, ReadsWhatItPrintsAndNothingElse) {
  const std::vector<Bytes> entries = {bytes_of("a"), Bytes(65'535, 'x'), bytes_of("")};
  const Bytes bytes = print_bundle(entries);
  EXPECT_EQ(parse_bundle(bytes, 3, "b").value(), entries);
  EXPECT_FALSE(parse_bundle(bytes, 2, "b"));
  EXPECT_FALSE(parse_bundle(bytes, 4, "b"));
  for (size_t cut = 0; cut < bytes.size(); cut += 997)
    EXPECT_FALSE(parse_bundle(ByteView(bytes).first(cut), 3, "b"));
}

}  // namespace
}  // namespace hetao::ledger
