// The rules of a RunSpec that need no look at the machine.
#include <algorithm>
#include <set>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/platforms/container_path.h"
#include "gateway/platforms/platform.h"

namespace hetao::platforms {

namespace {

Result<void> refuse(std::string what, std::string why, std::string hint = {}) {
  return fail(ErrorCode::kUsage, std::move(what), std::move(why), std::move(hint));
}

// What a program can be given: no NUL, which ends a C string.
bool is_argument(std::string_view text) {
  return text.size() < limits::kArgumentBytesMax && text.find('\0') == std::string_view::npos &&
         is_utf8(text);
}

Result<void> check_environment(const ExecutorSpec& executor, const std::string& what) {
  if (executor.env.size() > limits::kRunEnvironmentMax) return refuse(what, "has more than 1,000 variables");
  for (size_t i = 0; i < executor.env.size(); ++i) {
    const auto& [name, value] = executor.env[i];
    const bool named = !name.empty() && name.find('=') == std::string::npos;
    // Linux takes "NAME=VALUE" as one string.
    if (!named || !is_argument(name) || !is_argument(value) || !is_argument(name + "=" + value)) {
      return refuse(what + ", variable \"" + printable(name.substr(0, 80)) + "\"",
                    "can't be set: empty name, =, NUL, not UTF-8, or over 128 KiB", "change it");
    }
    if (i > 0 && executor.env[i - 1].first >= name) {
      return refuse(what, "variables are not sorted by name, or one stands twice");
    }
  }
  return {};
}

Result<void> check_executor(const ExecutorSpec& executor, size_t index) {
  const std::string what = "executor " + std::to_string(index);
  if (executor.image.size() > limits::kTextFieldBytesMax || !is_argument(executor.image)) {
    return refuse(what, "the image's name is too long or not text");
  }
  if (executor.image.empty()) return refuse(what, "has no image", "name one");
  if (executor.command.empty() || executor.command.front().empty()) {
    return refuse(what, "has no command", "give the program and its arguments");
  }
  size_t bytes = 0;
  for (const std::string& argument : executor.command) {
    if (!is_argument(argument)) {
      return refuse(what, "has an argument with a NUL, not in UTF-8, or of 128 KiB and more",
                    "put it into an input file");
    }
    bytes += argument.size() + 1;
  }
  if (bytes > limits::kInlineContentBytesMax) {
    return refuse(what, "has more than 1 MiB of arguments", "put them into an input file");
  }
  for (const auto& [name, path] : {std::pair{" workdir", &executor.workdir},
                                   {" stdin", &executor.stdin_path},
                                   {" stdout", &executor.stdout_path},
                                   {" stderr", &executor.stderr_path}}) {
    if (path->empty() || (path == &executor.workdir && *path == "/")) continue;
    if (const auto ok = check_container_path(*path, what + name); !ok) return ok;
  }
  return check_environment(executor, what);
}

Result<void> check_mount(const Mount& mount) {
  if (const auto ok = check_container_path(mount.path, "input"); !ok) return ok;
  const std::string what = "input \"" + printable(mount.path) + "\"";
  if (mount.source.empty() && !mount.directory) return refuse(what, "has no source");
  if (!mount.source.empty()) {
    if (!mount.files.empty()) return refuse(what, "has a source and files too", "give one of them");
    return check_absolute_path(mount.source, "source of " + what);
  }
  if (mount.mode == MountMode::kReadWrite) {
    return refuse(what, "is read-write, but put together from single files", "use read-only or copy");
  }
  std::set<std::string_view> names;
  for (const MountFile& file : mount.files) {
    if (const auto ok = check_relative_path(file.name, "file of " + what); !ok) return ok;
    if (const auto ok = check_absolute_path(file.source, "source of " + what); !ok) return ok;
    if (!names.insert(file.name).second) return refuse(what, "names " + printable(file.name) + " twice");
  }
  // "a" and "a/b" can't both be files.
  for (const std::string_view name : names) {
    for (size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/', slash + 1)) {
      if (names.contains(name.substr(0, slash))) {
        return refuse(what, "has " + printable(name.substr(0, slash)) + " as a file and as a folder");
      }
    }
  }
  return {};
}

// A place inside a mounted source can't be mounted upon: the source would have to change.
bool takes_nothing_inside(const Mount& mount) {
  return !mount.directory || (mount.mode != MountMode::kCopy && !mount.source.empty());
}

Result<void> check_overlaps(const RunSpec& spec) {
  std::set<std::string_view> places;
  std::set<std::string_view> closed;  // mounts that take nothing inside
  const auto add = [&](std::string_view path) { return places.insert(path).second; };
  for (const Mount& mount : spec.mounts) {
    if (!add(mount.path)) return refuse("input \"" + printable(mount.path) + "\"", "is mounted twice");
    if (takes_nothing_inside(mount)) closed.insert(mount.path);
  }
  for (const std::string& volume : spec.volumes) {
    if (!add(volume)) return refuse("volume \"" + printable(volume) + "\"", "is mounted twice");
  }
  for (const std::string_view path : places) {
    for (size_t slash = path.rfind('/'); slash > 0; slash = path.rfind('/', slash - 1)) {
      if (!closed.contains(path.substr(0, slash))) continue;
      return refuse("\"" + printable(path) + "\"",
                    "lies inside the input \"" + printable(path.substr(0, slash)) + "\"",
                    "mount them beside each other");
    }
  }
  return {};
}

Result<void> check_output(const OutputSpec& output) {
  if (const auto ok = check_container_path(output.path, "output"); !ok) return ok;
  const std::string what = "output \"" + printable(output.path) + "\"";
  if (output.path_prefix.empty() || output.path_prefix == "/") {
    // Without a prefix the whole path would be the name; TES asks for it, and a guess would surprise later.
    if (has_wildcard(output.path) && output.path_prefix.empty()) {
      return refuse(what, "has a wildcard but no path_prefix", "say which leading part is to be stripped");
    }
    return {};
  }
  std::string_view prefix = output.path_prefix;
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  return check_container_path(prefix, "path_prefix of " + what);
}

Result<void> check_limits(const RunLimits& limits) {
  const auto within = [](int64_t value, int64_t least, int64_t most) {
    return value >= least && value <= most;
  };
  constexpr int64_t kBytesMost = int64_t{1} << 50U;
  if (!within(limits.cpu_cores, 1, 4'096)) return refuse("cpu_cores", "is not between 1 and 4,096");
  if (!within(limits.ram_bytes, int64_t{1} << 20U, kBytesMost)) {
    return refuse("ram", "is not between 1 MiB and 1 PiB");
  }
  if (!within(limits.disk_bytes, int64_t{1} << 20U, kBytesMost)) {
    return refuse("disk", "is not between 1 MiB and 1 PiB");
  }
  if (!within(limits.wall_seconds, 1, int64_t{366} * 86'400)) {
    return refuse("wall time", "is not between a second and a year");
  }
  if (!within(limits.grace_seconds, 0, 3'600)) return refuse("grace time", "is over an hour");
  if (!within(limits.processes, 4, 1'000'000)) return refuse("processes", "is not between 4 and 1,000,000");
  return {};
}

}  // namespace

Result<void> check_key(std::string_view key) {
  const bool safe = std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (safe && !key.empty() && key.size() <= limits::kRunKeyBytesMax && key.front() != '.') return {};
  return refuse("run key \"" + printable(key.substr(0, 200)) + "\"",
                "is not 1 to 128 letters, digits, dots, dashes and underscores, not beginning with a dot",
                "use JOB.ATTEMPT");
}

Result<void> check(const RunSpec& spec) {
  if (const auto ok = check_key(spec.key); !ok) return ok;
  if (spec.name.size() > limits::kTextFieldBytesMax || !is_utf8(spec.name)) {
    return refuse("name", "is longer than 4,096 bytes or not UTF-8", "use a shorter one");
  }
  if (spec.executors.empty()) return refuse("run", "has no executor", "give at least one");
  if (spec.executors.size() > limits::kExecutorsMax) return refuse("run", "has more than 64 executors");
  for (size_t i = 0; i < spec.executors.size(); ++i) {
    if (const auto ok = check_executor(spec.executors[i], i); !ok) return ok;
  }
  if (spec.mounts.size() + spec.volumes.size() > limits::kRunMountsMax) {
    return refuse("run", "mounts more than 1,000 inputs and volumes", "group them in folders");
  }
  size_t files = 0;
  for (const Mount& mount : spec.mounts) {
    if (const auto ok = check_mount(mount); !ok) return ok;
    files += mount.files.size();
  }
  if (files > limits::kRunMountFilesMax)
    return refuse("run", "has more than 100,000 input files", "pack them");
  for (const std::string& volume : spec.volumes) {
    if (const auto ok = check_container_path(volume, "volume"); !ok) return ok;
  }
  for (const std::string& device : spec.devices) {
    if (const auto ok = check_absolute_path(device, "device"); !ok) return ok;
    if (!device.starts_with("/dev/"))
      return refuse("device \"" + printable(device) + "\"", "lies elsewhere than below /dev");
  }
  if (const auto ok = check_overlaps(spec); !ok) return ok;
  if (spec.outputs.size() > limits::kOutputsMax) return refuse("run", "has more than 1,000 outputs");
  for (const OutputSpec& output : spec.outputs) {
    if (const auto ok = check_output(output); !ok) return ok;
  }
  return check_limits(spec.limits);
}

}  // namespace hetao::platforms
