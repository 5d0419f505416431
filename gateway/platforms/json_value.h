// Reads members of a scheduler's JSON leniently: the same thing is a number in one version and an object in
// the next, and null where nothing was set. Internal to the platforms. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/json.h"

namespace hetao::platforms {

// The member, or null if it is not there.
const json::value* member(const json::object& object, std::string_view name);
// The member if it is an object, or an array; else null.
const json::object* object_in(const json::object& object, std::string_view name);
const json::array* array_in(const json::object& object, std::string_view name);
// A number, {set, infinite, number}, or digits in a string; anything else: `otherwise`.
int64_t number(const json::object& object, std::string_view name, int64_t otherwise = 0);
std::string text(const json::object& object, std::string_view name);  // not a string: empty
// A string, or a list of strings.
std::vector<std::string> words(const json::object& object, std::string_view name);
bool flag(const json::object& object, std::string_view name);

}  // namespace hetao::platforms
