#include "tests/sim/checker.h"

#include <algorithm>

#include "gateway/federation/counters.h"
#include "gateway/federation/table.h"
#include "gateway/history/history.h"

namespace hetao::sim {

using namespace federation;

namespace {

// The rules that real gateways are judged by.
void check_history(const Evidence& e) {
  history::History all;
  all.all_regions = true;
  all.at_rest = true;
  for (const auto& [region, node] : e.nodes) {
    all.books.push_back({region, node.disk().entries});
    for (const Start& start : node.scheduler().starts()) all.starts.push_back({region, start.run});
    for (const Submission* left : node.scheduler().left_behind())
      all.left_behind.push_back({region, left->run, left->id});
    for (const auto& [id, job] : e.known.at(region)->jobs()) {
      if (job.task().resources().preemptible()) all.repeatable.push_back(id);
    }
  }
  for (const WantedJob& wanted : e.researchers.jobs()) {
    if (wanted.acknowledged) all.acknowledged.push_back({wanted.home, wanted.id});
  }
  for (const history::Finding& found : history::check(all)) e.violate(found.rule + ": " + found.text);
}

// What a client was told is what a poll finds, and everybody got an answer.
void check_answers(const Evidence& e) {
  for (const WantedJob& wanted : e.researchers.jobs()) {
    if (wanted.dropped) continue;
    if (!wanted.acknowledged) {
      if (!wanted.refused)
        e.violate("everybody-is-answered: " + wanted.idempotency_key + " was never answered");
      continue;
    }
    const pb::Job* job = e.known.at(wanted.home)->job(wanted.id);
    if (job == nullptr) {
      e.violate("acknowledged-is-kept: job " + wanted.id + " is lost");
    } else if (!is_final(job->state())) {
      e.violate("every-job-ends: " + wanted.id + " hangs in " + federation::to_word(job->state()) + ": " +
                job->reason());
    } else if (job->state() == pb::JOB_SYSTEM_ERROR && job->failure_class().empty()) {
      e.violate("failures-have-a-class: " + wanted.id + ": " + job->reason());
    } else if (job->state() == pb::JOB_COMPLETE) {
      for (const pb::Delivery& delivery : job->deliveries()) {
        if (delivery.state() == "withheld" && delivery.kind() != "logs")
          e.violate("complete-is-all-there: output " + delivery.name() + " of " + wanted.id + " is withheld");
      }
    }
  }
}

// One job for each wish, however often it was repeated.
void check_no_twins(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    std::map<std::string, int> by_key;
    for (const auto& [id, job] : e.known.at(region)->jobs()) ++by_key[job.idempotency_key()];
    for (const auto& [key, count] : by_key) {
      if (count > 1)
        e.violate("no-twins: " + key + " became " + std::to_string(count) + " jobs in " + region);
    }
  }
}

void check_runs(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    for (const std::string& run : node.scheduler().submitted_twice_at_once())
      e.violate("look-up-before-repeat: " + run + " was submitted twice at once in " + region);
    for (const auto& [key, run] : e.known.at(region)->runs()) {
      if (!is_final(run.state()))
        e.violate("every-run-ends: " + key + " hangs in " + federation::to_word(run.state()) + " in " +
                  region);
      if (run.state() != pb::RUN_REFUSED || run.may_have_started()) continue;
      for (const Start& start : node.scheduler().starts()) {
        if (start.run == key) e.violate("refused-never-ran: " + key + " ran in " + region);
      }
    }
  }
}

