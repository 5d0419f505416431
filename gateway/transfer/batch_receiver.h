// The receiving end of a batch. Takes the list, asks for what its owner wants of it, and hands out what
// arrived to be checked and stored, a record's files at a time. A file that does not have its digest is a lie
// of the sender and ends the batch. Does no I/O. Credit for a record's bytes is given back once its files are
// stored, so a slow disk slows the wire.
//
// Order: LIST records -> ListKnown -> ask -> CheckFiles -> files_checked -> StoreFiles -> files_stored -> …
// -> receipt. Not thread-safe: one owner; check_files may run on any thread.
#pragma once

#include <deque>
#include <optional>
#include <variant>

#include "gateway/transfer/batch.h"
#include "gateway/transfer/offer.h"
#include "gateway/transfer/receiver.h"

namespace hetao::transfer {

struct ListKnown {};   // answered by ask or refuse
struct StoreFiles {    // answered by files_stored
  CheckedFiles files;  // without a lie
};
struct TakenBytes {  // these bytes of the stream are dealt with
  size_t bytes;
};

using BatchAction = std::variant<ListKnown, SendAnswer, CheckFiles, StoreFiles, TakenBytes>;

class BatchReceiver {
 public:
  enum class State : uint8_t { kList, kAsking, kReceiving, kDone, kFailed };

  // `takes_packed`: both sides speak zstd.
  BatchReceiver(BatchOffer offer, bool takes_packed);

  std::optional<BatchAction> poll_action();
  // An error ends the batch; what it was stands in failure().
  Result<void> receive(ByteView bytes);
  // One for each file of the list: false for what is here already and was shown to be the sender's too.
  void ask(const std::vector<bool>& wanted);
  Result<void> files_checked(CheckedFiles&& files);
  void files_stored(const StoreFiles& files);
  // Ends it from our side. The answer goes to the sender.
  void refuse(Refusal reason, std::string_view text);

  State state() const { return state_; }
  const BatchOffer& offer() const { return offer_; }
  const std::vector<BatchFile>& files() const { return files_; }
  uint64_t bytes_stored() const { return bytes_stored_; }
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  bool is_over() const { return state_ == State::kDone || state_ == State::kFailed; }
  Result<void> break_off(Refusal reason, std::string text);
  Result<void> check_record(const RecordHeader& header);
  Result<void> take(Record&& record);
  Result<void> take_list(const Record& record);
  Result<void> take_files(Record&& record);

  BatchOffer offer_;
  bool takes_packed_;
  State state_ = State::kList;
  RecordReader reader_;
  std::vector<BatchFile> files_;
  uint64_t listed_bytes_ = 0;
  std::vector<bool> wanted_;
  size_t next_ = 0;  // of those wanted, the first that has not come
  size_t files_wanted_ = 0;
  size_t files_stored_ = 0;
  uint64_t bytes_stored_ = 0;
  std::deque<BatchAction> actions_;
  std::optional<Failure> failure_;
};

}  // namespace hetao::transfer
