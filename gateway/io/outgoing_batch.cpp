#include "gateway/io/outgoing_batch.h"

#include <fcntl.h>

#include <chrono>

#include "gateway/io/agreed.h"
#include "gateway/io/durable_file.h"
#include "gateway/tunnel/features.h"

namespace hetao::io {

namespace {

using Clock = std::chrono::steady_clock;

Duration since(Clock::time_point began) {
  return {std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began).count()};
}

}  // namespace

Awaitable<BlobOutcome> OutgoingBatch::run(RatePass rate) {
  const auto self = shared_from_this();
  const auto link = link_.lock();
  if (!link || gone_) co_return broken_;
  auto id = link->open_stream(sender_.offer(), tunnel::Priority::kSmall, self);
  if (!id) co_return BlobOutcome{false, false, to_line(id.error())};
  id_ = *id;
  BlobOutcome outcome = co_await send_all(std::move(rate));
  co_return outcome;
}

std::optional<BlobOutcome> OutgoingBatch::outcome() {
  using State = transfer::BatchSender::State;
  const auto link = link_.lock();
  if (!problem_.empty()) {
    if (link) link->reset_stream(id_, tunnel::Reason::kInternal, "a file can't be read");
    return BlobOutcome{false, true, problem_};
  }
  switch (sender_.state()) {
    case State::kOffered:
    case State::kSending:
      return std::nullopt;
    case State::kReceived:
      if (link) link->end_stream(id_);
      return BlobOutcome{true, false, ""};
    case State::kRefused: {
      if (link) link->end_stream(id_);
      const bool lied = sender_.refused_reason() == static_cast<uint32_t>(transfer::Refusal::kDigest);
      return BlobOutcome{false, lied, "the peer refused it: " + sender_.refused_text()};
    }
    case State::kBroken:
      if (link) link->reset_stream(id_, tunnel::Reason::kProtocol, "not a batch's answer");
      return BlobOutcome{false, false, "the peer breaks the rules of batches"};
  }
  return std::nullopt;
}

Awaitable<BlobOutcome> OutgoingBatch::send_all(RatePass rate) {
  while (!gone_) {
    if (auto over = outcome()) co_return *over;
    const auto work = sender_.next();
    if (!work) {
      co_await wait();
    } else if (const auto* list = std::get_if<transfer::SendList>(&*work)) {
      co_await write(ByteView(list->record));
    } else {
      co_await send_files(std::get<transfer::SendFiles>(*work), rate);
    }
  }
  co_return broken_;
}

Awaitable<void> OutgoingBatch::send_files(const transfer::SendFiles& work, RatePass& rate) {
  const auto link = link_.lock();
  if (!link) co_return;
  const bool pack = agreed_on(*link, tunnel::kFeatureZstd) && packing_.should_try();
  Made made;
  co_await workers_.run([&] { made = make_record(work, pack); });
  problem_ = std::move(made.problem);
  if (!problem_.empty()) co_return;
  co_await pass_rate(rate, made.record.size(), [this] { return gone_; });
  const auto began = Clock::now();
  co_await write(ByteView(made.record));
  // How long the link took for it is what packing has to beat.
  const Duration took = since(began);
  if (took.micros > 0)
    packing_.note_link(made.record.size() * 1'000'000 / static_cast<uint64_t>(took.micros));
}

// On a worker; nobody else touches `packing_` meanwhile.
OutgoingBatch::Made OutgoingBatch::make_record(const transfer::SendFiles& work, bool pack) {
  Bytes body;
  body.reserve(work.bytes);
  for (const uint32_t number : work.numbers) {
    const transfer::BatchFile& file = sender_.files()[number];
    const std::string digest = transfer::blob_digest_text(file.digest);
    auto bytes = blobs_.read(digest, limits::kBatchFileBytesMax);
    if (!bytes) return {{}, to_line(bytes.error())};
    if (bytes->size() != file.size) return {{}, digest + ": the stored file is not of its size any more"};
    body.insert(body.end(), bytes->begin(), bytes->end());
  }
  std::optional<Bytes> packed;
  if (pack) {
    const auto began = Clock::now();
    packed = transfer::ChunkPacker().pack(body);
    packing_.note_try(body.size(), packed ? packed->size() : body.size(), since(began));
  }
  const Bytes& content = packed ? *packed : body;
  const auto encoding = packed ? transfer::Encoding::kZstd : transfer::Encoding::kRaw;
  const auto header = transfer::files_record_header(work.numbers.front(), encoding,
                                                    transfer::kFilesCountBytes + content.size());
  Bytes record(header.begin(), header.end());
  record.reserve(header.size() + transfer::kFilesCountBytes + content.size());
  put_u32(record, static_cast<uint32_t>(work.numbers.size()));
  record.insert(record.end(), content.begin(), content.end());
  return {std::move(record), {}};
}

void OutgoingBatch::cancel() {
  broken_.why = "cancelled";
  gone_ = true;
  if (const auto link = link_.lock(); link && id_ != 0)
    link->reset_stream(id_, tunnel::Reason::kCancelled, "");
  wake();
}

void OutgoingBatch::on_data(ByteView bytes) {
  (void)sender_.receive(bytes);  // what it found stands in its state
  if (const auto link = link_.lock()) link->consume(id_, bytes.size());
  wake();
}

}  // namespace hetao::io
