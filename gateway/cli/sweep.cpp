#include "gateway/cli/sweep.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace hetao::cli {

namespace {

using policy::Node;
using policy::Reader;

constexpr std::string_view kOpen = "${sweep.";
constexpr size_t kNameBytesMax = 64;

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && text.size() <= kNameBytesMax && letter(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

struct Parameter {
  std::string name;
  std::vector<std::string> values;
};

// {from: 1, to: 10, step: 3}: 1, 4, 7, 10.
std::optional<std::vector<std::string>> read_range(Reader& r, const Node& node, const std::string& what) {
  constexpr int64_t kMost = 1'000'000'000'000;
  const size_t before = r.mistakes();
  policy::MapReader map(r, node, what);
  const auto from = map.integer("from", policy::MapReader::kNeeded, -kMost, kMost);
  const auto to = map.integer("to", policy::MapReader::kNeeded, -kMost, kMost);
  const int64_t step = map.integer("step", policy::MapReader::kMayMiss, 1, kMost).value_or(1);
  map.done();
  if (r.mistakes() != before) return std::nullopt;
  if (*to < *from || (*to - *from) / step >= static_cast<int64_t>(kSweepElementsMax)) {
    r.report(node, what + ": is no range",
             "{from: N, to: M} of at most " + std::to_string(kSweepElementsMax) + " numbers");
    return std::nullopt;
  }
  std::vector<std::string> out;
  for (int64_t value = *from; value <= *to; value += step) out.push_back(std::to_string(value));
  return out;
}

std::optional<std::vector<std::string>> read_values(Reader& r, const Node& node, const std::string& what) {
  if (node.is_map()) return read_range(r, node, what);
  auto values = r.texts(node, what);
  if (!values) return std::nullopt;
  if (values->empty()) {
    r.report(node, what + ": is empty", "a list of values, or {from: N, to: M}");
    return std::nullopt;
  }
  return values;
}

std::optional<std::vector<Parameter>> read_parameters(Reader& r, const Node& node) {
  std::vector<Parameter> out;
  if (!r.expect_map(node, "sweep.values")) return std::nullopt;
  const size_t before = r.mistakes();
  for (const Node::Entry& entry : node.entries) {
    const std::string what = "sweep.values." + printable(entry.key);
    if (!is_name(entry.key) || entry.key == "index") {
      r.report(entry.line, entry.column, what + ": is no name of a parameter",
               "letters, digits, '_', '-', and not \"index\", which is the element's number");
      continue;
    }
    if (auto values = read_values(r, entry.value, what)) out.push_back({entry.key, std::move(*values)});
  }
  if (r.mistakes() != before) return std::nullopt;
  if (out.empty() || out.size() > kSweepParametersMax) {
    r.report(node, "sweep.values: has " + std::to_string(out.size()) + " parameters",
             "1 to " + std::to_string(kSweepParametersMax));
    return std::nullopt;
  }
  return out;
}

// What an entry of `exclude` says; all of it must be so.
std::optional<SweepValues> read_exclusion(Reader& r, const Node& node,
                                          const std::vector<Parameter>& parameters) {
  if (!r.expect_map(node, "sweep.exclude")) return std::nullopt;
  SweepValues out;
  for (const Node::Entry& entry : node.entries) {
    const auto known = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const Parameter& each) { return each.name == entry.key; });
    const auto value = r.text(entry.value, "sweep.exclude." + printable(entry.key));
    if (!value) return std::nullopt;
    if (known == parameters.end() ||
        std::find(known->values.begin(), known->values.end(), *value) == known->values.end()) {
      r.report(entry.line, entry.column,
               "sweep.exclude: " + printable(entry.key) + "=" + printable(*value) + " is in no element",
               "parameters and values of sweep.values");
      return std::nullopt;
    }
    out.emplace_back(entry.key, *value);
  }
  return out;
}

bool is_excluded(const SweepValues& element, const std::vector<SweepValues>& exclusions) {
  return std::any_of(exclusions.begin(), exclusions.end(), [&](const SweepValues& exclusion) {
    return std::all_of(exclusion.begin(), exclusion.end(), [&](const auto& pair) {
      return std::find(element.begin(), element.end(), pair) != element.end();
    });
  });
}

