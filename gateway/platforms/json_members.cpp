#include "gateway/platforms/json_members.h"

#include <algorithm>
#include <boost/json/array.hpp>

#include "gateway/base/text.h"

namespace hetao::platforms {

JsonMembers::JsonMembers(const json::value& value, std::string where) : where_(std::move(where)) {
  object_ = value.if_object();
  if (object_ == nullptr) error_ = Error{ErrorCode::kUsage, where_, "is not an object", "expected {…}"};
}

const json::value* JsonMembers::find(std::string_view name) {
  known_.emplace_back(name);
  return object_ == nullptr || error_ ? nullptr : object_->if_contains(name);
}

void JsonMembers::refuse(std::string_view name, std::string why) {
  if (error_) return;
  const std::string place = where_.empty() ? std::string(name) : where_ + "." + std::string(name);
  error_ = Error{ErrorCode::kUsage, printable(place), std::move(why), {}};
}

void JsonMembers::keep(const Result<void>& result) {
  if (!result && !error_) error_ = result.error();
}

std::string JsonMembers::text(std::string_view name, size_t bytes_max) {
  const json::value* value = find(name);
  if (value == nullptr) return {};
  const json::string* string = value->if_string();
  if (string == nullptr) return refuse(name, "is not a string"), std::string{};
  if (string->size() > bytes_max) {
    return refuse(name, "is longer than " + std::to_string(bytes_max) + " bytes"), std::string{};
  }
  return {string->data(), string->size()};
}

int64_t JsonMembers::integer(std::string_view name, int64_t least, int64_t most) {
  const json::value* value = find(name);
  const int64_t* number = value == nullptr ? nullptr : value->if_int64();
  if (number == nullptr) return refuse(name, "is not a whole number"), least;
  if (*number < least || *number > most) {
    refuse(name, "is not between " + std::to_string(least) + " and " + std::to_string(most));
    return least;
  }
  return *number;
}

bool JsonMembers::boolean(std::string_view name) {
  const json::value* value = find(name);
  if (value == nullptr) return false;
  const bool* flag = value->if_bool();
  if (flag == nullptr) return refuse(name, "is not true or false"), false;
  return *flag;
}

const json::array& JsonMembers::array(std::string_view name, size_t count_max) {
  static const json::array kNone;
  const json::value* value = find(name);
  if (value == nullptr) return kNone;
  const json::array* array = value->if_array();
  if (array == nullptr) return refuse(name, "is not a list"), kNone;
  if (array->size() > count_max) {
    return refuse(name, "has more than " + std::to_string(count_max) + " elements"), kNone;
  }
  return *array;
}

std::vector<std::string> JsonMembers::texts(std::string_view name, size_t count_max, size_t bytes_max) {
  std::vector<std::string> out;
  for (const json::value& value : array(name, count_max)) {
    const json::string* string = value.if_string();
    if (string == nullptr || string->size() > bytes_max) {
      refuse(name, "has an element that is not a string of at most " + std::to_string(bytes_max) + " bytes");
      return {};
    }
    out.emplace_back(string->data(), string->size());
  }
  return out;
}

size_t JsonMembers::word(std::string_view name, const std::vector<std::string_view>& words) {
  const std::string found = text(name, 64);
  const auto at = std::find(words.begin(), words.end(), found);
  if (at != words.end()) return static_cast<size_t>(at - words.begin());
  refuse(name, "is \"" + printable(found) + "\", which is not one of the known words");
  return 0;
}

std::string JsonMembers::element(std::string_view name, size_t index) const {
  const std::string prefix = where_.empty() ? "" : where_ + ".";
  return prefix + std::string(name) + "[" + std::to_string(index) + "]";
}

Result<void> JsonMembers::done() {
  if (!error_) {
    for (const auto& member : *object_) {
      if (std::find(known_.begin(), known_.end(), std::string_view(member.key())) != known_.end()) continue;
      const std::string near = nearest_name(member.key(), known_);
      refuse(member.key(), "is not a known member" + (near.empty() ? "" : "; did you mean " + near + "?"));
      break;
    }
  }
  return error_ ? Result<void>(fail(*error_)) : Result<void>();
}

}  // namespace hetao::platforms
