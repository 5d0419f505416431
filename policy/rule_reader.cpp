#include "policy/rule_reader.h"

#include <algorithm>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::policy {

namespace {

bool is_rule_id(std::string_view id) {
  const auto plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !id.empty() && id.size() <= 64 && plain(id[0]) && std::all_of(id.begin(), id.end(), [&](char c) {
    return plain(c) || c == '.' || c == '_' || c == '-';
  });
}

const std::vector<std::string> kEffects = {"permit", "hold", "forbid"};

}  // namespace

std::string place_text(const Place& place) {
  return place.file + ":" + std::to_string(place.line);
}

Words read_words(Reader& reader, const Node& node, std::string_view what) {
  Words words;
  if (node.is_scalar()) {
    words.en = node.text;
    return words;
  }
  MapReader map(reader, node, what);
  words.en = map.text("en", MapReader::kNeeded).value_or("");
  words.zh_hans = map.text("zh-Hans").value_or("");
  words.zh_hant = map.text("zh-Hant").value_or("");
  map.done();
  return words;
}

Validity read_validity(Reader& reader, const Node& node, std::string_view what) {
  MapReader map(reader, node, what);
  Validity valid;
  valid.from = map.date("from");
  valid.until = map.date("until");
  map.done();
  if (valid.from && valid.until && *valid.from >= *valid.until)
    reader.report(node, std::string(what) + " has no day: until is exclusive, and not after from");
  return valid;
}

std::optional<Value> read_value(Reader& reader, const Node& node, const Attribute& attribute) {
  const auto wrap = [](auto value) -> std::optional<Value> {
    if (!value) return std::nullopt;
    return Value(std::move(*value));
  };
  switch (attribute.type) {
    case Type::kBoolean:
      return wrap(reader.boolean(node, attribute.name));
    case Type::kInteger:
      return wrap(reader.integer(node, attribute.name));
    case Type::kEnum:
      if (const auto at = reader.word(node, attribute.name, attribute.values))
        return Value(attribute.values[*at]);
      return std::nullopt;
    case Type::kString:
    case Type::kPlace:
      return wrap(reader.text(node, attribute.name));
    case Type::kJurisdiction: {
      auto text = reader.text(node, attribute.name);
      if (text && !is_jurisdiction(*text)) {
        reader.report(node, attribute.name + " is \"" + *text + "\"", "two capital letters such as CN or HK");
        return std::nullopt;
      }
      return wrap(std::move(text));
    }
    case Type::kDate:
      if (const auto date = reader.date(node, attribute.name)) return Value(to_string(*date));
      return std::nullopt;
    case Type::kSet:
      return wrap(reader.texts(node, attribute.name));
  }
  return std::nullopt;
}

void RuleReader::read(const Node& node) {
  MapReader map(*reader_, node, "rule");
  Rule rule;
  rule.place = {reader_->file(), node.line, node.column};
  const auto id = map.text("id", MapReader::kNeeded);
  const auto effect = map.word("effect", kEffects, MapReader::kNeeded);
  if (effect) rule.effect = static_cast<Effect>(*effect);
  if (const Node* title = map.get("title", MapReader::kNeeded))
    rule.title = read_words(*reader_, *title, "title");
  if (auto basis = map.texts("basis", MapReader::kMayMiss, true)) rule.basis = std::move(*basis);
  rule.note = map.text("note").value_or("");
  if (const Node* valid = map.get("valid")) rule.valid = read_validity(*reader_, *valid, "valid");
  if (const Node* when = map.get("when", MapReader::kNeeded)) rule.when = condition(*when, "when", 0);
  if (const Node* unless = map.get("unless")) {
    rule.unless = condition(*unless, "unless", 0);
    if (unless->is_map() && unless->entries.empty())
      reader_->report(*unless, "unless is empty", "a condition");
  }
  if (const Node* list = map.get("obligations")) {
    if (effect && rule.effect == Effect::kForbid)
      reader_->report(*list, "a forbid has obligations", {}, "obligations belong to permits and holds");
    obligation_list(*list, rule);
  }
  map.done();
  if (!id) return;
  rule.id = *id;
  if (!is_rule_id(rule.id))
    reader_->report(node, "the rule id \"" + rule.id + "\" is no id",
                    "letters, digits, `.`, `_`, `-`; at most 64");
  pack_->rules.push_back(std::move(rule));
}

