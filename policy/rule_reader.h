// Reads rules out of a file's nodes: names resolved against the pack's schema, constants typed. Private to
// the room; used by pack.cpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/pack.h"
#include "policy/yaml_reader.h"

namespace hetao::policy {

// Texts in up to three languages: a map of en, zh-Hans, zh-Hant, or one text in English.
Words read_words(Reader& reader, const Node& node, std::string_view what);
Validity read_validity(Reader& reader, const Node& node, std::string_view what);
// A value of a request's attribute, as its type wants it.
std::optional<Value> read_value(Reader& reader, const Node& node, const Attribute& attribute);
std::string place_text(const Place& place);

class RuleReader {
 public:
  RuleReader(Reader& reader, LoadedPack& pack) : reader_(&reader), pack_(&pack) {}

  void read(const Node& node);  // one rule; adds it to the pack when it has an id

 private:
  Condition condition(const Node& node, std::string_view what, size_t depth);
  std::optional<Condition> entry(const Node::Entry& entry, size_t depth);
  Condition group(const Node::Entry& entry, Condition::Kind kind, size_t depth);
  std::optional<Condition> attribute_test(const Node::Entry& entry);
  std::optional<size_t> attribute_index(const Node::Entry& entry);
  void operators(const Node& map, size_t attribute, Condition& into);
  void list_operator(const Node::Entry& entry, size_t attribute, Operator op, bool negated, Condition& into);
  void range_operator(const Node::Entry& entry, size_t attribute, Condition& into);
  bool add_constant(const Node& node, const Attribute& attribute, Test& test, bool glob = false);
  std::optional<int64_t> number_constant(const Node& node, const Attribute& attribute);
  bool takes(const Node::Entry& entry, const Attribute& attribute, bool allowed);
  // The node itself, or for {parameter: NAME} the parameter's value (in `out`).
  struct Constant {
    const Node* node = nullptr;
    const Parameter* parameter = nullptr;
    std::string name;
  };
  std::optional<Constant> constant(const Node& node);
  void finish(Test& test, Condition& into, const Node& at);

  void obligation_list(const Node& node, Rule& rule);
  void obligation(std::string_view name, const Node& at, const Node* parameters, Rule& rule);
  void obligation_parameters(MapReader& map, ObligationSpec& spec);
  std::optional<Node> constant_node(MapReader& map, std::string_view key, MapReader::Presence presence);
  std::string text_parameter(MapReader& map, std::string_view key, MapReader::Presence presence);
  int64_t number_parameter(MapReader& map, std::string_view key, int64_t otherwise, int64_t least,
                           int64_t most);
  std::vector<std::string> names_parameter(MapReader& map, std::string_view key);
  std::string otherwise_parameter(MapReader& map);

  Reader* reader_;
  LoadedPack* pack_;
};

}  // namespace hetao::policy
