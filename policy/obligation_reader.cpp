// Obligations of a rule: the part of RuleReader that knows their kinds and parameters (table in language.md).
#include <algorithm>

#include "gateway/base/text.h"
#include "policy/rule_reader.h"

namespace hetao::policy {

namespace {

const std::vector<std::string> kNames = {
    "inspect",    "no-network", "no-onward-transfer", "delete-after", "keep-record", "review",
    "notify",     "mask",       "residency",          "encrypt",      "duty",        "min-group",
    "k-anonymity"};

constexpr int64_t kReviewersMax = 9;

}  // namespace

void RuleReader::obligation_list(const Node& node, Rule& rule) {
  if (!reader_->expect_list(node, "obligations")) return;
  for (const Node& item : node.items) {
    if (item.is_scalar()) {
      obligation(item.text, item, nullptr, rule);
    } else if (item.is_map() && item.entries.size() == 1) {
      const Node& value = item.entries.front().value;
      obligation(item.entries.front().key, item, value.kind == Node::Kind::kNull ? nullptr : &value, rule);
    } else {
      reader_->report(item, "an obligation is one name with its parameters",
                      "such as `- delete-after: {duration: 30d}`");
    }
  }
}

void RuleReader::obligation(std::string_view name, const Node& at, const Node* parameters, Rule& rule) {
  const auto known = std::find(kNames.begin(), kNames.end(), name);
  if (known == kNames.end()) {
    const std::string near = nearest_name(name, kNames);
    reader_->report(at, "unknown obligation \"" + std::string(name) + "\"", {},
                    near.empty() ? "obligations: " + join(kNames, ", ") : "did you mean " + near + "?");
    return;
  }
  Node none = at;
  none.kind = Node::Kind::kMap;
  none.entries.clear();
  const size_t mistakes_before = reader_->mistakes();
  MapReader map(*reader_, parameters == nullptr ? none : *parameters, name);
  ObligationSpec spec;
  spec.kind = static_cast<ObligationKind>(known - kNames.begin());
  obligation_parameters(map, spec);
  map.done();
  if (reader_->mistakes() == mistakes_before) merge_obligation(rule.obligations, spec);
}

void RuleReader::obligation_parameters(MapReader& map, ObligationSpec& spec) {
  switch (spec.kind) {
    case ObligationKind::kInspect:
      spec.key = text_parameter(map, "profile", MapReader::kNeeded);
      spec.amount = number_parameter(map, "at_most", 0, 0, INT64_MAX);
      return;
    case ObligationKind::kDeleteAfter:
    case ObligationKind::kKeepRecord:
      if (const auto node = constant_node(map, "duration", MapReader::kNeeded))
        spec.amount = reader_->duration(*node, "duration").value_or(Duration{}).micros;
      return;
    case ObligationKind::kReview:
      spec.key = text_parameter(map, "role", MapReader::kMayMiss);
      if (spec.key.empty()) spec.key = "reviewer";
      spec.amount = number_parameter(map, "reviewers", 1, 1, kReviewersMax);
      return;
    case ObligationKind::kNotify:
      spec.key = text_parameter(map, "role", MapReader::kNeeded);
      return;
    case ObligationKind::kEncrypt:
      spec.key = text_parameter(map, "profile", MapReader::kNeeded);
      return;
    case ObligationKind::kDuty:
      spec.key = text_parameter(map, "text", MapReader::kNeeded);
      return;
    case ObligationKind::kMinGroup:
    case ObligationKind::kKAnonymity:
      if (const auto node = constant_node(map, "least", MapReader::kNeeded))
        spec.amount = reader_->integer(*node, "least", 1, INT64_MAX).value_or(1);
      spec.key = otherwise_parameter(map);
      return;
    case ObligationKind::kMask:
      spec.names = names_parameter(map, "kinds");
      return;
    case ObligationKind::kResidency:
      spec.names = names_parameter(map, "regions");
      return;
    case ObligationKind::kNoNetwork:
    case ObligationKind::kNoOnwardTransfer:
      return;
  }
}

// The constant under `key` as a node, so that the reader's checks serve the pack's parameters too.
std::optional<Node> RuleReader::constant_node(MapReader& map, std::string_view key,
                                              MapReader::Presence presence) {
  const Node* node = map.get(key, presence);
  if (node == nullptr) return std::nullopt;
  const auto found = constant(*node);
  if (!found) return std::nullopt;
  if (found->node != nullptr) return *found->node;
  Node value = *node;
  value.kind = Node::Kind::kScalar;
  value.entries.clear();
  value.text = to_text(found->parameter->value);
  return value;
}

std::string RuleReader::text_parameter(MapReader& map, std::string_view key, MapReader::Presence presence) {
  const auto node = constant_node(map, key, presence);
  return node ? reader_->text(*node, key).value_or("") : "";
}

int64_t RuleReader::number_parameter(MapReader& map, std::string_view key, int64_t otherwise, int64_t least,
                                     int64_t most) {
  const auto node = constant_node(map, key, MapReader::kMayMiss);
  return node ? reader_->integer(*node, key, least, most).value_or(least) : otherwise;
}

// What a result becomes that does not keep it.
std::string RuleReader::otherwise_parameter(MapReader& map) {
  const auto node = constant_node(map, "otherwise", MapReader::kMayMiss);
  if (!node) return "hold";
  const std::string said = reader_->text(*node, "otherwise").value_or("hold");
  if (said != "hold" && said != "forbid")
    reader_->report(*node, "otherwise is \"" + printable(said) + "\"", "hold or forbid");
  return said;
}

std::vector<std::string> RuleReader::names_parameter(MapReader& map, std::string_view key) {
  const Node* node = map.get(key, MapReader::kNeeded);
  if (node == nullptr) return {};
  auto names = reader_->texts(*node, key, true).value_or(std::vector<std::string>{});
  if (node->is_list() && node->items.empty())
    reader_->report(*node, std::string(key) + " is empty", "at least one");
  for (const std::string& name : names) {
    if (name.find(',') != std::string::npos) reader_->report(*node, "\"" + name + "\" has a comma");
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace hetao::policy