Condition RuleReader::condition(const Node& node, std::string_view what, size_t depth) {
  Condition out;
  out.place = {reader_->file(), node.line, node.column};
  if (depth > limits::kPolicyConditionDepthMax) {
    reader_->report(node, "conditions are nested too deep",
                    "at most " + std::to_string(limits::kPolicyConditionDepthMax) + " levels");
    return out;
  }
  if (!reader_->expect_map(node, what)) return out;
  if (node.entries.empty() && depth > 0)
    reader_->report(node, std::string(what) + " is empty", "a condition");
  for (const Node::Entry& each : node.entries) {
    if (reader_->full()) break;
    if (auto member = entry(each, depth)) out.members.push_back(std::move(*member));
  }
  return out;
}

std::optional<Condition> RuleReader::entry(const Node::Entry& each, size_t depth) {
  if (each.key == "all") return group(each, Condition::Kind::kAll, depth);
  if (each.key == "any") return group(each, Condition::Kind::kAny, depth);
  if (each.key == "none") return group(each, Condition::Kind::kNone, depth);
  return attribute_test(each);
}

Condition RuleReader::group(const Node::Entry& each, Condition::Kind kind, size_t depth) {
  Condition out;
  out.kind = kind;
  out.place = {reader_->file(), each.line, each.column};
  if (!reader_->expect_list(each.value, each.key)) return out;
  if (each.value.items.empty())
    reader_->report(each.value, each.key + " is an empty list", "at least one condition");
  for (const Node& item : each.value.items) {
    if (reader_->full()) break;
    out.members.push_back(condition(item, "a member of " + each.key, depth + 1));
  }
  return out;
}

std::optional<size_t> RuleReader::attribute_index(const Node::Entry& each) {
  for (size_t i = 0; i < pack_->attributes.size(); ++i) {
    if (pack_->attributes[i].name == each.key) return i;
  }
  const bool undeclared = each.key.starts_with("parameter.") && pack_->schema.find(each.key) == nullptr;
  const auto found = pack_->schema.resolve(each.key);
  if (!found || undeclared) {
    const std::string near = pack_->schema.nearest(each.key);
    reader_->report(each.line, each.column,
                    undeclared ? "the pack declares no such parameter: \"" + each.key + "\""
                               : "unknown attribute \"" + each.key + "\"",
                    {}, near.empty() ? "pack.yaml may declare it" : "did you mean " + near + "?");
    return std::nullopt;
  }
  if (each.key.starts_with("parameter.")) pack_->parameters.at(each.key.substr(10)).used = true;
  pack_->attributes.push_back(*found);
  return pack_->attributes.size() - 1;
}

std::optional<Condition> RuleReader::attribute_test(const Node::Entry& each) {
  const auto index = attribute_index(each);
  if (!index) return std::nullopt;
  const Attribute& attribute = pack_->attributes[*index];
  Condition out;
  out.place = {reader_->file(), each.line, each.column};
  const bool is_parameter = each.value.is_map() && each.value.find("parameter") != nullptr;
  if (each.value.is_map() && !is_parameter) {
    if (each.value.entries.empty())
      reader_->report(each.value, each.key + " is tested by nothing", "an operator");
    operators(each.value, *index, out);
  } else if (each.value.is_list()) {
    reader_->report(each.value, each.key + " is compared with a list", {},
                    attribute.type == Type::kSet ? "write {contains_any: [...]} or {contains_all: [...]}"
                                                 : "write {in: [...]}");
  } else if (attribute.type == Type::kSet) {
    reader_->report(each.value, each.key + " is a set", {}, "write {contains: ...}");
  } else {
    Test test;
    test.attribute = *index;
    if (add_constant(each.value, attribute, test)) finish(test, out, each.value);
  }
  if (out.members.size() == 1) return std::move(out.members.front());
  return out;
}

void RuleReader::finish(Test& test, Condition& into, const Node& at) {
  std::sort(test.numbers.begin(), test.numbers.end());
  test.numbers.erase(std::unique(test.numbers.begin(), test.numbers.end()), test.numbers.end());
  std::sort(test.texts.begin(), test.texts.end());
  test.texts.erase(std::unique(test.texts.begin(), test.texts.end()), test.texts.end());
  Condition leaf;
  leaf.kind = Condition::Kind::kTest;
  leaf.place = {reader_->file(), at.line, at.column};
  leaf.test = std::move(test);
  into.members.push_back(std::move(leaf));
}

}  // namespace hetao::policy
