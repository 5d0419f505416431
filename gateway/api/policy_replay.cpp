// What another policy would have said to what the ledger holds: simulation, shadow, and the counters' check.
// Reads the ledger on another thread.
#include <boost/json/serialize.hpp>

#include "gateway/api/handlers.h"
#include "gateway/api/policy_pack.h"
#include "gateway/api/policy_warnings.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/federation/replay.h"
#include "gateway/io/asio.h"
#include "policy/cut_points.h"

namespace hetao::api {

namespace {

constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;

// "30d", "12h", a day in Asia/Shanghai, or a time.
Result<Instant> since_of(const std::string& text, Instant now) {
  if (text.empty()) return now - Duration{30 * kMicrosPerDay};
  if (const auto duration = parse_duration(text)) return now - *duration;
  if (const auto date = parse_date(text)) return Instant{(date->days * int64_t{24} - 8) * 3'600 * 1'000'000};
  if (const auto time = parse_rfc3339(text)) return *time;
  return fail(ErrorCode::kUsage, "since", "is neither a duration nor a time",
              "such as 30d, 2026-11-01 or 2026-11-01T00:00:00Z");
}

json::object counts_view(const std::map<std::string, uint64_t>& counts) {
  json::object out;
  for (const auto& [name, count] : counts) out[name] = count;
  return out;
}

json::object changes_view(const federation::Changes& changes) {
  uint64_t changed = 0;
  uint64_t same = 0;
  json::array list;
  for (const auto& [effects, change] : changes) {
    if (effects.first == effects.second) {
      same += change.count;
      continue;
    }
    changed += change.count;
    json::array examples;
    for (const federation::ReplayExample& example : change.examples) {
      json::array rules;
      for (const std::string& rule : example.rules) rules.emplace_back(rule);
      json::object one;
      one["sequence"] = example.sequence;
      put(one, "job", example.job);
      put(one, "crossing", example.crossing);
      one["rules"] = std::move(rules);
      examples.push_back(std::move(one));
    }
    list.push_back(json::object{{"from", policy::to_word(effects.first)},
                                {"to", policy::to_word(effects.second)},
                                {"count", change.count},
                                {"rules_before", counts_view(change.rules_before)},
                                {"rules_after", counts_view(change.rules_after)},
                                {"examples", std::move(examples)}});
  }
  return {{"changed", changed}, {"same", same}, {"changes", std::move(list)}};
}

json::object totals_view(const federation::CounterBook::Totals& totals) {
  return {{"ordinary", totals.ordinary},
          {"sensitive", totals.sensitive},
          {"bytes", totals.bytes},
          {"jobs", totals.jobs}};
}

json::object report_view(const federation::ReplayReport& report, const pb::PackRef& pack, Instant since,
                         Instant now) {
  json::object out;
  out["pack"] = pack_view(pack);
  put_time(out, "since", since.micros);
  put_time(out, "until", now.micros);
  out["coverage"] = json::object{{"decisions", report.decisions},
                                 {"replayable", report.replayable},
                                 {"not_replayable", counts_view(report.not_replayable)}};
  out["recorded_counters"] = changes_view(report.with_recorded_counters);
  out["recomputed_counters"] = changes_view(report.with_recomputed_counters);
  json::array counters;
  for (const auto& [key, pair] : report.counters) {
    counters.push_back(json::object{{"counter", key},
                                    {"recorded", totals_view(pair.recorded)},
                                    {"recomputed", totals_view(pair.recomputed)}});
  }
  out["counters"] = std::move(counters);
  return out;
}

struct Simulated {
  std::optional<io::HttpResponse> refused;
  UploadedPack pack;
  federation::ReplayReport report;
};

void simulate(const Context& c, const json::object& body, Instant since, Simulated& out) {
  auto pack = take_pack(body, c.config.policy_signers, Signatures::kNotNeeded);
  if (!pack) {
    out.refused = std::move(pack.error());
    return;
  }
  out.pack = std::move(*pack);
  const auto first = first_entry_since(c.backend.ledger(), federation::Replay::first_needed(since));
  if (!first) {
    out.refused = problem(500, first.error());
    return;
  }
  federation::Replay replay(*out.pack.policy, since);
  const auto read = read_entries(c.backend.ledger(), *first, c.backend.ledger().size(),
                                 [&](const ledger::Entry& entry) { replay.take(entry); });
  if (!read) {
    out.refused = problem(500, read.error());
    return;
  }
  out.report = replay.finish();
}

uint64_t changed_in(const federation::Changes& changes) {
  uint64_t changed = 0;
  for (const auto& [effects, change] : changes) changed += effects.first == effects.second ? 0 : change.count;
  return changed;
}

// Where a counter's next threshold lies, by the rules of the policy in force.
json::array thresholds_of(const policy::LoadedPack& pack, const pb::Counter& counter) {
  const std::pair<const char*, int64_t> counted[] = {{"subjects.year_ordinary", counter.ordinary()},
                                                     {"subjects.year_sensitive", counter.sensitive()},
                                                     {"exporter.year_bytes", counter.bytes()},
                                                     {"exporter.year_jobs", counter.jobs()}};
  json::array out;
  for (const auto& [attribute, value] : counted) {
    for (const policy::CutPoint& cut : policy::cut_points(pack, attribute)) {
      if (cut.value <= 0) continue;
      out.push_back(json::object{{"attribute", attribute},
                                 {"threshold", cut.value},
                                 {"left", cut.value - value},
                                 {"rule", cut.rule},
                                 {"effect", policy::to_word(cut.effect)}});
    }
  }
  return out;
}

json::object counter_view(const policy::LoadedPack& pack, const pb::Counter& counter) {
  return {{"tenant", counter.tenant()},
          {"year", counter.year()},
          {"ordinary", counter.ordinary()},
          {"sensitive", counter.sensitive()},
          {"bytes", counter.bytes()},
          {"jobs", counter.jobs()},
          {"thresholds", thresholds_of(pack, counter)}};
}

}  // namespace

io::Awaitable<io::HttpResponse> simulate_policy(const Context& c) {
  const auto body = pack_body(c.request, {"since"});
  if (!body) co_return problem(body.error());
  const auto text = text_member(*body, "since", false, 64);
  if (!text) co_return problem(text.error());
  const Instant now = c.backend.now();
  const auto since = since_of(*text, now);
  if (!since) co_return problem(since.error());
  co_await c.backend.settled();
  Simulated simulated;
  auto work = [&] { simulate(c, *body, *since, simulated); };
  co_await c.backend.offload(work);
  if (simulated.refused) co_return std::move(*simulated.refused);
  federation::NoteAct note;
  note.kind = ledger::kind::kPolicySimulated;
  note.who = federation::ledger_name(c.caller.principal());
  note.details = {{"pack", simulated.pack.ref.digest()},
                  {"since", to_rfc3339(*since)},
                  {"decisions", std::to_string(simulated.report.decisions)},
                  {"replayable", std::to_string(simulated.report.replayable)},
                  {"changed", std::to_string(changed_in(simulated.report.with_recorded_counters))}};
  const federation::Answer noted = co_await c.backend.ask(std::move(note));
  if (noted.error) co_return problem(*noted.error);
  co_return json_answer(report_view(simulated.report, simulated.pack.ref, *since, now));
}

io::Awaitable<io::HttpResponse> get_shadow(const Context& c) {
  const Instant now = c.backend.now();
  const auto since = since_of(c.query.get("since"), now);
  if (!since) co_return problem(since.error());
  const pb::PackRef shadow = c.backend.core().policy_record().shadow();
  co_await c.backend.settled();
  federation::ShadowReport report(shadow.digest());
  std::optional<Error> error;
  auto work = [&] {
    const auto first = first_entry_since(c.backend.ledger(), *since);
    const auto read = !first ? Result<void>(fail(first.error()))
                             : read_entries(c.backend.ledger(), *first, c.backend.ledger().size(),
                                            [&](const ledger::Entry& entry) { report.take(entry); });
    if (!read) error = read.error();
  };
  co_await c.backend.offload(work);
  if (error) co_return problem(500, *error);
  json::object out;
  out["running"] = !shadow.digest().empty();
  if (!shadow.digest().empty()) out["pack"] = pack_view(shadow);
  put_time(out, "since", since->micros);
  out["decisions"] = report.decisions();
  for (auto& member : changes_view(report.changes())) out[member.key()] = std::move(member.value());
  co_return json_answer(out);
}

io::Awaitable<io::HttpResponse> get_counters(const Context& c) {
  const federation::Core& core = c.backend.core();
  const auto policy = c.backend.policy();
  const auto kept = core.counters();
  const uint64_t entries = core.ledger_size();
  json::object out;
  json::array list;
  for (const auto& [key, counter] : kept) list.push_back(counter_view(policy->pack(), counter));
  out["counters"] = std::move(list);
  out["policy"] = policy->digest();
  co_await c.backend.settled();
  const std::string verify = c.query.get("verify");
  if (verify.empty() || verify == "false") co_return json_answer(out);
  federation::CounterBook book;
  std::optional<Error> error;
  auto work = [&] {
    const auto read = read_entries(c.backend.ledger(), 0, entries, [&](const ledger::Entry& entry) {
      if (const auto taken = book.take(entry); !taken && !error) error = taken.error();
    });
    if (!read) error = read.error();
  };
  co_await c.backend.offload(work);
  if (error) co_return problem(*error);
  json::array mismatches;
  for (const federation::CounterMismatch& other : federation::compare_counters(kept, book)) {
    mismatches.push_back(json::object{{"counter", other.key},
                                      {"kept", totals_view(other.kept)},
                                      {"from_ledger", totals_view(other.from_ledger)}});
  }
  out["agree"] = mismatches.empty();
  out["entries"] = entries;
  out["reservations"] = book.reservations();
  out["mismatches"] = std::move(mismatches);
  co_return json_answer(out);
}

io::HttpResponse list_policy_warnings(const Context& c) {
  return json_answer(json::object{{"warnings", policy_warnings(c.backend)}});
}

}  // namespace hetao::api
