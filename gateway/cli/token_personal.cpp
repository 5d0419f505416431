// hetao token create/list/revoke: personal access tokens, for scripts and services of one's own.
#include "gateway/cli/client.h"
#include "gateway/cli/sign_in.h"

namespace hetao::cli {

namespace {

struct CreateOptions {
  std::string name;
  std::vector<std::string> scopes;
  int days = 30;
  std::string output;
};
struct ListOptions {
  bool all = false;
};
struct RevokeOptions {
  std::string id;
};

int create(const Context& context, const CreateOptions& o) {
  json::array scopes;
  for (const std::string& scope : o.scopes) scopes.emplace_back(scope);
  const auto made = Client(context).post(
      "/api/v1/tokens", json::object{{"name", o.name}, {"scopes", scopes}, {"days", o.days}});
  if (!made) return report(context, made.error());
  const json::object& token = made->as_object();
  if (!o.output.empty()) {
    if (auto written = write_file(o.output, text_at(token, "token") + "\n", true, false); !written)
      return report(context, written.error());
  }
  if (context.json) {
    context.print_json(token);
  } else {
    context.print(o.output.empty() ? text_at(token, "token") : o.output);
    context.remark("token " + text_at(token, "id") + " counts until " + text_at(token, "expires") +
                   "; it is shown this once");
  }
  return 0;
}

int list(const Context& context, const ListOptions& o) {
  const auto answer = Client(context).get(std::string("/api/v1/tokens") + (o.all ? "?all=true" : ""));
  if (!answer) return report(context, answer.error());
  if (context.json) {
    context.print_json(*answer);
    return 0;
  }
  Table table({"ID", "NAME", "OWNER", "SCOPES", "EXPIRES", "LAST USED", "STATE"});
  for (const json::value& value : list_at(answer->as_object(), "tokens")) {
    const json::object& token = value.as_object();
    std::string scopes;
    for (const json::value& scope : list_at(token, "scopes"))
      scopes += (scopes.empty() ? "" : " ") + std::string(scope.as_string());
    const std::string owner = o.all ? text_at(token, "tenant") + "/" + text_at(token, "user") : "me";
    table.add({text_at(token, "id"), text_at(token, "name"), owner, scopes, text_at(token, "expires"),
               text_at(token, "last_used"), flag_at(token, "revoked") ? "revoked" : "counts"});
  }
  table.print(context);
  return 0;
}

int revoke(const Context& context, const RevokeOptions& o) {
  const Client client(context);
  const auto reply = client.send({"DELETE", "/api/v1/tokens/" + percent_encode(o.id), {}, {}, 60, {}});
  if (!reply) return report(context, reply.error());
  if (reply->status != 204) return report(context, error_of(*reply, "token " + o.id));
  if (!context.json) context.print("revoked");
  return 0;
}

}  // namespace

void add_personal_tokens(Program& program, CLI::App& group) {
  const Context& context = program.context;
  add_command<CreateOptions>(
      group, program.chosen, "create", "make a personal token, for scripts that act for you",
      [](CLI::App& command, CreateOptions& o) {
        command.add_option("NAME", o.name, "what it is for")->required();
        command
            .add_option("--scope", o.scopes, "a role of yours, or ROLE:read to look only; may be repeated")
            ->required();
        command.add_option("--days", o.days, "how long it counts")
            ->capture_default_str()
            ->check(CLI::Range(1, 366));
        command.add_option("-o,--output", o.output, "file for it (mode 0600); else it is printed");
      },
      [&context](const CreateOptions& o) { return create(context, o); });
  add_command<ListOptions>(
      group, program.chosen, "list", "your personal tokens",
      [](CLI::App& command, ListOptions& o) { command.add_flag("--all", o.all, "everybody's (operators)"); },
      [&context](const ListOptions& o) { return list(context, o); });
  add_command<RevokeOptions>(
      group, program.chosen, "revoke", "end a personal token at once",
      [](CLI::App& command, RevokeOptions& o) {
        command.add_option("ID", o.id, "as `list` shows it")->required();
      },
      [&context](const RevokeOptions& o) { return revoke(context, o); });
}

}  // namespace hetao::cli
