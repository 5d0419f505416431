// hetao policy lint/test/decide/diff, offline on a pack folder; active on a gateway. The life of a change:
// policy_life.cpp, policy_replay.cpp, policy_bundle.cpp.
#include "policy/policy.h"

#include <boost/json/serialize.hpp>
#include <chrono>
#include <iostream>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/policy_commands.h"
#include "gateway/cli/policy_diff.h"
#include "gateway/files/pack_folder.h"
#include "policy/diff.h"
#include "policy/lint.h"
#include "policy/schema.h"
#include "policy/wire.h"

namespace hetao::cli {

namespace {

struct PackOptions {
  std::string folder;
  std::string other;
  bool explain = false;
  bool attributes = false;
};

Date today() {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return shanghai_date({now.count()});
}

// What rules may test: the built-in attributes, or a pack's with what it adds.
int show_attributes(const Context& context, const policy::Schema& schema) {
  json::array all;
  Table table({"NAME", "KIND", "values", "title"});
  for (const policy::Attribute& one : schema.attributes()) {
    const std::string& title = one.title.in(tag_of(context.language));
    json::object object = {{"name", one.name}, {"type", policy::to_word(one.type)}, {"title", title}};
    object["values"] = json::array(one.values.begin(), one.values.end());
    if (!one.absent.empty()) object["absent"] = one.absent;
    all.push_back(std::move(object));
    table.add({one.name, policy::to_word(one.type), join(one.values, ", "), title});
  }
  if (context.json) return context.print_json(json::object{{"attributes", std::move(all)}}), 0;
  table.print(context);
  return 0;
}

int lint(const Context& context, const PackOptions& o) {
  if (o.folder.empty() && o.attributes) return show_attributes(context, policy::Schema::built_in());
  if (o.folder.empty())
    return report(context, Error{ErrorCode::kUsage, "policy lint", "PACK is required",
                                 "`hetao policy lint --help` explains it"});
  const auto pack = files::load_pack_folder(o.folder);
  if (!pack) return report(context, pack.error());
  if (o.attributes) return show_attributes(context, pack->schema);
  policy::LintOptions options;
  options.today = today();
  const auto findings = policy::lint(*pack, options);
  bool warned = false;
  for (const policy::Finding& finding : findings)
    warned = warned || finding.severity == policy::Severity::kWarning;
  if (context.json) {
    context.print_json(policy::to_json(findings));
    return warned ? 1 : 0;
  }
  for (const policy::Finding& finding : findings) {
    const std::string place = finding.place.file.empty() ? o.folder
                                                         : o.folder + "/" + finding.place.file + ":" +
                                                               std::to_string(finding.place.line);
    std::string line = place + ": " +
                       (finding.severity == policy::Severity::kWarning ? context.warn("warning") : "note") +
                       " " + finding.code + ": " + finding.message;
    if (!finding.hint.empty()) line += " (" + finding.hint + ")";
    context.print(line);
  }
  context.print(pack->name + " " + pack->version + ": " + std::to_string(pack->rules.size()) + " rules, " +
                std::to_string(findings.size()) + " findings");
  return warned ? 1 : 0;
}

int test(const Context& context, const PackOptions& o) {
  auto pack = files::load_pack_folder(o.folder);
  if (!pack) return report(context, pack.error());
  const auto compiled = policy::Policy::compile(std::move(*pack));
  if (!compiled) return report(context, compiled.error());
  const policy::TestReport result = policy::run_tests(*compiled, today());
  if (context.json) {
    context.print_json(policy::to_json(result));
    return result.passed() ? 0 : 1;
  }
  for (const policy::TestFailure& failure : result.failures) {
    context.print(o.folder + "/" + failure.place.file + ":" + std::to_string(failure.place.line) + ": " +
                  context.bad(failure.id) + " " + failure.title + ": " + failure.message);
  }
  for (const std::string& rule : result.unexercised) context.print(context.warn("no test exercises ") + rule);
  context.print(std::to_string(result.run - result.failures.size()) + " of " + std::to_string(result.run) +
                " tests passed, " + std::to_string(result.unexercised.size()) +
                " rules without a test; pack digest " + compiled->digest());
  return result.passed() ? 0 : 1;
}

int decide(const Context& context, const PackOptions& o) {
  auto pack = files::load_pack_folder(o.folder);
  if (!pack) return report(context, pack.error());
  const auto compiled = policy::Policy::compile(std::move(*pack));
  if (!compiled) return report(context, compiled.error());
  bool all_good = true;
  std::string line;
  const Date date = today();
  const auto answers = o.explain ? policy::Answers::kExplanation : policy::Answers::kDecision;
  for (bool first = true; std::getline(std::cin, line); first = false) {
    if (first && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // some editors mark UTF-8 so
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const policy::LineAnswer answer = policy::decide_line(*compiled, line, date, answers);
    all_good = all_good && answer.ok;
    std::cout << answer.line << '\n';
    if (std::cin.rdbuf()->in_avail() <= 0) std::cout << std::flush;
  }
  std::cout << std::flush;
  return all_good ? 0 : 1;
}

int diff(const Context& context, const PackOptions& o) {
  if (o.other.empty()) return diff_with_active(context, o.folder);
  const auto before = files::load_pack_folder(o.folder);
  if (!before) return report(context, before.error());
  const auto after = files::load_pack_folder(o.other);
  if (!after) return report(context, after.error());
  const policy::Diff found = policy::diff(*before, *after);
  if (context.json) return context.print_json(policy::to_json(found)), 0;
  print_diff(context, found);
  return 0;
}

int active(const Context& context) {
  const auto answer = Client(context).get("/api/v1/policy");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& policy = answer->get_object();
  context.print(context.strong(text_at(policy, "name")) + " " + text_at(policy, "version") + "  default " +
                context.verdict(text_at(policy, "default")));
  context.print("digest " + text_at(policy, "digest"));
  for (const json::value& value : list_at(policy, "rules")) {
    const json::object& rule = value.get_object();
    const std::string own = text_at(object_at(rule, "title"), tag_of(context.language));
    context.print("  " + text_at(rule, "id") + "  " + context.verdict(text_at(rule, "effect")) + "  " +
                  (own.empty() ? text_at(object_at(rule, "title"), "en") : own));
  }
  return 0;
}

}  // namespace

void add_policy(Program& program) {
  const Context& context = program.context;
  CLI::App* group =
      add_group(program.app, "policy", "write, test and compare policy; offline on a pack folder");
  const auto folder = [](CLI::App& command, PackOptions& o) {
    command.add_option("PACK", o.folder, "folder of the pack")->required();
  };
  add_command<PackOptions>(
      *group, program.chosen, "lint",
      "rules that can never match or matter, gaps, unknown names; exit 1 if any",
      [](CLI::App& command, PackOptions& o) {
        command.add_option("PACK", o.folder, "folder of the pack");
        command.add_flag("--attributes", o.attributes,
                         "instead: the attributes that rules may test, the pack's or "
                         "without one the built-in ones");
      },
      [&context](const PackOptions& o) { return lint(context, o); });
  add_command<PackOptions>(*group, program.chosen, "test", "run the pack's tests; exit 1 if one fails",
                           folder, [&context](const PackOptions& o) { return test(context, o); });
  add_command<PackOptions>(
      *group, program.chosen, "decide",
      "decide requests: a flat JSON object a line in, a decision a line out",
      [](CLI::App& command, PackOptions& o) {
        command.add_option("--policy", o.folder, "folder of the pack")->required();
        command.add_flag(
            "--explain", o.explain,
            "with every rule that matches, its basis, and the smallest changes that would get a permit");
        command.footer(
            "Example:\n  echo "
            "'{\"action\":\"cross\",\"crossing.from\":\"CN\",\"crossing.to\":\"HK\",\"data.grade\":"
            "\"important\"}' "
            "| hetao policy decide --policy policy/packs/gba-reference");
      },
      [&context](const PackOptions& o) { return decide(context, o); });
  add_command<PackOptions>(
      *group, program.chosen, "diff", "exactly the requests whose decision changes between two packs",
      [](CLI::App& command, PackOptions& o) {
        command.add_option("OLD", o.folder, "folder of the pack as it is")->required();
        command.add_option("NEW", o.other, "folder of the pack as it would be");
        command.footer(
            "With one pack alone it is compared with the policy that the gateway runs, and each case is "
            "weighed by the\n"
            "decisions that the gateway's ledger recorded.");
      },
      [&context](const PackOptions& o) { return diff(context, o); });
  add_command<PackOptions>(
      *group, program.chosen, "active", "the policy that a gateway runs", [](CLI::App&, PackOptions&) {},
      [&context](const PackOptions&) { return active(context); });
  add_policy_life(*group, program);
  add_policy_replay(*group, program);
  add_policy_bundle(*group, program);
}

}  // namespace hetao::cli
