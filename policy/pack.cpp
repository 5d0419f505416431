#include "policy/pack.h"

#include <openssl/evp.h>

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "policy/rule_reader.h"
#include "policy/yaml_reader.h"

namespace hetao::policy {

namespace {

const std::vector<std::string> kDefaults = {"hold", "forbid"};
const std::vector<std::string> kDecisions = {"permit", "hold", "forbid"};
const std::vector<std::string> kTypes = {"boolean", "integer", "enum", "string", "set", "date"};
constexpr Type kTypeOf[] = {Type::kBoolean, Type::kInteger, Type::kEnum,
                            Type::kString,  Type::kSet,     Type::kDate};

struct ParsedFile {
  std::string name;
  Node root;
};

std::string canonical_of(const std::vector<ParsedFile>& files) {
  json::object content;
  for (const ParsedFile& file : files) content[file.name] = to_json(file.root);
  return canonical_json(content);
}

Digest digest_of(const std::string& text) {
  Digest digest;
  unsigned size = 0;
  HETAO_CHECK(EVP_Digest(text.data(), text.size(), digest.bytes.data(), &size, EVP_sha256(), nullptr) == 1);
  HETAO_CHECK(size == digest.bytes.size());
  return digest;
}

bool is_pack_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// Loads one pack; every mistake goes to one list.
class Loader {
 public:
  tl::expected<LoadedPack, Diagnostics> load(std::vector<SourceFile> files);

 private:
  bool parse(std::vector<SourceFile> files);
  void header(const ParsedFile& file);
  void parameters(Reader& reader, const Node& node);
  void attributes(Reader& reader, const Node& node);
  void attribute(Reader& reader, const Node::Entry& entry);
  void absent_value(Reader& reader, const Node::Entry& entry, const std::string& value);
  void rules(const ParsedFile& file);
  void tests(const ParsedFile& file);
  void test(Reader& reader, const Node& node);
  void test_request(Reader& reader, const Node& node, Request& request);
  void test_rules(Reader& reader, MapReader& map, PackTest& test);
  void check_ids();
  void report(const Place& place, std::string message, std::string hint);

