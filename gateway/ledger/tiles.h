// C2SP tlog-tiles: paths, the files that a growing log consists of, and hashes read back from them.
//
// Trust: a file behind a reader can hold anything. TileReader hands out what the tiles say; whoever uses it
// checks the outcome against a signed root (the prove_ functions here do, and fail with kVerification). Pure;
// a TileReader or TileEdge belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "gateway/ledger/merkle.h"

namespace hetao::ledger {

inline constexpr unsigned kTileHeight = 8;
inline constexpr uint64_t kTileWidth = 256;

struct TileId {
  bool entries = false;  // an entry bundle; then `level` is 0
  unsigned level = 0;    // 0 to 63
  uint64_t index = 0;
  unsigned width = kTileWidth;  // 1 to 256; below 256: a partial tile

  bool operator==(const TileId&) const = default;
};

// "tile/0/x001/x234/067.p/3", "tile/entries/000".
std::string tile_path(const TileId& tile);
std::optional<TileId> parse_tile_path(std::string_view path);
// Hashes (or entries) that the tile of this level and index has in a tree of this size: 0 to 256.
unsigned tile_width(unsigned level, uint64_t index, uint64_t tree_size);
// Every tile and bundle that a tree of this size consists of, levels upward.
std::vector<TileId> tiles_of(uint64_t tree_size);

// A file of the log, by its path below the log's folder.
struct FileWrite {
  std::string path;
  Bytes bytes;

  bool operator==(const FileWrite&) const = default;
};

// The content of the file at this path; kNotFound when there is none.
using FileReader = std::function<Result<Bytes>(const std::string& path)>;

// The bytes of a tile or bundle. A partial one that is gone is cut from the full one that it grew into.
Result<Bytes> read_tile(const FileReader& files, const TileId& tile);

// Bundles: big-endian u16 length, then the entry, for each.
Bytes print_bundle(std::span<const Bytes> entries);
Result<std::vector<Bytes>> parse_bundle(ByteView bytes, unsigned width, std::string_view what);
// The same without copies: the entries lie in `bytes`.
Result<std::vector<ByteView>> entries_in_bundle(ByteView bytes, unsigned width, std::string_view what);

// The unfinished tiles at the right edge of a log: what is needed to grow it. At most 255 hashes a level, and
// at most 255 entries.
class TileEdge {
 public:
  TileEdge() = default;
  // Reads the edge of a log of this size, and checks it against the root and the entries against their
  // hashes.
  static Result<TileEdge> read(uint64_t size, const Digest& root, const FileReader& files);

  // Takes entries; every tile and bundle that they complete is added to `full`.
  void append(std::vector<Bytes> entries, std::vector<FileWrite>& full);
  void append(Bytes entry, std::vector<FileWrite>& full);
  // The partial tiles and the partial bundle of this very size.
  std::vector<FileWrite> partials() const;

  uint64_t size() const { return size_; }
  Digest root() const;  // costs up to 255 hashes a level

 private:
  void append(Bytes entry, const Digest& leaf, std::vector<FileWrite>& full);

  uint64_t size_ = 0;
  std::vector<std::vector<Digest>> levels_;
  std::vector<Bytes> entries_;
};

// What a log writes when it grows by `entries`: full tiles and bundles, then the partial ones of the new
// size.
std::vector<FileWrite> growth(TileEdge& edge, std::span<const Bytes> entries);

// Reads hashes out of the tiles of a log of `tree_size`, keeping a bounded number of tiles that it has read.
class TileReader {
 public:
  TileReader(uint64_t tree_size, FileReader files);
  // The complete subtree (level, index), which lies within tree_size.
  Result<Digest> hash(unsigned level, uint64_t index);
  // Hashes of one tile as wide as the tree has it. A partial tile may be read from the full one that followed
  // it.
  Result<const std::vector<Digest>*> tile(unsigned level, uint64_t index);
  Result<std::vector<Bytes>> bundle(uint64_t index) const;
  HashReader reader();  // lives no longer than this

 private:
  uint64_t tree_size_;
  FileReader files_;
  // A tile with all the hashes between its own and its root.
  struct Cached {
    std::vector<Digest> hashes;
    MemoryTree tree;
  };
  Result<const Cached*> cached(unsigned level, uint64_t index);

  // When `newer_` is full it becomes `older_`: what has not been used since then goes.
  using Cache = std::map<std::pair<unsigned, uint64_t>, Cached>;
  Cache newer_;
  Cache older_;
};

// Proofs from tiles, checked against the root before they are handed out.
Result<Proof> prove_inclusion(TileReader& tiles, uint64_t index, uint64_t size, const Digest& leaf,
                              const Digest& root);
Result<Proof> prove_consistency(TileReader& tiles, uint64_t old_size, uint64_t new_size,
                                const Digest& old_root, const Digest& new_root);
// Root of an earlier size, proved to be a prefix of the signed one (size, root).
Result<Digest> prove_old_root(TileReader& tiles, uint64_t old_size, uint64_t size, const Digest& root);

}  // namespace hetao::ledger
