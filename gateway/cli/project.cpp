// hetao project …: projects across the boundary, with an owner on each side.
#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

struct BeginOptions {
  std::string id, title, purpose, region, tenant, reason;
};

struct ActOptions {
  std::string id;
  std::string reason;
  std::vector<std::string> members;
  std::string amount;
  std::string dataset;
  int days = 0;
};

struct NoOptions {};

std::string path_of(const std::string& id) {
  return "/api/v1/projects/" + percent_encode(id);
}

void show_side(const Context& context, const json::object& side) {
  context.print("  " + text_at(side, "region") + ": " + text_at(side, "owner") + "  " +
                context.state(text_at(side, "state")) + "  budget " + text_at(side, "budget_cny") +
                " CNY, spent " + text_at(side, "spent_cny") + ", promised " + text_at(side, "promised_cny"));
  for (const json::value& member : list_at(side, "members"))
    if (member.is_string()) context.print("    member " + std::string(member.get_string()));
  for (const json::value& value : list_at(side, "datasets")) {
    if (!value.is_object()) continue;
    const json::object& data = value.get_object();
    const std::string until = text_at(data, "until");
    context.print("    grants " + text_at(data, "dataset") +
                  (until.empty() ? "" : " until " + local_time(until)));
  }
  if (!text_at(side, "reason").empty()) context.print("    " + printable(text_at(side, "reason")));
}

int shown(const Context& context, const Result<json::value>& answer) {
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  if (!answer->is_object()) return 0;
  const json::object& project = answer->get_object();
  context.print(context.strong(text_at(project, "id")) + "  " + printable(text_at(project, "title")) + "  " +
                context.state(text_at(project, "state")));
  context.print("budget of both: " + text_at(project, "budget_cny") + " CNY, used " +
                text_at(project, "used_cny"));
  std::vector<std::string> granted;
  for (const json::value& dataset : list_at(project, "datasets"))
    if (dataset.is_string()) granted.emplace_back(dataset.get_string());
  context.print("data sets granted by both: " + (granted.empty() ? "none" : join(granted, ", ")));
  for (const json::value& side : list_at(project, "sides"))
    if (side.is_object()) show_side(context, side.get_object());
  return 0;
}

int list(const Context& context) {
  const auto answer = Client(context).get("/api/v1/projects");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"ID", "STATE", "BUDGET", "USED", "NAME"});
  for (const json::value& value : list_at(answer->get_object(), "projects")) {
    if (!value.is_object()) continue;
    const json::object& one = value.get_object();
    table.add({text_at(one, "id"), context.state(text_at(one, "state")), text_at(one, "budget_cny"),
               text_at(one, "used_cny"), printable(text_at(one, "title"))});
  }
  table.print(context);
  return 0;
}

int begin(const Context& context, const BeginOptions& o) {
  json::object body{{"id", o.id}, {"region", o.region}, {"tenant", o.tenant}};
  if (!o.title.empty()) body["title"] = o.title;
  if (!o.purpose.empty()) body["purpose"] = o.purpose;
  if (!o.reason.empty()) body["reason"] = o.reason;
  return shown(context, Client(context).post("/api/v1/projects", body));
}

int act(const Context& context, const std::string& say, const ActOptions& o) {
  json::object body{{"reason", o.reason}};
  if (say == "members") body["members"] = json::array(o.members.begin(), o.members.end());
  if (say == "budget") body["cny"] = o.amount;
  if (say == "grant" || say == "revoke") body["dataset"] = o.dataset;
  if (o.days > 0) body["days"] = o.days;
  return shown(context, Client(context).post(path_of(o.id) + "/" + say, body));
}

using Describe = std::function<void(CLI::App&, ActOptions&)>;

void add_act(Program& program, CLI::App& group, const std::string& say, const char* what, bool needs_reason,
             const Describe& more) {
  const Context& context = program.context;
  add_command<ActOptions>(
      group, program.chosen, say, what,
      [needs_reason, more](CLI::App& command, ActOptions& o) {
        command.add_option("PROJECT", o.id, "the project")->required();
        if (more) more(command, o);
        command.add_option("--reason", o.reason, "why, for the other side and the ledger")
            ->required(needs_reason);
      },
      [&context, say](const ActOptions& o) { return act(context, say, o); });
}

}  // namespace

void add_project(Program& program) {
  const Context& context = program.context;
  CLI::App* group =
      add_group(program.app, "project", "projects across the boundary, with an owner on each side");
  add_command<NoOptions>(
      *group, program.chosen, "list", "those of your tenant", [](CLI::App&, NoOptions&) {},
      [&context](const NoOptions&) { return list(context); });
  add_command<ActOptions>(
      *group, program.chosen, "show", "one with both its sides",
      [](CLI::App& command, ActOptions& o) {
        command.add_option("PROJECT", o.id, "the project")->required();
      },
      [&context](const ActOptions& o) { return shown(context, Client(context).get(path_of(o.id))); });
  add_command<BeginOptions>(
      *group, program.chosen, "begin", "begin one, and invite the other side's owner",
      [](CLI::App& command, BeginOptions& o) {
        command.add_option("PROJECT", o.id, "its name, as jobs say it")->required();
        command.add_option("--with-region", o.region, "the other side's region")->required();
        command.add_option("--with-tenant", o.tenant, "the tenant there that is to be its owner")->required();
        command.add_option("--title", o.title, "one line for people");
        command.add_option("--purpose", o.purpose, "of all its jobs");
        command.add_option("--reason", o.reason, "for the other side and the ledger");
      },
      [&context](const BeginOptions& o) { return begin(context, o); });
  add_act(program, *group, "accept", "say yes to an invitation", false, nullptr);
  add_act(program, *group, "decline", "say no to it", true, nullptr);
  add_act(program, *group, "close", "end it, for both sides", true, nullptr);
  add_act(program, *group, "members", "the further tenants of your side", false,
          [](CLI::App& command, ActOptions& o) { command.add_option("TENANT", o.members, "all of them"); });
  add_act(program, *group, "budget", "what you let all its jobs cost; the lower of both sides counts", false,
          [](CLI::App& command, ActOptions& o) {
            command.add_option("CNY", o.amount, "such as 1250.50")->required();
          });
  const Describe dataset = [](CLI::App& command, ActOptions& o) {
    command.add_option("DATASET", o.dataset, "the data set")->required();
  };
  add_act(program, *group, "grant", "let its jobs read a data set, once both owners do", false,
          [dataset](CLI::App& command, ActOptions& o) {
            dataset(command, o);
            command.add_option("--days", o.days, "for so long only")->check(CLI::Range(1, 3660));
          });
  add_act(program, *group, "revoke", "don't let them any more", false, dataset);
}

}  // namespace hetao::cli
