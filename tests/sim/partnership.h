// A project of two cities, in one world of four: it is begun, accepted or declined, given members, money and
// data, and closed by either side, while jobs carry its name. Its chance is its own, so that worlds without
// one are what they would be without this file.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "tests/sim/node.h"
#include "tests/sim/random.h"

namespace hetao::sim {

class Partnership {
 public:
  explicit Partnership(uint64_t seed);

  // Its jobs cost something, or no budget would ever be touched.
  void set_prices(federation::CoreConfig& config) const;
  // What owners do in the trouble.
  void plan(Timeline& time, std::map<std::string, Node>& nodes, Duration trouble);
  // The name that a job carries; empty: none.
  std::string project_of_next_job();
  // When everything is at rest; says what is wrong.
  void check(const std::map<std::string, Node>& nodes, const std::function<void(std::string)>& violate) const;

 private:
  void act(Node& node);

  Random random_;
  bool on_;
};

}  // namespace hetao::sim
