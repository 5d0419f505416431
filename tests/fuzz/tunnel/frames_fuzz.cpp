// The frame reader fed raw bytes in pieces: it must give the same however they are cut, and keep its bounds.
#include "gateway/base/check.h"
#include "gateway/tunnel/frame.h"

namespace {

using namespace hetao;
using namespace hetao::tunnel;

struct Outcome {
  std::vector<FrameHeader> headers;
  uint64_t payload_bytes = 0;
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

Outcome read(ByteView wire, size_t piece) {
  FrameReader reader(1U << 20U);
  Outcome outcome;
  while (!wire.empty()) {
    ByteView in = wire.first(std::min(piece, wire.size()));
    wire = wire.subspan(in.size());
    while (true) {
      const auto part = reader.next(in);
      if (!part) {
        outcome.failed = true;
        return outcome;
      }
      if (!*part) break;
      if ((*part)->first) outcome.headers.push_back((*part)->header);
      outcome.payload_bytes += (*part)->payload.size();
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteView wire(data + 1, size - 1);
  Outcome whole = read(wire, SIZE_MAX);
  Outcome pieces = read(wire, size_t{data[0]} + 1);
  HETAO_CHECK(whole.failed == pieces.failed);
  if (!whole.failed) HETAO_CHECK(whole.payload_bytes == pieces.payload_bytes);
  HETAO_CHECK(whole.payload_bytes <= size);
  return 0;
}
