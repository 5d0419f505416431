// What an attribute of a request can be. Plain values, thread-safe. A date is its text, "2026-11-23".
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "gateway/base/json.h"

namespace hetao::policy {

// Sets are sorted and without repeats; Request::set() sees to it.
using Value = std::variant<bool, int64_t, std::string, std::vector<std::string>>;

// As people read it: true, 12, HK, [a, b].
std::string to_text(const Value& value);

json::value to_json(const Value& value);

}  // namespace hetao::policy
