#include "tests/fuzz/inspection/reading_fuzz.h"

using namespace hetao::inspection;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static constexpr std::string_view kFormats[] = {"7z",  "rar", "rar5",    "cpio", "ar",       "cab",
                                                  "xar", "lha", "iso9660", "lz4",  "compress", "lzip"};
  if (size < 1) return 0;
  const std::string_view format = kFormats[data[0] % std::size(kFormats)];
  return fuzz_reader(data + 1, size - 1, [&](Reading& reading, const Place& place, hetao::ByteView bytes) {
    read_archive(reading, place, format, bytes);
  });
}
