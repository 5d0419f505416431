// Whatever the bytes are: the whole way, at once and in pieces, by every instruction set.
#include <boost/json/serialize.hpp>

#include "gateway/inspection/scan/block_masks.h"
#include "tests/fuzz/inspection/reading_fuzz.h"

using namespace hetao::inspection;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const hetao::ByteView bytes(data, size);
  InspectOptions options = fuzz_options();
  const Report whole = inspect(bytes, options);
  check(whole);
  const std::string expected = boost::json::serialize(to_json(whole));
  options.engine = &mask_engines().back();
  HETAO_CHECK(boost::json::serialize(to_json(inspect(bytes, options))) == expected);
  Inspector inspector(options);
  for (size_t at = 0; at < size; at += 37) inspector.feed(bytes.subspan(at, std::min<size_t>(37, size - at)));
  HETAO_CHECK(boost::json::serialize(to_json(inspector.finish())) == expected);
  return 0;
}
