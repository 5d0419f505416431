#include "gateway/api/labels.h"

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/federation/facts.h"
#include "policy/request.h"

namespace hetao::api {

namespace {

pb::Fact fact_of(const std::string& name, const policy::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return federation::fact(name, *flag);
  if (const auto* number = std::get_if<int64_t>(&value)) return federation::fact(name, *number);
  if (const auto* text = std::get_if<std::string>(&value))
    return federation::fact(name, std::string_view(*text));
  return federation::fact(name, std::get<std::vector<std::string>>(value));
}

std::vector<std::string> label_names(const policy::Schema& schema) {
  std::vector<std::string> names;
  for (const policy::Attribute& attribute : schema.attributes()) {
    if (is_label(attribute)) names.push_back(attribute.name);
  }
  return names;
}

}  // namespace

bool is_label(const policy::Attribute& attribute) {
  const std::string& name = attribute.name;
  return !attribute.built_in || name.starts_with("data.") || name.starts_with("genetic.") ||
         name.starts_with("consent.") || name.starts_with("hk.") || name == "impact_assessment" ||
         // The owner's assessment that aggregates of this data tell nothing of a person; results inherit it.
         name == "result.anonymity_assessed";
}

google::protobuf::RepeatedPtrField<pb::Fact> read_labels(const json::object& labels,
                                                         const policy::Schema& schema,
                                                         tes::Mistakes& mistakes) {
  google::protobuf::RepeatedPtrField<pb::Fact> out;
  if (labels.size() > limits::kTagsMax) {
    mistakes.push_back(
        {"/labels", false, "has too many members", "at most " + std::to_string(limits::kTagsMax), {}});
    return out;
  }
  for (const auto& member : labels) {
    const std::string name(member.key());
    const std::string pointer = "/labels/" + printable(name.substr(0, 64));
    const auto attribute = schema.resolve(name);
    if (!attribute || !is_label(*attribute)) {
      const std::string near = nearest_name(name, label_names(schema));
      mistakes.push_back({pointer, true, attribute ? "is no label of data" : "unknown label",
                          "a label such as data.grade or data.personal",
                          near.empty() || near == name ? "" : "did you mean \"" + near + "\"?"});
      continue;
    }
    json::object one;
    one[name] = member.value();
    const auto request = policy::request_from_json(one, schema);
    if (!request) {
      mistakes.push_back({pointer, false, request.error().why, {}, request.error().hint});
      continue;
    }
    for (const auto& [key, value] : request->attributes()) federation::put_fact(out, fact_of(key, value));
  }
  return out;
}

}  // namespace hetao::api
