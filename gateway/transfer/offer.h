// What the two ends of a transfer say before and after the bytes: the offer in a stream's header, the
// answers, the receipt, and what a receiver remembers of an unfinished blob. Parser and printer of each stand
// together. Reason numbers are those of proto/TUNNEL.md. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "gateway/transfer/blob.h"

namespace hetao::transfer {

// Numbers as in RESET frames.
enum class Refusal : uint16_t {
  kProtocol = 1,
  kLimits = 9,
  kRefused = 14,
  kCancelled = 15,
  kDigest = 16,
  kNoSpace = 17,
  kInternal = 18,
};

struct Offer {
  Digest digest;
  uint64_t size = 0;
  std::string crossing;        // the permit that this rests on
  std::vector<Digest> leaves;  // empty: to be asked for
  uint32_t lane = 0;           // 0 offers the blob; others only carry chunks that were asked for
  uint64_t transfer = 0;       // the sender's number for it, the same on all its lanes
};

Bytes encode_offer(const Offer& offer);
// Everything that can be wrong with an offer by itself, leaves that do not make the digest included.
Result<Offer> decode_offer(ByteView header);

struct Answer {
  enum class Kind : uint8_t { kHave = 1, kSendLeaves = 2, kWant = 3, kRefused = 4 };
  Kind kind = Kind::kHave;
  bool all = false;  // kWant: every chunk
  Bytes missing;     // kWant: bit i % 8 of byte i / 8 stands for chunk i
  uint32_t reason = 0;
  std::string text;
};

// Whole records, ready to be written to lane 0.
Bytes answer_record(const Answer& answer);
Bytes have_record();
Bytes refused_record(Refusal reason, std::string_view text);
Bytes receipt_record(const Digest& digest, uint64_t size);

Result<Answer> decode_answer(ByteView payload, uint64_t chunks);
Result<void> check_receipt(ByteView payload, const Digest& digest, uint64_t size);

// What is kept on the receiver's own disk, with a checksum: a torn or altered file is refused, not believed.
struct Progress {
  Digest digest;
  uint64_t size = 0;
  std::vector<Digest> leaves;  // empty: not known yet
  std::vector<bool> stored;    // one for each chunk
};

Bytes encode_progress(const Progress& progress);
Result<Progress> decode_progress(ByteView bytes);

}  // namespace hetao::transfer
