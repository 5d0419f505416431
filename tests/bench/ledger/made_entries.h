// Entries as a busy gateway writes them, every one of 400 bytes: what the ledger's benchmarks feed it with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/ledger/entry.h"

namespace hetao::bench {

inline constexpr size_t kEntryBytes = 400;
inline constexpr int64_t kFirstMicros = 1'795'000'000'000'000;
inline constexpr int64_t kMicrosApart = 2'000'000;  // ten million of them span 231 days

// A crossing each four entries, a job each eight; 40 people of 8 tenants, 200 datasets, 50 rules.
ledger::Entry made_entry(uint64_t sequence);
Bytes encoded(uint64_t sequence);
std::vector<Bytes> encoded(uint64_t first, size_t count);

// One line of a benchmark (tests/bench/run). `ratio` above 1: ahead of the peer; for times (`lower` is
// better) it is turned round.
void report(const char* name, double value, const char* unit, const char* peer, double peer_value,
            bool lower);

}  // namespace hetao::bench
