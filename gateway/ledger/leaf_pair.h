// The leaf hashes of two leaves at once. A processor with SHA instructions waits for each round of one
// message; two messages side by side fill the gaps, and cost little more than one.
//
// Promises: the same as leaf_hash of each, whatever the processor. Pure; any thread. Source: FIPS 180-4, RFC
// 6962 section 2.1.
#pragma once

#include <utility>

#include "gateway/base/digest.h"

namespace hetao::ledger {

std::pair<Digest, Digest> leaf_hashes(ByteView first, ByteView second);

}  // namespace hetao::ledger
