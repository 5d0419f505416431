// Hashes of the tree two at a time. A processor with SHA instructions waits for each round of one message;
// two messages side by side fill the gaps, and cost little more than one.
//
// Promises: the same as leaf_hash and node_hash of each, whatever the processor. Pure; any thread. Source:
// FIPS 180-4, RFC 6962 section 2.1.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "gateway/base/digest.h"

namespace hetao::ledger {

std::pair<Digest, Digest> leaf_hashes(ByteView first, ByteView second);
// Of many; those of a like size are hashed side by side.
std::vector<Digest> leaf_hashes(std::span<const ByteView> leaves);

// The row above a row of an even number of hashes: node_hash of each two neighbours. `above` has half as
// many, and may begin where `row` does.
void hash_row(std::span<const Digest> row, std::span<Digest> above);

}  // namespace hetao::ledger
