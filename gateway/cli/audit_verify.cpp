// hetao audit verify: offline, on ledger folders, exports, checkpoints and proofs.
#include <boost/json/serialize.hpp>
#include <iostream>

#include "gateway/base/text.h"
#include "gateway/cli/client.h"
#include "gateway/cli/command.h"
#include "gateway/cli/ledger_files.h"
#include "gateway/cli/show.h"
#include "gateway/ledger/tlog_proof.h"

namespace hetao::cli {

namespace {

struct VerifyOptions {
  std::string path;
  std::string since;
  std::string entry;
  TrustOptions trust;
};

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
  const auto trust = read_trust(o.trust);
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
        add_trust_options(command, o.trust);
        command.add_option("--since", o.since,
                           "checkpoint that you took away earlier: the log must extend it");
        command.add_option("--entry", o.entry, "of a .tlog-proof: file with the exact bytes of the entry");
      },
      [&context](const VerifyOptions& o) { return verify(context, o); });
}

}  // namespace hetao::cli
