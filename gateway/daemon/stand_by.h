// A node of a region whose nodes share a database gets the store when no other node leads any more. Until
// then it passes connections on to the one that leads (gateway/io/relay.h).
#pragma once

#include <signal.h>

#include <memory>

#include "gateway/base/result.h"
#include "gateway/daemon/config.h"
#include "gateway/store/store.h"

namespace hetao::daemon {

// Waits as long as it takes; null: a signal of `stopping` came first. Those signals are blocked already.
// A database that does not answer is an error at first, and waited for afterwards.
Result<std::unique_ptr<store::Store>> take_store(const Config& config, const sigset_t& stopping);

}  // namespace hetao::daemon
