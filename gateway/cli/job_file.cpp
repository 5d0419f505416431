#include "gateway/cli/job_file.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>
#include <set>

#include "gateway/base/text.h"
#include "gateway/cli/context.h"
#include "policy/yaml_reader.h"
#include "proto/tes_json.h"

namespace hetao::cli {

namespace {

using policy::Node;

// Members that TES wants as text keep it, whatever YAML would make of it: `command: [echo, 1]`, `tags: {year:
// 2025}`.
bool is_number_member(std::string_view key) {
  return key == "cpu_cores" || key == "ram_gb" || key == "disk_gb" || key == "preemptible" ||
         key == "ignore_error" || key == "streamable" || key == "backend_parameters_strict";
}

json::value scalar_to_json(const Node& node, std::string_view key) {
  if (node.quoted || !is_number_member(key)) return json::string(node.text);
  if (node.text == "true") return true;
  if (node.text == "false") return false;
  int64_t whole = 0;
  const char* end = node.text.data() + node.text.size();
  if (const auto [at, error] = std::from_chars(node.text.data(), end, whole);
      error == std::errc{} && at == end)
    return whole;
  double real = 0;
  if (const auto [at, error] = std::from_chars(node.text.data(), end, real);
      error == std::errc{} && at == end)
    return real;
  return json::string(node.text);
}

json::value task_to_json(const Node& node, std::string_view key) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return nullptr;
    case Node::Kind::kScalar:
      return scalar_to_json(node, key);
    case Node::Kind::kList: {
      json::array out;
      for (const Node& item : node.items) out.push_back(task_to_json(item, key));
      return out;
    }
    case Node::Kind::kMap: {
      json::object out;
      for (const Node::Entry& entry : node.entries) out[entry.key] = task_to_json(entry.value, entry.key);
      return out;
    }
  }
  return nullptr;
}

struct Spot {
  int line = 1;
  int column = 1;
};

std::string unescape_pointer(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size()) {
      out += token[++i] == '1' ? '/' : '~';
    } else {
      out += token[i];
    }
  }
  return out;
}

// Where the value of a JSON pointer stands; as near as the file has it.
Spot find_spot(const Node& root, std::string_view pointer, bool at_key) {
  const Node* node = &root;
  Spot spot{root.line, root.column};
  size_t start = 1;
  while (start <= pointer.size() && !pointer.empty()) {
    const size_t end = std::min(pointer.find('/', start), pointer.size());
    const std::string token = unescape_pointer(pointer.substr(start, end - start));
    const bool last = end == pointer.size();
    const Node* next = nullptr;
    for (const Node::Entry& entry : node->entries) {
      if (entry.key != token) continue;
      next = &entry.value;
      spot = last && at_key ? Spot{entry.line, entry.column} : Spot{entry.value.line, entry.value.column};
    }
    size_t index = 0;
    if (node->is_list() &&
        std::from_chars(token.data(), token.data() + token.size(), index).ec == std::errc{} &&
        index < node->items.size()) {
      next = &node->items[index];
      spot = {next->line, next->column};
    }
    if (next == nullptr) return spot;
    node = next;
    start = end + 1;
  }
  return spot;
}

// One task; every mistake with its place. `which`: what tells it from the others of a sweep.
std::optional<JobElement> read_element(const Node& root, const std::string& file, const std::string& which,
                                       Diagnostics& mistakes, std::vector<std::string>& warnings) {
  JobElement element;
  element.task = task_to_json(root, {}).get_object();
  auto reading = tes::read_task(element.task);
  if (reading) {
    for (const std::string& warning : reading->warnings) {
      if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end()) warnings.push_back(warning);
    }
    return element;
  }
  for (const tes::Mistake& mistake : reading.error()) {
    const Spot spot = find_spot(root, mistake.pointer, mistake.at_key);
    const std::string at = mistake.pointer.empty() ? "" : mistake.pointer + ": ";
    mistakes.push_back(
        {file, spot.line, spot.column, at + mistake.message + which, mistake.expected, mistake.hint});
  }
  return std::nullopt;
}

// The elements are told apart by their names too, so that a prefix finds them all.
void number_name(json::object& task, const Node& root, size_t index) {
  const Node* name = root.find("name");
  if (name != nullptr && name->text.find("${sweep.") != std::string::npos) return;
  task["name"] = (name == nullptr ? std::string("sweep") : name->text) + "-" + std::to_string(index);
}

void read_elements(const Node& root, const std::string& file, JobFile& job, Diagnostics& mistakes) {
  policy::Reader reader(file, mistakes);
  const auto points = read_sweep(reader, *root.find("sweep"));
  if (!points) return;
  Node rest = root;
  std::erase_if(rest.entries, [](const Node::Entry& entry) { return entry.key == "sweep"; });
  std::set<std::string> used;
  for (size_t i = 0; i < points->size() && mistakes.empty(); ++i) {
    const SweepValues& values = (*points)[i];
    const Node filled = fill_in(reader, rest, values, i, used);
    if (!mistakes.empty()) return;
    auto element = read_element(filled, file, " (with " + to_text(values) + ")", mistakes, job.warnings);
    if (!element) return;  // the others have it too, or are found when this one is mended
    number_name(element->task, rest, i);
    element->values = values;
    job.jobs.push_back(std::move(*element));
  }
  for (const auto& [name, value] : points->front()) {
    if (!used.contains(name)) job.warnings.push_back("${sweep." + name + "} stands nowhere in the file");
  }
}

}  // namespace

tl::expected<JobFile, Diagnostics> read_job_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return tl::unexpected(Diagnostics{{path, 0, 0, text.error().why, {}, text.error().hint}});
  const std::string name = path == "-" ? "standard input" : path;
  const auto root = policy::parse_yaml(*text, name);  // JSON is YAML
  if (!root) return tl::unexpected(root.error());
  if (!root->is_map()) {
    return tl::unexpected(Diagnostics{{name,
                                       root->line,
                                       root->column,
                                       "is no job",
                                       "a GA4GH TES task: name, executors, inputs, outputs",
                                       {}}});
  }
  JobFile job;
  Diagnostics mistakes;
  job.is_sweep = root->find("sweep") != nullptr;
  if (job.is_sweep) {
    read_elements(*root, name, job, mistakes);
  } else if (auto element = read_element(*root, name, "", mistakes, job.warnings)) {
    job.jobs.push_back(std::move(*element));
  }
  if (!mistakes.empty()) return tl::unexpected(std::move(mistakes));
  return job;
}

}  // namespace hetao::cli
