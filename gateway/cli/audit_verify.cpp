// hetao audit verify/reconcile: offline, on ledger folders, exports, checkpoints and proofs.
#include <boost/json/serialize.hpp>
#include <iostream>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/ledger_files.h"
#include "gateway/cli/show.h"
#include "gateway/ledger/reconcile.h"
#include "gateway/ledger/tlog_proof.h"

namespace hetao::cli {

namespace {

struct VerifyOptions {
  std::string path;
  std::string keys;
  std::string policy;
  std::string since;
  std::string entry;
  size_t witnesses = 0;
};

struct ReconcileOptions {
  std::string first;
  std::string second;
  std::string late_after = "1d";
  std::string settle = "10m";
};

json::object head_view(const ledger::SignedCheckpoint& head) {
  json::array signers;
  for (const auto& signature : head.log_signatures) signers.emplace_back(signature.key.name);
  json::array witnesses;
  json::array times;
  for (const auto& signature : head.cosignatures) {
    witnesses.emplace_back(signature.key.name);
    if (signature.time) times.emplace_back(to_rfc3339(*signature.time));
  }
  return {{"origin", head.checkpoint.origin},
          {"size", head.checkpoint.size},
          {"root", to_base64(head.checkpoint.root.view())},
          {"signatures", signers},
          {"cosignatures", witnesses},
          {"cosigned_at", times}};
}

void say_head(const Context& context, const ledger::SignedCheckpoint& head, bool pinned) {
  context.print("  root " + to_base64(head.checkpoint.root.view()) + ", " +
                std::to_string(head.log_signatures.size()) + " signatures, " +
                std::to_string(head.cosignatures.size()) + " cosignatures");
  for (const auto& one : head.cosignatures)
    if (one.time) context.print("  cosigned by " + one.key.name + " at " + local_time(to_rfc3339(*one.time)));
  if (!pinned)
    context.print("  the keys came with the data: name yours with --keys to know whose signatures these are");
}

// Holds the log against a checkpoint that the auditor took away earlier.
Result<uint64_t> hold_since(const VerifyOptions& o, const Trust& trust, const VerifiedLedger& now) {
  const auto text = read_file(o.since);
  if (!text) return fail(text.error());
  std::vector<ledger::VerifierKey> keys = trust.log_keys;
  if (keys.empty()) {
    for (const auto& one : now.head.log_signatures) keys.push_back(one.key);
  }
  const auto before = ledger::open_checkpoint(*text, keys, trust.witness_keys);
  if (!before) return fail(before.error());
  const ledger::Checkpoint& old = before->checkpoint;
  const ledger::Checkpoint& head = now.head.checkpoint;
  if (old.origin != head.origin || old.size > head.size)
    return fail(ErrorCode::kVerification, o.since,
                "it is of " + std::to_string(old.size) + " entries of " + printable(old.origin) +
                    ": this log has been cut back or is another",
                "keep both: together they prove it");
  ledger::TileReader tiles(head.size, ledger_reader(o.path));
  const auto root = ledger::prove_old_root(tiles, old.size, head.size, head.root);
  if (!root) return fail(root.error());
  if (*root != old.root)
    return fail(ErrorCode::kVerification, o.since,
                "its " + std::to_string(old.size) + " entries are not the first ones of this log",
                "keep both: together they prove that history was rewritten");
  return old.size;
}

int verify_proof(const Context& context, const VerifyOptions& o, const std::string& text,
                 const Trust& trust) {
  const auto proof = ledger::parse_tlog_proof(text);
  if (!proof) return report(context, proof.error());
  if (!trust.is_pinned() || o.entry.empty())
    return report(context, Error{ErrorCode::kUsage, o.path,
                                 "a proof is checked for an entry and with a key that you know",
                                 "--entry FILE (the entry's exact bytes) and --keys FILE"});
  auto entry = read_file(o.entry);
  if (!entry) return report(context, entry.error());
  if (entry->ends_with('\n')) entry->pop_back();
  const auto head = ledger::verify_tlog_proof(*proof, as_bytes(*entry), trust.log_keys, trust.witness_keys);
  if (!head) return report(context, head.error());
  if (head->cosignatures.size() < trust.witnesses ||
      (trust.policy && !ledger::open_checkpoint(proof->checkpoint, *trust.policy)))
    return report(context, Error{ErrorCode::kVerification, o.path,
                                 "its checkpoint is not cosigned as asked for", "get a newer proof"});
  if (context.json) {
    json::object out = head_view(*head);
    out["verified"] = true;
    out["path"] = o.path;
    out["index"] = proof->index;
    context.print_json(out);
    return 0;
  }
  context.print(context.good("verified") + "  " + o.path + ": entry " + std::to_string(proof->index) +
                " of " + std::to_string(head->checkpoint.size) + " in the log of " + head->checkpoint.origin);
  say_head(context, *head, true);
  return 0;
}

// A checkpoint alone: its signatures.
int verify_checkpoint(const Context& context, const VerifyOptions& o, const std::string& text,
                      const Trust& trust) {
  if (!trust.is_pinned())
    return report(context, Error{ErrorCode::kUsage, o.path,
                                 "a checkpoint is checked with a key that you know", "--keys FILE"});
  const auto head = trust.policy ? ledger::open_checkpoint(text, *trust.policy)
                                 : ledger::open_checkpoint(text, trust.log_keys, trust.witness_keys);
  if (!head) return report(context, head.error());
  if (head->cosignatures.size() < trust.witnesses)
    return report(context, Error{ErrorCode::kVerification,
                                 o.path,
                                 std::to_string(head->cosignatures.size()) + " known witnesses cosigned it",
                                 {}});
  if (context.json) {
    json::object out = head_view(*head);
    out["verified"] = true;
    out["path"] = o.path;
    context.print_json(out);
    return 0;
  }
  context.print(context.good("verified") + "  " + o.path + ": checkpoint of " +
                std::to_string(head->checkpoint.size) + " entries in the log of " + head->checkpoint.origin);
  say_head(context, *head, true);
  return 0;
}

// A tenant's monthly statement: a signed note that is no checkpoint.
int verify_statement(const Context& context, const VerifyOptions& o, const std::string& text,
                     const Trust& trust) {
  if (!trust.is_pinned())
    return report(context, Error{ErrorCode::kUsage, o.path, "a statement is checked with a key that you know",
                                 "--keys FILE"});
  const auto note = ledger::parse_note(text);
  if (!note) return report(context, note.error());
  const auto check = ledger::verify_note(*note, trust.log_keys);
  if (!check) return report(context, check.error());
  if (context.json) {
    context.print_json(json::object{{"verified", true}, {"path", o.path}, {"statement", note->text}});
  } else {
    context.print(context.good("verified") + "  " + o.path + ": signed by " +
                  check->verified.front().key.name);
    context.print(note->text);
  }
  return 0;
}

int verify(const Context& context, const VerifyOptions& o) {
  const auto trust = read_trust(o.keys, o.policy, o.witnesses);
  if (!trust) return report(context, trust.error());
  if (!is_ledger_folder(o.path)) {
    const auto text = read_file(o.path);
    if (!text) return report(context, text.error());
    if (text->starts_with("c2sp.org/tlog-proof@")) return verify_proof(context, o, *text, *trust);
    if (text->starts_with("hetao-statement/")) return verify_statement(context, o, *text, *trust);
    if (ledger::parse_note(*text)) return verify_checkpoint(context, o, *text, *trust);
  }
  const auto result = verify_ledger(o.path, *trust);
  if (!result) return report(context, result.error());
  std::optional<uint64_t> since;
  if (!o.since.empty()) {
    const auto held = hold_since(o, *trust, *result);
    if (!held) return report(context, held.error());
    since = *held;
  }
  if (context.json) {
    json::object out = head_view(result->head);
    out["verified"] = true;
    out["path"] = result->place;
    out["entries"] = result->entries;
    out["keys_pinned"] = result->keys_are_pinned;
    if (since) out["extends"] = *since;
    json::array attachments;
    for (const std::string& name : result->attachments) attachments.emplace_back(name);
    if (!attachments.empty()) out["attachments"] = std::move(attachments);
    context.print_json(out);
    return 0;
  }
  context.print(context.good("verified") + "  " + result->place + ": " + std::to_string(result->entries) +
                " entries of " + std::to_string(result->head.checkpoint.size) + " in the log of " +
                result->head.checkpoint.origin);
  if (since) context.print("  it extends your checkpoint of " + std::to_string(*since) + " entries");
  say_head(context, result->head, result->keys_are_pinned);
  return 0;
}

// --- reconcile

json::value to_json(const std::optional<ledger::Booked>& booked, const std::string& proof) {
  if (!booked) return nullptr;
  json::object out{{"region", booked->region},
                   {"sequence", booked->sequence},
                   {"time", to_rfc3339(booked->time)},
                   {"item_digest", booked->item_digest},
                   {"item_bytes", booked->item_bytes}};
  if (!proof.empty()) out["proof"] = proof;
  return out;
}

struct Book {
  std::string path;
  std::string region;
  VerifiedLedger verified;
};

std::string proof_of(const std::optional<ledger::Booked>& booked, const Book& first, const Book& second) {
  if (!booked) return {};
  const Book& book = booked->region == first.region ? first : second;
  return proof_of_entry(book.path, book.verified, booked->sequence).value_or("");
}

int show_report(const Context& context, const ledger::ReconcileReport& result, const Book& first,
                const Book& second) {
  const bool agree = result.mismatches.empty();
  if (context.json) {
    json::array mismatches;
    for (const ledger::Mismatch& one : result.mismatches) {
      mismatches.push_back(
          json::object{{"finding", ledger::to_word(one.finding)},
                       {"crossing", one.crossing},
                       {"job", one.job},
                       {"departed", to_json(one.departed, proof_of(one.departed, first, second))},
                       {"arrived", to_json(one.arrived, proof_of(one.arrived, first, second))},
                       {"detail", one.detail}});
    }
    context.print_json(
        json::object{{"agree", agree},
                     {"matched", result.matched},
                     {"under_way", result.under_way},
                     {"recalled", result.recalled},
                     {"bytes", result.bytes_matched},
                     {"books", json::array{head_view(first.verified.head), head_view(second.verified.head)}},
                     {"mismatches", mismatches}});
    return agree ? 0 : static_cast<int>(ErrorCode::kVerification);
  }
  for (const ledger::Mismatch& one : result.mismatches)
    context.print(context.bad(ledger::to_word(one.finding)) + "  " + one.crossing + ": " + one.detail);
  context.print((agree ? context.good("the books agree") : context.bad("the books do not agree")) + ": " +
                std::to_string(result.matched) + " crossings matched, " + human_bytes(result.bytes_matched) +
                ", " + std::to_string(result.under_way) + " under way, " + std::to_string(result.recalled) +
                " recalled, " + std::to_string(result.mismatches.size()) + " mismatches");
  return agree ? 0 : static_cast<int>(ErrorCode::kVerification);
}

// What the gateway itself finds when it matches its book with its peers'.
int reconcile_online(const Context& context) {
  const auto answer = Client(context).get("/api/v1/audit/reconcile");
  if (!answer) return report(context, answer.error());
  const json::object& whole = answer->get_object();
  bool agree = true;
  for (const json::value& value : list_at(whole, "peers"))
    agree = agree && flag_at(value.get_object(), "agree");
  if (context.json) {
    context.print_json(*answer);
    return agree ? 0 : static_cast<int>(ErrorCode::kVerification);
  }
  for (const json::value& value : list_at(whole, "peers")) {
    const json::object& peer = value.get_object();
    for (const json::value& one : list_at(peer, "mismatches"))
      context.print(context.bad(text_at(one.get_object(), "finding")) + "  " +
                    text_at(one.get_object(), "crossing") + ": " +
                    printable(text_at(one.get_object(), "detail")));
    context.print(
        (flag_at(peer, "agree") ? context.good("the books agree") : context.bad("the books do not agree")) +
        " with " + text_at(peer, "region") + ": " + text_at(peer, "matched") + " crossings matched, " +
        text_at(peer, "under_way") + " under way, " +
        (flag_at(peer, "complete") ? "up to its entry " : "still reading its book, at entry ") +
        text_at(peer, "their_entries"));
  }
  return agree ? 0 : static_cast<int>(ErrorCode::kVerification);
}

int reconcile(const Context& context, const ReconcileOptions& o) {
  if (o.first.empty()) return reconcile_online(context);
  const auto late = parse_duration(o.late_after);
  const auto settle = parse_duration(o.settle);
  if (!late || !settle || o.second.empty())
    return report(
        context,
        Error{ErrorCode::kUsage, "reconcile", "needs two ledgers, and times such as 30m, 12h or 1d", {}});
  Book books[2] = {{o.first, {}, {}}, {o.second, {}, {}}};
  for (Book& book : books) {
    auto region = region_of_ledger(book.path);
    if (!region) return report(context, region.error());
    book.region = std::move(*region);
  }
  ledger::Reconciler both(books[0].region, books[1].region, {*late, *settle});
  Instant newest;
  Result<void> added;
  for (Book& book : books) {
    auto verified = verify_ledger(book.path, {}, [&](uint64_t, const ledger::Entry& entry, std::string_view) {
      if (added) added = both.add(entry);
      newest = std::max(newest, entry.time);
    });
    if (!verified) return report(context, verified.error());
    if (!added) return report(context, added.error());
    book.verified = std::move(*verified);
  }
  return show_report(context, both.report(newest), books[0], books[1]);
}

}  // namespace

void add_audit_verify(Program& program, CLI::App& group) {
  const Context& context = program.context;
  add_command<VerifyOptions>(
      group, program.chosen, "verify",
      "prove offline that a ledger folder, an evidence file, a checkpoint or a .tlog-proof holds; exit 6 if "
      "not",
      [](CLI::App& command, VerifyOptions& o) {
        command
            .add_option("PATH", o.path,
                        "evidence file, ledger folder, a gateway's data folder, checkpoint or proof")
            ->required();
        command.add_option("--keys", o.keys, "file of verifier keys that you trust, one a line");
        command.add_option("--policy", o.policy,
                           "trust file in the form of C2SP tlog-policy: logs, witnesses, quorum");
        command.add_option("--witnesses", o.witnesses, "ask for cosignatures of this many witnesses");
        command.add_option("--since", o.since,
                           "checkpoint that you took away earlier: the log must extend it");
        command.add_option("--entry", o.entry, "of a .tlog-proof: file with the exact bytes of the entry");
      },
      [&context](const VerifyOptions& o) { return verify(context, o); });
  add_command<ReconcileOptions>(
      group, program.chosen, "reconcile",
      "match every departure with its arrival over two ledgers; exit 6 if they differ. Without ledgers: what "
      "the gateway has "
      "found with its peers so far",
      [](CLI::App& command, ReconcileOptions& o) {
        command.add_option("FIRST", o.first, "ledger folder or evidence of one region");
        command.add_option("SECOND", o.second, "of the other region");
        command.add_option("--late-after", o.late_after, "between departure and arrival")
            ->capture_default_str();
        command.add_option("--settle", o.settle, "younger ones without a partner are under way")
            ->capture_default_str();
      },
      [&context](const ReconcileOptions& o) { return reconcile(context, o); });
}

}  // namespace hetao::cli
