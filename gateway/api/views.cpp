#include "gateway/api/views.h"

#include "gateway/federation/facts.h"
#include "gateway/federation/table.h"
#include "policy/value.h"
#include "proto/tes_json.h"

namespace hetao::api {

namespace {

template <class List>
json::array texts(const List& values) {
  json::array out;
  for (const std::string& value : values) out.emplace_back(value);
  return out;
}

json::object rule_view(const pb::RuleRef& rule) {
  json::object out;
  out["id"] = rule.id();
  out["effect"] = rule.effect();
  put(out, "title", rule.title());
  if (!rule.basis().empty()) out["basis"] = texts(rule.basis());
  if (!rule.unknown().empty()) out["unknown"] = texts(rule.unknown());
  return out;
}

json::object item_view(const pb::Item& item) {
  json::object out;
  out["name"] = item.name();
  out["kind"] = item.kind();
  put(out, "digest", item.digest());
  out["bytes"] = item.bytes();
  out["labels"] = facts_json(item.labels());
  return out;
}

json::array files_view(const google::protobuf::RepeatedPtrField<pb::ItemFile>& files) {
  json::array out;
  for (const pb::ItemFile& file : files) {
    json::object one;
    one["path"] = file.path();
    one["digest"] = file.digest();
    one["bytes"] = file.bytes();
    out.push_back(std::move(one));
  }
  return out;
}

json::array history_view(const pb::Job& job) {
  json::array out;
  for (const pb::StateChange& change : job.history()) {
    json::object one;
    one["state"] = federation::to_word(change.state());
    put_time(one, "at", change.at_micros());
    put(one, "note", change.note());
    out.push_back(std::move(one));
  }
  return out;
}

std::string mechanism_day(int32_t days) {
  return to_string(Date{days});
}

// What tells the jobs of one sweep apart: the tags that `hetao submit` gives them.
json::object sweep_view(const pb::Task& task) {
  static constexpr std::string_view kPrefix = "sweep.";
  json::object out;
  json::object values;
  for (const pb::Tag& tag : task.tags()) {
    if (tag.key() == "sweep") {
      out["id"] = tag.value();
    } else if (tag.key() == "sweep.index") {
      out["index"] = tag.value();
    } else if (tag.key().starts_with(kPrefix)) {
      values[tag.key().substr(kPrefix.size())] = tag.value();
    }
  }
  if (!out.contains("id")) return {};
  out["values"] = std::move(values);
  return out;
}

// The task without what the server owns, and without inline contents.
json::object task_view(const pb::Job& job) {
  json::object out = tes::write_job(job, tes::View::kBasic);
  for (const char* owned : {"id", "state", "logs", "creation_time"}) out.erase(owned);
  return out;
}

}  // namespace

void put(json::object& out, std::string_view key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}

void put_time(json::object& out, std::string_view key, int64_t micros) {
  if (micros != 0) out[key] = to_rfc3339(Instant{micros});
}

json::object facts_json(const google::protobuf::RepeatedPtrField<pb::Fact>& facts) {
  json::object out;
  for (const pb::Fact& fact : facts) out[fact.name()] = policy::to_json(federation::to_value(fact));
  return out;
}

std::string decision_id(const pb::Verdict& verdict) {
  return verdict.ledger_sequence() == 0 ? std::string()
                                        : verdict.region() + "/" + std::to_string(verdict.ledger_sequence());
}

json::object to_json(const pb::Verdict& verdict) {
  json::object out;
  out["decision"] = verdict.effect();
  json::array rules;
  for (const pb::RuleRef& rule : verdict.rules()) rules.push_back(rule_view(rule));
  out["rules"] = std::move(rules);
  json::array obligations;
  for (const pb::Obligation& obligation : verdict.obligations()) {
    json::object one;
    one["name"] = obligation.name();
    json::object parameters;
    for (const pb::Tag& tag : obligation.parameters()) parameters[tag.key()] = tag.value();
    if (!parameters.empty()) one["parameters"] = std::move(parameters);
    obligations.push_back(std::move(one));
  }
  out["obligations"] = std::move(obligations);
  out["reason"] = verdict.reason();
  put(out, "region", verdict.region());
  put(out, "policy_digest", verdict.policy_digest());
  put_time(out, "decided", verdict.decided_micros());
  put(out, "decision_id", decision_id(verdict));
  put(out, "review", verdict.review());
  put(out, "mechanism", verdict.mechanism());
  json::array changes;
  for (const pb::Change& change : verdict.changes()) changes.emplace_back(change.text());
  if (!changes.empty()) out["changes"] = std::move(changes);
  return out;
}

json::object to_json(const pb::Crossing& crossing) {
  json::object out;
  out["id"] = crossing.id();
  out["job"] = crossing.job();
  out["from"] = crossing.from_region();
  out["to"] = crossing.to_region();
  out["item"] = item_view(crossing.item());
  out["state"] = federation::to_word(crossing.state());
  if (!crossing.ours().effect().empty()) out["ours"] = to_json(crossing.ours());
  if (!crossing.theirs().effect().empty()) out["theirs"] = to_json(crossing.theirs());
  if (!crossing.facts().empty()) out["facts"] = facts_json(crossing.facts());
  put(out, "exporter", crossing.exporter().id());
  put(out, "recipient", crossing.recipient().id());
  put(out, "purpose", crossing.purpose());
  put(out, "reason", crossing.reason());
  put(out, "failure_class", crossing.failure_class());
  if (crossing.deleted_sequence() != 0) out["deleted"] = std::to_string(crossing.deleted_sequence());
  if (crossing.booked_sequence() != 0) {
    const std::string& side = crossing.ours().region();
    out["booked"] = side + "/" + std::to_string(crossing.booked_sequence());
  }
  return out;
}

// Millionths as a decimal, "0.35": money is no binary fraction.
std::string amount_view(int64_t micros) {
  std::string part = std::to_string(micros % 1'000'000);
  part.insert(0, 6 - part.size(), '0');
  while (part.size() > 2 && part.back() == '0') part.pop_back();
  return std::to_string(micros / 1'000'000) + "." + part;
}

namespace {

json::object price_view(const pb::Price& price) {
  json::object out{{"currency", price.currency()}, {"core_hour", amount_view(price.core_hour_micros())}};
  if (price.ram_gib_hour_micros() != 0) out["ram_gb_hour"] = amount_view(price.ram_gib_hour_micros());
  json::object kinds;
  for (const pb::AcceleratorPrice& each : price.accelerators())
    kinds[each.kind()] = amount_view(each.hour_micros());
  if (!kinds.empty()) out["accelerator_hour"] = std::move(kinds);
  return out;
}

}  // namespace

json::object to_json(const federation::Candidate& candidate) {
  json::object out;
  out["region"] = candidate.region;
  put(out, "platform", candidate.platform);
  out["reachable"] = candidate.reachable;
  put(out, "unfit", candidate.unfit);
  out["bytes_to_move"] = candidate.bytes_to_move;
  if (!candidate.accelerator.empty()) {
    out["accelerator"] = candidate.accelerator;
    out["accelerators"] = candidate.accelerators;
  }
  out["wait_seconds"] = candidate.wait_seconds;
  if (!candidate.currency.empty()) {
    out["cost"] = amount_view(candidate.cost_micros);
    out["currency"] = candidate.currency;
  }
  put(out, "offer", candidate.offer);
  put(out, "lost", candidate.lost);
  out["verdict"] = to_json(candidate.verdict);
  json::array crossings;
  for (const federation::PlannedCrossing& planned : candidate.crossings) {
    json::object one;
    one["from"] = planned.from_region;
    one["to"] = planned.to_region;
    one["item"] = planned.item;
    one["kind"] = planned.kind;
    one["bytes"] = planned.bytes;
    one["preliminary"] = planned.preliminary;
    one["verdict"] = to_json(planned.verdict);
    crossings.push_back(std::move(one));
  }
  out["crossings"] = std::move(crossings);
  return out;
}

json::object to_json(const pb::Dataset& dataset, bool is_here) {
  json::object out;
  out["id"] = dataset.id();
  put(out, "title", dataset.title());
  put(out, "description", dataset.description());
  put(out, "licence", dataset.licence());
  out["region"] = dataset.region();
  out["owner"] = dataset.owner_tenant();
  put_time(out, "registered", dataset.registered_micros());
  out["labels"] = facts_json(dataset.labels());
  put(out, "digest", dataset.digest());
  out["bytes"] = dataset.bytes();
  if (is_here) out["files"] = dataset.files_size();
  out["version"] = dataset.version();
  out["access"] = dataset.on_request() ? "request" : "open";
  if (!dataset.derived_from().empty()) out["derived_from"] = texts(dataset.derived_from());
  out["retired"] = dataset.retired();
  return out;
}

json::object to_json(const pb::Mechanism& mechanism) {
  json::object out;
  out["id"] = mechanism.id();
  out["kind"] = mechanism.kind();
  out["exporter"] = mechanism.exporter();
  out["recipient"] = mechanism.recipient();
  out["status"] = mechanism.status();
  if (mechanism.from_days() != 0) out["from"] = mechanism_day(mechanism.from_days());
  if (mechanism.until_days() != 0) out["until"] = mechanism_day(mechanism.until_days());
  if (!mechanism.datasets().empty()) out["datasets"] = texts(mechanism.datasets());
  out["withdrawn"] = mechanism.withdrawn();
  put(out, "registered_by", mechanism.registered_by());
  return out;
}

json::object to_json(const pb::Delivery& output) {
  json::object out;
  out["name"] = output.name();
  put(out, "path", output.path());
  put(out, "url", output.url());
  put(out, "kind", output.kind());
  out["state"] = output.state();
  put(out, "note", output.note());
  put(out, "digest", output.digest());
  out["bytes"] = output.bytes();
  if (!output.files().empty()) out["files"] = files_view(output.files());
  return out;
}

json::object platform_view(const pb::Platform& platform) {
  json::object out;
  out["name"] = platform.name();
  out["kind"] = platform.kind();
  out["cpu_cores"] = platform.cpu_cores();
  out["ram_bytes"] = platform.ram_bytes();
  out["running"] = platform.running();
  out["waiting"] = platform.waiting();
  put_time(out, "seen", platform.seen_micros());
  put(out, "trouble", platform.trouble());
  if (platform.nodes() != 0) {
    out["nodes"] = platform.nodes();
    out["nodes_up"] = platform.nodes_up();
    out["cores_total"] = platform.cores_total();
    out["ram_total_bytes"] = platform.ram_total_bytes();
    if (platform.seen_micros() != 0) {
      out["cores_free"] = platform.cores_free();
      out["ram_free_bytes"] = platform.ram_free_bytes();
      out["wait_seconds"] = platform.wait_seconds();
    }
  }
  json::array accelerators;
  for (const pb::Accelerator& known : platform.accelerators()) {
    json::object one{{"kind", known.kind()}, {"total", known.total()}, {"per_job", known.job_max()}};
    if (platform.seen_micros() != 0) one["free"] = known.free();
    if (known.per_node() != 0) one["per_node"] = known.per_node();
    accelerators.push_back(std::move(one));
  }
  out["accelerators"] = std::move(accelerators);
  if (!platform.partitions().empty()) out["partitions"] = texts(platform.partitions());
  if (!platform.price().currency().empty()) out["price"] = price_view(platform.price());
  return out;
}

json::object to_json(const federation::PeerState& peer) {
  json::object out;
  out["region"] = peer.region;
  out["jurisdiction"] = peer.jurisdiction;
  out["up"] = peer.up;
  if (!peer.up) put(out, "why_down", peer.why_down);
  put_time(out, "since", peer.since.micros);
  put(out, "policy_digest", peer.policy_digest);
  out["outbox"] = peer.outbox;
  json::array platforms;
  for (const pb::Platform& platform : peer.platforms) platforms.push_back(platform_view(platform));
  out["platforms"] = std::move(platforms);
  return out;
}

json::object executor_view(const pb::ExecutorLog& log, bool with_streams) {
  json::object out;
  out["exit_code"] = log.exit_code();
  if (log.signal() != 0) out["signal"] = log.signal();
  put(out, "reason", log.reason());
  put_time(out, "started", log.started_micros());
  put_time(out, "ended", log.ended_micros());
  if (with_streams) {
    out["stdout"] = log.stdout_tail();
    out["stderr"] = log.stderr_tail();
  }
  return out;
}

json::object to_json(const ledger::Entry& entry) {
  // The leaf's own form, so that what is shown is what was signed.
  const auto text = ledger::encode_entry(entry);
  if (!text) return {};
  auto value = parse_json(*text, "ledger entry");
  return value && value->is_object() ? std::move(value->get_object()) : json::object();
}

json::object job_summary(const pb::Job& job) {
  json::object out;
  out["id"] = job.id();
  out["name"] = job.task().name();
  out["state"] = federation::to_word(job.state());
  out["final"] = federation::is_final(job.state());
  put_time(out, "created", job.created_micros());
  put_time(out, "ended", job.ended_micros());
  out["tenant"] = job.submitter().tenant();
  put(out, "project", job.project());
  put(out, "purpose", job.purpose());
  put(out, "region", job.region());
  put(out, "platform", job.platform());
  put(out, "reason", job.reason());
  put(out, "failure_class", job.failure_class());
  if (json::object sweep = sweep_view(job.task()); !sweep.empty()) out["sweep"] = std::move(sweep);
  return out;
}

json::array attempts_view(const pb::Job& job) {
  json::array all;
  for (const pb::Attempt& attempt : job.attempts()) {
    json::object& one = all.emplace_back(json::object()).get_object();
    one["number"] = attempt.number();
    one["region"] = attempt.region();
    one["failure_class"] = attempt.failure_class();
    one["reason"] = attempt.reason();
    put_time(one, "ended", attempt.ended_micros());
  }
  return all;
}

json::object job_whole(const federation::Core& core, const pb::Job& job) {
  json::object out = job_summary(job);
  out["attempt"] = job.attempt();
  if (!job.attempts().empty()) out["attempts"] = attempts_view(job);
  put_time(out, "deadline", job.deadline_micros());
  out["task"] = task_view(job);
  if (!job.verdict().effect().empty()) out["verdict"] = to_json(job.verdict());
  out["history"] = history_view(job);
  json::array crossings;
  json::array waits_for;
  const std::string prefix = job.id() + ".";
  const auto& all = core.crossings();
  for (auto at = all.lower_bound(prefix); at != all.end() && at->first.starts_with(prefix); ++at) {
    crossings.push_back(to_json(at->second));
    const pb::Review* review = core.review("rv-" + at->first);
    if (review != nullptr && review->state() == pb::REVIEW_OPEN) waits_for.emplace_back(review->id());
  }
  out["crossings"] = std::move(crossings);
  if (!waits_for.empty()) out["waits_for"] = std::move(waits_for);
  json::array outputs;
  for (const pb::Delivery& delivery : job.deliveries()) outputs.push_back(to_json(delivery));
  out["outputs"] = std::move(outputs);
  json::array executors;
  for (const pb::ExecutorLog& log : job.report().executors()) executors.push_back(executor_view(log, false));
  if (!executors.empty()) out["executors"] = std::move(executors);
  if (!job.notes().empty()) out["notes"] = texts(job.notes());
  return out;
}

json::object review_view(const federation::Core& core, const pb::Review& review) {
  json::object out;
  out["id"] = review.id();
  out["state"] = federation::to_word(review.state());
  put_time(out, "opened", review.opened_micros());
  put_time(out, "answered", review.answered_micros());
  put(out, "answered_by", review.answered_by());
  put(out, "reason", review.reason());
  put_time(out, "expires", review.expires_micros());
  if (review.reviewers() > 1) {
    out["reviewers"] = review.reviewers();
    json::array approvals;
    for (const pb::Approval& given : review.approvals()) approvals.emplace_back(given.by());
    out["approvals"] = std::move(approvals);
  }
  if (const pb::Crossing* crossing = core.crossing(review.crossing())) {
    out["crossing"] = to_json(*crossing);
    put(out, "tenant", crossing->submitter().tenant());
  }
  return out;
}

std::string local_time(Instant time) {
  std::string text = to_rfc3339(time + Duration::seconds(int64_t{8} * 3600));
  text[10] = ' ';
  return text.substr(0, 19) + " +08:00";
}

}  // namespace hetao::api
