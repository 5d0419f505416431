// The receiving end of one blob's transfer. Chunk hashes are checked against the digest first, then each
// chunk against its hash as it arrives; what fails is a lie of the sender and ends the transfer. Does no I/O:
// says what to reserve, check, store and answer. Credit for bytes of a chunk is given back once the chunk is
// stored, so a slow disk slows the wire.
//
// Order: begin -> ReserveSpace -> space_reserved -> (LEAVES) -> LeavesKnown -> ask -> CheckChunk ->
// chunk_checked -> StoreChunk -> chunk_stored -> … -> Complete -> completed. Chunks of zeros are stored
// without being sent. Not thread-safe: one owner; check_chunk may run on any thread, several at once.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <variant>

#include "gateway/transfer/chunk.h"
#include "gateway/transfer/offer.h"

namespace hetao::transfer {

struct ReserveSpace {  // answered by space_reserved or refuse(kNoSpace, …)
  uint64_t bytes;      // that are not stored yet
};
struct LeavesKnown {};  // answered by ask: the owner may know where some chunks are already
struct SendAnswer {     // write to lane 0
  Bytes record;
};
struct StoreChunk {  // answered by chunk_stored
  uint64_t index;
  uint64_t offset;
  Bytes bytes;
};
struct StoreZeros {  // a hole; answered by zeros_stored
  uint64_t index;
  uint64_t count;  // of chunks
  uint64_t offset;
  uint64_t size;
};
struct GiveCredit {  // these bytes of this lane are dealt with
  uint32_t lane;
  size_t bytes;
};
struct Complete {};  // every chunk is stored: make the blob durable, then call completed

using ReceiverAction = std::variant<ReserveSpace, LeavesKnown, SendAnswer, CheckChunk, StoreChunk, StoreZeros,
                                    GiveCredit, Complete>;

struct ReceiverProgress {
  uint64_t bytes_stored = 0;
  uint64_t bytes_from_wire = 0;  // of chunks, as they were sent
  uint64_t bytes_not_sent = 0;   // zeros, found here, or stored before a break
  uint64_t chunks_stored = 0;
};

struct Failure {
  Refusal reason = Refusal::kProtocol;
  std::string text;
};

class BlobReceiver {
 public:
  enum class State : uint8_t { kReserving, kLeaves, kAsking, kReceiving, kComplete, kDone, kFailed };

  // An offer of lane 0. `before`: what an earlier try of the same blob has stored (another blob's is
  // ignored). `takes_packed`: both sides speak zstd.
  explicit BlobReceiver(Offer offer, std::optional<Progress> before = std::nullopt, bool takes_packed = true);

  std::optional<ReceiverAction> poll_action();

  void space_reserved();
  // `found`: chunks that the owner has elsewhere and stores itself, each ending in chunk_stored or
  // chunk_lost.
  void ask(std::span<const uint64_t> found);
  // Another stream of the same transfer; its bytes come with its lane.
  Result<void> add_lane(const Offer& offer);
  // The stream of a lane other than 0 is gone: what it was bringing may come again on another. When the
  // sender says that all has gone, what is missing still is asked for again.
  void lane_lost(uint32_t lane);
  // Bytes of a lane, 0 included; those of a lane that is not known any more are let go. An error ends the
  // transfer; tell the sender with failure().
  Result<void> receive(uint32_t lane, ByteView bytes);
  Result<void> chunk_checked(CheckedChunk&& chunk);
  // Stored (durably, if progress is to be kept). Give the memory back if it is at hand.
  void chunk_stored(uint64_t index, Bytes&& memory = {});
  void zeros_stored(uint64_t index, uint64_t count);
  // A chunk that the owner claimed to have is not there: the sender is asked for it.
  void chunk_lost(uint64_t index);
  void completed();
  // Ends it from our side: no space, cancelled, disk errors. The answer goes to the sender.
  void refuse(Refusal reason, std::string_view text);

  State state() const { return state_; }
  const Offer& offer() const { return offer_; }
  const std::vector<Digest>& leaves() const { return leaves_; }
  const ReceiverProgress& progress() const { return progress_; }
  const std::optional<Failure>& failure() const { return failure_; }
  Progress unfinished() const;  // to be kept for a later try

 private:
  enum class Chunk : uint8_t { kMissing, kAsked, kArriving, kInHand, kElsewhere, kZeros, kStored };
  struct Lane {
    RecordReader reader;
    std::optional<uint64_t> arriving;  // chunk
  };

  bool is_over() const { return state_ == State::kDone || state_ == State::kFailed; }
  bool has_leaves() const { return leaves_.size() == states_.size(); }
  Result<void> break_off(Refusal reason, std::string text);
  Result<void> check_record(uint32_t lane, const RecordHeader& header);
  Result<void> check_chunk_header(const RecordHeader& header) const;
  Result<void> take(uint32_t lane, Record&& record);
  Result<void> take_leaves(uint32_t lane, const Record& record);
  void leaves_complete();
  void send_want();
  void note_stored(uint64_t index);
  std::optional<StoreZeros> next_zeros();
  void hand_out_checks();
  void finish_if_complete();
  Result<void> take_sent();
  void ask_again_if_all_sent();

  Offer offer_;
  bool takes_packed_;
  State state_ = State::kReserving;
  std::vector<Digest> leaves_;
  std::vector<Chunk> states_;
  std::map<uint32_t, Lane> lanes_;
  std::deque<ReceiverAction> actions_;
  std::deque<CheckChunk> waiting_;         // arrived; checked when a place is free
  std::map<uint64_t, GiveCredit> credit_;  // due when the chunk is stored
  size_t in_hand_ = 0;                     // being checked or stored
  bool all_sent_ = false;                  // the sender says so, and we have not asked again
  size_t asked_again_ = 0;                 // without a chunk since
  std::vector<Bytes> spare_;
  uint64_t next_zeros_ = 0;  // no hole is left to be handed out before this chunk
  ReceiverProgress progress_;
  std::optional<Failure> failure_;
};

}  // namespace hetao::transfer
