#include "gateway/ledger/witness.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/ledger/decimal.h"
#include "gateway/ledger/sha256.h"

namespace hetao::ledger {

namespace {

constexpr std::string_view kOld = "old ";
constexpr size_t kProofMax = 63;
constexpr const char* kPlain = "text/plain; charset=utf-8";
constexpr const char* kSizeType = "text/x.tlog.size";

auto malformed(std::string why) {
  return fail(ErrorCode::kUsage, "add-checkpoint request", std::move(why), "see C2SP tlog-witness");
}

WitnessAnswer answer(int status, std::string body) {
  WitnessAnswer out;
  out.status = status;
  out.content_type = kPlain;
  out.body = std::move(body) + "\n";
  return out;
}

// What is remembered of a log; size 0 when there is nothing.
Result<Checkpoint> remembered(const WitnessState& state) {
  if (state.cosigned.empty()) return Checkpoint{{}, 0, empty_root(), {}};
  const auto note = parse_note(state.cosigned);
  if (!note) return fail(note.error());
  return parse_checkpoint(note->text);
}

// The checkpoint with the log's good signatures and ours alone: what others added is not ours to hand on.
std::string cosigned_text(const SignedCheckpoint& head, const Signature& cosignature) {
  Note note{head.note.text, {}};
  for (const Signature& signature : head.note.signatures) {
    const bool checked = std::any_of(
        head.log_signatures.begin(), head.log_signatures.end(),
        [&](const Verified& v) { return v.key.name == signature.name && v.key.id == signature.id; });
    if (checked) note.signatures.push_back(signature);
  }
  note.signatures.push_back(cosignature);
  return print_note(note);
}

}  // namespace

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body) {
  AddCheckpoint request;
  bool first = true;
  while (true) {
    const size_t end = body.find('\n');
    if (end == std::string_view::npos) return malformed("no empty line before a checkpoint");
    const std::string_view line = body.substr(0, end);
    body.remove_prefix(end + 1);
    if (first) {
      const auto size = line.starts_with(kOld) ? parse_decimal(line.substr(kOld.size())) : std::nullopt;
      if (!size) return malformed("the first line is not \"old\" and a size");
      request.old_size = *size;
      first = false;
      continue;
    }
    if (line.empty()) break;
    if (request.proof.size() == kProofMax) return malformed("more than 63 proof lines");
    const auto raw = from_base64(line);
    const auto hash = raw ? Digest::from_bytes(*raw) : std::nullopt;
    if (!hash)
      return malformed("proof line " + std::to_string(request.proof.size() + 1) +
                       " is not the base64 of 32 bytes");
    request.proof.push_back(*hash);
  }
  request.checkpoint = body;
  return request;
}

std::string print_add_checkpoint(const AddCheckpoint& request) {
  std::string out = std::string(kOld) + std::to_string(request.old_size) + "\n";
  for (const Digest& hash : request.proof) out += to_base64(hash.view()) + "\n";
  return out + "\n" + request.checkpoint;
}

std::optional<std::string> origin_of(std::string_view body) {
  const auto request = parse_add_checkpoint(body);
  if (!request) return std::nullopt;
  const auto note = parse_note(request->checkpoint);
  if (!note) return std::nullopt;
  auto checkpoint = parse_checkpoint(note->text);
  if (!checkpoint) return std::nullopt;
  return std::move(checkpoint->origin);
}

std::string witness_path(std::string_view origin) {
  return sha256(as_bytes(origin)).hex() + "/checkpoint";
}

Result<uint64_t> witnessed_size(const WitnessState& state) {
  const auto checkpoint = remembered(state);
  if (!checkpoint) return fail(checkpoint.error());
  return checkpoint->size;
}

namespace {

// Compares a validly signed checkpoint with what was cosigned before; nothing if it may be cosigned.
std::optional<WitnessAnswer> object_to(const AddCheckpoint& request, const Checkpoint& next,
                                       const Checkpoint& last) {
  if (request.old_size > next.size)
    return answer(400,
                  "the old size " + std::to_string(request.old_size) + " is larger than the checkpoint's");
  if (request.old_size != last.size) {
    WitnessAnswer out = answer(409, std::to_string(last.size));
    out.content_type = kSizeType;
    // Asking with size 0 is how a log finds out where it stands; a contradiction is a contradiction all the
    // same.
    if (next.size == last.size && next.root != last.root) out.alarm = WitnessAlarm::kFork;
    if (next.size < last.size) out.alarm = WitnessAlarm::kRollback;
    return out;
  }
  auto held = verify_consistency(last.size, next.size, request.proof, last.root, next.root);
  if (held) return std::nullopt;
  WitnessAnswer out = answer(422, to_line(held.error()));
  // Two roots for one size contradict each other by themselves; a proof that fails may also be a client's
  // mistake, but a log that keeps sending it has nothing better.
  if (next.size > last.size || next.root != last.root) out.alarm = WitnessAlarm::kFork;
  return out;
}

}  // namespace

WitnessAnswer answer_add_checkpoint(std::string_view body, std::span<const WitnessedLog> logs,
                                    const WitnessState& state, const SigningKey& key, Instant now) {
  HETAO_CHECK(key.verifier().type == kEd25519Cosignature);
  const auto request = parse_add_checkpoint(body);
  if (!request) return answer(400, to_line(request.error()));
  const auto note = parse_note(request->checkpoint);
  if (!note) return answer(400, to_line(note.error()));
  const size_t origin_end = note->text.find('\n');
  const std::string origin = note->text.substr(0, origin_end);
  // Size 0 with a wrong root is for 422, after the signature: parse_checkpoint refuses it, so it is looked at
  // first.
  auto checkpoint = parse_checkpoint(note->text);
  const bool bad_empty = !checkpoint && note->text.starts_with(origin + "\n0\n");
  if (!checkpoint && !bad_empty) return answer(400, to_line(checkpoint.error()));

  const auto log =
      std::find_if(logs.begin(), logs.end(), [&](const WitnessedLog& l) { return l.origin == origin; });
  if (log == logs.end()) return answer(404, "this witness does not know the log " + printable(origin));
  if (auto check = verify_note(*note, log->keys); !check) return answer(403, to_line(check.error()));
  const auto last = remembered(state);
  HETAO_CHECK(last.has_value());  // the caller loads states through witnessed_size()
  HETAO_CHECK(state.cosigned.empty() || last->origin == origin);
  if (bad_empty) {
    const bool in_step = request->old_size == 0 && last->size == 0;
    return in_step ? answer(422, to_line(checkpoint.error()))
                   : *object_to(*request, {origin, 0, empty_root(), {}}, *last);
  }
  const auto head = open_checkpoint(request->checkpoint, log->keys);
  if (!head) return answer(403, to_line(head.error()));
  if (auto objection = object_to(*request, head->checkpoint, *last)) {
    objection->origin = origin;
    if (objection->alarm != WitnessAlarm::kNone) objection->evidence = request->checkpoint;
    return *std::move(objection);
  }
  const Signature cosignature = cosign_note(head->note.text, key, now);
  WitnessAnswer out;
  out.status = 200;
  out.content_type = kPlain;
  out.body = print_signature_line(cosignature);
  out.store = WitnessState{cosigned_text(*head, cosignature)};
  out.origin = origin;
  return out;
}

}  // namespace hetao::ledger
