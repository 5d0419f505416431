#include "gateway/io/item_mover.h"

#include "gateway/io/item_mover_parts.h"

namespace hetao::io {

ItemMover::ItemMover(asio::any_io_executor executor, Workers& workers, BlobStore& blobs, Config config)
    : parts_(std::make_shared<Parts>(std::move(executor), workers, blobs, std::move(config))) {}
ItemMover::~ItemMover() {
  // Transfers hold the parts, and the parts hold them.
  parts_->receiving.clear();
  parts_->sending.clear();
  parts_->waiting.clear();
}

void ItemMover::on_fault(OnFault told) {
  parts_->tell_fault = std::move(told);
}

size_t ItemMover::active() const {
  return parts_->sending.size() + parts_->receiving.size();
}

void ItemMover::send(const std::shared_ptr<PeerLink>& link, const std::string& region,
                     const std::string& crossing, pb::Item item) {
  const auto at = parts_->sending.find(crossing);
  if (at != parts_->sending.end() && at->second->link.lock() == link) return;
  auto job = std::make_shared<Parts::Sending>();
  job->link = link;
  job->region = region;
  job->item = std::move(item);
  parts_->sending[crossing] = job;
  parts_->waiting.push_back(crossing);
  parts_->begin_next();
}

void ItemMover::drop(const std::string& crossing) {
  if (const auto at = parts_->sending.find(crossing); at != parts_->sending.end()) {
    const auto job = at->second;
    parts_->sending.erase(at);
    job->cancel();
  }
  std::vector<std::string> regions;
  std::erase_if(parts_->expecting, [&](const auto& entry) {
    if (entry.first.second != crossing) return false;
    regions.push_back(entry.first.first);
    return true;
  });
  std::vector<std::shared_ptr<Incoming>> ending;
  for (const auto& [number, one] : parts_->receiving) {
    if (one.crossing == crossing) ending.push_back(one.moving);
  }
  for (const auto& one : ending) one->cancel();
  for (const std::string& region : regions) parts_->arrivals.forget(region, crossing);
}

std::shared_ptr<StreamHandler> ItemMover::accept(PeerLink& link, const std::string& region,
                                                 tunnel::StreamId id, ByteView header) {
  if (transfer::is_batch_offer(header)) {
    if (auto offer = transfer::decode_batch_offer(header))
      return parts_->accept_batch(link, region, id, std::move(*offer));
  } else if (auto offer = transfer::decode_offer(header); offer && offer->lane == 0) {
    return parts_->accept_blob(link, region, id, std::move(*offer));
  }
  if (parts_->tell_fault)
    parts_->tell_fault(link, region, "protocol", "a stream whose header is no blob's or batch's offer");
  return nullptr;
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
  for (const auto& [crossing, job] : parts_->sending) {
    if (job->link.lock().get() != &link) continue;
    for (const auto& one : job->moving) one->lanes_changed();
  }
}

std::vector<ItemMover::Progress> ItemMover::progress() const {
  std::vector<Progress> all;
  for (const auto& [crossing, job] : parts_->sending) {
    uint64_t done = job->bytes_before;
    for (const auto& one : job->moving) done += one->bytes_sent();
    all.push_back({job->region, crossing, true, done, static_cast<uint64_t>(job->item.bytes())});
  }
  for (const auto& [number, one] : parts_->receiving)
    all.push_back({one.region, one.crossing, false, one.moving->bytes_stored(), one.moving->bytes_total()});
  return all;
}

void ItemMover::link_lost(const PeerLink& link) {
  for (auto at = parts_->sending.begin(); at != parts_->sending.end();) {
    const auto of = at->second->link.lock();
    if (of && of.get() != &link) {
      ++at;
      continue;
    }
    const auto job = at->second;
    at = parts_->sending.erase(at);
    job->cancel();
  }
}

}  // namespace hetao::io
