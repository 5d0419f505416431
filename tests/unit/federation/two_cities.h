// Two cores in memory, with a link, a disk and a platform each that do what they are told, one effect at a
// time. Tests post events, let effects happen (all, or a number of them), and read the cores through their
// public header.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/federation/core.h"

namespace hetao::federation {

struct City {
  CoreConfig config;
  std::shared_ptr<const policy::Policy> policy;
  std::unique_ptr<Core> core;
  std::map<std::pair<Table, std::string>, std::string> rows;
  std::vector<ledger::Entry> entries;
  std::map<std::string, std::string> submissions;  // run: held, running, ended, cancelled
};

class TwoCities {
 public:
  // Further regions may stand beside the two; `change` may alter each configuration before the start.
  explicit TwoCities(const std::string& rules, const std::vector<std::string>& further = {},
                     const std::function<void(CoreConfig&)>& change = {});

  City& city(const std::string& region) { return cities_.at(region); }
  const Core& core(const std::string& region) const { return *cities_.at(region).core; }

  void post(const std::string& region, Event event);
  bool happen();  // carries out one effect; false: none is left
  void settle();  // all of them
  void wait(Duration time);
  // From its disk; effects of the earlier process are lost. The clock may have been set meanwhile.
  void restart(const std::string& region, Duration clock_set = {});
  void cut();
  void connect();
  // One region alone loses its links to all others, or gets them back.
  void cut_off(const std::string& region);
  void connect_again(const std::string& region);
  void activate(const std::string& region, const std::string& rules);
  void end_run(const std::string& region, const std::string& run);  // that is kept running

  // Submits at home a program that runs in `place` over a dataset (none if empty); returns the job's id.
  std::string submit(const std::string& home, const std::string& place, const std::string& dataset,
                     const std::function<void(pb::Task&)>& change = {});
  void answer(const std::string& region, const std::string& review, bool approve, const std::string& user,
              const std::string& reason = "looked at");

  // What the last submission or answer to a review was told.
  const Answer& told() const { return told_; }
  const pb::Job& job(const std::string& id) const;
  std::vector<std::string> open_reviews(const std::string& region) const;
  int64_t counter(const std::string& region) const;  // persons of all exporters
  // What happened, in order: "shenzhen submits j1.1", "hongkong sends j1.1.c0", "shenzhen has j1.1.c0", …
  const std::vector<std::string>& journal() const { return journal_; }
  size_t when(const std::string& what) const;  // its place in the journal; SIZE_MAX: never
  size_t booked(const std::string& region, const std::string& kind, const std::string& crossing,
                const std::string& decision = {}) const;
  // Why the two cities are not at rest, or "": everything final, nothing owed, books and counters match.
  std::string unrest() const;

  int copies = 1;                      // of every message
  std::vector<pb::Item> also_brought;  // by every submission, beside its program
  // What a platform does with a submission: "" takes it, "refuse" refuses, "lose" loses it once it runs,
  // "keep" lets it run until end_run.
  std::map<std::string, std::string> platform_does;
  bool answers_deletions = true;  // or ends before it hears that the files are gone
  // What inspections find; nothing by default.
  std::function<void(const InspectItem&, ItemInspected&)> inspection_finds;

 private:
  void carry_out(const std::string& region, const Effect& effect);
  void send_item(const std::string& from, const SendItem& effect);
  std::string unrest_of(const std::string& region) const;
  void start(City& city);

  std::map<std::string, City> cities_;
  std::deque<std::pair<std::string, Effect>> effects_;
  std::vector<std::string> journal_;
  Answer told_;
  Instant now_{1'764'000'000'000'000};
  bool linked(const std::string& a, const std::string& b) const {
    return up_ && !off_.contains(a) && !off_.contains(b);
  }

  std::vector<std::string> regions_;
  std::set<std::string> off_;
  bool up_ = false;
  uint64_t submitted_ = 0;
};

// General data may leave, data tagged `look` waits for a reviewer, important data stays.
extern const char* const kRules;

}  // namespace hetao::federation
