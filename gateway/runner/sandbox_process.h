// The process of one sandbox: the engine (bubblewrap or podman) with hetao-init inside, and the ends of what
// connects it to the runner. Destroying it kills it. For processes of one thread that have no other children
// and are a subreaper, as hetao-runner is: wait() reaps whatever the engine left.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/platforms/local/sandbox.h"
#include "gateway/runner/files.h"

namespace hetao::runner {

struct SandboxStart {
  std::vector<std::string> command;
  std::string options;       // NUL-separated, for bubblewrap; else empty
  std::string instructions;  // for hetao-init
  int64_t cpu_cores = 1;
  std::string key;  // which cores it gets depends on it
};

class SandboxProcess {
 public:
  static Result<SandboxProcess> start(const SandboxStart& start);
  SandboxProcess(SandboxProcess&& other) noexcept;
  SandboxProcess& operator=(SandboxProcess&&) = delete;
  ~SandboxProcess();

  pid_t pid() const { return pid_; }
  int process() const { return process_.get(); }  // readable when it ended
  int control() const { return control_.get(); }
  int out() const { return out_.get(); }
  int err() const { return err_.get(); }

  void send(char command) const;
  void kill() const;
  int wait();  // the wait status; blocks

 private:
  SandboxProcess() = default;

  pid_t pid_ = -1;
  Fd process_, control_, out_, err_;
};

}  // namespace hetao::runner
