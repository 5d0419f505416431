#include "tests/sim/checker.h"

#include "gateway/federation/counters.h"
#include "gateway/federation/table.h"

namespace hetao::sim {

using namespace federation;

namespace {

// J1: what was acknowledged reaches a reported end.
void check_jobs_end(const Evidence& e) {
  for (const WantedJob& wanted : e.researchers.jobs()) {
    if (!wanted.acknowledged) {
      if (!wanted.refused) e.violate(wanted.idempotency_key + " was never answered");
      continue;
    }
    const pb::Job* job = e.nodes.at(wanted.home).core()->job(wanted.id);
    if (job == nullptr) {
      e.violate("acknowledged job " + wanted.id + " is lost");
    } else if (!is_final(job->state())) {
      e.violate("job " + wanted.id + " hangs in " + to_word(job->state()) + ": " + job->reason());
    }
  }
}

// One job for each wish, however often it was repeated.
void check_no_twins(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    std::map<std::string, int> by_key;
    for (const auto& [id, job] : node.core()->jobs()) ++by_key[job.idempotency_key()];
    for (const auto& [key, count] : by_key) {
      if (count > 1) e.violate(key + " became " + std::to_string(count) + " jobs in " + region);
    }
  }
}

// J2: at most one start of an attempt has effect. J3: no submission without an owner.
void check_schedulers(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    for (const auto& [run, starts] : node.scheduler().effective_starts()) {
      if (starts > 1) e.violate(run + " ran " + std::to_string(starts) + " times in " + region);
    }
    for (const auto& [id, submission] : node.scheduler().submissions()) {
      if (!submission.ended && !submission.cancelled) {
        e.violate("submission " + id + " of " + submission.run + " is left behind in " + region);
      }
      if (node.scheduler().most_submissions_at_once(submission.run) > 1) {
        e.violate(submission.run + " was submitted twice at once in " + region);
      }
    }
    for (const auto& [key, run] : node.core()->runs()) {
      if (!is_final(run.state()))
        e.violate("run " + key + " hangs in " + to_word(run.state()) + " in " + region);
    }
  }
}

struct Booked {
  std::string digest;
  int64_t bytes = 0;
  int count = 0;
};

std::map<std::string, Booked> booked(const Node& node, const char* kind) {
  std::map<std::string, Booked> all;
  for (const ledger::Entry& entry : node.disk().entries) {
    if (entry.kind != kind) continue;
    Booked& one = all[entry.crossing];
    one.digest = entry.item_digest;
    one.bytes = entry.item_bytes;
    ++one.count;
  }
  return all;
}

// Invariant 3: every departure has exactly one arrival with the same digest and size, or was recalled.
void check_books(const Evidence& e) {
  for (const auto& [from, sender] : e.nodes) {
    const auto departed = booked(sender, "departed");
    const auto recalled = booked(sender, "recalled");
    for (const auto& [to, receiver] : e.nodes) {
      if (to == from) continue;
      const auto arrived = booked(receiver, "arrived");
      for (const auto& [crossing, out] : departed) {
        const auto in = arrived.find(crossing);
        if (out.count > 1) e.violate(crossing + " departed twice from " + from);
        if (recalled.contains(crossing)) continue;
        if (in == arrived.end()) {
          e.violate(crossing + " departed from " + from + " and never arrived");
        } else if (in->second.count != 1 || in->second.digest != out.digest ||
                   in->second.bytes != out.bytes) {
          e.violate(crossing + " arrived differently than it departed");
        }
      }
      for (const auto& [crossing, in] : arrived) {
        if (!departed.contains(crossing))
          e.violate(crossing + " arrived in " + to + " without having departed");
      }
    }
  }
}

// Invariant 4: counters hold what crossed or is on its way, and nothing else.
void check_counters(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    std::map<std::string, int64_t> expected;
    for (const auto& [id, crossing] : node.core()->crossings()) {
      if (crossing.reserved_year() == 0) continue;
      if (crossing.state() != pb::CROSSING_DONE)
        e.violate(id + " holds a reservation in " + to_word(crossing.state()));
      expected[crossing.exporter().id() + "/" + std::to_string(crossing.reserved_year())] +=
          crossing.reserved_ordinary();
    }
    for (const auto& [key, counter] : node.core()->counters()) {
      if (counter.ordinary() != expected[key]) {
        e.violate("counter " + key + " is " + std::to_string(counter.ordinary()) + ", crossed " +
                  std::to_string(expected[key]));
      }
    }
    CounterBook book;
    for (const ledger::Entry& entry : node.disk().entries) {
      if (!book.take(entry)) e.violate("an entry of " + region + " counts unreadably");
    }
    for (const CounterMismatch& other : compare_counters(node.core()->counters(), book))
      e.violate("the ledger of " + region + " tells another counter " + other.key);
  }
}

// Every decision was made under the policy that the ledger says was in force, whatever was killed in between.
void check_policies(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    std::string in_force;
    for (const ledger::Entry& entry : node.disk().entries) {
      if (entry.kind == "policy-activated") in_force = entry.policy_digest;
      if (entry.kind == "decision" && entry.policy_digest != in_force)
        e.violate("entry " + std::to_string(entry.sequence) + " of " + region +
                  " was decided under another policy");
    }
    if (node.core()->policy_digest() != in_force ||
        node.core()->policy_record().active().digest() != in_force)
      e.violate(region + " runs another policy than its ledger says");
  }
}

// Nothing owed is left, and a restart would find what the process knows.
void check_quiet(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    for (const auto& peer : node.core()->peers()) {
      if (peer.outbox != 0) e.violate(region + " still owes " + peer.region + " messages");
    }
    for (const auto& [id, crossing] : node.core()->crossings()) {
      if (!is_final(crossing.state())) {
        e.violate("crossing " + id + " hangs in " + to_word(crossing.state()) + " in " + region);
      }
      const auto row = node.disk().rows.find({Table::kCrossing, id});
      if (row == node.disk().rows.end() || row->second != crossing.SerializeAsString()) {
        e.violate("crossing " + id + " is not on disk as it is in memory in " + region);
      }
    }
  }
}

}  // namespace

void check_world(const Evidence& evidence) {
  check_jobs_end(evidence);
  check_no_twins(evidence);
  check_schedulers(evidence);
  check_books(evidence);
  check_counters(evidence);
  check_policies(evidence);
  check_quiet(evidence);
}

}  // namespace hetao::sim
