// Virtual time: what is to happen, in order. Ties are broken by the order of scheduling.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "gateway/base/time.h"

namespace hetao::sim {

class Timeline {
 public:
  Instant now() const { return now_; }
  uint64_t happened() const { return happened_; }

  void after(Duration delay, std::function<void()> what) {
    queue_.emplace(std::pair(now_ + delay, ++order_), std::move(what));
  }

  // Runs until `end`, or until nothing is left to happen.
  void run_until(Instant end) {
    while (!queue_.empty() && queue_.begin()->first.first <= end) {
      auto node = queue_.extract(queue_.begin());
      now_ = node.key().first;
      ++happened_;
      node.mapped()();
    }
    now_ = std::max(now_, end);
  }

 private:
  Instant now_{1'764'000'000'000'000};  // some day; the core must not care which
  uint64_t order_ = 0;
  uint64_t happened_ = 0;
  std::map<std::pair<Instant, uint64_t>, std::function<void()>> queue_;
};

}  // namespace hetao::sim
