// hetao data request/requests/grant/refuse/revoke/withdraw: who may use data sets that are given on request.
#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

struct RequestOptions {
  std::string dataset;
  std::string purpose = "research";
  std::string reason;
  int days = 90;
};

struct ListOptions {
  std::string state;
  std::string dataset;
};

struct AnswerOptions {
  std::string id;
  std::string reason;
  int days = 0;
};

std::string line_of(const Context& context, const json::object& request) {
  return text_at(request, "id") + "  " + text_at(request, "dataset") + " for " + text_at(request, "tenant") +
         "  " + context.state(text_at(request, "state")) + " until " + local_time(text_at(request, "until"));
}

int shown(const Context& context, const Result<json::value>& answer) {
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  if (answer->is_object()) context.print(line_of(context, answer->get_object()));
  return 0;
}

int request(const Context& context, const RequestOptions& o) {
  const json::object body{{"purpose", o.purpose}, {"reason", o.reason}, {"days", o.days}};
  return shown(context,
               Client(context).post("/api/v1/datasets/" + percent_encode(o.dataset) + "/access", body));
}

int list(const Context& context, const ListOptions& o) {
  const auto answer =
      Client(context).get("/api/v1/access" + query_of({{"state", o.state}, {"dataset", o.dataset}}));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"ID", "DATASET", "TENANT", "PURPOSE", "STATE", "UNTIL", "REASON"});
  for (const json::value& value : list_at(answer->get_object(), "requests")) {
    if (!value.is_object()) continue;
    const json::object& one = value.get_object();
    const std::string said = text_at(one, "answer").empty() ? text_at(one, "reason") : text_at(one, "answer");
    table.add({text_at(one, "id"), text_at(one, "dataset"), text_at(one, "tenant"), text_at(one, "purpose"),
               context.state(text_at(one, "state")), local_time(text_at(one, "until")), printable(said)});
  }
  table.print(context);
  return 0;
}

int answer(const Context& context, const std::string& say, const AnswerOptions& o) {
  json::object body{{"reason", o.reason}};
  if (o.days > 0) body["days"] = o.days;
  return shown(context, Client(context).post("/api/v1/access/" + percent_encode(o.id) + "/" + say, body));
}

}  // namespace

void add_data_access(Program& program, CLI::App& group) {
  const Context& context = program.context;
  add_command<RequestOptions>(
      group, program.chosen, "request", "ask the owner of a data set for its use",
      [](CLI::App& command, RequestOptions& o) {
        command.add_option("DATASET", o.dataset, "the data set")->required();
        command.add_option("--purpose", o.purpose, "what for, as jobs say it")->capture_default_str();
        command.add_option("--reason", o.reason, "why, for its owner")->required();
        command.add_option("--days", o.days, "for how long")
            ->capture_default_str()
            ->check(CLI::Range(1, 3660));
      },
      [&context](const RequestOptions& o) { return request(context, o); });
  add_command<ListOptions>(
      group, program.chosen, "requests", "requests of your tenant, and for its data sets",
      [](CLI::App& command, ListOptions& o) {
        command.add_option("--state", o.state, "asked, granted, refused, withdrawn or revoked");
        command.add_option("--dataset", o.dataset, "for this data set");
      },
      [&context](const ListOptions& o) { return list(context, o); });
  const auto add = [&](const char* say, const char* what, bool has_days, bool needs_reason) {
    add_command<AnswerOptions>(
        group, program.chosen, say, what,
        [has_days, needs_reason](CLI::App& command, AnswerOptions& o) {
          command.add_option("REQUEST", o.id, "the request")->required();
          command.add_option("--reason", o.reason, "why, for the other side and the ledger")
              ->required(needs_reason);
          if (has_days)
            command.add_option("--days", o.days, "a shorter term than was asked for")
                ->check(CLI::Range(1, 3660));
        },
        [&context, say](const AnswerOptions& o) { return answer(context, say, o); });
  };
  add("grant", "let a tenant use your data set", true, true);
  add("refuse", "don't let it", false, true);
  add("revoke", "take a grant back", false, true);
  add("withdraw", "take your own request back", false, false);
}

}  // namespace hetao::cli
