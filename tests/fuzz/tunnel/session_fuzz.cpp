// A session fed raw bytes. The first byte chooses: role, whether the first exchange is done honestly before,
// whether the frames' sequence numbers are mended so that the fuzzer gets deeper, and how the input is cut.
#include <google/protobuf/stubs/logging.h>

#include "gateway/base/check.h"
#include "tests/unit/tunnel/pair.h"

namespace {

using namespace hetao;
using namespace hetao::tunnel;
using namespace hetao::tunnel::testing;

// Walks the frames as far as their lengths make sense, and puts the right sequence into each.
void mend_sequences(Bytes& wire, uint16_t sequence) {
  for (size_t at = 0; at + kHeaderBytes <= wire.size();) {
    wire[at] = 0;
    wire[at + 1] &= 0x03U;
    wire[at + 6] = static_cast<uint8_t>(sequence >> 8U);
    wire[at + 7] = static_cast<uint8_t>(sequence);
    ++sequence;
    at += kHeaderBytes + get_u32(ByteView(wire).subspan(at));
  }
}

void feed(End& end, ByteView wire, size_t piece) {
  Instant now = kStart;
  while (!wire.empty() && end.session.state() != Session::State::kBroken) {
    const ByteView part = wire.first(std::min(piece, wire.size()));
    wire = wire.subspan(part.size());
    now = now + Duration::millis(3);
    const auto ok = end.session.receive(part, now);
    end.take_events();
    HETAO_CHECK(ok.has_value() == (end.session.state() != Session::State::kBroken));
    if (!end.session.next_deadline()) break;
  }
  if (end.session.state() == Session::State::kBroken) HETAO_CHECK(end.session.end_reason().has_value());
  (void)end.session.on_time(now + Duration::seconds(100));
  (void)drain(end.session, now);
  (void)end.session.transport_closed();
  end.take_events();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static google::protobuf::LogSilencer silence;
  if (size < 2) return 0;
  const uint8_t mode = data[0];
  const size_t piece = (mode & 8U) != 0 ? size_t{data[1]} + 1 : SIZE_MAX;
  Bytes wire(data + 2, data + size);
  Pair pair;
  End& victim = (mode & 1U) != 0 ? pair.dialer : pair.acceptor;
  victim.on_event = [&](const Event& event) {
    if (const auto* reset = std::get_if<StreamReset>(&event))
      victim.session.reset_stream(reset->id, Reason::kCancelled, "");
    if (const auto* opened = std::get_if<StreamOpened>(&event))
      victim.session.write_stream(opened->id, opened->header);
    if (const auto* ended = std::get_if<StreamEnded>(&event)) victim.session.end_stream(ended->id);
  };
  const bool honest_start = (mode & 2U) != 0;
  if (honest_start) {
    HETAO_CHECK(pair.settle().has_value());
    (void)victim.session.open_stream(as_bytes("ours"), Priority::kSmall);
  }
  if ((mode & 4U) != 0) mend_sequences(wire, honest_start ? 2 : 0);
  feed(victim, wire, piece);
  return 0;
}