// Counters hold what crossed or is on its way, and nothing else.
void check_counters(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    std::map<std::string, int64_t> expected;
    for (const auto& [id, crossing] : e.known.at(region)->crossings()) {
      if (crossing.reserved_year() == 0) continue;
      if (crossing.state() != pb::CROSSING_DONE)
        e.violate("counters-match: " + id + " holds a reservation in " +
                  federation::to_word(crossing.state()));
      expected[crossing.exporter().id() + "/" + std::to_string(crossing.reserved_year())] +=
          crossing.reserved_ordinary();
    }
    for (const auto& [key, counter] : node.core()->counters()) {
      if (counter.ordinary() != expected[key]) {
        e.violate("counters-match: " + key + " is " + std::to_string(counter.ordinary()) + ", crossed " +
                  std::to_string(expected[key]));
      }
    }
    CounterBook book;
    for (const ledger::Entry& entry : node.disk().entries) {
      if (!book.take(entry)) e.violate("counters-match: an entry of " + region + " counts unreadably");
    }
    for (const CounterMismatch& other : compare_counters(node.core()->counters(), book))
      e.violate("counters-match: the ledger of " + region + " tells another counter " + other.key);
  }
}

// Memory, disk and ledger name one policy.
void check_policies(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    std::string in_force;
    for (const ledger::Entry& entry : node.disk().entries) {
      if (entry.kind == "policy-activated") in_force = entry.policy_digest;
    }
    if (node.core()->policy_digest() != in_force ||
        node.core()->policy_record().active().digest() != in_force)
      e.violate("policy-is-one: " + region + " runs another policy than its ledger says");
  }
}

// Both sides tell the same end of every crossing.
void check_both_sides(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    for (const auto& [id, crossing] : e.known.at(region)->crossings()) {
      if (crossing.from_region() != region || crossing.state() != pb::CROSSING_DONE) continue;
      const pb::Crossing* there = e.known.at(crossing.to_region())->crossing(id);
      if (there == nullptr || there->state() != pb::CROSSING_DONE)
        e.violate("both-sides-agree: " + id + " is done in " + region + " alone");
    }
  }
}

void check_reviews(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    for (const auto& [id, review] : e.known.at(region)->reviews()) {
      const pb::Crossing* crossing = e.known.at(region)->crossing(review.crossing());
      if (review.state() == pb::REVIEW_OPEN)
        e.violate("no-review-for-nothing: " + id + " is open in " + region);
      if (review.state() != pb::REVIEW_APPROVED) continue;
      if (review.approvals_size() < static_cast<int>(review.reviewers()))
        e.violate("enough-reviewers: " + id + " has " + std::to_string(review.approvals_size()) +
                  " approvals");
      if (review.item_digest() != crossing->item().digest())
        e.violate("approval-is-for-one-digest: " + id + " was given for " + review.item_digest());
    }
  }
}

// delete-after: booked, and gone unless it is held on another account.
void check_duties(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    for (const auto& [where, value] : node.disk().rows) {
      if (where.first != Table::kDuty) continue;
      pb::Duty duty;
      if (!duty.ParseFromString(value)) continue;
      if (Instant{duty.due_micros()} + Duration::seconds(300) < node.clock())
        e.violate("deleted-in-time: " + where.second + " is overdue in " + region);
    }
    std::map<std::string, bool> kept;  // by digest: some copy may stay
    for (const auto& [id, crossing] : e.known.at(region)->crossings()) {
      if (crossing.to_region() != region || crossing.state() != pb::CROSSING_DONE) continue;
      for (const pb::ItemFile& file : crossing.item().files())
        kept[file.digest()] |= crossing.deleted_sequence() == 0;
    }
    for (const auto& [digest, stays] : kept) {
      if (!stays && node.disk().blobs.contains(digest))
        e.violate("deleted-is-gone: " + digest + " is still in " + region);
      if (stays && !node.disk().blobs.contains(digest))
        e.violate("kept-is-there: " + digest + " is gone in " + region);
    }
  }
}

// Data that came without onward transfer goes nowhere but back.
// It came under a permit, of either side, that lets nothing of it go on.
bool is_bound(const pb::Crossing& crossing) {
  const auto binds = [](const pb::Verdict& verdict) {
    return std::any_of(verdict.obligations().begin(), verdict.obligations().end(),
                       [](const pb::Obligation& owed) { return owed.name() == "no-onward-transfer"; });
  };
  return binds(crossing.ours()) || binds(crossing.theirs());
}

