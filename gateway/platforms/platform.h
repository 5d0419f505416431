// One interface for every scheduler: what a run is, how it is told apart, and what a scheduler may answer.
//
// A run is one attempt of a job on one platform. Every platform takes it in the same five steps: submit held
// under our key, find by key, release, get, cancel (reliability.md, 4.11: nobody resubmits before having
// looked). The values here are what crosses that interface; their JSON is what the local platform's spool
// holds, strictly read: unknown keys, wrong types and numbers out of range are refused.
// Pure values and functions; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::platforms {

// What a platform can say to a submission, a look-up, a release or a cancel. Never "error": the caller has to
// know whether the thing happened.
enum class ReplyKind {
  kOk,
  kRefused,  // surely not done; `why` is final
  kAbsent,   // surely not there
  kUnknown,  // perhaps done: look it up before doing anything else
};

const char* to_word(ReplyKind kind);

struct Reply {
  ReplyKind kind = ReplyKind::kUnknown;
  std::string platform_id;  // the platform's own name of the run, if it has one
  std::string why;          // for people: WHAT: WHY (what to do)
};

// --- what is to be run
// --------------------------------------------------------------------------------------

struct ExecutorSpec {
  std::string image;
  std::vector<std::string> command;
  std::string workdir;                                   // empty: "/"; made if it is not there
  std::string stdin_path, stdout_path, stderr_path;      // in the sandbox; empty: none, or the run's log
  std::vector<std::pair<std::string, std::string>> env;  // sorted by name
  bool ignore_error = false;

  bool operator==(const ExecutorSpec&) const = default;
};

enum class MountMode {
  kReadOnly,   // the source itself; writing fails
  kReadWrite,  // the source itself; what the job writes stays there
  kCopy,       // a private copy that the job may change
};

// A file of a mounted folder that is put together from single files, such as blobs.
struct MountFile {
  std::string name;    // relative: "train/a.csv"
  std::string source;  // absolute, on the host

  bool operator==(const MountFile&) const = default;
};

struct Mount {
  std::string path;  // in the sandbox
  MountMode mode = MountMode::kReadOnly;
  bool directory = false;
  std::string source;            // absolute, on the host; empty if `files` are given
  std::vector<MountFile> files;  // of a directory, instead of `source`; not with kReadWrite

  bool operator==(const Mount&) const = default;
};

enum class OutputType { kAny, kFile, kDirectory };

struct OutputSpec {
  std::string path;         // may have wildcards
  std::string path_prefix;  // stripped from what a wildcard finds
  OutputType type = OutputType::kAny;

  bool operator==(const OutputSpec&) const = default;
};

struct RunLimits {
  int64_t cpu_cores = 1;
  int64_t ram_bytes = int64_t{2} << 30U;
  int64_t disk_bytes = int64_t{10} << 30U;
  int64_t wall_seconds = 86'400;  // of all executors together
  int64_t grace_seconds = 10;     // between SIGTERM and SIGKILL
  int64_t processes = 4'096;

  bool operator==(const RunLimits&) const = default;
};

struct RunSpec {
  std::string key;   // "JOB.ATTEMPT"; see check_key
  std::string name;  // the job's name, for people
  std::vector<ExecutorSpec> executors;
  std::vector<Mount> mounts;
  std::vector<OutputSpec> outputs;
  std::vector<std::string> volumes;  // empty folders that all executors share
  RunLimits limits;
  bool network = false;              // only where a decision's obligations allow it
  std::vector<std::string> devices;  // globs below /dev that the sandbox shows: accelerators

  bool operator==(const RunSpec&) const = default;
};

// Letters, digits, `.`, `_` and `-`, at most 128, none of them a leading dot: it names a folder of the spool
// and a job of a scheduler.
Result<void> check_key(std::string_view key);

// Every rule of a RunSpec that needs no look at the machine: counts, lengths, paths, overlaps, limits.
Result<void> check(const RunSpec& spec);

json::object to_json(const RunSpec& spec);
Result<RunSpec> read_run_spec(const json::value& value);  // checked
Result<RunSpec> parse_run_spec(std::string_view text);    // checked

// --- what became of it
// --------------------------------------------------------------------------------------

enum class RunState {
  kHeld,      // submitted, not released
  kReleased,  // may start any moment
  kRunning,
  kEnded,  // by itself or by a limit; see executors and failure
  kCancelled,
  kLost,  // nothing runs any more and no end was reported
};

const char* to_word(RunState state);
bool is_final(RunState state);

// Why an executor ended.
enum class EndReason {
  kExited,
  kSignalled,
  kTimeout,    // the run's wall time was over
  kMemory,     // more memory than asked for
  kDisk,       // more scratch space than asked for
  kProcesses,  // more processes than allowed
  kCancelled,
  kSandbox,  // the sandbox could not be set up: the program never ran
};

const char* to_word(EndReason reason);

struct ExecutorLog {
  Instant started;
  Instant ended;
  int32_t exit_code = 0;  // 128 + signal when a signal ended it, as shells say
  int32_t signal = 0;
  EndReason reason = EndReason::kExited;
  std::string message;  // for people, when it did not end by itself
  int64_t cpu_micros = 0;
  int64_t ram_peak_bytes = 0;  // of its largest process
  int64_t stdout_bytes = 0;    // written in all; the log keeps the tail
  int64_t stderr_bytes = 0;

  bool operator==(const ExecutorLog&) const = default;
};

struct OutputFile {
  std::string path;  // in the sandbox
  int64_t bytes = 0;
  std::string stored;  // relative to the run's folder: "out/0.3"

  bool operator==(const OutputFile&) const = default;
};

struct OutputResult {
  std::vector<OutputFile> files;  // sorted by path
  std::string note;               // empty: found; else what was missing, skipped or unreadable

  bool operator==(const OutputResult&) const = default;
};

struct RunStatus {
  std::string key;
  RunState state = RunState::kHeld;
  Instant started;  // 0: not started
  Instant ended;
  std::vector<ExecutorLog> executors;  // of those that were started, in order
  std::vector<OutputResult> outputs;   // as in RunSpec::outputs, once ended
  std::string failure;                 // empty: every executor ended as it should
  std::vector<std::string> notes;

  bool operator==(const RunStatus&) const = default;
};

json::object to_json(const RunStatus& status);
Result<RunStatus> parse_run_status(std::string_view text);

}  // namespace hetao::platforms
