// What must hold of a single step of the core, whatever the world does with it.
#pragma once

#include <functional>
#include <string>

#include "gateway/federation/core.h"

namespace hetao::sim {

// `core` has just answered with `step`.
void check_step(const federation::Core& core, const federation::CoreConfig& config,
                const federation::Step& step, const std::function<void(std::string)>& violate);

}  // namespace hetao::sim
