#include "gateway/io/outgoing_blob.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "gateway/io/agreed.h"
#include "gateway/tunnel/features.h"

namespace hetao::io {

namespace {

using Clock = std::chrono::steady_clock;
// What is smaller than this goes on the control link: opening lanes would cost more than it brings.
constexpr uint64_t kWorthLanes = 4 * limits::kChunkBytes;
// As many chunks go as they are before packing is judged by what the link carries.
constexpr size_t kChunksToKnowLink = 8;

}  // namespace

// --- what the streams of a blob share
// ----------------------------------------------------------------------------------------

OutgoingShare::OutgoingShare(transfer::Blob blob, std::string crossing, uint64_t transfer, Descriptor file,
                             std::string path, RatePass rate, bool may_pack)
    : sender_(std::move(blob), std::move(crossing), transfer),
      file_(std::move(file)),
      path_(std::move(path)),
      may_pack_(may_pack),
      rate_(std::move(rate)) {
  struct statfs facts{};
  in_memory_ = ::fstatfs(file_.get(), &facts) == 0 && facts.f_type == TMPFS_MAGIC;
  ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

std::optional<transfer::SendChunk> OutgoingShare::next_chunk() {
  const std::lock_guard lock(mutex_);
  if (stopped_) return std::nullopt;
  if (plain_chunks_ == 0 && measured_bytes_ == 0) measured_from_ = Clock::now();
  return sender_.next_chunk();
}

// A blob that ends before the link is known is packed by its size alone.
bool OutgoingShare::should_pack() {
  if (!may_pack_) return false;
  const std::lock_guard lock(mutex_);
  const bool is_small = sender_.blob().size <= kChunksToKnowLink * limits::kChunkBytes;
  if (!is_small && plain_chunks_ < kChunksToKnowLink) return false;
  return packing_.should_try();
}

void OutgoingShare::note_packing(size_t bytes, size_t packed_bytes, Duration spent) {
  const std::lock_guard lock(mutex_);
  packing_.note_try(bytes, packed_bytes, spent);
}

// Only chunks that went as they are show what the link carries; the others show how fast we pack.
void OutgoingShare::note_sent(size_t wire_bytes, bool packed) {
  const std::lock_guard lock(mutex_);
  if (packed) return;
  ++plain_chunks_;
  measured_bytes_ += wire_bytes;
  if (plain_chunks_ % kChunksToKnowLink != 0) return;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - measured_from_);
  if (took.count() > 0) packing_.note_link(measured_bytes_ * 1'000'000 / static_cast<uint64_t>(took.count()));
  measured_from_ = Clock::now();
  measured_bytes_ = 0;
}

void OutgoingShare::note_problem(std::string problem) {
  const std::lock_guard lock(mutex_);
  if (problem_.empty()) problem_ = std::move(problem);
  stopped_ = true;
}

std::string OutgoingShare::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void OutgoingShare::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

bool OutgoingShare::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

uint64_t OutgoingShare::bytes_sent() {
  const std::lock_guard lock(mutex_);
  return sender_.progress().bytes_sent;
}

bool OutgoingShare::read_at_once(std::span<uint8_t> out, uint64_t offset) const {
  const struct iovec piece{out.data(), out.size()};
  const ssize_t got =
      ::preadv2(file_.get(), &piece, 1, static_cast<off_t>(offset), in_memory_ ? 0 : RWF_NOWAIT);
  return got == static_cast<ssize_t>(out.size());
}

Result<void> OutgoingShare::read(std::span<uint8_t> out, uint64_t offset) const {
  while (!out.empty()) {
    const ssize_t part = ::pread(file_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return fail_errno(path_, "can't be read");
    if (part == 0) return fail(ErrorCode::kVerification, path_, "is shorter than it was");
    out = out.subspan(static_cast<size_t>(part));
    offset += static_cast<uint64_t>(part);
  }
  return {};
}

// --- a stream that chunks are written to
// -------------------------------------------------------------------------------------

Awaitable<bool> ChunkStream::send_chunk(OutgoingShare& share, transfer::SendChunk chunk) {
  bool sent = false;
  if (share.should_pack())
    sent = co_await send_packed(share, chunk);
  else
    sent = co_await send_plain(share, chunk);
  co_return sent;
}

Awaitable<bool> ChunkStream::send_packed(OutgoingShare& share, transfer::SendChunk chunk) {
  Bytes record;
  bool packed = false;
  const auto work = [&] {
    Bytes bytes(chunk.size);
    if (auto read = share.read(bytes, chunk.offset); !read) return share.note_problem(to_line(read.error()));
    transfer::ChunkPacker packer;
    const auto began = Clock::now();
    auto smaller = packer.pack(bytes);
    const auto spent = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began);
    share.note_packing(bytes.size(), smaller ? smaller->size() : bytes.size(), {spent.count()});
    packed = smaller.has_value();
    const Bytes& payload = packed ? *smaller : bytes;
    const auto encoding = packed ? transfer::Encoding::kZstd : transfer::Encoding::kRaw;
    const auto header = transfer::chunk_record_header(chunk.index, encoding, payload.size());
    record.reserve(header.size() + payload.size());
    record.insert(record.end(), header.begin(), header.end());
    record.insert(record.end(), payload.begin(), payload.end());
  };
  co_await workers_.run(work);
  if (record.empty()) co_return false;
  co_await pass_rate(share.rate(), record.size(), [&share] { return share.stopped(); });
  const bool written = co_await write(ByteView(record));
  share.note_sent(record.size(), packed);
  co_return written;
}

// From the file into the frames' own memory. Waiting for a disk is left to a worker.
Awaitable<bool> ChunkStream::send_plain(OutgoingShare& share, transfer::SendChunk chunk) {
  co_await pass_rate(share.rate(), chunk.size, [&share] { return share.stopped(); });
  const auto header = transfer::chunk_record_header(chunk.index, transfer::Encoding::kRaw, chunk.size);
  size_t head = header.size();
  for (size_t done = 0; done < chunk.size;) {
    const auto link = link_.lock();
    if (!link || gone_) co_return false;
    tunnel::FrameBuffer buffer = link->take_buffer();
    const std::span<uint8_t> space = buffer.space();
    if (head > space.size()) co_return false;
    std::copy_n(header.begin(), head, space.begin());
    const std::span<uint8_t> room = space.subspan(head, std::min(space.size() - head, chunk.size - done));
    if (!share.read_at_once(room, chunk.offset + done)) {
      Result<void> read;
      const auto work = [&] { read = share.read(room, chunk.offset + done); };
      co_await workers_.run(work);
      if (!read) {
        share.note_problem(to_line(read.error()));
        co_return false;
      }
    }
    buffer.set_size(head + room.size());
    done += room.size();
    head = 0;
    const bool written = co_await write(std::move(buffer));
    if (!written) co_return false;
  }
  share.note_sent(chunk.size, false);
  co_return true;
}

// --- a bulk lane
// -----------------------------------------------------------------------------------------------------------

Awaitable<bool> OutgoingLane::run() {
  const auto self = shared_from_this();
  {
    const auto link = link_.lock();
    if (!link || !link->is_open()) co_return false;
    const Bytes header = share_->with_sender([&](auto& sender) { return sender.lane_header(lane_); });
    auto id = link->open_stream(header, tunnel::Priority::kBulk, self);
    if (!id) co_return false;
    id_ = *id;
  }
  while (!gone_) {
    const auto chunk = share_->next_chunk();
    if (!chunk) break;
    const bool sent = co_await send_chunk(*share_, *chunk);
    if (!sent) break;
  }
  const auto link = link_.lock();
  if (link && !gone_) {
    if (share_->stopped())
      link->reset_stream(id_, tunnel::Reason::kCancelled, "");
    else
      link->end_stream(id_);
  }
  // The receiver ends its side when all that came here is stored.
  while (!gone_) co_await wait();
  co_return true;
}

void OutgoingLane::stop() {
  if (const auto link = link_.lock(); link && !gone_) link->reset_stream(id_, tunnel::Reason::kCancelled, "");
  gone_ = true;
  wake();
}

void OutgoingLane::on_data(ByteView /*bytes*/) {
  if (const auto link = link_.lock())
    link->reset_stream(id_, tunnel::Reason::kProtocol, "nothing is awaited here");
  gone_ = true;
  wake();
}

// --- the blob
// --------------------------------------------------------------------------------------------------------------

Awaitable<BlobOutcome> OutgoingBlob::run(std::string digest, std::string crossing, tunnel::Priority priority,
                                         uint64_t transfer, RatePass rate) {
  const auto self = shared_from_this();
  Result<transfer::Blob> blob = fail(ErrorCode::kFailed, digest, "was not read");
  Descriptor file;
  std::string path;
  const auto look = [&] {
    blob = blobs_.describe(digest);
    path = blobs_.path_of(digest).value_or(std::string());
    if (!blob) return;
    if (auto opened = open_file(path, O_RDONLY))
      file = std::move(*opened);
    else
      blob = fail(opened.error());
  };
  co_await workers_.run(look);
  if (!blob) co_return BlobOutcome{false, true, to_line(blob.error())};
  uses_lanes_ = priority == tunnel::Priority::kBulk && blob->size > kWorthLanes;
  const auto link = link_.lock();
  if (!link || gone_) co_return broken_;
  share_ = std::make_shared<OutgoingShare>(std::move(*blob), std::move(crossing), transfer, std::move(file),
                                           std::move(path), std::move(rate),
                                           agreed_on(*link, tunnel::kFeatureZstd));
  auto id = link->open_stream(share_->with_sender([](auto& s) { return s.offer(); }), priority, self);
  if (!id) co_return BlobOutcome{false, false, to_line(id.error())};
  id_ = *id;
  BlobOutcome outcome = co_await send_all();
  share_->stop();
  for (const auto& [key, busy] : busy_lanes_) {
    const auto lane = busy.link.lock();
    const auto one = busy.lane.lock();
    if (lane && one) lane->post([one](PeerLink&) { one->stop(); });
  }
  co_return outcome;
}

std::optional<BlobOutcome> OutgoingBlob::outcome() {
  using State = transfer::BlobSender::State;
  const auto link = link_.lock();
  if (const std::string problem = share_->problem(); !problem.empty()) {
    if (link) link->reset_stream(id_, tunnel::Reason::kInternal, "the blob can't be read");
    return BlobOutcome{false, true, problem};
  }
  return share_->with_sender([&](const transfer::BlobSender& sender) -> std::optional<BlobOutcome> {
    switch (sender.state()) {
      case State::kOffered:
      case State::kSending:
        return std::nullopt;
      case State::kHad:
      case State::kReceived:
        if (link) link->end_stream(id_);
        return BlobOutcome{true, false, ""};
      case State::kRefused: {
        if (link) link->end_stream(id_);
        const bool lied = sender.refused_reason() == static_cast<uint32_t>(transfer::Refusal::kDigest);
        return BlobOutcome{false, lied, "the peer refused it: " + sender.refused_text()};
      }
      case State::kBroken:
        if (link) link->reset_stream(id_, tunnel::Reason::kProtocol, "not a transfer's answer");
        return BlobOutcome{false, false, "the peer breaks the rules of transfers"};
    }
    return std::nullopt;
  });
}

Awaitable<BlobOutcome> OutgoingBlob::send_all() {
  while (!gone_) {
    if (auto over = outcome()) co_return *over;
    if (const auto record = share_->with_sender([](auto& sender) { return sender.next_record(); })) {
      co_await write(ByteView(*record));
      continue;
    }
    const auto link = link_.lock();
    if (!link) break;
    const bool due = share_->with_sender([](const auto& sender) { return sender.has_chunks_due(); });
    if (due && uses_lanes_) start_lanes(*link);
    if (due && busy_lanes_.empty()) {
      if (const auto chunk = share_->next_chunk()) co_await send_chunk(*share_, *chunk);
      continue;
    }
    if (!due && busy_lanes_.empty() && lanes_carried_) {
      lanes_carried_ = false;
      const Bytes word = transfer::sent_record();
      co_await write(ByteView(word));
      continue;
    }
    co_await wait();
  }
  co_return broken_;
}

void OutgoingBlob::start_lanes(PeerLink& link) {
  for (const auto& lane : link.lanes()) {
    const PeerLink* key = lane.get();
    if (busy_lanes_.contains(key) || useless_lanes_.contains(key)) continue;
    const auto one = std::make_shared<OutgoingLane>(lane, workers_, share_, next_lane_++);
    busy_lanes_[key] = {lane, one};
    lanes_carried_ = true;
    asio::co_spawn(lane->executor(), one->run(),
                   [self = shared_from_this(), key, one](const std::exception_ptr& problem, bool opened) {
                     asio::post(self->executor_,
                                [self, key, opened = opened && !problem] { self->lane_over(key, opened); });
                   });
  }
}

void OutgoingBlob::lane_over(const PeerLink* lane, bool opened) {
  busy_lanes_.erase(lane);
  if (!opened) useless_lanes_.insert(lane);
  wake();
}

void OutgoingBlob::cancel() {
  broken_.why = "cancelled";
  gone_ = true;
  if (share_) share_->stop();
  if (const auto link = link_.lock(); link && id_ != 0)
    link->reset_stream(id_, tunnel::Reason::kCancelled, "");
  wake();
}

void OutgoingBlob::on_data(ByteView bytes) {
  // What it found stands in its state.
  share_->with_sender([&](auto& sender) { (void)sender.receive(bytes); });
  if (const auto link = link_.lock()) link->consume(id_, bytes.size());
  wake();
}

}  // namespace hetao::io
