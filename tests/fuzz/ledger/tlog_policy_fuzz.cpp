// Trust policies: every text is read or refused with its line, and a quorum of nobody is met only where none
// is asked for.
#include "gateway/ledger/tlog_policy.h"

#include "gateway/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao;
  using namespace hetao::ledger;
  const auto policy = parse_tlog_policy(as_text({data, size}), "policy");
  if (policy) HETAO_CHECK(policy->is_quorum({}) == (policy->quorum == "none"));
  return 0;
}
