#include "gateway/ledger/tiles.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/ledger/decimal.h"
#include "gateway/ledger/hash_pair.h"

namespace hetao::ledger {

namespace {

constexpr std::string_view kTile = "tile/";
constexpr size_t kDigestBytes = 32;
constexpr unsigned kLevelMax = 63;
constexpr size_t kCachedTilesMax = 1'024;  // about 24 KiB each

auto refuse(std::string what, std::string why) {
  return fail(ErrorCode::kVerification, std::move(what), std::move(why), "restore the file from a copy");
}

// "x001/x234/067".
std::string index_path(uint64_t index) {
  std::string path;
  for (bool last = true;; last = false) {
    std::string group = std::to_string(index % 1000);
    group.insert(0, 3 - group.size(), '0');
    path.insert(0, last ? group : "x" + group + "/");
    index /= 1000;
    if (index == 0) return path;
  }
}

// Reads what index_path prints at the front of `path`, which is moved past it.
std::optional<uint64_t> take_index(std::string_view& path) {
  uint64_t index = 0;
  for (bool first = true;; first = false) {
    const bool more = path.starts_with('x');
    if (more) path.remove_prefix(1);
    if (path.size() < 3 ||
        !std::all_of(path.begin(), path.begin() + 3, [](char c) { return c >= '0' && c <= '9'; }))
      return std::nullopt;
    const int group = (path[0] - '0') * 100 + (path[1] - '0') * 10 + (path[2] - '0');
    if (first && more && group == 0) return std::nullopt;  // a leading zero group
    if (__builtin_mul_overflow(index, uint64_t{1000}, &index) || __builtin_add_overflow(index, group, &index))
      return std::nullopt;
    path.remove_prefix(3);
    if (!more) return index;
    if (!path.starts_with('/')) return std::nullopt;
    path.remove_prefix(1);
  }
}

Bytes print_tile(std::span<const Digest> hashes) {
  Bytes bytes;
  bytes.reserve(hashes.size() * kDigestBytes);
  for (const Digest& hash : hashes) bytes.insert(bytes.end(), hash.bytes.begin(), hash.bytes.end());
  return bytes;
}

// Number of tiles with something in them, full or not, at a level.
uint64_t tiles_at(unsigned level, uint64_t tree_size) {
  const unsigned shift = kTileHeight * level;
  const uint64_t hashes = shift > kLevelMax ? 0 : tree_size >> shift;
  return hashes / kTileWidth + (hashes % kTileWidth != 0 ? 1 : 0);
}

// The first `width` entries of a bundle, or the first `width` hashes of a tile.
std::optional<size_t> front_bytes(const TileId& tile, ByteView bytes) {
  if (!tile.entries) return tile.width * kDigestBytes;
  size_t at = 0;
  for (unsigned i = 0; i < tile.width; ++i) {
    if (bytes.size() < at + 2) return std::nullopt;
    at += 2 + size_t{get_u16(bytes.subspan(at))};
  }
  return at;
}

Result<std::vector<Digest>> read_hashes(const FileReader& files, const TileId& tile) {
  const auto bytes = read_tile(files, tile);
  if (!bytes) return fail(bytes.error());
  const size_t wanted = tile.width * kDigestBytes;
  if (bytes->size() != wanted)
    return refuse(tile_path(tile),
                  "it has " + std::to_string(bytes->size()) + " bytes instead of " + std::to_string(wanted));
  std::vector<Digest> hashes;
  hashes.reserve(tile.width);
  for (size_t at = 0; at < wanted; at += kDigestBytes)
    hashes.push_back(*Digest::from_bytes(ByteView(*bytes).subspan(at, kDigestBytes)));
  return hashes;
}

}  // namespace

std::string tile_path(const TileId& tile) {
  HETAO_CHECK(tile.level <= kLevelMax && tile.width >= 1 && tile.width <= kTileWidth);
  std::string path(kTile);
  path += (tile.entries ? "entries" : std::to_string(tile.level)) + "/" + index_path(tile.index);
  if (tile.width < kTileWidth) path += ".p/" + std::to_string(tile.width);
  return path;
}

std::optional<TileId> parse_tile_path(std::string_view path) {
  TileId tile;
  if (!path.starts_with(kTile)) return std::nullopt;
  path.remove_prefix(kTile.size());
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view level = path.substr(0, slash);
  path.remove_prefix(slash + 1);
  tile.entries = level == "entries";
  if (!tile.entries) {
    const auto number = parse_decimal(level);
    if (!number || *number > kLevelMax) return std::nullopt;
    tile.level = static_cast<unsigned>(*number);
  }
  const auto index = take_index(path);
  if (!index) return std::nullopt;
  tile.index = *index;
  if (path.empty()) return tile;
  if (!path.starts_with(".p/")) return std::nullopt;
  const auto width = parse_decimal(path.substr(3));
  if (!width || *width < 1 || *width >= kTileWidth) return std::nullopt;
  tile.width = static_cast<unsigned>(*width);
  return tile;
}

unsigned tile_width(unsigned level, uint64_t index, uint64_t tree_size) {
  const unsigned shift = kTileHeight * level;
  const uint64_t hashes = shift > kLevelMax ? 0 : tree_size >> shift;
  if (index < hashes / kTileWidth) return kTileWidth;
  return index == hashes / kTileWidth ? static_cast<unsigned>(hashes % kTileWidth) : 0;
}

std::vector<TileId> tiles_of(uint64_t tree_size) {
  std::vector<TileId> tiles;
  const uint64_t bundles = tiles_at(0, tree_size);
  for (uint64_t index = 0; index < bundles; ++index)
    tiles.push_back({true, 0, index, tile_width(0, index, tree_size)});
  for (unsigned level = 0; level * kTileHeight < 64; ++level) {
    const uint64_t count = tiles_at(level, tree_size);
    for (uint64_t index = 0; index < count; ++index)
      tiles.push_back({false, level, index, tile_width(level, index, tree_size)});
  }
  return tiles;
}

Result<Bytes> read_tile(const FileReader& files, const TileId& tile) {
  auto bytes = files(tile_path(tile));
  if (bytes || tile.width == kTileWidth || bytes.error().code != ErrorCode::kNotFound) return bytes;
  TileId full = tile;
  full.width = kTileWidth;
  auto grown = files(tile_path(full));
  if (!grown) return bytes;
  const auto front = front_bytes(tile, *grown);
  if (!front || *front > grown->size()) return refuse(tile_path(full), "it is cut off");
  grown->resize(*front);
  return grown;
}

Bytes print_bundle(std::span<const Bytes> entries) {
  Bytes out;
  size_t size = 0;
  for (const Bytes& entry : entries) size += 2 + entry.size();
  out.reserve(size);
  for (const Bytes& entry : entries) {
    HETAO_CHECK(entry.size() <= limits::kLedgerEntryBytesMax);
    put_u16(out, static_cast<uint16_t>(entry.size()));
    out.insert(out.end(), entry.begin(), entry.end());
  }
  return out;
}

Result<std::vector<ByteView>> entries_in_bundle(ByteView bytes, unsigned width, std::string_view what) {
  std::vector<ByteView> entries;
  entries.reserve(width);
  while (!bytes.empty()) {
    if (entries.size() == width)
      return refuse(std::string(what), "more entries than " + std::to_string(width));
    if (bytes.size() < 2 || bytes.size() - 2 < get_u16(bytes))
      return refuse(std::string(what), "entry " + std::to_string(entries.size()) + " of it is cut off");
    entries.push_back(bytes.subspan(2, get_u16(bytes)));
    bytes = bytes.subspan(2 + entries.back().size());
  }
  if (entries.size() != width)
    return refuse(std::string(what),
                  std::to_string(entries.size()) + " entries instead of " + std::to_string(width));
  return entries;
}

Result<std::vector<Bytes>> parse_bundle(ByteView bytes, unsigned width, std::string_view what) {
  const auto views = entries_in_bundle(bytes, width, what);
  if (!views) return fail(views.error());
  std::vector<Bytes> entries;
  entries.reserve(views->size());
  for (const ByteView entry : *views) entries.emplace_back(entry.begin(), entry.end());
  return entries;
}

Result<TileEdge> TileEdge::read(uint64_t size, const Digest& root, const FileReader& files) {
  TileEdge edge;
  TileReader tiles(size, files);
  for (unsigned level = 0; level * kTileHeight < 64 && size >> (level * kTileHeight) != 0; ++level) {
    const uint64_t index = size >> (level * kTileHeight) >> kTileHeight;
    auto& row = edge.levels_.emplace_back();
    if (tile_width(level, index, size) == 0) continue;
    auto hashes = tiles.tile(level, index);
    if (!hashes) return fail(std::move(hashes.error()));
    row = **hashes;
  }
  edge.size_ = size;
  if (edge.root() != root)
    return refuse("tiles of size " + std::to_string(size),
                  "their hashes do not lead to the root of that size");
  if (tile_width(0, size / kTileWidth, size) != 0) {
    auto entries = tiles.bundle(size / kTileWidth);
    if (!entries) return fail(std::move(entries.error()));
    for (size_t i = 0; i < entries->size(); ++i) {
      if (leaf_hash((*entries)[i]) != edge.levels_[0][i])
        return refuse("entry " + std::to_string(size / kTileWidth * kTileWidth + i),
                      "it does not have the hash in its tile");
    }
    edge.entries_ = std::move(*entries);
  }
  return edge;
}

void TileEdge::append(std::vector<Bytes> entries, std::vector<FileWrite>& full) {
  const std::vector<ByteView> views(entries.begin(), entries.end());
  const std::vector<Digest> leaves = leaf_hashes(views);
  for (size_t i = 0; i < entries.size(); ++i) append(std::move(entries[i]), leaves[i], full);
}

void TileEdge::append(Bytes entry, std::vector<FileWrite>& full) {
  const Digest leaf = leaf_hash(entry);
  append(std::move(entry), leaf, full);
}

void TileEdge::append(Bytes entry, const Digest& leaf, std::vector<FileWrite>& full) {
  const uint64_t at = size();
  entries_.push_back(std::move(entry));
  if (levels_.empty()) levels_.emplace_back();
  levels_[0].push_back(leaf);
  if (entries_.size() == kTileWidth) {
    full.push_back({tile_path({true, 0, at / kTileWidth, kTileWidth}), print_bundle(entries_)});
    entries_.clear();
  }
  for (unsigned level = 0; levels_[level].size() == kTileWidth; ++level) {
    const uint64_t index = at >> (kTileHeight * level) >> kTileHeight;
    full.push_back({tile_path({false, level, index, kTileWidth}), print_tile(levels_[level])});
    const Digest above = root_of(levels_[level]);
    levels_[level].clear();
    if (levels_.size() == level + 1) levels_.emplace_back();
    levels_[level + 1].push_back(above);
  }
  ++size_;
}

Digest TileEdge::root() const {
  // Each level's hashes are complete subtrees to the left of all that the levels below hold.
  std::optional<Digest> root;
  for (const auto& row : levels_) {
    Frontier subtrees;
    for (const Digest& hash : row) subtrees.append(hash);
    const auto& hashes = subtrees.hashes();
    for (size_t i = hashes.size(); i-- > 0;) root = root ? node_hash(hashes[i], *root) : hashes[i];
  }
  return root.value_or(empty_root());
}

std::vector<FileWrite> TileEdge::partials() const {
  std::vector<FileWrite> files;
  if (!entries_.empty()) {
    const auto width = static_cast<unsigned>(entries_.size());
    files.push_back({tile_path({true, 0, size() / kTileWidth, width}), print_bundle(entries_)});
  }
  for (unsigned level = 0; level < levels_.size(); ++level) {
    if (levels_[level].empty()) continue;
    const uint64_t index = size() >> (kTileHeight * level) >> kTileHeight;
    const auto width = static_cast<unsigned>(levels_[level].size());
    files.push_back({tile_path({false, level, index, width}), print_tile(levels_[level])});
  }
  return files;
}

std::vector<FileWrite> growth(TileEdge& edge, std::span<const Bytes> entries) {
  std::vector<FileWrite> files;
  for (const Bytes& entry : entries) edge.append(entry, files);
  for (FileWrite& file : edge.partials()) files.push_back(std::move(file));
  return files;
}

TileReader::TileReader(uint64_t tree_size, FileReader files)
    : tree_size_(tree_size), files_(std::move(files)) {}

Result<const TileReader::Cached*> TileReader::cached(unsigned level, uint64_t index) {
  const std::pair place{level, index};
  if (const auto found = newer_.find(place); found != newer_.end()) return &found->second;
  if (newer_.size() >= kCachedTilesMax / 2) {
    older_ = std::move(newer_);
    newer_.clear();
  }
  if (auto found = older_.extract(place)) return &newer_.insert(std::move(found)).position->second;
  const unsigned width = tile_width(level, index, tree_size_);
  if (width == 0)
    return fail(ErrorCode::kUsage, "tile " + std::to_string(level) + "/" + std::to_string(index),
                "a log of " + std::to_string(tree_size_) + " entries has no such tile",
                "ask within its size");
  auto hashes = read_hashes(files_, {false, level, index, width});
  if (!hashes) return fail(std::move(hashes.error()));
  Cached fresh{std::move(*hashes), {}};
  fresh.tree = MemoryTree(fresh.hashes);
  return &newer_.emplace(place, std::move(fresh)).first->second;
}

Result<const std::vector<Digest>*> TileReader::tile(unsigned level, uint64_t index) {
  const auto found = cached(level, index);
  if (!found) return fail(found.error());
  return &(*found)->hashes;
}

Result<Digest> TileReader::hash(unsigned level, uint64_t index) {
  const unsigned tile_level = level / kTileHeight;
  const unsigned above = level % kTileHeight;  // levels over the tile's own hashes
  const uint64_t first = index << above;
  const auto found = cached(tile_level, first / kTileWidth);
  if (!found) return fail(found.error());
  const uint64_t at = first % kTileWidth;
  if (at + (uint64_t{1} << above) > (*found)->hashes.size())
    return fail(ErrorCode::kUsage, "subtree " + std::to_string(level) + "/" + std::to_string(index),
                "it reaches beyond a log of " + std::to_string(tree_size_) + " entries",
                "ask within its size");
  return (*found)->tree.node(above, at >> above);
}

Result<std::vector<Bytes>> TileReader::bundle(uint64_t index) const {
  const unsigned width = tile_width(0, index, tree_size_);
  if (width == 0)
    return fail(ErrorCode::kUsage, "bundle " + std::to_string(index),
                "a log of " + std::to_string(tree_size_) + " entries has no such bundle",
                "ask within its size");
  const TileId tile{true, 0, index, width};
  const auto bytes = read_tile(files_, tile);
  if (!bytes) return fail(bytes.error());
  return parse_bundle(*bytes, width, tile_path(tile));
}

HashReader TileReader::reader() {
  return [this](unsigned level, uint64_t index) { return hash(level, index); };
}

Result<Proof> prove_inclusion(TileReader& tiles, uint64_t index, uint64_t size, const Digest& leaf,
                              const Digest& root) {
  auto proof = inclusion_proof(index, size, tiles.reader());
  if (!proof) return proof;
  if (auto held = verify_inclusion(index, size, leaf, *proof, root); !held)
    return fail(std::move(held.error()));
  return proof;
}

Result<Proof> prove_consistency(TileReader& tiles, uint64_t old_size, uint64_t new_size,
                                const Digest& old_root, const Digest& new_root) {
  auto proof = consistency_proof(old_size, new_size, tiles.reader());
  if (!proof) return proof;
  auto held = verify_consistency(old_size, new_size, *proof, old_root, new_root);
  if (!held) return fail(std::move(held.error()));
  return proof;
}

Result<Digest> prove_old_root(TileReader& tiles, uint64_t old_size, uint64_t size, const Digest& root) {
  auto old_root = read_root(old_size, tiles.reader());
  if (!old_root) return old_root;
  auto proof = prove_consistency(tiles, old_size, size, *old_root, root);
  if (!proof) return fail(std::move(proof.error()));
  return old_root;
}

}  // namespace hetao::ledger
