// hetao inspect: the egress scanner, offline.
#include <chrono>
#include <thread>

#include "gateway/base/text.h"
#include "gateway/base/time.h"
#include "gateway/cli/command.h"
#include "gateway/inspector/file_content.h"
#include "gateway/inspector/worker_client.h"

namespace hetao::cli {

namespace {

constexpr uint64_t kInputBytesMax = uint64_t{4} << 30U;  // of standard input, which is kept in memory

struct InspectOptions {
  std::vector<std::string> files;
  std::string profile = "personal-identifiers";
  std::vector<std::string> patterns;
  bool excerpts = false;
};

uint32_t today() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string date =
      to_string(shanghai_date({std::chrono::duration_cast<std::chrono::microseconds>(now).count()}));
  return static_cast<uint32_t>(std::stoul(date.substr(0, 4) + date.substr(5, 2) + date.substr(8, 2)));
}

void show(const Context& context, const std::string& path, const inspection::Report& report) {
  const char* word = inspection::to_word(report.verdict);
  context.print(path + ": " +
                (report.verdict == inspection::Verdict::kClean ? context.good(word) : context.bad(word)) +
                ", " + human_bytes(report.coverage.bytes_in) +
                (report.coverage.full() ? " read in full" : " not read in full"));
  for (const inspection::Finding& finding : report.findings) {
    context.print("  " + finding.kind + ": " + std::to_string(finding.count) + ", confidence " +
                  inspection::to_word(finding.confidence) + ", first at byte " +
                  std::to_string(finding.offsets.empty() ? 0 : finding.offsets.front()) +
                  (finding.path.empty() ? std::string() : " of " + finding.path));
    for (const std::string& excerpt : finding.excerpts) context.print("    " + excerpt);
  }
  for (const inspection::Noise& noise : report.noise) {
    context.print("  numbers that only look like " + noise.kind + ": " + std::to_string(noise.passed) +
                  " of " + std::to_string(noise.tested) + " pass its check, as chance has it");
  }
  for (const std::string& what : report.coverage.not_read) context.print("  not read: " + what);
}

Result<inspector::WorkerOptions> worker_options(const InspectOptions& o) {
  inspector::WorkerOptions options;
  options.program = inspector::worker_beside_this();
  options.profile = o.profile;
  options.latest_birth_day = today();
  options.threads = std::max(1U, std::min(std::thread::hardware_concurrency(), 16U));
  options.excerpts = o.excerpts;
  for (const std::string& pattern : o.patterns) {
    const size_t sign = pattern.find('=');
    if (sign == std::string::npos)
      return fail(ErrorCode::kUsage, pattern, "is no pattern", "write NAME=EXPRESSION");
    options.patterns.push_back({pattern.substr(0, sign), pattern.substr(sign + 1)});
  }
  if (!options.patterns.empty()) {
    if (const auto compiled = inspection::PatternSet::compile(options.patterns); !compiled)
      return fail(compiled.error());
  }
  return options;
}

int inspect(const Context& context, const InspectOptions& o) {
  const auto options = worker_options(o);
  if (!options) return report(context, options.error());
  bool clean = true;
  for (const std::string& path : o.files) {
    const auto file = inspector::open_content(path, kInputBytesMax);
    if (!file) return report(context, file.error());
    const inspection::Report found = inspector::inspect_in_worker(file->get(), *options);
    clean = clean && found.verdict == inspection::Verdict::kClean;
    if (context.json) {
      json::object out = {{"file", path}};
      for (const auto& member : inspection::to_json(found, o.excerpts)) out[member.key()] = member.value();
      context.print_json(out);
    } else {
      show(context, path, found);
    }
  }
  return clean ? 0 : 1;
}

std::string profile_help() {
  std::string help = "what to look for";
  for (const inspection::Profile& profile : inspection::profiles())
    help += "\n" + std::string(profile.name) + ": " + std::string(profile.about);
  return help;
}

}  // namespace

void add_inspect(Program& program) {
  const Context& context = program.context;
  add_command<InspectOptions>(
      program.app, program.chosen, "inspect",
      "read files as they would be read before they leave; exit 1 unless all are clean",
      [](CLI::App& command, InspectOptions& o) {
        command.add_option("FILE", o.files, "files, or - for standard input")->required();
        command.add_option("--profile", o.profile, profile_help())
            ->capture_default_str()
            ->check([](const std::string& name) {
              return inspection::is_profile(name) ? std::string() : "no such profile: " + name;
            });
        command
            .add_option("--pattern", o.patterns,
                        "NAME=EXPRESSION: a regular expression of one's own; repeatable")
            ->allow_extra_args(false);
        command.add_flag("--excerpts", o.excerpts, "show what stands around the first ones, masked");
      },
      [&context](const InspectOptions& o) { return inspect(context, o); });
}

}  // namespace hetao::cli
