// Job files: GA4GH TES tasks in YAML or JSON, checked here with file, line and column before anything is
// sent. A file with a section `sweep` (sweep.h) stands for many tasks.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/base/diagnostic.h"
#include "gateway/base/json.h"
#include "gateway/cli/sweep.h"

namespace hetao::cli {

struct JobElement {
  json::object task;  // what to send
  SweepValues values;
};

struct JobFile {
  std::vector<JobElement> jobs;  // one, unless it is a sweep
  bool is_sweep = false;
  std::vector<std::string> warnings;  // what will be left out
};

// `path` may be "-". A file that can't be read is a mistake of the whole file.
tl::expected<JobFile, Diagnostics> read_job_file(const std::string& path);

}  // namespace hetao::cli
