#include "gateway/federation/facts.h"

#include <algorithm>

namespace hetao::federation {

pb::Fact fact(std::string_view name, bool value) {
  pb::Fact out;
  out.set_name(std::string(name));
  out.set_flag(value);
  return out;
}

pb::Fact fact(std::string_view name, int64_t value) {
  pb::Fact out;
  out.set_name(std::string(name));
  out.set_number(value);
  return out;
}

pb::Fact fact(std::string_view name, std::string_view value) {
  pb::Fact out;
  out.set_name(std::string(name));
  out.set_text(std::string(value));
  return out;
}

pb::Fact fact(std::string_view name, std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  pb::Fact out;
  out.set_name(std::string(name));
  out.mutable_set();
  for (std::string& value : values) out.mutable_set()->add_values(std::move(value));
  return out;
}

const pb::Fact* find_fact(const FactList& list, std::string_view name) {
  for (const pb::Fact& known : list) {
    if (known.name() == name) return &known;
  }
  return nullptr;
}

std::string text_of(const FactList& list, std::string_view name) {
  const pb::Fact* known = find_fact(list, name);
  return known != nullptr && known->has_text() ? known->text() : std::string();
}

std::optional<int64_t> number_of(const FactList& list, std::string_view name) {
  const pb::Fact* known = find_fact(list, name);
  if (known == nullptr || !known->has_number()) return std::nullopt;
  return known->number();
}

std::optional<bool> flag_of(const FactList& list, std::string_view name) {
  const pb::Fact* known = find_fact(list, name);
  if (known == nullptr || !known->has_flag()) return std::nullopt;
  return known->flag();
}

std::vector<std::string> set_of(const FactList& list, std::string_view name) {
  const pb::Fact* known = find_fact(list, name);
  if (known == nullptr || !known->has_set()) return {};
  return {known->set().values().begin(), known->set().values().end()};
}

void put_fact(FactList& list, pb::Fact value) {
  for (pb::Fact& known : list) {
    if (known.name() == value.name()) {
      known = std::move(value);
      return;
    }
  }
  *list.Add() = std::move(value);
  for (int i = list.size() - 1; i > 0 && list.Get(i).name() < list.Get(i - 1).name(); --i)
    list.SwapElements(i, i - 1);
}

void put_facts(FactList& list, const FactList& values) {
  for (const pb::Fact& value : values) put_fact(list, value);
}

void drop_facts(FactList& list, std::string_view prefix) {
  const auto kept = std::remove_if(list.begin(), list.end(),
                                   [prefix](const pb::Fact& one) { return one.name().starts_with(prefix); });
  list.erase(kept, list.end());
}

policy::Value to_value(const pb::Fact& value) {
  switch (value.value_case()) {
    case pb::Fact::kFlag:
      return value.flag();
    case pb::Fact::kNumber:
      return value.number();
    case pb::Fact::kText:
      return value.text();
    case pb::Fact::kSet:
      return std::vector<std::string>(value.set().values().begin(), value.set().values().end());
    case pb::Fact::VALUE_NOT_SET:
      break;
  }
  return std::string();
}

void add_to(policy::Request& request, const FactList& list, std::string_view prefix) {
  for (const pb::Fact& known : list) {
    if (known.value_case() == pb::Fact::VALUE_NOT_SET) continue;
    request.set(std::string(prefix) + known.name(), to_value(known));
  }
}

std::string tag_of(const google::protobuf::RepeatedPtrField<pb::Tag>& tags, std::string_view key) {
  for (const pb::Tag& tag : tags) {
    if (tag.key() == key) return tag.value();
  }
  return {};
}

}  // namespace hetao::federation
