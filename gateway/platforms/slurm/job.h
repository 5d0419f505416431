// A Slurm job as we ask for it and as Slurm describes it, and what its end means.
//
// Whose job it is stands in its comment, "hetao:REGION:KEY", and in its name, "hetao-KEY": ids are given
// again after a crash of slurmctld, so no id is believed before the comment was looked at (design: identity
// is city, job id, comment and submit time). Pure values and functions; thread-safe. Source: Slurm 22.05
// (slurm.h.inc), and what real clusters do (tests/slurm).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/platforms/platform.h"

namespace hetao::platforms::slurm {

// Where and as whom the jobs of a tenant go; empty: Slurm's own default.
struct Route {
  std::string user;
  std::string partition;
  std::string account;
  std::string qos;
  std::string reservation;
  std::string constraint;

  bool operator==(const Route&) const = default;
};

struct JobRequest {
  std::string key;      // of the run; see check_key
  std::string comment;  // comment_of(region, key)
  std::string script;
  std::string work_folder;
  std::string output_file;  // of the script itself: what the wrapper says when it can't start
  Route route;
  int64_t group = -1;  // Unix group of the route's user, for the commands; -1: not known
  std::string gres;    // "gpu:a800:4"; empty: none
  int64_t cores = 1;
  int64_t ram_bytes = 0;
  int64_t minutes = 60;
};

std::string comment_of(std::string_view region, std::string_view key);
// The key in a comment of that region; empty: the job is not ours.
std::string key_of(std::string_view comment, std::string_view region);
std::string name_of(std::string_view key);

// The batch script: hetao-runner on the run's folder, with nothing of the submitter's on a command line.
std::string script_of(std::string_view runner, std::string_view folder);

enum class JobState {
  kPending,
  kRunning,
  kSuspended,
  kCompleting,  // ended, and not all of it is cleaned up
  kCompleted,
  kFailed,
  kCancelled,
  kTimeout,
  kNodeFail,
  kPreempted,
  kOutOfMemory,
  kDeadline,
  kBootFail,
  kOther,  // a state that only newer servers know
};

// From Slurm's word ("RUNNING", "CANCELLED by 0"); unknown words are kOther.
JobState state_of_word(std::string_view word);
bool is_over(JobState state);

struct JobRecord {
  int64_t id = 0;
  std::string name;
  std::string comment;
  std::string user;
  JobState state = JobState::kOther;
  std::string state_word;   // as Slurm wrote it
  std::string reason;       // "JobHeldUser", "Resources", …
  int64_t wait_status = 0;  // as wait(2) has it: exit 3 is 768
  int64_t submit_seconds = 0;
  int64_t start_seconds = 0;
  int64_t end_seconds = 0;
  int64_t restarts = 0;
  int64_t cores = 0;
  int64_t nodes = 0;
  int64_t ram_bytes = 0;  // allocated, or asked for
  std::string tres;       // "cpu=2,mem=512M,node=1,gres/gpu=4"
  std::string gres;       // asked for, as Slurm prints it: "gres:gpu:a800:4"
  std::string node_list;
  bool held = false;  // by its submitter; an administrator's hold is not ours to lift

  bool operator==(const JobRecord&) const = default;
};

// What an end means that the run's own status does not explain: the wrapper was killed or never ran.
struct JobEnd {
  EndReason reason = EndReason::kExited;
  bool cancelled = false;       // by somebody who is not us
  bool system_failure = false;  // the platform's, not the program's
  int32_t exit_code = 0;        // 128 + signal when a signal ended it
  int32_t signal = 0;
  std::string failure;  // for people
};

JobEnd end_of(const JobRecord& job);

// "gpu:a800:4(IDX:0-3),npu:8" -> {gpu, a800, 4}, {npu, "", 8}; what is no such list yields nothing of it.
struct Gres {
  std::string name;  // gpu, npu
  std::string type;  // a800, ascend910b; may be empty
  int64_t count = 0;

  bool operator==(const Gres&) const = default;
};
std::vector<Gres> parse_gres(std::string_view text);
// "512M", "2G", "250G", "1000" (MiB) -> bytes; 0: unreadable.
int64_t parse_memory(std::string_view text);
// The value of NAME in "cpu=2,mem=512M"; empty: not there.
std::string tres_value(std::string_view tres, std::string_view name);

}  // namespace hetao::platforms::slurm
