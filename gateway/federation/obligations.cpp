#include "gateway/federation/obligations.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "gateway/base/text.h"
#include "gateway/federation/archive.h"
#include "gateway/federation/crossing_parts.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

// At a time: one look at everything that is known serves them all.
constexpr size_t kDutiesAtOnce = 1'000;
constexpr const char* kDefaultProfile = "personal-identifiers";

// When a duty that was begun is due: at once, and durable before its files go. A process that ends before the
// receipt, and a clock that is set back until the next start, leave no copy that counts as there and is not.
constexpr int64_t kBegunMicros = 0;

constexpr const char* kDeleteAfter = "delete-after";
constexpr const char* kLeftOver = "left-over";  // what came of an item that will not arrive

std::string parameter_of(const pb::Obligation& obligation, std::string_view key) {
  return tag_of(obligation.parameters(), key);
}

bool names(const std::string& list, const std::string& wanted) {
  const std::vector<std::string> all = split(list, ',');
  return std::find(all.begin(), all.end(), wanted) != all.end();
}

int64_t number_in(const std::string& text, int64_t otherwise) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

void turn(pb::Verdict& verdict, const char* effect, const std::string& why) {
  if (verdict.effect() == "forbid") return;
  verdict.set_effect(effect);
  verdict.set_reason(why);
}

std::vector<std::string> kinds_to_mask(const pb::Verdict& verdict) {
  for (const pb::Obligation& obligation : verdict.obligations()) {
    if (obligation.name() == "mask") return split(parameter_of(obligation, "kinds"), ',');
  }
  return {};
}

bool includes_all(const std::vector<std::string>& known, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&known](const std::string& one) {
    return std::find(known.begin(), known.end(), one) != known.end();
  });
}

// Both read what the sending side's inspection measured; the receiver takes the sender's word.
void keep_group_size(const State& s, const pb::Crossing& crossing, const pb::Obligation& obligation,
                     pb::Verdict& verdict) {
  const bool groups = obligation.name() == "min-group";
  const char* name = groups ? "result.min_group" : "result.k_anonymity";
  const auto least = number_in(parameter_of(obligation, "least"), INT64_MAX);
  const auto found = number_of(crossing.facts(), name);
  if (found && *found >= least) return;
  // Before the item was read there is nothing to say; that its permit needs it to be read is owed_inspection.
  if (!found && sends(s, crossing) && find_fact(crossing.facts(), "inspection.verdict") == nullptr) return;
  const std::string what = groups ? "groups of at least " : "that nobody can be told apart from fewer than ";
  const std::string measured = !found   ? "it has no table that shows it"
                               : groups ? "its smallest has " + std::to_string(*found)
                                        : "in it are groups of " + std::to_string(*found);
  turn(verdict, found && parameter_of(obligation, "otherwise") == "forbid" ? "forbid" : "hold",
       "its permit asks for " + what + std::to_string(least) + ": " + measured);
}

// A copy without these kinds is what crosses. Before it was tried to make one, the permit counts with what
// the copy will have; afterwards it counts only with the copy.
void keep_masking(const State& s, const pb::Crossing& crossing, pb::Verdict& verdict) {
  const bool sender = sends(s, crossing);
  if (sender && !owed_masking(s, crossing, verdict).empty()) return;
  const std::vector<std::string> kinds = kinds_to_mask(verdict);
  const std::string why = text_of(crossing.facts(), kNotMaskedFact);
  const bool asked = crossing.theirs().effect() == "permit";
  if (!kinds.empty() && !why.empty())
    turn(verdict, "hold", "its permit asks for masking, and " + why);
  else if (!kinds.empty() && asked && !includes_all(set_of(crossing.facts(), kMaskedFact), kinds))
    turn(verdict, "hold",
         "its permit asks for masking, and " + crossing.from_region() + " has not masked it");
  if (!sender) return;
  for (const pb::Obligation& obligation : verdict.obligations()) {
    if (obligation.name() != "inspect") continue;
    const auto found = number_of(crossing.facts(), "inspection.findings");
    const auto most = number_in(parameter_of(obligation, "at_most"), 0);
    // What could not be read may hold anything: nothing found in it is no promise.
    const std::string seen = text_of(crossing.facts(), "inspection.verdict");
    if (seen == "incomplete" || seen == "not-run")
      turn(verdict, "hold", "its permit asks for an inspection, and not all of it could be read");
    if (found && *found > most) {
      turn(verdict, "hold",
           "its permit allows " + std::to_string(most) + " findings, the inspection has " +
               std::to_string(*found));
    }
  }
}

