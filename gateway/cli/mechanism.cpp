// hetao mechanism list/file/withdraw: the legal filings that policy decisions rely on.
#include <boost/json/serialize.hpp>

#include "gateway/cli/client.h"
#include "gateway/cli/command.h"

namespace hetao::cli {

namespace {

struct ListOptions {};

struct FileOptions {
  std::string id, kind, exporter, recipient, from, until;
  std::string status = "effective";
  std::vector<std::string> datasets;
};

int list(const Context& context) {
  const auto answer = Client(context).get("/api/v1/mechanisms");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"ID", "KIND", "FROM", "TO", "STATE", "since", "until", "days left"});
  for (const json::value& value : list_at(answer->get_object(), "mechanisms")) {
    const json::object& one = value.get_object();
    table.add({text_at(one, "id"), text_at(one, "kind"), text_at(one, "exporter"), text_at(one, "recipient"),
               flag_at(one, "withdrawn") ? "withdrawn" : text_at(one, "status"), text_at(one, "from"),
               text_at(one, "until"), text_at(one, "days_left")});
  }
  table.print(context);
  return 0;
}

int file(const Context& context, const FileOptions& o) {
  json::object body = {{"id", o.id},
                       {"kind", o.kind},
                       {"exporter", o.exporter},
                       {"recipient", o.recipient},
                       {"status", o.status}};
  if (!o.from.empty()) body["from"] = o.from;
  if (!o.until.empty()) body["until"] = o.until;
  if (!o.datasets.empty()) body["datasets"] = json::array(o.datasets.begin(), o.datasets.end());
  const auto answer = Client(context).post("/api/v1/mechanisms", body);
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  context.print(o.kind + " " + o.id + " is on file");
  return 0;
}

int withdraw(const Context& context, const FileOptions& o) {
  const auto answer =
      Client(context).post("/api/v1/mechanisms/" + percent_encode(o.id) + "/withdraw", json::object());
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  context.print(o.id + " is withdrawn");
  return 0;
}

}  // namespace

void add_mechanism(Program& program) {
  const Context& context = program.context;
  CLI::App* group = add_group(program.app, "mechanism", "legal filings in force: list, file, withdraw");
  add_command<ListOptions>(
      *group, program.chosen, "list", "what is on file", [](CLI::App&, ListOptions&) {},
      [&context](const ListOptions&) { return list(context); });
  add_command<FileOptions>(
      *group, program.chosen, "file", "put a standard contract, an assessment or the like on file",
      [](CLI::App& command, FileOptions& o) {
        command.add_option("ID", o.id, "its reference number")->required();
        command.add_option("--kind", o.kind, "gba-sc, cac-sc, security-assessment, certification or hk-rmc")
            ->required();
        command.add_option("--exporter", o.exporter, "tenant that exports; a glob may stand for several")
            ->required();
        command.add_option("--recipient", o.recipient, "tenant that receives; a glob may stand for several")
            ->required();
        command.add_option("--status", o.status, "as the policy language names it")->capture_default_str();
        command.add_option("--from", o.from, "first day in force");
        command.add_option("--until", o.until, "first day not in force");
        command.add_option("--dataset", o.datasets, "covers only these datasets");
      },
      [&context](const FileOptions& o) { return file(context, o); });
  add_command<FileOptions>(
      *group, program.chosen, "withdraw", "it is in force no more",
      [](CLI::App& command, FileOptions& o) {
        command.add_option("ID", o.id, "its reference number")->required();
      },
      [&context](const FileOptions& o) { return withdraw(context, o); });
}

}  // namespace hetao::cli
