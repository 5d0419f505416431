#include "gateway/transfer/sender.h"

#include <algorithm>

#include "gateway/base/check.h"

namespace hetao::transfer {

namespace {

constexpr uint32_t kAnswerBytesMax = uint32_t{1} << 20U;
constexpr uint32_t kReceiptBytesMax = 1'024;

auto refuse(const Blob& blob, std::string why) {
  return fail(ErrorCode::kFailed, "sending blob " + blob_digest_text(blob.digest), std::move(why));
}

}  // namespace

Bytes sent_record() {
  return make_record(RecordKind::kSent, 0, {});
}

RecordHeaderBytes chunk_record_header(uint64_t index, Encoding encoding, size_t payload_bytes) {
  return encode_record_header({RecordKind::kChunk, encoding, static_cast<uint32_t>(payload_bytes), index});
}

BlobSender::BlobSender(Blob blob, std::string crossing, uint64_t transfer)
    : blob_(std::move(blob)),
      crossing_(std::move(crossing)),
      transfer_(transfer),
      chunks_(chunk_count(blob_.size)) {
  HETAO_CHECK(blob_.leaves.size() == chunks_ && blob_.size <= limits::kBlobBytesMax);
  due_.resize(chunks_);
}

Bytes BlobSender::offer() const {
  Offer offer{blob_.digest, blob_.size, crossing_, {}, 0, transfer_};
  if (chunks_ <= limits::kLeavesInOfferMax) offer.leaves = blob_.leaves;
  return encode_offer(offer);
}

Bytes BlobSender::lane_header(uint32_t lane) const {
  HETAO_CHECK(lane > 0);
  Offer offer{blob_.digest, blob_.size, crossing_, {}, lane, transfer_};
  return encode_offer(offer);
}

Result<void> BlobSender::check_record(const RecordHeader& header) const {
  const bool is_answer = header.kind == RecordKind::kAnswer;
  if (!is_answer && header.kind != RecordKind::kReceipt)
    return refuse(blob_, "the receiver sends what only senders send");
  if (header.length > (is_answer ? kAnswerBytesMax : kReceiptBytesMax))
    return refuse(blob_, "an answer is too large");
  if (state_ != State::kOffered && state_ != State::kSending)
    return refuse(blob_, "the receiver goes on after its last word");
  return {};
}

Result<void> BlobSender::receive(ByteView bytes) {
  if (state_ == State::kBroken) return refuse(blob_, "the transfer is over");
  auto ok = reader_.each(
      bytes, [this](const RecordHeader& header) { return check_record(header); },
      [this](const Record& record) { return take(record); });
  if (!ok) state_ = State::kBroken;
  return ok;
}

Result<void> BlobSender::take(const Record& record) {
  if (record.header.kind == RecordKind::kReceipt) {
    if (auto ok = check_receipt(record.payload, blob_.digest, blob_.size); !ok) return ok;
    state_ = State::kReceived;
    return {};
  }
  auto answer = decode_answer(record.payload, chunks_);
  if (!answer) return fail(std::move(answer.error()));
  return take_answer(*answer);
}

Result<void> BlobSender::take_answer(const Answer& answer) {
  switch (answer.kind) {
    case Answer::Kind::kHave:
      if (state_ != State::kOffered) return refuse(blob_, "the receiver has it after asking for it");
      state_ = State::kHad;
      return {};
    case Answer::Kind::kRefused:
      state_ = State::kRefused;
      refused_reason_ = answer.reason;
      refused_text_ = answer.text;
      return {};
    case Answer::Kind::kSendLeaves:
      if (leaves_asked_ || state_ != State::kOffered)
        return refuse(blob_, "the chunk hashes are asked for twice");
      leaves_asked_ = send_leaves_ = true;
      state_ = State::kSending;
      return {};
    case Answer::Kind::kWant:
      break;
  }
  state_ = State::kSending;
  for (uint64_t i = 0; i < chunks_; ++i)
    if (answer.all || ((answer.missing[i / 8] >> (i % 8)) & 1U) != 0) ask_for(i);
  // Asking again and again for what was sent would make us send for ever.
  if (progress_.chunks_asked > 4 * chunks_)
    return refuse(blob_, "the receiver asks for the same chunks over and over");
  return {};
}

void BlobSender::ask_for(uint64_t index) {
  if (due_[index]) return;
  due_[index] = true;
  due_from_ = std::min(due_from_, index);
  ++progress_.chunks_asked;
  progress_.bytes_asked += chunk_size(blob_.size, index);
}

void BlobSender::send_again(uint64_t index) {
  HETAO_CHECK(index < chunks_ && !due_[index]);
  due_[index] = true;
  due_from_ = std::min(due_from_, index);
  --progress_.chunks_sent;
  progress_.bytes_sent -= chunk_size(blob_.size, index);
}

SendRecord BlobSender::next_leaves() {
  const uint64_t count = std::min<uint64_t>(limits::kLeavesInRecordMax, chunks_ - leaves_sent_);
  Bytes payload;
  payload.reserve(count * 32);
  for (uint64_t i = 0; i < count; ++i) {
    const Digest& leaf = blob_.leaves[leaves_sent_ + i];
    payload.insert(payload.end(), leaf.bytes.begin(), leaf.bytes.end());
  }
  SendRecord work{make_record(RecordKind::kLeaves, leaves_sent_, payload)};
  leaves_sent_ += count;
  send_leaves_ = leaves_sent_ < chunks_;
  return work;
}

std::optional<Bytes> BlobSender::next_record() {
  if (state_ != State::kSending || !send_leaves_) return std::nullopt;
  return next_leaves().record;
}

bool BlobSender::has_chunks_due() const {
  return state_ == State::kSending && !send_leaves_ && progress_.chunks_sent < progress_.chunks_asked;
}

std::optional<SendChunk> BlobSender::next_chunk() {
  if (state_ != State::kSending || send_leaves_) return std::nullopt;
  while (due_from_ < chunks_ && !due_[due_from_]) ++due_from_;
  if (due_from_ == chunks_) return std::nullopt;
  const uint64_t index = due_from_;
  due_[index] = false;
  const SendChunk work{index, chunk_offset(index), chunk_size(blob_.size, index)};
  ++progress_.chunks_sent;
  progress_.bytes_sent += work.size;
  return work;
}

std::optional<SenderWork> BlobSender::next() {
  if (auto record = next_record()) return SendRecord{std::move(*record)};
  if (const auto chunk = next_chunk()) return *chunk;
  return std::nullopt;
}

}  // namespace hetao::transfer