std::string text_fact(const State& s, std::string_view name) {
  for (const pb::Fact& known : s.config.standing_facts) {
    if (known.name() == name) return known.text();
  }
  return {};
}

// Both sides' permits bind what was let through.
template <class Found>
void each_obligation(const pb::Crossing& crossing, Found found) {
  for (const pb::Verdict* verdict : {&crossing.ours(), &crossing.theirs()}) {
    if (verdict->effect() != "permit") continue;
    for (const pb::Obligation& obligation : verdict->obligations()) found(obligation, *verdict);
  }
}

bool is_used(const State& s, const pb::Crossing& crossing) {
  const auto run = s.runs.find(run_key(crossing.job(), crossing.attempt()));
  if (run != s.runs.end() && !is_final(run->second.state())) return true;
  const auto job = s.jobs.find(crossing.job());
  return job != s.jobs.end() && !is_final(job->second.state());
}

void add_files(std::set<std::string>& into, const google::protobuf::RepeatedPtrField<pb::ItemFile>& files) {
  for (const pb::ItemFile& file : files) into.insert(file.digest());
}

// Blobs that this gateway holds on another account than the copies that are being deleted: they stay. Those
// that archived jobs hold are known to the shell.
std::set<std::string> kept_blobs(const State& s) {
  std::set<std::string> kept;
  for (const auto& [id, dataset] : s.datasets) {
    if (s.is_self(dataset.region()) && !dataset.retired()) add_files(kept, dataset.files());
  }
  for (const auto& [id, crossing] : s.crossings) {
    const bool leaves = sends(s, crossing) && !is_final(crossing.state());
    const bool is_here = !sends(s, crossing) && crossing.deleted_sequence() == 0 &&
                         !s.dropping.contains(id) &&
                         (crossing.state() == pb::CROSSING_MOVING || crossing.state() == pb::CROSSING_DONE);
    if (leaves || is_here) add_files(kept, crossing.item().files());
  }
  for (const auto& [key, run] : s.runs) {
    if (is_final(run.state())) continue;
    for (const pb::Item& item : run.results()) add_files(kept, item.files());
  }
  for (const auto& [id, job] : s.jobs) {
    if (!is_final(job.state())) {
      for (const pb::Item& item : job.items()) add_files(kept, item.files());
    }
    if (!s.is_self(job.region())) continue;
    for (const pb::Delivery& made : job.deliveries()) add_files(kept, made.files());
  }
  return kept;
}

void book_deleted(State& s, const std::string& id, const pb::Duty& duty) {
  pb::Crossing& crossing = s.edit_crossing(id);
  ledger::Entry& entry = book_item(s, "deleted", crossing);
  entry.who = s.config.operator_tenant;
  entry.reason = duty.kind() + " " + duty.term();
  if (!duty.policy_digest().empty()) entry.extra["obliged_by"] = duty.policy_digest();
  crossing.set_deleted_sequence(entry.sequence);
  const auto at = s.jobs.find(crossing.job());
  if (at == s.jobs.end()) return;
  for (pb::Delivery& delivery : *s.edit_job(crossing.job()).mutable_deliveries()) {
    if (delivery.name() != crossing.item().name() || delivery.digest() != crossing.item().digest()) continue;
    delivery.set_state("deleted");
    delivery.set_note("deleted as its permit asks: " + entry.reason);
    delivery.clear_files();
  }
}

}  // namespace

