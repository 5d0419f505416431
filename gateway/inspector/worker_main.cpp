// hetao-inspector: reads the file on its standard input, writes a report. Started by worker_client.cpp alone.
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>

#include "gateway/inspection/inspector.h"
#include "gateway/inspection/patterns.h"
#include "gateway/inspector/confine.h"
#include "gateway/inspector/file_content.h"
#include "gateway/inspector/thread_team.h"

namespace {

using hetao::Result;

struct Orders {
  std::string profile = "personal-identifiers";
  uint64_t latest_birth_day = 20991231;
  uint64_t threads = 1;
  uint64_t memory = uint64_t{2} << 30U;
  uint64_t seconds = 600;
  bool excerpts = false;
  std::vector<hetao::inspection::Pattern> patterns;
  std::vector<std::string> spans_of;
};

bool read_orders(int count, char** words, Orders& orders) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--excerpts") {
      orders.excerpts = true;
      continue;
    }
    if (i + 1 == count) return false;
    const std::string_view value = words[++i];
    uint64_t* number = word == "--latest-birth-day" ? &orders.latest_birth_day
                       : word == "--threads"        ? &orders.threads
                       : word == "--memory"         ? &orders.memory
                       : word == "--seconds"        ? &orders.seconds
                                                    : nullptr;
    if (number != nullptr) {
      if (std::from_chars(value.data(), value.data() + value.size(), *number).ec != std::errc()) return false;
    } else if (word == "--profile") {
      orders.profile = value;
    } else if (word == "--spans-of") {
      orders.spans_of.emplace_back(value);
    } else if (word == "--pattern" && value.find('=') != std::string_view::npos) {
      orders.patterns.push_back(
          {std::string(value.substr(0, value.find('='))), std::string(value.substr(value.find('=') + 1))});
    } else {
      return false;
    }
  }
  return hetao::inspection::is_profile(orders.profile) && orders.threads >= 1 && orders.threads <= 256;
}

int complain(const hetao::Error& error) {
  std::fprintf(stderr, "hetao-inspector: %s\n", hetao::to_line(error).c_str());
  return 1;
}

bool write_answer(std::string_view answer) {
  while (!answer.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, answer.data(), answer.size());
    if (written <= 0) return false;
    answer.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

int run(const Orders& orders) {
  if (auto limited = hetao::inspector::limit_resources(orders.memory + (uint64_t{64} << 20U) * orders.threads,
                                                       orders.seconds);
      !limited)
    return complain(limited.error());
  const auto content = hetao::inspector::Mapping::of(STDIN_FILENO);
  if (!content) return complain(content.error());
  hetao::inspection::InspectOptions options;
  options.profile = orders.profile;
  options.spans_of = orders.spans_of;
  options.latest_birth_day = static_cast<uint32_t>(orders.latest_birth_day);
  std::optional<hetao::inspection::PatternSet> patterns;
  if (!orders.patterns.empty()) {
    auto compiled = hetao::inspection::PatternSet::compile(orders.patterns);
    if (!compiled) return complain(compiled.error());
    patterns = std::move(*compiled);
    options.patterns = &*patterns;
  }
  hetao::inspector::ThreadTeam team(orders.threads);
  if (orders.threads > 1)
    options.parallel = [&team](size_t count, const std::function<void(size_t)>& work) {
      team.run(count, work);
    };
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0);
  if (auto shut = hetao::inspector::install_filter(); !shut) return complain(shut.error());
  const hetao::inspection::Report report = hetao::inspection::inspect(content->bytes(), options);
  const bool written =
      write_answer(boost::json::serialize(hetao::inspection::to_json(report, orders.excerpts)));
  ::_exit(written ? 0 : 1);  // nothing is torn down: the filter does not let threads end in their usual way
}

}  // namespace

int main(int count, char** words) {
  Orders orders;
  if (!read_orders(count, words, orders)) {
    std::fputs("hetao-inspector is started by hetao and hetao-gateway\n", stderr);
    return 2;
  }
  return run(orders);
}
