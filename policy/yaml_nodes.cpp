// The helpers of yaml_reader.h that take typed values out of nodes.
#include <algorithm>
#include <charconv>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "policy/yaml_reader.h"

namespace hetao::policy {

namespace {

bool is_integer_text(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  if (!is_integer_text(text)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What stands there, for a message: `"HK"`, a list, nothing.
std::string found(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
    case Node::Kind::kScalar:
      return (node.quoted ? "the text \"" : "\"") + node.text.substr(0, 60) + "\"";
  }
  return {};
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

json::value to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return nullptr;
    case Node::Kind::kList: {
      json::array out;
      for (const Node& item : node.items) out.push_back(to_json(item));
      return out;
    }
    case Node::Kind::kMap: {
      json::object out;
      for (const Node::Entry& entry : node.entries) out[entry.key] = to_json(entry.value);
      return out;
    }
    case Node::Kind::kScalar: {
      static constexpr int64_t kLargest = int64_t{1} << 53U;  // what every JSON reader can hold
      if (node.quoted) return json::value(node.text);
      if (node.text == "true") return true;
      if (node.text == "false") return false;
      const auto number = parse_integer(node.text);
      if (number && *number <= kLargest && *number >= -kLargest) return *number;
      return json::value(node.text);
    }
  }
  return nullptr;
}

void Reader::report(int line, int column, std::string message, std::string expected, std::string hint) {
  if (full()) return;
  mistakes_->push_back({file_, line, column, std::move(message), std::move(expected), std::move(hint)});
}

void Reader::report(const Node& at, std::string message, std::string expected, std::string hint) {
  report(at.line, at.column, std::move(message), std::move(expected), std::move(hint));
}

bool Reader::expect_map(const Node& node, std::string_view what) {
  if (node.is_map()) return true;
  report(node, std::string(what.empty() ? "the file" : what) + " is " + found(node),
         "a map of keys and values");
  return false;
}

bool Reader::expect_list(const Node& node, std::string_view what) {
  if (node.is_list()) return true;
  report(node, std::string(what) + " is " + found(node), "a list");
  return false;
}

std::optional<std::string> Reader::text(const Node& node, std::string_view what) {
  if (node.is_scalar()) return node.text;
  report(node, std::string(what) + " is " + found(node), "a text");
  return std::nullopt;
}

std::optional<bool> Reader::boolean(const Node& node, std::string_view what) {
  if (node.is_scalar() && !node.quoted) {
    if (node.text == "true") return true;
    if (node.text == "false") return false;
  }
  report(node, std::string(what) + " is " + found(node), "true or false");
  return std::nullopt;
}

std::optional<int64_t> Reader::integer(const Node& node, std::string_view what, int64_t least, int64_t most) {
  std::optional<int64_t> value;
  if (node.is_scalar() && !node.quoted) value = parse_integer(node.text);
  if (value && *value >= least && *value <= most) return value;
  std::string expected = "a whole number";
  if (least != INT64_MIN && most != INT64_MAX) {
    expected += " from " + std::to_string(least) + " to " + std::to_string(most);
  } else if (least != INT64_MIN) {
    expected += ", at least " + std::to_string(least);
  } else if (most != INT64_MAX) {
    expected += ", at most " + std::to_string(most);
  }
  report(node, std::string(what) + " is " + found(node), expected);
  return std::nullopt;
}

std::optional<Date> Reader::date(const Node& node, std::string_view what) {
  if (node.is_scalar()) {
    if (const auto date = parse_date(node.text)) return date;
  }
  report(node, std::string(what) + " is " + found(node), "a day such as 2026-11-23");
  return std::nullopt;
}

std::optional<Duration> Reader::duration(const Node& node, std::string_view what) {
  if (node.is_scalar()) {
    if (const auto duration = parse_duration(node.text)) return duration;
  }
  report(node, std::string(what) + " is " + found(node), "a time such as 30d, 12h, 15m, 10s or 500ms");
  return std::nullopt;
}

std::optional<size_t> Reader::word(const Node& node, std::string_view what,
                                   std::span<const std::string> words) {
  if (node.is_scalar()) {
    const auto at = std::find(words.begin(), words.end(), node.text);
    if (at != words.end()) return static_cast<size_t>(at - words.begin());
  }
  std::string hint;
  if (node.is_scalar() && !full()) {
    if (const std::string near = nearest_name(node.text, words); !near.empty())
      hint = "did you mean " + near + "?";
  }
  report(node, std::string(what) + " is " + found(node), "one of " + join(words, ", "), hint);
  return std::nullopt;
}

std::optional<std::vector<std::string>> Reader::texts(const Node& node, std::string_view what, bool or_one) {
  if (or_one && node.is_scalar()) return std::vector<std::string>{node.text};
  if (!node.is_list()) {
    report(node, std::string(what) + " is " + found(node),
           or_one ? "a text or a list of texts" : "a list of texts");
    return std::nullopt;
  }
  std::vector<std::string> out;
  bool whole = true;
  for (const Node& item : node.items) {
    const auto one = text(item, "a member of " + std::string(what));
    if (one) out.push_back(*one);
    whole = whole && one.has_value();
  }
  if (!whole) return std::nullopt;
  return out;
}

MapReader::MapReader(Reader& reader, const Node& node, std::string_view what)
    : reader_(&reader), what_(what) {
  if (reader.expect_map(node, what)) map_ = &node;
}

std::string MapReader::path(std::string_view key) const {
  return what_.empty() ? std::string(key) : what_ + "." + std::string(key);
}

const Node* MapReader::get(std::string_view key, Presence presence) {
  asked_.emplace_back(key);
  if (map_ == nullptr) return nullptr;
  const Node* value = map_->find(key);
  if (value != nullptr && value->kind != Node::Kind::kNull) return value;
  if (presence == kNeeded) {
    const Node& at = value == nullptr ? *map_ : *value;
    reader_->report(at, path(key) + " is missing", {}, "add `" + std::string(key) + ":`");
  }
  return nullptr;
}

std::optional<std::string> MapReader::text(std::string_view key, Presence presence) {
  const Node* node = get(key, presence);
  return node == nullptr ? std::nullopt : reader_->text(*node, path(key));
}

std::optional<bool> MapReader::boolean(std::string_view key, Presence presence) {
  const Node* node = get(key, presence);
  return node == nullptr ? std::nullopt : reader_->boolean(*node, path(key));
}

std::optional<int64_t> MapReader::integer(std::string_view key, Presence presence, int64_t least,
                                          int64_t most) {
  const Node* node = get(key, presence);
  return node == nullptr ? std::nullopt : reader_->integer(*node, path(key), least, most);
}

std::optional<Date> MapReader::date(std::string_view key, Presence presence) {
  const Node* node = get(key, presence);
  return node == nullptr ? std::nullopt : reader_->date(*node, path(key));
}

std::optional<Duration> MapReader::duration(std::string_view key, Presence presence) {
  const Node* node = get(key, presence);
  return node == nullptr ? std::nullopt : reader_->duration(*node, path(key));
}

std::optional<size_t> MapReader::word(std::string_view key, std::span<const std::string> words,
                                      Presence presence) {
  const Node* node = get(key, presence);
  return node == nullptr ? std::nullopt : reader_->word(*node, path(key), words);
}

std::optional<std::vector<std::string>> MapReader::texts(std::string_view key, Presence presence,
                                                         bool or_one) {
  const Node* node = get(key, presence);
  return node == nullptr ? std::nullopt : reader_->texts(*node, path(key), or_one);
}

void MapReader::done(std::span<const std::string> more) {
  if (map_ == nullptr) return;
  std::vector<std::string> known = asked_;
  known.insert(known.end(), more.begin(), more.end());
  for (const Node::Entry& entry : map_->entries) {
    if (reader_->full()) return;
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    const std::string near = nearest_name(entry.key, known);
    reader_->report(entry.line, entry.column, "unknown key \"" + path(entry.key) + "\"", {},
                    near.empty() ? "known keys: " + join(known, ", ") : "did you mean " + near + "?");
  }
}

}  // namespace hetao::policy
