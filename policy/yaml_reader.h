// The product's only reader of YAML: policies, configurations, job files. Text becomes a tree of nodes that
// know their places; helpers take typed values out of it and collect every mistake. Pure, bounded
// (limits::kYaml*), never throws. Accepted: one document of YAML 1.2 in UTF-8 without anchors, aliases, tags
// and repeated keys. yaml-cpp is seen in yaml_reader.cpp alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "gateway/base/diagnostic.h"
#include "gateway/base/json.h"
#include "gateway/base/limits.h"
#include "gateway/base/time.h"

namespace hetao::policy {

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry;

  Kind kind = Kind::kNull;
  std::string text;     // of a scalar
  bool quoted = false;  // "true" and 'true' are texts, true is a boolean
  int line = 1;
  int column = 1;
  std::vector<Node> items;     // of a list
  std::vector<Entry> entries;  // of a map, in the file's order

  const Node* find(std::string_view key) const;  // of a map; nullptr: not there
  bool is_map() const { return kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_scalar() const { return kind == Kind::kScalar; }
};

struct Node::Entry {
  std::string key;
  int line = 1;  // of the key
  int column = 1;
  Node value;
};

// An empty text is a null node. Syntax errors end at the first one; repeated keys are all reported.
tl::expected<Node, Diagnostics> parse_yaml(std::string_view text, std::string_view file);

// What the node says as JSON: plain true, false, null and whole numbers are themselves, all else is text.
json::value to_json(const Node& node);

// Takes values out of one file's nodes. Mistakes go to the list that it was made with; a function that finds
// one answers nullopt, and the caller goes on to find the next. `what` names the thing: "default".
class Reader {
 public:
  Reader(std::string file, Diagnostics& mistakes) : file_(std::move(file)), mistakes_(&mistakes) {}

  const std::string& file() const { return file_; }
  void report(const Node& at, std::string message, std::string expected = {}, std::string hint = {});
  void report(int line, int column, std::string message, std::string expected = {}, std::string hint = {});
  size_t mistakes() const { return mistakes_->size(); }
  bool full() const { return mistakes_->size() >= limits::kMistakesMax; }  // further ones are dropped

  bool expect_map(const Node& node, std::string_view what);
  bool expect_list(const Node& node, std::string_view what);
  std::optional<std::string> text(const Node& node, std::string_view what);
  std::optional<bool> boolean(const Node& node, std::string_view what);
  std::optional<int64_t> integer(const Node& node, std::string_view what, int64_t least = INT64_MIN,
                                 int64_t most = INT64_MAX);
  std::optional<Date> date(const Node& node, std::string_view what);
  std::optional<Duration> duration(const Node& node, std::string_view what);
  // One of `words`; the answer is its index.
  std::optional<size_t> word(const Node& node, std::string_view what, std::span<const std::string> words);
  // A list of texts; a single text counts as a list of one when `or_one`.
  std::optional<std::vector<std::string>> texts(const Node& node, std::string_view what, bool or_one = false);

 private:
  std::string file_;
  Diagnostics* mistakes_;
};

// Reads one map key by key and reports the keys that nobody asked for, with the nearest that somebody did.
//
//   MapReader map(reader, node, "platform");
//   const auto name = map.text("name", MapReader::kNeeded);
//   const auto cores = map.integer("cpu_cores", MapReader::kMayMiss, 1, 4'096);
//   map.done();
class MapReader {
 public:
  enum Presence { kNeeded, kMayMiss };

  // Reports and reads as empty when the node is no map.
  MapReader(Reader& reader, const Node& node, std::string_view what);

  bool is_map() const { return map_ != nullptr; }
  // The value under `key`; nullptr where it is missing (reported when needed) or null.
  const Node* get(std::string_view key, Presence presence = kMayMiss);
  std::optional<std::string> text(std::string_view key, Presence presence = kMayMiss);
  std::optional<bool> boolean(std::string_view key, Presence presence = kMayMiss);
  std::optional<int64_t> integer(std::string_view key, Presence presence = kMayMiss,
                                 int64_t least = INT64_MIN, int64_t most = INT64_MAX);
  std::optional<Date> date(std::string_view key, Presence presence = kMayMiss);
  std::optional<Duration> duration(std::string_view key, Presence presence = kMayMiss);
  std::optional<size_t> word(std::string_view key, std::span<const std::string> words,
                             Presence presence = kMayMiss);
  std::optional<std::vector<std::string>> texts(std::string_view key, Presence presence = kMayMiss,
                                                bool or_one = false);
  // Reports unknown keys. `more` are names that count as known though not asked for.
  void done(std::span<const std::string> more = {});

 private:
  std::string path(std::string_view key) const;

  Reader* reader_;
  const Node* map_ = nullptr;
  std::string what_;
  std::vector<std::string> asked_;
};

}  // namespace hetao::policy
