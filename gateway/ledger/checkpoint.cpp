#include "gateway/ledger/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "gateway/base/text.h"
#include "gateway/ledger/decimal.h"
#include "gateway/ledger/merkle.h"

namespace hetao::ledger {

namespace {

auto refuse(std::string why) {
  return fail(ErrorCode::kVerification, "checkpoint", std::move(why), "get it again from its source");
}

std::vector<VerifierKey> joined(std::span<const VerifierKey> a, std::span<const VerifierKey> b) {
  std::vector<VerifierKey> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

}  // namespace

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  if (!text.ends_with('\n')) return refuse("the text does not end in a newline");
  text.remove_suffix(1);
  const std::vector<std::string> lines = split(text, '\n');
  if (lines.size() < 3) return refuse("fewer than three lines");
  if (std::any_of(lines.begin(), lines.end(), [](const std::string& line) { return line.empty(); }))
    return refuse("an empty line in the text");
  Checkpoint checkpoint;
  checkpoint.origin = lines[0];
  const auto size = parse_decimal(lines[1]);
  if (!size) return refuse("\"" + printable(lines[1]) + "\" is not a tree size");
  checkpoint.size = *size;
  const auto raw = from_base64(lines[2]);
  const auto root = raw ? Digest::from_bytes(*raw) : std::nullopt;
  if (!root) return refuse("the third line is not the base64 of a root");
  checkpoint.root = *root;
  if (checkpoint.size == 0 && checkpoint.root != empty_root())
    return refuse("size 0 with a root of something");
  checkpoint.extensions.assign(lines.begin() + 3, lines.end());
  return checkpoint;
}

std::string print_checkpoint(const Checkpoint& checkpoint) {
  std::string text = checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
                     to_base64(checkpoint.root.view()) + "\n";
  for (const std::string& line : checkpoint.extensions) text += line + "\n";
  return text;
}

Result<SignedCheckpoint> open_checkpoint(std::string_view bytes, std::span<const VerifierKey> log_keys,
                                         std::span<const VerifierKey> witness_keys) {
  auto note = parse_note(bytes);
  if (!note) return fail(std::move(note.error()));
  auto checkpoint = parse_checkpoint(note->text);
  if (!checkpoint) return fail(std::move(checkpoint.error()));
  auto check = verify_note(*note, joined(log_keys, witness_keys));
  if (!check) return fail(std::move(check.error()));
  SignedCheckpoint out{std::move(*checkpoint), std::move(*note), {}, {}, std::move(check->unknown)};
  for (Verified& verified : check->verified) {
    const bool by_log = std::find(log_keys.begin(), log_keys.end(), verified.key) != log_keys.end();
    if (by_log && verified.key.name == out.checkpoint.origin) {
      out.log_signatures.push_back(std::move(verified));
    } else if (!by_log) {
      out.cosignatures.push_back(std::move(verified));
    }
  }
  // An extra signature of another kind stands beside the log's own, never for it.
  const bool by_itself = std::any_of(out.log_signatures.begin(), out.log_signatures.end(),
                                     [](const Verified& verified) { return verified.key.type == kEd25519; });
  if (!by_itself)
    return refuse("no signature of a known key of the log \"" + printable(out.checkpoint.origin) + "\"");
  return out;
}

}  // namespace hetao::ledger
