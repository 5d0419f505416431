// A line of the log about something that has ids: text for people, and fields that a machine can search by
// (`job`, `crossing`, `request`, `trace`, …). The daemon's format shows them as `key=value`, or as members of
// a JSON object. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hetao::io {

using LogFields = std::vector<std::pair<std::string_view, std::string>>;

// The daemon's logger; where there is none, as in tests of rooms, nothing is said.
inline constexpr const char* kLogName = "hetao";

void log_info(std::string_view text, const LogFields& fields);
void log_warning(std::string_view text, const LogFields& fields);

// How a line with fields travels through the logger: text, then for each field a separator, its name, a
// separator, its value. Neither text nor values can hold one: they are made printable.
inline constexpr char kLogFieldSeparator = '\x1f';
std::string to_log_payload(std::string_view text, const LogFields& fields);

}  // namespace hetao::io
