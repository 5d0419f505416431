// hetao audit check: judges what gateways left behind by the product's own promises, offline
// (gateway/history).
#include <sstream>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/ledger_files.h"
#include "gateway/history/history.h"

namespace hetao::cli {

namespace {

struct CheckOptions {
  std::vector<std::string> paths;
  std::string acknowledged, starts, repeatable;
  bool under_way = false;
  bool all_regions = false;
};

// One a line, "REGION NAME" or NAME alone; empty lines and those that begin with # say nothing.
Result<std::vector<std::pair<std::string, std::string>>> names_in(const std::string& file) {
  std::vector<std::pair<std::string, std::string>> all;
  if (file.empty()) return all;
  const auto text = read_file(file);
  if (!text) return fail(text.error());
  std::istringstream lines(*text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    std::string first, second, more;
    words >> first >> second >> more;
    if (first.empty() || first.front() == '#') continue;
    if (!more.empty()) {
      return fail(ErrorCode::kUsage, file + ":" + std::to_string(number), "has more than two words",
                  "write REGION NAME, or NAME alone");
    }
    all.emplace_back(second.empty() ? "" : first, second.empty() ? first : second);
  }
  return all;
}

Result<void> read_lists(const CheckOptions& o, history::History& out) {
  const auto acknowledged = names_in(o.acknowledged);
  if (!acknowledged) return fail(acknowledged.error());
  for (const auto& [region, job] : *acknowledged) out.acknowledged.push_back({region, job});
  const auto starts = names_in(o.starts);
  if (!starts) return fail(starts.error());
  for (const auto& [region, run] : *starts) out.starts.push_back({region, run});
  const auto repeatable = names_in(o.repeatable);
  if (!repeatable) return fail(repeatable.error());
  for (const auto& [region, job] : *repeatable) out.repeatable.push_back(job);
  return {};
}

int show(const Context& context, const history::Findings& findings, size_t books, size_t entries) {
  const bool holds = findings.empty();
  if (context.json) {
    json::array found;
    for (const history::Finding& one : findings)
      found.push_back(json::object{{"rule", one.rule}, {"finding", one.text}});
    json::array asked;
    for (const history::Rule& rule : history::rules()) asked.emplace_back(rule.name);
    context.print_json(json::object{
        {"holds", holds}, {"books", books}, {"entries", entries}, {"rules", asked}, {"findings", found}});
  } else {
    for (const history::Finding& one : findings)
      context.print(context.bad(one.rule) + "  " + printable(one.text));
    context.print((holds ? context.good("every promise holds") : context.bad("promises are broken")) + ": " +
                  std::to_string(entries) + " entries of " + std::to_string(books) + " ledgers, " +
                  std::to_string(history::rules().size()) + " rules, " + std::to_string(findings.size()) +
                  " findings");
  }
  return holds ? 0 : static_cast<int>(ErrorCode::kVerification);
}

int check(const Context& context, const CheckOptions& o) {
  std::vector<std::vector<ledger::Entry>> books;
  size_t entries = 0;
  for (const std::string& path : o.paths) {
    std::vector<ledger::Entry> read;
    const auto take = [&](uint64_t, const ledger::Entry& entry, std::string_view) { read.push_back(entry); };
    if (const auto verified = verify_ledger(path, {}, {[&] { read.clear(); }, take}); !verified)
      return report(context, verified.error());
    if (read.empty()) {
      return report(
          context, Error{ErrorCode::kUsage, path, "holds no entries", "give ledgers or exports of gateways"});
    }
    entries += read.size();
    books.push_back(std::move(read));
  }
  history::History all;
  for (const auto& book : books) all.books.push_back({book.front().region, book});
  all.at_rest = !o.under_way;
  all.all_regions = o.all_regions;
  if (auto read = read_lists(o, all); !read) return report(context, read.error());
  return show(context, history::check(all), books.size(), entries);
}

}  // namespace

void add_audit_check(Program& program, CLI::App& group) {
  const Context& context = program.context;
  add_command<CheckOptions>(
      group, program.chosen, "check",
      "judge ledgers by the gateways' promises: permits before departures, one start, every job ends; exit 6 "
      "if one is broken",
      [](CLI::App& command, CheckOptions& o) {
        command.add_option("PATH", o.paths, "data folders, ledger folders or evidence files, one a region")
            ->required();
        command.add_option("--acknowledged", o.acknowledged,
                           "file of jobs that clients were told are accepted, one a line");
        command.add_option("--starts", o.starts,
                           "file of runs whose program began (JOB.ATTEMPT), one a line for each time");
        command.add_option("--repeatable", o.repeatable,
                           "file of jobs that may be started again (preemptible)");
        command.add_flag("--under-way", o.under_way,
                         "jobs are still at work: don't ask that all are at their end");
        command.add_flag("--all-regions", o.all_regions,
                         "every region's ledger is named: a peer without one is a finding");
      },
      [&context](const CheckOptions& o) { return check(context, o); });
}

}  // namespace hetao::cli
