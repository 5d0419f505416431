#include "gateway/ledger/tlog_proof.h"

#include "gateway/base/text.h"
#include "gateway/ledger/decimal.h"

namespace hetao::ledger {

namespace {

constexpr std::string_view kMagic = "c2sp.org/tlog-proof@v1";
constexpr size_t kHashesMax = 64;

auto refuse(std::string why) {
  return fail(ErrorCode::kVerification, "tlog-proof", std::move(why), "get it again from its source");
}

// The next line, without its newline; nothing at the end or when it does not end.
std::optional<std::string_view> take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

Result<TlogProof> parse_tlog_proof(std::string_view bytes) {
  TlogProof proof;
  if (take_line(bytes) != kMagic) return refuse("the first line is not " + std::string(kMagic));
  auto line = take_line(bytes);
  if (line && line->starts_with("extra ")) {
    proof.extra = from_base64(line->substr(6));
    if (!proof.extra) return refuse("the extra data is not base64");
    line = take_line(bytes);
  }
  if (!line || !line->starts_with("index ")) return refuse("no index line");
  const auto index = parse_decimal(line->substr(6));
  if (!index) return refuse("\"" + printable(line->substr(6, 40)) + "\" is not an index");
  proof.index = *index;
  while ((line = take_line(bytes)) && !line->empty()) {
    if (proof.hashes.size() == kHashesMax) return refuse("more than 64 hashes");
    const auto raw = from_base64(*line);
    const auto hash = raw ? Digest::from_bytes(*raw) : std::nullopt;
    if (!hash)
      return refuse("hash " + std::to_string(proof.hashes.size() + 1) + " is not the base64 of 32 bytes");
    proof.hashes.push_back(*hash);
  }
  if (!line) return refuse("no checkpoint");
  proof.checkpoint = bytes;
  return proof;
}

std::string print_tlog_proof(const TlogProof& proof) {
  std::string out = std::string(kMagic) + "\n";
  if (proof.extra) out += "extra " + to_base64(*proof.extra) + "\n";
  out += "index " + std::to_string(proof.index) + "\n";
  for (const Digest& hash : proof.hashes) out += to_base64(hash.view()) + "\n";
  return out + "\n" + proof.checkpoint;
}

Result<SignedCheckpoint> verify_tlog_proof(const TlogProof& proof, ByteView entry,
                                           std::span<const VerifierKey> log_keys,
                                           std::span<const VerifierKey> witness_keys) {
  auto head = open_checkpoint(proof.checkpoint, log_keys, witness_keys);
  if (!head) return head;
  const auto held = verify_inclusion(proof.index, head->checkpoint.size, leaf_hash(entry), proof.hashes,
                                     head->checkpoint.root);
  if (!held) return fail(held.error());
  return head;
}

}  // namespace hetao::ledger
