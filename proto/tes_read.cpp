#include <algorithm>
#include <cctype>
#include <cmath>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/base/time.h"
#include "proto/tes_aliases.h"
#include "proto/tes_reader.h"

namespace hetao::tes {

namespace {

using reading::below;
using reading::did_you_mean;
using reading::kind_name;
using reading::list_of;
using reading::Names;
using reading::number_of;
using reading::Reader;

std::string normal_path(std::string_view path) {
  std::string out;
  for (const std::string& part : split(path, '/')) {
    if (!part.empty()) out += "/" + part;
  }
  return out.empty() ? "/" : out;
}

void check_path(Reader& r, const std::string& pointer, const std::string& path) {
  if (path.empty()) return;  // said already
  if (path.front() != '/') return r.wrong(pointer, "is not absolute", "a path that begins with /");
  for (const std::string& part : split(path, '/')) {
    if (part == "." || part == "..") {
      return r.wrong(pointer, "holds \"" + part + "\"", "a path without . and .. parts");
    }
  }
  if (normal_path(path) == "/") r.wrong(pointer, "is the root folder", "a path below /");
}

// As every other part of the gateway has it: "/a//b/" is "/a/b". What is no absolute path stays, and was
// told.
std::string plain(const std::string& path) {
  return path.starts_with('/') ? normal_path(path) : path;
}

// A slash at the end says folder, where nothing else does.
pb::FileType type_of(pb::FileType said, const std::string& path) {
  const bool is_folder = said == pb::FILE_TYPE_UNSPECIFIED && path.size() > 1 && path.ends_with('/');
  return is_folder ? pb::FILE_TYPE_DIRECTORY : said;
}

bool is_name(std::string_view text, size_t bytes_max, bool lower_only) {
  if (text.empty() || text.size() > bytes_max) return false;
  const auto letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (!lower_only && c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return letter(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
           return letter(c) || c == '.' || c == '_' || c == '-';
         });
}

constexpr size_t kNameBytesMax = 128;
constexpr size_t kEquivalentsMax = 8;

void check_file_url(Reader& r, const std::string& pointer, std::string_view rest) {
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (host.size() == rest.size() || (!host.empty() && host != "localhost")) {
    return r.wrong(pointer, "does not name a local file", "file:///PATH");
  }
  check_path(r, pointer, std::string(rest.substr(host.size())));
}

void check_url(Reader& r, const std::string& pointer, const std::string& url, bool is_input) {
  if (url.empty()) return;
  if (url.front() == '/') return check_path(r, pointer, url);
  const size_t colon = url.find(':');
  const std::string scheme = url.substr(0, colon == std::string::npos ? 0 : colon);
  std::vector<std::string> known = {"file", "http", "https", "s3", "gs", "ftp"};
  known.insert(known.begin(), is_input ? "dataset" : "result");
  if (is_input) known.insert(known.begin() + 1, "upload");
  if (std::find(known.begin(), known.end(), scheme) == known.end()) {
    const std::string hint = colon == std::string::npos ? std::string() : did_you_mean(scheme, known);
    return r.wrong(pointer, "is no URL of a known kind",
                   "a URL that begins with " + join(known, ":, ") + ":, or an absolute path", hint);
  }
  const std::string_view rest = std::string_view(url).substr(colon + 1);
  if (scheme == "dataset") {
    if (!is_name(rest, kNameBytesMax, true)) {
      r.wrong(pointer, "is no name of a dataset", "dataset:ID of lower-case letters, digits, '.', '_', '-'");
    }
    return;
  }
  if (scheme == "upload") {
    if (!is_name(rest, kNameBytesMax, true)) {
      r.wrong(pointer, "is no id of an upload", "upload:ID, as `hetao upload` prints it");
    }
    return;
  }
  if (scheme == "result") {
    if (!is_name(rest, kNameBytesMax, false)) {
      r.wrong(pointer, "is no name of a result", "result:NAME of letters, digits, '.', '_', '-'");
    }
    return;
  }
  if (!rest.starts_with("//") || rest.size() == 2) {
    return r.wrong(pointer, "is not a whole URL", scheme + "://…");
  }
  if (scheme == "file") return check_file_url(r, pointer, rest.substr(2));
  if (url.find_first_of(" \t\r\n") != std::string::npos) {
    r.wrong(pointer, "holds white space", "a URL with %20 for a blank");
  }
}

// TES takes an absolute path for a file's URL: Nextflow and Cromwell name what lies on a shared disk so. From
// here on it is one.
std::string as_url(std::string url) {
  if (!url.starts_with('/')) return url;
  std::string out = "file://";
  for (const char c : url) out += c == '%' ? std::string("%25") : std::string(1, c);
  return out;
}

pb::FileType read_type(Reader& r, const json::object& object, const std::string& pointer) {
  const std::string text = r.text(object, pointer, "type");
  if (text.empty()) return pb::FILE_TYPE_UNSPECIFIED;
  if (text == "FILE") return pb::FILE_TYPE_FILE;
  if (text == "DIRECTORY") return pb::FILE_TYPE_DIRECTORY;
  r.wrong(below(pointer, "type"), "\"" + printable(text.substr(0, 32)) + "\" is no type", "FILE or DIRECTORY",
          did_you_mean(text, {"FILE", "DIRECTORY"}));
  return pb::FILE_TYPE_UNSPECIFIED;
}

// --- parts of a task
// ----------------------------------------------------------------------------------------

void add_tags(google::protobuf::RepeatedPtrField<pb::Tag>& out,
              const std::map<std::string, std::string>& values) {
  for (const auto& [key, value] : values) {
    pb::Tag& tag = *out.Add();
    tag.set_key(key);
    tag.set_value(value);
  }
}

void read_command(Reader& r, const json::object& object, const std::string& pointer, pb::Executor& executor) {
  const std::string place = below(pointer, "command");
  if (Reader::find(object, "command") == nullptr) {
    return r.wrong(pointer, "\"command\" is missing", "a list of strings that is not empty");
  }
  const json::array* command = r.list(object, pointer, "command", limits::kArgumentsMax);
  if (command == nullptr) return;
  if (command->empty()) r.wrong(place, "is empty", "a list of strings that is not empty");
  for (size_t i = 0; i < command->size(); ++i) {
    if (r.is_text((*command)[i], below(place, i), limits::kArgumentBytesMax)) {
      executor.add_command(std::string((*command)[i].get_string()));
    }
  }
  if (executor.command_size() > 0 && executor.command(0).empty() && !command->empty() &&
      (*command)[0].is_string()) {
    r.wrong(below(place, size_t{0}), "is empty", "the name of a program");
  }
}

void read_executor(Reader& r, const json::value& value, const std::string& pointer, pb::Executor& executor) {
  const json::object* object = r.object(
      value, pointer, {"image", "command", "workdir", "stdin", "stdout", "stderr", "env", "ignore_error"});
  if (object == nullptr) return;
  executor.set_image(r.required_text(*object, pointer, "image"));
  if (executor.image().find_first_of(" \t\r\n") != std::string::npos) {
    r.wrong(below(pointer, "image"), "holds white space", "a name such as registry/name:tag");
  }
  read_command(r, *object, pointer, executor);
  const auto path = [&](std::string_view key) {
    std::string text = r.text(*object, pointer, key);
    check_path(r, below(pointer, key), text);
    return plain(text);
  };
  executor.set_workdir(r.text(*object, pointer, "workdir"));
  if (!executor.workdir().empty() && executor.workdir() != "/") {
    check_path(r, below(pointer, "workdir"), executor.workdir());
  }
  executor.set_workdir(plain(executor.workdir()));
  executor.set_stdin(path("stdin"));
  executor.set_stdout(path("stdout"));
  executor.set_stderr(path("stderr"));
  const auto env = r.text_map(*object, pointer, "env", limits::kArgumentsMax, limits::kArgumentBytesMax);
  for (const auto& [key, text] : env) {
    if (key.find('=') != std::string::npos) {
      r.wrong(below(below(pointer, "env"), key), "has '=' in its name", "a name without '='");
    }
  }
  add_tags(*executor.mutable_env(), env);
  executor.set_ignore_error(r.flag(*object, pointer, "ignore_error"));
}

void read_content(Reader& r, const json::object& object, const std::string& pointer, pb::Input& input) {
  const json::value* content = Reader::find(object, "content");
  if (content == nullptr) return;
  const std::string place = below(pointer, "content");
  const json::string* text = content->if_string();
  if (text == nullptr) return r.wrong_type(place, *content, "a string");
  if (text->size() > limits::kInlineContentBytesMax) {
    return r.wrong(place, "is " + human_bytes(text->size()) + " long",
                   "at most " + human_bytes(limits::kInlineContentBytesMax),
                   "upload it, and name it by `url`");
  }
  input.set_content(std::string(*text));
}

void read_input(Reader& r, const json::value& value, const std::string& pointer, pb::Input& input) {
  const json::object* object =
      r.object(value, pointer, {"name", "description", "url", "path", "type", "content", "streamable"});
  if (object == nullptr) return;
  input.set_name(r.text(*object, pointer, "name"));
  input.set_description(r.text(*object, pointer, "description"));
  input.set_url(r.text(*object, pointer, "url"));
  input.set_path(r.required_text(*object, pointer, "path"));
  check_path(r, below(pointer, "path"), input.path());
  const std::string path = input.path();
  input.set_path(plain(path));
  input.set_type(read_type(r, *object, pointer));
  read_content(r, *object, pointer, input);
  if (!input.has_content()) input.set_type(type_of(input.type(), path));
  input.set_streamable(r.flag(*object, pointer, "streamable"));
  // "If content is not empty, url must be ignored": it is kept for the answer only, and may be anything.
  if (input.content().empty()) {
    check_url(r, below(pointer, "url"), input.url(), true);
    input.set_url(as_url(input.url()));
  }
  if (!input.url().empty() && input.has_content() && input.content().empty()) input.clear_content();
  const json::value* url = Reader::find(*object, "url");
  if (Reader::find(*object, "content") == nullptr) {
    if (url == nullptr) {
      r.wrong(pointer, "has neither \"url\" nor \"content\"", "one of them");
    } else if (url->is_string() && url->get_string().empty()) {
      r.wrong(below(pointer, "url"), "is empty, and there is no \"content\"", "one of them");
    }
  }
  if (input.has_content() && input.type() == pb::FILE_TYPE_DIRECTORY) {
    r.wrong(below(pointer, "type"), "is DIRECTORY, but \"content\" makes a file", "FILE");
  }
}

void read_output(Reader& r, const json::value& value, const std::string& pointer, pb::Output& output) {
  const json::object* object =
      r.object(value, pointer, {"name", "description", "url", "path", "path_prefix", "type"});
  if (object == nullptr) return;
  output.set_name(r.text(*object, pointer, "name"));
  output.set_description(r.text(*object, pointer, "description"));
  output.set_url(r.required_text(*object, pointer, "url"));
  check_url(r, below(pointer, "url"), output.url(), false);
  output.set_url(as_url(output.url()));
  output.set_path(r.required_text(*object, pointer, "path"));
  check_path(r, below(pointer, "path"), output.path());
  const std::string path = output.path();
  output.set_path(plain(path));
  output.set_path_prefix(r.text(*object, pointer, "path_prefix"));
  if (!output.path_prefix().empty() && output.path_prefix() != "/") {
    check_path(r, below(pointer, "path_prefix"), output.path_prefix());
  }
  output.set_path_prefix(plain(output.path_prefix()));
  output.set_type(type_of(read_type(r, *object, pointer), path));
  if (!has_wildcard(output.path())) return;  // else path_prefix is ignored
  if (output.path_prefix().empty()) {
    return r.wrong(pointer, "\"path_prefix\" is missing, though \"path\" holds wildcards",
                   "the leading part of \"path\" that is cut off");
  }
  std::string prefix = normal_path(output.path_prefix());
  if (prefix != "/") prefix += '/';
  if (!normal_path(output.path()).starts_with(prefix) || has_wildcard(prefix)) {
    r.wrong(below(pointer, "path_prefix"), "is not the beginning of \"path\"",
            "leading folders of \"path\" without wildcards");
  }
}

// --- resources
// ----------------------------------------------------------------------------------------------

// 0 asks for nothing in particular: Nextflow writes it for a disk below 1 GB, clients made from protobuf for
// what they leave open.
constexpr double kCpuCoresMax = 1'000'000;
constexpr double kGbMax = 4'000'000;  // stays far below 2^63 bytes

int64_t read_cores(Reader& r, const json::object& object, const std::string& pointer) {
  const json::value* value = Reader::find(object, "cpu_cores");
  if (value == nullptr) return 0;
  const std::string place = below(pointer, "cpu_cores");
  const auto number = number_of(*value);
  if (!number) return r.wrong_type(place, *value, "a whole number"), 0;
  if (*number != std::floor(*number) || *number < 0 || *number > kCpuCoresMax) {
    return r.wrong(place, "is out of range", "a whole number from 1 to 1000000"), 0;
  }
  return static_cast<int64_t>(*number);
}

int64_t read_gb(Reader& r, const json::object& object, const std::string& pointer, std::string_view key) {
  const json::value* value = Reader::find(object, key);
  if (value == nullptr) return 0;
  const std::string place = below(pointer, key);
  const auto number = number_of(*value);
  if (!number) return r.wrong_type(place, *value, "a number of GB"), 0;
  if (!(*number >= 0) || *number > kGbMax) {
    return r.wrong(place, "is out of range", "a number of GB above 0 and up to 4000000"), 0;
  }
  return bytes_of_gb(*number);
}

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void check_backend_value(Reader& r, const std::string& place, const std::string& key,
                         const std::string& value) {
  const auto is_count = [](const std::string& text) {
    return !text.empty() && text.size() <= 6 && text.front() != '0' &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const auto is_kind = [](const std::string& text) { return is_name(text, kNameBytesMax, false); };
  // Several, with commas: any of them would do.
  const auto all_are = [&value](const auto& good) {
    const std::vector<std::string> parts = split(value, ',');
    return parts.size() <= kEquivalentsMax && std::all_of(parts.begin(), parts.end(), [&](std::string part) {
             if (part.starts_with(' ')) part.erase(0, 1);
             return good(part);
           });
  };
  if (key == "accelerators" && !all_are(is_count)) {
    r.wrong(place, "is no number of accelerators",
            "a whole number from 1 to 999999 in quotes, or one for each kind: \"8, 4\"");
  }
  if (key == "accelerator" && !all_are(is_kind)) {
    r.wrong(place, "is no name of an accelerator",
            "a name such as ascend910b, or equivalents: \"ascend910b, a800\"");
  }
  const auto time = parse_duration(value);
  if (key == "wall_time" && (!time || time->micros <= 0)) {
    r.wrong(place, "is no duration", "a whole number with a unit, such as 90m, 12h or 2d");
  }
}

void read_backend(Reader& r, const json::object& object, const std::string& pointer, const TaskRules& rules,
                  TaskReading& out) {
  const bool strict = r.flag(object, pointer, "backend_parameters_strict");
  const std::string place = below(pointer, "backend_parameters");
  std::map<std::string, std::string> kept;
  const auto said =
      r.text_map(object, pointer, "backend_parameters", limits::kTagsMax, limits::kTextFieldBytesMax);
  for (const auto& [name, value] : said) {
    const std::string key = lower_case(name);  // TES: keys are not case-sensitive
    const bool known = std::find(rules.backend_parameters.begin(), rules.backend_parameters.end(), key) !=
                       rules.backend_parameters.end();
    if (!known && strict) {
      r.wrong(below(place, name), "is not supported, and backend_parameters_strict is set",
              list_of(rules.backend_parameters), did_you_mean(key, rules.backend_parameters));
    } else if (!known) {
      out.warnings.push_back("backend parameter \"" + printable(name.substr(0, 64)) +
                             "\" is not supported and was left out");
    } else if (!kept.emplace(key, value).second) {
      r.wrong(below(place, name), "is there twice (upper and lower case are the same)", "one of them");
    } else {
      check_backend_value(r, below(place, name), key, value);
    }
  }
  add_tags(*out.task.mutable_resources()->mutable_backend_parameters(), kept);
}

void read_resources(Reader& r, const json::value& value, const TaskRules& rules, TaskReading& out) {
  const std::string pointer = "/resources";
  const json::object* object = r.object(value, pointer,
                                        {"cpu_cores", "preemptible", "ram_gb", "disk_gb", "zones",
                                         "backend_parameters", "backend_parameters_strict"});
  if (object == nullptr) return;
  pb::Resources& resources = *out.task.mutable_resources();
  resources.set_cpu_cores(read_cores(r, *object, pointer));
  resources.set_preemptible(r.flag(*object, pointer, "preemptible"));
  resources.set_ram_bytes(read_gb(r, *object, pointer, "ram_gb"));
  resources.set_disk_bytes(read_gb(r, *object, pointer, "disk_gb"));
  if (const json::array* zones = r.list(*object, pointer, "zones", limits::kTagsMax)) {
    for (size_t i = 0; i < zones->size(); ++i) {
      const std::string place = below(below(pointer, "zones"), i);
      if (!r.is_text((*zones)[i], place, limits::kTextFieldBytesMax)) continue;
      if ((*zones)[i].get_string().empty()) r.wrong(place, "is empty", "the name of a region");
      resources.add_zones(std::string((*zones)[i].get_string()));
    }
  }
  read_backend(r, *object, pointer, rules, out);
}

// --- rules between parts
// ------------------------------------------------------------------------------------

void check_mounts(Reader& r, const pb::Task& task) {
  std::map<std::string, int> taken;
  for (int i = 0; i < task.inputs_size(); ++i) {
    if (task.inputs(i).path().empty()) continue;
    const std::string place = "/inputs/" + std::to_string(i) + "/path";
    const auto [at, fresh] = taken.emplace(normal_path(task.inputs(i).path()), i);
    if (!fresh) {
      r.wrong(place, "is the path of /inputs/" + std::to_string(at->second) + " too", "a path of its own");
    }
  }
  for (const auto& [path, index] : taken) {
    for (size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0;
         slash = path.rfind('/', slash - 1)) {
      const auto above = taken.find(path.substr(0, slash));
      if (above == taken.end()) continue;
      const pb::Input& folder = task.inputs(above->second);
      if (folder.type() != pb::FILE_TYPE_FILE && !folder.has_content()) continue;
      r.wrong("/inputs/" + std::to_string(index) + "/path",
              "lies below /inputs/" + std::to_string(above->second) + ", which is a file",
              "a path that is not below a file");
    }
  }
}

// Results go by name. Outputs that say none are named after the end of their path, and where that is
// another's name too, after as much of it as tells them apart: Snakemake and Nextflow have left/part.txt and
// right/part.txt in one task. The name is written into the task, so that both regions use the same.
void name_outputs(pb::Task& task) {
  std::map<std::string, int> shared = {{"logs", 1}};  // what the streams come home as
  for (const pb::Output& output : task.outputs()) ++shared[output_name(output)];
  std::set<std::string> taken;
  for (const auto& [name, count] : shared) {
    if (count == 1) taken.insert(name);
  }
  for (pb::Output& output : *task.mutable_outputs()) {
    if (!output.name().empty() || output.url().starts_with("result:")) continue;
    if (shared[output_name(output)] == 1) continue;
    std::vector<std::string> parts = split(normal_path(output.path()).substr(1), '/');
    std::string name = parts.back();
    for (size_t i = parts.size() - 1; i > 0 && (shared.contains(name) || taken.contains(name));)
      name = parts[--i] + "." + name;
    if (!taken.insert(name).second) continue;  // refused later, as two of one name
    output.set_name(name);
  }
}

// The reserved tags name inputs and outputs: a name that is not there would silently label nothing.
void check_reserved_tags(Reader& r, const pb::Task& task, const TaskRules& rules) {
  std::vector<std::string> outputs;
  std::vector<std::string> inputs;
  for (const pb::Output& output : task.outputs()) outputs.push_back(output_name(output));
  for (const pb::Input& input : task.inputs()) inputs.push_back(input.path());
  const std::vector<std::string> output_kinds = {"result", "aggregate", "model", "dataset"};
  const std::vector<std::string> input_kinds = {"code", "dataset", "image", "model", "aggregate", "result"};
  const auto check = [&](const pb::Tag& tag, std::string_view prefix, const std::vector<std::string>& names,
                         const std::vector<std::string>& kinds, const char* thing) {
    if (!tag.key().starts_with(prefix)) return;
    const std::string place = below("/tags", tag.key());
    const std::string name = tag.key().substr(prefix.size());
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      r.wrong(place, "names no " + std::string(thing) + " of this task",
              names.empty() ? "no such tag: the task has none" : list_of(names), did_you_mean(name, names));
    }
    if (std::find(kinds.begin(), kinds.end(), tag.value()) == kinds.end()) {
      r.wrong(place, "\"" + printable(tag.value().substr(0, 32)) + "\" is no kind of " + thing,
              list_of(kinds), did_you_mean(tag.value(), kinds));
    }
  };
  for (const pb::Tag& tag : task.tags()) {
    check(tag, "output:", outputs, output_kinds, "output");
    check(tag, "input:", inputs, input_kinds, "input");
    if (tag.key() == "purpose" && !rules.purposes.empty() &&
        std::find(rules.purposes.begin(), rules.purposes.end(), tag.value()) == rules.purposes.end()) {
      r.wrong("/tags/purpose", "\"" + printable(tag.value().substr(0, 32)) + "\" is no known purpose",
              list_of(rules.purposes), did_you_mean(tag.value(), rules.purposes));
    }
  }
}

void read_parts(Reader& r, const json::object& object, const TaskRules& rules, TaskReading& out) {
  pb::Task& task = out.task;
  const auto each = [&](std::string_view key, size_t items_max, const auto& read) {
    const json::array* items = r.list(object, "", key, items_max);
    for (size_t i = 0; items != nullptr && i < items->size(); ++i) {
      read((*items)[i], below(below("", key), i));
    }
  };
  if (Reader::find(object, "executors") == nullptr) {
    r.wrong("", "\"executors\" is missing", "a list with at least one executor");
  } else if (const auto* list = object.at("executors").if_array(); list != nullptr && list->empty()) {
    r.wrong("/executors", "is empty", "at least one executor");
  }
  each("executors", limits::kExecutorsMax, [&](const json::value& value, const std::string& pointer) {
    read_executor(r, value, pointer, *task.add_executors());
  });
  each("inputs", limits::kInputsMax, [&](const json::value& value, const std::string& pointer) {
    read_input(r, value, pointer, *task.add_inputs());
  });
  each("outputs", limits::kOutputsMax, [&](const json::value& value, const std::string& pointer) {
    read_output(r, value, pointer, *task.add_outputs());
  });
  if (const json::value* resources = Reader::find(object, "resources")) {
    read_resources(r, *resources, rules, out);
  }
  each("volumes", limits::kInputsMax, [&](const json::value& value, const std::string& pointer) {
    if (!r.is_text(value, pointer, limits::kTextFieldBytesMax)) return;
    task.add_volumes(std::string(value.get_string()));
    if (value.get_string().empty()) return r.wrong(pointer, "is empty", "an absolute path");
    std::string& volume = *task.mutable_volumes(task.volumes_size() - 1);
    check_path(r, pointer, volume);
    volume = plain(volume);
  });
  add_tags(*task.mutable_tags(),
           r.text_map(object, "", "tags", limits::kTagsMax, limits::kTextFieldBytesMax));
}

}  // namespace

bool has_wildcard(std::string_view path) {
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\') {
      ++i;
    } else if (path[i] == '*' || path[i] == '?' ||
               (path[i] == '[' && path.find(']', i + 1) != std::string_view::npos)) {
      return true;
    }
  }
  return false;
}

