#include "tests/sim/step_rules.h"

#include <algorithm>
#include <vector>

#include "gateway/federation/record.h"
#include "gateway/federation/table.h"

namespace hetao::sim {

using namespace federation;

namespace {

// What home no longer wants is stopped, and not let go: later a scheduler may be too quick.
void check_releases(const Core& core, const Step& step, const std::function<void(std::string)>& violate) {
  for (const Effect& effect : step.effects) {
    const auto* release = std::get_if<ReleaseRun>(&effect);
    if (release == nullptr) continue;
    const pb::Run* run = core.run(release->run);
    if (run != nullptr && run->cancel_wanted() && run->state() != pb::RUN_CANCELLING)
      violate("cancelled-is-not-released: " + release->run);
  }
}

template <class Is>
bool tells(const Step& step, const Is& is) {
  return std::any_of(step.records.begin(), step.records.end(), [&](const Record& record) {
    pb::PeerMessage message;
    return record.table == Table::kOutbox && record.value && message.ParseFromString(*record.value) &&
           is(message);
  });
}

bool is_about(const pb::PeerMessage& message, const std::string& crossing) {
  return (message.has_crossing_answer() && message.crossing_answer().crossing() == crossing) ||
         (message.has_crossing_ended() && message.crossing_ended().crossing() == crossing);
}

// What the other side has to know becomes durable together with what it is about: time-outs would hide that
// it was never told.
void check_told(const Core& core, const CoreConfig& config, const Step& step,
                const std::function<void(std::string)>& violate) {
  for (const ledger::Entry& entry : step.entries) {
    if (entry.kind == "review" && entry.decision == "rejected") {
      const pb::Crossing* crossing = core.crossing(entry.crossing);
      const bool receives = crossing != nullptr && crossing->to_region() == config.region;
      if (receives && !tells(step, [&](const auto& message) { return is_about(message, entry.crossing); }))
        violate("rejection-is-told: " + entry.crossing + " to " + crossing->from_region());
    }
    if (entry.kind == "job-state" && entry.reason.starts_with("expired")) {
      const pb::Job* job = core.job(entry.job);
      const bool is_elsewhere = job != nullptr && job->offered() && job->region() != config.region &&
                                job->failure_class() == failure::kDeadline;
      const auto stops = [&](const pb::PeerMessage& message) {
        return message.has_cancel_run() && message.cancel_run().job() == entry.job;
      };
      if (is_elsewhere && !tells(step, stops))
        violate("expiry-is-told: " + entry.job + " to " + job->region());
    }
  }
}

}  // namespace

void check_step(const Core& core, const CoreConfig& config, const Step& step,
                const std::function<void(std::string)>& violate) {
  check_releases(core, step, violate);
  check_told(core, config, step, violate);
}

}  // namespace hetao::sim
