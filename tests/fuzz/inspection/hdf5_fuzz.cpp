#include "tests/fuzz/inspection/reading_fuzz.h"

using namespace hetao::inspection;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz_reader(data, size, read_hdf5);
}
