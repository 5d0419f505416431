#include "tests/bench/ledger/made_entries.h"

#include <array>
#include <cstdio>

#include "gateway/base/check.h"

namespace hetao::bench {

namespace {

std::string numbered(const char* prefix, uint64_t number) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%s%08llu", prefix, static_cast<unsigned long long>(number));
  return text.data();
}

}  // namespace

ledger::Entry made_entry(uint64_t sequence) {
  static constexpr std::array<const char*, 4> kKinds = {"decision", "departed", "arrived", "job-state"};
  static constexpr std::array<const char*, 4> kReasons = {"no rows", "counted by the owner",
                                                          "數據出境 approved", "aggregate of a cohort"};
  const uint64_t crossing = sequence / 4;
  const uint64_t mixed = crossing * 2'654'435'761U >> 7U;
  ledger::Entry entry;
  entry.sequence = sequence;
  entry.time = {kFirstMicros + static_cast<int64_t>(sequence) * kMicrosApart};
  entry.region = "shenzhen";
  entry.peer = "hongkong";
  entry.kind = kKinds[sequence % kKinds.size()];
  entry.job = numbered("j-", sequence / 8);
  entry.crossing = numbered("c-", crossing);
  entry.decision = mixed % 17 == 0 ? "forbid" : mixed % 11 == 0 ? "hold" : "permit";
  entry.direction = mixed % 3 == 0 ? "in" : "out";
  entry.rules = {numbered("R", mixed % 50)};
  entry.who = "tenant-" + std::to_string(mixed % 8) + numbered("/u-", mixed % 40);
  entry.item_bytes = static_cast<int64_t>(1'000 + mixed % 1'000'000);
  entry.extra["dataset"] = numbered("d-", mixed % 200);
  entry.reason = kReasons[mixed % kReasons.size()];
  return entry;
}

Bytes encoded(uint64_t sequence) {
  ledger::Entry entry = made_entry(sequence);
  std::string text = ledger::encode_entry(entry).value();
  HETAO_CHECK(text.size() < kEntryBytes);
  entry.reason.append(kEntryBytes - text.size(), '.');
  text = ledger::encode_entry(entry).value();
  HETAO_CHECK(text.size() == kEntryBytes);
  return {text.begin(), text.end()};
}

std::vector<Bytes> encoded(uint64_t first, size_t count) {
  std::vector<Bytes> group;
  group.reserve(count);
  for (size_t i = 0; i < count; ++i) group.push_back(encoded(first + i));
  return group;
}

void report(const char* name, double value, const char* unit, const char* peer, double peer_value,
            bool lower) {
  std::printf(R"({"name":"%s","value":%.6g,"unit":"%s","peer":"%s","peer_value":%.6g,"ratio":%.3g})"
              "\n",
              name, value, unit, peer, peer_value, lower ? peer_value / value : value / peer_value);
  std::fflush(stdout);
}

}  // namespace hetao::bench
