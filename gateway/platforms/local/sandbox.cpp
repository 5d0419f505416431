#include "gateway/platforms/local/sandbox.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <map>
#include <set>
#include <tuple>

#include "gateway/base/limits.h"
#include "gateway/base/path.h"
#include "gateway/base/text.h"
#include "gateway/platforms/container_path.h"
#include "gateway/platforms/json_members.h"
#include "gateway/platforms/local/containers.h"

namespace hetao::platforms {

namespace {

// The host's programs. Nothing here holds secrets on a Debian machine.
constexpr std::array<std::string_view, 8> kHostFolders = {"/usr",   "/bin",   "/sbin",   "/lib",
                                                          "/lib32", "/lib64", "/libx32", "/opt"};

// What programs need of /etc; never the whole: it holds keys and password hashes.
constexpr std::array<std::string_view, 32> kHostSettings = {"/etc/OpenCL",
                                                            "/etc/R",
                                                            "/etc/alternatives",
                                                            "/etc/ascend_install.info",
                                                            "/etc/bash.bashrc",
                                                            "/etc/ca-certificates",
                                                            "/etc/fonts",
                                                            "/etc/inputrc",
                                                            "/etc/java-11-openjdk",
                                                            "/etc/java-17-openjdk",
                                                            "/etc/java-21-openjdk",
                                                            "/etc/ld.so.cache",
                                                            "/etc/ld.so.conf",
                                                            "/etc/ld.so.conf.d",
                                                            "/etc/locale.alias",
                                                            "/etc/localtime",
                                                            "/etc/magic",
                                                            "/etc/magic.mime",
                                                            "/etc/mailcap",
                                                            "/etc/mime.types",
                                                            "/etc/nsswitch.conf",
                                                            "/etc/os-release",
                                                            "/etc/perl",
                                                            "/etc/profile",
                                                            "/etc/protocols",
                                                            "/etc/python3",
                                                            "/etc/python3.11",
                                                            "/etc/services",
                                                            "/etc/ssl/certs",
                                                            "/etc/ssl/openssl.cnf",
                                                            "/etc/timezone",
                                                            "/etc/vulkan"};

constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int64_t kSharedMemoryBytesMax = int64_t{1} << 30U;

Result<void> refuse(ErrorCode code, std::string what, std::string why, std::string hint) {
  return fail(code, std::move(what), std::move(why), std::move(hint));
}

bool matches_any(const std::vector<std::string>& globs, std::string_view image) {
  return std::any_of(globs.begin(), globs.end(), [&](const auto& glob) { return glob_match(glob, image); });
}

// Refuses task paths where the host's own folders lie, which are mounted whole and read-only.
Result<void> check_host_root_paths(const SandboxConfig& config, const RunSpec& spec) {
  std::vector<std::string_view> taken(kHostFolders.begin(), kHostFolders.end());
  taken.insert(taken.end(), kHostSettings.begin(), kHostSettings.end());
  taken.insert(taken.end(), config.host_paths.begin(), config.host_paths.end());
  const auto check_place = [&](std::string_view kind, std::string_view path) -> Result<void> {
    for (const std::string_view folder : taken) {
      if (!is_within(path, folder)) continue;
      return refuse(ErrorCode::kUsage, std::string(kind) + " \"" + printable(path) + "\"",
                    "lies in " + std::string(folder) + ", which is the host's here and read-only",
                    "use another folder, such as /data, /work or /tmp");
    }
    return {};
  };
  for (const Mount& mount : spec.mounts) {
    if (const auto ok = check_place("input", mount.path); !ok) return ok;
  }
  for (const std::string& volume : spec.volumes) {
    if (const auto ok = check_place("volume", volume); !ok) return ok;
  }
  return {};
}

void add_host_binds(const SandboxConfig& config, const RunSpec& spec, std::vector<Bind>& binds) {
  for (const auto& paths :
       {std::vector<std::string>(kHostFolders.begin(), kHostFolders.end()),
        std::vector<std::string>(kHostSettings.begin(), kHostSettings.end()), config.host_paths}) {
    for (const std::string& path : paths) binds.push_back({path, path, false, true});
  }
  if (spec.network) binds.push_back({"/etc/resolv.conf", "/etc/resolv.conf", false, true});
}

// Folders of the scratch root that a container gets, so that they outlive it: whatever may be written and
// read again, by the next executor or for an output.
void add_scratch_binds(const RunSpec& spec, const SandboxFolder& folder, std::vector<Bind>& binds) {
  std::set<std::string> shared;
  for (const std::string& path : scratch_folders(spec)) shared.insert(path);
  for (const OutputSpec& output : spec.outputs) {
    const bool whole = output.type == OutputType::kDirectory && !has_wildcard(output.path);
    shared.insert(whole ? output.path : literal_folder(output.path));
  }
  for (const ExecutorSpec& executor : spec.executors) {
    for (const std::string* path : {&executor.stdin_path, &executor.stdout_path, &executor.stderr_path}) {
      if (!path->empty() && path->rfind('/') > 0) shared.insert(path->substr(0, path->rfind('/')));
    }
  }
  for (size_t i = 0; i < spec.mounts.size(); ++i) {
    if (folder.mount_sources[i].empty()) shared.insert(spec.mounts[i].path);
  }
  for (const std::string& path : shared) {
    const bool covered = std::any_of(spec.mounts.begin(), spec.mounts.end(), [&](const Mount& mount) {
      return mount.mode != MountMode::kCopy && is_within(path, mount.path);
    });
    if (!covered && path != "/") binds.push_back({folder.root + path, path, true, false});
  }
}

constexpr size_t kGlobsMax = 1'000;
constexpr std::array<Engine, 3> kContainerEngines = {Engine::kPodman, Engine::kApptainer, Engine::kEnroot};

json::array array_of(const std::vector<std::string>& texts) {
  json::array out;
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

json::object to_json(const ContainerConfig& config) {
  return {{"engine", to_word(config.engine)},
          {"program", config.program},
          {"images", array_of(config.images)},
          {"image_folder", config.image_folder}};
}

Result<ContainerConfig> read_containers(const json::value& value) {
  JsonMembers members(value, "sandbox.containers");
  ContainerConfig out;
  std::vector<std::string_view> words;
  for (const Engine engine : kContainerEngines) words.emplace_back(to_word(engine));
  out.engine = kContainerEngines.at(members.word("engine", words));
  out.program = members.text("program", limits::kContainerPathBytesMax);
  out.images = members.texts("images", kGlobsMax, limits::kTextFieldBytesMax);
  out.image_folder = members.text("image_folder", limits::kContainerPathBytesMax);
  members.keep(check_absolute_path(out.program, "sandbox.containers.program"));
  if (!out.image_folder.empty())
    members.keep(check_absolute_path(out.image_folder, "sandbox.containers.image_folder"));
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  return out;
}

}  // namespace

const char* to_word(Engine engine) {
  switch (engine) {
    case Engine::kHostRoot:
      return "bubblewrap";
    case Engine::kPodman:
      return "podman";
    case Engine::kApptainer:
      return "apptainer";
    case Engine::kEnroot:
      return "enroot";
  }
  return "";
}

std::vector<std::string> programs_of(const SandboxConfig& config, Engine engine) {
  switch (engine) {
    case Engine::kHostRoot:
      return {config.bubblewrap};
    case Engine::kPodman:
    case Engine::kApptainer:
      return {config.containers.program};
    case Engine::kEnroot:
      return {config.bubblewrap, config.containers.program};
  }
  return {};
}

Error missing_program(Engine engine, const std::string& program) {
  const bool packaged = engine == Engine::kHostRoot || engine == Engine::kPodman;
  return {
      ErrorCode::kFailed, printable(program), "is not there, or may not be run: is it installed?",
      packaged
          ? std::string("apt-get install ") + to_word(engine) + ", or name another place in the configuration"
          : std::string(to_word(engine)) +
                " is no package of Debian 12: install its makers', or name its place in the configuration"};
}

int64_t shared_memory_bytes(const RunSpec& spec) {
  return std::min(spec.limits.ram_bytes / 2, kSharedMemoryBytesMax);
}

json::object to_json(const SandboxConfig& config) {
  return {{"host_root_images", array_of(config.host_root_images)},
          {"host_paths", array_of(config.host_paths)},
          {"bubblewrap", config.bubblewrap},
          {"containers", to_json(config.containers)}};
}

Result<SandboxConfig> read_sandbox_config(const json::value& value) {
  JsonMembers members(value, "sandbox");
  SandboxConfig out;
  out.host_root_images = members.texts("host_root_images", kGlobsMax, limits::kTextFieldBytesMax);
  out.host_paths = members.texts("host_paths", kGlobsMax, limits::kContainerPathBytesMax);
  out.bubblewrap = members.text("bubblewrap", limits::kContainerPathBytesMax);
  if (const json::value* containers = members.member("containers"); containers != nullptr) {
    auto read = read_containers(*containers);
    if (!read) return fail(read.error());
    out.containers = std::move(*read);
  } else {  // submitted by a version that knew podman alone
    out.containers.images = members.texts("podman_images", kGlobsMax, limits::kTextFieldBytesMax);
    out.containers.program = members.text("podman", limits::kContainerPathBytesMax);
    members.keep(check_absolute_path(out.containers.program, "sandbox.podman"));
  }
  for (const std::string& path : out.host_paths)
    members.keep(check_absolute_path(path, "sandbox.host_paths"));
  members.keep(check_absolute_path(out.bubblewrap, "sandbox.bubblewrap"));
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  return out;
}

Result<Engine> choose_engine(const SandboxConfig& config, std::string_view image) {
  if (matches_any(config.host_root_images, image)) return Engine::kHostRoot;
  if (matches_any(config.containers.images, image)) return config.containers.engine;
  return fail(ErrorCode::kForbidden, "image \"" + printable(image) + "\"",
              "this platform may not run it: it is neither among the images that run in containers nor among "
              "those that run on the host's own programs",
              "use an allowed image, or ask the platform's administrator to add it to its images or to "
              "host_root_images");
}

Result<void> check(const SandboxConfig& config, const RunSpec& spec) {
  for (const ExecutorSpec& executor : spec.executors) {
    const auto engine = choose_engine(config, executor.image);
    if (!engine) return fail(engine.error());
    const auto ok = *engine == Engine::kHostRoot ? check_host_root_paths(config, spec)
                                                 : check_container(config.containers, spec, executor.image);
    if (!ok) return ok;
  }
  return {};
}

std::vector<std::string> scratch_folders(const RunSpec& spec) {
  std::vector<std::string> out = {"/tmp", "/var/tmp", "/run", std::string(kHomePath)};
  out.insert(out.end(), spec.volumes.begin(), spec.volumes.end());
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<Bind> plan_binds(const SandboxConfig& config, const RunSpec& spec, const SandboxFolder& folder,
                             Engine engine) {
  std::vector<Bind> binds;
  switch (engine) {
    case Engine::kHostRoot:
      add_host_binds(config, spec, binds);
      break;
    case Engine::kPodman:
    case Engine::kApptainer:
    case Engine::kEnroot:
      add_scratch_binds(spec, folder, binds);
      break;
  }
  for (size_t i = 0; i < spec.mounts.size(); ++i) {
    const Mount& mount = spec.mounts[i];
    if (folder.mount_sources[i].empty()) continue;
    binds.push_back({folder.mount_sources[i], mount.path, mount.mode == MountMode::kReadWrite, false});
  }
  binds.push_back({folder.init, std::string(kInitPath), false, false});
  // A path sorts before everything below it, so what is inner is mounted later and stays visible.
  std::sort(binds.begin(), binds.end(), [](const Bind& a, const Bind& b) {
    return std::tie(a.path, a.source) < std::tie(b.path, b.source);
  });
  return binds;
}

std::vector<std::pair<std::string, std::string>> environment(const ExecutorSpec& executor, Engine engine) {
  std::map<std::string, std::string> out{{"HOME", std::string(kHomePath)}, {"TMPDIR", "/tmp"}};
  if (engine == Engine::kHostRoot) {
    out.merge(std::map<std::string, std::string>{
        {"LANG", "C.UTF-8"}, {"LOGNAME", "job"}, {"PATH", std::string(kDefaultPath)}, {"USER", "job"}});
  }
  for (const auto& [name, value] : executor.env) out[name] = value;
  return {out.begin(), out.end()};
}

std::string bubblewrap_options(const RunSpec& spec, const SandboxFolder& folder,
                               const std::vector<Bind>& binds) {
  std::vector<std::string> options = {"--unshare-all", "--unshare-user", "--disable-userns",
                                      "--uid",         "1000",           "--gid",
                                      "1000",          "--cap-drop",     "ALL",
                                      "--hostname",    "hetao-job",      "--die-with-parent",
                                      "--new-session", "--as-pid-1",     "--clearenv"};
  const auto add = [&](std::initializer_list<std::string> more) {
    options.insert(options.end(), more.begin(), more.end());
  };
  if (spec.network) add({"--share-net"});
  add({"--bind", folder.root, "/", "--proc", "/proc", "--dev", "/dev"});
  for (const std::string& device : folder.devices) add({"--dev-bind-try", device, device});
  add({"--size", std::to_string(shared_memory_bytes(spec)), "--perms", "1777", "--tmpfs", "/dev/shm"});
  add({"--remount-ro", "/dev"});  // else it would be scratch space that nobody measures
  for (const Bind& bind : binds) add({bind.writable ? "--bind" : "--ro-bind", bind.source, bind.path});
  add({"--chdir", "/"});
  std::string out;
  for (const std::string& option : options) {
    out += option;
    out += '\0';
  }
  return out;
}

std::vector<std::string> bubblewrap_command(const SandboxConfig& config) {
  return {config.bubblewrap, "--args", std::to_string(kOptionsDescriptor), std::string(kInitPath)};
}

Error explain_sandbox_failure(Engine engine, std::string_view said) {
  if (engine != Engine::kHostRoot) return explain_container_failure(engine, said);
  std::string words = readable(said, 500);
  while (words.ends_with(' ')) words.pop_back();  // its line ends
  const auto mentions = [&](std::string_view text) { return said.find(text) != std::string_view::npos; };
  if (mentions("No permissions to create") || mentions("Creating new namespace failed")) {
    return {ErrorCode::kFailed, "sandbox", "this machine allows no user namespaces: " + words,
            "set kernel.unprivileged_userns_clone=1 (Debian) and user.max_user_namespaces above 0"};
  }
  return {ErrorCode::kFailed, "sandbox", words.empty() ? "bubblewrap did not start the program" : words,
          "see that bubblewrap is installed and that the inputs are readable by the gateway's user"};
}

}  // namespace hetao::platforms
