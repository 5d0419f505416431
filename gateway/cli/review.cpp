// hetao review list/show/approve/reject: a person's answer to a hold.
#include <boost/json/serialize.hpp>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

struct ListOptions {
  std::string state = "open";
};

struct ReviewOptions {
  std::string id;
  std::string reason;
};

int list(const Context& context, const ListOptions& o) {
  const auto answer = Client(context).get("/api/v1/reviews" + query_of({{"state", o.state}}));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"ID", "STATE", "OPENED", "ITEM", "FROM", "TO", "REASON"});
  for (const json::value& value : list_at(answer->get_object(), "reviews")) {
    const json::object& review = value.get_object();
    const json::object& crossing = object_at(review, "crossing");
    const json::object& item = object_at(crossing, "item");
    table.add({text_at(review, "id"), context.state(text_at(review, "state")),
               local_time(text_at(review, "opened")), text_at(item, "kind") + " " + text_at(item, "name"),
               text_at(crossing, "from"), text_at(crossing, "to"), printable(text_at(crossing, "reason"))});
  }
  table.print(context);
  return 0;
}

// Where, what and how many, with what stands around the first ones; the identifiers themselves are masked.
void show_evidence(const Context& context, const json::object& evidence) {
  if (evidence.empty()) return;
  context.print("what was found in it:");
  for (const json::value& value : list_at(evidence, "findings")) {
    const json::object& finding = value.get_object();
    const std::string path = text_at(finding, "path");
    context.print("  " + text_at(finding, "count") + " " + text_at(finding, "kind") + ", confidence " +
                  text_at(finding, "confidence") + (path.empty() ? "" : ", in " + printable(path)));
    for (const json::value& excerpt : list_at(finding, "excerpts")) {
      if (excerpt.is_string()) context.print("    " + printable(std::string(excerpt.get_string())));
    }
  }
  for (const json::value& what : list_at(object_at(evidence, "coverage"), "not_read")) {
    if (what.is_string()) context.print("  not read: " + printable(std::string(what.get_string())));
  }
}

int show(const Context& context, const ReviewOptions& o) {
  const auto answer = Client(context).get("/api/v1/reviews/" + percent_encode(o.id));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& review = answer->get_object();
  const json::object& crossing = object_at(review, "crossing");
  context.print(context.strong(text_at(review, "id")) + "  " + context.state(text_at(review, "state")) +
                "  opened " + local_time(text_at(review, "opened")));
  context.print(crossing_line(context, crossing));
  context.print("job " + text_at(crossing, "job") + ", purpose " + text_at(crossing, "purpose") + ", from " +
                text_at(crossing, "exporter") + " to " + text_at(crossing, "recipient"));
  context.print("digest " + text_at(object_at(crossing, "item"), "digest"));
  show_verdict(context, object_at(crossing, "ours"), "  ");
  context.print("labels:");
  const json::object& labels = object_at(object_at(crossing, "item"), "labels");
  for (const auto& label : labels)
    context.print("  " + std::string(label.key()) + ": " + text_at(labels, label.key()));
  show_evidence(context, object_at(review, "evidence"));
  context.print("what inspection and the counters say:");
  const json::object& facts = object_at(crossing, "facts");
  for (const auto& fact : facts)
    context.print("  " + std::string(fact.key()) + ": " + printable(text_at(facts, fact.key())));
  return 0;
}

int answer_review(const Context& context, const ReviewOptions& o, const char* verb) {
  const auto answer = Client(context).post("/api/v1/reviews/" + percent_encode(o.id) + "/" + verb,
                                           json::object{{"reason", o.reason}});
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  context.print(o.id + "  " + context.state(text_at(answer->get_object(), "state")));
  return 0;
}

}  // namespace

void add_review(Program& program) {
  const Context& context = program.context;
  CLI::App* group = add_group(program.app, "review", "held crossings: list, show, approve, reject");
  add_command<ListOptions>(
      *group, program.chosen, "list", "crossings that wait for a reviewer, oldest first",
      [](CLI::App& command, ListOptions& o) {
        command.add_option("--state", o.state, "open, approved, rejected, closed or all")
            ->capture_default_str()
            ->check(CLI::IsMember({"open", "approved", "rejected", "closed", "all"}));
      },
      [&context](const ListOptions& o) { return list(context, o); });
  add_command<ReviewOptions>(
      *group, program.chosen, "show", "one held crossing with its evidence",
      [](CLI::App& command, ReviewOptions& o) { command.add_option("ID", o.id, "the review")->required(); },
      [&context](const ReviewOptions& o) { return show(context, o); });
  const auto describe = [](CLI::App& command, ReviewOptions& o) {
    command.add_option("ID", o.id, "the review")->required();
    command.add_option("--reason", o.reason, "why; it goes into the ledger")->required();
  };
  add_command<ReviewOptions>(
      *group, program.chosen, "approve", "let it through, for exactly this digest", describe,
      [&context](const ReviewOptions& o) { return answer_review(context, o, "approve"); });
  add_command<ReviewOptions>(
      *group, program.chosen, "reject", "refuse it, for good", describe,
      [&context](const ReviewOptions& o) { return answer_review(context, o, "reject"); });
}

}  // namespace hetao::cli
