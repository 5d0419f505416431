// Verifies a whole log from its files: every entry, every tile of every level, the root, the signatures, the
// sequence. Needs nothing but the files and keys; memory stays small whatever the log's size.
//
// Pure: files come through a reader. It shares no state with the code that writes logs. Whoever has several
// cores runs the parts that need no other (VerifyOptions::each).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gateway/ledger/checkpoint.h"
#include "gateway/ledger/entry.h"
#include "gateway/ledger/tiles.h"

namespace hetao::ledger {

struct VerifyOptions {
  // Empty: read from the files `log.vkey` and `witness.vkey` (which may be missing) beside the log.
  std::vector<VerifierKey> log_keys = {};
  std::vector<VerifierKey> witness_keys = {};
  size_t cosignatures_min = 0;
  bool allow_unknown_signatures = false;  // on the checkpoint
  // Other files of the folder, by path: older partial tiles, `signing` and `wal` are checked too, others are
  // refused.
  std::vector<std::string> listing = {};
  std::function<void(uint64_t index, const Entry& entry, std::string_view text)> on_entry = {};
  // Calls `part` with 0 to count - 1 and returns when all are done: in any order, also at once; then the
  // reader of files is called at once too. Empty: one after the other.
  std::function<void(size_t count, const std::function<void(size_t)>& part)> each = {};
};

struct LogReport {
  SignedCheckpoint head;
  std::vector<VerifierKey> log_keys;
  bool keys_are_pinned = false;  // given by the caller
  uint64_t entries = 0;
  uint64_t files = 0;        // read and found good
  uint64_t unpublished = 0;  // entries of `wal` behind the checkpoint
};

// The error (kVerification) names the file, and the entry where there is one.
Result<LogReport> verify_log(const FileReader& files, const VerifyOptions& options = {});

}  // namespace hetao::ledger
