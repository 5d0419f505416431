// hetao audit search/show/export, on a gateway; verify and reconcile, offline on folders and exports.
#include <boost/json/serialize.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/show.h"
#include "gateway/ledger/evidence.h"
#include "gateway/ledger/reconcile.h"
#include "gateway/ledger/verify_log.h"

namespace hetao::cli {

namespace {

namespace fs = std::filesystem;

struct SearchOptions {
  std::string kind, job, crossing, who, peer, decision, direction, rule, digest, since, until;
  std::string output;
  int limit = 100;
};

struct ShowOptions {
  uint64_t sequence = 0;
};

struct VerifyOptions {
  std::string path;
  std::string keys;
  size_t witnesses = 0;
};

struct ReconcileOptions {
  std::string first;
  std::string second;
};

std::string filters_of(const SearchOptions& o, bool with_limit) {
  return query_of({{"kind", o.kind},
                   {"job", o.job},
                   {"crossing", o.crossing},
                   {"who", o.who},
                   {"peer", o.peer},
                   {"decision", o.decision},
                   {"direction", o.direction},
                   {"rule", o.rule},
                   {"item_digest", o.digest},
                   {"since", o.since},
                   {"until", o.until},
                   {"limit", with_limit ? std::to_string(o.limit) : std::string()}});
}

std::string rules_of(const json::object& entry) {
  std::string rules;
  for (const json::value& rule : list_at(entry, "rules")) {
    if (rule.is_string()) rules += (rules.empty() ? "" : " ") + std::string(rule.get_string());
  }
  return rules;
}

int search(const Context& context, const SearchOptions& o) {
  const auto answer = Client(context).get("/api/v1/audit/entries" + filters_of(o, true));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  Table table({"SEQUENCE", "TIME", "KIND", "JOB", "DECISION", "RULES", "ITEM", "REASON"});
  for (const json::value& value : list_at(answer->get_object(), "entries")) {
    const json::object& entry = value.get_object();
    table.add({text_at(entry, "sequence"), local_time(text_at(entry, "time")), text_at(entry, "kind"),
               text_at(entry, "job"), text_at(entry, "decision"), rules_of(entry),
               text_at(entry, "item_digest").substr(0, 24), printable(text_at(entry, "reason"))});
  }
  table.print(context);
  if (!text_at(answer->get_object(), "next_cursor").empty())
    context.remark("there are more: narrow the search, or raise --limit");
  return 0;
}

int show(const Context& context, const ShowOptions& o) {
  const auto answer = Client(context).get("/api/v1/audit/entries/" + std::to_string(o.sequence));
  if (!answer) return report(context, answer.error());
  if (context.json) return context.print_json(*answer), 0;
  const json::object& entry = object_at(answer->get_object(), "entry");
  for (const auto& member : entry)
    context.print(std::string(member.key()) + ": " + printable(text_at(entry, member.key())));
  context.print("");
  context.print(text_at(object_at(answer->get_object(), "proof"), "tlog_proof"));
  return 0;
}

int export_evidence(const Context& context, const SearchOptions& o) {
  std::string content;
  Call call{"GET", "/api/v1/audit/export" + filters_of(o, false), {}, {}, 300, {}};
  call.sink = [&](std::string_view piece) {
    content += piece;
    return true;
  };
  const auto reply = Client(context).send(call);
  if (!reply) return report(context, reply.error());
  if (reply->status != 200) return report(context, error_of(*reply, "export"));
  if (o.output.empty() || o.output == "-") {
    std::cout << content << std::flush;
    return 0;
  }
  if (auto written = write_file(o.output, content); !written) return report(context, written.error());
  if (context.json) {
    context.print_json(json::object{{"file", o.output}, {"bytes", content.size()}});
  } else {
    context.print(o.output + "  " + human_bytes(content.size()));
  }
  return 0;
}

ledger::FileReader reader_of(const fs::path& folder) {
  return [folder](const std::string& name) -> Result<Bytes> {
    const fs::path path = folder / name;
    std::error_code error;
    if (!fs::is_regular_file(path, error))
      return fail(ErrorCode::kNotFound, path.string(), "is not there", {});
    const auto text = read_file(path.string());
    if (!text) return fail(text.error());
    const ByteView bytes = as_bytes(*text);
    return Bytes(bytes.begin(), bytes.end());
  };
}

Result<std::vector<ledger::VerifierKey>> keys_of(const std::string& file) {
  if (file.empty()) return std::vector<ledger::VerifierKey>();
  const auto text = read_file(file);
  if (!text) return fail(text.error());
  return ledger::parse_vkeys(*text, file);
}

// Log keys and witness keys stand in one file; their type tells them apart.
void sort_keys(const std::vector<ledger::VerifierKey>& keys, std::vector<ledger::VerifierKey>& log,
               std::vector<ledger::VerifierKey>& witness) {
  for (const ledger::VerifierKey& key : keys)
    (key.type == ledger::kEd25519Cosignature ? witness : log).push_back(key);
}

void say_verified(const Context& context, const std::string& path, const ledger::SignedCheckpoint& head,
                  uint64_t entries, bool pinned) {
  if (context.json) {
    json::array signers;
    for (const auto& signature : head.log_signatures) signers.emplace_back(signature.key.name);
    json::array witnesses;
    for (const auto& signature : head.cosignatures) witnesses.emplace_back(signature.key.name);
    return context.print_json(json::object{{"verified", true},
                                           {"path", path},
                                           {"origin", head.checkpoint.origin},
                                           {"size", head.checkpoint.size},
                                           {"root", to_base64(head.checkpoint.root.view())},
                                           {"entries", entries},
                                           {"signatures", signers},
                                           {"cosignatures", witnesses},
                                           {"keys_pinned", pinned}});
  }
  context.print(context.good("verified") + "  " + path + ": " + std::to_string(entries) + " entries of " +
                std::to_string(head.checkpoint.size) + " in the log of " + head.checkpoint.origin);
  context.print("  root " + to_base64(head.checkpoint.root.view()) + ", " +
                std::to_string(head.log_signatures.size()) + " signatures, " +
                std::to_string(head.cosignatures.size()) + " cosignatures");
  if (!pinned)
    context.print("  the keys came with the data: name yours with --keys to know whose signatures these are");
}

int verify(const Context& context, const VerifyOptions& o) {
  const auto keys = keys_of(o.keys);
  if (!keys) return report(context, keys.error());
  std::error_code error;
  if (fs::is_directory(o.path, error)) {
    const fs::path folder = fs::exists(fs::path(o.path) / "ledger" / "checkpoint", error)
                                ? fs::path(o.path) / "ledger"
                                : fs::path(o.path);
    ledger::VerifyOptions options;
    sort_keys(*keys, options.log_keys, options.witness_keys);
    options.cosignatures_min = o.witnesses;
    const auto result = ledger::verify_log(reader_of(folder), options);
    if (!result) return report(context, result.error());
    say_verified(context, folder.string(), result->head, result->entries, result->keys_are_pinned);
    return 0;
  }
  const auto text = read_file(o.path);
  if (!text) return report(context, text.error());
  ledger::EvidenceOptions options;
  sort_keys(*keys, options.log_keys, options.witness_keys);
  options.cosignatures_min = o.witnesses;
  const auto result = ledger::verify_evidence(*text, options);
  if (!result) return report(context, result.error());
  say_verified(context, o.path, result->head, result->entries, result->keys_are_pinned);
  return 0;
}

// The entries of a ledger folder or an evidence file, verified on the way.
Result<std::vector<ledger::Entry>> entries_of(const std::string& path) {
  std::vector<ledger::Entry> all;
  const auto take = [&](uint64_t, const ledger::Entry& entry, std::string_view) { all.push_back(entry); };
  std::error_code error;
  if (fs::is_directory(path, error)) {
    const fs::path folder = fs::exists(fs::path(path) / "ledger" / "checkpoint", error)
                                ? fs::path(path) / "ledger"
                                : fs::path(path);
    ledger::VerifyOptions options;
    options.on_entry = take;
    if (const auto done = ledger::verify_log(reader_of(folder), options); !done) return fail(done.error());
    return all;
  }
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  ledger::EvidenceOptions options;
  options.on_entry = take;
  if (const auto done = ledger::verify_evidence(*text, options); !done) return fail(done.error());
  return all;
}

json::value to_json(const std::optional<ledger::Booked>& booked) {
  if (!booked) return nullptr;
  return json::object{{"region", booked->region},
                      {"sequence", booked->sequence},
                      {"time", to_rfc3339(booked->time)},
                      {"item_digest", booked->item_digest},
                      {"item_bytes", booked->item_bytes}};
}

int show_report(const Context& context, const ledger::ReconcileReport& result) {
  const bool agree = result.mismatches.empty();
  if (context.json) {
    json::array mismatches;
    for (const ledger::Mismatch& one : result.mismatches) {
      mismatches.push_back(json::object{{"finding", ledger::to_word(one.finding)},
                                        {"crossing", one.crossing},
                                        {"job", one.job},
                                        {"departed", to_json(one.departed)},
                                        {"arrived", to_json(one.arrived)},
                                        {"detail", one.detail}});
    }
    context.print_json(json::object{{"agree", agree},
                                    {"matched", result.matched},
                                    {"under_way", result.under_way},
                                    {"recalled", result.recalled},
                                    {"bytes", result.bytes_matched},
                                    {"mismatches", mismatches}});
    return agree ? 0 : static_cast<int>(ErrorCode::kVerification);
  }
  for (const ledger::Mismatch& one : result.mismatches) {
    context.print(context.bad(ledger::to_word(one.finding)) + "  " + one.crossing + ": " + one.detail);
  }
  context.print((agree ? context.good("the books agree") : context.bad("the books do not agree")) + ": " +
                std::to_string(result.matched) + " crossings matched, " + human_bytes(result.bytes_matched) +
                ", " + std::to_string(result.under_way) + " under way, " + std::to_string(result.recalled) +
                " recalled, " + std::to_string(result.mismatches.size()) + " mismatches");
  return agree ? 0 : static_cast<int>(ErrorCode::kVerification);
}

int reconcile(const Context& context, const ReconcileOptions& o) {
  const auto first = entries_of(o.first);
  if (!first) return report(context, first.error());
  const auto second = entries_of(o.second);
  if (!second) return report(context, second.error());
  if (first->empty() || second->empty()) {
    return report(context, Error{ErrorCode::kUsage, first->empty() ? o.first : o.second, "holds no entries",
                                 "give two ledgers or exports"});
  }
  ledger::Reconciler books(first->front().region, second->front().region);
  Instant newest;
  for (const auto* side : {&*first, &*second}) {
    for (const ledger::Entry& entry : *side) {
      if (auto added = books.add(entry); !added) return report(context, added.error());
      newest = std::max(newest, entry.time);
    }
  }
  return show_report(context, books.report(newest));
}

void describe_filters(CLI::App& command, SearchOptions& o) {
  command.add_option("--kind", o.kind,
                     "decision, departed, arrived, review, job-state, policy-activated, admin, …");
  command.add_option("--job", o.job, "of this job");
  command.add_option("--crossing", o.crossing, "of this crossing");
  command.add_option("--who", o.who, "by this person or part (as the ledger names them)");
  command.add_option("--peer", o.peer, "with this region");
  command.add_option("--decision", o.decision, "permit, hold, forbid");
  command.add_option("--direction", o.direction, "in or out")->check(CLI::IsMember({"in", "out"}));
  command.add_option("--rule", o.rule, "that this rule made");
  command.add_option("--digest", o.digest, "of this item");
  command.add_option("--since", o.since, "from this time on (RFC 3339)");
  command.add_option("--until", o.until, "before this time (RFC 3339)");
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
      },
      [&context](const SearchOptions& o) { return search(context, o); });
  add_command<ShowOptions>(
      *group, program.chosen, "show", "one entry with its proof",
      [](CLI::App& command, ShowOptions& o) {
        command.add_option("SEQUENCE", o.sequence, "number of the entry")->required();
      },
      [&context](const ShowOptions& o) { return show(context, o); });
  add_command<SearchOptions>(
      *group, program.chosen, "export",
      "evidence in one file, which `hetao audit verify` checks without a gateway",
      [](CLI::App& command, SearchOptions& o) {
        describe_filters(command, o);
        command.add_option("-o,--output", o.output, "file to write (default: standard output)");
      },
      [&context](const SearchOptions& o) { return export_evidence(context, o); });
  add_command<VerifyOptions>(
      *group, program.chosen, "verify",
      "prove offline that a ledger folder or an evidence file is whole; exit 6 if not",
      [](CLI::App& command, VerifyOptions& o) {
        command.add_option("PATH", o.path, "evidence file, ledger folder, or a gateway's data folder")
            ->required();
        command.add_option("--keys", o.keys, "file of verifier keys that you trust, one a line");
        command.add_option("--witnesses", o.witnesses, "ask for cosignatures of this many witnesses");
      },
      [&context](const VerifyOptions& o) { return verify(context, o); });
  add_command<ReconcileOptions>(
      *group, program.chosen, "reconcile",
      "match every departure with its arrival over two ledgers; exit 6 if they differ",
      [](CLI::App& command, ReconcileOptions& o) {
        command.add_option("FIRST", o.first, "ledger folder or evidence of one region")->required();
        command.add_option("SECOND", o.second, "of the other region")->required();
      },
      [&context](const ReconcileOptions& o) { return reconcile(context, o); });
}

}  // namespace hetao::cli
