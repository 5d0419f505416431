// Yearly counters of exporters: persons (ordinary, sensitive), bytes and jobs of each exporting tenant in a
// calendar year of Asia/Shanghai. They are reserved in the step that decides a crossing at its sender, and
// given back in the step in which it becomes certain that the item does not cross; so no two jobs pass a
// threshold that admits one. Every change is written into the ledger by the same step: the entry that
// reserves carries `counted`, a `counter-released` entry gives back, and CounterBook finds the same numbers
// from the entries alone.
//
// Pure functions over State; CounterBook is a plain value.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/federation/state.h"
#include "policy/request.h"

namespace hetao::federation {

// Persons that an item adds. Unknown where its labels don't say.
struct People {
  std::optional<int64_t> ordinary;
  std::optional<int64_t> sensitive;
};

// What stands in the labels or in a recorded request, counted as the law counts: programs and aggregates
// carry nobody's personal information; of an item labelled sensitive that names ordinary persons alone, all
// persons count as sensitive.
People people_of(const pb::Item& item);
People people_of(const policy::Request& request);

// "TENANT/YEAR"
std::string counter_key(std::string_view tenant, int year);

// The counters after this item, as attributes of its request.
void fill_counter_facts(const State& s, pb::Crossing& crossing);
// Takes the item's share. The next entry booked for the crossing has to carry note_reservation(), with what
// this answers: whether the job counts from now on, because nothing of it counted before.
bool reserve_counters(State& s, pb::Crossing& crossing);
void note_reservation(ledger::Entry& entry, const pb::Crossing& crossing, bool job_begins);
// Gives it back, and books that.
void release_counters(State& s, pb::Crossing& crossing);
// Gives it back without a word: the entry that follows in this step says what is reserved instead.
void take_back_counters(State& s, pb::Crossing& crossing);

// The counters as the ledger's entries tell them, in order.
class CounterBook {
 public:
  struct Reservation {
    std::string tenant;
    int year = 0;
    int64_t ordinary = 0;
    int64_t sensitive = 0;
    int64_t bytes = 0;
    std::string job;
    // Nothing of the job counted for the gateway when it was taken: what did is archived since.
    bool job_begins = false;
  };
  struct Totals {
    int64_t ordinary = 0;
    int64_t sensitive = 0;
    int64_t bytes = 0;
    int64_t jobs = 0;
    bool operator==(const Totals&) const = default;
  };

  // Fails on an entry whose `counted` is not what a gateway writes.
  Result<void> take(const ledger::Entry& entry);

  // For those who replay: what a crossing holds replaces what it held before.
  void reserve(const std::string& crossing, Reservation reservation);
  void release(const std::string& crossing);

  Totals of(std::string_view tenant, int year) const;
  bool counts_job(std::string_view tenant, int year, const std::string& job) const;
  // By "TENANT/YEAR"; those that are all zero are left out.
  const std::map<std::string, Totals, std::less<>>& totals() const { return totals_; }
  size_t reservations() const { return held_.size(); }

 private:
  std::map<std::string, Reservation, std::less<>> held_;  // by crossing
  std::map<std::string, Totals, std::less<>> totals_;     // by TENANT/YEAR
  std::map<std::string, std::map<std::string, std::set<std::string>>, std::less<>>
      jobs_;  // TENANT/YEAR to job to the crossings by which it counts
};

// The inverse of note_reservation; nothing: the entry reserves nothing.
Result<std::optional<CounterBook::Reservation>> reservation_of(const ledger::Entry& entry);

struct CounterMismatch {
  std::string key;  // TENANT/YEAR
  CounterBook::Totals kept;
  CounterBook::Totals from_ledger;
};

// What the gateway keeps, beside what the ledger tells; empty: they agree.
std::vector<CounterMismatch> compare_counters(const Table_of<pb::Counter>& kept, const CounterBook& book);

}  // namespace hetao::federation
