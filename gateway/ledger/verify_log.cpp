#include "gateway/ledger/verify_log.h"

#include <algorithm>
#include <set>

#include "gateway/base/text.h"
#include "gateway/ledger/hash_pair.h"
#include "gateway/ledger/merkle.h"
#include "gateway/ledger/sm2.h"
#include "gateway/ledger/wal.h"

namespace hetao::ledger {

namespace {

auto refuse(std::string what, std::string why) {
  return fail(ErrorCode::kVerification, std::move(what), std::move(why),
              "do not rely on this log: compare it with copies and with what the peers cosigned");
}

// A file that must be there. A missing one is a failed verification.
Result<Bytes> must_read(const FileReader& files, const std::string& path) {
  auto bytes = files(path);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return refuse(path, "the file is missing");
  return bytes;
}

Result<Bytes> must_read(const FileReader& files, const TileId& tile) {
  auto bytes = read_tile(files, tile);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound)
    return refuse(tile_path(tile), "the file is missing");
  return bytes;
}

// The rows of hashes above the entries, as far as they have been read: at each level those of the unfinished
// tile.
struct Row {
  std::vector<Digest> hashes;
  uint64_t tile = 0;
};

// What can be said of a bundle without any other.
struct CheckedBundle {
  Result<void> held;
  std::vector<std::string> files;
  Bytes bytes;                  // the bundle's file …
  std::vector<ByteView> texts;  // … and the entries in it
  std::vector<Entry> entries;   // if somebody wants them
  std::vector<Digest> leaves;   // of a partial one
  Digest root;                  // of a full one, whose tile agrees
};

class Verifier {
 public:
  Verifier(const FileReader& files, const VerifyOptions& options) : files_(files), options_(options) {}

  Result<void> heads();
  Result<void> entries();
  Result<void> partial_tiles();
  Result<void> root();
  Result<void> others();
  LogReport take() {
    report_.files = read_.size();
    return std::move(report_);
  }

 private:
  Result<std::vector<VerifierKey>> keys(std::span<const VerifierKey> given, const std::string& path);
  Result<void> check_bundle(uint64_t index, CheckedBundle& out) const;
  Result<void> check_entries(uint64_t first, CheckedBundle& bundle) const;
  Result<void> take(uint64_t index, CheckedBundle bundle);
  Result<void> carry_up(Digest hash);
  Result<void> compare_tile(const TileId& tile, std::span<const Digest> hashes) const;
  Result<void> other_tile(const std::string& path, const TileId& tile);
  Result<void> signing();
  Result<WalContent> read_wal();
  Result<void> wal();

