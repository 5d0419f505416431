// The newest durable changes, in order, for those who follow them: a console that shows what happens.
// Bounded: who was away for too long learns that and reads everything again. Numbers belong to this process:
// `epoch` tells them from those of an earlier one. Io thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "gateway/federation/record.h"

namespace hetao::io {

enum class ChangedKind { kJob, kReview, kDataset, kPolicy, kPeer };

struct ChangedThing {
  ChangedKind kind = ChangedKind::kJob;
  std::string key;  // id; region of a peer; empty for policy

  auto operator<=>(const ChangedThing&) const = default;
};

class ChangeFeed {
 public:
  ChangeFeed();

  void add(ChangedThing thing);
  const std::string& epoch() const { return epoch_; }
  uint64_t last() const { return last_; }  // number of the newest change; 0: none yet
  // What changed after that number, each thing once. Nothing: not all of it is known any more.
  std::optional<std::vector<ChangedThing>> since(uint64_t number) const;

 private:
  std::string epoch_;
  uint64_t last_ = 0;
  std::deque<ChangedThing> kept_;  // the newest ones, up to last_
};

// The things that these records are, as far as somebody may follow them.
void add_things(const std::vector<federation::Record>& records, std::vector<ChangedThing>& things);

}  // namespace hetao::io
