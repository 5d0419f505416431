// Evidence: one file that proves entries of a log to someone who has nothing else.
//
// Format: JSON Lines; every line is one canonical JSON object (RFC 8785) and ends in a newline.
//   first      {"checkpoint":NOTE,"format":"hetao-evidence/1","log_keys":[VKEY…],"witness_keys":[VKEY…]}
//   then       {"name":NAME,"sha256":HEX,"text":TEXT}, any number: attachments; "policy/DIGEST" is the text
//   of the policy
//              that entries name by that digest, which is the SHA-256 of the text
//   then       {"entry":TEXT,"index":N,"proof":[BASE64…]}, any number, by index: the entry's exact text
//   last       {"attachments":N,"entries":N,"sha256":HEX}: the SHA-256 of all bytes before this line
// The checkpoint, the keys and the proofs are in the C2SP forms, so that other tools can check them.
//
// Trust: the file proves that whoever holds the keys in it committed to these entries. Whether they are the
// right keys is for the reader to know: pass the keys that you trust, and only those count. Pure; an
// EvidenceWriter belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ledger/checkpoint.h"
#include "gateway/ledger/entry.h"
#include "gateway/ledger/merkle.h"
#include "gateway/ledger/sha256.h"

namespace hetao::ledger {

// Writes in pieces: each call returns the next bytes of the file.
class EvidenceWriter {
 public:
  std::string begin(std::string_view checkpoint, std::span<const VerifierKey> log_keys,
                    std::span<const VerifierKey> witness_keys);
  std::string attach(std::string_view name, std::string_view text);             // before the first entry
  std::string add(uint64_t index, std::string_view entry, const Proof& proof);  // ascending
  std::string end();

 private:
  std::string counted(std::string line);
  Sha256 hash_;
  uint64_t attachments_ = 0;
  uint64_t entries_ = 0;
};

struct EvidenceReport {
  SignedCheckpoint head;
  std::vector<VerifierKey> log_keys;      // that counted
  std::vector<VerifierKey> witness_keys;  // that counted
  bool keys_are_pinned = false;           // the keys came from the reader, not from the file
  uint64_t entries = 0;
  std::vector<std::string> attachments;  // names
};

struct EvidenceOptions {
  std::vector<VerifierKey> log_keys = {};      // not empty: only these count
  std::vector<VerifierKey> witness_keys = {};  // not empty: only these count
  size_t cosignatures_min = 0;                 // of different witnesses
  std::function<void(uint64_t index, const Entry& entry, std::string_view text)> on_entry =
      {};  // each one that holds
  std::function<void(uint64_t index, std::string_view text, const Proof& proof)> on_proof = {};  // the same
  std::function<void(std::string_view name, std::string_view text)> on_attachment = {};
};

// Checks everything; the error (kVerification) names what does not hold, by line.
Result<EvidenceReport> verify_evidence(std::string_view file, const EvidenceOptions& options = {});

}  // namespace hetao::ledger