void keep_conditions(const State& s, const pb::Crossing& crossing, pb::Verdict& verdict) {
  if (verdict.effect() != "permit") return;
  for (const pb::Obligation& obligation : verdict.obligations()) {
    if (obligation.name() == "residency" &&
        !names(parameter_of(obligation, "regions"), crossing.to_region())) {
      return turn(
          verdict, "forbid",
          "its permit is for " + parameter_of(obligation, "regions") + ", not for " + crossing.to_region());
    }
    if (obligation.name() == "encrypt" &&
        parameter_of(obligation, "profile") != text_fact(s, "link.crypto")) {
      turn(verdict, "hold",
           "its permit asks for encryption " + parameter_of(obligation, "profile") + ", the link has " +
               text_fact(s, "link.crypto"));
    }
    if (obligation.name() == "min-group" || obligation.name() == "k-anonymity")
      keep_group_size(s, crossing, obligation, verdict);
  }
  keep_masking(s, crossing, verdict);
}

std::vector<std::string> owed_masking(const State& s, const pb::Crossing& crossing,
                                      const pb::Verdict& verdict) {
  if (verdict.effect() == "forbid" || !sends(s, crossing)) return {};
  const std::vector<std::string> kinds = kinds_to_mask(verdict);
  const std::vector<std::string> tried = set_of(crossing.facts(), kMaskedFact);
  return includes_all(tried, kinds) ? std::vector<std::string>() : kinds;
}

namespace {

// What an inspection finds out, see on_item_inspected.
bool is_found_by_inspection(const std::string& attribute) {
  return attribute.starts_with("inspection.") || attribute == "result.min_group" ||
         attribute == "result.k_anonymity";
}

// Whether rules can't be ruled out, or none decides, before the item was read.
bool hangs_on_inspection(const State& s, const pb::Verdict& verdict) {
  if (verdict.rules().empty()) {
    const auto& tested = s.policy ? s.policy->pack().attributes : std::vector<policy::Attribute>();
    return std::any_of(tested.begin(), tested.end(),
                       [](const policy::Attribute& one) { return is_found_by_inspection(one.name); });
  }
  return std::any_of(verdict.rules().begin(), verdict.rules().end(), [](const pb::RuleRef& rule) {
    return std::any_of(rule.unknown().begin(), rule.unknown().end(), is_found_by_inspection);
  });
}

}  // namespace

std::string owed_inspection(const State& s, const pb::Crossing& crossing, const pb::Verdict& verdict) {
  if (find_fact(crossing.facts(), "inspection.verdict") != nullptr ||
      find_fact(crossing.item().labels(), "inspection.verdict") != nullptr) {
    return {};
  }
  if (verdict.effect() != "permit") return hangs_on_inspection(s, verdict) ? kDefaultProfile : "";
  for (const pb::Obligation& obligation : verdict.obligations()) {
    if (obligation.name() == "inspect") return parameter_of(obligation, "profile");
    if (obligation.name() == "min-group" || obligation.name() == "k-anonymity") return kDefaultProfile;
  }
  return {};
}

uint32_t reviewers_of(const pb::Verdict& verdict) {
  int64_t most = 1;
  for (const pb::Obligation& obligation : verdict.obligations()) {
    if (obligation.name() != "review") continue;
    most = std::max(most, number_in(parameter_of(obligation, "reviewers"), 1));
  }
  return static_cast<uint32_t>(std::min<int64_t>(most, 9));
}

void give_notice(State& s, const pb::Crossing& crossing) {
  for (const pb::Obligation& obligation : crossing.ours().obligations()) {
    const bool duty = obligation.name() == "duty";
    if (obligation.name() != "notify" && !duty) continue;
    const std::string role = duty ? "operator" : parameter_of(obligation, "role");
    const std::string text = duty ? parameter_of(obligation, "text")
                                  : crossing.item().kind() + " " + crossing.item().name() + " crosses from " +
                                        crossing.from_region() + " to " + crossing.to_region();
    ledger::Entry& entry = book_item(s, "notice", crossing);
    entry.extra["role"] = role;
    entry.reason = text;
    s.effect(NotifyRole{role, crossing.id(), text});
  }
}

