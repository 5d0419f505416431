#include "tests/fuzz/inspection/reading_fuzz.h"

using namespace hetao::inspection;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The first byte chooses the format, the second the size of the pieces.
  static constexpr std::string_view kFormats[] = {"gzip", "zlib", "bzip2",    "xz",       "lzma",
                                                  "zstd", "tar",  "utf-16le", "utf-16be", "utf-32le"};
  if (size < 2) return 0;
  const std::string_view format = kFormats[data[0] % std::size(kFormats)];
  const size_t piece = data[1] + size_t{1};
  return fuzz_reader(data + 2, size - 2, [&](Reading& reading, const Place& place, hetao::ByteView bytes) {
    const auto flow = flow_of(reading, place, format);
    for (size_t at = 0; at < bytes.size(); at += piece)
      flow->take(bytes.subspan(at, std::min(piece, bytes.size() - at)));
    flow->end();
  });
}
