// Runs a program to its end with its output caught: for schedulers that are spoken to by commands. The
// program gets a clean environment, is bounded in time and output, and nothing of it is left running.
// Blocking; thread-safe.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway/base/time.h"

namespace hetao::io {

struct CommandCall {
  std::vector<std::string> words;  // words[0]: absolute, or found along the PATH given in `environment`
  std::string input;
  std::vector<std::pair<std::string, std::string>> environment;
  Duration patience = Duration::seconds(30);
  size_t output_bytes_max = size_t{512} << 20U;
};

struct CommandResult {
  int exit_code = -1;  // 128 + signal; -1: not started, or stopped by us
  std::string out;
  std::string err;
  std::string trouble;
};

CommandResult run_command(const CommandCall& call);

}  // namespace hetao::io
