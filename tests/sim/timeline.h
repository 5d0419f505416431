// Simulated time: what is to happen, in order; things of one moment happen in the order in which they were
// asked for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "gateway/base/time.h"

namespace hetao::sim {

class Timeline {
 public:
  static constexpr Instant kBegin{1'764'000'000'000'000};  // some day; the core must not care which

  Instant now() const { return now_; }
  uint64_t happened() const { return happened_; }

  void after(Duration delay, std::function<void()> what) {
    queue_.push({now_ + delay, ++order_, std::move(what)});
  }

  // Runs until `end`, or until nothing is left to happen, or until `enough` says so.
  template <class Enough>
  void run_until(Instant end, Enough enough) {
    while (!queue_.empty() && queue_.top().at <= end) {
      // The top is only looked at by const reference, and is popped at once: moving out of it is safe.
      Happening next =
          std::move(const_cast<Happening&>(queue_.top()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
      queue_.pop();
      now_ = next.at;
      ++happened_;
      next.what();
      if (enough()) return;
    }
    now_ = std::max(now_, end);
  }

 private:
  struct Happening {
    Instant at;
    uint64_t order = 0;
    std::function<void()> what;
    bool operator<(const Happening& other) const {
      return std::pair(at, order) > std::pair(other.at, other.order);  // the earliest is on top
    }
  };
  Instant now_ = kBegin;
  uint64_t order_ = 0;
  uint64_t happened_ = 0;
  std::priority_queue<Happening> queue_;
};

}  // namespace hetao::sim
