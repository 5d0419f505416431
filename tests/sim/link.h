// The link between two gateways: messages that are lost, repeated, late and out of order; cuts that both
// sides notice, or only one; one direction that comes back later. Harsher than a tunnel, whose sessions at
// least keep order.
#pragma once

#include <deque>
#include <memory>

#include "tests/sim/faults.h"
#include "tests/sim/node.h"
#include "tests/sim/timeline.h"

namespace hetao::sim {

class Link {
 public:
  Link(Timeline& time, Chance& chance, Node& a, Node& b) : time_(time), chance_(chance), a_(&a), b_(&b) {}

  bool up() const { return up_; }
  uint64_t epoch() const { return epoch_; }
  bool joins(const std::string& region) const { return a_->region() == region || b_->region() == region; }
  Node& other(const std::string& region) { return a_->region() == region ? *b_ : *a_; }

  void carry(const std::string& from, hetao::pb::PeerMessage message);
  void carry_item(const std::string& from, const federation::SendItem& effect);
  void cut();
  // Connects again if both gateways live and none is refused; otherwise their start tries again.
  void reconnect();
  void cut_for(Duration time);
  // The certificate of one side does not hold for a while.
  void revoke(Duration time);
  // Messages wait, and come all at once.
  void clog(Duration time) { clogged_until_ = time_.now() + time; }
  // Legal frames that make no sense.
  void say_something_odd();
  // From now on whole.
  void heal();

 private:
  void tell_up(Node& node, uint64_t epoch, Duration late);
  void deliver_item(const std::string& from, const federation::SendItem& effect, uint64_t epoch);
  using Said = std::shared_ptr<federation::PeerSaid>;
  void keep(Said said);

  Timeline& time_;
  Chance& chance_;
  Node* a_;
  Node* b_;
  bool up_ = false;
  uint64_t epoch_ = 0;
  Instant clogged_until_;
  Instant refused_until_;
  Instant deaf_until_;  // what `deaf_to_` says does not come through
  const Node* deaf_to_ = nullptr;
  std::deque<Said> earlier_;  // some of what was said
};

}  // namespace hetao::sim
