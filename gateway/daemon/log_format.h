// How lines of the log look: text for people, or one JSON object a line (RFC 8259, UTF-8) with `time`,
// `level`, `message` and the fields of the line (gateway/io/log_line.h).
#pragma once

#include <spdlog/formatter.h>

#include <memory>

namespace hetao::daemon {

std::unique_ptr<spdlog::formatter> log_format(bool as_json);

}  // namespace hetao::daemon
