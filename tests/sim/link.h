// The link between two gateways: messages that are lost, repeated, late and out of order; cuts that both
// sides notice, or only one. Harsher than a tunnel, whose sessions at least keep order.
#pragma once

#include "tests/sim/faults.h"
#include "tests/sim/node.h"
#include "tests/sim/timeline.h"

namespace hetao::sim {

class Link {
 public:
  Link(Timeline& time, Random& random, const Faults& faults)
      : time_(time), random_(random), faults_(faults) {}

  void connect(Node* a, Node* b) { a_ = a, b_ = b; }
  bool up() const { return up_; }
  uint64_t epoch() const { return epoch_; }
  uint64_t faults() const { return faults_happened_; }

  void carry(const std::string& from, const federation::SendMessage& effect);
  void cut(bool half_open);
  // Connects again if both gateways live; otherwise their start tries again.
  void reconnect();
  // From now on whole.
  void heal();

 private:
  Node& other(const std::string& region) { return a_->region() == region ? *b_ : *a_; }
  void tell_up(Node& node, const std::string& peer, uint64_t epoch);

  Timeline& time_;
  Random& random_;
  const Faults& faults_;
  Node* a_ = nullptr;
  Node* b_ = nullptr;
  bool up_ = false;
  uint64_t epoch_ = 0;
  uint64_t faults_happened_ = 0;
};

}  // namespace hetao::sim
