#include "gateway/io/incoming_blob.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "gateway/io/agreed.h"
#include "gateway/io/random_number.h"
#include "gateway/tunnel/features.h"

namespace hetao::io {

namespace {

// Below this a break costs less than remembering it.
constexpr uint64_t kProgressWorthKeeping = 4 * limits::kChunkBytes;
constexpr auto kSaveEvery = std::chrono::seconds(5);
constexpr size_t kEarlyBytesMax = limits::kStreamWindowBytes;
constexpr size_t kChunksAtOnce = 2;
constexpr size_t kChunksToShow = 3;
constexpr std::string_view kProgressSuffix = ".progress";

}  // namespace

// A bulk lane's stream: everything goes to the blob.
class IncomingBlob::Lane : public StreamHandler {
 public:
  Lane(std::shared_ptr<IncomingBlob> blob, std::weak_ptr<PeerLink> link, tunnel::StreamId id, uint32_t lane)
      : blob_(std::move(blob)), link_(std::move(link)), id_(id), lane_(lane) {}

  void on_data(ByteView bytes) override {
    if (!blob_->over_) return blob_->lane_data(lane_, bytes);
    if (const auto link = link_.lock()) link->consume(id_, bytes.size());
  }
  void on_end() override {
    if (!blob_->over_) return blob_->lane_ended(lane_);
    if (const auto link = link_.lock()) link->end_stream(id_);
  }
  void on_reset(tunnel::Reason /*reason*/, const std::string& /*text*/) override { blob_->lane_lost(lane_); }
  void on_writable() override {}
  void on_closed() override { blob_->lane_lost(lane_); }

