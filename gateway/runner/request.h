// How hetao-runner is started by somebody else than the gateway: one connection a start to a socket that
// systemd holds (deploy/systemd/hetao-runner.socket). The gateway then needs none of the rights that a
// sandbox needs.
//
// The gateway sends the options that it would have given on a command line, each ended by a zero, and closes
// its end. hetao-runner answers with words for people, if it has any, and one last byte, its exit code. A
// connection that ends without that byte tells nothing of whether the run has started: the token does.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/result.h"

namespace hetao::runner {

// hetao-runner's first word.
struct Said {
  int exit_code = -1;
  std::string text;
};

// The gateway's side. Blocks until hetao-runner has spoken, for a minute at most.
Result<Said> ask_runner(const std::string& socket, const std::vector<std::string>& options);

// hetao-runner's side: the options that were sent.
Result<std::vector<std::string>> read_request(int socket);

// The last byte, to a socket or a pipe, which is closed then.
void answer_request(int to, int exit_code);

}  // namespace hetao::runner
