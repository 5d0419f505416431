#include "gateway/io/item_mover.h"

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
constexpr int64_t kSmallItemBytes = int64_t{4} << 20U;
constexpr auto kRetryPause = std::chrono::seconds(2);
constexpr auto kLookAgain = std::chrono::milliseconds(20);
constexpr auto kPathPatience = std::chrono::seconds(60);

// A crossing without files still has to arrive: it is told by the empty blob.
std::vector<std::string> digests_of(const pb::Item& item) {
  std::vector<std::string> digests;
  std::set<std::string> seen;
  for (const pb::ItemFile& file : item.files()) {
    if (seen.insert(file.digest()).second) digests.push_back(file.digest());
  }
  if (digests.empty()) digests.push_back(transfer::blob_digest_text(transfer::hash_blob({}).digest));
  return digests;
}

}  // namespace

struct ItemMover::Parts : std::enable_shared_from_this<Parts> {
  Parts(asio::any_io_executor e, Workers& w, BlobStore& b, Config c)
      : executor(std::move(e)), workers(w), blobs(b), config(std::move(c)) {}

  struct Outgoing {
    std::weak_ptr<PeerLink> link;
    std::string region;
    pb::Item item;
    std::shared_ptr<OutgoingBlob> blob;  // that is on its way
    uint64_t bytes_before = 0;           // of blobs that are done
    bool begun = false;
    bool cancelled = false;
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
  Awaitable<void> report_later(std::string crossing, std::string why);
  Awaitable<void> grant(std::string region, std::shared_ptr<IncomingBlob> blob);
  void received(const std::string& region, const std::string& crossing, uint64_t number,
                const BlobOutcome& outcome);
  bool is_complete(const pb::Item& item) const;
  Awaitable<void> take_path(std::shared_ptr<IncomingBlob> blob);

  asio::any_io_executor executor;
  Workers& workers;
  BlobStore& blobs;
  Config config;
  OnFault tell_fault;
  std::map<std::string, std::shared_ptr<Outgoing>> outgoing;  // by crossing
  std::deque<std::string> waiting;                            // crossings
  size_t begun = 0;
  std::map<uint64_t, Incoming> incoming;
  std::set<std::string> partial_paths;  // in use
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
  const auto priority =
      job->item.bytes() <= kSmallItemBytes ? tunnel::Priority::kSmall : tunnel::Priority::kBulk;
  for (const std::string& digest : digests_of(job->item)) {
    co_await config.settled();
    if (job->cancelled || !config.may_send(job->region, crossing)) co_return BlobOutcome{true, false, ""};
    const auto link = job->link.lock();
    if (!link) co_return BlobOutcome{false, false, "the link is gone"};
    job->blob = std::make_shared<OutgoingBlob>(link, workers, blobs, executor);
    RatePass rate = config.rate ? config.rate(job->region, crossing) : RatePass();
    BlobOutcome outcome =
        co_await job->blob->run(digest, crossing, priority, next_transfer++, std::move(rate));
    job->bytes_before += job->blob->bytes_sent();
    job->blob.reset();
    if (!outcome.ok) co_return outcome;
  }
  co_return BlobOutcome{true, false, ""};
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
    job->cancelled = true;
    if (job->blob) job->blob->cancel();
  }
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
    if (job->blob && job->link.lock().get() == &link) job->blob->lanes_changed();
  }
}

std::vector<ItemMover::Progress> ItemMover::progress() const {
  std::vector<Progress> all;
  for (const auto& [crossing, job] : parts_->outgoing) {
    const uint64_t now = job->blob ? job->blob->bytes_sent() : 0;
    all.push_back(
        {job->region, crossing, true, job->bytes_before + now, static_cast<uint64_t>(job->item.bytes())});
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
  const auto item = config.expected(region, offer.crossing);
  bool known = false;
  if (item) {
    for (const std::string& digest : digests_of(*item))
      known |= digest == transfer::blob_digest_text(offer.digest);
  }
  for (int i = 0; item && i < item->files_size() && known; ++i) {
    const pb::ItemFile& file = item->files(i);
    if (file.digest() == transfer::blob_digest_text(offer.digest) &&
        static_cast<uint64_t>(file.bytes()) != offer.size)
      known = false;
  }
  if (!known) {
    blob->refuse(transfer::Refusal::kRefused, "no such item is expected here", "unexpected");
    co_return;
  }
  co_await take_path(blob);
  if (blob->is_over())
    partial_paths.erase(blob->partial_path());
  else
    blob->begin();
}

bool ItemMover::Parts::is_complete(const pb::Item& item) const {
  for (const pb::ItemFile& file : item.files()) {
    if (!blobs.has(file.digest())) return false;
  }
  return true;
}

void ItemMover::Parts::received(const std::string& region, const std::string& crossing, uint64_t number,
                                const BlobOutcome& outcome) {
  std::shared_ptr<PeerLink> link;
  if (const auto at = incoming.find(number); at != incoming.end()) {
    link = at->second.link.lock();
    partial_paths.erase(at->second.blob->partial_path());
    incoming.erase(at);
  }
  if (!outcome.fault.empty() && link && tell_fault)
    tell_fault(*link, region, outcome.fault, crossing + ": " + outcome.why);
  const auto item = config.expected(region, crossing);
  if (!item) return;
  if (outcome.ok && is_complete(*item)) config.on_stored(crossing);
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
    job->cancelled = true;
    if (job->blob) job->blob->cancel();
  }
}

}  // namespace hetao::io
