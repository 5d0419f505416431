// Whose turn it is: a run that has its inputs takes its place on a platform under its tenant's quota and,
// where something is offered (market.h), under an offer. What does not fit waits here, and never in the
// scheduler's queue.
//
// Fair share: of those that wait, the tenant that holds least of the kind comes first, and of one tenant the
// oldest. Nobody passes somebody before him under an offer that both could use, so a large run waits for a
// finite time. A turn costs the number of queues, not of runs: there is one for each tenant and kind of a
// platform.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "gateway/federation/fit.h"

namespace hetao::federation {

class State;

// What waits and what is held, by the runs of now; made anew at every start.
struct Turns {
  using Kind = std::tuple<std::string, std::string, std::string>;  // platform, accelerator, tenant
  struct Hold {
    Kind kind;
    std::string offer;
    int64_t count = 0;
    int64_t cores = 0;
    int64_t accelerators = 0;
  };

  std::map<Kind, std::set<std::pair<int64_t, std::string>>> queues;  // oldest first
  std::map<std::string, Kind, std::less<>> waiting;                  // by run: its queue
  std::map<std::string, Hold, std::less<>> holding;                  // by run
  std::map<Kind, int64_t> held_of_kind;
  std::map<std::string, int64_t, std::less<>> held_of_offer;
  std::map<std::string, Hold, std::less<>> held_of_tenant;
  bool due = false;  // something has changed that may give somebody a turn
};

// The run has all that it needs: it goes to its platform now, or when it is its turn.
void wait_for_turn(State& s, const std::string& key);

// Lets go whoever may, at the end of a step. True: something was said to ourselves by it.
bool give_turns(State& s);

// Start-up: what runs hold and which wait.
void resume_turns(State& s);

// Why a task can never run here within its tenant's quota; empty: it can.
std::string why_over_quota(const State& s, const std::string& tenant, const pb::Task& task, const Fit& fit);

}  // namespace hetao::federation
