// The item mover's way out: which files go when, and as what.
#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/io/agreed.h"
#include "gateway/io/item_mover_parts.h"
#include "gateway/tunnel/features.h"

namespace hetao::io {

namespace {

constexpr size_t kItemsAtOnce = 8;  // of one link; others wait their turn
// Small files wait for round trips and disks rather than for bandwidth, so that many are under way: of one
// item, and of all, which together with the items has to stay below limits::kStreamsDefault.
constexpr size_t kStreamsOfItemAtOnce = 64;
constexpr size_t kStreamsAtOnce = 192;
constexpr uint64_t kSmallFileBytes = uint64_t{4} << 20U;
// Less than a batch may be: while one is read and stored, others are on the wire.
constexpr size_t kFilesOfBatch = 2'048;
constexpr uint64_t kBytesOfBatch = uint64_t{8} << 20U;
constexpr size_t kFilesWorthBatch = 4;
constexpr auto kRetryPause = std::chrono::seconds(2);

bool fits_in_batch(const ItemFileFacts& file) {
  return file.bytes > 0 && file.bytes <= limits::kBatchFileBytesMax;
}

// Takes the next batch off the front of files that all fit in one.
std::vector<transfer::BatchFile> take_batch(std::span<const ItemFileFacts>& files) {
  std::vector<transfer::BatchFile> batch;
  uint64_t bytes = 0;
  while (!files.empty() && batch.size() < kFilesOfBatch && bytes + files.front().bytes <= kBytesOfBatch) {
    bytes += files.front().bytes;
    const auto digest = transfer::parse_blob_digest(files.front().digest);
    if (digest) batch.push_back({*digest, static_cast<uint32_t>(files.front().bytes)});
    files = files.subspan(1);
  }
  return batch;
}

}  // namespace

std::vector<ItemFileFacts> files_of(const pb::Item& item) {
  std::vector<ItemFileFacts> files;
  std::set<std::string> seen;
  for (const pb::ItemFile& file : item.files()) {
    if (seen.insert(file.digest()).second)
      files.push_back({file.digest(), static_cast<uint64_t>(file.bytes())});
  }
  if (files.empty()) files.push_back({transfer::blob_digest_text(transfer::hash_blob({}).digest), 0});
  return files;
}

Awaitable<void> ItemMover::Parts::Sending::one_is_over() {
  one_over->expires_at(asio::steady_timer::time_point::max());
  co_await one_over->async_wait(as_value);
}

void ItemMover::Parts::Sending::cancel() {
  cancelled = true;
  for (const auto& one : std::set(moving)) one->cancel();
}

void ItemMover::Parts::begin_next() {
  while (!waiting.empty() && begun < kItemsAtOnce) {
    const std::string crossing = waiting.front();
    waiting.pop_front();
    const auto at = sending.find(crossing);
    if (at == sending.end() || at->second->begun) continue;
    at->second->begun = true;
    ++begun;
    const auto self = shared_from_this();
    asio::co_spawn(executor, send(crossing, at->second), [self](const std::exception_ptr&) {
      --self->begun;
      self->begin_next();
    });
  }
}

Awaitable<void> ItemMover::Parts::send(std::string crossing, SendingPtr job) {
  const auto self = shared_from_this();
  const BlobOutcome outcome = co_await send_files(crossing, job);
  const auto at = sending.find(crossing);
  if (at == sending.end() || at->second != job) co_return;  // dropped, or begun again on another link
  sending.erase(at);
  if (outcome.ok || job->cancelled) co_return;
  config.log("sending " + crossing + " to " + job->region + ": " + printable(outcome.why));
  if (outcome.for_good) {
    config.on_failed(crossing, outcome.why, true);
  } else if (const auto link = job->link.lock(); link && link->is_open()) {
    asio::co_spawn(executor, report_later(crossing, outcome.why), asio::detached);
  }
}

// Small files first, in batches where the peer takes them; then one stream a file.
Awaitable<BlobOutcome> ItemMover::Parts::send_files(std::string crossing, SendingPtr job) {
  job->one_over = std::make_unique<asio::steady_timer>(executor);
  std::vector<File> batched;
  std::vector<File> alone;
  bool may_batch = false;
  if (const auto link = job->link.lock()) may_batch = agreed_on(*link, tunnel::kFeatureBatches);
  for (File& file : files_of(job->item))
    (may_batch && fits_in_batch(file) ? batched : alone).push_back(std::move(file));
  if (batched.size() < kFilesWorthBatch) {
    alone.insert(alone.end(), batched.begin(), batched.end());
    batched.clear();
  }
  const auto may_begin = [&](uint64_t bytes) {
    if (job->moving.empty()) return true;
    if (job->large || bytes > kSmallFileBytes) return false;
    return job->moving.size() < kStreamsOfItemAtOnce && streams_under_way < kStreamsAtOnce;
  };
  const auto goes_on = [&] {
    return !job->failed && !job->cancelled && config.may_send(job->region, crossing);
  };
  std::span<const File> small = batched;
  while (goes_on() && !small.empty()) {
    if (!may_begin(0)) {
      co_await job->one_is_over();
      continue;
    }
    begin_batch(crossing, job, take_batch(small));
  }
  for (const File& file : alone) {
    while (goes_on() && !may_begin(file.bytes)) co_await job->one_is_over();
    if (!goes_on()) break;
    begin_blob(crossing, job, file);
  }
  while (!job->moving.empty()) co_await job->one_is_over();
  co_return job->failed.value_or(BlobOutcome{true, false, ""});
}

void ItemMover::Parts::begin_blob(const std::string& crossing, const SendingPtr& job, const File& file) {
  const auto link = job->link.lock();
  if (!link) {
    job->failed = BlobOutcome{false, false, "the link is gone"};
    return;
  }
  const auto blob = std::make_shared<OutgoingBlob>(link, workers, blobs, executor);
  job->large = file.bytes > kSmallFileBytes;
  follow(job, blob, send_blob(crossing, job, blob, file));
}

void ItemMover::Parts::begin_batch(const std::string& crossing, const SendingPtr& job,
                                   std::vector<transfer::BatchFile> files) {
  const auto link = job->link.lock();
  if (!link || files.empty()) {
    job->failed =
        BlobOutcome{false, files.empty(), files.empty() ? "a file without a digest" : "the link is gone"};
    return;
  }
  const auto batch = std::make_shared<OutgoingBatch>(
      link, workers, blobs, executor, transfer::BatchSender(std::move(files), crossing, next_transfer++));
  follow(job, batch, send_batch(crossing, job, batch));
}

void ItemMover::Parts::follow(const SendingPtr& job, const std::shared_ptr<Outgoing>& one,
                              Awaitable<BlobOutcome> work) {
  job->moving.insert(one);
  ++streams_under_way;
  asio::co_spawn(
      executor, std::move(work),
      [self = shared_from_this(), job, one](const std::exception_ptr& problem, BlobOutcome outcome) {
        if (problem) outcome = {false, false, "out of memory or the like"};
        if (!outcome.ok && !job->failed) job->failed = std::move(outcome);
        job->bytes_before += one->bytes_sent();
        job->moving.erase(one);
        job->large = false;
        --self->streams_under_way;
        job->one_over->cancel();
      });
}

Awaitable<bool> ItemMover::Parts::permitted(std::string crossing, SendingPtr job) {
  co_await config.settled();
  co_return !job->cancelled && config.may_send(job->region, crossing);
}

RatePass ItemMover::Parts::rate_of(const Sending& job, const std::string& crossing) const {
  return config.rate ? config.rate(job.region, crossing) : RatePass();
}

Awaitable<BlobOutcome> ItemMover::Parts::send_blob(std::string crossing, SendingPtr job,
                                                   std::shared_ptr<OutgoingBlob> blob, File file) {
  const auto self = shared_from_this();
  const bool may = co_await permitted(crossing, job);
  if (!may) co_return BlobOutcome{true, false, ""};
  const auto priority = static_cast<uint64_t>(job->item.bytes()) <= kSmallFileBytes ? tunnel::Priority::kSmall
                                                                                    : tunnel::Priority::kBulk;
  BlobOutcome outcome =
      co_await blob->run(file.digest, crossing, priority, next_transfer++, rate_of(*job, crossing));
  co_return outcome;
}

Awaitable<BlobOutcome> ItemMover::Parts::send_batch(std::string crossing, SendingPtr job,
                                                    std::shared_ptr<OutgoingBatch> batch) {
  const auto self = shared_from_this();
  const bool may = co_await permitted(crossing, job);
  if (!may) co_return BlobOutcome{true, false, ""};
  BlobOutcome outcome = co_await batch->run(rate_of(*job, crossing));
  co_return outcome;
}

Awaitable<void> ItemMover::Parts::report_later(std::string crossing, std::string why) {
  const auto self = shared_from_this();
  asio::steady_timer pause(executor, kRetryPause);
  co_await pause.async_wait(as_value);
  config.on_failed(crossing, why, false);
}

}  // namespace hetao::io
