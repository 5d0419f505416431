#include "tests/sim/link.h"

namespace hetao::sim {

using namespace federation;

namespace {
constexpr size_t kRemembered = 8;
}

void Link::carry(const std::string& from, pb::PeerMessage message) {
  if (!up_) return;
  Node& sender = a_->region() == from ? *a_ : *b_;
  if (&sender == deaf_to_ && time_.now() < deaf_until_) return;
  int copies = chance_.strikes(Fault::kDrop) ? 0 : 1;
  if (copies == 1 && chance_.strikes(Fault::kDuplicate)) copies = 2;
  if (a_->is_old() || b_->is_old()) make_old(message);
  auto said = std::make_shared<PeerSaid>(PeerSaid{from, std::move(message)});
  if (said->message.sequence() != 0) keep(said);
  for (int i = 0; i < copies; ++i) {
    const bool slow = chance_.strikes(Fault::kDelay);
    Duration travel = Duration::millis(slow ? chance_.random().between(10, 2'000) : 15);
    if (time_.now() + travel < clogged_until_) travel = clogged_until_ - time_.now();
    time_.after(travel, [this, said, epoch = epoch_] {
      if (!up_ || epoch != epoch_) return;
      Node& receiver = other(said->region);
      receiver.post(said.use_count() == 1 ? std::move(*said) : *said);
    });
  }
  if (chance_.strikes(Fault::kCutAtMessage)) cut_for(Duration::millis(chance_.random().between(100, 20'000)));
}

void Link::keep(Said said) {
  if (earlier_.size() == kRemembered) earlier_.pop_front();
  earlier_.push_back(std::move(said));
}

void Link::carry_item(const std::string& from, const SendItem& effect) {
  if (!up_) return;
  const Duration travel = Duration::millis(chance_.random().between(5, 3'000));
  time_.after(travel, [this, from, effect, epoch = epoch_] { deliver_item(from, effect, epoch); });
}

void Link::deliver_item(const std::string& from, const SendItem& effect, uint64_t epoch) {
  Node& sender = a_->region() == from ? *a_ : *b_;
  Node& receiver = other(from);
  if (!up_ || epoch_ != epoch || !receiver.alive() || !sender.alive()) return;
  if (chance_.strikes(Fault::kItemBreaks)) {
    // Either side may find that it is hopeless: a file that is gone, a disk that is full.
    const bool hopeless = chance_.random().chance(100);
    const bool at_receiver = hopeless && chance_.random().chance(500);
    sender.post(ItemFailed{effect.crossing, "the stream broke", hopeless && !at_receiver});
    if (at_receiver) receiver.post(ItemFailed{effect.crossing, "no room is left", true});
    return;
  }
  if (receiver.core()->expected_item(from, effect.crossing) == nullptr) return;
  for (const pb::ItemFile& file : effect.item.files()) receiver.keep_blob(file.digest());
  receiver.post(ItemStored{effect.crossing});
}

void Link::cut() {
  if (!up_) return;
  up_ = false;
  ++epoch_;
  const bool half_open = chance_.strikes(Fault::kHalfOpen);
  Node* late = chance_.random().chance(500) ? a_ : b_;
  for (Node* node : {a_, b_}) {
    const int64_t wait =
        half_open && node == late ? chance_.random().between(1'000, 30'000) : chance_.random().between(1, 50);
    time_.after(Duration::millis(wait), [this, node, epoch = epoch_] {
      // A side that learns of the cut after the next connection was made must not end that one.
      if (epoch == epoch_) node->post(PeerDown{other(node->region()).region(), "the connection broke"});
    });
  }
}

void Link::cut_for(Duration time) {
  cut();
  time_.after(time, [this] { reconnect(); });
}

void Link::revoke(Duration time) {
  cut();
  refused_until_ = time_.now() + time;
  time_.after(Duration{time.micros + 1'000}, [this] { reconnect(); });
}

void Link::tell_up(Node& node, uint64_t epoch, Duration late) {
  const Duration wait{late.micros + 1'000 * chance_.random().between(1, 100)};
  time_.after(wait, [this, &node, epoch] {
    if (up_ && epoch == epoch_) node.post(PeerUp{other(node.region()).region()});
  });
}

void Link::reconnect() {
  if (up_ || !a_->alive() || !b_->alive() || time_.now() < refused_until_) return;
  up_ = true;
  ++epoch_;
  Duration late{};
  if (chance_.strikes(Fault::kOneWay)) {
    late = Duration::millis(chance_.random().between(500, 10'000));
    deaf_to_ = b_;
    deaf_until_ = time_.now() + late;
  }
  tell_up(*a_, epoch_, {});
  tell_up(*b_, epoch_, late);
}

void Link::say_something_odd() {
  if (!up_) return;
  Random& random = chance_.random();
  Node& from = random.chance(500) ? *a_ : *b_;
  Node& to = &from == a_ ? *b_ : *a_;
  pb::PeerMessage odd;
  const std::string job = "j" + std::to_string(1 + random.below(6));
  switch (random.below(6)) {
    case 0:  // an earlier message once more
      for (const Said& said : earlier_) {
        if (said->region == from.region()) odd = said->message;
      }
      break;
    case 1:  // one from far ahead
      odd.set_sequence(1'000'000);
      odd.mutable_acknowledge();
      break;
    case 2:  // about a run that it does not have
      odd.mutable_job_news()->set_job(job);
      odd.mutable_job_news()->set_attempt(77);
      odd.mutable_job_news()->set_state(pb::RUN_DONE);
      break;
    case 3:  // about a crossing between others
      odd.mutable_crossing_ended()->set_crossing("x" + job + ".1.c0");
      odd.mutable_crossing_ended()->set_refused(true);
      break;
    case 4:  // a dataset of somebody else
      odd.mutable_catalogue_news()->mutable_dataset()->set_id(to.region() + "-general");
      odd.mutable_catalogue_news()->mutable_dataset()->set_region(to.region());
      odd.mutable_catalogue_news()->mutable_dataset()->set_retired(true);
      break;
    default:  // of a version to come
      odd.set_ack(0);
      break;
  }
  time_.after(Duration::millis(15), [this, &to, name = from.region(), odd, epoch = epoch_] {
    if (up_ && epoch == epoch_) to.post(PeerSaid{name, odd});
  });
}

// A connection that stands is left as it is: what it lost must be repeated on it.
void Link::heal() {
  refused_until_ = clogged_until_ = deaf_until_ = {};
  reconnect();
}

}  // namespace hetao::sim
