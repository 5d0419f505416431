// Operators and constants of a test: the second half of RuleReader.
#include <algorithm>

#include "gateway/base/text.h"
#include "policy/rule_reader.h"

namespace hetao::policy {

namespace {

const std::vector<std::string> kOperators = {"in",       "not_in",       "lt",           "lte",
                                             "gt",       "gte",          "between",      "matches",
                                             "contains", "contains_any", "contains_all", "contains_none"};

bool is_text(Type type) {
  return type == Type::kString || type == Type::kPlace || type == Type::kJurisdiction;
}

bool is_ordered(Type type) {
  return type == Type::kInteger || type == Type::kDate;
}

}  // namespace

bool RuleReader::takes(const Node::Entry& each, const Attribute& attribute, bool allowed) {
  if (!allowed) {
    const std::string type = to_word(attribute.type);
    reader_->report(each.line, each.column,
                    each.key + " can't test " + attribute.name + ", which is of type " + type,
                    attribute.type == Type::kSet ? "contains, contains_any, contains_all or contains_none"
                    : is_ordered(attribute.type) ? "a constant, in, not_in, lt, lte, gt, gte or between"
                    : is_text(attribute.type)    ? "a constant, in, not_in or matches"
                                                 : "a constant, in or not_in");
  }
  return allowed;
}

void RuleReader::operators(const Node& map, size_t index, Condition& into) {
  const Attribute& attribute = pack_->attributes[index];
  const bool is_set = attribute.type == Type::kSet;
  for (const Node::Entry& each : map.entries) {
    const std::string& op = each.key;
    if (op == "in" || op == "not_in") {
      if (takes(each, attribute, !is_set)) list_operator(each, index, Operator::kIn, op == "not_in", into);
    } else if (op == "lt" || op == "lte" || op == "gt" || op == "gte" || op == "between") {
      if (takes(each, attribute, is_ordered(attribute.type))) range_operator(each, index, into);
    } else if (op == "matches") {
      if (takes(each, attribute, is_text(attribute.type)))
        list_operator(each, index, Operator::kMatches, false, into);
    } else if (op == "contains" || op == "contains_any" || op == "contains_none") {
      if (takes(each, attribute, is_set))
        list_operator(each, index, Operator::kContainsAny, op == "contains_none", into);
    } else if (op == "contains_all") {
      if (takes(each, attribute, is_set)) list_operator(each, index, Operator::kContainsAll, false, into);
    } else {
      const std::string near = nearest_name(op, kOperators);
      reader_->report(each.line, each.column, "unknown operator \"" + op + "\"", {},
                      near.empty() ? "operators: " + join(kOperators, ", ") : "did you mean " + near + "?");
    }
  }
}

void RuleReader::list_operator(const Node::Entry& each, size_t index, Operator op, bool negated,
                               Condition& into) {
  const Attribute& attribute = pack_->attributes[index];
  Test test;
  test.attribute = index;
  test.op = op;
  test.negated = negated;
  bool whole = true;
  if (each.value.is_list() && each.key != "contains") {
    if (each.value.items.empty()) {
      reader_->report(each.value, each.key + " is an empty list", "at least one value");
      return;
    }
    for (const Node& item : each.value.items)
      whole = add_constant(item, attribute, test, op == Operator::kMatches) && whole;
  } else if (each.key == "contains" || each.key == "matches") {
    whole = add_constant(each.value, attribute, test, op == Operator::kMatches);
  } else {
    reader_->expect_list(each.value, each.key);
    return;
  }
  if (whole) finish(test, into, each.value);
}

void RuleReader::range_operator(const Node::Entry& each, size_t index, Condition& into) {
  const Attribute& attribute = pack_->attributes[index];
  Test test;
  test.attribute = index;
  test.op = Operator::kRange;
  test.low = INT64_MIN;
  test.high = INT64_MAX;
  if (each.key == "between") {
    if (!each.value.is_list() || each.value.items.size() != 2) {
      reader_->report(each.value, "between has no two ends", "a list [LOW, HIGH]; both are included");
      return;
    }
    const auto low = number_constant(each.value.items[0], attribute);
    const auto high = number_constant(each.value.items[1], attribute);
    if (!low || !high) return;
    if (*low > *high) reader_->report(each.value, "between is empty: its LOW is above its HIGH");
    test.low = *low;
    test.high = *high;
    return finish(test, into, each.value);
  }
  const auto bound = number_constant(each.value, attribute);
  if (!bound) return;
  const bool nothing = (each.key == "lt" && *bound == INT64_MIN) || (each.key == "gt" && *bound == INT64_MAX);
  if (nothing) {
    reader_->report(each.value,
                    "no number is " + std::string(each.key == "lt" ? "below" : "above") + " this one");
    return;
  }
  if (each.key == "lt") test.high = *bound - 1;
  if (each.key == "lte") test.high = *bound;
  if (each.key == "gt") test.low = *bound + 1;
  if (each.key == "gte") test.low = *bound;
  finish(test, into, each.value);
}

std::optional<RuleReader::Constant> RuleReader::constant(const Node& node) {
  if (!node.is_map()) return Constant{&node, nullptr, {}};
  MapReader map(*reader_, node, "constant");
  const auto name = map.text("parameter", MapReader::kNeeded);
  map.done();
  if (!name) return std::nullopt;
  const auto found = pack_->parameters.find(*name);
  if (found != pack_->parameters.end()) {
    found->second.used = true;
    return Constant{nullptr, &found->second, *name};
  }
  std::vector<std::string> names;
  for (const auto& [known, _] : pack_->parameters) names.push_back(known);
  const std::string near = nearest_name(*name, names);
  reader_->report(node, "unknown parameter \"" + *name + "\"", {},
                  near.empty() ? "declare it in pack.yaml" : "did you mean " + near + "?");
  return std::nullopt;
}

std::optional<int64_t> RuleReader::number_constant(const Node& node, const Attribute& attribute) {
  Test test;
  if (!add_constant(node, attribute, test)) return std::nullopt;
  return test.numbers.front();
}

// Adds the constant to the test's numbers or texts; false when it was reported.
bool RuleReader::add_constant(const Node& node, const Attribute& attribute, Test& test, bool glob) {
  const auto found = constant(node);
  if (!found) return false;
  Node text_node;  // a parameter's value, as if it stood here
  const Node* source = found->node;
  if (found->parameter != nullptr) {
    text_node = node;
    text_node.kind = Node::Kind::kScalar;
    text_node.entries.clear();
    text_node.text = to_text(found->parameter->value);
    text_node.quoted =
        std::holds_alternative<std::string>(found->parameter->value) && attribute.type != Type::kDate;
    source = &text_node;
  }
  if (glob || attribute.type == Type::kSet) {
    const auto text = reader_->text(*source, glob ? "a glob" : "a member of " + attribute.name);
    if (text) test.texts.push_back(*text);
    return text.has_value();
  }
  const auto value = read_value(*reader_, *source, attribute);
  if (!value) return false;
  if (const auto* flag = std::get_if<bool>(&*value)) test.numbers.push_back(*flag ? 1 : 0);
  if (const auto* number = std::get_if<int64_t>(&*value)) test.numbers.push_back(*number);
  if (const auto* text = std::get_if<std::string>(&*value)) {
    if (attribute.type == Type::kDate) {
      test.numbers.push_back(parse_date(*text)->days);
    } else {
      test.texts.push_back(*text);
    }
  }
  return true;
}

}  // namespace hetao::policy