std::string value_of(const SweepValues& values, size_t index, std::string_view name, bool& known) {
  known = true;
  if (name == "index") return std::to_string(index);
  for (const auto& [key, value] : values) {
    if (key == name) return value;
  }
  known = false;
  return {};
}

class Filler {
 public:
  Filler(Reader& reader, const SweepValues& values, size_t index, std::set<std::string>& used)
      : reader_(reader), values_(values), index_(index), used_(used) {}

  Node fill(const Node& node) {
    Node out = node;
    if (node.is_scalar()) {
      out.text = text(node.text, node.line, node.column);
      // `cpu_cores: "${sweep.cores}"` is a number again.
      if (out.text != node.text) out.quoted = false;
    }
    for (Node& item : out.items) item = fill(item);
    for (Node::Entry& entry : out.entries) {
      entry.key = text(entry.key, entry.line, entry.column);
      entry.value = fill(entry.value);
    }
    return out;
  }

 private:
  std::string text(const std::string& from, int line, int column) {
    std::string out;
    size_t at = 0;
    while (true) {
      const size_t open = from.find(kOpen, at);
      if (open == std::string::npos) return out + from.substr(at);
      const size_t close = from.find('}', open);
      const size_t begin = open + kOpen.size();
      const std::string name = from.substr(begin, close == std::string::npos ? close : close - begin);
      bool known = false;
      out += from.substr(at, open - at) + value_of(values_, index_, name, known);
      if (!known || close == std::string::npos) return complain(name, line, column), from;
      used_.insert(name);
      at = close + 1;
    }
  }

  void complain(const std::string& name, int line, int column) {
    std::vector<std::string> names = {"index"};
    for (const auto& [key, value] : values_) names.push_back(key);
    const std::string near = nearest_name(name, names);
    reader_.report(line, column, "${sweep." + printable(name.substr(0, kNameBytesMax)) + "} is no parameter",
                   join(names, ", "), near.empty() ? "" : "did you mean \"" + near + "\"?");
  }

  Reader& reader_;
  const SweepValues& values_;
  size_t index_;
  std::set<std::string>& used_;
};

}  // namespace

std::optional<std::vector<SweepValues>> read_sweep(Reader& r, const Node& section) {
  policy::MapReader map(r, section, "sweep");
  const Node* values = map.get("values", policy::MapReader::kNeeded);
  const Node* exclude = map.get("exclude");
  map.done();
  if (values == nullptr) return std::nullopt;
  const auto parameters = read_parameters(r, *values);
  if (!parameters) return std::nullopt;
  std::vector<SweepValues> exclusions;
  if (exclude != nullptr && r.expect_list(*exclude, "sweep.exclude")) {
    for (const Node& node : exclude->items) {
      auto exclusion = read_exclusion(r, node, *parameters);
      if (exclusion) exclusions.push_back(std::move(*exclusion));
    }
  }
  size_t count = 1;
  for (const Parameter& each : *parameters)
    count = std::min(count * each.values.size(), kSweepElementsMax + 1);
  if (count > kSweepElementsMax) {
    r.report(*values, "sweep.values: makes more than " + std::to_string(kSweepElementsMax) + " jobs",
             "fewer values, or several files");
    return std::nullopt;
  }
  std::vector<SweepValues> out = {{}};
  for (const Parameter& each : *parameters) {
    std::vector<SweepValues> longer;
    for (const SweepValues& begun : out) {
      for (const std::string& value : each.values) {
        longer.push_back(begun);
        longer.back().emplace_back(each.name, value);
      }
    }
    out = std::move(longer);
  }
  std::erase_if(out, [&](const SweepValues& element) { return is_excluded(element, exclusions); });
  if (out.empty()) r.report(section, "sweep: every element is excluded");
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

Node fill_in(Reader& reader, const Node& job, const SweepValues& values, size_t index,
             std::set<std::string>& used) {
  return Filler(reader, values, index, used).fill(job);
}

std::string to_text(const SweepValues& values) {
  std::string out;
  for (const auto& [name, value] : values) out += (out.empty() ? "" : " ") + name + "=" + printable(value);
  return out;
}

}  // namespace hetao::cli
