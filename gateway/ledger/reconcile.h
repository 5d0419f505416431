// Matches the two books: each item that `departed` in one ledger must have `arrived` in the other, the same,
// in time.
//
// Feed the entries of both ledgers in their own order (their proofs are checked elsewhere), then ask for the
// report. Only entries between the two regions count; the crossing is the key. Pure; a CrossingBook or
// Reconciler belongs to one thread at a time, and two books may be filled by two threads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/base/time.h"
#include "gateway/ledger/entry.h"

namespace hetao::ledger {

enum class Finding {
  kMissing,         // departed, but never arrived
  kUnannounced,     // arrived, but never departed
  kAltered,         // digest or size differ
  kLate,            // arrived later than allowed, or is overdue
  kRepeated,        // booked twice on one side
  kInactivePolicy,  // decided under a policy that was not active there and then
  kUndecided,       // departed or arrived without a permit before it in the same ledger
};

const char* to_word(Finding finding);  // "missing", "unannounced", …

// Where an entry stands.
struct Booked {
  std::string region;
  uint64_t sequence = 0;
  Instant time;
  std::string item_digest;
  int64_t item_bytes = 0;
};

struct Mismatch {
  Finding finding = Finding::kMissing;
  std::string crossing;
  std::string job;
  std::optional<Booked>
      departed;  // for kRepeated, kInactivePolicy, kUndecided: the entry itself, and its partner if any
  std::optional<Booked> arrived;
  std::string detail;  // for people
};

struct ReconcileOptions {
  Duration late_after = Duration::seconds(int64_t{24} * 3600);  // between departure and arrival
  Duration settle = Duration::seconds(600);  // younger ones without a partner are under way, not missing
};

struct ReconcileReport {
  uint64_t matched = 0;              // crossings that agree
  uint64_t under_way = 0;            // too young to judge
  uint64_t recalled = 0;             // the sender took back what could not be delivered
  std::vector<Mismatch> mismatches;  // by crossing
  uint64_t bytes_matched = 0;
};

// What one ledger says about crossings with one peer.
class CrossingBook {
 public:
  CrossingBook(std::string region, std::string peer) : region_(std::move(region)), peer_(std::move(peer)) {}

  // Refuses (kUsage) an entry of another region.
  Result<void> add(const Entry& entry);
  const std::string& region() const { return region_; }

 private:
  friend ReconcileReport reconcile(const CrossingBook& a, const CrossingBook& b,
                                   const ReconcileOptions& options, Instant now);
  struct Crossing {
    std::string job;
    std::optional<Booked> departed;
    std::optional<Booked> arrived;
    bool recalled = false;
    bool permitted = false;
  };
  void note_decision(const Entry& entry);
  void book(const Entry& entry);

  std::string region_;
  std::string peer_;
  std::string active_policy_;
  std::unordered_map<std::string, Crossing> crossings_;
  std::vector<Mismatch> early_;  // found while reading
};

// `now` judges what has no partner yet: the time up to which both books are complete.
ReconcileReport reconcile(const CrossingBook& a, const CrossingBook& b, const ReconcileOptions& options,
                          Instant now);

// Both books of a pair of regions, entries in any mixture.
class Reconciler {
 public:
  Reconciler(const std::string& region_a, const std::string& region_b, ReconcileOptions options = {})
      : a_(region_a, region_b), b_(region_b, region_a), options_(options) {}

  // Refuses (kUsage) an entry of a third region.
  Result<void> add(const Entry& entry) { return (entry.region == a_.region() ? a_ : b_).add(entry); }
  ReconcileReport report(Instant now) const { return reconcile(a_, b_, options_, now); }

 private:
  CrossingBook a_;
  CrossingBook b_;
  ReconcileOptions options_;
};

}  // namespace hetao::ledger
