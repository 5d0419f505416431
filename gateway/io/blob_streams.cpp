#include "gateway/io/blob_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace hetao::io {

namespace {

constexpr auto kNoProgress = std::chrono::minutes(10);
// Below this a break costs less than remembering it.
constexpr uint64_t kProgressWorthKeeping = 4 * limits::kChunkBytes;
constexpr uint64_t kFreeBytesKept = uint64_t{256} << 20U;
constexpr size_t kEarlyBytesMax = limits::kStreamWindowBytes;
constexpr std::string_view kProgressSuffix = ".progress";

Result<Bytes> read_at(int file, uint64_t offset, size_t size, const std::string& path) {
  Bytes bytes(size);
  for (size_t got = 0; got < size;) {
    const ssize_t part = ::pread(file, bytes.data() + got, size - got, static_cast<off_t>(offset + got));
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return fail_errno(path, "can't be read");
    if (part == 0) return fail(ErrorCode::kVerification, path, "is shorter than it was");
    got += static_cast<size_t>(part);
  }
  return bytes;
}

}  // namespace

// --- sending
// -----------------------------------------------------------------------------------------------------------

void OutgoingBlob::wake() {
  woken_ = true;
  wake_.cancel();
}

Awaitable<void> OutgoingBlob::wait() {
  if (!woken_) {
    wake_.expires_after(kNoProgress);
    auto [error] = co_await wake_.async_wait(as_value);
    if (!error) {
      broken_.why = "no progress for ten minutes";
      gone_ = true;
    }
  }
  woken_ = false;
}

Awaitable<BlobOutcome> OutgoingBlob::run(std::string digest, std::string crossing,
                                         tunnel::Priority priority) {
  const auto self = shared_from_this();
  Result<transfer::Blob> blob = fail(ErrorCode::kFailed, digest, "was not read");
  const auto look = [&] {
    blob = blobs_.describe(digest);
    path_ = blobs_.path_of(digest).value_or(std::string());
    if (!blob) return;
    if (auto file = open_file(path_, O_RDONLY))
      file_ = std::move(*file);
    else
      blob = fail(file.error());
  };
  co_await workers_.run(look);
  if (!blob) co_return BlobOutcome{false, true, to_line(blob.error())};
  transfer::BlobSender sender(std::move(*blob), std::move(crossing), 0);
  const auto link = link_.lock();
  if (!link || gone_) co_return broken_;
  auto id = link->open_stream(sender.offer(), priority, self);
  if (!id) co_return BlobOutcome{false, false, to_line(id.error())};
  id_ = *id;
  sender_ = &sender;
  BlobOutcome outcome = co_await send_all(sender);
  sender_ = nullptr;
  co_return outcome;
}

Awaitable<BlobOutcome> OutgoingBlob::send_all(transfer::BlobSender& sender) {
  using State = transfer::BlobSender::State;
  while (!gone_) {
    if (sender.state() == State::kHad || sender.state() == State::kReceived) {
      if (const auto link = link_.lock()) link->end_stream(id_);
      co_return BlobOutcome{true, false, ""};
    }
    if (sender.state() == State::kRefused) {
      if (const auto link = link_.lock()) link->end_stream(id_);
      const bool lied = sender.refused_reason() == static_cast<uint32_t>(transfer::Refusal::kDigest);
      co_return BlobOutcome{false, lied, "the peer refused it: " + sender.refused_text()};
    }
    if (sender.state() == State::kBroken) {
      if (const auto link = link_.lock())
        link->reset_stream(id_, tunnel::Reason::kProtocol, "not a transfer's answer");
      co_return BlobOutcome{false, false, "the peer breaks the rules of transfers"};
    }
    auto work = sender.next();
    if (!work) {
      co_await wait();
      continue;
    }
    bool written = false;
    if (auto* record = std::get_if<transfer::SendRecord>(&*work))
      written = co_await write(record->record);
    else
      written = co_await send_chunk(std::get<transfer::SendChunk>(*work));
    if (!written && !gone_) {
      if (const auto link = link_.lock())
        link->reset_stream(id_, tunnel::Reason::kInternal, "the blob can't be read");
      co_return BlobOutcome{false, true, broken_.why};
    }
  }
  co_return broken_;
}

