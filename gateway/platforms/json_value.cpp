#include "gateway/platforms/json_value.h"

#include <charconv>

namespace hetao::platforms {

namespace {

int64_t number_in(const json::value& value, int64_t otherwise) {
  switch (value.kind()) {
    case json::kind::int64:
      return value.get_int64();
    case json::kind::uint64:
      return value.get_uint64() > INT64_MAX ? otherwise : static_cast<int64_t>(value.get_uint64());
    case json::kind::double_: {
      const double number = value.get_double();
      return number > -9e15 && number < 9e15 ? static_cast<int64_t>(number) : otherwise;
    }
    case json::kind::string: {
      const auto& digits = value.get_string();
      int64_t out = 0;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
      return error == std::errc() && end == digits.data() + digits.size() && !digits.empty() ? out
                                                                                             : otherwise;
    }
    default:
      return otherwise;
  }
}

}  // namespace

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

const json::object* object_in(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

const json::array* array_in(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_array() ? &value->get_array() : nullptr;
}

int64_t number(const json::object& object, std::string_view name, int64_t otherwise) {
  const json::value* value = member(object, name);
  if (value == nullptr) return otherwise;
  if (!value->is_object()) return number_in(*value, otherwise);
  const json::object& inner = value->get_object();
  const json::value* set = member(inner, "set");
  if (set != nullptr && set->is_bool() && !set->get_bool()) return otherwise;
  const json::value* infinite = member(inner, "infinite");
  if (infinite != nullptr && infinite->is_bool() && infinite->get_bool()) return otherwise;
  const json::value* count = member(inner, "number");
  return count == nullptr ? otherwise : number_in(*count, otherwise);
}

std::string text(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::vector<std::string> words(const json::object& object, std::string_view name) {
  std::vector<std::string> out;
  const json::value* value = member(object, name);
  if (value == nullptr) return out;
  if (value->is_string()) out.emplace_back(value->get_string());
  if (!value->is_array()) return out;
  for (const json::value& one : value->get_array()) {
    if (one.is_string()) out.emplace_back(one.get_string());
  }
  return out;
}

bool flag(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

}  // namespace hetao::platforms
