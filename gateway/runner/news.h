// How a runner elsewhere tells the gateway that a run's status has changed, without the gateway having to
// look at every run: a name in a folder beside the runs'.
#pragma once

#include <string>
#include <string_view>

namespace hetao::runner {

inline constexpr std::string_view kNewsFolder = ".news";

// Leaves the run's name in SPOOL/.news, if there is such a folder. `folder`: the run's. Losing it costs time
// alone: the gateway asks the scheduler, too.
void leave_news(int folder, const std::string& key);

}  // namespace hetao::runner
