// Checkpoints (C2SP tlog-checkpoint): the signed head of a log. Parser and printer accept and make the same
// bytes. Pure; plain values; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/digest.h"
#include "gateway/base/result.h"
#include "gateway/ledger/note.h"

namespace hetao::ledger {

struct Checkpoint {
  std::string origin;
  uint64_t size = 0;
  Digest root;
  std::vector<std::string> extensions;  // opaque lines; we write none

  bool operator==(const Checkpoint&) const = default;
};

// The note's text: three lines and extensions, each with its newline.
Result<Checkpoint> parse_checkpoint(std::string_view text);
std::string print_checkpoint(const Checkpoint& checkpoint);

// A checkpoint whose signatures were checked.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  Note note;
  std::vector<Verified> log_signatures;  // at least one
  std::vector<Verified> cosignatures;
  std::vector<Signature> unknown;
};

// Reads a signed checkpoint and checks it: at least one signature of a log key (whose name is the origin),
// every signature of a known key good. Fails with kVerification.
Result<SignedCheckpoint> open_checkpoint(std::string_view bytes, std::span<const VerifierKey> log_keys,
                                         std::span<const VerifierKey> witness_keys = {});

}  // namespace hetao::ledger
