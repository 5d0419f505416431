// Inspects a file in a process of its own (README.md). Blocking; thread-safe: each call has its own process.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/time.h"
#include "gateway/inspection/inspector.h"
#include "gateway/inspection/patterns.h"

namespace hetao::inspector {

struct WorkerOptions {
  std::string program;  // path of hetao-inspector
  std::string profile = "personal-identifiers";
  uint32_t latest_birth_day = 20991231;
  std::vector<inspection::Pattern> patterns;
  unsigned threads = 1;
  uint64_t memory_bytes = uint64_t{2} << 30U;  // beside the file itself
  uint64_t seconds = 600;  // of processor and wall time, and a second more for each 8 MB of the file
  bool excerpts = false;
  std::vector<std::string> spans_of;  // kinds whose places are wanted
};

// hetao-inspector beside the program that runs; where that stands in bin/, of its package in libexec/.
std::string worker_beside_this();

// Never fails: what went wrong is an incomplete report.
inspection::Report inspect_in_worker(int descriptor, const WorkerOptions& options);

}  // namespace hetao::inspector
