// A RunSpec's JSON: printer and reader side by side.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>

#include "gateway/base/limits.h"
#include "gateway/platforms/json_members.h"
#include "gateway/platforms/platform.h"

namespace hetao::platforms {

namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

const std::vector<std::string_view>& mount_mode_words() {
  static const std::vector<std::string_view> kWords = {"read-only", "read-write", "copy"};
  return kWords;
}

const std::vector<std::string_view>& output_type_words() {
  static const std::vector<std::string_view> kWords = {"any", "file", "directory"};
  return kWords;
}

template <class Texts>
json::array array_of(const Texts& texts) {
  json::array out;
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

json::object to_json(const ExecutorSpec& executor) {
  json::array env;
  for (const auto& [name, value] : executor.env) env.emplace_back(json::array{name, value});
  return {{"image", executor.image},        {"command", array_of(executor.command)},
          {"workdir", executor.workdir},    {"stdin", executor.stdin_path},
          {"stdout", executor.stdout_path}, {"stderr", executor.stderr_path},
          {"env", std::move(env)},          {"ignore_error", executor.ignore_error}};
}

Result<ExecutorSpec> read_executor(const json::value& value, std::string where) {
  JsonMembers members(value, std::move(where));
  ExecutorSpec out;
  out.image = members.text("image", limits::kTextFieldBytesMax);
  out.command = members.texts("command", limits::kTaskBytesMax, limits::kArgumentBytesMax);
  out.workdir = members.text("workdir", limits::kContainerPathBytesMax);
  out.stdin_path = members.text("stdin", limits::kContainerPathBytesMax);
  out.stdout_path = members.text("stdout", limits::kContainerPathBytesMax);
  out.stderr_path = members.text("stderr", limits::kContainerPathBytesMax);
  for (const json::value& variable : members.array("env", limits::kRunEnvironmentMax)) {
    const json::array* pair = variable.if_array();
    if (pair == nullptr || pair->size() != 2 || !pair->at(0).is_string() || !pair->at(1).is_string()) {
      members.refuse("env", "has an element that is not [name, value]");
      break;
    }
    out.env.emplace_back(pair->at(0).get_string(), pair->at(1).get_string());
  }
  out.ignore_error = members.boolean("ignore_error");
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  return out;
}

json::object to_json(const Mount& mount) {
  json::object out{{"path", mount.path},
                   {"mode", mount_mode_words()[static_cast<size_t>(mount.mode)]},
                   {"directory", mount.directory}};
  if (!mount.source.empty()) out["source"] = mount.source;
  if (!mount.files.empty()) {
    json::array files;
    for (const MountFile& file : mount.files) files.emplace_back(json::array{file.name, file.source});
    out["files"] = std::move(files);
  }
  return out;
}

Result<Mount> read_mount(const json::value& value, std::string where) {
  JsonMembers members(value, std::move(where));
  Mount out;
  out.path = members.text("path", limits::kContainerPathBytesMax);
  out.mode = static_cast<MountMode>(members.word("mode", mount_mode_words()));
  out.directory = members.boolean("directory");
  out.source = members.text("source", limits::kContainerPathBytesMax);
  for (const json::value& file : members.array("files", limits::kRunMountFilesMax)) {
    const json::array* pair = file.if_array();
    if (pair == nullptr || pair->size() != 2 || !pair->at(0).is_string() || !pair->at(1).is_string()) {
      members.refuse("files", "has an element that is not [name, source]");
      break;
    }
    out.files.push_back({std::string(pair->at(0).get_string()), std::string(pair->at(1).get_string())});
  }
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  return out;
}

json::object to_json(const OutputSpec& output) {
  return {{"path", output.path},
          {"path_prefix", output.path_prefix},
          {"type", output_type_words()[static_cast<size_t>(output.type)]}};
}

Result<OutputSpec> read_output(const json::value& value, std::string where) {
  JsonMembers members(value, std::move(where));
  OutputSpec out;
  out.path = members.text("path", limits::kContainerPathBytesMax);
  out.path_prefix = members.text("path_prefix", limits::kContainerPathBytesMax);
  out.type = static_cast<OutputType>(members.word("type", output_type_words()));
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  return out;
}

json::object to_json(const RunLimits& limits) {
  return {{"cpu_cores", limits.cpu_cores},         {"ram_bytes", limits.ram_bytes},
          {"disk_bytes", limits.disk_bytes},       {"wall_seconds", limits.wall_seconds},
          {"grace_seconds", limits.grace_seconds}, {"processes", limits.processes}};
}

Result<RunLimits> read_limits(const json::value& value, std::string where) {
  JsonMembers members(value, std::move(where));
  RunLimits out;  // ranges are check()'s business
  out.cpu_cores = members.integer("cpu_cores", 0, kMost);
  out.ram_bytes = members.integer("ram_bytes", 0, kMost);
  out.disk_bytes = members.integer("disk_bytes", 0, kMost);
  out.wall_seconds = members.integer("wall_seconds", 0, kMost);
  out.grace_seconds = members.integer("grace_seconds", 0, kMost);
  out.processes = members.integer("processes", 0, kMost);
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  return out;
}

// Reads every element of an array with `read`; stops at the first mistake.
template <class T, class Read>
void read_each(JsonMembers& members, std::string_view name, size_t count_max, std::vector<T>& out,
               Read read) {
  const json::array& array = members.array(name, count_max);
  for (size_t i = 0; i < array.size(); ++i) {
    Result<T> element = read(array[i], members.element(name, i));
    if (!element) return members.keep(fail(element.error()));
    out.push_back(std::move(*element));
  }
}

template <class T>
json::array array_of_objects(const std::vector<T>& values) {
  json::array out;
  for (const T& value : values) out.emplace_back(to_json(value));
  return out;
}

}  // namespace

json::object to_json(const RunSpec& spec) {
  json::object out{{"key", spec.key},
                   {"name", spec.name},
                   {"executors", array_of_objects(spec.executors)},
                   {"mounts", array_of_objects(spec.mounts)},
                   {"outputs", array_of_objects(spec.outputs)},
                   {"volumes", array_of(spec.volumes)},
                   {"limits", to_json(spec.limits)},
                   {"network", spec.network}};
  // Runners of before know nothing of devices, and take what has none.
  if (!spec.devices.empty()) out["devices"] = array_of(spec.devices);
  return out;
}

Result<RunSpec> read_run_spec(const json::value& value) {
  JsonMembers members(value, "");
  RunSpec out;
  out.key = members.text("key", limits::kRunKeyBytesMax);
  out.name = members.text("name", limits::kTextFieldBytesMax);
  read_each(members, "executors", limits::kExecutorsMax, out.executors, read_executor);
  read_each(members, "mounts", limits::kRunMountsMax, out.mounts, read_mount);
  read_each(members, "outputs", limits::kOutputsMax, out.outputs, read_output);
  out.volumes = members.texts("volumes", limits::kRunMountsMax, limits::kContainerPathBytesMax);
  if (const json::value* limits_value = members.member("limits")) {
    const auto read = read_limits(*limits_value, "limits");
    if (read) out.limits = *read;
    if (!read) members.keep(fail(read.error()));
  }
  out.network = members.boolean("network");
  out.devices = members.texts("devices", limits::kRunDevicesMax, limits::kContainerPathBytesMax);
  if (const auto ok = members.done(); !ok) return fail(ok.error());
  if (const auto ok = check(out); !ok) return fail(ok.error());
  return out;
}

Result<RunSpec> parse_run_spec(std::string_view text) {
  const auto value = parse_json(text, "run specification", limits::kRunSpecBytesMax);
  if (!value) return fail(value.error());
  return read_run_spec(*value);
}

}  // namespace hetao::platforms
