// Lists of facts (pb::Fact), sorted by name, each name once; and their way into a policy request. Pure
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/request.h"
#include "proto/task.pb.h"

namespace hetao::federation {

using FactList = google::protobuf::RepeatedPtrField<pb::Fact>;

pb::Fact fact(std::string_view name, bool value);
pb::Fact fact(std::string_view name, int64_t value);
pb::Fact fact(std::string_view name, std::string_view value);
pb::Fact fact(std::string_view name, std::vector<std::string> values);
// Keeps string literals from becoming booleans.
inline pb::Fact fact(std::string_view name, const char* value) {
  return fact(name, std::string_view(value));
}

const pb::Fact* find_fact(const FactList& list, std::string_view name);
std::string text_of(const FactList& list, std::string_view name);  // "" when absent
std::optional<int64_t> number_of(const FactList& list, std::string_view name);
std::optional<bool> flag_of(const FactList& list, std::string_view name);
std::vector<std::string> set_of(const FactList& list, std::string_view name);

// Inserts or replaces, keeping the order.
void put_fact(FactList& list, pb::Fact value);
void put_facts(FactList& list, const FactList& values);
// Takes out those whose name begins so.
void drop_facts(FactList& list, std::string_view prefix);

policy::Value to_value(const pb::Fact& value);
void add_to(policy::Request& request, const FactList& list, std::string_view prefix = {});

// The value of a tag, or "".
std::string tag_of(const google::protobuf::RepeatedPtrField<pb::Tag>& tags, std::string_view key);

}  // namespace hetao::federation