void check_onward(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    for (const auto& [key, run] : e.known.at(region)->runs()) {
      for (const std::string& input : run.inputs()) {
        const pb::Crossing* in = e.known.at(region)->crossing(input);
        if (in == nullptr || !is_bound(*in)) continue;
        for (const std::string& output : run.outputs()) {
          const pb::Crossing* out = e.known.at(region)->crossing(output);
          if (out != nullptr && out->booked_sequence() != 0 && out->to_region() != in->from_region())
            e.violate("no-onward-transfer: " + output + " left " + region + " though " + input + " is bound");
        }
      }
    }
  }
}

// Nothing owed is left, and a restart would find what the process knows.
void check_quiet(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    for (const auto& peer : node.core()->peers()) {
      if (peer.outbox != 0) e.violate("nothing-owed: " + region + " still owes " + peer.region + " messages");
    }
    for (const auto& [id, crossing] : node.core()->crossings()) {
      if (!is_final(crossing.state())) {
        e.violate("every-crossing-ends: " + id + " hangs in " + federation::to_word(crossing.state()) +
                  " in " + region);
      }
      const auto row = node.disk().rows.find({Table::kCrossing, id});
      if (row == node.disk().rows.end() || row->second != crossing.SerializeAsString()) {
        e.violate("memory-is-disk: crossing " + id + " is not on disk as it is in memory in " + region);
      }
    }
    for (const auto& [id, job] : node.core()->jobs()) {
      const auto row = node.disk().rows.find({Table::kJob, id});
      if (row == node.disk().rows.end() || row->second != job.SerializeAsString())
        e.violate("memory-is-disk: job " + id + " is not on disk as it is in memory in " + region);
    }
  }
}

// What went to the archive is there once, and at its end.
void check_archive(const Evidence& e) {
  for (const auto& [region, node] : e.nodes) {
    const auto& rows = node.disk().rows;
    for (const auto& [where, value] : rows) {
      const Table present = present_of(where.first);
      if (present != where.first && rows.contains({present, where.second}))
        e.violate("archived-is-gone: " + where.second + " is open and archived in " + region);
    }
    for (const auto& [id, job] : node.core()->jobs()) {
      if (rows.contains({Table::kPastJob, id}))
        e.violate("archived-is-gone: job " + id + " is in memory and archived in " + region);
    }
  }
}

template <class Objects>
bool all_final(const Objects& objects) {
  return std::all_of(objects.begin(), objects.end(),
                     [](const auto& one) { return is_final(one.second.state()); });
}

// One that is due soon; by a clock that was set back, others may be due in an hour.
bool owes_a_duty(const Node& node) {
  const auto& rows = node.disk().rows;
  for (auto at = rows.lower_bound({Table::kDuty, ""}); at != rows.end() && at->first.first == Table::kDuty;
       ++at) {
    pb::Duty duty;
    if (duty.ParseFromString(at->second) &&
        Instant{duty.due_micros()} < node.clock() + Duration::seconds(600))
      return true;
  }
  return false;
}

}  // namespace

bool is_at_rest(const Node& node) {
  if (!node.alive() || !node.is_synced()) return false;
  const Core& core = *node.core();
  if (owes_a_duty(node)) return false;
  for (const PeerState& peer : core.peers()) {
    if (peer.outbox != 0) return false;
  }
  return core.open_jobs().empty() && all_final(core.runs()) && all_final(core.crossings()) &&
         node.scheduler().left_behind().empty();
}

void check_world(const Evidence& evidence) {
  check_history(evidence);
  check_answers(evidence);
  check_no_twins(evidence);
  check_runs(evidence);
  check_counters(evidence);
  check_policies(evidence);
  check_both_sides(evidence);
  check_reviews(evidence);
  check_onward(evidence);
  check_duties(evidence);
  check_archive(evidence);
  check_quiet(evidence);
}

}  // namespace hetao::sim
