// One entry of the audit log, and its only printed form: canonical JSON (RFC 8785) in which absent fields are
// left out. Those bytes are the leaf of the tree, so parsing accepts exactly what printing makes, byte for
// byte.
//
// Pure; plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::ledger {

// Kinds that the product writes. Others are allowed: lower-case words joined by '-'.
namespace kind {
inline constexpr std::string_view kDecision = "decision";
inline constexpr std::string_view kDeparted = "departed";
inline constexpr std::string_view kArrived = "arrived";
inline constexpr std::string_view kRecalled = "recalled";  // closes a `departed` that could not be delivered
inline constexpr std::string_view kReview = "review";
inline constexpr std::string_view kCounterReleased = "counter-released";  // what did not cross counts no more
inline constexpr std::string_view kPolicyActivated = "policy-activated";
inline constexpr std::string_view kPolicyProposed = "policy-proposed";
inline constexpr std::string_view kPolicyApproved = "policy-approved";
inline constexpr std::string_view kPolicyRejected = "policy-rejected";
inline constexpr std::string_view kPolicyWithdrawn = "policy-withdrawn";
inline constexpr std::string_view kPolicyShadowed = "policy-shadowed";  // runs beside the policy in force
inline constexpr std::string_view kPolicyShadowStopped = "policy-shadow-stopped";
inline constexpr std::string_view kPolicySimulated = "policy-simulated";
inline constexpr std::string_view kCountersDiffer = "counters-differ";  // from what the ledger tells
inline constexpr std::string_view kJobState = "job-state";
inline constexpr std::string_view kAdmin = "admin";
inline constexpr std::string_view kDeleted = "deleted";
inline constexpr std::string_view kDataset = "dataset";
inline constexpr std::string_view kMechanism = "mechanism";
inline constexpr std::string_view kCheckpointSeen = "checkpoint-seen";
inline constexpr std::string_view kForkRefused = "fork-refused";
inline constexpr std::string_view kPeerFault = "peer-fault";  // a refused identity, a lie, a broken protocol
}  // namespace kind

struct Entry {
  uint64_t sequence = 0;  // index of the leaf
  Instant time;           // UTC, microseconds
  std::string region;     // whose ledger this is
  std::string kind;
  std::string job;
  std::string crossing;
  std::string who;            // pseudonym of a person, or the name of a part of the gateway
  std::string policy_digest;  // hex
  std::vector<std::string> rules;
  std::string item_digest;  // hex
  int64_t item_bytes = 0;   // printed when there is an item digest, or when not 0
  std::string decision;     // permit, hold, forbid; of a review: approved, rejected
  std::string direction;    // out, in
  std::string peer;         // region on the other side
  std::string reason;
  std::map<std::string, std::string> extra;  // keys of a-z, 0-9, '.', '_', '-'

  bool operator==(const Entry&) const = default;
};

// The canonical bytes. Refuses (kUsage) what could not be read back: no region or kind, text that is not
// UTF-8, a sequence or size over 2^53, a year outside 0000 to 9999, or more than limits::kLedgerEntryBytesMax
// bytes.
Result<std::string> encode_entry(const Entry& entry);

// The inverse: refuses (kVerification) every byte string that encode_entry would not have made.
Result<Entry> decode_entry(std::string_view bytes);

}  // namespace hetao::ledger
