#include "gateway/transfer/receiver.h"

#include <algorithm>

#include "gateway/base/check.h"

namespace hetao::transfer {

namespace {

constexpr size_t kLanesMax = 64;
constexpr size_t kDigestBytes = 32;
// Asking again without getting anything: each may be a break of all lanes, but so many are not.
constexpr size_t kFruitlessAsksMax = 16;
constexpr size_t kSpareBuffersMax = limits::kChunksInHandMax;

}  // namespace

BlobReceiver::BlobReceiver(Offer offer, std::optional<Progress> before, bool takes_packed)
    : offer_(std::move(offer)), takes_packed_(takes_packed) {
  HETAO_CHECK(offer_.lane == 0 && offer_.size <= limits::kBlobBytesMax);
  leaves_ = offer_.leaves;
  states_.resize(chunk_count(offer_.size), Chunk::kMissing);
  lanes_[0];
  if (before && before->digest == offer_.digest && before->size == offer_.size) {
    if (leaves_.empty()) leaves_ = std::move(before->leaves);
    for (size_t i = 0; i < states_.size() && has_leaves(); ++i) {
      if (!before->stored[i]) continue;
      states_[i] = Chunk::kStored;
      ++progress_.chunks_stored;
      progress_.bytes_stored += chunk_size(offer_.size, i);
    }
  }
  progress_.bytes_not_sent = progress_.bytes_stored;
  actions_.push_back(ReserveSpace{offer_.size - progress_.bytes_stored});
}

// Holes are looked for when there is nothing else to do: a blob may have millions.
std::optional<StoreZeros> BlobReceiver::next_zeros() {
  if (state_ != State::kReceiving) return std::nullopt;
  while (next_zeros_ < states_.size() && states_[next_zeros_] != Chunk::kZeros) ++next_zeros_;
  if (next_zeros_ == states_.size()) return std::nullopt;
  StoreZeros hole{next_zeros_, 0, chunk_offset(next_zeros_), 0};
  for (; next_zeros_ < states_.size() && states_[next_zeros_] == Chunk::kZeros; ++next_zeros_) {
    ++hole.count;
    hole.size += chunk_size(offer_.size, next_zeros_);
  }
  return hole;
}

std::optional<ReceiverAction> BlobReceiver::poll_action() {
  std::optional<ReceiverAction> action;
  if (!actions_.empty()) {
    action.emplace(std::move(actions_.front()));
    actions_.pop_front();
  } else if (const auto hole = next_zeros()) {
    action.emplace(*hole);
  }
  return action;
}

Result<void> BlobReceiver::break_off(Refusal reason, std::string text) {
  const bool lie = reason == Refusal::kDigest;
  state_ = State::kFailed;
  failure_ = Failure{reason, text};
  waiting_.clear();
  actions_.clear();
  credit_.clear();
  return fail(lie ? ErrorCode::kVerification : ErrorCode::kFailed, "blob " + blob_digest_text(offer_.digest),
              std::move(text), lie ? "the sender lied or its copy is damaged" : "");
}

void BlobReceiver::refuse(Refusal reason, std::string_view text) {
  if (is_over()) return;
  (void)break_off(reason, std::string(text));
  actions_.push_back(SendAnswer{refused_record(reason, text)});
}

void BlobReceiver::space_reserved() {
  HETAO_CHECK(is_over() || state_ == State::kReserving);
  if (is_over()) return;
  if (has_leaves()) return leaves_complete();
  state_ = State::kLeaves;
  leaves_.clear();
  actions_.push_back(SendAnswer{answer_record(
      {.kind = Answer::Kind::kSendLeaves, .all = false, .missing = {}, .reason = 0, .text = {}})});
}

void BlobReceiver::leaves_complete() {
  state_ = State::kAsking;
  actions_.push_back(LeavesKnown{});
}

void BlobReceiver::ask(std::span<const uint64_t> found) {
  HETAO_CHECK(is_over() || state_ == State::kAsking);
  if (is_over()) return;
  state_ = State::kReceiving;
  for (const uint64_t index : found) {
    HETAO_CHECK(index < states_.size());
    if (states_[index] == Chunk::kMissing) states_[index] = Chunk::kElsewhere;
  }
  static const Digest kFullZeros = zero_chunk_leaf(limits::kChunkBytes);
  for (size_t i = 0; i < states_.size(); ++i) {
    if (states_[i] != Chunk::kMissing) continue;
    const size_t size = chunk_size(offer_.size, i);
    if (leaves_[i] == (size == limits::kChunkBytes ? kFullZeros : zero_chunk_leaf(size)))
      states_[i] = Chunk::kZeros;
  }
  send_want();
  finish_if_complete();
}

// Asks for everything that is missing now, if anything is.
void BlobReceiver::send_want() {
  Answer answer{.kind = Answer::Kind::kWant, .all = true, .missing = {}, .reason = 0, .text = {}};
  answer.missing.resize((states_.size() + 7) / 8);
  bool any = false;
  for (size_t i = 0; i < states_.size(); ++i) {
    if (states_[i] != Chunk::kMissing) {
      answer.all = false;
      continue;
    }
    states_[i] = Chunk::kAsked;
    any = true;
    answer.missing[i / 8] = static_cast<uint8_t>(answer.missing[i / 8] | (1U << (i % 8)));
  }
  if (!any) return;
  if (answer.all) answer.missing.clear();
  actions_.push_back(SendAnswer{answer_record(answer)});
}

Result<void> BlobReceiver::add_lane(const Offer& offer) {
  if (is_over()) return fail(ErrorCode::kFailed, "lane of a transfer", "the transfer is over");
  if (state_ != State::kReceiving || offer.lane == 0 || offer.digest != offer_.digest ||
      offer.size != offer_.size || offer.transfer != offer_.transfer || offer.crossing != offer_.crossing)
    return break_off(Refusal::kProtocol, "a lane that does not fit its transfer");
  if (lanes_.size() >= kLanesMax || lanes_.contains(offer.lane))
    return break_off(Refusal::kProtocol, "a lane twice, or more than " + std::to_string(kLanesMax));
  lanes_[offer.lane];
  return {};
}

void BlobReceiver::lane_lost(uint32_t lane) {
  HETAO_CHECK(lane != 0);
  const auto it = lanes_.find(lane);
  if (it == lanes_.end()) return;
  if (it->second.arriving && states_[*it->second.arriving] == Chunk::kArriving)
    states_[*it->second.arriving] = Chunk::kAsked;
  lanes_.erase(it);
}

Result<void> BlobReceiver::receive(uint32_t lane, ByteView bytes) {
  if (is_over())
    return fail(ErrorCode::kFailed, "blob " + blob_digest_text(offer_.digest),
                failure_ ? failure_->text : "the sender goes on after the receipt");
  if (!lanes_.contains(lane)) {
    HETAO_CHECK(lane != 0);
    actions_.push_back(GiveCredit{lane, bytes.size()});
    return {};
  }
  const auto check = [&](const RecordHeader& header) { return check_record(lane, header); };
  const auto buffer = [&] {
    Bytes memory;
    if (!spare_.empty()) {
      memory = std::move(spare_.back());
      spare_.pop_back();
    }
    return memory;
  };
  while (true) {
    auto record = lanes_[lane].reader.next(bytes, check, buffer);
    if (!record) {
      if (state_ == State::kFailed) return fail(std::move(record.error()));
      return break_off(Refusal::kProtocol, record.error().what + " " + record.error().why);
    }
    if (!record->has_value()) return {};
    if (auto ok = take(lane, std::move(**record)); !ok) return ok;
  }
}

Result<void> BlobReceiver::check_record(uint32_t lane, const RecordHeader& header) {
  switch (header.kind) {
    case RecordKind::kAnswer:
    case RecordKind::kReceipt:
      return break_off(Refusal::kProtocol, "the sender sends what only receivers send");
    case RecordKind::kList:
    case RecordKind::kFiles:
      return break_off(Refusal::kProtocol, "a record of a batch in a blob's transfer");
    case RecordKind::kLeaves: {
      const uint64_t left = states_.size() - leaves_.size();
      if (state_ != State::kLeaves)
        return break_off(Refusal::kProtocol, "chunk hashes that were not asked for");
      if (lane != 0 || header.index != leaves_.size() || header.length == 0 ||
          header.length % kDigestBytes != 0 || header.length > limits::kLeavesInRecordMax * kDigestBytes ||
          header.length / kDigestBytes > left)
        return break_off(Refusal::kProtocol, "chunk hashes that are not the next ones");
      return {};
    }
    case RecordKind::kSent:
      if (lane != 0 || header.length != 0 || header.index != 0 ||
          (state_ != State::kReceiving && state_ != State::kComplete))
        return break_off(Refusal::kProtocol, "a word of having sent all, out of place");
      return {};
    case RecordKind::kChunk:
      break;
  }
  if (auto ok = check_chunk_header(header); !ok) return break_off(Refusal::kProtocol, ok.error().why);
  states_[header.index] = Chunk::kArriving;
  lanes_[lane].arriving = header.index;
  return {};
}

Result<void> BlobReceiver::check_chunk_header(const RecordHeader& header) const {
  const auto bad = [&](const char* why) {
    return fail(ErrorCode::kFailed, "chunk", "chunk " + std::to_string(header.index) + " " + why);
  };
  // One that arrives on a lane may come on another too, when the sender thinks the first one lost.
  if (state_ != State::kReceiving || header.index >= states_.size() ||
      (states_[header.index] != Chunk::kAsked && states_[header.index] != Chunk::kArriving))
    return bad("was not asked for");
  const size_t size = chunk_size(offer_.size, header.index);
  if (header.encoding == Encoding::kRaw && header.length != size) return bad("has another size");
  if (header.encoding == Encoding::kZstd && !takes_packed_) return bad("is packed, which was not agreed");
  if (header.encoding == Encoding::kZstd && (header.length == 0 || header.length >= size))
    return bad("is packed and not smaller");
  return {};
}

Result<void> BlobReceiver::take(uint32_t lane, Record&& record) {
  if (record.header.kind == RecordKind::kLeaves) return take_leaves(lane, record);
  if (record.header.kind == RecordKind::kSent) return take_sent();
  const uint64_t index = record.header.index;
  lanes_[lane].arriving.reset();
  if (states_[index] != Chunk::kArriving && states_[index] != Chunk::kAsked) {  // another lane was faster
    actions_.push_back(GiveCredit{lane, kRecordHeaderBytes + record.payload.size()});
    return {};
  }
  states_[index] = Chunk::kInHand;
  progress_.bytes_from_wire += record.payload.size();
  credit_.emplace(index, GiveCredit{lane, kRecordHeaderBytes + record.payload.size()});
  waiting_.push_back({index, lane, record.header.encoding, std::move(record.payload),
                      chunk_size(offer_.size, index), leaves_[index]});
  hand_out_checks();
  return {};
}

Result<void> BlobReceiver::take_sent() {
  actions_.push_back(GiveCredit{0, kRecordHeaderBytes});
  // Lanes that seem to be open are so only for us: the sender has lost them.
  std::erase_if(lanes_, [](const auto& lane) { return lane.first != 0; });
  all_sent_ = true;
  if (++asked_again_ > kFruitlessAsksMax)
    return break_off(Refusal::kProtocol, "all is said to have gone again and again, and nothing comes");
  ask_again_if_all_sent();
  return {};
}

// What came on lanes that were lost may still be in hand: first that is dealt with.
void BlobReceiver::ask_again_if_all_sent() {
  if (!all_sent_ || in_hand_ > 0 || !waiting_.empty() || state_ != State::kReceiving) return;
  all_sent_ = false;
  for (Chunk& chunk : states_)
    if (chunk == Chunk::kAsked || chunk == Chunk::kArriving) chunk = Chunk::kMissing;
  send_want();
}

// Packed chunks may be tiny on the wire: only so many are unpacked at a time.
void BlobReceiver::hand_out_checks() {
  while (!waiting_.empty() && in_hand_ < limits::kChunksInHandMax) {
    actions_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    ++in_hand_;
  }
}

Result<void> BlobReceiver::take_leaves(uint32_t lane, const Record& record) {
  for (ByteView rest = record.payload; !rest.empty(); rest = rest.subspan(kDigestBytes))
    leaves_.push_back(*Digest::from_bytes(rest.first(kDigestBytes)));
  actions_.push_back(GiveCredit{lane, kRecordHeaderBytes + record.payload.size()});
  if (!has_leaves()) return {};
  if (blob_root(leaves_) != offer_.digest) {
    leaves_.clear();
    return break_off(Refusal::kDigest, "its chunk hashes do not have its digest as their root");
  }
  leaves_complete();
  return {};
}

Result<void> BlobReceiver::chunk_checked(CheckedChunk&& chunk) {
  if (is_over()) return {};
  HETAO_CHECK(chunk.index < states_.size() && states_[chunk.index] == Chunk::kInHand);
  if (!chunk.lie.empty()) return break_off(Refusal::kDigest, std::move(chunk.lie));
  actions_.push_back(StoreChunk{chunk.index, chunk_offset(chunk.index), std::move(chunk.bytes)});
  return {};
}

void BlobReceiver::chunk_stored(uint64_t index, Bytes&& memory) {
  if (memory.capacity() >= limits::kChunkBytes && spare_.size() < kSpareBuffersMax)
    spare_.push_back(std::move(memory));
  if (is_over()) return;
  HETAO_CHECK(index < states_.size());
  HETAO_CHECK(states_[index] == Chunk::kInHand || states_[index] == Chunk::kElsewhere);
  if (states_[index] == Chunk::kInHand)
    --in_hand_;
  else
    progress_.bytes_not_sent += chunk_size(offer_.size, index);
  note_stored(index);
  if (const auto due = credit_.find(index); due != credit_.end()) {
    actions_.push_back(due->second);
    credit_.erase(due);
  }
  hand_out_checks();
  finish_if_complete();
  ask_again_if_all_sent();
}

void BlobReceiver::zeros_stored(uint64_t index, uint64_t count) {
  if (is_over()) return;
  HETAO_CHECK(index <= next_zeros_ && count <= next_zeros_ - index);
  for (uint64_t i = index; i < index + count; ++i) {
    HETAO_CHECK(states_[i] == Chunk::kZeros);
    progress_.bytes_not_sent += chunk_size(offer_.size, i);
    note_stored(i);
  }
  finish_if_complete();
}

void BlobReceiver::note_stored(uint64_t index) {
  states_[index] = Chunk::kStored;
  asked_again_ = 0;
  progress_.bytes_stored += chunk_size(offer_.size, index);
  ++progress_.chunks_stored;
}

void BlobReceiver::chunk_lost(uint64_t index) {
  if (is_over()) return;
  HETAO_CHECK(index < states_.size() && states_[index] == Chunk::kElsewhere);
  states_[index] = Chunk::kMissing;
  send_want();
}

void BlobReceiver::finish_if_complete() {
  if (state_ != State::kReceiving || progress_.chunks_stored < states_.size()) return;
  state_ = State::kComplete;
  actions_.push_back(Complete{});
}

void BlobReceiver::completed() {
  if (is_over()) return;
  HETAO_CHECK(state_ == State::kComplete);
  state_ = State::kDone;
  actions_.push_back(SendAnswer{receipt_record(offer_.digest, offer_.size)});
}

Progress BlobReceiver::unfinished() const {
  Progress out{offer_.digest, offer_.size, has_leaves() ? leaves_ : std::vector<Digest>(),
               std::vector<bool>(states_.size())};
  for (size_t i = 0; i < states_.size(); ++i) out.stored[i] = states_[i] == Chunk::kStored;
  return out;
}

}  // namespace hetao::transfer
