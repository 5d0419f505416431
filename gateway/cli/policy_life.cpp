// hetao policy propose/show/approve/reject/withdraw/activate/history: a change of the policy in force, by two
// persons.
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <map>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/policy_commands.h"
#include "gateway/cli/policy_diff.h"
#include "gateway/cli/show.h"
#include "gateway/files/pack_folder.h"
#include "policy/bundle.h"

namespace hetao::cli {

namespace {

constexpr size_t kCasesShown = 8;
constexpr long kCheckSecondsMax = 900;
constexpr size_t kAnswerBytesMax = size_t{64} << 20U;

struct ProposeOptions {
  std::string pack;
  std::string reason;
};

struct ProposalOptions {
  std::string id;
  std::string reason;
};

std::string short_digest(const json::object& object, std::string_view name) {
  return text_at(object, name).substr(0, 12);
}

std::string pack_line(const json::object& pack) {
  std::string out = text_at(pack, "name") + " " + text_at(pack, "version");
  if (const std::string edition = text_at(pack, "edition"); !edition.empty()) out += ", edition " + edition;
  if (const std::string signer = text_at(pack, "signer"); !signer.empty()) out += ", signed by " + signer;
  return out + (flag_at(pack, "shadow") ? ", shadow" : "");
}

std::string case_line(const json::object& one) {
  std::vector<std::string> parts;
  for (const auto& test : object_at(one, "when"))
    parts.push_back(case_phrase({std::string(test.key()), test.value()}));
  return join(parts, "; ");
}

void print_cases(const Context& context, const json::object& diff) {
  std::map<std::string, std::vector<const json::object*>> groups;
  for (const json::value& value : list_at(diff, "cases")) {
    const json::object& one = value.get_object();
    groups[text_at(one, "from") + " " + text_at(one, "to")].push_back(&one);
  }
  for (auto& [effects, cases] : groups) {
    std::sort(cases.begin(), cases.end(), [](const json::object* a, const json::object* b) {
      const int64_t more = number_at(*a, "decisions") - number_at(*b, "decisions");
      return more != 0 ? more > 0 : a < b;  // both in one list
    });
    int64_t decisions = 0;
    for (const json::object* one : cases) decisions += number_at(*one, "decisions");
    context.print(context.verdict(text_at(*cases.front(), "from")) + " → " +
                  context.verdict(text_at(*cases.front(), "to")) + ": " + std::to_string(cases.size()) +
                  (cases.size() == 1 ? " case, " : " cases, ") + std::to_string(decisions) +
                  " of the recorded decisions");
    for (size_t i = 0; i < std::min(cases.size(), kCasesShown); ++i)
      context.print("  " + std::to_string(number_at(*cases[i], "decisions")) + "×  when " +
                    case_line(*cases[i]));
    if (cases.size() > kCasesShown)
      context.print("  and " + std::to_string(cases.size() - kCasesShown) + " more (--json lists them)");
  }
}

void print_proposal(const Context& context, const json::object& proposal) {
  const json::object& pack = object_at(proposal, "pack");
  context.print(context.strong(text_at(proposal, "id")) + "  " + context.state(text_at(proposal, "state")) +
                "  " + pack_line(pack));
  context.print("pack   " + text_at(pack, "digest"));
  context.print("base   " + text_at(proposal, "base"));
  context.print("diff   " + text_at(proposal, "diff_digest") + "  " + text_at(proposal, "summary"));
  context.print("by     " + printable(text_at(proposal, "proposed_by")) + ", " +
                local_time(text_at(proposal, "proposed")) + "  " + printable(text_at(proposal, "reason")));
  if (const std::string by = text_at(proposal, "answered_by"); !by.empty())
    context.print("answer " + printable(by) + ", " + local_time(text_at(proposal, "answered")) + "  " +
                  printable(text_at(proposal, "answer")));
}

// The proposal that the caller means: its id, or the beginning of its pack's digest.
Result<json::object> find_proposal(const Client& client, const std::string& name) {
  const auto all = client.get("/api/v1/policy/proposals");
  if (!all) return fail(all.error());
  std::vector<std::string> found;
  constexpr size_t kPrefixMin = 6;
  for (const json::value& value : list_at(all->get_object(), "proposals")) {
    const json::object& one = value.get_object();
    if (text_at(one, "id") == name) {
      found = {name};
      break;
    }
    const bool is_open = text_at(one, "state") == "proposed" || text_at(one, "state") == "approved";
    if (is_open && name.size() >= kPrefixMin && text_at(object_at(one, "pack"), "digest").starts_with(name))
      found.push_back(text_at(one, "id"));
  }
  if (found.size() != 1) {
    return fail(ErrorCode::kNotFound, "proposal " + name,
                found.empty() ? "is not known here" : "is the beginning of more than one digest",
                "`hetao policy history` shows them");
  }
  auto whole = client.get("/api/v1/policy/proposals/" + percent_encode(found.front()));
  if (!whole) return fail(whole.error());
  return std::move(whole->get_object());
}

int propose(const Context& context, const ProposeOptions& o) {
  PackBody pack = pack_body(context, o.pack);
  if (pack.exit_code != 0) return pack.exit_code;
  if (!o.reason.empty()) pack.body["reason"] = o.reason;
  const auto answer = post_pack(context, "/api/v1/policy/proposals", pack.body);
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& proposal = answer->get_object();
  print_proposal(context, proposal);
  print_report(context, object_at(proposal, "report"));
  context.remark("another policy administrator approves it: hetao policy approve " + text_at(proposal, "id"));
  return 0;
}

int show(const Context& context, const ProposalOptions& o) {
  const auto proposal = find_proposal(Client(context), o.id);
  if (!proposal) return report(context, proposal.error());
  if (context.json) return context.print_json(*proposal), 0;
  print_proposal(context, *proposal);
  print_report(context, object_at(*proposal, "report"));
  return 0;
}

// An approval names what was looked at: the pack, and the difference that it makes.
int answer(const Context& context, const ProposalOptions& o, const char* verb) {
  const Client client(context);
  const auto proposal = find_proposal(client, o.id);
  if (!proposal) return report(context, proposal.error());
  json::object body = {{"pack", text_at(object_at(*proposal, "pack"), "digest")},
                       {"diff_digest", text_at(*proposal, "diff_digest")}};
  if (!o.reason.empty()) body["reason"] = o.reason;
  const auto answered =
      client.post("/api/v1/policy/proposals/" + percent_encode(text_at(*proposal, "id")) + "/" + verb, body);
  if (!answered) return report(context, answered.error());
  if (context.json) return context.print_json(*answered), 0;
  print_proposal(context, answered->get_object());
  return 0;
}

int activate(const Context& context, const ProposalOptions& o) {
  json::object body = {{"pack", o.id}};
  if (!o.reason.empty()) body["reason"] = o.reason;
  const auto answer = Client(context).post("/api/v1/policy/activations", body);
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& pack = object_at(answer->get_object(), "pack");
  context.print(pack_line(pack) +
                (flag_at(pack, "shadow") ? " runs beside the policy in force: " : " is in force: ") +
                text_at(pack, "digest"));
  return 0;
}

int history(const Context& context) {
  const auto answer = Client(context).get("/api/v1/policy/history");
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& all = answer->get_object();
  Table activations({"NUMBER", "TIME", "PACK", "DIGEST", "BY", "APPROVED", "LEDGER", "REASON"});
  for (const json::value& value : list_at(all, "activations")) {
    const json::object& one = value.get_object();
    const json::object& pack = object_at(one, "pack");
    const std::string digest = short_digest(pack, "digest");
    activations.add({text_at(one, "number"), local_time(text_at(one, "at")), pack_line(pack),
                     text_at(pack, "digest") == text_at(all, "active") ? context.good(digest) : digest,
                     printable(text_at(one, "by")) + (flag_at(one, "rollback") ? " (rolled back)" : ""),
                     printable(text_at(one, "approved_by")), text_at(one, "ledger_sequence"),
                     printable(text_at(one, "reason"))});
  }
  activations.print(context);
  Table proposals({"ID", "STATE", "TIME", "PACK", "DIGEST", "BY", "CHANGES", "ANSWERED", "REASON"});
  for (const json::value& value : list_at(all, "proposals")) {
    const json::object& one = value.get_object();
    const json::object& pack = object_at(one, "pack");
    proposals.add({text_at(one, "id"), context.state(text_at(one, "state")),
                   local_time(text_at(one, "proposed")), pack_line(pack), short_digest(pack, "digest"),
                   printable(text_at(one, "proposed_by")), text_at(one, "summary"),
                   printable(text_at(one, "answered_by")), printable(text_at(one, "reason"))});
  }
  if (!list_at(all, "proposals").empty()) context.print("");
  proposals.print(context);
  return 0;
}

}  // namespace

PackBody pack_body(const Context& context, const std::string& pack) {
  PackBody out;
  std::error_code error;
  if (!std::filesystem::is_directory(pack, error)) {
    auto text = read_file(pack);
    if (!text) {
      out.exit_code = report(context, text.error());
      return out;
    }
    const auto parts = policy::split_bundle(*text);
    if (!parts) {
      Error wrong = parts.error();
      wrong.what = pack;
      wrong.hint = "the folder of a pack, or a file that `hetao policy bundle` made";
      out.exit_code = report(context, wrong);
      return out;
    }
    out.body["bundle"] = *text;
    return out;
  }
  // Loaded here first: mistakes are told with their places on this disk.
  if (const auto loaded = files::load_pack_folder(pack); !loaded) {
    out.exit_code = report(context, loaded.error());
    return out;
  }
  const auto files = files::read_pack_folder(pack);
  if (!files) {
    out.exit_code = report(context, files.error());
    return out;
  }
  json::object object;
  for (const policy::SourceFile& file : *files) object[file.name] = file.text;
  out.body["files"] = std::move(object);
  return out;
}

Result<json::value> post_pack(const Context& context, const std::string& target, const json::value& body) {
  Call call;
  call.method = "POST";
  call.target = target;
  call.body = json::serialize(body);
  call.headers["Content-Type"] = "application/json";
  call.timeout_seconds = kCheckSecondsMax;
  const auto reply = Client(context).send(call);
  if (!reply) return fail(reply.error());
  if (reply->status < 200 || reply->status > 299) return fail(error_of(*reply, "POST " + target));
  return parse_json(reply->body, "answer of the gateway", kAnswerBytesMax);
}

void print_report(const Context& context, const json::object& report) {
  const json::object& tests = object_at(report, "tests");
  const size_t failed = list_at(tests, "failures").size();
  context.print("tests  " + std::to_string(number_at(tests, "run") - static_cast<int64_t>(failed)) + " of " +
                text_at(tests, "run") + " passed, " + std::to_string(list_at(tests, "unexercised").size()) +
                " rules without one");
  size_t warnings = 0;
  const json::array& findings = list_at(object_at(report, "lint"), "findings");
  for (const json::value& finding : findings)
    warnings += text_at(finding.get_object(), "severity") == "warning" ? 1 : 0;
  context.print("lint   " + std::to_string(warnings) + " warnings, " +
                std::to_string(findings.size() - warnings) + " notes");
  const json::object& history = object_at(report, "history");
  context.print("weighed by the newest " + text_at(history, "decisions") + " decisions, of which " +
                text_at(history, "replayable") + " could be made again");
  const json::object& diff = object_at(report, "diff");
  if (!flag_at(diff, "changed")) return context.print("no change: proved for every request");
  print_cases(context, diff);
  if (flag_at(diff, "gave_up"))
    context.print(context.warn("gave up: there may be differences that are not listed"));
}

int diff_with_active(const Context& context, const std::string& pack) {
  const PackBody body = pack_body(context, pack);
  if (body.exit_code != 0) return body.exit_code;
  const auto answer = post_pack(context, "/api/v1/policy/check", body.body);
  if (!answer) return report(context, answer.error());
  if (context.json) {
    json::object out = object_at(answer->get_object(), "diff");
    out["base"] = text_at(answer->get_object(), "base");
    out["history"] = object_at(answer->get_object(), "history");
    return context.print_json(out), 0;
  }
  print_report(context, answer->get_object());
  return 0;
}

void add_policy_life(CLI::App& group, Program& program) {
  const Context& context = program.context;
  add_command<ProposeOptions>(
      group, program.chosen, "propose",
      "test a pack, compare it with the policy in force, and ask for approval",
      [](CLI::App& command, ProposeOptions& o) {
        command.add_option("PACK", o.pack, "folder of the pack, or a signed bundle")->required();
        command.add_option("--reason", o.reason, "why; it goes into the ledger");
      },
      [&context](const ProposeOptions& o) { return propose(context, o); });
  const auto describe = [](CLI::App& command, ProposalOptions& o) {
    command.add_option("ID", o.id, "the proposal, or the beginning of its pack's digest")->required();
    command.add_option("--reason", o.reason, "why; it goes into the ledger");
  };
  add_command<ProposalOptions>(
      group, program.chosen, "show", "one proposal: tests, lint, and exactly what it would change",
      [](CLI::App& command, ProposalOptions& o) {
        command.add_option("ID", o.id, "the proposal, or the beginning of its pack's digest")->required();
      },
      [&context](const ProposalOptions& o) { return show(context, o); });
  add_command<ProposalOptions>(
      group, program.chosen, "approve", "as a second person: let this pack make exactly this change",
      describe, [&context](const ProposalOptions& o) { return answer(context, o, "approve"); });
  add_command<ProposalOptions>(group, program.chosen, "reject", "as a second person: no", describe,
                               [&context](const ProposalOptions& o) { return answer(context, o, "reject"); });
  add_command<ProposalOptions>(
      group, program.chosen, "withdraw", "take a proposal or an approval back", describe,
      [&context](const ProposalOptions& o) { return answer(context, o, "withdraw"); });
  add_command<ProposalOptions>(
      group, program.chosen, "activate", "put an approved pack, or one that was in force before, in force",
      [](CLI::App& command, ProposalOptions& o) {
        command.add_option("PACK", o.id, "a proposal, or a pack's digest or its beginning")->required();
        command.add_option("--reason", o.reason, "why; it goes into the ledger");
      },
      [&context](const ProposalOptions& o) { return activate(context, o); });
  add_command<ProposeOptions>(
      group, program.chosen, "history", "what was in force when, by whom, and what was proposed",
      [](CLI::App&, ProposeOptions&) {}, [&context](const ProposeOptions&) { return history(context); });
}

}  // namespace hetao::cli