int64_t bytes_of_gb(double gb) {
  return static_cast<int64_t>(std::ceil(gb * 1'073'741'824.0));
}

std::string to_line(const Mistake& mistake) {
  std::string line = (mistake.pointer.empty() ? std::string("the task") : printable(mistake.pointer)) + ": " +
                     mistake.message;
  if (!mistake.expected.empty()) line += "; expected " + mistake.expected;
  if (!mistake.hint.empty()) line += " (" + mistake.hint + ")";
  return line;
}

tl::expected<TaskReading, Mistakes> read_task(const json::value& sent, const TaskRules& rules) {
  Reader r;
  TaskReading out;
  const auto renamed = with_tes_names(sent);
  const json::value& value = renamed ? *renamed : sent;
  const json::object* object =
      r.object(value, "",
               {"id", "state", "name", "description", "inputs", "outputs", "resources", "executors",
                "volumes", "tags", "logs", "creation_time"});
  if (object != nullptr) {
    for (const std::string_view owned : {"id", "state", "logs", "creation_time"}) {
      if (Reader::find(*object, owned) != nullptr) {
        out.warnings.push_back("\"" + std::string(owned) + "\" is the server's to say and was left out");
      }
    }
    out.task.set_name(r.text(*object, "", "name"));
    out.task.set_description(r.text(*object, "", "description"));
    read_parts(r, *object, rules, out);
    check_mounts(r, out.task);
    name_outputs(out.task);
    check_reserved_tags(r, out.task, rules);
  }
  if (!r.mistakes.empty()) return tl::unexpected<Mistakes>(std::move(r.mistakes));
  return out;
}

}  // namespace hetao::tes
