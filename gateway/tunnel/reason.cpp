#include "gateway/tunnel/reason.h"

namespace hetao::tunnel {

const char* to_word(Reason reason) {
  switch (reason) {
    case Reason::kDone:
      return "done";
    case Reason::kProtocol:
      return "protocol";
    case Reason::kFrameTooLarge:
      return "frame-too-large";
    case Reason::kVersion:
      return "version";
    case Reason::kIdentity:
      return "identity";
    case Reason::kReplay:
      return "replay";
    case Reason::kCredit:
      return "credit";
    case Reason::kStreams:
      return "streams";
    case Reason::kMessageTooLarge:
      return "message-too-large";
    case Reason::kLimits:
      return "limits";
    case Reason::kTimeout:
      return "timeout";
    case Reason::kOddBehaviour:
      return "odd-behaviour";
    case Reason::kShuttingDown:
      return "shutting-down";
    case Reason::kSuperseded:
      return "superseded";
    case Reason::kRefused:
      return "refused";
    case Reason::kCancelled:
      return "cancelled";
    case Reason::kDigest:
      return "digest";
    case Reason::kNoSpace:
      return "no-space";
    case Reason::kInternal:
      return "internal";
    case Reason::kConnectionLost:
      return "connection-lost";
    case Reason::kRevoked:
      return "revoked";
    case Reason::kOther:
      return "other";
  }
  return "other";
}

Reason reason_of(uint32_t number) {
  if (number <= static_cast<uint32_t>(Reason::kRevoked)) return static_cast<Reason>(number);
  return Reason::kOther;
}

}  // namespace hetao::tunnel
