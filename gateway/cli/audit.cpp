// hetao audit search/show/export, on a gateway.
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iostream>
#include <optional>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"

namespace hetao::cli {

namespace {

struct SearchOptions {
  std::string kind, job, crossing, who, tenant, user, dataset, peer, decision, direction, rule, digest, text,
      since, until;
  std::string bytes_min, bytes_max, cursor, format;
  std::string output;
  int limit = 100;
  bool oldest_first = false;
};

struct ShowOptions {
  std::optional<uint64_t> sequence;
  std::string job, crossing;
};

std::string filters_of(const SearchOptions& o, bool with_limit) {
  return query_of({{"kind", o.kind},
                   {"job", o.job},
                   {"crossing", o.crossing},
                   {"who", o.who},
                   {"tenant", o.tenant},
                   {"user", o.user},
                   {"dataset", o.dataset},
                   {"text", o.text},
                   {"bytes_min", o.bytes_min},
                   {"bytes_max", o.bytes_max},
                   {"peer", o.peer},
                   {"decision", o.decision},
                   {"direction", o.direction},
                   {"rule", o.rule},
                   {"item_digest", o.digest},
                   {"since", o.since},
                   {"until", o.until},
                   {"format", with_limit ? std::string() : o.format},
                   {"order", with_limit && o.oldest_first ? "asc" : ""},
                   {"cursor", with_limit ? o.cursor : std::string()},
                   {"limit", with_limit ? std::to_string(o.limit) : std::string()}});
}

std::string rules_of(const json::object& entry) {
  std::string rules;
  for (const json::value& rule : list_at(entry, "rules")) {
    if (rule.is_string()) rules += (rules.empty() ? "" : " ") + std::string(rule.get_string());
  }
  return rules;
}

void add_row(Table& table, const json::object& entry) {
  table.add({text_at(entry, "region") + "/" + text_at(entry, "sequence"), local_time(text_at(entry, "time")),
             text_at(entry, "kind"), text_at(entry, "job"), text_at(entry, "who"), text_at(entry, "decision"),
             rules_of(entry), text_at(entry, "item_digest").substr(0, 16),
             printable(text_at(entry, "reason"))});
}

Table entry_table() {
  return Table({"ENTRY", "TIME (+08:00)", "KIND", "JOB", "WHO", "DECISION", "RULES", "ITEM", "REASON"});
}

int search(const Context& context, const SearchOptions& o) {
  const auto answer = Client(context).get("/api/v1/audit/entries" + filters_of(o, true));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table = entry_table();
  for (const json::value& value : list_at(answer->get_object(), "entries"))
    add_row(table, value.get_object());
  table.print(context);
  const std::string next = text_at(answer->get_object(), "next_cursor");
  if (!next.empty()) context.remark("there are more: go on with --cursor " + next);
  return 0;
}

// A job's or crossing's way through both books.
int show_story(const Context& context, const ShowOptions& o) {
  const auto answer =
      Client(context).get("/api/v1/audit/story" + query_of({{"job", o.job}, {"crossing", o.crossing}}));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  for (const json::value& value : list_at(answer->get_object(), "entries")) {
    const json::object& entry = value.get_object();
    std::string line = local_time(text_at(entry, "time")) + "  " + text_at(entry, "region") + "/" +
                       text_at(entry, "sequence") + "  " + context.strong(text_at(entry, "kind"));
    if (const std::string decision = text_at(entry, "decision"); !decision.empty())
      line += " " + context.verdict(decision);
    if (const std::string way = text_at(entry, "direction"); !way.empty())
      line += "  " + way + " " + text_at(entry, "peer");
    if (const std::string crossing = text_at(entry, "crossing"); !crossing.empty()) line += "  " + crossing;
    if (const int64_t bytes = number_at(entry, "item_bytes"); bytes > 0)
      line += "  " + human_bytes(static_cast<unsigned long long>(bytes));
    if (const std::string rules = rules_of(entry); !rules.empty()) line += "  " + context.dim(rules);
    if (const std::string reason = text_at(entry, "reason"); !reason.empty())
      line += "  " + printable(reason);
    context.print(line);
  }
  return 0;
}

int show(const Context& context, const ShowOptions& o) {
  const int asked = (o.sequence ? 1 : 0) + (o.job.empty() ? 0 : 1) + (o.crossing.empty() ? 0 : 1);
  if (asked != 1)
    return report(context, Error{ErrorCode::kUsage, "audit show", "one of SEQUENCE, --job, --crossing",
                                 "`hetao audit show --help`"});
  if (!o.sequence) return show_story(context, o);
  const auto answer = Client(context).get("/api/v1/audit/entries/" + std::to_string(*o.sequence));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& entry = object_at(answer->get_object(), "entry");
  for (const auto& member : entry) {
    const std::string text = text_at(entry, member.key());
    if (!text.empty())
      context.print(std::string(member.key()) + ": " + printable(text));
    else
      context.print(std::string(member.key()) + ": " + json::serialize(member.value()));
    if (member.key() == "time") context.print("time (+08:00): " + local_time(text));
  }
  context.print("");
  context.print(text_at(object_at(answer->get_object(), "proof"), "tlog_proof"));
  return 0;
}

// Straight into the file or to standard output, however much it is.
int export_evidence(const Context& context, const SearchOptions& o) {
  const bool to_file = !o.output.empty() && o.output != "-";
  std::ofstream file;
  if (to_file) file.open(o.output, std::ios::binary | std::ios::trunc);
  if (to_file && !file)
    return report(context,
                  Error{ErrorCode::kFailed, o.output, "can't be written", "choose another place with -o"});
  std::ostream& out = to_file ? file : std::cout;
  uint64_t bytes = 0;
  Call call{"GET", "/api/v1/audit/export" + filters_of(o, false), {}, {}, 3'600, {}};
  call.sink = [&](std::string_view piece) {
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    bytes += piece.size();
    return static_cast<bool>(out);
  };
  const auto reply = Client(context).send(call);
  out.flush();
  if (!reply) return report(context, reply.error());
  if (reply->status != 200) return report(context, error_of(*reply, "export"));
  if (!out)
    return report(context, Error{ErrorCode::kFailed, o.output, "can't be written to its end", "make room"});
  if (!to_file) return 0;
  if (context.json) {
    context.print_json(json::object{{"file", o.output}, {"bytes", bytes}});
  } else {
    context.print(o.output + "  " + human_bytes(bytes));
  }
  return 0;
}

void describe_filters(CLI::App& command, SearchOptions& o) {
  command.add_option("--kind", o.kind,
                     "decision, departed, arrived, review, job-state, policy-activated, admin, …");
  command.add_option("--job", o.job, "of this job");
  command.add_option("--crossing", o.crossing, "of this crossing");
  command.add_option("--who", o.who, "by this person or part (as the ledger names them)");
  command.add_option("--tenant", o.tenant, "by somebody of this tenant");
  command.add_option("--user", o.user, "by this person of --tenant, by the name that they sign in with");
  command.add_option("--dataset", o.dataset, "about this dataset");
  command.add_option("--text", o.text, "words of the reason");
  command.add_option("--bytes-min", o.bytes_min, "items of at least this size");
  command.add_option("--bytes-max", o.bytes_max, "items of at most this size");
  command.add_option("--peer", o.peer, "with this region");
  command.add_option("--decision", o.decision, "permit, hold, forbid");
  command.add_option("--direction", o.direction, "in or out")->check(CLI::IsMember({"in", "out"}));
  command.add_option("--rule", o.rule, "that this rule made");
  command.add_option("--digest", o.digest, "of this item");
  command.add_option("--since", o.since, "from this time on (RFC 3339, or a day at +08:00)");
  command.add_option("--until", o.until, "before this time (RFC 3339, or a day at +08:00)");
}

}  // namespace

void add_audit(Program& program) {
  const Context& context = program.context;
  CLI::App* group =
      add_group(program.app, "audit", "the ledger: search, show, export; verify and reconcile offline");
  add_command<SearchOptions>(
      *group, program.chosen, "search", "entries of a gateway's ledger, newest first",
      [](CLI::App& command, SearchOptions& o) {
        describe_filters(command, o);
        command.add_option("--limit", o.limit, "at most this many")
            ->capture_default_str()
            ->check(CLI::Range(1, 1000));
        command.add_option("--cursor", o.cursor, "go on where the page before ended");
        command.add_flag("--oldest-first", o.oldest_first, "instead of newest first");
      },
      [&context](const SearchOptions& o) { return search(context, o); });
  add_command<ShowOptions>(
      *group, program.chosen, "show",
      "one entry with its proof; or a job's or crossing's whole story from both sides",
      [](CLI::App& command, ShowOptions& o) {
        command.add_option("SEQUENCE", o.sequence, "number of the entry");
        command.add_option("--job", o.job, "everything about this job");
        command.add_option("--crossing", o.crossing, "everything about this crossing");
      },
      [&context](const ShowOptions& o) { return show(context, o); });
  add_command<SearchOptions>(
      *group, program.chosen, "export",
      "evidence in one file, which `hetao audit verify` checks without a gateway",
      [](CLI::App& command, SearchOptions& o) {
        describe_filters(command, o);
        command
            .add_option("--format", o.format,
                        "evidence (default), csv, jsonl, ocsf, or html (a report to print)")
            ->check(CLI::IsMember({"evidence", "csv", "jsonl", "ocsf", "html"}));
        command.add_option("-o,--output", o.output, "file to write (default: standard output)");
      },
      [&context](const SearchOptions& o) { return export_evidence(context, o); });
  add_audit_verify(program, *group);
  add_audit_unpack(program, *group);
  add_audit_reconcile(program, *group);
  add_audit_check(program, *group);
  add_audit_witness(program, *group);
  add_audit_people(program, *group);
  add_audit_holds(program, *group);
}

}  // namespace hetao::cli
