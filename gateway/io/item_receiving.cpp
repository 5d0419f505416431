// The item mover's way in: what is expected, what of it is here already, and when an item is whole.
#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/io/item_mover_parts.h"

namespace hetao::io {

namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(20);
constexpr auto kPathPatience = std::chrono::seconds(60);
constexpr std::string_view kUnexpected = "no such item is expected here";

}  // namespace

std::shared_ptr<StreamHandler> ItemMover::Parts::accept_blob(PeerLink& link, const std::string& region,
                                                             tunnel::StreamId id, transfer::Offer offer) {
  const uint64_t number = next_number++;
  const std::string crossing = offer.crossing;
  const std::string key = lane_key(region, offer);
  const auto blob = std::make_shared<IncomingBlob>(
      link.shared_from_this(), id, workers, blobs, executor, std::move(offer), "",
      [parts = shared_from_this(), number](const BlobOutcome& outcome) { parts->received(number, outcome); });
  receiving[number] = {link.weak_from_this(), region, crossing, blob, blob};
  {
    const std::lock_guard lock(lanes_mutex);
    std::erase_if(by_lane_key, [](const auto& entry) { return entry.second.expired(); });
    by_lane_key[key] = blob;
  }
  asio::co_spawn(executor, grant(region, blob), asio::detached);
  return blob;
}

std::shared_ptr<StreamHandler> ItemMover::Parts::accept_batch(PeerLink& link, const std::string& region,
                                                              tunnel::StreamId id,
                                                              transfer::BatchOffer offer) {
  const uint64_t number = next_number++;
  const std::string crossing = offer.crossing;
  IncomingBatch::Owner owner;
  const std::weak_ptr<Parts> weak = weak_from_this();
  owner.listed = [weak, region, crossing](const std::shared_ptr<IncomingBatch>& batch) {
    if (const auto self = weak.lock())
      asio::co_spawn(self->executor, self->grant_batch(region, crossing, batch), asio::detached);
  };
  owner.stored = [weak, region, crossing](const std::vector<transfer::BatchFile>& files) {
    const auto self = weak.lock();
    Expecting* item = self ? self->expecting_of(region, crossing) : nullptr;
    for (const auto& file : files) {
      if (item != nullptr) item->missing.erase(transfer::blob_digest_text(file.digest));
    }
  };
  owner.done = [weak, number](const BlobOutcome& outcome) {
    if (const auto self = weak.lock()) self->received(number, outcome);
  };
  const auto batch = std::make_shared<IncomingBatch>(link.shared_from_this(), id, region, workers, blobs,
                                                     arrivals, executor, std::move(offer), std::move(owner));
  receiving[number] = {link.weak_from_this(), region, crossing, batch, nullptr};
  return batch;
}

// A blob has one partial file, which an earlier try may still be putting away: this one goes on from there.
// When another transfer is at work on it, the same blob comes twice.
Awaitable<void> ItemMover::Parts::take_path(std::shared_ptr<IncomingBlob> blob) {
  const std::string path = blobs.partial_path(transfer::blob_digest_text(blob->offer().digest));
  const auto give_up = std::chrono::steady_clock::now() + kPathPatience;
  const auto is_being_put_away = [&] {
    for (const auto& [number, other] : receiving) {
      if (other.blob && other.blob->partial_path() == path && other.blob->is_over()) return true;
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
    blob->refuse(transfer::Refusal::kRefused, kUnexpected, "unexpected");
    co_return;
  }
  const bool peer_had_it = item->crossed_before || !item->missing.contains(digest);
  co_await take_path(blob);
  if (blob->is_over())
    partial_paths.erase(blob->partial_path());
  else
    blob->begin(peer_had_it);
}

// The same for a batch, file by file. What is here from elsewhere comes all the same: that its digest is
// known to the peer is no proof that the peer has it.
Awaitable<void> ItemMover::Parts::grant_batch(std::string region, std::string crossing,
                                              std::shared_ptr<IncomingBatch> batch) {
  const auto self = shared_from_this();
  co_await config.settled();
  const Expecting* item = expecting_of(region, crossing);
  std::vector<std::string> digests;
  std::vector<bool> wanted;
  for (const auto& file : batch->files()) {
    digests.push_back(transfer::blob_digest_text(file.digest));
    const auto known = item == nullptr ? decltype(item->sizes.end()){} : item->sizes.find(digests.back());
    if (item == nullptr || known == item->sizes.end() || known->second != file.size) {
      batch->refuse(transfer::Refusal::kRefused, kUnexpected, "unexpected");
      co_return;
    }
    wanted.push_back(!item->crossed_before && item->missing.contains(digests.back()));
  }
  co_await workers.run([&] {
    for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = wanted[i] || !blobs.has(digests[i]);
  });
  Expecting* still = expecting_of(region, crossing);
  for (size_t i = 0; i < wanted.size() && still != nullptr; ++i) {
    if (!wanted[i]) still->missing.erase(digests[i]);
  }
  batch->want(wanted);
}

// Null: nothing is expected. What it is to bring is worked out once.
ItemMover::Parts::Expecting* ItemMover::Parts::expecting_of(const std::string& region,
                                                            const std::string& crossing) {
  const std::pair key(region, crossing);
  if (!config.is_expected(region, crossing)) {
    if (expecting.erase(key) > 0) arrivals.forget(region, crossing);
    return nullptr;
  }
  const auto [at, is_new] = expecting.try_emplace(key);
  if (!is_new) return &at->second;
  const auto item = config.expected(region, crossing);
  const std::set<Digest> came_before = arrivals.of(region, crossing);
  for (const File& file : files_of(*item)) {
    at->second.sizes.emplace(file.digest, file.bytes);
    const auto digest = transfer::parse_blob_digest(file.digest);
    if (!digest || !came_before.contains(*digest)) at->second.missing.insert(file.digest);
  }
  at->second.crossed_before = config.crossed_before(region, *item);
  return &at->second;
}

// All came, and is still here.
bool ItemMover::Parts::is_complete(const Expecting& item) const {
  return item.missing.empty() && std::all_of(item.sizes.begin(), item.sizes.end(),
                                             [this](const auto& file) { return blobs.has(file.first); });
}

void ItemMover::Parts::received(uint64_t number, const BlobOutcome& outcome) {
  const auto at = receiving.find(number);
  if (at == receiving.end()) return;
  const Receiving one = std::move(at->second);
  receiving.erase(at);
  const auto link = one.link.lock();
  if (one.blob) partial_paths.erase(one.blob->partial_path());
  if (!outcome.fault.empty() && link && tell_fault)
    tell_fault(*link, one.region, outcome.fault, one.crossing + ": " + outcome.why);
  Expecting* item = expecting_of(one.region, one.crossing);
  if (item == nullptr) return;
  if (outcome.ok && one.blob) {
    const Digest& digest = one.blob->offer().digest;
    item->missing.erase(transfer::blob_digest_text(digest));
    if (item->sizes.size() > 1) arrivals.note(one.region, one.crossing, {&digest, 1});
  }
  if (outcome.ok && is_complete(*item)) {
    expecting.erase({one.region, one.crossing});
    arrivals.forget(one.region, one.crossing);
    config.on_stored(one.crossing);
  }
  if (outcome.ok) return;
  config.log("receiving " + one.crossing + " from " + one.region + ": " + printable(outcome.why));
  if (outcome.for_good) config.on_failed(one.crossing, outcome.why, true);
}

}  // namespace hetao::io