std::string may_not_go_on(const State& s, const pb::Run& run, const pb::Crossing& crossing) {
  std::string why;
  for (const std::string& id : run.inputs()) {
    const auto input = s.crossings.find(id);
    if (input == s.crossings.end() || input->second.item().kind() == "code") continue;
    const std::string& origin = input->second.from_region();
    const std::string what = input->second.item().name() + " of " + origin;
    each_obligation(input->second, [&](const pb::Obligation& obligation, const pb::Verdict&) {
      if (obligation.name() == "no-onward-transfer" && crossing.to_region() != origin)
        why =
            what + " came under a permit without onward transfer: what is made of it may go back there alone";
      if (obligation.name() == "residency" && crossing.to_region() != origin &&
          !names(parameter_of(obligation, "regions"), crossing.to_region()))
        why = what + " came under a permit for " + parameter_of(obligation, "regions") + " alone";
    });
  }
  return why;
}

void begin_duties(State& s, const pb::Crossing& crossing) {
  std::optional<Duration> shortest;
  each_obligation(crossing, [&](const pb::Obligation& obligation, const pb::Verdict& verdict) {
    if (obligation.name() != "delete-after") return;
    const std::string term = parameter_of(obligation, "duration");
    const Duration time = parse_duration(term).value_or(Duration{});  // unreadable: at once
    if (shortest && *shortest <= time) return;
    shortest = time;
    pb::Duty& duty = s.edit_duty(crossing.id());
    duty.set_crossing(crossing.id());
    duty.set_kind(kDeleteAfter);
    duty.set_due_micros((s.now + time).micros);
    duty.set_term(term);
    duty.set_policy_digest(verdict.policy_digest());
  });
  if (shortest) s.duty_timers.set(crossing.id(), s.now + *shortest);
}

void drop_left_over(State& s, const pb::Crossing& crossing) {
  pb::Duty& duty = s.edit_duty(crossing.id());
  duty.set_crossing(crossing.id());
  duty.set_kind(kLeftOver);
  duty.set_due_micros(s.now.micros);
  s.duty_timers.set(crossing.id(), s.now);
}

void tick_duties(State& s) {
  std::set<std::string> due;
  for (const std::string& id : s.duty_timers.take_due(s.now)) {
    if (!s.duties.contains(id)) continue;
    // Deleted from under a job that reads it? Its end is waited for; and the rest of many is next time's.
    if (due.size() == kDutiesAtOnce || is_used(s, s.crossings.at(id))) {
      s.duty_timers.set(id, s.now + s.config.retry_first);
      continue;
    }
    due.insert(id);
    s.edit_duty(id).set_due_micros(kBegunMicros);
    s.duty_timers.set(id, s.now + s.config.retry_most);  // asked again if no answer comes
  }
  if (due.empty()) return;
  // Those that are being deleted keep nothing: two copies of one file may go within the same moment.
  s.dropping.insert(due.begin(), due.end());
  const std::set<std::string> kept = kept_blobs(s);
  std::set<std::string> going;
  for (const std::string& id : due) {
    for (const pb::ItemFile& file : s.crossings.at(id).item().files()) {
      if (!kept.contains(file.digest())) going.insert(file.digest());
    }
  }
  s.effect(DropBlobs{{going.begin(), going.end()}, {due.begin(), due.end()}, s.now});
}

void on_blobs_dropped(State& s, const BlobsDropped& event) {
  for (const std::string& id : event.duties) {
    const auto at = s.duties.find(id);
    s.dropping.erase(id);
    if (at == s.duties.end()) continue;
    if (!event.ok) {
      s.duty_timers.set(id, s.now + s.config.retry_most);
      continue;
    }
    const pb::Duty duty = at->second;
    s.duty_timers.erase(id);
    s.drop_duty(id);
    if (duty.kind() != kLeftOver) book_deleted(s, id, duty);  // what never arrived has no receipt
    let_rest(s, s.crossings.at(id).job());
  }
}

void resume_duties(State& s) {
  for (const auto& [id, duty] : s.duties) s.duty_timers.set(id, Instant{duty.due_micros()});
}

}  // namespace hetao::federation
