// Things that time alone can move, each with one time: the next of all costs nothing to know, and what is due
// costs what is due.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/time.h"

namespace hetao::federation {

class Timers {
 public:
  void set(const std::string& key, Instant at) {
    const auto [where, fresh] = at_.try_emplace(key, at);
    if (!fresh) {
      order_.erase({where->second, key});
      where->second = at;
    }
    order_.emplace(at, key);
  }

  void erase(const std::string& key) {
    const auto where = at_.find(key);
    if (where == at_.end()) return;
    order_.erase({where->second, key});
    at_.erase(where);
  }

  std::optional<Instant> next() const {
    return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
  }

  // Takes out what is due at `now`, oldest first.
  std::vector<std::string> take_due(Instant now, size_t most = SIZE_MAX) {
    std::vector<std::string> due;
    while (due.size() < most && !order_.empty() && order_.begin()->first <= now) {
      due.push_back(order_.begin()->second);
      at_.erase(due.back());
      order_.erase(order_.begin());
    }
    return due;
  }

 private:
  std::map<std::string, Instant> at_;
  std::set<std::pair<Instant, std::string>> order_;
};

}  // namespace hetao::federation
