#include "gateway/tunnel/hello.h"

#include <algorithm>
#include <iterator>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/ledger/sha256.h"
#include "proto/tunnel.pb.h"

namespace hetao::tunnel {

namespace {

constexpr uint32_t kFrameBytesMin = 4'096;

Bytes serialised(const google::protobuf::MessageLite& message) {
  Bytes out(message.ByteSizeLong());
  HETAO_CHECK(message.SerializeToArray(out.data(), static_cast<int>(out.size())));
  return out;
}

template <class Pb>
bool parse(ByteView payload, Pb& out) {
  return out.ParseFromArray(payload.data(), static_cast<int>(payload.size()));
}

// A name that may stand in a log line or a metric: no blanks, no control characters.
bool is_name(std::string_view text, bool may_be_empty) {
  if (text.empty()) return may_be_empty;
  return text.size() <= limits::kHelloTextBytesMax &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

Faulty<void> bad(const std::string& what) {
  return fault(Reason::kProtocol, "the hello's " + what);
}

Faulty<void> check_lane(const HelloFacts& facts) {
  const bool control = facts.purpose == Purpose::kControl;
  if (control && (facts.lane != 0 || !facts.session.is_zero()))
    return bad("control lane has a lane number or a session");
  if (!control && (facts.lane == 0 || facts.session.is_zero()))
    return bad("bulk lane has no lane number or no session");
  return {};
}

StatedLimits limits_from(const pb::TunnelLimits& in) {
  return {.frame_bytes_max = in.frame_bytes_max(),
          .message_bytes_max = in.message_bytes_max(),
          .control_window_bytes = in.control_window_bytes(),
          .streams_max = in.streams_max(),
          .stream_window_bytes = in.stream_window_bytes(),
          .session_window_bytes = in.session_window_bytes(),
          .requests_open_max = in.requests_open_max()};
}

void put_limits(const StatedLimits& in, pb::TunnelLimits& out) {
  out.set_frame_bytes_max(in.frame_bytes_max);
  out.set_message_bytes_max(in.message_bytes_max);
  out.set_control_window_bytes(in.control_window_bytes);
  out.set_streams_max(in.streams_max);
  out.set_stream_window_bytes(in.stream_window_bytes);
  out.set_session_window_bytes(in.session_window_bytes);
  out.set_requests_open_max(in.requests_open_max);
}

}  // namespace

Faulty<void> check_limits(const StatedLimits& s) {
  const auto contradict = [](const char* why) {
    return fault(Reason::kLimits, std::string("stated limits: ") + why);
  };
  if (s.frame_bytes_max < kFrameBytesMin) return contradict("frames of less than 4 KiB");
  if (s.message_bytes_max < kFrameBytesMin) return contradict("messages of less than 4 KiB");
  if (s.control_window_bytes < uint64_t{s.message_bytes_max} + limits::kMessageOverheadBytes)
    return contradict("a control window that its own largest message does not fit in");
  if (s.stream_window_bytes < kFrameBytesMin || s.session_window_bytes < s.stream_window_bytes)
    return contradict("a stream window under 4 KiB, or larger than the session's");
  if (std::max({s.control_window_bytes, s.stream_window_bytes, s.session_window_bytes}) >
      limits::kWindowBytesMax)
    return contradict("a window of more than 1 TiB");
  return {};
}

Faulty<void> check_hello(const HelloFacts& facts) {
  if (facts.version == 0 || facts.version_min == 0 || facts.version_min > facts.version)
    return bad("versions are not in order");
  if (facts.features.size() > limits::kFeaturesMax) return bad("features are too many");
  for (const std::string& feature : facts.features)
    if (!is_name(feature, false)) return bad("features are not names");
  if (!is_name(facts.region, false)) return bad("region is not a name");
  if (!is_name(facts.gateway, false)) return bad("gateway is not a name");
  if (!is_name(facts.policy_digest, true)) return bad("policy digest is not one");
  if (!is_name(facts.software, true)) return bad("software is not a name");
  if (facts.checkpoint.size() > limits::kCheckpointBytesMax || !is_utf8(facts.checkpoint))
    return bad("checkpoint is not text");
  if (facts.nonce.is_zero()) return bad("nonce is missing");
  if (auto ok = check_lane(facts); !ok) return ok;
  return check_limits(facts.limits);
}

Bytes encode_hello(const HelloFacts& facts) {
  HETAO_CHECK(check_hello(facts).has_value());
  pb::Hello out;
  out.set_version(facts.version);
  out.set_version_min(facts.version_min);
  for (const std::string& feature : facts.features) out.add_features(feature);
  out.set_region(facts.region);
  out.set_gateway(facts.gateway);
  out.set_policy_digest(facts.policy_digest);
  out.set_checkpoint(facts.checkpoint);
  put_limits(facts.limits, *out.mutable_limits());
  out.set_nonce(std::string(as_text(facts.nonce.view())));
  out.set_purpose(facts.purpose == Purpose::kControl ? pb::LANE_CONTROL : pb::LANE_BULK);
  out.set_lane(facts.lane);
  if (!facts.session.is_zero()) out.set_session(std::string(as_text(facts.session.view())));
  out.set_software(facts.software);
  return serialised(out);
}

Faulty<HelloFacts> decode_hello(ByteView payload) {
  pb::Hello in;
  if (!parse(payload, in)) return fault(Reason::kProtocol, "the hello cannot be read");
  if (in.purpose() != pb::LANE_CONTROL && in.purpose() != pb::LANE_BULK)
    return fault(Reason::kProtocol, "the hello's lane has an unknown purpose");
  const auto nonce = Digest::from_bytes(as_bytes(in.nonce()));
  if (!nonce) return fault(Reason::kProtocol, "the hello's nonce is not 32 bytes");
  const auto session = in.session().empty() ? Digest{} : Digest::from_bytes(as_bytes(in.session()));
  if (!session) return fault(Reason::kProtocol, "the hello's session is not 32 bytes");
  HelloFacts facts{.version = in.version(),
                   .version_min = in.version_min(),
                   .features = {in.features().begin(), in.features().end()},
                   .region = in.region(),
                   .gateway = in.gateway(),
                   .policy_digest = in.policy_digest(),
                   .checkpoint = in.checkpoint(),
                   .limits = limits_from(in.limits()),
                   .nonce = *nonce,
                   .purpose = in.purpose() == pb::LANE_CONTROL ? Purpose::kControl : Purpose::kBulk,
                   .lane = in.lane(),
                   .session = *session,
                   .software = in.software()};
  if (auto ok = check_hello(facts); !ok) return tl::unexpected(ok.error());
  return facts;
}

Faulty<uint32_t> agree_version(const HelloFacts& ours, const HelloFacts& theirs) {
  const uint32_t version = std::min(ours.version, theirs.version);
  if (version >= ours.version_min && version >= theirs.version_min) return version;
  const auto range = [](const HelloFacts& f) {
    return std::to_string(f.version_min) + " to " + std::to_string(f.version);
  };
  return fault(Reason::kVersion,
               "no protocol version in common: here " + range(ours) + ", there " + range(theirs));
}

std::vector<std::string> agree_features(const HelloFacts& ours, const HelloFacts& theirs) {
  std::vector<std::string> a = ours.features;
  std::vector<std::string> b = theirs.features;
  std::ranges::sort(a);
  std::ranges::sort(b);
  std::vector<std::string> both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  both.erase(std::ranges::unique(both).begin(), both.end());
  return both;
}

Digest transcript_of(ByteView dialer_payload, ByteView acceptor_payload) {
  static constexpr std::string_view kDomain = "hetao tunnel hello\n";
  Bytes text(kDomain.begin(), kDomain.end());
  for (const ByteView payload : {dialer_payload, acceptor_payload}) {
    put_u32(text, static_cast<uint32_t>(payload.size()));
    text.insert(text.end(), payload.begin(), payload.end());
  }
  return ledger::sha256(text);
}

Bytes encode_ready(uint32_t version, const Digest& transcript) {
  pb::Ready out;
  out.set_version(version);
  out.set_transcript(std::string(as_text(transcript.view())));
  return serialised(out);
}

Faulty<ReadyFacts> decode_ready(ByteView payload) {
  pb::Ready in;
  if (!parse(payload, in)) return fault(Reason::kProtocol, "the ready frame cannot be read");
  const auto transcript = Digest::from_bytes(as_bytes(in.transcript()));
  if (!transcript) return fault(Reason::kProtocol, "the ready frame's transcript is not 32 bytes");
  return ReadyFacts{in.version(), *transcript};
}

}  // namespace hetao::tunnel
