// Why a stream or a session ended: the numbers that RESET and GOODBYE frames carry (proto/TUNNEL.md), and the
// Fault that the parts of this room hand to each other. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace hetao::tunnel {

// The numbers are part of the protocol and never change.
enum class Reason : uint16_t {
  kDone = 0,
  kProtocol = 1,  // a frame that the protocol does not allow here
  kFrameTooLarge = 2,
  kVersion = 3,   // no version in common
  kIdentity = 4,  // the hello names somebody else than the certificate
  kReplay = 5,    // sequence, nonce or transcript do not fit
  kCredit = 6,    // more bytes than were granted
  kStreams = 7,   // more streams than were granted
  kMessageTooLarge = 8,
  kLimits = 9,         // stated limits that make no sense
  kTimeout = 10,       // silent, too slow, or not reading
  kOddBehaviour = 11,  // allowed, but too often
  kShuttingDown = 12,
  kSuperseded = 13,  // a newer session of the same peer took over
  kRefused = 14,     // the request in the stream's header is not granted
  kCancelled = 15,
  kDigest = 16,  // bytes that do not have the digest they were announced with
  kNoSpace = 17,
  kInternal = 18,
  kConnectionLost = 19,  // never sent: what the side that is left sees
  kRevoked = 20,         // the peer's certificate is no longer good
  kOther = 65535,        // a number of a newer version; the text says more
};

// Stable lower-case word ("credit"), for logs and metrics.
const char* to_word(Reason reason);
// kOther for what this version does not know.
Reason reason_of(uint32_t number);

struct Fault {
  Reason reason = Reason::kProtocol;
  std::string text;
};

template <class T>
using Faulty = tl::expected<T, Fault>;

inline tl::unexpected<Fault> fault(Reason reason, std::string text) {
  return tl::unexpected<Fault>(Fault{reason, std::move(text)});
}

}  // namespace hetao::tunnel
