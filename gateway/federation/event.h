// What can happen to a gateway, as values. The shell turns sockets, files, clocks and people into these.
// `request` names the caller that waits for an Answer effect; 0: nobody waits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/federation/access_event.h"
#include "gateway/federation/market_event.h"
#include "gateway/federation/share_event.h"
#include "policy/policy.h"
#include "proto/peer.pb.h"
#include "proto/state.pb.h"

namespace hetao::federation {

// --- people
// ---------------------------------------------------------------------------------------------------------

struct SubmitJob {
  uint64_t request = 0;
  std::string id;  // fresh, chosen by the shell
  pb::Task task;   // validated by proto/tes_json.h
  pb::Principal submitter;
  std::string project;  // from the path, or empty: then the tag `project` counts
  std::string idempotency_key;
  std::string request_digest;
  // Every input with inline content, already in the blob store: name = path, kind, digest, bytes, and what
  // its inspection found as labels `inspection.*`.
  std::vector<pb::Item> inline_items;
};

struct CancelJob {
  uint64_t request = 0;
  std::string job;
  pb::Principal who;
};

struct AnswerReview {
  uint64_t request = 0;
  std::string review;
  bool approve = false;
  std::string reason;
  pb::Principal who;
};

struct RegisterDataset {
  uint64_t request = 0;
  pb::Dataset dataset;  // files already in the blob store; digest and bytes filled in
};

struct RetireDataset {
  uint64_t request = 0;
  std::string dataset;
  pb::Principal who;
};

struct RegisterMechanism {
  uint64_t request = 0;
  pb::Mechanism mechanism;
};

// The first policy, from the configuration; and at every start the one that is on record.
struct ActivatePolicy {
  uint64_t request = 0;
  std::shared_ptr<const policy::Policy> policy;
  std::string name;  // pack name and version, for the ledger
  std::string who;   // who activated it; "start" at start-up
  std::string approved_by;
  std::shared_ptr<const policy::Policy> shadow = {};  // that is on record; null: none
};

// A pack that passed its checks, with what they found. The core gives id, state, time, and an edition if
// there is none.
struct ProposePolicy {
  uint64_t request = 0;
  pb::PolicyProposal proposal;
};

struct AnswerProposal {
  enum class Say { kApprove, kReject, kWithdraw };
  uint64_t request = 0;
  std::string proposal;
  Say say = Say::kApprove;
  std::string pack_digest;  // what the person looked at; empty: not said
  std::string diff_digest;
  std::string reason;
  pb::Principal who;
};

// Puts an approved pack, or one that was in force before, in force; a pack that says so, in the shadow.
struct ActivatePack {
  uint64_t request = 0;
  std::shared_ptr<const policy::Policy> policy;
  pb::Principal who;
  std::string reason;
};

struct StopShadow {
  uint64_t request = 0;
  pb::Principal who;
  std::string reason;
};

// An act of an operator or of the gateway itself that only has to be written down.
struct NoteAct {
  uint64_t request = 0;
  std::string kind;  // ledger entry kind: admin, checkpoint-seen, …
  std::string who;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> details;
};

// --- peers
// ----------------------------------------------------------------------------------------------------------

struct PeerUp {
  std::string region;
};

struct PeerDown {
  std::string region;
  std::string why;
};

struct PeerSaid {
  std::string region;  // proved by the peer's certificate
  pb::PeerMessage message;
};

// All files of an expected item are here, verified against their digests and durable.
struct ItemStored {
  std::string crossing;
};

// Moving the item failed on this side. `for_good`: a retry can't help (a lying peer, no such blob).
struct ItemFailed {
  std::string crossing;
  std::string why;
  bool for_good = false;
};

// --- platforms
// ------------------------------------------------------------------------------------------------------
// `run` is the key "JOB.ATTEMPT".

enum class PlatformReply {
  kOk,
  kRefused,  // surely not accepted: the reason is final
  kAbsent,   // surely not there
  kUnknown,  // no answer: look it up before doing anything else
};

struct RunSubmitted {
  std::string run;
  PlatformReply reply = PlatformReply::kUnknown;
  std::string platform_id;
  std::string why;
};

struct RunFound {  // answer to FindRun
  std::string run;
  PlatformReply reply = PlatformReply::kUnknown;
  std::string platform_id;
  Instant asked = {};  // FindRun's
};

struct RunReleased {
  std::string run;
  PlatformReply reply = PlatformReply::kUnknown;
  std::string why;
};

struct RunObserved {
  std::string run;
  pb::RunReport report;
  bool started = false;
  bool ended = false;
  bool cancelled = false;
  bool lost = false;             // the platform lost it: nothing runs any more and no end was reported
  std::string platform_id = {};  // of the submission that was seen, if the platform says it
  // The platform forgot it before it began, and what it forgot can start no more: it may be submitted again.
  bool vanished = false;
};

// Outputs of an ended run, stored as blobs: one item for each declared output (name = index in Task.outputs
// as text,
// "" for what is not there), and one named "logs" with the files stdout.N and stderr.N.
struct RunCollected {
  std::string run;
  std::vector<pb::Item> items;
  std::vector<std::string> notes;  // what was missing, cut or unreadable
  pb::Usage usage = {};            // as the platform accounts for it
};

// What this region's platforms have and have free, looked at by the shell at intervals.
struct SupplySeen {
  std::vector<pb::Platform> platforms;
};

struct ItemInspected {
  std::string crossing;
  std::vector<pb::Fact> facts;         // inspection.*, result.min_group
  std::string summary;                 // for the reviewer: kinds and counts, never a value
  pb::Item masked = {};                // the copy that was asked for, as blobs; no files: none was made
  std::vector<std::string> mask = {};  // kinds that it was asked without
  std::string not_masked = {};         // why there is none
};

// Whether anything may be released to this peer: not while its witness's newest cosignature is too old, or an
// alarm about one of the two logs is open. Said again after every start.
struct ReleaseGate {
  std::string region;
  bool held = false;
  std::string why;
};

// --- the rest
// -------------------------------------------------------------------------------------------------------

struct OutputDelivered {  // answer to DeliverOutput
  std::string job;
  std::string output;  // Delivery.name
  bool ok = false;
  std::string note;
};

struct BlobsDropped {  // answer to DropBlobs
  std::vector<std::string> duties;
  bool ok = false;
  std::string why;
};

// Answer to FetchInput. `item`: its files, stored as blobs; no name, kind or labels but `inspection.*`.
struct InputFetched {
  std::string job;
  std::string name;  // Fetch.name
  pb::Item item;
  std::string failure;  // not empty: it can't be had; in words for the submitter
};

struct TimePassed {};

using Event = std::variant<SubmitJob, CancelJob, AnswerReview, RegisterDataset, RetireDataset,
                           RegisterMechanism, ActivatePolicy, ProposePolicy, AnswerProposal, ActivatePack,
                           StopShadow, NoteAct, PublishOffer, WithdrawOffer, RequestAccess, AnswerAccess,
                           ProjectAct, OpenSession, RenewSession, EndSession, MakeToken, RevokeToken,
                           SeenAccess, PeerUp, PeerDown, PeerSaid, ReleaseGate, ItemStored, ItemFailed,
                           RunSubmitted, RunFound, RunReleased, RunObserved, RunCollected, ItemInspected,
                           OutputDelivered, BlobsDropped, InputFetched, SupplySeen, TimePassed>;

}  // namespace hetao::federation
