#include "gateway/io/item_mover.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "gateway/base/text.h"
#include "gateway/io/incoming_blob.h"
#include "gateway/io/outgoing_blob.h"

namespace hetao::io {

namespace {

constexpr size_t kItemsAtOnce = 8;  // of one link; others wait their turn
// Small files wait for round trips and disks rather than for bandwidth, so that many are under way: of one
// item, and of all, which together with the items has to stay below limits::kStreamsDefault.
constexpr size_t kFilesOfItemAtOnce = 64;
constexpr size_t kFilesAtOnce = 192;
constexpr int64_t kSmallFileBytes = int64_t{4} << 20U;
constexpr auto kRetryPause = std::chrono::seconds(2);
constexpr auto kLookAgain = std::chrono::milliseconds(20);
constexpr auto kPathPatience = std::chrono::seconds(60);

struct File {
  std::string digest;
  uint64_t bytes = 0;
};

// Each content once. A crossing without files still has to arrive: it is told by the empty blob.
std::vector<File> files_of(const pb::Item& item) {
  std::vector<File> files;
  std::set<std::string> seen;
  for (const pb::ItemFile& file : item.files()) {
    if (seen.insert(file.digest()).second)
      files.push_back({file.digest(), static_cast<uint64_t>(file.bytes())});
  }
  if (files.empty()) files.push_back({transfer::blob_digest_text(transfer::hash_blob({}).digest), 0});
  return files;
}

}  // namespace

struct ItemMover::Parts : std::enable_shared_from_this<Parts> {
  Parts(asio::any_io_executor e, Workers& w, BlobStore& b, Config c)
      : executor(std::move(e)), workers(w), blobs(b), config(std::move(c)) {}

  struct Outgoing {
    std::weak_ptr<PeerLink> link;
    std::string region;
    pb::Item item;
    std::set<std::shared_ptr<OutgoingBlob>> blobs;  // that are on their way
    bool large = false;                             // one of them takes the whole link
    uint64_t bytes_before = 0;                      // of blobs that are done
    std::optional<BlobOutcome> failed;
    std::unique_ptr<asio::steady_timer> one_over;
    bool begun = false;
    bool cancelled = false;

    Awaitable<void> one_is_over() {
      one_over->expires_at(asio::steady_timer::time_point::max());
      co_await one_over->async_wait(as_value);
    }
    void cancel() {
      cancelled = true;
      for (const auto& blob : std::set(blobs)) blob->cancel();
    }
  };
  // What a crossing is to bring, as long as it is expected.
  struct Expecting {
    std::map<std::string, uint64_t, std::less<>> sizes;  // by digest
    std::set<std::string> missing;
    bool crossed_before = false;
  };
  struct Incoming {
    std::weak_ptr<PeerLink> link;
    std::string region;
    std::string crossing;
    std::shared_ptr<IncomingBlob> blob;
  };

  void begin_next();
  Awaitable<void> send(std::string crossing, std::shared_ptr<Outgoing> job);
  Awaitable<BlobOutcome> send_files(std::string crossing, std::shared_ptr<Outgoing> job);
  Awaitable<BlobOutcome> send_file(std::string crossing, std::shared_ptr<Outgoing> job,
                                   std::shared_ptr<OutgoingBlob> blob, File file);
  void begin_file(const std::string& crossing, const std::shared_ptr<Outgoing>& job, const File& file);
  Expecting* expecting_of(const std::string& region, const std::string& crossing);
  Awaitable<void> report_later(std::string crossing, std::string why);
  Awaitable<void> grant(std::string region, std::shared_ptr<IncomingBlob> blob);
  void received(const std::string& region, const std::string& crossing, uint64_t number,
                const BlobOutcome& outcome);
  bool is_complete(const Expecting& item) const;
  Awaitable<void> take_path(std::shared_ptr<IncomingBlob> blob);

  asio::any_io_executor executor;
  Workers& workers;
  BlobStore& blobs;
  Config config;
  OnFault tell_fault;
  std::map<std::string, std::shared_ptr<Outgoing>> outgoing;  // by crossing
  std::deque<std::string> waiting;                            // crossings
  size_t begun = 0;
  size_t files_under_way = 0;
  std::map<uint64_t, Incoming> incoming;
  std::map<std::pair<std::string, std::string>, Expecting> expecting;  // by region and crossing
  std::set<std::string> partial_paths;                                 // in use
  uint64_t next_number = 1;
  uint64_t next_transfer = 1;

