// The audit log of one gateway as a state machine. It owns the order in which a log becomes durable; it does
// no I/O: callers (gateway/io) carry out the writes that it returns, in their order.
//
//   append(entries)  bytes for the end of the file `wal`: write and sync; only then are they durable.
//   publish(keys)    files, each made durable (temporary file, sync, rename, sync of the folder) before
//                    those of the next stage are begun; appends may go on meanwhile.
//   published()      the files of that publication are durable: the next publish() may come. Hands out what
//                    the log no longer needs: destroying it takes long, and may happen elsewhere.
//   compact()        a new content for `wal` without what the published tiles hold: replace it whole. Not
//                    between publish() and published().
//
// Files, below the log's folder: `wal`, `tile/…`, `signing`, `checkpoint`. A crash between any two writes is
// recovered by recover(), which applies the write-ahead log to the published tiles through the code of
// append(). `signing` is the checkpoint that is about to be published. With it, and because only durable
// entries are published, no two roots are ever signed for one size: recover() refuses a write-ahead log that
// disagrees.
//
// Trust: recover() checks tiles, checkpoint and write-ahead log against each other. Whoever can write all of
// the files and has the signing key can replace the log; that is what peers' cosignatures are for. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "gateway/ledger/checkpoint.h"
#include "gateway/ledger/tiles.h"
#include "gateway/ledger/wal.h"

namespace hetao::ledger {

struct LogConfig {
  std::string origin;                 // names the log: first line of its checkpoints, name of its keys
  std::vector<VerifierKey> log_keys;  // those that may have signed the stored checkpoint
};

struct LogAppend {
  uint64_t first = 0;  // index of the first of these entries
  size_t offset = 0;   // in `wal`
  Bytes bytes;
};

using MoreSignatures = std::function<Result<std::vector<Signature>>(std::string_view text)>;

struct Publication {
  Checkpoint checkpoint;
  std::string signed_checkpoint;
  std::vector<FileWrite> tiles;  // in any order, or in parallel; all durable before …
  FileWrite signing;             // … this, durable before …
  FileWrite head;                // … this: the file `checkpoint`
  std::vector<std::string>
      obsolete;  // folders of partial tiles that full ones replaced: may be removed afterwards

  // All of them, in order.
  std::vector<FileWrite> in_order() const;
};

class Log {
 public:
  // A log that has no files yet, and the files to make before the first append (the header of `wal`).
  static Log create(LogConfig config, std::vector<FileWrite>& files);
  // A log that has files. Before the next append, cut `wal` to wal_bytes() bytes, or fill it with zeros from
  // there on.
  static Result<Log> recover(LogConfig config, const FileReader& files);

  Log(Log&&) noexcept = default;
  Log& operator=(Log&&) noexcept = default;

  uint64_t size() const { return edge_.size(); }  // with everything appended, durable or not
  Digest root() const { return edge_.root(); }
  const std::string& origin() const { return config_.origin; }
  size_t wal_bytes() const { return wal_bytes_; }
  size_t torn_bytes() const { return torn_bytes_; }  // that recovery cut off

  // Refuses (kUsage) entries that are empty or too large, and takes none of them.
  Result<LogAppend> append(std::vector<Bytes> entries);

  // Everything appended so far, signed. The caller knows that it is durable. `keys`: type kEd25519, name =
  // origin. Nothing when the newest checkpoint is of this size already and by these keys.
  // `more` makes further signature lines over the note's text, such as one of another algorithm.
  Result<std::optional<Publication>> publish(std::span<const SigningKey> keys,
                                             const MoreSignatures& more = {});
  std::vector<Bytes> published();
  // Of the newest published checkpoint; 0 and nothing before the first.
  uint64_t published_size() const { return published_ ? published_->checkpoint.size : 0; }
  const SignedCheckpoint* checkpoint() const { return published_ ? &*published_ : nullptr; }
  std::string checkpoint_text() const { return published_ ? print_note(published_->note) : std::string(); }

  // Adds what witnesses answered for the published checkpoint; the file `checkpoint` to write. Lines of keys
  // that are not in `witness_keys` are left out; fails if a line of a known key does not hold, or none is of
  // a known key.
  Result<FileWrite> add_cosignatures(std::string_view lines, std::span<const VerifierKey> witness_keys);

  // A fresh `wal` with only the entries behind the published checkpoint. To be put in place before the next
  // append.
  FileWrite compact();

 private:
  explicit Log(LogConfig config) : config_(std::move(config)) {}
  Result<void> read_heads(const FileReader& files);
  Result<void> replay(std::vector<Bytes> entries);
  Result<void> compare_heads();
  std::vector<VerifierKey> keys_of_checkpoint() const;

  LogConfig config_;
  TileEdge edge_;
  WalWriter writer_{0, 0};
  size_t wal_bytes_ = 0;
  size_t torn_bytes_ = 0;
  std::vector<FileWrite> full_;         // tiles and bundles completed since the last publication began
  std::vector<Bytes> publishing_tail_;  // entries behind the published checkpoint that are being published …
  std::vector<Bytes> tail_;             // … and those behind them
  uint64_t tail_first_ = 0;             // the index of the first of both
  Digest tail_root_;                    // of the tree of that size
  std::optional<Checkpoint> signing_;   // while recovering: what was about to be signed
  std::optional<SignedCheckpoint> published_;
  std::optional<SignedCheckpoint> publishing_;
};

}  // namespace hetao::ledger
