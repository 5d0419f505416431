// The sending end of a batch: the offer, its list, and then the files that the receiver asks for. Reads
// nothing itself: its owner reads the files that are handed out and writes their record. Not thread-safe:
// one owner.
#pragma once

#include <optional>
#include <variant>

#include "gateway/transfer/batch.h"
#include "gateway/transfer/offer.h"

namespace hetao::transfer {

struct SendList {
  Bytes record;  // write it as it is
};
// Read these files one after the other, and write their record: files_record_header, their number
// (kFilesCountBytes), then their bytes, packed or not.
struct SendFiles {
  std::vector<uint32_t> numbers;  // in the list, rising
  size_t bytes = 0;
};
using BatchWork = std::variant<SendList, SendFiles>;

class BatchSender {
 public:
  enum class State : uint8_t {
    kOffered,  // no answer yet
    kSending,
    kReceived,  // the receiver has them all
    kRefused,
    kBroken,  // the receiver breaks the rules
  };

  // At least one file, within the limits of a batch.
  BatchSender(std::vector<BatchFile> files, std::string crossing, uint64_t transfer);

  Bytes offer() const;
  Result<void> receive(ByteView bytes);
  // Nothing: wait for the receiver.
  std::optional<BatchWork> next();

  State state() const { return state_; }
  const std::vector<BatchFile>& files() const { return files_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t bytes_sent() const { return bytes_sent_; }
  uint32_t refused_reason() const { return refused_reason_; }
  const std::string& refused_text() const { return refused_text_; }

 private:
  Result<void> check_record(const RecordHeader& header) const;
  Result<void> take(const Record& record);
  Result<void> take_answer(const Answer& answer);
  SendFiles next_files();

  std::vector<BatchFile> files_;
  std::string crossing_;
  uint64_t transfer_;
  uint64_t bytes_ = 0;
  State state_ = State::kOffered;
  RecordReader reader_;
  size_t listed_ = 0;      // files whose line has gone
  std::vector<bool> due_;  // asked for
  size_t next_ = 0;        // none is due before this one
  uint64_t bytes_sent_ = 0;
  uint32_t refused_reason_ = 0;
  std::string refused_text_;
};

}  // namespace hetao::transfer
