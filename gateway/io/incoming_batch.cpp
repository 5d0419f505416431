#include "gateway/io/incoming_batch.h"

#include "gateway/io/agreed.h"
#include "gateway/io/small_blobs.h"
#include "gateway/tunnel/features.h"

namespace hetao::io {

IncomingBatch::IncomingBatch(const std::shared_ptr<PeerLink>& link, tunnel::StreamId id, std::string region,
                             Workers& workers, BlobStore& blobs, const Arrivals& arrivals,
                             asio::any_io_executor executor, transfer::BatchOffer offer, Owner owner)
    : link_(link),
      id_(id),
      region_(std::move(region)),
      workers_(workers),
      blobs_(blobs),
      arrivals_(arrivals),
      executor_(std::move(executor)),
      receiver_(std::move(offer), agreed_on(*link, tunnel::kFeatureZstd)),
      owner_(std::move(owner)) {}

// --- what its owner says
// -----------------------------------------------------------------------------------------------------------

void IncomingBatch::want(const std::vector<bool>& wanted) {
  if (over_) return;
  uint64_t bytes = 0;
  for (size_t i = 0; i < wanted.size(); ++i) bytes += wanted[i] ? files()[i].size : 0;
  if (auto room = blobs_.reserve_room(bytes)) {
    room_.emplace(std::move(*room));
    receiver_.ask(wanted);
  } else {
    receiver_.refuse(transfer::Refusal::kNoSpace, "not enough room on the disk");
  }
  act();
}

void IncomingBatch::refuse(transfer::Refusal reason, std::string_view text, std::string fault) {
  if (over_) return;
  answers_ = transfer::refused_record(reason, text);
  write_answers();
  finish({false, false, std::string(text), std::move(fault)});
}

void IncomingBatch::cancel() {
  if (over_) return;
  if (const auto link = link_.lock()) link->reset_stream(id_, tunnel::Reason::kCancelled, "");
  finish({false, true, "cancelled"});
}

// --- what the stream brings
// -----------------------------------------------------------------------------------------------------------

void IncomingBatch::on_data(ByteView bytes) {
  if (over_) {
    if (const auto link = link_.lock()) link->consume(id_, bytes.size());
    return;
  }
  (void)receiver_.receive(bytes);  // what is wrong stands in its failure()
  act();
}

void IncomingBatch::on_end() {
  if (over_) {
    if (const auto link = link_.lock()) link->end_stream(id_);
    return;
  }
  // A sender ends its side after the receipt, never before.
  fail_here(transfer::Refusal::kProtocol, "the sender ended before everything was here");
}

void IncomingBatch::on_reset(tunnel::Reason reason, const std::string& text) {
  finish(
      {false, false, std::string("the sender ended the transfer: ") + tunnel::to_word(reason) + ": " + text});
}

void IncomingBatch::on_closed() {
  finish({false, false, "the stream is gone"});
}

// --- what the receiver wants
// -----------------------------------------------------------------------------------------------------------

void IncomingBatch::act() {
  while (!over_) {
    auto action = receiver_.poll_action();
    if (!action) break;
    std::visit([this](auto& a) { on(a); }, *action);
  }
  if (over_) return;
  if (const auto& failure = receiver_.failure()) return broke(*failure);
  if (receiver_.state() != transfer::BatchReceiver::State::kDone) return;
  finish({true, false, ""});
  write_answers();
}

void IncomingBatch::on(transfer::ListKnown&) {
  owner_.listed(shared_from_this());
}

void IncomingBatch::on(transfer::SendAnswer& action) {
  answers_.insert(answers_.end(), action.record.begin(), action.record.end());
  write_answers();
}

void IncomingBatch::on(transfer::CheckFiles& action) {
  auto work = [self = shared_from_this(), files = std::move(action)]() mutable {
    auto checked = std::make_shared<transfer::CheckedFiles>(transfer::check_files(std::move(files)));
    asio::post(self->executor_, [self, checked] {
      if (self->over_) return;
      (void)self->receiver_.files_checked(std::move(*checked));  // a lie stands in its failure()
      self->act();
    });
  };
  workers_.post(std::move(work));
}

void IncomingBatch::on(transfer::StoreFiles& action) {
  waiting_.push_back(std::move(action));
  store_waiting();
}

void IncomingBatch::on(transfer::TakenBytes& action) {
  if (const auto link = link_.lock()) link->consume(id_, action.bytes);
}

// One group at a time: what comes meanwhile is the next group.
void IncomingBatch::store_waiting() {
  if (storing_ || waiting_.empty()) return;
  storing_ = true;
  const auto records = std::make_shared<std::vector<transfer::StoreFiles>>(std::move(waiting_));
  waiting_.clear();
  workers_.post([self = shared_from_this(), records] {
    const auto kept = std::make_shared<Result<void>>(self->store(*records));
    asio::post(self->executor_, [self, records, kept] { self->stored(*records, *kept); });
  });
}

// On a worker.
Result<void> IncomingBatch::store(const std::vector<transfer::StoreFiles>& records) const {
  std::vector<SmallBlob> blobs;
  std::vector<Digest> digests;
  for (const auto& record : records) {
    ByteView bytes = record.files.bytes;
    for (const auto& file : record.files.files) {
      blobs.push_back({file.digest, bytes.first(file.size)});
      digests.push_back(file.digest);
      bytes = bytes.subspan(file.size);
    }
  }
  if (auto kept = keep_small(blobs_, blobs); !kept) return kept;
  arrivals_.note(region_, receiver_.offer().crossing, digests);
  return {};
}

void IncomingBatch::stored(const std::vector<transfer::StoreFiles>& records, const Result<void>& kept) {
  storing_ = false;
  if (!kept) return fail_here(transfer::Refusal::kNoSpace, to_line(kept.error()));
  for (const auto& record : records) {
    if (room_) room_->used(record.files.bytes.size());
    owner_.stored(record.files.files);
    if (!over_) receiver_.files_stored(record);
  }
  if (over_) return;
  act();
  store_waiting();
}

// --- its end
// -----------------------------------------------------------------------------------------------------------

// Something on this side prevents it: the peer is told, what is here stays.
void IncomingBatch::fail_here(transfer::Refusal reason, const std::string& why) {
  if (over_) return;
  if (const auto link = link_.lock())
    link->reset_stream(id_, tunnel::reason_of(static_cast<uint32_t>(reason)), "the receiver can't store it");
  finish({false, false, why});
}

void IncomingBatch::broke(const transfer::Failure& failure) {
  if (over_) return;
  const bool lied =
      failure.reason == transfer::Refusal::kDigest || failure.reason == transfer::Refusal::kProtocol;
  const std::string fault = failure.reason == transfer::Refusal::kDigest ? "digest" : "protocol";
  // Refused by ourselves: the answer is on its way, and ends the stream.
  if (!lied) {
    finish({false, false, failure.text});
    return write_answers();
  }
  if (const auto link = link_.lock())
    link->reset_stream(id_, tunnel::reason_of(static_cast<uint32_t>(failure.reason)), failure.text);
  finish({false, true, failure.text, fault});
}

void IncomingBatch::write_answers() {
  const auto link = link_.lock();
  if (!link) return;
  const size_t taken = link->write_stream(id_, answers_);
  answers_.erase(answers_.begin(), answers_.begin() + static_cast<std::ptrdiff_t>(taken));
  if (over_ && answers_.empty()) link->end_stream(id_);
}

void IncomingBatch::finish(const BlobOutcome& outcome) {
  if (over_) return;
  over_ = true;
  owner_.done(outcome);
}

}  // namespace hetao::io
