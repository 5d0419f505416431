// Any bytes: refused, or a status that prints and reads back the same.
#include <boost/json/serialize.hpp>

#include "gateway/base/check.h"
#include "gateway/platforms/platform.h"

using namespace hetao;
using namespace hetao::platforms;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto status = parse_run_status({reinterpret_cast<const char*>(data), size});
  if (!status) return 0;
  const auto again = parse_run_status(json::serialize(to_json(*status)));
  HETAO_CHECK(again && *again == *status);
  return 0;
}
