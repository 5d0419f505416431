#include "gateway/transfer/batch_receiver.h"

#include <algorithm>

#include "gateway/base/check.h"

namespace hetao::transfer {

namespace {

constexpr size_t kFileLineBytes = 36;

}  // namespace

BatchReceiver::BatchReceiver(BatchOffer offer, bool takes_packed)
    : offer_(std::move(offer)), takes_packed_(takes_packed) {
  HETAO_CHECK(offer_.files > 0 && offer_.files <= limits::kBatchFilesMax);
}

std::optional<BatchAction> BatchReceiver::poll_action() {
  if (actions_.empty()) return std::nullopt;
  std::optional<BatchAction> action(std::move(actions_.front()));
  actions_.pop_front();
  return action;
}

Result<void> BatchReceiver::break_off(Refusal reason, std::string text) {
  const bool lie = reason == Refusal::kDigest;
  state_ = State::kFailed;
  failure_ = Failure{reason, text};
  actions_.clear();
  return fail(lie ? ErrorCode::kVerification : ErrorCode::kFailed, "batch of " + offer_.crossing,
              std::move(text), lie ? "the sender lied or its copy is damaged" : "");
}

void BatchReceiver::refuse(Refusal reason, std::string_view text) {
  if (is_over()) return;
  (void)break_off(reason, std::string(text));
  actions_.emplace_back(SendAnswer{refused_record(reason, text)});
}

Result<void> BatchReceiver::receive(ByteView bytes) {
  if (is_over())
    return fail(ErrorCode::kFailed, "batch of " + offer_.crossing,
                failure_ ? failure_->text : "the sender goes on after the receipt");
  const auto check = [this](const RecordHeader& header) { return check_record(header); };
  while (true) {
    auto record = reader_.next(bytes, check, [] { return Bytes(); });
    if (!record) {
      if (state_ == State::kFailed) return fail(std::move(record.error()));
      return break_off(Refusal::kProtocol, record.error().what + " " + record.error().why);
    }
    if (!record->has_value()) return {};
    if (auto ok = take(std::move(**record)); !ok) return ok;
  }
}

// Before a byte of its payload is kept.
Result<void> BatchReceiver::check_record(const RecordHeader& header) {
  const auto bad = [this](const char* why) { return break_off(Refusal::kProtocol, why); };
  if (header.kind == RecordKind::kList) {
    if (state_ != State::kList || header.index != files_.size())
      return bad("a part of the list out of place");
    const size_t lines = header.length / kFileLineBytes;
    if (lines > limits::kBatchListMax || lines > offer_.files - files_.size())
      return bad("a list of more files than were offered");
    return {};
  }
  if (header.kind != RecordKind::kFiles) return bad("a record that is none of a batch");
  if (state_ != State::kReceiving || next_ == files_.size() || header.index != next_)
    return bad("files that are not the next ones asked for");
  if (header.encoding == Encoding::kZstd && !takes_packed_) return bad("packed files, which was not agreed");
  if (header.length <= kFilesCountBytes || header.length > kFilesCountBytes + limits::kBatchRecordBytesMax)
    return bad("too much or nothing in one record");
  return {};
}

Result<void> BatchReceiver::take(Record&& record) {
  return record.header.kind == RecordKind::kList ? take_list(record) : take_files(std::move(record));
}

Result<void> BatchReceiver::take_list(const Record& record) {
  auto files = decode_files(record.payload);
  if (!files) return break_off(Refusal::kProtocol, files.error().why);
  for (const BatchFile& file : *files) listed_bytes_ += file.size;
  files_.insert(files_.end(), files->begin(), files->end());
  actions_.emplace_back(TakenBytes{kRecordHeaderBytes + record.payload.size()});
  if (listed_bytes_ > offer_.bytes)
    return break_off(Refusal::kProtocol, "its list is of more bytes than it says");
  if (files_.size() < offer_.files) return {};
  if (listed_bytes_ != offer_.bytes)
    return break_off(Refusal::kProtocol, "its list is of less bytes than it says");
  state_ = State::kAsking;
  actions_.emplace_back(ListKnown{});
  return {};
}

void BatchReceiver::ask(const std::vector<bool>& wanted) {
  HETAO_CHECK(is_over() || (state_ == State::kAsking && wanted.size() == files_.size()));
  if (is_over()) return;
  state_ = State::kReceiving;
  wanted_ = wanted;
  next_ = static_cast<size_t>(std::find(wanted_.begin(), wanted_.end(), true) - wanted_.begin());
  Answer answer{.kind = Answer::Kind::kWant, .all = true, .missing = {}, .reason = 0, .text = {}};
  answer.missing.resize((wanted_.size() + 7) / 8);
  for (size_t i = 0; i < wanted_.size(); ++i) {
    if (!wanted_[i]) {
      answer.all = false;
      bytes_stored_ += files_[i].size;
      continue;
    }
    ++files_wanted_;
    answer.missing[i / 8] = static_cast<uint8_t>(answer.missing[i / 8] | (1U << (i % 8)));
  }
  if (answer.all) answer.missing.clear();
  if (files_wanted_ == 0) {
    state_ = State::kDone;
    actions_.emplace_back(SendAnswer{have_record()});
    return;
  }
  actions_.emplace_back(SendAnswer{answer_record(answer)});
}

Result<void> BatchReceiver::take_files(Record&& record) {
  const size_t count = get_u32(record.payload);
  CheckFiles work;
  work.encoding = record.header.encoding;
  while (work.files.size() < count && next_ < files_.size()) {
    work.files.push_back(files_[next_]);
    work.numbers.push_back(static_cast<uint32_t>(next_));
    work.unpacked += files_[next_].size;
    do ++next_;
    while (next_ < files_.size() && !wanted_[next_]);
  }
  const bool fits = count > 0 && work.files.size() == count && work.unpacked <= limits::kBatchRecordBytesMax;
  const size_t body = record.payload.size() - kFilesCountBytes;
  const bool has_size = work.encoding == Encoding::kRaw ? body == work.unpacked : body < work.unpacked;
  if (!fits || !has_size)
    return break_off(Refusal::kProtocol, "files of another number or size than was listed");
  work.payload = std::move(record.payload);
  actions_.emplace_back(std::move(work));
  return {};
}

Result<void> BatchReceiver::files_checked(CheckedFiles&& files) {
  if (is_over()) return {};
  HETAO_CHECK(state_ == State::kReceiving);
  if (!files.lie.empty()) return break_off(Refusal::kDigest, std::move(files.lie));
  actions_.emplace_back(StoreFiles{std::move(files)});
  return {};
}

void BatchReceiver::files_stored(const StoreFiles& stored) {
  if (is_over()) return;
  for (const BatchFile& file : stored.files.files) bytes_stored_ += file.size;
  files_stored_ += stored.files.files.size();
  HETAO_CHECK(files_stored_ <= files_wanted_);
  actions_.emplace_back(TakenBytes{kRecordHeaderBytes + stored.files.wire_bytes});
  if (files_stored_ < files_wanted_) return;
  state_ = State::kDone;
  actions_.emplace_back(SendAnswer{receipt_record(batch_digest(files_), offer_.bytes)});
}

}  // namespace hetao::transfer
