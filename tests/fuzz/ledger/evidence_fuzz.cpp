// Evidence files: garbage never verifies without the signature of a key that the fuzzer can't forge, and
// never crashes.
#include "gateway/ledger/evidence.h"

#include "gateway/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao;
  using namespace hetao::ledger;
  const std::string_view file = as_text({data, size});
  const auto open = verify_evidence(file);
  HETAO_CHECK(open || open.error().code == ErrorCode::kVerification);
  EvidenceOptions options;
  options.log_keys = {SigningKey::from_seed("nobody", kEd25519, Bytes(32, 200))->verifier()};
  HETAO_CHECK(!verify_evidence(file, options));
  return 0;
}
