// The traceparent field of any client: what is read is written in a form that reads as the same.
#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/base/trace_context.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao;
  const auto context = parse_traceparent(as_text({data, size}));
  if (context) HETAO_CHECK(parse_traceparent(to_traceparent(*context)) == context);
  return 0;
}
