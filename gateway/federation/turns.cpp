#include "gateway/federation/turns.h"

#include <algorithm>

#include "gateway/federation/host_platform.h"
#include "gateway/federation/market.h"
#include "gateway/federation/money.h"
#include "gateway/federation/state.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

int64_t cores_of(const pb::Task& task) {
  return std::max<int64_t>(1, task.resources().cpu_cores());
}

Turns::Kind kind_of(const pb::Run& run) {
  return {run.platform(), run.accelerator(), run.tenant().id()};
}

// --- what is held

void count(Turns& turns, const Turns::Hold& hold, int64_t sign) {
  turns.held_of_kind[hold.kind] += sign * hold.count;
  if (!hold.offer.empty()) {
    int64_t& held = turns.held_of_offer[hold.offer];
    held += sign * hold.count;
    if (held == 0) turns.held_of_offer.erase(hold.offer);
  }
  Turns::Hold& all = turns.held_of_tenant[std::get<2>(hold.kind)];
  all.cores += sign * hold.cores;
  all.accelerators += sign * hold.accelerators;
}

void hold(Turns& turns, const std::string& key, const pb::Run& run) {
  const Turns::Hold made{kind_of(run), run.offer(), share_of(run).count, cores_of(run.task()),
                         run.accelerators()};
  if (turns.holding.emplace(key, made).second) count(turns, made, 1);
}

void let_go(Turns& turns, const std::string& key) {
  const auto at = turns.holding.find(key);
  if (at == turns.holding.end()) return;
  count(turns, at->second, -1);
  turns.holding.erase(at);
  turns.due = true;
}

void wait_no_more(Turns& turns, const std::string& key, int64_t created_micros) {
  const auto at = turns.waiting.find(key);
  if (at == turns.waiting.end()) return;
  auto& queue = turns.queues[at->second];
  queue.erase({created_micros, key});
  if (queue.empty()) turns.queues.erase(at->second);
  turns.waiting.erase(at);
}

void queue_up(Turns& turns, const std::string& key, const pb::Run& run) {
  if (!turns.waiting.emplace(key, kind_of(run)).second) return;
  turns.queues[kind_of(run)].emplace(run.created_micros(), key);
  turns.due = true;
}

// A run has changed: what it holds and whether it waits follow.
void settle(State& s, const std::string& key) {
  const auto at = s.runs.find(key);
  if (at == s.runs.end() || !holds_place(at->second)) let_go(s.turns, key);
  if (at == s.runs.end()) return;
  if (holds_place(at->second)) hold(s.turns, key, at->second);
  if (at->second.state() != pb::RUN_WAITING) wait_no_more(s.turns, key, at->second.created_micros());
}

// --- what a run may take

std::string quota_text(int64_t in_use, int64_t most, const char* what) {
  return std::to_string(in_use) + " of its " + std::to_string(most) + " " + what + " here";
}

// Empty: the tenant may hold what the run takes beside what it holds.
std::string why_not_beside(const State& s, const pb::Run& run) {
  const std::string& tenant = run.tenant().id();
  const auto quota = s.config.quotas.find(tenant);
  if (quota == s.config.quotas.end()) return {};
  const auto at = s.turns.held_of_tenant.find(tenant);
  const Turns::Hold held = at == s.turns.held_of_tenant.end() ? Turns::Hold{} : at->second;
  const Quota& most = quota->second;
  std::string what;
  if (most.cores > 0 && held.cores + cores_of(run.task()) > most.cores)
    what = quota_text(held.cores, most.cores, "cores");
  else if (most.accelerators > 0 && run.accelerators() > 0 &&
           held.accelerators + run.accelerators() > most.accelerators)
    what = quota_text(held.accelerators, most.accelerators, "accelerators");
  return what.empty() ? what : "waits for its turn: " + tenant + " holds " + what;
}

struct Place {
  enum class Kind { kNow, kWaits, kNever } kind = Kind::kNow;
  const pb::ComputeOffer* offer = nullptr;  // kNow: under which; null: none is needed
  std::vector<std::string> wanted;          // kWaits: under which it waits for others to end
  std::string why;
};

int64_t asked_for(const State& s, const pb::ComputeOffer& offer, const pb::Run& run) {
  constexpr int64_t kSecondsPerHour = 3'600;
  const int64_t cost = cost_of(offer.price(), cores_of(run.task()), run.task().resources().ram_bytes(),
                               run.accelerator(), run.accelerators(), kSecondsPerHour);
  return in_cny(s, cost, offer.price().currency());
}

int64_t left_of(const State& s, const pb::ComputeOffer& offer) {
  const auto held = s.turns.held_of_offer.find(offer.id());
  return offer.count() - (held == s.turns.held_of_offer.end() ? 0 : held->second);
}

std::string why_it_waits(const pb::Run& run, const Place& place) {
  if (place.kind == Place::Kind::kNever)
    return "nothing that is offered of " + run.platform() + " is for it any more";
  if (place.wanted.empty()) return "waits for an offer of " + run.platform() + " to begin";
  return "waits for its turn: offer " + place.wanted.front() + " of " + run.platform() + " is taken";
}

