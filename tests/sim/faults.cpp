#include "tests/sim/faults.h"

namespace hetao::sim {

Faults Faults::draw(Random& random) {
  const auto rate = [&](uint64_t most) { return random.below(3) == 0 ? 0 : 1 + random.below(most); };
  Faults f;
  f.drop = rate(150);
  f.duplicate = rate(150);
  f.reorder = rate(200);
  f.cut = rate(8);
  f.half_open = rate(400);
  f.crash = rate(5);
  f.slow_disk = rate(200);
  f.item_fails = rate(200);
  f.answer_lost = rate(200);
  f.answer_late = rate(300);
  f.scheduler_refuses = rate(60);
  f.scheduler_forgets = rate(80);
  f.double_start = rate(200);
  f.clock_jump = rate(500);
  return f;
}

std::string Faults::text() const {
  const auto part = [](const char* name, uint64_t value) {
    return value == 0 ? std::string() : std::string(" ") + name + "=" + std::to_string(value);
  };
  return part("drop", drop) + part("duplicate", duplicate) + part("reorder", reorder) + part("cut", cut) +
         part("half-open", half_open) + part("crash", crash) + part("slow-disk", slow_disk) +
         part("item-fails", item_fails) + part("answer-lost", answer_lost) +
         part("answer-late", answer_late) + part("refuses", scheduler_refuses) +
         part("forgets", scheduler_forgets) + part("double-start", double_start) +
         part("clock-jump", clock_jump);
}

}  // namespace hetao::sim
