// A bar for bytes that move, on a terminal; nothing where somebody parses what we say.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/cli/context.h"

namespace hetao::cli {

void show_progress(const Context& context, const std::string& name, uint64_t have, uint64_t all);

}  // namespace hetao::cli
