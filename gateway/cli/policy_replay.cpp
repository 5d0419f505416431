// hetao policy simulate/shadow/counters/warnings: what a policy says to what was recorded, and what comes by
// itself.
#include <boost/json/serialize.hpp>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/policy_commands.h"

namespace hetao::cli {

namespace {

struct SimulateOptions {
  std::string pack;
  std::string since = "30d";
};

struct ShadowOptions {
  std::string since = "30d";
  std::string reason;
  bool stop = false;
};

struct CounterOptions {
  bool verify = false;
};

std::string rules_line(const json::object& rules) {
  std::vector<std::string> out;
  for (const auto& rule : rules)
    out.push_back(std::string(rule.key()) + " (" + json::serialize(rule.value()) + ")");
  return out.empty() ? "no rule" : join(out, ", ");
}

void print_changes(const Context& context, const json::object& report) {
  context.print("  " + text_at(report, "changed") + " would be decided otherwise, " +
                text_at(report, "same") + " as they were");
  for (const json::value& value : list_at(report, "changes")) {
    const json::object& change = value.get_object();
    context.print("  " + context.verdict(text_at(change, "from")) + " → " +
                  context.verdict(text_at(change, "to")) + ": " + text_at(change, "count") + "  by " +
                  rules_line(object_at(change, "rules_before")) + ", then by " +
                  rules_line(object_at(change, "rules_after")));
    for (const json::value& each : list_at(change, "examples")) {
      const json::object& example = each.get_object();
      context.print(
          context.dim("    entry " + text_at(example, "sequence") + "  " +
                      printable(text_at(example, "crossing").empty() ? text_at(example, "job")
                                                                     : text_at(example, "crossing"))));
    }
  }
}

std::string totals_line(const json::object& totals) {
  return text_at(totals, "ordinary") + " ordinary and " + text_at(totals, "sensitive") +
         " sensitive persons, " + text_at(totals, "bytes") + " bytes, " + text_at(totals, "jobs") + " jobs";
}

int simulate(const Context& context, const SimulateOptions& o) {
  PackBody pack = pack_body(context, o.pack);
  if (pack.exit_code != 0) return pack.exit_code;
  pack.body["since"] = o.since;
  const auto answer = post_pack(context, "/api/v1/policy/simulate", pack.body);
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& all = answer->get_object();
  const json::object& coverage = object_at(all, "coverage");
  context.print("since " + text_at(all, "since") + ": " + text_at(coverage, "decisions") + " decisions, " +
                text_at(coverage, "replayable") + " of them made again");
  const json::object& missing = object_at(coverage, "not_replayable");
  for (const auto& why : missing)
    context.print(context.warn("  not " + json::serialize(why.value()) + ": " + std::string(why.key())));
  context.print(context.strong("with the counters as they were recorded"));
  print_changes(context, object_at(all, "recorded_counters"));
  context.print(context.strong("with counters as this policy would have made them"));
  print_changes(context, object_at(all, "recomputed_counters"));
  for (const json::value& value : list_at(all, "counters")) {
    const json::object& one = value.get_object();
    context.print("  counter " + printable(text_at(one, "counter")) + ": recorded " +
                  totals_line(object_at(one, "recorded")) + "; recomputed " +
                  totals_line(object_at(one, "recomputed")));
  }
  return 0;
}

int shadow(const Context& context, const ShadowOptions& o) {
  const Client client(context);
  if (o.stop) {
    const auto stopped = client.post("/api/v1/policy/shadow/stop", json::object{{"reason", o.reason}});
    if (!stopped) return report(context, stopped.error());
    if (context.json) return context.print_json(*stopped), 0;
    context.print("the shadow policy is stopped: " + text_at(stopped->get_object(), "stopped"));
    return 0;
  }
  const auto answer = client.get("/api/v1/policy/shadow" + query_of({{"since", o.since}}));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& all = answer->get_object();
  const json::object& pack = object_at(all, "pack");
  context.print(flag_at(all, "running")
                    ? "shadow policy " + text_at(pack, "name") + " " + text_at(pack, "version") + "  " +
                          context.dim(text_at(pack, "digest"))
                    : std::string("no shadow policy runs"));
  context.print("since " + text_at(all, "since") + ": it looked at " + text_at(all, "decisions") +
                " decisions");
  print_changes(context, all);
  return 0;
}

int counters(const Context& context, const CounterOptions& o) {
  const auto answer =
      Client(context).get(std::string("/api/v1/policy/counters") + (o.verify ? "?verify=true" : ""));
  if (!answer) return report(context, answer.error());
  const json::object& all = answer->get_object();
  const bool agree = !o.verify || flag_at(all, "agree");
  constexpr int kDisagree = static_cast<int>(ErrorCode::kVerification);
  if (context.json) return context.print_json(*answer), agree ? 0 : kDisagree;
  Table table({"TENANT", "YEAR", "ordinary", "sensitive", "bytes", "jobs", "next"});
  for (const json::value& value : list_at(all, "counters")) {
    const json::object& one = value.get_object();
    std::string next;
    for (const json::value& each : list_at(one, "thresholds")) {
      const json::object& threshold = each.get_object();
      if (number_at(threshold, "left") < 0 || !next.empty()) continue;
      next = text_at(threshold, "left") + " left of " + text_at(threshold, "threshold") + " (" +
             text_at(threshold, "rule") + ")";
    }
    table.add({printable(text_at(one, "tenant")), text_at(one, "year"), text_at(one, "ordinary"),
               text_at(one, "sensitive"), human_bytes(static_cast<uint64_t>(number_at(one, "bytes"))),
               text_at(one, "jobs"), next});
  }
  table.print(context);
  if (!o.verify) return 0;
  for (const json::value& value : list_at(all, "mismatches")) {
    const json::object& one = value.get_object();
    context.print(context.bad(printable(text_at(one, "counter"))) + ": kept " +
                  totals_line(object_at(one, "kept")) + "; the ledger tells " +
                  totals_line(object_at(one, "from_ledger")));
  }
  context.print(
      agree ? context.good("the ledger's " + text_at(all, "entries") + " entries tell the same counters")
            : context.bad("the ledger tells other counters"));
  return agree ? 0 : kDisagree;
}

int warnings(const Context& context) {
  const auto answer = Client(context).get("/api/v1/policy/warnings");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::array& list = list_at(answer->get_object(), "warnings");
  for (const json::value& value : list) {
    const json::object& one = value.get_object();
    const std::string line = printable(text_at(one, "what") + " " + text_at(one, "text"));
    context.print(text_at(one, "urgency") == "due" ? context.warn(line) : context.bad(line));
  }
  if (list.empty()) context.print("nothing is due");
  return 0;
}

}  // namespace

void add_policy_replay(CLI::App& group, Program& program) {
  const Context& context = program.context;
  add_command<SimulateOptions>(
      group, program.chosen, "simulate", "decide again, under another pack, what a gateway's ledger recorded",
      [](CLI::App& command, SimulateOptions& o) {
        command.add_option("PACK", o.pack, "folder of the pack, or a bundle")->required();
        command.add_option("--since", o.since, "30d, 12h, a day or a time")->capture_default_str();
      },
      [&context](const SimulateOptions& o) { return simulate(context, o); });
  add_command<ShadowOptions>(
      group, program.chosen, "shadow", "what the policy that runs in the shadow would have said",
      [](CLI::App& command, ShadowOptions& o) {
        command.add_option("--since", o.since, "30d, 12h, a day or a time")->capture_default_str();
        command.add_flag("--stop", o.stop, "end it");
        command.add_option("--reason", o.reason, "why it ends; it goes into the ledger");
      },
      [&context](const ShadowOptions& o) { return shadow(context, o); });
  add_command<CounterOptions>(
      group, program.chosen, "counters", "yearly counters of exporters, and the next thresholds",
      [](CLI::App& command, CounterOptions& o) {
        command.add_flag("--verify", o.verify,
                         "count again from the ledger, and compare; exit 6 when they differ");
      },
      [&context](const CounterOptions& o) { return counters(context, o); });
  add_command<CounterOptions>(
      group, program.chosen, "warnings",
      "filings, rules and thresholds that will change decisions by themselves",
      [](CLI::App&, CounterOptions&) {}, [&context](const CounterOptions&) { return warnings(context); });
}

}  // namespace hetao::cli
