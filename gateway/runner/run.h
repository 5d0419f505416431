// The whole life of one run in the spool, from the token to the last word in status.json. This is what
// hetao-runner does; on a node of another scheduler it is the job's wrapper just the same.
#pragma once

#include <string>

#include "gateway/base/result.h"
#include "gateway/platforms/local/sandbox.h"
#include "gateway/platforms/platform.h"
#include "gateway/runner/files.h"

namespace hetao::runner {

struct Submission {
  platforms::RunSpec spec;
  platforms::SandboxConfig sandbox;
};

// spec.json of the spool: what is run, and what the administrator allowed when it was submitted.
std::string print_submission(const Submission& submission);
Result<Submission> parse_submission(std::string_view text);

// What a run's folder says without looking at its owner: the last status written, or none.
Result<platforms::RunStatus> read_status(int folder);
Result<void> write_status(int folder, const platforms::RunStatus& status);

class OwnedRun {
 public:
  // Reads the submission and takes the token. Refuses a run that was not released.
  static Result<OwnedRun> take(const std::string& folder);

  bool ours() const { return static_cast<bool>(token_); }  // else somebody else owns it: do nothing

  // Runs everything and writes the last word. `init`: the program hetao-init. Needs SIGTERM, SIGINT and
  // SIGUSR1 blocked, and takes them from a descriptor.
  platforms::RunStatus execute(const std::string& init);

 private:
  OwnedRun() = default;

  std::string path_;
  Fd folder_;
  Fd token_;
  Submission submission_;
};

// Runs `true` in an empty sandbox below `folder`, for the administrator's peace of mind. Host root only.
Result<void> try_sandbox(const std::string& folder, const platforms::SandboxConfig& config,
                         const std::string& init);

}  // namespace hetao::runner
