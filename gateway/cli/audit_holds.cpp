// hetao audit hold list/place/lift.
#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

struct NoOptions {};

struct PlaceOptions {
  std::string matter;
  std::string reason;
  std::vector<std::string> people;
  std::vector<std::string> tenants;
  std::string job;
  bool everybody = false;
};

struct LiftOptions {
  std::string matter;
  std::string reason;
};

std::string covered(const json::object& hold) {
  if (const json::value* all = hold.if_contains("everybody");
      all != nullptr && all->is_bool() && all->get_bool())
    return "everybody";
  std::vector<std::string> names;
  for (const json::value& one : list_at(hold, "tenants"))
    names.push_back("tenant " + std::string(one.as_string()));
  for (const json::value& one : list_at(hold, "people")) names.emplace_back(one.as_string());
  return printable(join(names, ", "));
}

int list(const Context& context) {
  const auto answer = Client(context).get("/api/v1/audit/holds");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"MATTER", "SINCE (+08:00)", "BY", "HOLDS", "REASON"});
  for (const json::value& value : list_at(answer->get_object(), "holds")) {
    const json::object& one = value.get_object();
    table.add({printable(text_at(one, "matter")), local_time(text_at(one, "since")),
               printable(text_at(one, "by")), covered(one), printable(text_at(one, "reason"))});
  }
  table.print(context);
  return 0;
}

int show(const Context& context, const json::value& answer, const char* word) {
  if (context.json) return context.print_json(answer), 0;
  const json::object& hold = answer.get_object();
  context.print(printable(text_at(hold, "matter")) + " " + word + ": " + covered(hold));
  for (const json::value& one : list_at(hold, "elsewhere"))
    context.print("kept by another side, which has to hold it too: " +
                  printable(std::string(one.as_string())));
  return 0;
}

int place(const Context& context, const PlaceOptions& o) {
  json::object body{{"matter", o.matter}, {"reason", o.reason}, {"everybody", o.everybody}};
  body["people"] = json::array(o.people.begin(), o.people.end());
  body["tenants"] = json::array(o.tenants.begin(), o.tenants.end());
  if (!o.job.empty()) body["job"] = o.job;
  const auto answer = Client(context).post("/api/v1/audit/holds", body);
  return answer ? show(context, *answer, "holds") : report(context, answer.error());
}

int lift(const Context& context, const LiftOptions& o) {
  const auto answer = Client(context).post("/api/v1/audit/holds/lift",
                                           json::object{{"matter", o.matter}, {"reason", o.reason}});
  return answer ? show(context, *answer, "held until now") : report(context, answer.error());
}

}  // namespace

void add_audit_holds(Program& program, CLI::App& audit) {
  const Context& context = program.context;
  CLI::App* group = add_group(audit, "hold", "legal holds: matters for which no name may be erased");
  add_command<NoOptions>(
      *group, program.chosen, "list", "what is held, since when, and why", [](CLI::App&, NoOptions&) {},
      [&context](const NoOptions&) { return list(context); });
  add_command<PlaceOptions>(
      *group, program.chosen, "place",
      "hold the names of people, of a job's people, of tenants or of everybody",
      [](CLI::App& command, PlaceOptions& o) {
        command.add_option("MATTER", o.matter, "its name, such as a case number")->required();
        command.add_option("--person", o.people, "as the ledger names the person; may come several times");
        command.add_option("--tenant", o.tenants,
                           "all of its people, also later ones; may come several times");
        command.add_option("--job", o.job, "everybody whom entries about this job name until now");
        command.add_flag("--everybody", o.everybody, "every name of this region");
        command.add_option("--reason", o.reason, "why; it goes into the ledger")->required();
      },
      [&context](const PlaceOptions& o) { return place(context, o); });
  add_command<LiftOptions>(
      *group, program.chosen, "lift", "end a hold; others about the same people go on",
      [](CLI::App& command, LiftOptions& o) {
        command.add_option("MATTER", o.matter, "its name; of `person hold`: the person's name")->required();
        command.add_option("--reason", o.reason, "why; it goes into the ledger")->required();
      },
      [&context](const LiftOptions& o) { return lift(context, o); });
}

}  // namespace hetao::cli
