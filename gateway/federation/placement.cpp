#include "gateway/federation/placement.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/federation/catalogue.h"
#include "gateway/federation/counters.h"
#include "gateway/federation/decide.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/fit.h"
#include "gateway/federation/item.h"
#include "gateway/federation/labels.h"
#include "gateway/federation/market.h"
#include "gateway/federation/money.h"
#include "gateway/federation/outside.h"
#include "gateway/federation/supply.h"
#include "gateway/federation/turns.h"

namespace hetao::federation {

namespace {

// What a job may say that its output is. Code, images and logs are not on the list: a result called code
// would travel as code does, without the labels of what was read.
constexpr std::array<std::string_view, 4> kOutputKinds = {"result", "aggregate", "model", "dataset"};

void tighten(pb::Verdict& verdict, const pb::Verdict& with) {
  if (is_stricter(with, verdict) || verdict.effect().empty()) verdict = with;
}

pb::Crossing planned(const State& s, const Plan& plan, const std::string& from, const std::string& to,
                     pb::Item item, pb::Tenant exporter, pb::Tenant recipient) {
  pb::Crossing crossing;
  crossing.set_from_region(from);
  crossing.set_to_region(to);
  *crossing.mutable_item() = std::move(item);
  *crossing.mutable_exporter() = std::move(exporter);
  *crossing.mutable_recipient() = std::move(recipient);
  *crossing.mutable_submitter() = plan.submitter;
  crossing.set_home_region(s.config.region);
  crossing.set_purpose(plan.purpose);
  crossing.set_project(plan.project);
  return crossing;
}

// Adds one planned crossing with our verdict. What only the holder or the scanner can know is assumed at its
// best, so that an early "forbidden" is final and an early "permitted" is a plan.
void add_crossing(const State& s, const Plan& plan, Candidate& candidate, pb::Crossing crossing,
                  bool preliminary, Instant now) {
  if (preliminary) {
    FactList& facts = *crossing.mutable_facts();
    const FactList& labels = crossing.item().labels();
    put_fact(facts, fact("inspection.verdict", "clean"));
    put_fact(facts, fact("result.min_group", int64_t{1'000'000}));
    put_fact(facts, fact("subjects.year_ordinary", number_of(labels, "data.subjects_ordinary").value_or(0)));
    put_fact(facts,
             fact("subjects.year_sensitive", number_of(labels, "data.subjects_sensitive").value_or(0)));
    put_fact(facts, fact("exporter.year_bytes", crossing.item().bytes()));
    put_fact(facts, fact("exporter.year_jobs", int64_t{1}));
  }
  PlannedCrossing out;
  out.from_region = crossing.from_region();
  out.to_region = crossing.to_region();
  out.item = crossing.item().name();
  out.kind = crossing.item().kind();
  out.bytes = crossing.item().bytes();
  out.preliminary = preliminary;
  out.verdict = decide(s, crossing, now);
  if (plan.with_changes) add_changes(s, crossing, out.verdict, now);
  candidate.bytes_to_move += out.bytes;
  tighten(candidate.verdict, out.verdict);
  out.decided = std::move(crossing);
  candidate.crossings.push_back(std::move(out));
}

pb::Tenant operator_of(const State& s, const std::string& region) {
  if (s.is_self(region)) return tenant_of(s, s.config.operator_tenant);
  const auto peer = s.peers.find(region);
  if (peer != s.peers.end() && !peer->second.operator_tenant.id().empty())
    return peer->second.operator_tenant;
  return tenant_of(s, region);
}

// What is fetched from outside comes home first. Its labels are the store's, and nothing else is known yet.
void plan_fetched(const State& s, const Plan& plan, Candidate& candidate, const pb::Input& input,
                  std::vector<pb::Item>& read, Instant now) {
  pb::Item item = outside_item(s, plan.task, input, plan.submitter.tenant());
  read.push_back(item);
  if (s.is_self(candidate.region)) return;
  add_crossing(s, plan, candidate,
               planned(s, plan, s.config.region, candidate.region, std::move(item),
                       tenant_of(s, plan.submitter.tenant()), operator_of(s, candidate.region)),
               true, now);
}

void plan_inputs(const State& s, const Plan& plan, Candidate& candidate, std::vector<pb::Item>& read,
                 Instant now) {
  for (const pb::Input& input : plan.task.inputs()) {
    const auto dataset = s.datasets.find(dataset_of(input));
    if (dataset != s.datasets.end()) {
      pb::Item item = dataset_item(dataset->second, dataset->first);
      read.push_back(item);
      if (dataset->second.region() == candidate.region) continue;
      add_crossing(
          s, plan, candidate,
          planned(s, plan, dataset->second.region(), candidate.region, std::move(item),
                  tenant_of(s, dataset->second.owner_tenant()), tenant_of(s, plan.submitter.tenant())),
          true, now);
      continue;
    }
    if (is_outside(input)) {
      plan_fetched(s, plan, candidate, input, read, now);
      continue;
    }
    for (const pb::Item& brought : plan.inline_items) {
      if (brought.name() != input.path()) continue;
      pb::Item item = brought_item(s, plan.task, brought);
      read.push_back(item);
      if (s.is_self(candidate.region)) continue;
      pb::Crossing crossing =
          planned(s, plan, s.config.region, candidate.region, std::move(item),
                  tenant_of(s, plan.submitter.tenant()), operator_of(s, candidate.region));
      fill_counter_facts(s, crossing);
      add_crossing(s, plan, candidate, std::move(crossing), false, now);
    }
  }
}

void plan_outputs(const State& s, const Plan& plan, Candidate& candidate, const std::vector<pb::Item>& read,
                  Instant now) {
  if (s.is_self(candidate.region)) return;
  std::vector<const FactList*> sources;
  for (const pb::Item& item : read) sources.push_back(&item.labels());
  std::string exporter = operator_of(s, candidate.region).id();
  for (const pb::Input& input : plan.task.inputs()) {
    const auto dataset = s.datasets.find(dataset_of(input));
    if (dataset != s.datasets.end()) exporter = dataset->second.owner_tenant();
  }
  for (const pb::Output& output : plan.task.outputs()) {
    pb::Item item;
    item.set_name(output_name(output));
    item.set_kind(output_kind(plan.task, item.name()));
    *item.mutable_labels() = inherit(sources, s.config.jurisdiction);
    add_crossing(s, plan, candidate,
                 planned(s, plan, candidate.region, s.config.region, std::move(item), tenant_of(s, exporter),
                         tenant_of(s, plan.submitter.tenant())),
                 true, now);
  }
}

void take_fit(Candidate& candidate, const Fit& fit) {
  candidate.platform = fit.platform;
  candidate.unfit = fit.why;
  candidate.accelerator = fit.accelerator;
  candidate.accelerators = fit.accelerators;
  candidate.wait_seconds = fit.wait_seconds;
  candidate.cost_micros = fit.cost_micros;
  candidate.currency = fit.currency;
  candidate.offer = fit.offer;
}

constexpr int64_t kBytesPerSecond = 100'000'000;

int64_t moving_seconds(const Candidate& c) {
  return c.bytes_to_move / kBytesPerSecond;
}

int64_t fen_of(const State& s, const Candidate& c) {
  constexpr int64_t kMicrosPerFen = 10'000;
  return in_cny(s, c.cost_micros, c.currency) / kMicrosPerFen;
}

int64_t score_of(const State& s, const PlacementWeights& weights, const Candidate& c) {
  return weights.moving * moving_seconds(c) + weights.waiting * c.wait_seconds + weights.price * fen_of(s, c);
}

int rank_of(const pb::Verdict& verdict) {
  return verdict.effect() == "permit" ? 0 : verdict.effect() == "hold" ? 1 : 2;
}

// What decided between the first candidate and another one.
std::string why_lost(const State& s, const PlacementWeights& weights, const Candidate& best,
                     const Candidate& c) {
  if (!c.unfit.empty()) return c.unfit;
  if (rank_of(c.verdict) > rank_of(best.verdict))
    return (c.verdict.effect() == "hold" ? "would be held: " : "forbidden: ") + reason_line(c.verdict);
  std::vector<std::string> reasons;
  if (weights.moving * moving_seconds(c) > weights.moving * moving_seconds(best))
    reasons.push_back("more to move: " + human_bytes(static_cast<unsigned long long>(c.bytes_to_move)) +
                      " against " + human_bytes(static_cast<unsigned long long>(best.bytes_to_move)));
  if (weights.waiting * c.wait_seconds > weights.waiting * best.wait_seconds)
    reasons.push_back("a longer wait: " + to_string(Duration::seconds(c.wait_seconds)) + " against " +
                      to_string(Duration::seconds(best.wait_seconds)));
  if (weights.price * fen_of(s, c) > weights.price * fen_of(s, best)) reasons.emplace_back("a higher price");
  if (score_of(s, weights, c) > score_of(s, weights, best)) return join(reasons, "; ");
  if (c.bytes_to_move > best.bytes_to_move)
    return "more to move: " + human_bytes(static_cast<unsigned long long>(c.bytes_to_move)) + " against " +
           human_bytes(static_cast<unsigned long long>(best.bytes_to_move));
  if (!c.reachable) return "not connected at the moment";
  return s.is_self(best.region) ? "as good, but further away" : "as good, and named later";
}

}  // namespace

Candidate candidate_at(const State& s, const Plan& plan, const std::string& region, Instant now) {
  Candidate candidate;
  candidate.region = region;
  std::vector<pb::Fact> platform_facts;
  if (s.is_self(region)) {
    candidate.reachable = true;
    const Terms terms{offers_now(s), plan.submitter.tenant(), s.config.region, now,
                      s.config.hkd_in_cny_micros};
    const Fit fit = best_fit(own_supply(s), plan.task, region, &terms);
    take_fit(candidate, fit);
    if (candidate.unfit.empty()) candidate.unfit = why_over_cap(s, plan.submitter.tenant(), fit, now);
    if (candidate.unfit.empty()) candidate.unfit = why_over_quota(s, plan.submitter.tenant(), plan.task, fit);
    platform_facts = facts_of_place(s, fit);
  } else {
    const auto peer = s.peers.find(region);
    candidate.reachable = peer != s.peers.end() && peer->second.up;
    // What a peer does not tell is its own to judge, when it is asked.
    if (candidate.reachable && !peer->second.platforms.empty()) {
      const Terms terms{peer->second.offers, plan.submitter.tenant(), s.config.region, now,
                        s.config.hkd_in_cny_micros};
      take_fit(candidate, best_fit(peer->second.platforms, plan.task, region, &terms));
    }
  }
  candidate.place = decide_place(s, tenant_of(s, plan.submitter.tenant()), plan.submitter, region,
                                 platform_facts, plan.with_changes, now);
  candidate.verdict = candidate.place;
  candidate.platform_facts = std::move(platform_facts);
  std::vector<pb::Item> read;
  plan_inputs(s, plan, candidate, read, now);
  plan_outputs(s, plan, candidate, read, now);
  return candidate;
}

pb::Item brought_item(const State& s, const pb::Task& task, const pb::Item& inline_item) {
  pb::Item item = inline_item;
  const std::string declared = tag_of(task.tags(), "input:" + item.name());
  if (!declared.empty()) item.set_kind(declared);
  if (item.kind().empty()) item.set_kind("code");
  FactList inspected = item.labels();
  item.clear_labels();
  if (item.kind() == "code") *item.mutable_labels() = labels_of_code(s.config.jurisdiction);
  put_facts(*item.mutable_labels(), inspected);
  return item;
}

std::vector<Candidate> candidates(const State& s, const Plan& plan, Instant now) {
  std::vector<std::string> regions = {s.config.region};
  for (const PeerConfig& peer : s.config.peers) regions.push_back(peer.region);
  const auto& zones = plan.task.resources().zones();
  std::vector<Candidate> all;
  for (const std::string& region : regions) {
    if (!zones.empty() && std::find(zones.begin(), zones.end(), region) == zones.end()) continue;
    all.push_back(candidate_at(s, plan, region, now));
  }
  const auto own = s.config.tenant_weights.find(plan.submitter.tenant());
  const PlacementWeights& weights = own == s.config.tenant_weights.end() ? s.config.weights : own->second;
  const auto order = [&](const Candidate& c) {
    return std::tuple(!c.unfit.empty(), rank_of(c.verdict), score_of(s, weights, c), c.bytes_to_move,
                      !c.reachable, !s.is_self(c.region), c.region);
  };
  std::sort(all.begin(), all.end(),
            [&](const Candidate& a, const Candidate& b) { return order(a) < order(b); });
  for (size_t i = 1; i < all.size(); ++i) all[i].lost = why_lost(s, weights, all.front(), all[i]);
  if (!all.empty()) all.front().lost = all.front().unfit;  // the best may be none either
  return all;
}

std::optional<Error> check_task(const State& s, const pb::Task& task,
                                const std::vector<pb::Item>& inline_items) {
  const auto wrong = [](std::string what, std::string why, std::string hint) {
    return Error{ErrorCode::kUsage, std::move(what), std::move(why), std::move(hint)};
  };
  for (int i = 0; i < task.inputs_size(); ++i) {
    const pb::Input& input = task.inputs(i);
    const std::string place = "/inputs/" + std::to_string(i) + "/url";
    const std::string id = dataset_of(input);
    const bool brought = std::any_of(inline_items.begin(), inline_items.end(),
                                     [&](const pb::Item& item) { return item.name() == input.path(); });
    if (!id.empty()) {
      const auto known = s.datasets.find(id);
      std::vector<std::string> names;
      for (const auto& [name, dataset] : s.datasets) names.push_back(name);
      const std::string near = nearest_name(id, names);
      if (known == s.datasets.end()) {
        return wrong(place, "no dataset \"" + id + "\" is known here",
                     near.empty() ? "`hetao data list` shows what is" : "did you mean \"" + near + "\"?");
      }
      if (known->second.retired()) return wrong(place, "dataset \"" + id + "\" is retired", "ask its owner");
    } else if (!brought && !is_outside(input)) {
      return wrong(place, "reading from \"" + input.url().substr(0, 64) + "\" is not available yet",
                   "use `content`, `dataset:ID`, `upload:ID`, `s3://`, `https://` or `file://` below a "
                   "staging folder");
    }
  }
  for (int i = 0; i < task.outputs_size(); ++i) {
    const pb::Output& output = task.outputs(i);
    if (!output.url().starts_with("result:") && !output.url().starts_with("file://") &&
        !is_outside(output.url())) {
      return wrong("/outputs/" + std::to_string(i) + "/url",
                   "writing to \"" + output.url().substr(0, 64) + "\" is not available yet",
                   "use `result:NAME`, `s3://` or `file://` below a staging folder");
    }
    const std::string name = output_name(output);
    const std::string kind = output_kind(task, name);
    if (std::find(kOutputKinds.begin(), kOutputKinds.end(), kind) == kOutputKinds.end()) {
      return wrong("/tags/output:" + name, "\"" + printable(kind) + "\" is no kind of output",
                   "one of result, aggregate, model, dataset");
    }
    for (int k = 0; k < i; ++k) {
      if (output_name(task.outputs(k)) == name) {
        return wrong("/outputs/" + std::to_string(i), "two outputs are named \"" + name + "\"",
                     "give each a name of its own");
      }
    }
  }
  for (const std::string& zone : task.resources().zones()) {
    if (s.jurisdiction_of(zone).empty()) {
      return wrong("/resources/zones", "no region \"" + printable(zone) + "\" is in this federation",
                   "`hetao peers` shows the regions");
    }
  }
  return std::nullopt;
}

}  // namespace hetao::federation