  LoadedPack pack_;
  Diagnostics mistakes_;
  std::vector<ParsedFile> files_;  // pack.yaml, then by name
};

void Loader::report(const Place& place, std::string message, std::string hint) {
  mistakes_.push_back({place.file, place.line, place.column, std::move(message), {}, std::move(hint)});
}

bool Loader::parse(std::vector<SourceFile> files) {
  const auto order = [](const SourceFile& file) {
    return std::make_pair(file.name != "pack.yaml", file.name);
  };
  std::sort(files.begin(), files.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
  for (size_t i = 0; i < files.size(); ++i) {
    const SourceFile& file = files[i];
    if (!file.name.ends_with(".yaml") && !file.name.ends_with(".yml")) continue;
    const bool placed =
        file.name == "pack.yaml" || file.name.starts_with("rules/") || file.name.starts_with("tests/");
    if (!placed || file.name.ends_with(".yml")) {
      report({file.name, 0, 0}, "this file has no place in a pack",
             "packs have pack.yaml, rules/*.yaml, tests/*.yaml");
      continue;
    }
    if (i > 0 && files[i - 1].name == file.name) {
      report({file.name, 0, 0}, "this file is given twice", {});
      continue;
    }
    auto root = parse_yaml(file.text, file.name);
    if (!root) {
      mistakes_.insert(mistakes_.end(), root.error().begin(), root.error().end());
      continue;
    }
    files_.push_back({file.name, std::move(*root)});
  }
  if (!files_.empty() && files_.front().name == "pack.yaml") return true;
  if (mistakes_.empty())
    report({"pack.yaml", 0, 0}, "the pack has no pack.yaml", "write one: policy, version, default");
  return false;
}

void Loader::header(const ParsedFile& file) {
  Reader reader(file.name, mistakes_);
  MapReader map(reader, file.root, "");
  if (const auto name = map.text("policy", MapReader::kNeeded)) {
    pack_.name = *name;
    if (!is_pack_name(*name))
      reader.report(*map.get("policy"), "the pack's name is \"" + *name + "\"",
                    "small letters, digits and -");
  }
  pack_.version = map.text("version", MapReader::kNeeded).value_or("");
  if (const Node* node = map.get("default")) {
    if (node->is_scalar() && node->text == "permit") {
      reader.report(*node, "the default is permit", "hold or forbid",
                    "what no rule decides is never permitted");
    } else if (const auto effect = reader.word(*node, "default", kDefaults)) {
      pack_.default_effect = *effect == 0 ? Effect::kHold : Effect::kForbid;
    }
  }
  pack_.shadow = map.boolean("shadow").value_or(false);
  if (const Node* title = map.get("title")) pack_.title = read_words(reader, *title, "title");
  pack_.note = map.text("note").value_or("");
  if (const Node* node = map.get("parameters")) parameters(reader, *node);
  if (const Node* node = map.get("attributes")) attributes(reader, *node);
  map.get("rules");
  map.get("tests");
  map.done();
}

void Loader::parameters(Reader& reader, const Node& node) {
  if (!reader.expect_map(node, "parameters")) return;
  for (const Node::Entry& entry : node.entries) {
    MapReader map(reader, entry.value, "parameters." + entry.key);
    Parameter parameter;
    parameter.place = {reader.file(), entry.line, entry.column};
    const Node* value = map.get("value", MapReader::kNeeded);
    if (value != nullptr && value->is_scalar()) {
      const json::value plain = to_json(*value);
      if (plain.is_bool()) parameter.value = plain.get_bool();
      if (plain.is_int64()) parameter.value = int64_t{plain.get_int64()};
      if (plain.is_string()) parameter.value = std::string(plain.get_string());
    } else if (value != nullptr) {
      reader.report(*value, "a parameter's value is no single value",
                    "true, false, a whole number or a text");
    }
    parameter.source = map.text("source").value_or("");
    if (const Node* title = map.get("title")) parameter.title = read_words(reader, *title, "title");
    if (const Node* valid = map.get("valid")) parameter.valid = read_validity(reader, *valid, "valid");
    map.done();
    Attribute attribute;
    attribute.name = "parameter." + entry.key;
    attribute.type = std::holds_alternative<bool>(parameter.value)      ? Type::kBoolean
                     : std::holds_alternative<int64_t>(parameter.value) ? Type::kInteger
                                                                        : Type::kString;
    attribute.change = Change::kNever;
    attribute.title = parameter.title;
    if (attribute.title.en.empty()) attribute.title.en = attribute.name;
    if (auto added = pack_.schema.add(std::move(attribute)); !added)
      reader.report(entry.line, entry.column, added.error().what + " " + added.error().why, {},
                    added.error().hint);
    pack_.parameters.emplace(entry.key, std::move(parameter));
  }
}

void Loader::attributes(Reader& reader, const Node& node) {
  if (!reader.expect_map(node, "attributes")) return;
  for (const Node::Entry& entry : node.entries) attribute(reader, entry);
}

void Loader::attribute(Reader& reader, const Node::Entry& entry) {
  MapReader map(reader, entry.value, "attributes." + entry.key);
  const Attribute* known = pack_.schema.find(entry.key);
  const auto values = map.texts("values");
  const auto absent = map.text("absent");
  if (known != nullptr) {
    if (known->type == Type::kBoolean || known->type == Type::kInteger || known->type == Type::kDate)
      reader.report(entry.line, entry.column,
                    entry.key + " is of type " + to_word(known->type) + " and takes no values");
    map.done();
    if (!values && !absent) map.get("values", MapReader::kNeeded);
    if (values) HETAO_CHECK(pack_.schema.extend(entry.key, *values).has_value());
    if (absent) absent_value(reader, entry, *absent);
    return;
  }
  Attribute added;
  added.name = entry.key;
  const auto type = map.word("type", kTypes, MapReader::kNeeded);
  if (type) added.type = kTypeOf[*type];
  if (values) added.values = *values;
  if (const Node* title = map.get("title")) added.title = read_words(reader, *title, "title");
  if (added.title.en.empty()) added.title.en = entry.key;
  map.done();
  if (type && added.type == Type::kEnum && added.values.empty())
    reader.report(entry.line, entry.column, entry.key + " is an enum without values", {},
                  "add `values: [...]`");
  if (!type) return;
  if (auto done = pack_.schema.add(std::move(added)); !done)
    reader.report(entry.line, entry.column, done.error().what + " " + done.error().why, {},
                  done.error().hint);
  if (absent) absent_value(reader, entry, *absent);
}

void Loader::absent_value(Reader& reader, const Node::Entry& entry, const std::string& value) {
  if (auto done = pack_.schema.set_absent(entry.key, value); !done)
    reader.report(entry.line, entry.column, done.error().what + " " + done.error().why, {},
                  done.error().hint);
}

void Loader::rules(const ParsedFile& file) {
  Reader reader(file.name, mistakes_);
  const bool is_pack = file.name == "pack.yaml";
  if (is_pack && (!file.root.is_map() || file.root.find("rules") == nullptr)) return;
  MapReader map(reader, file.root, is_pack ? "" : file.name);
  const Node* list = map.get("rules", MapReader::kNeeded);
  if (!is_pack) map.done();
  if (list == nullptr || !reader.expect_list(*list, "rules")) return;
  RuleReader rule_reader(reader, pack_);
  for (const Node& node : list->items) {
    if (reader.full()) return;
    if (pack_.rules.size() >= limits::kPolicyRulesMax) {
      reader.report(node, "the pack has more than " + std::to_string(limits::kPolicyRulesMax) + " rules");
      return;
    }
    rule_reader.read(node);
  }
}

void Loader::tests(const ParsedFile& file) {
  Reader reader(file.name, mistakes_);
  const bool is_pack = file.name == "pack.yaml";
  if (is_pack && (!file.root.is_map() || file.root.find("tests") == nullptr)) return;
  MapReader map(reader, file.root, is_pack ? "" : file.name);
  const Node* list = map.get("tests", MapReader::kNeeded);
  if (!is_pack) map.done();
  if (list == nullptr || !reader.expect_list(*list, "tests")) return;
  for (const Node& node : list->items) {
    if (reader.full()) return;
    test(reader, node);
  }
}

void Loader::test(Reader& reader, const Node& node) {
  MapReader map(reader, node, "test");
  PackTest test;
  test.place = {reader.file(), node.line, node.column};
  test.id = map.text("id", MapReader::kNeeded).value_or("");
  test.title = map.text("title").value_or("");
  map.get("note");
  if (const Node* request = map.get("request", MapReader::kNeeded))
    test_request(reader, *request, test.request);
  if (const auto effect = map.word("decision", kDecisions, MapReader::kNeeded))
    test.decision = static_cast<Effect>(*effect);
  test_rules(reader, map, test);
  test.obligations = map.texts("obligations");
  map.done();
  pack_.tests.push_back(std::move(test));
}

void Loader::test_request(Reader& reader, const Node& node, Request& request) {
  if (!reader.expect_map(node, "request")) return;
  for (const Node::Entry& entry : node.entries) {
    if (entry.value.kind == Node::Kind::kNull) continue;
    const auto attribute = pack_.schema.resolve(entry.key);
    if (!attribute) {
      const std::string near = pack_.schema.nearest(entry.key);
      reader.report(entry.line, entry.column, "unknown attribute \"" + entry.key + "\"", {},
                    near.empty() ? "pack.yaml may declare it" : "did you mean " + near + "?");
      continue;
    }
    if (auto value = read_value(reader, entry.value, *attribute)) request.set(entry.key, std::move(*value));
  }
}

void Loader::test_rules(Reader& reader, MapReader& map, PackTest& test) {
  const Node* one = map.get("rule");
  const Node* all = map.get("rules");
  if (one != nullptr && all != nullptr) reader.report(*all, "a test has rule or rules, not both");
  if (one == nullptr && all == nullptr) return;
  const auto names = all != nullptr ? reader.texts(*all, "rules") : reader.texts(*one, "rule", true);
  if (!names) return;
  test.rules_given = true;
  test.exactly = all != nullptr;
  test.rules = *names;
  if (one != nullptr && *names == std::vector<std::string>{"none"}) {
    test.rules.clear();
    test.exactly = true;
  }
  std::vector<std::string> known;
  for (const Rule& rule : pack_.rules) known.push_back(rule.id);
  for (const std::string& id : test.rules) {
    if (std::find(known.begin(), known.end(), id) != known.end()) continue;
    const std::string near = nearest_name(id, known);
    reader.report(all != nullptr ? *all : *one, "the pack has no rule \"" + id + "\"", {},
                  near.empty() ? "" : "did you mean " + near + "?");
  }
}

void Loader::check_ids() {
  std::map<std::string_view, const Place*> seen;
  for (const Rule& rule : pack_.rules) {
    const auto [first, fresh] = seen.emplace(rule.id, &rule.place);
    if (!fresh)
      report(rule.place, "the rule id " + rule.id + " stands here a second time",
             "the first is at " + place_text(*first->second));
  }
  seen.clear();
  for (const PackTest& test : pack_.tests) {
    if (test.id.empty()) continue;
    const auto [first, fresh] = seen.emplace(test.id, &test.place);
    if (!fresh)
      report(test.place, "the test id " + test.id + " stands here a second time",
             "the first is at " + place_text(*first->second));
  }
}

tl::expected<LoadedPack, Diagnostics> Loader::load(std::vector<SourceFile> files) {
  pack_.schema = Schema::built_in();
  if (parse(std::move(files))) {
    header(files_.front());
    for (const ParsedFile& file : files_) {
      if (!file.name.starts_with("tests/")) rules(file);
    }
    for (const ParsedFile& file : files_) {
      if (!file.name.starts_with("rules/")) tests(file);
    }
    check_ids();
  }
  if (!mistakes_.empty()) return tl::unexpected<Diagnostics>(std::move(mistakes_));
  pack_.canonical = canonical_of(files_);
  pack_.digest = digest_of(pack_.canonical);
  return std::move(pack_);
}

}  // namespace

tl::expected<LoadedPack, Diagnostics> load_pack(std::vector<SourceFile> files) {
  return Loader().load(std::move(files));
}

}  // namespace hetao::policy
