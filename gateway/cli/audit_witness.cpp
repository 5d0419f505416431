// hetao audit witnesses/resolve/rotate-key: how the ledgers vouch for each other, and the operator's acts.
#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

struct NoOptions {};

struct ResolveOptions {
  std::string witness;
  std::string reason;
};

struct RotateOptions {
  std::string step;
  std::string reason;
};

int show_witnesses(const Context& context, const json::value& answer) {
  if (context.json) return context.print_json(answer), 0;
  for (const json::value& key : list_at(answer.get_object(), "log_keys"))
    if (key.is_string()) context.print("log key      " + std::string(key.get_string()));
  context.print("witness key  " + text_at(answer.get_object(), "witness_key"));
  Table table(
      {"WITNESS", "HAS COSIGNED", "AT", "FRESH", "ALARM", "ITS LOG", "COSIGNED HERE", "ALARM OF ITS LOG"});
  for (const json::value& value : list_at(answer.get_object(), "witnesses")) {
    const json::object& one = value.get_object();
    const json::object& log = object_at(one, "peer_log");
    table.add({text_at(one, "witness"), text_at(one, "cosigned_size"),
               local_time(text_at(one, "cosigned_at")),
               flag_at(one, "fresh") ? context.good("yes") : context.bad("no"),
               context.bad(printable(text_at(one, "alarm"))), text_at(log, "log"), text_at(log, "size"),
               context.bad(printable(text_at(log, "alarm")))});
  }
  table.print(context);
  return 0;
}

int witnesses(const Context& context) {
  const auto answer = Client(context).get("/api/v1/witnesses");
  return answer ? show_witnesses(context, *answer) : report(context, answer.error());
}

int resolve(const Context& context, const ResolveOptions& o) {
  const auto answer = Client(context).post("/api/v1/witnesses/" + percent_encode(o.witness) + "/resolve",
                                           json::object{{"reason", o.reason}});
  return answer ? show_witnesses(context, *answer) : report(context, answer.error());
}

int rotate(const Context& context, const RotateOptions& o) {
  const auto answer =
      Client(context).post("/api/v1/ledger/rotation", json::object{{"step", o.step}, {"reason", o.reason}});
  return answer ? show_witnesses(context, *answer) : report(context, answer.error());
}

}  // namespace

void add_audit_witness(Program& program, CLI::App& group) {
  const Context& context = program.context;
  add_command<NoOptions>(
      group, program.chosen, "witnesses",
      "who cosigns this ledger, whose ledgers it cosigns, and open alarms", [](CLI::App&, NoOptions&) {},
      [&context](const NoOptions&) { return witnesses(context); });
  add_command<ResolveOptions>(
      group, program.chosen, "resolve",
      "answer a fork or roll-back alarm: what was cosigned of that ledger is kept in this one, and "
      "witnessing begins anew",
      [](CLI::App& command, ResolveOptions& o) {
        command.add_option("WITNESS", o.witness, "region whose ledger or witness the alarm is about")
            ->required();
        command.add_option("--reason", o.reason, "what was found out; it goes into the ledger")->required();
      },
      [&context](const ResolveOptions& o) { return resolve(context, o); });
  add_command<RotateOptions>(
      group, program.chosen, "rotate-key",
      "change the ledger's key: after `begin` checkpoints carry both signatures, after `end` the new one "
      "alone",
      [](CLI::App& command, RotateOptions& o) {
        command.add_option("STEP", o.step, "begin, or (once all who verify know the new key) end")
            ->required()
            ->check(CLI::IsMember({"begin", "end"}));
        command.add_option("--reason", o.reason, "why; it goes into the ledger")->required();
      },
      [&context](const RotateOptions& o) { return rotate(context, o); });
}

}  // namespace hetao::cli
