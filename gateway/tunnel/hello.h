// The first exchange of a connection: what each side says of itself, how the two agree on a version, and the
// transcript that proves that both saw the same two hellos, fresh for this connection. Source:
// proto/TUNNEL.md. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/digest.h"
#include "gateway/base/limits.h"
#include "gateway/tunnel/reason.h"

namespace hetao::tunnel {

inline constexpr uint32_t kVersion = 1;     // newest that this program speaks
inline constexpr uint32_t kVersionMin = 1;  // oldest: one less than the newest, when there is one

enum class Role : uint8_t { kDialer, kAcceptor };
enum class Purpose : uint8_t { kControl = 1, kBulk = 2 };

// What a side accepts; see TunnelLimits in proto/tunnel.proto.
struct StatedLimits {
  uint32_t frame_bytes_max = limits::kFrameBytesMax;
  uint32_t message_bytes_max = limits::kControlFrameBytesMax;
  uint64_t control_window_bytes = limits::kControlWindowBytes;
  uint32_t streams_max = limits::kStreamsDefault;
  uint64_t stream_window_bytes = limits::kStreamWindowBytes;
  uint64_t session_window_bytes = limits::kSessionWindowBytes;
  uint32_t requests_open_max =
      limits::kRequestsOpenDefault;  // kept by the room that asks, not by the session

  bool operator==(const StatedLimits&) const = default;
};

Faulty<void> check_limits(const StatedLimits& stated);

struct HelloFacts {
  uint32_t version = kVersion;
  uint32_t version_min = kVersionMin;
  std::vector<std::string> features;
  std::string region;
  std::string gateway;
  std::string policy_digest;  // empty: no policy is active
  std::string checkpoint;     // newest signed checkpoint of the ledger; may be empty
  StatedLimits limits;
  Digest nonce;  // 32 fresh random bytes
  Purpose purpose = Purpose::kControl;
  uint32_t lane = 0;
  Digest session;  // bulk lanes: the session they belong to; zero on control lanes
  std::string software;

  bool operator==(const HelloFacts&) const = default;
};

// Payload of a HELLO frame. The facts have to satisfy check_hello.
Bytes encode_hello(const HelloFacts& facts);
// Everything that can be wrong with a hello by itself.
Faulty<HelloFacts> decode_hello(ByteView payload);
Faulty<void> check_hello(const HelloFacts& facts);

// The version both speak, or why there is none.
Faulty<uint32_t> agree_version(const HelloFacts& ours, const HelloFacts& theirs);
// Features that both named, sorted.
std::vector<std::string> agree_features(const HelloFacts& ours, const HelloFacts& theirs);

// SHA-256 over both hello payloads, dialer's first. On a control lane it is the session's name as well.
Digest transcript_of(ByteView dialer_payload, ByteView acceptor_payload);

Bytes encode_ready(uint32_t version, const Digest& transcript);
struct ReadyFacts {
  uint32_t version = 0;
  Digest transcript;
};
Faulty<ReadyFacts> decode_ready(ByteView payload);

}  // namespace hetao::tunnel
