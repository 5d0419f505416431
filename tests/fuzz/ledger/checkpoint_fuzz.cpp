// Checkpoints and tlog-proofs: what is read prints as the same bytes.
#include "gateway/ledger/checkpoint.h"

#include "gateway/base/check.h"
#include "gateway/ledger/tiles.h"
#include "gateway/ledger/tlog_proof.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao;
  using namespace hetao::ledger;
  const std::string_view text = as_text({data, size});
  if (const auto checkpoint = parse_checkpoint(text)) HETAO_CHECK(print_checkpoint(*checkpoint) == text);
  if (const auto proof = parse_tlog_proof(text)) {
    HETAO_CHECK(print_tlog_proof(*proof) == text);
    HETAO_CHECK(!verify_tlog_proof(*proof, as_bytes("x"), {}));
  }
  if (const auto tile = parse_tile_path(text)) HETAO_CHECK(tile_path(*tile) == text);
  return 0;
}
