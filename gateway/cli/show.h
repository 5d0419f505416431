// How verdicts, crossings and jobs look to people.
#pragma once

#include "gateway/cli/context.h"

namespace hetao::cli {

// "F05 Important data needs … [NDSR art. 37]" for each rule, and what would be allowed instead; indented.
void show_verdict(const Context& context, const json::object& verdict, const std::string& indent);

// One line: "code /job/train.py  hongkong → shenzhen  4.1 kB".
std::string crossing_line(const Context& context, const json::object& crossing);

// "2026-11-23 19:55:51 +08:00" of an RFC 3339 time; as given when it is none.
std::string local_time(const std::string& rfc3339);

}  // namespace hetao::cli
