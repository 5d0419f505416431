#include "gateway/platforms/local/containers.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/platforms/container_path.h"

namespace hetao::platforms {

namespace {

constexpr std::string_view kSearchPath = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

using Arguments = std::vector<std::string>;

void add(Arguments& to, std::initializer_list<std::string> more) {
  to.insert(to.end(), more.begin(), more.end());
}

// podman and Apptainer read --mount as comma-separated values with CSV's quoting.
std::string csv_quoted(const std::string& field) {
  std::string out = "\"";
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string file_name_of(std::string_view image) {
  std::string name(image);
  for (char& c : name) {
    if (c == '/' || c == ':') c = '+';
  }
  return name;
}

// enroot's mount table: fields apart by blanks, which stand as colons on its command line.
bool is_table_field(std::string_view path) {
  return path.find_first_of(": \t\n\v\f\r\\#$") == std::string_view::npos;
}

Arguments podman(const ContainerStart& start) {
  const RunLimits& limits = start.spec.limits;
  const auto bytes = [](int64_t count) { return std::to_string(count) + "b"; };
  Arguments out = {start.config.containers.program,
                   "run",
                   "--rm",
                   "--pull=never",
                   "--name=hetao-" + start.spec.key + "-" + std::to_string(start.executor),
                   "--hostname=hetao-job",
                   "--log-driver=none",
                   "--cap-drop=all",
                   "--security-opt=no-new-privileges",
                   "--cpus=" + std::to_string(limits.cpu_cores),
                   "--memory=" + bytes(limits.ram_bytes),
                   "--memory-swap=" + bytes(limits.ram_bytes),
                   "--pids-limit=" + std::to_string(limits.processes),
                   "--shm-size=" + bytes(shared_memory_bytes(start.spec)),
                   "--preserve-fds=2",  // control and instructions
                   "--workdir=/"};
  if (!start.spec.network) out.emplace_back("--network=none");
  if (start.rootless) out.emplace_back("--userns=keep-id");
  for (const std::string& device : start.folder.devices) out.push_back("--device=" + device);
  for (const Bind& bind : start.binds) {
    out.push_back("--mount=type=bind," + csv_quoted("source=" + bind.source) + "," +
                  csv_quoted("target=" + bind.path) + (bind.writable ? "" : ",ro=true"));
  }
  out.push_back("--entrypoint=" + std::string(kInitPath));
  out.push_back(start.spec.executors[start.executor].image);
  return out;
}

Arguments apptainer(const ContainerStart& start) {
  // Contained: its own /dev, /tmp and home, no environment of ours, own process and IPC namespaces.
  Arguments out = {start.config.containers.program,
                   "--quiet",
                   "exec",
                   "--containall",
                   "--no-home",
                   "--no-init",  // hetao-init is the first process
                   "--no-mount=hostfs,cwd,bind-paths",
                   "--no-privs",
                   "--no-eval",
                   "--hostname=hetao-job",
                   "--pwd=/"};
  if (!start.spec.network) add(out, {"--net", "--network=none"});
  const auto mount = [&](const std::string& source, const std::string& path, bool writable) {
    out.push_back("--mount=type=bind," + csv_quoted("source=" + source) + "," +
                  csv_quoted("destination=" + path) + (writable ? "" : ",ro"));
  };
  for (const std::string& device : start.folder.devices) mount(device, device, true);
  for (const Bind& bind : start.binds) mount(bind.source, bind.path, bind.writable);
  out.push_back(image_path(start.config.containers, start.spec.executors[start.executor].image));
  out.emplace_back(kInitPath);
  return out;
}

Arguments enroot(const ContainerStart& start) {
  const ContainerConfig& containers = start.config.containers;
  // hetao-init ends all processes that it sees: it must see none but the run's.
  Arguments out = {start.config.bubblewrap,
                   "--unshare-user",
                   "--unshare-pid",
                   "--unshare-ipc",
                   "--unshare-uts",
                   "--hostname",
                   "hetao-job",
                   "--die-with-parent",
                   "--new-session",
                   "--as-pid-1",
                   "--dev-bind",
                   "/",
                   "/",
                   "--proc",
                   "/proc",
                   "--clearenv"};
  if (!start.spec.network) out.emplace_back("--unshare-net");
  // Beside the scratch root: nothing of the user's own enroot is looked at or written to.
  const std::string own = start.folder.root.substr(0, start.folder.root.rfind('/')) + "/enroot";
  for (const auto& [name, value] : {std::pair<std::string, std::string>{"PATH", std::string(kSearchPath)},
                                    {"HOME", own},
                                    {"ENROOT_DATA_PATH", containers.image_folder},
                                    {"ENROOT_RUNTIME_PATH", own + "/run"},
                                    {"ENROOT_CACHE_PATH", own + "/cache"},
                                    {"ENROOT_CONFIG_PATH", own + "/config"},
                                    {"ENROOT_TEMP_PATH", own},
                                    {"ENROOT_LOGIN_SHELL", "no"},
                                    {"ENROOT_ROOTFS_WRITABLE", "no"}})
    add(out, {"--setenv", name, value});
  add(out, {"--", containers.program, "start"});
  for (const std::string& device : start.folder.devices)
    add(out, {"--mount", device + ":" + device + ":none:x-create=auto,bind"});
  for (const Bind& bind : start.binds) {
    add(out, {"--mount", bind.source + ":" + bind.path + ":none:x-create=auto,bind,nosuid,nodev" +
                             (bind.writable ? "" : ",ro")});
  }
  add(out, {"--", file_name_of(start.spec.executors[start.executor].image), std::string(kInitPath)});
  return out;
}

// The container layer is gone when it ends, or can't be written to: outputs need a folder that is mounted.
Result<void> check_outputs(const RunSpec& spec) {
  for (const OutputSpec& output : spec.outputs) {
    const std::string folder = literal_folder(output.path);
    const bool direct = folder == "/" && (has_wildcard(output.path) || output.type != OutputType::kDirectory);
    if (!direct) continue;
    return fail(ErrorCode::kUsage, "output \"" + printable(output.path) + "\"",
                "lies directly in /, which a container image keeps for itself",
                "write it into a folder, such as /out");
  }
  return {};
}

Result<void> check_table_paths(const RunSpec& spec) {
  std::vector<std::string> paths = spec.volumes;
  for (const Mount& mount : spec.mounts) paths.push_back(mount.path);
  for (const OutputSpec& output : spec.outputs) paths.push_back(output.path);
  for (const ExecutorSpec& executor : spec.executors) {
    for (const std::string* path : {&executor.stdin_path, &executor.stdout_path, &executor.stderr_path})
      paths.push_back(*path);
  }
  const auto odd =
      std::find_if(paths.begin(), paths.end(), [](const std::string& path) { return !is_table_field(path); });
  if (odd == paths.end()) return {};
  return fail(ErrorCode::kUsage, "path \"" + printable(*odd) + "\"",
              "can't be mounted by enroot, which this platform runs images with",
              "use a path without blanks, `:`, `$`, `#` and backslashes");
}

}  // namespace

Result<void> check_container(const ContainerConfig& config, const RunSpec& spec, std::string_view image) {
  if (const auto ok = check_outputs(spec); !ok) return ok;
  if (config.engine == Engine::kPodman) return {};
  // It names a file of one folder, whatever stands in it.
  if (image.starts_with('.') || image.starts_with('-') || image.starts_with('/') ||
      !is_table_field(file_name_of(image))) {
    return fail(ErrorCode::kUsage, "image \"" + printable(image) + "\"",
                "is no name that an image can have here", "a name such as szu/pytorch:2.4");
  }
  return config.engine == Engine::kEnroot ? check_table_paths(spec) : Result<void>();
}

std::string image_path(const ContainerConfig& config, std::string_view image) {
  if (config.engine == Engine::kPodman) return {};
  return config.image_folder + "/" + file_name_of(image) +
         (config.engine == Engine::kApptainer ? ".sif" : "");
}

std::vector<std::string> container_command(const ContainerStart& start) {
  switch (start.config.containers.engine) {
    case Engine::kApptainer:
      return apptainer(start);
    case Engine::kEnroot:
      return enroot(start);
    case Engine::kPodman:
    case Engine::kHostRoot:
      break;
  }
  return podman(start);
}

Error explain_container_failure(Engine engine, std::string_view said) {
  std::string words = readable(said, 500);
  while (words.ends_with(' ')) words.pop_back();  // its line ends
  const std::string name = to_word(engine);
  const auto mentions = [&](std::string_view text) { return said.find(text) != std::string_view::npos; };
  if (mentions("image not known") || mentions("no such image")) {
    return {ErrorCode::kFailed, name, "the image is not on this machine: " + words,
            "the administrator pulls it with podman pull"};
  }
  if (engine == Engine::kApptainer && (mentions("no such file") || mentions("could not open image"))) {
    return {ErrorCode::kFailed, name, "the image is not in image_folder: " + words,
            "the administrator puts it there as NAME.sif, with + for / and :"};
  }
  if (engine == Engine::kEnroot && mentions("No such file or directory")) {
    return {ErrorCode::kFailed, name, "the image is not in image_folder: " + words,
            "the administrator makes it there with enroot create, with + for / and :"};
  }
  return {ErrorCode::kFailed, name, words.empty() ? "could not start the container" : words,
          "try " + name + " by hand as the user that jobs run as"};
}

}  // namespace hetao::platforms
