// What the core wants done, as values. Effects of a step go only when the step's records and ledger entries
// are durable. Every effect may be asked for again after a restart: carrying one out twice must do no harm.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "proto/peer.pb.h"
#include "proto/state.pb.h"

namespace hetao::federation {

// Tells a waiting caller how its request ended.
struct Answer {
  uint64_t request = 0;
  std::optional<Error> error;
  std::string id;         // of what was made or changed
  pb::Verdict verdict;    // for submissions: the decision, also of a refusal
  bool repeated = false;  // the same submission was accepted before; `id` is that job
};

// Best effort over the tunnel; the outbox repeats what has a sequence.
struct SendMessage {
  std::string region;
  pb::PeerMessage message;
};

// Streams the item's files to the peer that waits for this crossing. Asked for again at every PeerUp until it
// arrived.
struct SendItem {
  std::string region;
  std::string crossing;
  pb::Item item;
};

// The peer said what can't be: its tunnel is cut for that reason; log, metrics and ledger say so.
struct AccusePeer {
  std::string region;
  std::string fault;  // a word, as tunnel::to_word(Reason) makes them
  std::string why;
};

// Stops sending or expecting, and drops what arrived in part.
struct DropItem {
  std::string crossing;
};

// Held submission under the key `run`; answered by RunSubmitted. Must find and keep an earlier one of the
// same key.
struct SubmitRun {
  std::string run;
  std::string platform;
  pb::Run spec;
};

struct FindRun {  // answered by RunFound
  std::string run;
  std::string platform;
  Instant asked = {};  // goes into the answer
};

struct ReleaseRun {  // answered by RunReleased; then RunObserved on every change until it ended
  std::string run;
  std::string platform;
  std::string platform_id;
};

struct CancelRun {  // ends in RunObserved{cancelled or ended}, or RunObserved{lost} if nothing is there
  std::string run;
  std::string platform;
  std::string platform_id;
};

struct CollectRun {  // store outputs and logs as blobs; answered by RunCollected
  std::string run;
  std::string platform;
  pb::Run spec;
};

struct RemoveRun {  // forget scratch space and the held submission
  std::string run;
  std::string platform;
};

struct InspectItem {  // answered by ItemInspected
  std::string crossing;
  pb::Item item;
  std::string profile;
  std::vector<std::string> mask = {};  // kinds without which a copy is wanted: then that is what is inspected
};

struct DeliverOutput {  // to the URL that the task names; answered by OutputDelivered
  std::string job;
  pb::Delivery delivery;
};

struct FetchInput {  // from a store outside, inspected as it comes; answered by InputFetched
  std::string job;
  pb::Fetch fetch;
};

// Nobody may keep them any more; answered by BlobsDropped when `duties` names somebody. One that something
// took up since `decided`, or that an archived job keeps (Table::kPastBlob), stays.
struct DropBlobs {
  std::vector<std::string> digests;
  std::vector<std::string> duties;  // the crossings whose copies these are
  Instant decided = {};
};

// A rule wants somebody told; the ledger has it as `notice` too.
struct NotifyRole {
  std::string role;  // reviewer, data-owner, …
  std::string crossing;
  std::string text;
};

// Step again with TimePassed at this time at the latest.
struct WakeAt {
  Instant at;
};

using Effect = std::variant<Answer, SendMessage, SendItem, AccusePeer, DropItem, SubmitRun, FindRun,
                            ReleaseRun, CancelRun, CollectRun, RemoveRun, InspectItem, DeliverOutput,
                            FetchInput, DropBlobs, NotifyRole, WakeAt>;

}  // namespace hetao::federation
