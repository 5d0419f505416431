// C2SP tlog-policy: which logs and witnesses count, and how many witnesses must have cosigned. The file
// format of our trust files: for verifiers, and for a gateway's own quorum. Source: c2sp.org/tlog-policy.
//
// Pure; plain values; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ledger/checkpoint.h"

namespace hetao::ledger {

struct PolicyLog {
  VerifierKey key;  // its name is the log's origin
  std::string url;  // may be empty
};

struct PolicyWitness {
  std::string name;  // means nothing outside the policy
  VerifierKey key;
  std::string url;  // submission prefix; may be empty
};

// A group counts as having witnessed when at least `needed` of its members have.
struct PolicyGroup {
  std::string name;
  uint64_t needed = 1;
  std::vector<std::string> members;  // witnesses or groups defined before
};

struct TlogPolicy {
  std::vector<PolicyLog> logs;
  std::vector<PolicyWitness> witnesses;
  std::vector<PolicyGroup> groups;
  std::string quorum = "none";  // a witness, a group, or "none"

  std::vector<VerifierKey> log_keys() const;
  std::vector<VerifierKey> witness_keys() const;
  // True if these witnesses (by their keys) make the quorum.
  bool is_quorum(const std::vector<VerifierKey>& cosigned) const;
};

// Errors (kUsage) name the line of `what`.
Result<TlogPolicy> parse_tlog_policy(std::string_view text, std::string_view what);

// Reads a checkpoint and holds it against the policy: a signature of one of its logs, good signatures of
// every known key, and its quorum of witnesses. Fails with kVerification.
Result<SignedCheckpoint> open_checkpoint(std::string_view bytes, const TlogPolicy& policy);

}  // namespace hetao::ledger
