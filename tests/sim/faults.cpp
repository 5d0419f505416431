#include "tests/sim/faults.h"

namespace hetao::sim {

namespace {

struct Kind {
  const char* word;
  uint64_t most;  // per mille of its opportunities; of those at a time: how many a minute
  bool at_a_time;
};

constexpr std::array<Kind, kFaults> kKinds = {{
    {"drop", 150, false},
    {"duplicate", 150, false},
    {"delay", 200, false},
    {"cut-at-message", 15, false},
    {"cut", 6, true},
    {"half-open", 400, false},
    {"one-way", 300, false},
    {"item-breaks", 200, false},
    {"clog", 3, true},
    {"slow-sync", 150, false},
    {"sync-fails-unstored", 6, false},
    {"sync-fails-stored", 6, false},
    {"kill", 4, true},
    {"kill-before-sync", 10, false},
    {"kill-after-sync", 10, false},
    {"freeze", 2, true},
    {"other-version", 300, false},
    {"policy-change", 12, true},
    {"answer-lost", 200, false},
    {"request-lost", 100, false},
    {"request-late", 250, false},
    {"server-error", 100, false},
    {"refuses", 60, false},
    {"forgets", 80, false},
    {"requeues", 60, false},
    {"double-start", 150, false},
    {"purges", 40, false},
    {"operator-cancels", 30, false},
    {"operator-holds", 60, false},
    {"rotates", 2, true},
    {"revoked", 1, true},
    {"odd-peer", 40, true},
    {"clock-jumps", 400, false},
    {"clock-drifts", 400, false},
    {"inspection-finds", 60, false},
    {"delivery-fails", 100, false},
    {"deletion-fails", 200, false},
}};

}  // namespace

const char* to_word(Fault fault) {
  return kKinds[static_cast<size_t>(fault)].word;
}

std::string to_string(const Struck& struck) {
  return std::string(to_word(struck.first)) + ":" + std::to_string(struck.second);
}

void Chance::draw() {
  for (size_t i = 0; i < kFaults; ++i) {
    rate_[i] = random_.below(3) == 0 ? 0 : 1 + random_.below(kKinds[i].most);
  }
}

bool Chance::strikes(Fault fault) {
  if (calm_) return false;
  const size_t kind = static_cast<size_t>(fault);
  const Struck here{fault, opportunities_[kind]++};
  // Drawn in any case, so that a fault that is struck out changes as little else as it can.
  const bool drawn = kKinds[kind].at_a_time || random_.chance(rate_[kind]);
  if (script_ ? !script_->contains(here) : !drawn) return false;
  if (struck_.empty()) at_first_ = opportunities_;
  struck_.push_back(here);
  return true;
}

}  // namespace hetao::sim