  // Whom a lane's stream belongs to; lanes ask from their own threads.
  static std::string lane_key(const std::string& region, const transfer::Offer& offer) {
    return region + " " + std::to_string(offer.transfer) + " " + offer.digest.hex() + " " + offer.crossing;
  }
  std::mutex lanes_mutex;
  std::map<std::string, std::weak_ptr<IncomingBlob>> by_lane_key;
};

ItemMover::ItemMover(asio::any_io_executor executor, Workers& workers, BlobStore& blobs, Config config)
    : parts_(std::make_shared<Parts>(std::move(executor), workers, blobs, std::move(config))) {}
ItemMover::~ItemMover() {
  // Transfers hold the parts, and the parts hold them.
  parts_->incoming.clear();
  parts_->outgoing.clear();
  parts_->waiting.clear();
}

void ItemMover::on_fault(OnFault told) {
  parts_->tell_fault = std::move(told);
}

size_t ItemMover::active() const {
  return parts_->outgoing.size() + parts_->incoming.size();
}

void ItemMover::send(const std::shared_ptr<PeerLink>& link, const std::string& region,
                     const std::string& crossing, pb::Item item) {
  const auto at = parts_->outgoing.find(crossing);
  if (at != parts_->outgoing.end() && at->second->link.lock() == link) return;
  auto job = std::make_shared<Parts::Outgoing>();
  job->link = link;
  job->region = region;
  job->item = std::move(item);
  parts_->outgoing[crossing] = job;
  parts_->waiting.push_back(crossing);
  parts_->begin_next();
}

void ItemMover::Parts::begin_next() {
  while (!waiting.empty() && begun < kItemsAtOnce) {
    const std::string crossing = waiting.front();
    waiting.pop_front();
    const auto at = outgoing.find(crossing);
    if (at == outgoing.end() || at->second->begun) continue;
    at->second->begun = true;
    ++begun;
    const auto self = shared_from_this();
    asio::co_spawn(executor, send(crossing, at->second), [self](const std::exception_ptr&) {
      --self->begun;
      self->begin_next();
    });
  }
}

Awaitable<void> ItemMover::Parts::send(std::string crossing, std::shared_ptr<Outgoing> job) {
  const auto self = shared_from_this();
  const BlobOutcome outcome = co_await send_files(crossing, job);
  const auto at = outgoing.find(crossing);
  if (at == outgoing.end() || at->second != job) co_return;  // dropped, or begun again on another link
  outgoing.erase(at);
  if (outcome.ok || job->cancelled) co_return;
  config.log("sending " + crossing + " to " + job->region + ": " + printable(outcome.why));
  if (outcome.for_good) {
    config.on_failed(crossing, outcome.why, true);
  } else if (const auto link = job->link.lock(); link && link->is_open()) {
    asio::co_spawn(executor, report_later(crossing, outcome.why), asio::detached);
  }
}

Awaitable<BlobOutcome> ItemMover::Parts::send_files(std::string crossing, std::shared_ptr<Outgoing> job) {
  job->one_over = std::make_unique<asio::steady_timer>(executor);
  const auto may_begin = [&](const File& file) {
    if (job->blobs.empty()) return true;
    if (job->large || file.bytes > uint64_t{kSmallFileBytes}) return false;
    return job->blobs.size() < kFilesOfItemAtOnce && files_under_way < kFilesAtOnce;
  };
  const auto goes_on = [&] {
    return !job->failed && !job->cancelled && config.may_send(job->region, crossing);
  };
  for (const File& file : files_of(job->item)) {
    while (goes_on() && !may_begin(file)) co_await job->one_is_over();
    if (!goes_on()) break;
    begin_file(crossing, job, file);
  }
  while (!job->blobs.empty()) co_await job->one_is_over();
  co_return job->failed.value_or(BlobOutcome{true, false, ""});
}

void ItemMover::Parts::begin_file(const std::string& crossing, const std::shared_ptr<Outgoing>& job,
                                  const File& file) {
  const auto link = job->link.lock();
  if (!link) {
    job->failed = BlobOutcome{false, false, "the link is gone"};
    return;
  }
  const auto blob = std::make_shared<OutgoingBlob>(link, workers, blobs, executor);
  job->blobs.insert(blob);
  job->large = file.bytes > uint64_t{kSmallFileBytes};
  ++files_under_way;
  asio::co_spawn(
      executor, send_file(crossing, job, blob, file),
      [self = shared_from_this(), job, blob](const std::exception_ptr& problem, BlobOutcome outcome) {
        if (problem) outcome = {false, false, "out of memory or the like"};
        if (!outcome.ok && !job->failed) job->failed = std::move(outcome);
        job->bytes_before += blob->bytes_sent();
        job->blobs.erase(blob);
        job->large = false;
        --self->files_under_way;
        job->one_over->cancel();
      });
}

Awaitable<BlobOutcome> ItemMover::Parts::send_file(std::string crossing, std::shared_ptr<Outgoing> job,
                                                   std::shared_ptr<OutgoingBlob> blob, File file) {
  const auto self = shared_from_this();
  co_await config.settled();
  if (job->cancelled || !config.may_send(job->region, crossing)) co_return BlobOutcome{true, false, ""};
  const auto priority =
      job->item.bytes() <= kSmallFileBytes ? tunnel::Priority::kSmall : tunnel::Priority::kBulk;
  RatePass rate = config.rate ? config.rate(job->region, crossing) : RatePass();
  BlobOutcome outcome = co_await blob->run(file.digest, crossing, priority, next_transfer++, std::move(rate));
  co_return outcome;
}

Awaitable<void> ItemMover::Parts::report_later(std::string crossing, std::string why) {
  const auto self = shared_from_this();
  asio::steady_timer pause(executor, kRetryPause);
  co_await pause.async_wait(as_value);
  config.on_failed(crossing, why, false);
}

void ItemMover::drop(const std::string& crossing) {
  if (const auto at = parts_->outgoing.find(crossing); at != parts_->outgoing.end()) {
    const auto job = at->second;
    parts_->outgoing.erase(at);
    job->cancel();
  }
  std::erase_if(parts_->expecting, [&](const auto& entry) { return entry.first.second == crossing; });
  std::vector<std::shared_ptr<IncomingBlob>> ending;
  for (const auto& [number, one] : parts_->incoming) {
    if (one.crossing == crossing) ending.push_back(one.blob);
  }
  for (const auto& blob : ending) blob->cancel();
}

std::shared_ptr<StreamHandler> ItemMover::accept(PeerLink& link, const std::string& region,
                                                 tunnel::StreamId id, ByteView header) {
  auto offer = transfer::decode_offer(header);
  if (!offer || offer->lane != 0) {
    if (parts_->tell_fault)
      parts_->tell_fault(link, region, "protocol", "a stream whose header is no blob's offer");
    return nullptr;
  }
  const uint64_t number = parts_->next_number++;
  const std::string crossing = offer->crossing;
  const std::string key = Parts::lane_key(region, *offer);
  const auto blob = std::make_shared<IncomingBlob>(
      link.weak_from_this(), id, parts_->workers, parts_->blobs, parts_->executor, std::move(*offer), "",
      [parts = parts_, region, crossing, number](const BlobOutcome& outcome) {
        parts->received(region, crossing, number, outcome);
      });
  parts_->incoming[number] = {link.weak_from_this(), region, crossing, blob};
  {
    const std::lock_guard lock(parts_->lanes_mutex);
    std::erase_if(parts_->by_lane_key, [](const auto& entry) { return entry.second.expired(); });
    parts_->by_lane_key[key] = blob;
  }
  asio::co_spawn(parts_->executor, parts_->grant(region, blob), asio::detached);
  return blob;
}

std::shared_ptr<StreamHandler> ItemMover::accept_lane(PeerLink& lane, const std::string& region,
                                                      tunnel::StreamId id, ByteView header) {
  const auto offer = transfer::decode_offer(header);
  if (!offer || offer->lane == 0) return nullptr;
  std::shared_ptr<IncomingBlob> blob;
  {
    const std::lock_guard lock(parts_->lanes_mutex);
    const auto at = parts_->by_lane_key.find(Parts::lane_key(region, *offer));
    if (at != parts_->by_lane_key.end()) blob = at->second.lock();
  }
  return blob ? blob->add_lane(lane.shared_from_this(), id, *offer) : nullptr;
}

void ItemMover::lanes_changed(const PeerLink& link) {
  for (const auto& [crossing, job] : parts_->outgoing) {
    if (job->link.lock().get() != &link) continue;
    for (const auto& blob : job->blobs) blob->lanes_changed();
  }
}

std::vector<ItemMover::Progress> ItemMover::progress() const {
  std::vector<Progress> all;
  for (const auto& [crossing, job] : parts_->outgoing) {
    uint64_t done = job->bytes_before;
    for (const auto& blob : job->blobs) done += blob->bytes_sent();
    all.push_back({job->region, crossing, true, done, static_cast<uint64_t>(job->item.bytes())});
  }
  for (const auto& [number, one] : parts_->incoming)
    all.push_back({one.region, one.crossing, false, one.blob->bytes_stored(), one.blob->offer().size});
  return all;
}

// A blob has one partial file, which an earlier try may still be putting away: this one goes on from there.
// When another transfer is at work on it, the same blob comes twice.
Awaitable<void> ItemMover::Parts::take_path(std::shared_ptr<IncomingBlob> blob) {
  const std::string path = blobs.partial_path(transfer::blob_digest_text(blob->offer().digest));
  const auto give_up = std::chrono::steady_clock::now() + kPathPatience;
  const auto is_being_put_away = [&] {
    for (const auto& [number, other] : incoming) {
      if (other.blob->partial_path() == path && other.blob->is_over()) return true;
    }
    return false;
  };
  asio::steady_timer pause(executor);
  while (partial_paths.contains(path) && is_being_put_away() && std::chrono::steady_clock::now() < give_up) {
    pause.expires_after(kLookAgain);
    co_await pause.async_wait(as_value);
  }
  blob->use_path(partial_paths.contains(path) ? blobs.another_partial_path() : path);
  partial_paths.insert(blob->partial_path());
}

// The permit of this side is in the state of the newest step; it counts once that is durable.
Awaitable<void> ItemMover::Parts::grant(std::string region, std::shared_ptr<IncomingBlob> blob) {
  const auto self = shared_from_this();
  co_await config.settled();
  const transfer::Offer& offer = blob->offer();
  const std::string digest = transfer::blob_digest_text(offer.digest);
  const Expecting* item = expecting_of(region, offer.crossing);
  const auto known = item == nullptr ? decltype(item->sizes.end()){} : item->sizes.find(digest);
  if (item == nullptr || known == item->sizes.end() || known->second != offer.size) {
    blob->refuse(transfer::Refusal::kRefused, "no such item is expected here", "unexpected");
    co_return;
  }
  const bool peer_had_it = item->crossed_before || !item->missing.contains(digest);
  co_await take_path(blob);
  if (blob->is_over())
    partial_paths.erase(blob->partial_path());
  else
    blob->begin(peer_had_it);
}

// Null: nothing is expected. What it is to bring is worked out once.
ItemMover::Parts::Expecting* ItemMover::Parts::expecting_of(const std::string& region,
                                                            const std::string& crossing) {
  const std::pair key(region, crossing);
  if (!config.is_expected(region, crossing)) {
    expecting.erase(key);
    return nullptr;
  }
  const auto [at, is_new] = expecting.try_emplace(key);
  if (!is_new) return &at->second;
  const auto item = config.expected(region, crossing);
  for (const File& file : files_of(*item)) {
    at->second.sizes.emplace(file.digest, file.bytes);
    at->second.missing.insert(file.digest);
  }
  at->second.crossed_before = config.crossed_before(region, *item);
  return &at->second;
}

// All came, and is still here.
bool ItemMover::Parts::is_complete(const Expecting& item) const {
  return item.missing.empty() && std::all_of(item.sizes.begin(), item.sizes.end(),
                                             [this](const auto& file) { return blobs.has(file.first); });
}

void ItemMover::Parts::received(const std::string& region, const std::string& crossing, uint64_t number,
                                const BlobOutcome& outcome) {
  std::shared_ptr<PeerLink> link;
  std::string digest;
  if (const auto at = incoming.find(number); at != incoming.end()) {
    link = at->second.link.lock();
    digest = transfer::blob_digest_text(at->second.blob->offer().digest);
    partial_paths.erase(at->second.blob->partial_path());
    incoming.erase(at);
  }
  if (!outcome.fault.empty() && link && tell_fault)
    tell_fault(*link, region, outcome.fault, crossing + ": " + outcome.why);
  Expecting* item = expecting_of(region, crossing);
  if (item == nullptr) return;
  if (outcome.ok) item->missing.erase(digest);
  if (outcome.ok && is_complete(*item)) {
    expecting.erase({region, crossing});
    config.on_stored(crossing);
  }
  if (outcome.ok) return;
  config.log("receiving " + crossing + " from " + region + ": " + printable(outcome.why));
  if (outcome.for_good) config.on_failed(crossing, outcome.why, true);
}

void ItemMover::link_lost(const PeerLink& link) {
  for (auto at = parts_->outgoing.begin(); at != parts_->outgoing.end();) {
    const auto of = at->second->link.lock();
    if (of && of.get() != &link) {
      ++at;
      continue;
    }
    const auto job = at->second;
    at = parts_->outgoing.erase(at);
    job->cancel();
  }
}

}  // namespace hetao::io
