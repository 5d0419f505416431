#include "gateway/io/change_feed.h"

#include <set>

#include "gateway/base/access_limits.h"
#include "gateway/base/bytes.h"
#include "gateway/io/random_number.h"

namespace hetao::io {

namespace {

constexpr size_t kEpochBytes = 6;

std::optional<ChangedKind> kind_of(federation::Table table) {
  switch (table) {
    case federation::Table::kJob:
      return ChangedKind::kJob;
    case federation::Table::kReview:
      return ChangedKind::kReview;
    case federation::Table::kDataset:
      return ChangedKind::kDataset;
    case federation::Table::kProposal:
    case federation::Table::kActivation:
    case federation::Table::kPolicyRecord:
      return ChangedKind::kPolicy;
    default:
      return std::nullopt;
  }
}

}  // namespace

ChangeFeed::ChangeFeed() : epoch_(to_hex(random_bytes(kEpochBytes))) {}

void ChangeFeed::add(ChangedThing thing) {
  ++last_;
  kept_.push_back(std::move(thing));
  if (kept_.size() > limits::kEventsKept) kept_.pop_front();
}

std::optional<std::vector<ChangedThing>> ChangeFeed::since(uint64_t number) const {
  if (number > last_ || last_ - number > kept_.size()) return std::nullopt;
  std::vector<ChangedThing> out;
  std::set<ChangedThing> seen;
  for (auto at = kept_.end() - static_cast<std::ptrdiff_t>(last_ - number); at != kept_.end(); ++at) {
    if (seen.insert(*at).second) out.push_back(*at);
  }
  return out;
}

void add_things(const std::vector<federation::Record>& records, std::vector<ChangedThing>& things) {
  for (const federation::Record& record : records) {
    const auto kind = kind_of(record.table);
    if (!kind) continue;
    ChangedThing thing{*kind, *kind == ChangedKind::kPolicy ? std::string() : record.key};
    if (things.empty() || things.back() != thing) things.push_back(std::move(thing));
  }
}

}  // namespace hetao::io
