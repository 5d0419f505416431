#include "gateway/transfer/batch_sender.h"

#include <algorithm>

#include "gateway/base/check.h"

namespace hetao::transfer {

namespace {

constexpr uint32_t kAnswerBytesMax = uint32_t{16} << 10U;

auto refuse(std::string why) {
  return fail(ErrorCode::kFailed, "sending a batch", std::move(why));
}

}  // namespace

BatchSender::BatchSender(std::vector<BatchFile> files, std::string crossing, uint64_t transfer)
    : files_(std::move(files)), crossing_(std::move(crossing)), transfer_(transfer) {
  for (const BatchFile& file : files_) {
    HETAO_CHECK(file.size > 0 && file.size <= limits::kBatchFileBytesMax);
    bytes_ += file.size;
  }
  HETAO_CHECK(!files_.empty() && files_.size() <= limits::kBatchFilesMax && bytes_ <= limits::kBatchBytesMax);
}

Bytes BatchSender::offer() const {
  return encode_batch_offer({crossing_, transfer_, static_cast<uint32_t>(files_.size()), bytes_});
}

Result<void> BatchSender::check_record(const RecordHeader& header) const {
  if (header.kind != RecordKind::kAnswer && header.kind != RecordKind::kReceipt)
    return refuse("the receiver sends what only senders send");
  if (header.length > kAnswerBytesMax) return refuse("an answer is too large");
  if (state_ != State::kOffered && state_ != State::kSending)
    return refuse("the receiver goes on after its last word");
  return {};
}

Result<void> BatchSender::receive(ByteView bytes) {
  if (state_ == State::kBroken) return refuse("it is over");
  auto ok = reader_.each(
      bytes, [this](const RecordHeader& header) { return check_record(header); },
      [this](const Record& record) { return take(record); });
  if (!ok) state_ = State::kBroken;
  return ok;
}

Result<void> BatchSender::take(const Record& record) {
  if (record.header.kind == RecordKind::kReceipt) {
    if (state_ != State::kSending || next_ < files_.size()) return refuse("a receipt for what was not sent");
    if (auto ok = check_receipt(record.payload, batch_digest(files_), bytes_); !ok) return ok;
    state_ = State::kReceived;
    return {};
  }
  auto answer = decode_answer(record.payload, files_.size());
  if (!answer) return fail(std::move(answer.error()));
  return take_answer(*answer);
}

Result<void> BatchSender::take_answer(const Answer& answer) {
  if (answer.kind == Answer::Kind::kRefused) {
    state_ = State::kRefused;
    refused_reason_ = answer.reason;
    refused_text_ = answer.text;
    return {};
  }
  if (listed_ < files_.size()) return refuse("an answer before the list");
  if (state_ != State::kOffered || answer.kind == Answer::Kind::kSendLeaves)
    return refuse("the receiver asks twice, or for what a batch has not");
  state_ = answer.kind == Answer::Kind::kHave ? State::kReceived : State::kSending;
  due_.resize(files_.size());
  for (size_t i = 0; i < files_.size() && state_ == State::kSending; ++i)
    due_[i] = answer.all || ((answer.missing[i / 8] >> (i % 8)) & 1U) != 0;
  next_ = static_cast<size_t>(std::find(due_.begin(), due_.end(), true) - due_.begin());
  return {};
}

// As many as fit in a record.
SendFiles BatchSender::next_files() {
  SendFiles work;
  for (; next_ < files_.size(); ++next_) {
    if (!due_[next_]) continue;
    const size_t size = files_[next_].size;
    if (work.bytes + size > limits::kBatchRecordBytesMax) break;
    work.numbers.push_back(static_cast<uint32_t>(next_));
    work.bytes += size;
  }
  bytes_sent_ += work.bytes;
  return work;
}

std::optional<BatchWork> BatchSender::next() {
  if (state_ != State::kOffered && state_ != State::kSending) return std::nullopt;
  if (listed_ < files_.size()) {
    const size_t count = std::min(limits::kBatchListMax, files_.size() - listed_);
    SendList work{
        make_record(RecordKind::kList, listed_, encode_files(std::span(files_).subspan(listed_, count)))};
    listed_ += count;
    return work;
  }
  if (state_ != State::kSending || next_ == files_.size()) return std::nullopt;
  return next_files();
}

}  // namespace hetao::transfer
