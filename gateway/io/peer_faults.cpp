#include "gateway/io/peer_faults.h"

#include <algorithm>
#include <array>

#include "gateway/base/limits.h"

namespace hetao::io {

bool PeerFaults::matters(std::string_view reason) {
  // A lane of a session that another one superseded, when both sides dialled at once.
  if (reason == "refused") return false;
  static constexpr std::array<std::string_view, 18> kHarmless = {
      "done",         "cut",        "connection-lost", "timeout",   "too-slow",       "too-many",
      "protocol-tls", "alpn",       "peer-alert",      "cancelled", "no-space",       "internal",
      "superseded",   "unexpected", "shutting-down",   "network",   "no-certificate", "handshake-too-large"};
  return std::find(kHarmless.begin(), kHarmless.end(), reason) == kHarmless.end();
}

std::optional<uint64_t> PeerFaults::may_note(const PeerFault& fault, Instant now) {
  // Broken TLS is noise from a stranger, and an attack from who has shown a good certificate.
  const bool breaks_tls = fault.reason == "protocol-tls" && !fault.region.empty();
  if (!matters(fault.reason) && !breaks_tls) return std::nullopt;
  const auto [at, is_new] = noted_.try_emplace({fault.region, fault.reason}, Noted{now, 0});
  Noted& noted = at->second;
  if (!is_new && now - noted.at < Duration::seconds(limits::kPeerFaultNoteSeconds)) {
    ++noted.unwritten;
    return std::nullopt;
  }
  const uint64_t unwritten = noted.unwritten;
  noted = {now, 0};
  return unwritten;
}

}  // namespace hetao::io
