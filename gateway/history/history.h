// What must have held, judged from what is left: the product's promises as named rules over ledgers, start
// tokens and acknowledgements. README.md lists them. Pure functions; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ledger/entry.h"

namespace hetao::history {

struct Book {
  std::string region;
  std::span<const ledger::Entry> entries;  // in order; may begin anywhere
};

struct Acknowledged {  // a client was told that this job is accepted
  std::string region;  // its home; empty: any of the books
  std::string job;
};

struct Start {  // a run's program really began, behind the start fence
  std::string region;
  std::string run;  // "JOB.ATTEMPT"
};

struct LeftBehind {  // a scheduler still holds it
  std::string region;
  std::string run;
  std::string id;
};

struct History {
  std::vector<Book> books;
  bool all_regions = false;  // every region's book is here: what departed must be found
  bool at_rest = false;      // nothing is under way any more: liveness may be asked
  std::vector<Acknowledged> acknowledged;
  std::vector<Start> starts;
  std::vector<std::string> repeatable;  // jobs whose tasks may be started again
  std::vector<LeftBehind> left_behind;
};

struct Finding {
  std::string rule;
  std::string text;
};

using Findings = std::vector<Finding>;

struct Rule {
  const char* name;
  void (*check)(const History& history, const char* name, Findings& out);
};

// Safety first, then liveness.
std::span<const Rule> rules();

// All rules. Many findings of one rule are cut off at 100.
Findings check(const History& history);

}  // namespace hetao::history
