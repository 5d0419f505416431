// Job files: GA4GH TES tasks in YAML or JSON, checked here with file, line and column before anything is
// sent.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/base/diagnostic.h"
#include "gateway/base/json.h"

namespace hetao::cli {

struct JobFile {
  json::object task;                  // what to send
  std::vector<std::string> warnings;  // what will be left out
};

// `path` may be "-". A file that can't be read is a mistake of the whole file.
tl::expected<JobFile, Diagnostics> read_job_file(const std::string& path);

}  // namespace hetao::cli
