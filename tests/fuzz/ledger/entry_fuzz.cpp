// Entries: what is read prints as the same bytes, and those are canonical JSON.
#include "gateway/ledger/entry.h"

#include "gateway/base/bytes.h"
#include "gateway/base/check.h"
#include "gateway/base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao;
  const std::string_view text = as_text({data, size});
  const auto entry = ledger::decode_entry(text);
  if (!entry) return 0;
  const auto again = ledger::encode_entry(*entry);
  HETAO_CHECK(again && *again == text);
  const auto value = parse_json(text, "entry");
  HETAO_CHECK(value && canonical_json(*value) == text);
  return 0;
}