 private:
  std::shared_ptr<IncomingBlob> blob_;
  std::weak_ptr<PeerLink> link_;
  tunnel::StreamId id_;
  uint32_t lane_;
};

IncomingBlob::IncomingBlob(const std::shared_ptr<PeerLink>& link, tunnel::StreamId id, Workers& workers,
                           BlobStore& blobs, asio::any_io_executor executor, transfer::Offer offer,
                           std::string partial_path, Done done)
    : link_(link),
      id_(id),
      workers_(workers),
      blobs_(blobs),
      executor_(std::move(executor)),
      offer_(std::move(offer)),
      takes_packed_(agreed_on(*link, tunnel::kFeatureZstd)),
      partial_path_(std::move(partial_path)),
      done_(std::move(done)) {}

void IncomingBlob::spawn(Awaitable<void> work) {
  asio::co_spawn(executor_, std::move(work), [self = shared_from_this()](const std::exception_ptr& problem) {
    if (problem) self->fail_here(transfer::Refusal::kInternal, "out of memory or the like");
  });
}

void IncomingBlob::to_io_thread(std::function<void(IncomingBlob&)> work) {
  asio::post(executor_, [self = shared_from_this(), work = std::move(work)] { work(*self); });
}

// --- beginning and end; io thread
// -------------------------------------------------------------------------------------------

void IncomingBlob::begin(bool peer_had_it) {
  if (over_) return;
  is_here_ = blobs_.has(transfer::blob_digest_text(offer_.digest));
  if (is_here_ && peer_had_it) {
    answers_ = transfer::have_record();
    write_answers();
    return finish({true, false, ""});
  }
  spawn(open_partial());
}

Awaitable<void> IncomingBlob::open_partial() {
  std::optional<transfer::Progress> before;
  Result<Descriptor> file = fail(ErrorCode::kFailed, partial_path_, "was not opened");
  const auto look = [&] {
    const std::string progress_path = partial_path_ + std::string(kProgressSuffix);
    if (auto bytes = read_file(progress_path, limits::kCrlBytesMax)) {
      if (auto progress = transfer::decode_progress(*bytes)) before = std::move(*progress);
    }
    // What is no progress of this blob must not be believed after this try either.
    if (is_here_) before.reset();
    if (before && (before->digest != offer_.digest || before->size != offer_.size)) before.reset();
    if (!before) ::unlink(progress_path.c_str());
    file = open_file(partial_path_, O_RDWR | O_CREAT | (before ? 0 : O_TRUNC), 0600);
    if (file && ::ftruncate(file->get(), static_cast<off_t>(offer_.size)) != 0)
      file = fail_errno(partial_path_, "can't be made as large as the blob");
  };
  co_await workers_.run(look);
  if (over_) co_return;
  if (!file) {
    fail_here(transfer::Refusal::kNoSpace, to_line(file.error()));
    co_return;
  }
  file_ = std::make_shared<Descriptor>(std::move(*file));
  {
    const std::lock_guard lock(mutex_);
    saved_ = std::chrono::steady_clock::now();
    receiver_.emplace(offer_, std::move(before), takes_packed_);
    act();
  }
  const Bytes early = std::move(early_);
  early_.clear();
  if (!early.empty()) on_data(early);
}

void IncomingBlob::refuse(transfer::Refusal reason, std::string_view text, std::string fault) {
  if (over_) return;
  answers_ = transfer::refused_record(reason, text);
  write_answers();
  finish({false, false, std::string(text), std::move(fault)});
}

void IncomingBlob::cancel() {
  if (over_) return;
  if (const auto link = link_.lock()) link->reset_stream(id_, tunnel::Reason::kCancelled, "");
  finish({false, true, "cancelled"});
}

// Something on this side prevents it: the peer is told, what is here stays.
void IncomingBlob::fail_here(transfer::Refusal reason, const std::string& why) {
  if (over_) return;
  if (const auto link = link_.lock())
    link->reset_stream(id_, tunnel::reason_of(static_cast<uint32_t>(reason)), "the receiver can't store it");
  finish({false, false, why});
}

void IncomingBlob::broke(const transfer::Failure& failure) {
  if (over_) return;
  const bool lied =
      failure.reason == transfer::Refusal::kDigest || failure.reason == transfer::Refusal::kProtocol;
  if (const auto link = link_.lock())
    link->reset_stream(id_, tunnel::reason_of(static_cast<uint32_t>(failure.reason)), failure.text);
  const std::string fault = failure.reason == transfer::Refusal::kDigest ? "digest" : "protocol";
  finish({false, lied, failure.text, lied ? fault : ""});
}

// The file is free for another try only when all of this one is over.
void IncomingBlob::finish(BlobOutcome outcome) {
  if (over_) return;
  over_ = true;
  bool keep = false;
  {
    const std::lock_guard lock(mutex_);
    keep = !outcome.ok && !outcome.for_good && receiver_ && !is_here_ &&
           receiver_->progress().bytes_stored >= kProgressWorthKeeping;
    for (auto& [number, lane] : lanes_) {
      if (const auto link = lane.link.lock(); link && !outcome.ok)
        link->post([id = lane.id](PeerLink& l) { l.reset_stream(id, tunnel::Reason::kCancelled, ""); });
    }
    checks_.clear();
  }
  if (keep) return spawn(keep_for_later(std::move(outcome)));
  if (!outcome.ok && !partial_path_.empty()) {
    BlobStore::drop_partial(partial_path_);
    BlobStore::drop_partial(partial_path_ + std::string(kProgressSuffix));
  }
  done_(outcome);
}

Awaitable<void> IncomingBlob::keep_for_later(BlobOutcome outcome) {
  const auto self = shared_from_this();
  const auto keep = [this] {
    Bytes progress;
    {
      const std::lock_guard lock(mutex_);
      progress = transfer::encode_progress(receiver_->unfinished());
    }
    // Chunks first: what the progress names must be on disk.
    if (::fdatasync(file_->get()) == 0)
      (void)write_durably(partial_path_ + std::string(kProgressSuffix), progress);
  };
  co_await workers_.run(keep);
  done_(outcome);
}

void IncomingBlob::write_answers() {
  const auto link = link_.lock();
  if (!link) return;
  const size_t taken = link->write_stream(id_, answers_);
  answers_.erase(answers_.begin(), answers_.begin() + static_cast<std::ptrdiff_t>(taken));
  if (over_ && answers_.empty()) link->end_stream(id_);
}

// --- lane 0; io thread
// -------------------------------------------------------------------------------------------------------

void IncomingBlob::on_data(ByteView bytes) {
  if (over_) {
    if (const auto link = link_.lock()) link->consume(id_, bytes.size());
    return;
  }
  const std::unique_lock lock(mutex_);
  if (receiver_) {
    (void)receiver_->receive(0, bytes);  // what is wrong stands in its failure()
    return act();
  }
  // The offer is not granted yet; a well-behaved sender waits.
  if (early_.size() + bytes.size() > kEarlyBytesMax)
    return to_io_thread(
        [](IncomingBlob& b) { b.fail_here(transfer::Refusal::kProtocol, "bytes too early"); });
  early_.insert(early_.end(), bytes.begin(), bytes.end());
}

void IncomingBlob::on_end() {
  if (over_) {
    if (const auto link = link_.lock()) link->end_stream(id_);
    return;
  }
  // A sender ends its side after the receipt, never before.
  fail_here(transfer::Refusal::kProtocol, "the sender ended before everything was here");
}

void IncomingBlob::on_reset(tunnel::Reason reason, const std::string& text) {
  finish(
      {false, false, std::string("the sender ended the transfer: ") + tunnel::to_word(reason) + ": " + text});
}

void IncomingBlob::on_writable() {
  write_answers();
}

void IncomingBlob::on_closed() {
  finish({false, false, "the stream is gone"});
}

// --- bulk lanes; their threads
// -----------------------------------------------------------------------------------------------

std::shared_ptr<StreamHandler> IncomingBlob::add_lane(const std::shared_ptr<PeerLink>& lane,
                                                      tunnel::StreamId id, const transfer::Offer& offer) {
  const std::lock_guard lock(mutex_);
  if (over_ || !receiver_) return nullptr;
  if (!receiver_->add_lane(offer)) {
    act();
    return nullptr;
  }
  lanes_[offer.lane] = {lane, id, 0, false};
  return std::make_shared<Lane>(shared_from_this(), lane, id, offer.lane);
}

void IncomingBlob::lane_data(uint32_t lane, ByteView bytes) {
  const std::lock_guard lock(mutex_);
  if (const auto side = lanes_.find(lane); side != lanes_.end()) side->second.held += bytes.size();
  (void)receiver_->receive(lane, bytes);
  act();
}

void IncomingBlob::lane_ended(uint32_t lane) {
  const std::lock_guard lock(mutex_);
  const auto side = lanes_.find(lane);
  if (side == lanes_.end()) return;
  side->second.ended = true;
  end_lane_if_done(side->second);
}

void IncomingBlob::end_lane_if_done(LaneSide& side) {
  if (!side.ended || side.held > 0) return;
  side.ended = false;
  if (const auto link = side.link.lock()) link->post([id = side.id](PeerLink& l) { l.end_stream(id); });
}

void IncomingBlob::lane_lost(uint32_t lane) {
  const std::lock_guard lock(mutex_);
  lanes_.erase(lane);
  if (over_) return;
  receiver_->lane_lost(lane);
  act();
}

void IncomingBlob::give_credit(uint32_t lane, size_t bytes) {
  if (lane == 0)
    return to_io_thread([bytes](IncomingBlob& b) {
      if (const auto link = b.link_.lock()) link->consume(b.id_, bytes);
    });
  const auto side = lanes_.find(lane);
  if (side == lanes_.end()) return;
  side->second.held -= std::min(bytes, side->second.held);
  if (const auto link = side->second.link.lock())
    link->post([id = side->second.id, bytes](PeerLink& l) { l.consume(id, bytes); });
  end_lane_if_done(side->second);
}

// --- what the receiver wants; the mutex is held
// ------------------------------------------------------------------------------

void IncomingBlob::act() {
  while (receiver_ && !over_) {
    auto action = receiver_->poll_action();
    if (!action) break;
    std::visit([this](auto& a) { on(a); }, *action);
  }
  if (over_ || failed_ || !receiver_) return;
  bytes_stored_ = receiver_->progress().bytes_stored;
  if (const auto& failure = receiver_->failure()) {
    failed_ = true;
    to_io_thread([failure = *failure](IncomingBlob& b) { b.broke(failure); });
  }
}

void IncomingBlob::on(transfer::ReserveSpace& action) {
  if (is_here_) return receiver_->space_reserved();
  if (auto room = blobs_.reserve_room(action.bytes)) {
    room_.emplace(std::move(*room));
    receiver_->space_reserved();
  } else {
    receiver_->refuse(transfer::Refusal::kNoSpace, "not enough room on the disk");
  }
}

void IncomingBlob::on(transfer::LeavesKnown&) {
  const uint64_t count = transfer::chunk_count(offer_.size);
  if (!is_here_ || count <= kChunksToShow) return receiver_->ask({});
  std::set<uint64_t> shown;
  while (shown.size() < kChunksToShow)
    shown.insert((uint64_t{random_number()} << 32U | random_number()) % count);
  std::vector<uint64_t> found;
  for (uint64_t index = 0; index < count; ++index) {
    if (!shown.contains(index)) found.push_back(index);
  }
  receiver_->ask(found);
  for (const uint64_t index : found) receiver_->chunk_stored(index);
}

void IncomingBlob::on(transfer::SendAnswer& action) {
  to_io_thread([record = std::move(action.record)](IncomingBlob& b) {
    b.answers_.insert(b.answers_.end(), record.begin(), record.end());
    b.write_answers();
  });
}

// Two chunks are hashed in little more time than one: a worker that is at it takes what came meanwhile, and
// another begins only when that is more.
void IncomingBlob::on(transfer::CheckChunk& action) {
  checks_.push_back(std::move(action));
  if (hashing_ > 0 && checks_.size() <= hashing_ * kChunksAtOnce) return;
  ++hashing_;
  workers_.post([self = shared_from_this()] { self->work_on_chunks(); });
}

// Comes of chunk_checked only: the worker that called it goes on with it.
void IncomingBlob::on(transfer::StoreChunk& action) {
  stores_.push_back(std::move(action));
}

// The file is as large as the blob already, and what was not written reads as zeros.
void IncomingBlob::on(transfer::StoreZeros& action) {
  receiver_->zeros_stored(action.index, action.count);
}

void IncomingBlob::on(transfer::GiveCredit& action) {
  give_credit(action.lane, action.bytes);
}

void IncomingBlob::on(transfer::Complete&) {
  workers_.post([self = shared_from_this()] { self->adopt(); });
}

// --- on worker threads
// -------------------------------------------------------------------------------------------------------

void IncomingBlob::work_on_chunks() {
  while (true) {
    auto checked = transfer::check_chunks(next_checks());
    if (checked.empty()) return;
    std::vector<transfer::StoreChunk> stores;
    {
      const std::lock_guard lock(mutex_);
      if (!over_) {
        for (auto& chunk : checked)
          (void)receiver_->chunk_checked(std::move(chunk));  // a lie stands in failure()
        act();
        stores = std::move(stores_);
        stores_.clear();
      }
    }
    store(std::move(stores));
  }
}

// None: this worker's turn is over.
std::vector<transfer::CheckChunk> IncomingBlob::next_checks() {
  const std::lock_guard lock(mutex_);
  std::vector<transfer::CheckChunk> chunks;
  for (; !over_ && !checks_.empty() && chunks.size() < kChunksAtOnce; checks_.pop_front())
    chunks.push_back(std::move(checks_.front()));
  if (chunks.empty()) --hashing_;
  return chunks;
}

void IncomingBlob::store(std::vector<transfer::StoreChunk> chunks) {
  for (transfer::StoreChunk& chunk : chunks) {
    auto written = write_all_at(file_->get(), chunk.bytes, chunk.offset, partial_path_);
    if (!written)
      return to_io_thread([why = to_line(written.error())](IncomingBlob& b) {
        b.fail_here(transfer::Refusal::kNoSpace, why);
      });
    // The disk begins now, rather than all at once when the blob is synced.
    ::sync_file_range(file_->get(), static_cast<off_t>(chunk.offset), static_cast<off_t>(chunk.bytes.size()),
                      SYNC_FILE_RANGE_WRITE);
    const std::lock_guard lock(mutex_);
    if (room_) room_->used(chunk.bytes.size());
    if (over_) {
      // Counted all the same: what was stored need not come again.
      receiver_->chunk_stored(chunk.index);
      continue;
    }
    receiver_->chunk_stored(chunk.index, std::move(chunk.bytes));
    act();
  }
  save_progress_now_and_then();
}

void IncomingBlob::save_progress_now_and_then() {
  Bytes progress;
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    const bool worth = receiver_->state() == transfer::BlobReceiver::State::kReceiving &&
                       receiver_->progress().bytes_stored >= kProgressWorthKeeping;
    if (over_ || saving_ || is_here_ || !worth || now - saved_ < kSaveEvery) return;
    saving_ = true;
    progress = transfer::encode_progress(receiver_->unfinished());
  }
  if (::fdatasync(file_->get()) == 0)
    (void)write_durably(partial_path_ + std::string(kProgressSuffix), progress);
  const std::lock_guard lock(mutex_);
  saving_ = false;
  saved_ = std::chrono::steady_clock::now();
}

void IncomingBlob::adopt() {
  transfer::Blob blob{offer_.digest, offer_.size, {}};
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    blob.leaves = receiver_->leaves();
  }
  auto adopted = blobs_.adopt_partial(partial_path_, blob);
  if (!adopted)
    return to_io_thread([why = to_line(adopted.error())](IncomingBlob& b) {
      b.fail_here(transfer::Refusal::kInternal, why);
    });
  BlobStore::drop_partial(partial_path_ + std::string(kProgressSuffix));
  to_io_thread([](IncomingBlob& b) { b.complete(); });
}

// In one go: the sender's end must not come between the receipt and ours.
void IncomingBlob::complete() {
  if (over_) return;
  {
    const std::lock_guard lock(mutex_);
    receiver_->completed();
    while (auto action = receiver_->poll_action()) {
      if (const auto* answer = std::get_if<transfer::SendAnswer>(&*action))
        answers_.insert(answers_.end(), answer->record.begin(), answer->record.end());
    }
  }
  finish({true, false, ""});
  write_answers();
}

}  // namespace hetao::io
