// C2SP tlog-proof: one file that proves that an entry is in a log. Parser and printer accept and make the
// same bytes. Pure; plain values; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/ledger/checkpoint.h"
#include "gateway/ledger/merkle.h"

namespace hetao::ledger {

struct TlogProof {
  std::optional<Bytes> extra;  // not authenticated by anything
  uint64_t index = 0;
  Proof hashes;
  std::string checkpoint;  // a signed note, verbatim
};

Result<TlogProof> parse_tlog_proof(std::string_view bytes);
std::string print_tlog_proof(const TlogProof& proof);

// Fails with kVerification; else the checkpoint with its signatures checked.
Result<SignedCheckpoint> verify_tlog_proof(const TlogProof& proof, ByteView entry,
                                           std::span<const VerifierKey> log_keys,
                                           std::span<const VerifierKey> witness_keys = {});

}  // namespace hetao::ledger
