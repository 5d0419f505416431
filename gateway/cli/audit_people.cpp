// hetao audit person list/show/restrict/hold/release/erase/same/apart, and statement.
#include <iostream>
#include <tuple>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

struct NoOptions {};

struct PersonOptions {
  std::string name;
  std::string reason;
};

struct LinkOptions {
  std::string name;
  std::string other;
  std::string reason;
};

struct StatementOptions {
  std::string tenant;
  std::string month;
  std::string output;
};

int list(const Context& context) {
  const auto answer = Client(context).get("/api/v1/audit/people");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"NAME IN THE LEDGER", "STATE", "FIRST SEEN (+08:00)", "LAST SEEN (+08:00)",
               "KEPT UNTIL (+08:00)", "LEGAL HOLD"});
  for (const json::value& value : list_at(answer->get_object(), "people")) {
    const json::object& one = value.get_object();
    table.add({text_at(one, "name"), text_at(one, "state"), local_time(text_at(one, "first_seen")),
               local_time(text_at(one, "last_seen")), local_time(text_at(one, "kept_until")),
               printable(text_at(one, "hold"))});
  }
  table.print(context);
  return 0;
}

int show_person(const Context& context, const json::value& answer) {
  if (context.json) return context.print_json(answer), 0;
  for (const auto& member : answer.get_object())
    context.print(std::string(member.key()) + ": " + printable(text_at(answer.get_object(), member.key())));
  return 0;
}

int show(const Context& context, const PersonOptions& o) {
  const auto answer =
      Client(context).get("/api/v1/audit/people/" + o.name + query_of({{"reason", o.reason}}));
  return answer ? show_person(context, *answer) : report(context, answer.error());
}

int act(const Context& context, const std::string& word, const PersonOptions& o) {
  const auto answer =
      Client(context).post("/api/v1/audit/people/" + o.name + "/" + word, json::object{{"reason", o.reason}});
  return answer ? show_person(context, *answer) : report(context, answer.error());
}

int link(const Context& context, bool are_same, const LinkOptions& o) {
  const auto answer =
      Client(context).post("/api/v1/audit/people/" + o.name + "/accounts",
                           json::object{{"other", o.other}, {"same", are_same}, {"reason", o.reason}});
  return answer ? show_person(context, *answer) : report(context, answer.error());
}

int statement(const Context& context, const StatementOptions& o) {
  const Call call{"GET", "/api/v1/audit/statement" + query_of({{"tenant", o.tenant}, {"month", o.month}}),
                  {},    {},
                  600,   {}};
  const auto reply = Client(context).send(call);
  if (!reply) return report(context, reply.error());
  if (reply->status != 200) return report(context, error_of(*reply, "statement"));
  if (o.output.empty()) {
    std::cout << reply->body << std::flush;
    return 0;
  }
  if (auto written = write_file(o.output, reply->body); !written) return report(context, written.error());
  context.print(o.output);
  return 0;
}

void describe(CLI::App& command, PersonOptions& o) {
  command.add_option("NAME", o.name, "as the ledger names the person: TENANT/u-…")->required();
  command.add_option("--reason", o.reason, "why; it goes into the ledger")->required();
}

}  // namespace

void add_audit_people(Program& program, CLI::App& audit) {
  const Context& context = program.context;
  CLI::App* group = add_group(audit, "person", "the people behind the ledger's names");
  add_command<NoOptions>(
      *group, program.chosen, "list", "names in the ledger, their states and terms",
      [](CLI::App&, NoOptions&) {}, [&context](const NoOptions&) { return list(context); });
  add_command<PersonOptions>(*group, program.chosen, "show", "who it is; the look is written down", describe,
                             [&context](const PersonOptions& o) { return show(context, o); });
  const std::pair<const char*, const char*> acts[] = {
      {"restrict", "keep the name, because a period runs, and use it for nothing else"},
      {"hold", "legal hold: the name must not be erased"},
      {"release", "lift a legal hold"},
      {"erase", "destroy the person's key: the ledger stays whole, and the name says nothing any more"}};
  for (const auto& [word, what] : acts) {
    add_command<PersonOptions>(
        *group, program.chosen, word, what, describe,
        [&context, chosen = std::string(word)](const PersonOptions& o) { return act(context, chosen, o); });
  }
  const std::tuple<const char*, const char*, bool> links[] = {
      {"same", "note that two accounts are one person's: neither may answer what the other asked for", true},
      {"apart", "take that back", false}};
  for (const auto& [word, what, are_same] : links) {
    add_command<LinkOptions>(
        *group, program.chosen, word, what,
        [](CLI::App& command, LinkOptions& o) {
          command.add_option("NAME", o.name, "as this ledger names the person: TENANT/u-…")->required();
          command.add_option("OTHER", o.other, "the other account, as this or a peer's ledger names it")
              ->required();
          command.add_option("--reason", o.reason, "why; it goes into the ledger")->required();
        },
        [&context, same = are_same](const LinkOptions& o) { return link(context, same, o); });
  }
  add_command<StatementOptions>(
      audit, program.chosen, "statement",
      "what a tenant's people moved in a month, signed by the ledger's key",
      [](CLI::App& command, StatementOptions& o) {
        command.add_option("--tenant", o.tenant, "whose")->required();
        command.add_option("--month", o.month, "such as 2026-11 (+08:00)")->required();
        command.add_option("-o,--output", o.output, "file to write (default: standard output)");
      },
      [&context](const StatementOptions& o) { return statement(context, o); });
}

}  // namespace hetao::cli
