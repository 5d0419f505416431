// hetao usage: what jobs used and cost, by tenant and project; every record for a spreadsheet or another
// accounting system; beside the other region's books.
#include <array>
#include <chrono>

#include "gateway/base/text.h"
#include "gateway/base/time.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/usage_compare.h"
#include "gateway/cli/usage_record.h"

namespace hetao::cli {

namespace {

struct UsageOptions {
  std::string since;
  std::string until;
  std::string tenant;
  std::string project;
  std::string against;
  bool csv = false;
  bool ur = false;
};

constexpr std::array<const char*, 24> kColumns = {
    "job",          "attempt",          "tenant",      "project",      "user",
    "home",         "region",           "platform",    "platform_id",  "source",
    "state",        "started",          "ended",       "seconds",      "cores",
    "core_seconds", "ram_byte_seconds", "accelerator", "accelerators", "accelerator_seconds",
    "bytes_in",     "bytes_out",        "cost",        "currency"};

// RFC 4180; what a spreadsheet would take for a formula is kept from being one.
std::string csv_field(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
    text.insert(0, "'");
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

void print_csv(const Context& context, const json::object& usage) {
  std::string head;
  for (const char* column : kColumns) head += (head.empty() ? "" : ",") + std::string(column);
  context.print(head);
  for (const json::value& value : list_at(usage, "records")) {
    std::string line;
    for (const char* column : kColumns)
      line +=
          (line.empty() && column == kColumns[0] ? "" : ",") + csv_field(text_at(value.get_object(), column));
    context.print(line);
  }
}

std::string hours(const json::object& one, std::string_view key) {
  const int64_t seconds = number_at(one, key);
  const int64_t hundredths = seconds / 36;
  std::string part = std::to_string(hundredths % 100);
  if (part.size() < 2) part.insert(0, "0");
  return std::to_string(hundredths / 100) + "." + part;
}

int compare(const Context& context, const json::object& ours, const std::string& path) {
  constexpr size_t kBooksBytesMax = size_t{256} << 20U;
  const auto text = read_file(path);
  if (!text) return report(context, text.error());
  const auto theirs = parse_json(*text, path, kBooksBytesMax);
  if (!theirs) return report(context, theirs.error());
  if (!theirs->is_object())
    return report(context,
                  Error{ErrorCode::kUsage, path, "are no books of usage", "hetao --json usage > FILE"});
  const auto compared = compare_usage(ours, theirs->get_object());
  if (!compared) return report(context, compared.error());
  if (context.json) {
    json::array differences(compared->differences.begin(), compared->differences.end());
    context.print_json(json::object{{"same", compared->same}, {"differences", std::move(differences)}});
  } else {
    for (const std::string& line : compared->differences) context.print(line);
    context.print(std::to_string(compared->same) + " records are the same in both books");
  }
  if (compared->differences.empty()) return 0;
  return report(context,
                Error{ErrorCode::kVerification, "usage",
                      std::to_string(compared->differences.size()) + " differences between both books",
                      "ask the other region's operator about the jobs above"});
}

int usage(const Context& context, const UsageOptions& options) {
  const auto answer = Client(context).get("/api/v1/usage" + query_of({{"since", options.since},
                                                                      {"until", options.until},
                                                                      {"tenant", options.tenant},
                                                                      {"project", options.project}}));
  if (!answer) return report(context, answer.error());
  if (!options.against.empty()) return compare(context, answer->get_object(), options.against);
  if (context.json) return context.print_json(*answer), 0;
  if (options.ur) {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    const Instant now{std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
    return context.print(usage_records_xml(list_at(answer->get_object(), "records"), to_rfc3339(now))), 0;
  }
  if (options.csv) return print_csv(context, answer->get_object()), 0;
  Table table({"TENANT", "PROJECT", "REGION", "jobs", "core h", "accelerator h", "in", "out", "COST"});
  for (const json::value& value : list_at(answer->get_object(), "totals")) {
    const json::object& one = value.get_object();
    const auto bytes = [&](const char* key) {
      return human_bytes(static_cast<unsigned long long>(std::max<int64_t>(0, number_at(one, key))));
    };
    table.add(
        {printable(text_at(one, "tenant")), printable(text_at(one, "project")), text_at(one, "region"),
         text_at(one, "jobs"), hours(one, "core_seconds"), hours(one, "accelerator_seconds"),
         bytes("bytes_in"), bytes("bytes_out"),
         text_at(one, "currency").empty() ? "" : text_at(one, "cost") + " " + text_at(one, "currency")});
  }
  table.print(context);
  return 0;
}

}  // namespace

void add_usage(Program& program) {
  const Context& context = program.context;
  add_command<UsageOptions>(
      program.app, program.chosen, "usage", "what jobs used and cost, by tenant, project and region",
      [](CLI::App& command, UsageOptions& o) {
        auto* csv = command.add_flag("--csv", o.csv, "every job's record as CSV");
        command.add_flag("--ur", o.ur, "every job's record as OGF Usage Record 2.0 (XML)")->excludes(csv);
        command.add_option("--against", o.against,
                           "the other region's books, saved there by hetao --json usage: says what differs");
        command.add_option("--since", o.since, "jobs that ended from then on: 2026-11-26, or a time");
        command.add_option("--until", o.until, "jobs that ended before then");
        command.add_option("--tenant", o.tenant, "of one tenant (operators and auditors see all)");
        command.add_option("--project", o.project, "of one project");
      },
      [&context](const UsageOptions& o) { return usage(context, o); });
}

}  // namespace hetao::cli
