// What `hetao` does with the jobs of a sweep: send them, follow them, list them.
#pragma once

#include "gateway/cli/client.h"
#include "gateway/cli/job_file.h"

namespace hetao::cli {

struct SweepOptions {
  std::string project;
  std::string key;  // tells two runs of the same file apart
  bool watch = false;
};

// Where a job's id stands, a sweep's may stand too.
inline bool is_sweep(std::string_view id) {
  return id.starts_with("sw-");
}

// The same file again is the same sweep, and sends only what the gateway does not have yet.
int submit_sweep(const Context& context, JobFile file, const SweepOptions& options);
// Decides about every element; elements with the same answer are shown once.
int explain_sweep(const Context& context, const JobFile& file, const std::string& project);
// Until all have ended: what changed, and then a table. The worst end is the exit code.
int watch_sweep(const Context& context, const std::string& sweep);
int list_sweep(const Context& context, const std::string& sweep);

// A sweep's jobs as the gateway lists them, by their number.
Result<std::vector<json::object>> jobs_of_sweep(const Client& client, const std::string& sweep);

// --- submit.cpp: shared with single jobs
// The rules, their legal basis and what would be allowed, or every mistake, on standard output; the error
// itself on standard error. Its exit code.
int refused(const Context& context, const Reply& reply);
void show_explanation(const Context& context, const json::object& explanation);
int exit_of_explanation(const json::object& explanation);

}  // namespace hetao::cli
