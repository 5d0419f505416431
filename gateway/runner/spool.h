// The local platform's spool: one folder a run, written here and by hetao-runner, and all that a gateway
// needs to submit, find, release, watch, cancel and forget runs, also after either of them died.
//
//   SPOOL/KEY/
//     spec.json    the held submission: it is there, whole and durable, or nothing was submitted
//     release      marker: may start
//     token        the start fence: who made it owns the run, for ever. Its maker holds a lock on it while it
//                  lives, so a token whose lock is free tells of a runner that died
//     cancel       marker: stop
//     status.json  what became of it; replaced atomically, durable
//     stdout.N, stderr.N   the last MiB of executor N's streams
//     out/         collected outputs, as status.json lists them
//     scratch/, inputs/      scratch space and mounted folders of the run
//     staged/      copies of the inputs, for runs that start elsewhere
//   SPOOL/.news/KEY          the run's status has changed; the reader takes it away
//
// With SpoolConfig::elsewhere another scheduler starts the runs, on machines that share this folder:
// release() then only marks, a lock tells nothing of a runner that lives elsewhere, and others may pass
// through here.
//
// Every call may be repeated after a crash and finds what an earlier one left. Calls block on the disk; they
// may run on any thread, one at a time for the same key. Nothing here trusts what a job wrote below scratch/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/platforms/local/sandbox.h"
#include "gateway/platforms/platform.h"

namespace hetao::runner {

struct SpoolConfig {
  std::string folder;  // absolute; made if it is not there, for this user alone
  std::string runner;  // the program hetao-runner, absolute; hetao-init lies beside it
  platforms::SandboxConfig sandbox;
  bool elsewhere = false;
  std::string runner_socket = {};  // where somebody else starts hetao-runner for us (request.h); empty: we do
};

class Spool {
 public:
  // Makes the folder. Fails if it can't be used: not ours, not writable, or writable by others.
  static Result<Spool> open(SpoolConfig config);

  // Starts nothing. Ok: the run is durable here, from this call or an earlier one (which is kept as it was).
  // Refused: it breaks a rule or asks for what the administrator does not allow.
  platforms::Reply submit_held(const platforms::RunSpec& spec) const;

  // Whether a submission is here that can be sent to a scheduler as it is.
  bool has_whole(std::string_view key) const;

  // Ok or absent.
  platforms::Reply find(std::string_view key) const;

  // Ok: a runner owns the run, or it is over. Unknown: the runner could not be started; try again later.
  platforms::Reply release(std::string_view key) const;

  // kNotFound if nothing is there. A run whose runner died without a last word is kLost.
  Result<platforms::RunStatus> get(std::string_view key) const;

  // Ok: it will end soon (watch it with get), or is over already.
  platforms::Reply cancel(std::string_view key) const;

  // The run's folder, made if it is not there, for what has to lie there before submit_held.
  Result<std::string> prepare(std::string_view key) const;

  // Runs whose status has changed since the last call, sorted. Names that nobody of ours wrote may be among
  // them. Only with `elsewhere`.
  Result<std::vector<std::string>> take_news() const;

  // Forgets a run and its scratch space. Refused while it runs. Ok also if nothing is there.
  platforms::Reply remove(std::string_view key) const;

  // Every submission that is here, sorted: for the sweep of orphans. Finishes removals that a crash cut
  // short.
  Result<std::vector<std::string>> list() const;

  // The folder of a run, to read logs and outputs from.
  std::string folder_of(std::string_view key) const;

  // Whether this machine has the programs that images need.
  Result<void> check_engines() const;

  // Tries an empty sandbox, so that a machine without user namespaces is known at the start.
  Result<void> check_sandbox() const;

 private:
  explicit Spool(SpoolConfig config) : config_(std::move(config)) {}

  SpoolConfig config_;
};

}  // namespace hetao::runner
