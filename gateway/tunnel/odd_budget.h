// One peer's budget for behaviour that the protocol allows but that nobody needs often: resets, empty frames,
// pings, window games, repeated offers. A token bucket; all sessions and lanes of a peer share one, so that
// reconnecting doesn't refill it. At three quarters the peer is asked to leave, when it is empty it is cut.
// Not thread-safe.
#pragma once

#include "gateway/base/limits.h"
#include "gateway/base/token_bucket.h"

namespace hetao::tunnel {

// What each kind costs, in points of limits::kOddPointsBurst.
enum class Odd : uint16_t {
  kTinyData = 1,
  kSmallCredit = 20,
  kPing = 20,
  kExtension = 20,
  kEmptyMessage = 20,
  kUselessCredit = 50,
  kEmptyData = 50,
  kLateReset = 50,
  kLateOpen = 50,  // after our goodbye
  kReset = 55,
  kStrayPong = 100,
  kRepeatedGoodbye = 100,
  kRepeatedOffer = 50,  // for the rooms above
  kStaleResume = 50,
};

class OddBudget {
 public:
  enum class Verdict : uint8_t { kFine, kAskToLeave, kCut };

  explicit OddBudget(Instant now, uint64_t burst = limits::kOddPointsBurst,
                     uint64_t per_second = limits::kOddPointsPerSecond)
      : bucket_(per_second, burst, now) {}

  Verdict charge(Odd what, Instant now) { return charge_points(static_cast<uint64_t>(what), now); }
  Verdict charge_points(uint64_t points, Instant now) {
    if (!bucket_.take(points, now)) return Verdict::kCut;
    return bucket_.level(now) < bucket_.burst() / 4 ? Verdict::kAskToLeave : Verdict::kFine;
  }
  uint64_t used(Instant now) { return bucket_.burst() - bucket_.level(now); }

 private:
  TokenBucket bucket_;
};

}  // namespace hetao::tunnel
