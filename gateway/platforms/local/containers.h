// Programs that run container images, and how each of them is called: podman, Apptainer (SingularityCE takes
// the same options) and enroot. Pure: looks at no machine, starts nothing.
//
// The same holds for all three as for bubblewrap (sandbox.h): the image's first process is hetao-init, which
// gets the runner's two descriptors; what the task asks for is mounted and nothing else of the host; there is
// no network unless the run says so, no capability, a process namespace of its own; an image is never fetched
// by a job.
//
// What differs:
//   podman     images as `podman images` names them; limits are kept by its cgroup
//   Apptainer  images are files FOLDER/NAME.sif; its root is read-only. It keeps descriptors that were open
//   before it enroot     images are root file systems FOLDER/NAME, as `enroot create` leaves them; its root
//   is read-only. It
//              walls off nothing but files, so bubblewrap gives it its namespaces. Its mount table has no
//              quoting: paths with blanks or colons are refused
// In the names of files, `/` and `:` of an image's name are `+`, as `enroot import` has it: "szu/pytorch:2.4"
// is szu+pytorch+2.4. The runner keeps the limits of Apptainer's and enroot's processes, as it does
// bubblewrap's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/platforms/local/sandbox.h"

namespace hetao::platforms {

// Refuses what this engine can't run: names and paths that it could not take as they are.
Result<void> check_container(const ContainerConfig& config, const RunSpec& spec, std::string_view image);

// Where the image lies, as a path; empty with podman, which keeps them itself.
std::string image_path(const ContainerConfig& config, std::string_view image);

struct ContainerStart {
  const SandboxConfig& config;
  const RunSpec& spec;
  size_t executor = 0;
  const SandboxFolder& folder;
  const std::vector<Bind>& binds;  // as plan_binds made them, those left out that are not there
  bool rootless = true;            // the runner is not root: the container's user is to be the runner's own
};

// The program and its arguments, hetao-init's path last or named as the entry.
std::vector<std::string> container_command(const ContainerStart& start);

// What the engine said when nothing started, in words that help.
Error explain_container_failure(Engine engine, std::string_view said);

}  // namespace hetao::platforms