  const FileReader& files_;
  const VerifyOptions& options_;
  LogReport report_;
  std::vector<Row> rows_;
  std::set<std::string> read_;
};

Result<std::vector<VerifierKey>> Verifier::keys(std::span<const VerifierKey> given, const std::string& path) {
  if (!given.empty()) return std::vector<VerifierKey>(given.begin(), given.end());
  const auto bytes = files_(path);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return std::vector<VerifierKey>();
  if (!bytes) return fail(bytes.error());
  auto parsed = parse_vkeys(as_text(*bytes), path);
  if (!parsed) return refuse(parsed.error().what, parsed.error().why);
  read_.insert(path);
  return parsed;
}

Result<void> Verifier::heads() {
  auto log_keys = keys(options_.log_keys, "log.vkey");
  if (!log_keys) return fail(std::move(log_keys.error()));
  auto witness_keys = keys(options_.witness_keys, "witness.vkey");
  if (!witness_keys) return fail(std::move(witness_keys.error()));
  if (log_keys->empty()) return refuse("log.vkey", "there is no key to verify the log with");
  // An SM2 key vouches for nothing by itself; it lets the extra line be checked.
  auto extra = keys({}, "sm2.vkey");
  if (!extra) return fail(std::move(extra.error()));
  for (VerifierKey& key : *extra) {
    if (is_sm2(key) && std::find(log_keys->begin(), log_keys->end(), key) == log_keys->end())
      log_keys->push_back(std::move(key));
  }
  const auto bytes = must_read(files_, "checkpoint");
  if (!bytes) return fail(bytes.error());
  auto head = open_checkpoint(as_text(*bytes), *log_keys, *witness_keys);
  if (!head) return refuse("checkpoint", to_line(head.error()));
  if (!options_.allow_unknown_signatures && !head->unknown.empty())
    return refuse("checkpoint",
                  "a signature of " + printable(head->unknown.front().name) + ", whose key is not known");
  if (head->cosignatures.size() < options_.cosignatures_min)
    return refuse("checkpoint", std::to_string(head->cosignatures.size()) + " witnesses cosigned it, not " +
                                    std::to_string(options_.cosignatures_min));
  read_.insert("checkpoint");
  report_.head = std::move(*head);
  report_.log_keys = std::move(*log_keys);
  report_.keys_are_pinned = !options_.log_keys.empty();
  return {};
}

// Some bundles at a time: as many as keep several cores busy, and memory small.
Result<void> Verifier::entries() {
  constexpr uint64_t kTogether = 64;
  const uint64_t size = report_.head.checkpoint.size;
  const uint64_t bundles = size / kTileWidth + (size % kTileWidth != 0 ? 1 : 0);
  rows_.emplace_back();
  for (uint64_t first = 0; first < bundles; first += kTogether) {
    std::vector<CheckedBundle> checked(std::min(kTogether, bundles - first));
    const auto check = [&](size_t i) { checked[i].held = check_bundle(first + i, checked[i]); };
    if (options_.each) {
      options_.each(checked.size(), check);
    } else {
      for (size_t i = 0; i < checked.size(); ++i) check(i);
    }
    for (size_t i = 0; i < checked.size(); ++i) {
      if (auto held = take(first + i, std::move(checked[i])); !held) return held;
    }
  }
  return {};
}

Result<void> Verifier::check_bundle(uint64_t index, CheckedBundle& out) const {
  const unsigned width = tile_width(0, index, report_.head.checkpoint.size);
  const TileId tile{true, 0, index, width};
  const std::string path = tile_path(tile);
  auto bytes = must_read(files_, tile);
  if (!bytes) return fail(std::move(bytes.error()));
  out.bytes = std::move(*bytes);
  auto texts = entries_in_bundle(out.bytes, width, path);
  if (!texts) return fail(std::move(texts.error()));
  out.texts = std::move(*texts);
  out.files.push_back(path);
  if (auto held = check_entries(index * kTileWidth, out); !held) {
    Error error = std::move(held.error());
    error.what = path + ", " + error.what;
    return fail(std::move(error));
  }
  out.leaves = leaf_hashes(out.texts);
  if (width != kTileWidth) return {};
  const TileId hashes{false, 0, index, width};
  if (auto held = compare_tile(hashes, out.leaves); !held) return held;
  out.files.push_back(tile_path(hashes));
  out.root = root_of(out.leaves);
  return {};
}

Result<void> Verifier::check_entries(uint64_t first, CheckedBundle& bundle) const {
  for (size_t i = 0; i < bundle.texts.size(); ++i) {
    const auto what = [&] { return "entry " + std::to_string(first + i); };
    auto entry = decode_entry(as_text(bundle.texts[i]));
    if (!entry) return refuse(what(), entry.error().why);
    if (entry->sequence != first + i)
      return refuse(what(), "it calls itself entry " + std::to_string(entry->sequence));
    if (options_.on_entry) bundle.entries.push_back(std::move(*entry));
  }
  return {};
}

Result<void> Verifier::take(uint64_t index, CheckedBundle bundle) {
  if (!bundle.held) return std::move(bundle.held);
  read_.insert(bundle.files.begin(), bundle.files.end());
  report_.entries += bundle.texts.size();
  for (size_t i = 0; i < bundle.entries.size(); ++i)
    options_.on_entry(index * kTileWidth + i, bundle.entries[i], as_text(bundle.texts[i]));
  if (bundle.texts.size() == kTileWidth) {
    ++rows_[0].tile;
    return carry_up(bundle.root);
  }
  rows_[0].hashes = std::move(bundle.leaves);
  return {};
}

// The root of a full tile is a hash of the row above; full rows there are compared with their tile, and go on
// upward.
Result<void> Verifier::carry_up(Digest hash) {
  for (unsigned level = 1;; ++level) {
    if (rows_.size() == level) rows_.emplace_back();
    Row& row = rows_[level];
    row.hashes.push_back(hash);
    if (row.hashes.size() < kTileWidth) return {};
    const TileId tile{false, level, row.tile, kTileWidth};
    if (auto held = compare_tile(tile, row.hashes); !held) return held;
    read_.insert(tile_path(tile));
    hash = root_of(row.hashes);
    row.hashes.clear();
    ++row.tile;
  }
}

Result<void> Verifier::compare_tile(const TileId& tile, std::span<const Digest> hashes) const {
  const std::string path = tile_path(tile);
  const auto bytes = must_read(files_, tile);
  if (!bytes) return fail(bytes.error());
  constexpr size_t kDigestBytes = 32;
  if (bytes->size() != hashes.size() * kDigestBytes)
    return refuse(path, "it has " + std::to_string(bytes->size()) + " bytes instead of " +
                            std::to_string(hashes.size() * kDigestBytes));
  for (size_t i = 0; i < hashes.size(); ++i) {
    const ByteView stored = ByteView(*bytes).subspan(i * kDigestBytes, kDigestBytes);
    if (!std::equal(stored.begin(), stored.end(), hashes[i].bytes.begin()))
      return refuse(path, "its hash " + std::to_string(i) + " is not that of what is below it");
  }
  return {};
}

Result<void> Verifier::partial_tiles() {
  for (unsigned level = 0; level < rows_.size(); ++level) {
    const Row& row = rows_[level];
    if (row.hashes.empty()) continue;
    const TileId tile{false, level, row.tile, static_cast<unsigned>(row.hashes.size())};
    if (auto held = compare_tile(tile, row.hashes); !held) return held;
    read_.insert(tile_path(tile));
  }
  return {};
}

Result<void> Verifier::root() {
  std::optional<Digest> root;
  for (const Row& row : rows_) {
    Frontier subtrees;
    for (const Digest& hash : row.hashes) subtrees.append(hash);
    const auto& hashes = subtrees.hashes();
    for (size_t i = hashes.size(); i-- > 0;) root = root ? node_hash(hashes[i], *root) : hashes[i];
  }
  if (root.value_or(empty_root()) != report_.head.checkpoint.root)
    return refuse("checkpoint", "the entries lead to another root than the one that is signed");
  return {};
}

Result<void> Verifier::others() {
  for (const std::string& path : options_.listing) {
    if (read_.contains(path)) continue;
    Result<void> held;
    if (const auto tile = parse_tile_path(path)) {
      held = other_tile(path, *tile);
    } else if (path == "signing") {
      held = signing();
    } else if (path == "wal") {
      held = wal();
    } else if (path == "log.vkey" || path == "witness.vkey" || path == "sm2.vkey") {
      if (auto parsed = keys({}, path); !parsed) held = fail(std::move(parsed.error()));
    } else {
      held = refuse(path, "not a file of a log");
    }
    if (!held) return held;
    read_.insert(path);
  }
  return {};
}

// A tile of an earlier size: the front part of one that was verified. One that is ahead of the checkpoint
// belongs to a publication that was cut short; nothing vouches for it yet, and nobody reads it.
Result<void> Verifier::other_tile(const std::string& path, const TileId& tile) {
  TileId now = tile;
  now.width = tile_width(tile.level, tile.index, report_.head.checkpoint.size);
  if (now.width < tile.width) return {};
  const auto old_bytes = must_read(files_, path);
  if (!old_bytes) return fail(old_bytes.error());
  const auto bytes = must_read(files_, now);
  if (!bytes) return fail(bytes.error());
  const bool prefix =
      old_bytes->size() <= bytes->size() && std::equal(old_bytes->begin(), old_bytes->end(), bytes->begin());
  if (!prefix) return refuse(path, "it differs from the tile that it grew into");
  if (tile.entries) {
    if (auto entries = parse_bundle(*old_bytes, tile.width, path); !entries)
      return fail(std::move(entries.error()));
  } else if (old_bytes->size() != tile.width * sizeof(Digest)) {
    return refuse(path, "it has " + std::to_string(old_bytes->size()) + " bytes");
  }
  return {};
}

Result<void> Verifier::signing() {
  const auto bytes = must_read(files_, "signing");
  if (!bytes) return fail(bytes.error());
  auto promised = open_checkpoint(as_text(*bytes), report_.log_keys);
  if (!promised) return refuse("signing", to_line(promised.error()));
  const Checkpoint& head = report_.head.checkpoint;
  if (promised->checkpoint.origin != head.origin || promised->checkpoint.size < head.size)
    return refuse("signing", "it is of another log, or older than the checkpoint");
  if (promised->checkpoint.size == head.size && promised->checkpoint.root != head.root)
    return refuse("signing", "two roots for " + std::to_string(head.size) + " entries");
  if (!options_.allow_unknown_signatures && !promised->unknown.empty())
    return refuse("signing",
                  "a signature of " + printable(promised->unknown.front().name) + ", whose key is not known");
  return {};
}

// A gateway may be writing its newest group right now: that one is whole at a second look.
Result<WalContent> Verifier::read_wal() {
  constexpr int kLooks = 3;
  Result<WalContent> wal;
  for (int look = 0; look < kLooks; ++look) {
    const auto bytes = must_read(files_, "wal");
    if (!bytes) return fail(bytes.error());
    wal = recover_wal(*bytes);
    if (!wal || wal->torn_bytes == 0) return wal;
  }
  return refuse(
      "wal, byte " + std::to_string(wal->valid_bytes),
      "what follows is no whole group: damage, or a write that a crash cut short, which the gateway "
      "cuts off at its next start");
}

Result<void> Verifier::wal() {
  const auto wal = read_wal();
  if (!wal) return fail(wal.error());
  const uint64_t size = report_.head.checkpoint.size;
  const uint64_t end = wal->first + wal->entries.size();
  if (wal->first > size || end < size)
    return refuse("wal", "it holds entries " + std::to_string(wal->first) + " to " + std::to_string(end) +
                             ", the checkpoint has " + std::to_string(size));
  auto edge = TileEdge::read(wal->first, wal->root, files_);
  if (!edge) return refuse("wal", to_line(edge.error()));
  std::vector<FileWrite> full;
  for (size_t i = 0; i < wal->entries.size(); ++i) {
    const uint64_t index = wal->first + i;
    const auto entry = decode_entry(as_text(wal->entries[i]));
    if (!entry || entry->sequence != index)
      return refuse("wal, entry " + std::to_string(index), "it is not an entry of this place");
    if (index >= size) continue;
    edge->append(wal->entries[i], full);
    full.clear();
  }
  if (edge->root() != report_.head.checkpoint.root)
    return refuse("wal", "its entries lead to another root than the checkpoint's");
  report_.unpublished = end - size;
  return {};
}

}  // namespace

Result<LogReport> verify_log(const FileReader& files, const VerifyOptions& options) {
  Verifier verifier(files, options);
  Result<void> held = verifier.heads();
  if (held) held = verifier.entries();
  if (held) held = verifier.partial_tiles();
  if (held) held = verifier.root();
  if (held) held = verifier.others();
  if (!held) return fail(std::move(held.error()));
  return verifier.take();
}

}  // namespace hetao::ledger
