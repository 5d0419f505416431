// GA4GH TES 1.1 tasks: JSON to pb::Task with every rule checked, and jobs back to TES JSON in its three
// views.
//
// Reading finds all mistakes of a task at once, each with its JSON pointer (RFC 6901). Members that TES does
// not know are mistakes (but for TES's own under protobuf's names, "cpuCores"); null is absent, also in a
// map; members that the server owns (id, state, logs, creation_time) are accepted and left out, because
// clients send back what they were given. Writing adds no member that TES does not know: real clients refuse
// such objects. Pure functions; thread-safe. Source: ga4gh/task-execution-schemas v1.1,
// openapi/task_execution_service.openapi.yaml.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/base/json.h"
#include "proto/state.pb.h"
#include "proto/task.pb.h"

namespace hetao::tes {

struct Mistake {
  std::string pointer;   // of the value, "/executors/0/image"; of the object where a member is missing
  bool at_key = false;   // the member's name is wrong, not its value
  std::string message;   // what is wrong
  std::string expected;  // may be empty
  std::string hint;      // such as the nearest known name; may be empty
};

// "/executors/0/imgae: unknown member; expected one of … (did you mean "image"?)".
std::string to_line(const Mistake& mistake);

struct TaskRules {
  // Known keys of `backend_parameters`, in lower case. Others are left out with a warning, or refused if the
  // task says `backend_parameters_strict`.
  std::vector<std::string> backend_parameters = {"accelerator", "accelerators", "wall_time"};
  // Allowed values of the tag `purpose`; empty: not checked here.
  std::vector<std::string> purposes = {};
};

struct TaskReading {
  pb::Task task;
  std::vector<std::string> warnings;  // what was left out
};

using Mistakes = std::vector<Mistake>;  // in the order of the document; at most kMistakesMax
inline constexpr size_t kMistakesMax = 100;

tl::expected<TaskReading, Mistakes> read_task(const json::value& value, const TaskRules& rules = {});

// The inverse: read_task(write_task(t)) gives t.
json::object write_task(const pb::Task& task);

enum class View { kMinimal, kBasic, kFull };

// "QUEUED", "INITIALIZING", … Waiting for a peer or a reviewer before the start is QUEUED, and no state that
// real clients don't take for final or for running is ever shown.
const char* state_name(pb::JobState state);

json::object write_job(const pb::Job& job, View view);

// The name of an output: what follows "result:" in its URL, else its own name, else the last part of its
// path.
std::string output_name(const pb::Output& output);

// True if the path holds an unquoted wildcard of POSIX 1003.1, section 2.13 ("\*" is a plain star).
bool has_wildcard(std::string_view path);

// Memory and disk sizes: TES says GB, its clients mean 2^30 bytes. Rounded up to whole bytes.
int64_t bytes_of_gb(double gb);
// The shortest decimal that bytes_of_gb turns into the same number of bytes.
double gb_of_bytes(int64_t bytes);

}  // namespace hetao::tes
