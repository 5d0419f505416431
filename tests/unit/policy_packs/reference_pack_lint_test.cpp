// Analysis of all possible requests finds nothing wrong with the reference pack.
#include <gtest/gtest.h>

#include "policy/lint.h"
#include "tests/unit/policy_packs/pack_files.h"

namespace hetao::policy {
namespace {

TEST(ReferencePack, LintFindsNothing) {
  const auto pack = loaded_pack(kReferencePack);
  ASSERT_TRUE(pack);
  LintOptions options;
  options.today = stated_on();
  for (const Finding& finding : lint(*pack, options)) {
    if (finding.severity == Severity::kWarning)
      ADD_FAILURE() << finding.code << " " << finding.rule << ": " << finding.message << " (" << finding.hint
                    << ")";
  }
}

}  // namespace
}  // namespace hetao::policy
