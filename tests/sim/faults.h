// What may go wrong in a world, as a list of kinds, and when it does. Each seed switches each kind off with
// probability 1/3 and draws its rate, so that rare combinations and calm worlds are both visited.
//
// Every place where something could go wrong asks strikes(kind): an opportunity, numbered within its kind. So
// a world's faults can be written down (which number of which kind struck), struck out one by one to find the
// shortest history that still fails, or placed one by one, to try every one of them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/random.h"

namespace hetao::sim {

enum class Fault : uint8_t {
  // network
  kDrop,
  kDuplicate,
  kDelay,         // up to 2 s, past others: reordered
  kCutAtMessage,  // the link breaks with this message on its way
  kCutAtTime,
  kHalfOpen,    // one side notices a cut up to 30 s late
  kOneWay,      // after a cut the link comes back for one direction first
  kItemBreaks,  // an item's stream breaks
  kClog,        // messages wait for up to 8 s, then all come at once
  // disk
  kSlowSync,
  kSyncFailsUnstored,  // EIO or a full disk: the process stops; the group is not there
  kSyncFailsStored,    // the same, and it is there all the same
  // process
  kKillAtTime,
  kKillBeforeSync,  // a power cut: the group in flight is gone
  kKillAfterSync,   // it is durable, and none of its effects went
  kFreeze,          // stopped for up to 20 s; the world goes on
  kOtherVersion,    // restarted as, or beside, a gateway that knows nothing of the newest fields
  kPolicyChange,    // one step: proposed, approved by a second person, activated
  // scheduler
  kAnswerLost,   // done, but nobody hears it
  kRequestLost,  // not done, and nobody hears it
  kRequestLate,  // arrives up to 8 s later
  kServerError,  // surely not done, said so
  kRefuses,
  kForgets,   // an acknowledged submission younger than 5 s vanishes, and its id is given again
  kRequeues,  // a running job goes back to the queue and starts again
  kDoubleStart,
  kPurges,  // a finished job is not to be found any more
  kOperatorCancels,
  kOperatorHolds,  // a released job waits for half a minute more
  // peer
  kRotates,  // a new certificate: the tunnel is made again
  kRevoked,  // refused for a while
  kOddPeer,  // legal frames that make no sense: old ones again, about jobs of others
  // clock
  kClockJumps,   // found set by up to an hour at a start
  kClockDrifts,  // up to 10 % too fast or slow
  // inspection and delivery
  kInspectionFinds,
  kDeliveryFails,
  kDeletionFails,
  kCount
};

inline constexpr size_t kFaults = static_cast<size_t>(Fault::kCount);

const char* to_word(Fault fault);

// One fault of one world: the number of the opportunity within its kind, from 0.
using Struck = std::pair<Fault, uint32_t>;
std::string to_string(const Struck& struck);

class Chance {
 public:
  explicit Chance(uint64_t seed) : random_(seed) {}

  // Draws which kinds there are, and how often.
  void draw();
  // These happen and no others, whatever was drawn.
  void follow(std::set<Struck> script) { script_ = std::move(script); }
  // Nothing goes wrong from now on, or again as drawn.
  void calm(bool calm) { calm_ = calm; }

  bool strikes(Fault fault);
  // How many of a kind to plan for in a minute, as drawn.
  uint64_t a_minute(Fault fault) const { return rate_[static_cast<size_t>(fault)]; }

  const std::vector<Struck>& struck() const { return struck_; }
  // Opportunities so far, by kind.
  const std::array<uint32_t, kFaults>& opportunities() const { return opportunities_; }
  // As it stood when the first fault struck.
  const std::array<uint32_t, kFaults>& opportunities_at_first() const { return at_first_; }

  Random& random() { return random_; }

 private:
  Random random_;
  std::array<uint64_t, kFaults> rate_{};  // per mille; of the kinds at a time: how many a minute
  std::array<uint32_t, kFaults> opportunities_{};
  std::array<uint32_t, kFaults> at_first_{};
  std::optional<std::set<Struck>> script_;
  std::vector<Struck> struck_;
  bool calm_ = true;
};

}  // namespace hetao::sim
