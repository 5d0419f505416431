// The run's dealings with its platform: submit held, record, release, watch, cancel; answers that are lost
// are looked up. See gateway/federation/host.h; the parts that both files of the host share are declared
// here.
#pragma once

#include "gateway/federation/state.h"

namespace hetao::federation {

// Tells the run's home how it stands.
void tell_home(State& s, const pb::Run& run);
// The run will never start: says why (a class of table.h, and words), and takes no more inputs.
void refuse_run(State& s, pb::Run& run, const std::string& failure_class, std::string reason);
// Asks the platform for a held submission under the run's key.
void submit_run(State& s, const std::string& key, pb::Run& run);

}  // namespace hetao::federation
