// How a job is walled in: which engine an image gets, what is mounted where, and the argument lists of
// bubblewrap; those of programs that run container images are in containers.h. Pure: looks at no machine,
// starts nothing; gateway/runner does.
//
// With bubblewrap the job's root is a scratch folder of the run, as a container's writable layer is: the job
// may write anywhere that is not the host's. Over it the host's programs are mounted read-only (never its
// /home, /root, /var, /run or keys: the job has the gateway's own user id, so what is not to be read must not
// be there), then what the task asks for. Every namespace is unshared, capabilities are dropped, further user
// namespaces are off, and everything dies with the runner.
//
// Which limit is kept by what:
//   memory     RLIMIT_DATA of twice the limit stops a sudden process; the runner samples all processes'
//              resident memory and ends the run above the limit. podman: its cgroup.
//   processor  affinity to that many cores, and niceness; podman: its cgroup
//   disk       the runner measures the scratch folder; RLIMIT_FSIZE bounds each file; /dev/shm is a tmpfs
//   with
//              a size; nothing else can be written
//   processes  RLIMIT_NPROC, and the runner counts
//   time       the runner
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/base/result.h"
#include "gateway/platforms/platform.h"

namespace hetao::platforms {

enum class Engine { kHostRoot, kPodman, kApptainer, kEnroot };

const char* to_word(Engine engine);

// The program that runs container images, and which.
struct ContainerConfig {
  Engine engine = Engine::kPodman;
  std::string program = "/usr/bin/podman";
  std::vector<std::string> images;  // globs; none: it runs none
  std::string image_folder;         // of Apptainer and enroot: where images lie

  bool operator==(const ContainerConfig&) const = default;
};

// What the administrator allows. Image lists are globs ("registry/pytorch*").
struct SandboxConfig {
  std::vector<std::string> host_root_images;  // run on the host's own programs, read-only; looked at first
  std::vector<std::string> host_paths;        // further host files and folders that host-root jobs may read
  std::string bubblewrap = "/usr/bin/bwrap";
  ContainerConfig containers;

  bool operator==(const SandboxConfig&) const = default;
};

json::object to_json(const SandboxConfig& config);
Result<SandboxConfig> read_sandbox_config(const json::value& value);

// Refused (kForbidden) if the administrator allows neither for this image.
Result<Engine> choose_engine(const SandboxConfig& config, std::string_view image);

// Refuses what could never run here: images that are not allowed, places where the host's folders lie.
Result<void> check(const SandboxConfig& config, const RunSpec& spec);

// Where the runner has put things on the host; absolute paths.
struct SandboxFolder {
  std::string root;                        // the scratch folder that becomes "/"
  std::string init;                        // the program hetao-init
  std::vector<std::string> mount_sources;  // one for each RunSpec::mounts; empty: copied into root already
  std::vector<std::string> devices = {};   // RunSpec::devices as they are on this machine
};

struct Bind {
  std::string source;  // on the host
  std::string path;    // in the sandbox
  bool writable = false;
  bool optional = false;  // left out when the source is not there

  bool operator==(const Bind&) const = default;
};

// Paths in the sandbox that have to exist as folders in `root` before the start: /tmp, home, volumes.
std::vector<std::string> scratch_folders(const RunSpec& spec);

// Everything that is mounted, outer folders before inner ones. Optional ones are the caller's to filter.
std::vector<Bind> plan_binds(const SandboxConfig& config, const RunSpec& spec, const SandboxFolder& folder,
                             Engine engine);

// What the program finds in its environment: defaults, then the executor's own. Sorted by name. In a
// container the image's own environment stays below it.
std::vector<std::pair<std::string, std::string>> environment(const ExecutorSpec& executor, Engine engine);

// Descriptors that the job's helper inherits (gateway/runner/init_protocol.h), and bubblewrap's options.
inline constexpr int kControlDescriptor = 3;
inline constexpr int kInstructionsDescriptor = 4;
inline constexpr int kOptionsDescriptor = 5;

inline constexpr std::string_view kInitPath = "/.hetao/init";
inline constexpr std::string_view kHomePath = "/home/job";

// bubblewrap's options, NUL-separated, for `bwrap --args 5 /.hetao/init`: their number is bounded by no
// command line.
std::string bubblewrap_options(const RunSpec& spec, const SandboxFolder& folder,
                               const std::vector<Bind>& binds);

std::vector<std::string> bubblewrap_command(const SandboxConfig& config);

// What has to be on the machine for an engine.
std::vector<std::string> programs_of(const SandboxConfig& config, Engine engine);
// That one of them is not there.
Error missing_program(Engine engine, const std::string& program);

// Of /dev/shm.
int64_t shared_memory_bytes(const RunSpec& spec);

// What the engine said when nothing started, in words that help.
Error explain_sandbox_failure(Engine engine, std::string_view said);

}  // namespace hetao::platforms
