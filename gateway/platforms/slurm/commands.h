// Slurm's own commands, for a site without slurmrestd: argument lists to run and how to read what they print.
// Also the two places where ended jobs are found after slurmctld forgot them: sacct and the completion log.
//
// Times are asked for as seconds (SLURM_TIME_FORMAT=%s in their environment). Pure; thread-safe.
// Source: man pages of Slurm 22.05: sbatch, scontrol, scancel, sacct, slurm.conf
// (JobCompType=jobcomp/filetxt).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/platforms/slurm/job.h"
#include "gateway/platforms/slurm/rest.h"
#include "gateway/platforms/slurm/supply.h"

namespace hetao::platforms::slurm {

struct Command {
  std::vector<std::string> words;  // words[0]: its name
  std::string input;
};

struct CommandOutcome {
  int exit_code = -1;  // -1: it could not be run, or had to be stopped; `trouble` says why
  std::string out;
  std::string err;
  std::string trouble;
};

// `as_user`: adds --uid, which root alone may use.
Command sbatch_command(const JobRequest& request, bool as_user);
Command show_job_command(int64_t id);
Command show_jobs_command();
Command release_command(int64_t id);
Command cancel_command(int64_t id);
Command accounting_command(int64_t id);
Command show_nodes_command();
Command show_queue_command();

SubmitReply read_sbatch(const CommandOutcome& outcome);
JobReply read_shown_job(const CommandOutcome& outcome, int64_t id);
Result<std::vector<JobRecord>> read_shown_jobs(const CommandOutcome& outcome,
                                               std::string_view comment_prefix);
Reply read_changed(const CommandOutcome& outcome);
Result<std::vector<NodeRecord>> read_shown_nodes(const CommandOutcome& outcome);
QueueReply read_shown_queue(const CommandOutcome& outcome);

// The job of that id and key in what sacct printed; absent if it is not there.
JobReply read_accounting(const CommandOutcome& outcome, int64_t id, std::string_view key);
// One line of the completion log, if it is of that id and key. Its times are the node's local ones: good for
// durations alone.
std::optional<JobRecord> read_completion_line(std::string_view line, int64_t id, std::string_view key);

}  // namespace hetao::platforms::slurm
