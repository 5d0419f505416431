#include "tests/sim/link.h"

namespace hetao::sim {

using namespace federation;

void Link::carry(const std::string& from, const SendMessage& effect) {
  if (!up_) return;
  int copies = 1;
  if (random_.chance(faults_.drop)) copies = 0;
  if (copies == 1 && random_.chance(faults_.duplicate)) copies = 2;
  if (copies != 1) ++faults_happened_;
  for (int i = 0; i < copies; ++i) {
    const bool slow = random_.chance(faults_.reorder);
    const Duration travel = Duration::millis(slow ? random_.between(10, 2'000) : 15);
    time_.after(travel, [this, from, message = effect.message, epoch = epoch_] {
      if (!up_ || epoch != epoch_) return;
      other(from).post(PeerSaid{from, message});
    });
  }
}

void Link::cut(bool half_open) {
  if (!up_) return;
  up_ = false;
  ++epoch_;
  Node* late = random_.chance(500) ? a_ : b_;
  for (Node* node : {a_, b_}) {
    const int64_t wait = half_open && node == late ? random_.between(1'000, 30'000) : random_.between(1, 50);
    time_.after(Duration::millis(wait), [this, node, epoch = epoch_] {
      // A side that learns of the cut after the next connection was made must not end that one.
      if (epoch == epoch_) node->post(PeerDown{other(node->region()).region(), "the connection broke"});
    });
  }
}

void Link::tell_up(Node& node, const std::string& peer, uint64_t epoch) {
  time_.after(Duration::millis(random_.between(1, 100)), [this, &node, peer, epoch] {
    if (up_ && epoch == epoch_) node.post(PeerUp{peer});
  });
}

void Link::reconnect() {
  if (up_ || !a_->alive() || !b_->alive()) return;
  up_ = true;
  ++epoch_;
  tell_up(*a_, b_->region(), epoch_);
  tell_up(*b_, a_->region(), epoch_);
}

void Link::heal() {
  up_ = false;
  ++epoch_;
  reconnect();
}

}  // namespace hetao::sim