OutgoingBlob::Piece OutgoingBlob::read_chunk(const transfer::SendChunk& chunk) {
  Piece piece;
  auto bytes = read_at(file_.get(), chunk.offset, chunk.size, path_);
  if (!bytes) {
    piece.problem = to_line(bytes.error());
    return piece;
  }
  std::optional<Bytes> packed;
  if (packing_.should_try()) {
    const auto began = std::chrono::steady_clock::now();
    packed = packer_.pack(*bytes);
    const auto spent = std::chrono::steady_clock::now() - began;
    packing_.note_try(bytes->size(), packed ? packed->size() : bytes->size(),
                      {std::chrono::duration_cast<std::chrono::microseconds>(spent).count()});
  }
  const Bytes& payload = packed ? *packed : *bytes;
  const auto encoding = packed ? transfer::Encoding::kZstd : transfer::Encoding::kRaw;
  const auto header = transfer::chunk_record_header(chunk.index, encoding, payload.size());
  piece.record.reserve(header.size() + payload.size());
  piece.record.insert(piece.record.end(), header.begin(), header.end());
  piece.record.insert(piece.record.end(), payload.begin(), payload.end());
  return piece;
}

Awaitable<bool> OutgoingBlob::send_chunk(const transfer::SendChunk& chunk) {
  Piece piece;
  const auto read = [&] { piece = read_chunk(chunk); };
  co_await workers_.run(read);
  if (!piece.problem.empty()) {
    broken_.why = piece.problem;
    co_return false;
  }
  const bool written = co_await write(piece.record);
  co_return written;
}

Awaitable<bool> OutgoingBlob::write(ByteView bytes) {
  while (!gone_) {
    const auto link = link_.lock();
    if (!link) break;
    bytes = bytes.subspan(link->write_stream(id_, bytes));
    if (bytes.empty()) co_return true;
    co_await wait();
  }
  co_return false;
}

void OutgoingBlob::cancel() {
  broken_.why = "cancelled";
  gone_ = true;
  if (const auto link = link_.lock(); link && id_ != 0)
    link->reset_stream(id_, tunnel::Reason::kCancelled, "");
  wake();
}

void OutgoingBlob::on_data(ByteView bytes) {
  if (sender_ != nullptr) (void)sender_->receive(bytes);  // what it found stands in its state
  if (const auto link = link_.lock()) link->consume(id_, bytes.size());
  wake();
}

void OutgoingBlob::on_end() {
  wake();
}

void OutgoingBlob::on_reset(tunnel::Reason reason, const std::string& text) {
  if (broken_.why.empty())
    broken_.why = std::string("the peer ended the transfer: ") + tunnel::to_word(reason) +
                  (text.empty() ? "" : ": " + text);
  // It says that our bytes are not what we announced: sending them again gives the same.
  broken_.for_good = reason == tunnel::Reason::kDigest;
  gone_ = true;
  wake();
}

void OutgoingBlob::on_writable() {
  wake();
}

void OutgoingBlob::on_closed() {
  gone_ = true;
  wake();
}

// --- receiving
// -----------------------------------------------------------------------------------------------------------

IncomingBlob::IncomingBlob(std::weak_ptr<PeerLink> link, tunnel::StreamId id, Workers& workers,
                           BlobStore& blobs, asio::any_io_executor executor, transfer::Offer offer,
                           std::string partial_path, Done done)
    : link_(std::move(link)),
      id_(id),
      workers_(workers),
      blobs_(blobs),
      executor_(std::move(executor)),
      offer_(std::move(offer)),
      partial_path_(std::move(partial_path)),
      done_(std::move(done)) {}

void IncomingBlob::spawn(Awaitable<void> work) {
  asio::co_spawn(executor_, std::move(work), [self = shared_from_this()](const std::exception_ptr& problem) {
    if (problem) self->fail_here(transfer::Refusal::kInternal, "out of memory or the like");
  });
}

