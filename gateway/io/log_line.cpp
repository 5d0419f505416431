#include "gateway/io/log_line.h"

#include <spdlog/spdlog.h>

#include "gateway/base/text.h"

namespace hetao::io {

std::string to_log_payload(std::string_view text, const LogFields& fields) {
  std::string out = printable(text);
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    out += kLogFieldSeparator;
    out += name;
    out += kLogFieldSeparator;
    out += printable(value);
  }
  return out;
}

namespace {

void log_at(spdlog::level::level_enum level, std::string_view text, const LogFields& fields) {
  const auto log = spdlog::get(kLogName);
  if (log && log->should_log(level)) log->log(level, "{}", to_log_payload(text, fields));
}

}  // namespace

void log_info(std::string_view text, const LogFields& fields) {
  log_at(spdlog::level::info, text, fields);
}

void log_warning(std::string_view text, const LogFields& fields) {
  log_at(spdlog::level::warn, text, fields);
}

}  // namespace hetao::io
