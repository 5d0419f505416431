#include "gateway/daemon/log_format.h"

#include <spdlog/pattern_formatter.h>

#include <string>
#include <string_view>

#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/io/log_line.h"

namespace hetao::daemon {

namespace {

// The part up to the next separator; what follows stays in `rest`.
std::string_view take_part(std::string_view& rest) {
  const size_t end = rest.find(io::kLogFieldSeparator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

void append_json(std::string& out, std::string_view name, std::string_view value) {
  append_canonical_string(out, name);
  out += ':';
  append_canonical_string(out, to_utf8(value));
}

// spdlog's patterns print time and level; they can't escape.
class LogFormat final : public spdlog::formatter {
 public:
  explicit LogFormat(bool as_json)
      : as_json_(as_json),
        head_(as_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%f%z","level":"%l",)" : "%Y-%m-%dT%H:%M:%S.%e%z %l ",
              spdlog::pattern_time_type::local, "") {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    head_.format(message, out);
    std::string_view rest(message.payload.data(), message.payload.size());
    std::string line;
    if (as_json_)
      append_json(line, "message", take_part(rest));
    else
      line += take_part(rest);
    while (!rest.empty()) {
      const std::string_view name = take_part(rest);
      const std::string_view value = take_part(rest);
      if (as_json_) {
        line += ',';
        append_json(line, name, value);
      } else {
        line.append(" ").append(name).append("=").append(value);
      }
    }
    line += as_json_ ? "}\n" : "\n";
    out.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<LogFormat>(as_json_); }

 private:
  bool as_json_;
  spdlog::pattern_formatter head_;
};

}  // namespace

std::unique_ptr<spdlog::formatter> log_format(bool as_json) {
  return std::make_unique<LogFormat>(as_json);
}

}  // namespace hetao::daemon
