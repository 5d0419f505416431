// What the shell asks of every platform, whatever scheduler stands behind it: submit held, find, release,
// watch, cancel, collect, forget. A run is one attempt of a job; its key names it everywhere.
//
// Every call may be repeated and does no harm then. Calls block and are made on worker threads: up to
// `calls_at_once()` of them beside each other, never two for the same run but collect, and poll() beside all.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/federation/event.h"
#include "gateway/io/durable_file.h"
#include "proto/peer.pb.h"
#include "proto/state.pb.h"

namespace hetao::io {

class Platform {
 public:
  Platform() = default;
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;
  virtual ~Platform() = default;

  virtual const std::string& name() const = 0;
  virtual size_t calls_at_once() const { return 1; }
  virtual Duration poll_every() const { return Duration::millis(100); }

  virtual federation::RunSubmitted submit(const std::string& run, const pb::Run& spec) = 0;
  virtual federation::RunFound find(const std::string& run) = 0;
  // From an ok on, poll() tells what changes. `id`: the platform's own name of the run, as submit told it.
  virtual federation::RunReleased release(const std::string& run, const std::string& id) = 0;
  // Nothing: poll() will tell its end.
  virtual std::vector<federation::RunObserved> cancel(const std::string& run, const std::string& id) = 0;
  virtual void remove(const std::string& run) = 0;
  // What has changed of the runs that were released, since the last call.
  virtual std::vector<federation::RunObserved> poll() = 0;
  virtual bool is_watching() const = 0;
  // Runs that are here: what the core does not know of has no owner.
  virtual std::vector<std::string> list() = 0;
  // What it has and has free; `trouble` says why it could not be asked.
  virtual pb::Platform supply() = 0;
  // The file that a stream of a run ("stdout.0") is written to, while the run is here. Beside every other
  // call.
  virtual Result<Descriptor> open_log(const std::string& /*run*/, const std::string& /*id*/,
                                      const std::string& stream) const {
    return fail(ErrorCode::kNotFound, "log " + stream, "this platform shows none while a run is under way");
  }
  virtual federation::RunCollected collect(const std::string& run, const pb::Run& spec) = 0;
};

}  // namespace hetao::io
