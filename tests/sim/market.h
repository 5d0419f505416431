// Owners who offer and take back, in one world of four: quotas, offers that begin, end and are withdrawn
// while jobs wait for them. Its chance is its own, so that worlds without a market are what they would be
// without this file.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "tests/sim/node.h"
#include "tests/sim/random.h"

namespace hetao::sim {

class Market {
 public:
  explicit Market(uint64_t seed);

  bool is_open() const { return open_; }
  // Quotas of a region, before it starts.
  void set_quotas(federation::CoreConfig& config);
  // What owners do in the trouble.
  void plan(Timeline& time, std::map<std::string, Node>& nodes, Duration trouble);
  // What begins later is withdrawn: a clock that was set back may have put it off by an hour.
  void heal(std::map<std::string, Node>& nodes) const;
  // No offer and no quota is ever overdrawn; says what is.
  void check(const std::map<std::string, Node>& nodes, const std::function<void(std::string)>& violate) const;

 private:
  void act(Node& node, Instant now);

  Random random_;
  bool open_;
  uint64_t offers_ = 0;
};

}  // namespace hetao::sim
