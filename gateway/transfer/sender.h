// The sending end of one blob's transfer: makes the offer, understands the answers, says which chunk to send
// next. Reads nothing itself: its owner reads, packs and writes, on as many lanes as it likes. Not
// thread-safe: one owner.
#pragma once

#include <optional>
#include <variant>

#include "gateway/transfer/offer.h"
#include "gateway/transfer/record.h"

namespace hetao::transfer {

// Write these bytes to lane 0 as they are.
struct SendRecord {
  Bytes record;
};

// Read this chunk, and write its record (chunk_record_header, then the payload) to any lane.
struct SendChunk {
  uint64_t index;
  uint64_t offset;
  size_t size;
};

using SenderWork = std::variant<SendRecord, SendChunk>;

struct SenderProgress {
  uint64_t chunks_asked = 0;
  uint64_t chunks_sent = 0;  // handed out as work
  uint64_t bytes_asked = 0;
  uint64_t bytes_sent = 0;
};

Bytes sent_record();
RecordHeaderBytes chunk_record_header(uint64_t index, Encoding encoding, size_t payload_bytes);

class BlobSender {
 public:
  enum class State : uint8_t {
    kOffered,  // no answer yet
    kSending,
    kHad,       // the receiver has it already
    kReceived,  // the receipt is here
    kRefused,
    kBroken,  // the receiver breaks the rules
  };

  // The blob's leaves have to belong to it.
  BlobSender(Blob blob, std::string crossing, uint64_t transfer);

  Bytes offer() const;                     // header of lane 0's stream
  Bytes lane_header(uint32_t lane) const;  // of further streams, to be opened once chunks are asked for
  // Bytes that came back on lane 0.
  Result<void> receive(ByteView bytes);
  // Nothing: all that was asked for is handed out; more may be asked for until the receipt comes.
  std::optional<SenderWork> next();
  // The same for owners with several lanes: what has to go on lane 0 first, and then chunks for any lane.
  std::optional<Bytes> next_record();
  std::optional<SendChunk> next_chunk();
  bool has_chunks_due() const;
  // A chunk that was handed out could not be sent on its lane: it is handed out again.
  void send_again(uint64_t index);

  State state() const { return state_; }
  const SenderProgress& progress() const { return progress_; }
  const Blob& blob() const { return blob_; }
  // kRefused: the receiver's words.
  uint32_t refused_reason() const { return refused_reason_; }
  const std::string& refused_text() const { return refused_text_; }

 private:
  Result<void> check_record(const RecordHeader& header) const;
  Result<void> take(const Record& record);
  Result<void> take_answer(const Answer& answer);
  void ask_for(uint64_t index);
  SendRecord next_leaves();

  Blob blob_;
  std::string crossing_;
  uint64_t transfer_;
  uint64_t chunks_;
  State state_ = State::kOffered;
  RecordReader reader_;
  std::vector<bool> due_;  // asked for and not handed out
  uint64_t due_from_ = 0;  // none is due before this
  uint64_t leaves_sent_ = 0;
  bool send_leaves_ = false;
  bool leaves_asked_ = false;
  SenderProgress progress_;
  uint32_t refused_reason_ = 0;
  std::string refused_text_;
};

}  // namespace hetao::transfer