// `claimed`: offers that somebody before it waits for.
Place place_for(const State& s, const std::set<std::string>& claimed, const pb::Run& run) {
  const Share share = share_of(run);
  const int64_t wanted_micros = wanted_seconds(run.task()) * 1'000'000;
  Place place;
  bool any = false;
  bool begins_later = false;
  for (const auto& [id, offer] : s.offers) {
    if (!is_of(offer, share, s.now)) continue;
    any = true;
    if (!is_made_to(offer, run.tenant().id(), run.home_region()) || offer.count() < share.count) continue;
    if (offer.from_micros() > s.now.micros) {
      begins_later = true;
      continue;
    }
    if (offer.until_micros() != 0 && offer.until_micros() - s.now.micros < wanted_micros) continue;
    if (left_of(s, offer) < share.count || claimed.contains(id)) {
      place.wanted.push_back(id);
    } else if (place.offer == nullptr || asked_for(s, offer, run) < asked_for(s, *place.offer, run)) {
      place.offer = &offer;
    }
  }
  if (!any || place.offer != nullptr) return place;
  place.kind = begins_later || !place.wanted.empty() ? Place::Kind::kWaits : Place::Kind::kNever;
  place.why = why_it_waits(run, place);
  return place;
}

// --- turns

void begin(State& s, const std::string& key, const pb::ComputeOffer* offer) {
  pb::Run& run = s.edit_run(key);
  run.clear_waits_because();
  wait_no_more(s.turns, key, run.created_micros());
  if (offer != nullptr) {
    run.set_offer(offer->id());
    *run.mutable_price() = offer->price();
    ledger::Entry& entry = s.book("reserved");
    entry.job = run.job();
    entry.who = ledger_name(run.submitter());
    entry.reason = "took its place under an offer of " + run.platform();
    entry.extra["offer"] = offer->id();
    entry.extra["count"] = std::to_string(share_of(run).count);
  }
  move_run(run, pb::RUN_SUBMITTING);
  hold(s.turns, key, run);
  submit_run(s, key, run);
}

void keep_waiting(State& s, const std::string& key, const std::string& why) {
  if (s.runs.at(key).waits_because() == why) return;
  pb::Run& run = s.edit_run(key);
  run.clear_hold_reason();  // no reviewer is waited for any more
  run.set_waits_because(why);
  tell_home(s, run);
}

// The first run of the queue whose tenant holds least of its kind, of those that are not stopped.
const Turns::Kind* next_queue(const Turns& turns, const std::set<Turns::Kind>& stopped) {
  const Turns::Kind* next = nullptr;
  std::tuple<int64_t, int64_t, std::string> least;
  for (const auto& [kind, queue] : turns.queues) {
    if (stopped.contains(kind)) continue;
    const auto held = turns.held_of_kind.find(kind);
    std::tuple rank(held == turns.held_of_kind.end() ? 0 : held->second, queue.begin()->first,
                    queue.begin()->second);
    if (next != nullptr && rank >= least) continue;
    next = &kind;
    least = std::move(rank);
  }
  return next;
}

// False: the queue's first has to wait, and with it those behind it.
bool give_turn(State& s, const std::string& key, std::set<std::string>& claimed) {
  const pb::Run& run = s.runs.at(key);
  if (const std::string why = why_not_beside(s, run); !why.empty()) {
    keep_waiting(s, key, why);
    return false;
  }
  const Place place = place_for(s, claimed, run);
  switch (place.kind) {
    case Place::Kind::kNow:
      begin(s, key, place.offer);
      return true;
    case Place::Kind::kWaits:
      claimed.insert(place.wanted.begin(), place.wanted.end());
      keep_waiting(s, key, place.why);
      return false;
    case Place::Kind::kNever:
      wait_no_more(s.turns, key, run.created_micros());
      refuse_run(s, s.edit_run(key), failure::kRefused, place.why);
      return true;
  }
  return true;
}

bool is_free_for_all(const State& s, const pb::Run& run) {
  if (s.config.quotas.contains(run.tenant().id())) return false;
  const Share share = share_of(run);
  return std::none_of(s.offers.begin(), s.offers.end(),
                      [&](const auto& offer) { return is_of(offer.second, share, s.now); });
}

}  // namespace

void wait_for_turn(State& s, const std::string& key) {
  if (s.turns.waiting.contains(key)) return;
  if (is_free_for_all(s, s.runs.at(key))) return begin(s, key, nullptr);
  queue_up(s.turns, key, s.runs.at(key));
  keep_waiting(s, key, "waits for its turn");
}

bool give_turns(State& s) {
  for (const std::string& key : s.changed(Table::kRun)) settle(s, key);
  if (!s.turns.due) return false;
  s.turns.due = false;
  const size_t said = s.to_self.size();
  std::set<std::string> claimed;
  std::set<Turns::Kind> stopped;
  while (const Turns::Kind* kind = next_queue(s.turns, stopped)) {
    const std::string key = s.turns.queues.at(*kind).begin()->second;
    const Turns::Kind copy = *kind;
    if (!give_turn(s, key, claimed)) stopped.insert(copy);
  }
  return s.to_self.size() > said;
}

void resume_turns(State& s) {
  for (const auto& [key, run] : s.runs) {
    if (holds_place(run)) hold(s.turns, key, run);
    if (run.state() == pb::RUN_WAITING && !run.waits_because().empty()) queue_up(s.turns, key, run);
  }
  s.turns.due = true;
}

std::string why_over_quota(const State& s, const std::string& tenant, const pb::Task& task, const Fit& fit) {
  const auto quota = s.config.quotas.find(tenant);
  if (quota == s.config.quotas.end() || !fit.why.empty()) return {};
  const auto too_many = [&](int64_t most, int64_t asked, const char* what) {
    return tenant + " may hold " + std::to_string(most) + " " + what + " here at once, and it asks for " +
           std::to_string(asked);
  };
  if (quota->second.cores > 0 && cores_of(task) > quota->second.cores)
    return too_many(quota->second.cores, cores_of(task), "cores");
  if (quota->second.accelerators > 0 && fit.accelerators > quota->second.accelerators)
    return too_many(quota->second.accelerators, fit.accelerators, "accelerators");
  return {};
}

}  // namespace hetao::federation