void IncomingBlob::begin() {
  if (over_) return;
  if (blobs_.has(transfer::blob_digest_text(offer_.digest))) {
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
    // Gone now, written again when this try breaks: chunks marked in it must not be overwritten by others.
    ::unlink(progress_path.c_str());
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
  receiver_.emplace(offer_, std::move(before));
  act();
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
  BlobStore::drop_partial(partial_path_);
  receiver_.reset();
  finish({false, false, "cancelled"});
}

// Something on this side prevents it: the peer is told, what is here stays.
void IncomingBlob::fail_here(transfer::Refusal reason, const std::string& why) {
  if (over_) return;
  if (const auto link = link_.lock())
    link->reset_stream(id_, tunnel::reason_of(static_cast<uint32_t>(reason)), "the receiver can't store it");
  finish({false, false, why});
}

void IncomingBlob::finish(BlobOutcome outcome) {
  if (over_) return;
  over_ = true;
  if (!outcome.ok && receiver_ && receiver_->progress().bytes_stored >= kProgressWorthKeeping &&
      !outcome.for_good)
    spawn(keep_for_later());
  else if (!outcome.ok)
    BlobStore::drop_partial(partial_path_);
  done_(outcome);
}

Awaitable<void> IncomingBlob::keep_for_later() {
  const Bytes progress = transfer::encode_progress(receiver_->unfinished());
  const auto keep = [&, file = file_] {
    // Chunks first: what the progress names must be on disk.
    if (file && ::fdatasync(file->get()) == 0)
      (void)write_durably(partial_path_ + std::string(kProgressSuffix), progress);
  };
  co_await workers_.run(keep);
}

void IncomingBlob::act() {
  while (receiver_ && !over_) {
    auto action = receiver_->poll_action();
    if (!action) break;
    std::visit([this](auto& a) { on(a); }, *action);
  }
  if (over_ || !receiver_) return;
  if (const auto& failure = receiver_->failure()) {
    const bool lied =
        failure->reason == transfer::Refusal::kDigest || failure->reason == transfer::Refusal::kProtocol;
    if (const auto link = link_.lock())
      link->reset_stream(id_, tunnel::reason_of(static_cast<uint32_t>(failure->reason)), failure->text);
    const std::string why = failure->text;
    const std::string fault = failure->reason == transfer::Refusal::kDigest ? "digest" : "protocol";
    finish({false, lied, why, lied ? fault : ""});
  }
}

void IncomingBlob::on(transfer::ReserveSpace& action) {
  if (blobs_.free_bytes() < action.bytes + kFreeBytesKept)
    receiver_->refuse(transfer::Refusal::kNoSpace, "not enough room on the disk");
  else
    receiver_->space_reserved();
}

void IncomingBlob::on(transfer::LeavesKnown&) {
  receiver_->ask({});
}

void IncomingBlob::on(transfer::SendAnswer& action) {
  answers_.insert(answers_.end(), action.record.begin(), action.record.end());
  write_answers();
}

void IncomingBlob::on(transfer::CheckChunk& action) {
  spawn(check(std::move(action)));
}

Awaitable<void> IncomingBlob::check(transfer::CheckChunk chunk) {
  transfer::CheckedChunk checked;
  const auto work = [&] { checked = transfer::check_chunk(std::move(chunk)); };
  co_await workers_.run(work);
  if (over_) co_return;
  (void)receiver_->chunk_checked(std::move(checked));  // a lie stands in its failure()
  act();
}

void IncomingBlob::on(transfer::StoreChunk& action) {
  spawn(store(std::move(action)));
}

Awaitable<void> IncomingBlob::store(transfer::StoreChunk chunk) {
  Result<void> written;
  const auto work = [&, file = file_] {
    written = write_all_at(file->get(), chunk.bytes, chunk.offset, partial_path_);
  };
  co_await workers_.run(work);
  if (over_) co_return;
  if (!written) {
    fail_here(transfer::Refusal::kNoSpace, to_line(written.error()));
    co_return;
  }
  receiver_->chunk_stored(chunk.index, std::move(chunk.bytes));
  act();
}

// The file is as large as the blob already, and what was not written reads as zeros.
void IncomingBlob::on(transfer::StoreZeros& action) {
  receiver_->zeros_stored(action.index, action.count);
}

void IncomingBlob::on(transfer::GiveCredit& action) {
  if (const auto link = link_.lock()) link->consume(id_, action.bytes);
}

void IncomingBlob::on(transfer::Complete&) {
  spawn(adopt());
}

Awaitable<void> IncomingBlob::adopt() {
  const transfer::Blob blob{offer_.digest, offer_.size, receiver_->leaves()};
  Result<void> adopted;
  const auto work = [&] { adopted = blobs_.adopt_partial(partial_path_, blob); };
  co_await workers_.run(work);
  if (over_) co_return;
  if (!adopted) {
    fail_here(transfer::Refusal::kInternal, to_line(adopted.error()));
    co_return;
  }
  receiver_->completed();
  act();
  if (const auto link = link_.lock()) link->end_stream(id_);
  finish({true, false, ""});
}

void IncomingBlob::write_answers() {
  const auto link = link_.lock();
  if (!link) return;
  const size_t taken = link->write_stream(id_, answers_);
  answers_.erase(answers_.begin(), answers_.begin() + static_cast<std::ptrdiff_t>(taken));
  if (over_ && answers_.empty()) link->end_stream(id_);
}

void IncomingBlob::on_data(ByteView bytes) {
  if (over_) {
    if (const auto link = link_.lock()) link->consume(id_, bytes.size());
    return;
  }
  if (!receiver_) {  // the offer is not granted yet; a well-behaved sender waits
    if (early_.size() + bytes.size() > kEarlyBytesMax)
      return fail_here(transfer::Refusal::kProtocol, "bytes too early");
    early_.insert(early_.end(), bytes.begin(), bytes.end());
    return;
  }
  (void)receiver_->receive(0, bytes);  // what is wrong stands in its failure()
  act();
}

void IncomingBlob::on_end() {
  peer_ended_ = true;
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

}  // namespace hetao::io
