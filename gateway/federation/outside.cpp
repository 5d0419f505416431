#include "gateway/federation/outside.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/federation/attempts.h"
#include "gateway/federation/catalogue.h"
#include "gateway/federation/decide.h"
#include "gateway/federation/facts.h"
#include "gateway/federation/item.h"
#include "gateway/federation/placement.h"
#include "gateway/federation/table.h"

namespace hetao::federation {

namespace {

// A beginning ends at a border of the URL, so that "https://a.example" does not stand for "a.example.evil".
bool begins_with(std::string_view url, std::string_view beginning) {
  if (beginning.empty() || !url.starts_with(beginning)) return false;
  return url.size() == beginning.size() || beginning.back() == '/' || url[beginning.size()] == '/';
}

// ".", "..", and the same percent-encoded.
bool leads_up(std::string_view part) {
  std::string dots;
  while (!part.empty()) {
    const bool encoded =
        part.size() >= 3 && part[0] == '%' && part[1] == '2' && (part[2] == 'e' || part[2] == 'E');
    if (!encoded && part[0] != '.') return false;
    dots += '.';
    part.remove_prefix(encoded ? 3 : 1);
  }
  return dots == "." || dots == "..";
}

// What could make one URL look like another: a user before the host, or a way up.
bool is_plain(std::string_view url) {
  const size_t host = url.find("//");
  if (host == std::string_view::npos) return false;
  const std::string_view rest = url.substr(host + 2);
  if (rest.substr(0, rest.find('/')).find('@') != std::string_view::npos) return false;
  if (rest.find('\\') != std::string_view::npos) return false;
  const std::vector<std::string> parts = split(rest, '/');
  return std::none_of(parts.begin(), parts.end(), leads_up);
}

bool serves(const StoreConfig& store, std::string_view tenant) {
  return store.tenants.empty() ||
         std::any_of(store.tenants.begin(), store.tenants.end(),
                     [&](const std::string& glob) { return glob_match(glob, tenant); });
}

std::string place_of(const State& s, const StoreConfig& store) {
  return store.jurisdiction.empty() ? s.config.jurisdiction : store.jurisdiction;
}

std::string nobody_answers(std::string_view url) {
  return "no store of this gateway answers for " + printable(url.substr(0, 80)) +
         " (its administrator lists them under `stores`)";
}

std::optional<std::string> why_not_writable(const State& s, const StoreConfig* store, std::string_view url) {
  if (store == nullptr) return nobody_answers(url);
  if (!store->writable) return "store " + store->name + " is not to be written to";
  if (place_of(s, *store) == s.config.jurisdiction) return std::nullopt;
  return "store " + store->name + " is in " + place_of(s, *store) +
         ": outputs leave a region only to its peers (have them delivered by a job of that region)";
}

void end_unfetched(State& s, pb::Job& job, const std::string& why) {
  end_job(s, job, pb::JOB_SYSTEM_ERROR, failure::kInput, why);
}

pb::Fetch* find_fetch(pb::Job& job, const std::string& name) {
  for (pb::Fetch& fetch : *job.mutable_fetches()) {
    if (fetch.name() == name) return &fetch;
  }
  return nullptr;
}

}  // namespace

bool is_outside(std::string_view url) {
  static constexpr std::array<std::string_view, 3> kSchemes = {"s3://", "https://", "http://"};
  return std::any_of(kSchemes.begin(), kSchemes.end(),
                     [&](std::string_view scheme) { return url.starts_with(scheme); });
}

bool is_outside(const pb::Input& input) {
  return !input.has_content() && is_outside(input.url());
}

const StoreConfig* store_of(const CoreConfig& config, std::string_view url, std::string_view tenant) {
  if (!is_plain(url)) return nullptr;
  const StoreConfig* best = nullptr;
  size_t longest = 0;
  for (const StoreConfig& store : config.stores) {
    for (const std::string& beginning : store.urls) {
      if (beginning.size() <= longest || !begins_with(url, beginning) || !serves(store, tenant)) continue;
      best = &store;
      longest = beginning.size();
    }
  }
  return best;
}

pb::Item outside_item(const State& s, const pb::Task& task, const pb::Input& input, std::string_view tenant) {
  pb::Item item;
  item.set_name(input.path());
  item.set_kind("dataset");
  item = brought_item(s, task, item);
  if (const StoreConfig* store = store_of(s.config, input.url(), tenant)) {
    for (const pb::Fact& label : store->labels) put_fact(*item.mutable_labels(), label);
  }
  return item;
}

std::optional<pb::Verdict> decide_fetches(const State& s, const pb::Task& task,
                                          const pb::Principal& submitter, std::string_view purpose,
                                          std::string_view project, Instant now) {
  std::optional<pb::Verdict> strictest;
  for (const pb::Input& input : task.inputs()) {
    const StoreConfig* store =
        is_outside(input) ? store_of(s.config, input.url(), submitter.tenant()) : nullptr;
    if (store == nullptr || place_of(s, *store) == s.config.jurisdiction) continue;
    pb::Crossing crossing;
    crossing.set_from_region(store_region(*store));
    crossing.set_to_region(s.config.region);
    *crossing.mutable_item() = outside_item(s, task, input, submitter.tenant());
    crossing.mutable_exporter()->set_id(store_region(*store));
    *crossing.mutable_recipient() = tenant_of(s, submitter.tenant());
    *crossing.mutable_submitter() = submitter;
    crossing.set_purpose(std::string(purpose));
    crossing.set_project(std::string(project));
    pb::Verdict verdict = decide(s, crossing, now);
    if (verdict.effect() != "permit") add_changes(s, crossing, verdict, now);
    if (!strictest || is_stricter(verdict, *strictest)) strictest = std::move(verdict);
  }
  return strictest;
}

void begin_fetches(State& s, pb::Job& job) {
  const std::string tenant = job.submitter().tenant();
  for (pb::Delivery& delivery : *job.mutable_deliveries()) {
    if (!is_outside(delivery.url())) continue;
    const StoreConfig* store = store_of(s.config, delivery.url(), tenant);
    if (auto why = why_not_writable(s, store, delivery.url())) return end_unfetched(s, job, *why);
    delivery.set_store(store->name);
  }
  for (const pb::Input& input : job.task().inputs()) {
    if (!is_outside(input)) continue;
    const StoreConfig* store = store_of(s.config, input.url(), tenant);
    if (store == nullptr) return end_unfetched(s, job, nobody_answers(input.url()));
    pb::Fetch& fetch = *job.add_fetches();
    fetch.set_name(input.path());
    fetch.set_url(input.url());
    fetch.set_store(store->name);
    fetch.set_folder(input.type() == pb::FILE_TYPE_DIRECTORY);
  }
  resume_fetches(s, job);
}

bool waits_for_fetches(const pb::Job& job) {
  return std::any_of(job.fetches().begin(), job.fetches().end(),
                     [](const pb::Fetch& fetch) { return !fetch.done(); });
}

void on_input_fetched(State& s, const InputFetched& event) {
  const auto at = s.jobs.find(event.job);
  if (at == s.jobs.end() || at->second.state() != pb::JOB_QUEUED) return;  // cancelled meanwhile
  pb::Job& job = s.edit_job(event.job);
  pb::Fetch* fetch = find_fetch(job, event.name);
  if (fetch == nullptr || fetch->done()) return;
  if (!event.failure.empty()) return end_unfetched(s, job, event.name + ": " + event.failure);
  fetch->set_done(true);
  pb::Item item = event.item;
  item.set_name(event.name);
  if (item.kind().empty()) item.set_kind("dataset");
  item = brought_item(s, job.task(), item);
  for (const StoreConfig& store : s.config.stores) {
    if (store.name != fetch->store()) continue;
    for (const pb::Fact& label : store.labels) put_fact(*item.mutable_labels(), label);
  }
  ledger::Entry& entry = s.book("fetched");
  entry.job = job.id();
  entry.who = ledger_name(job.submitter());
  entry.item_digest = item.digest();
  entry.item_bytes = item.bytes();
  entry.reason = "from store " + fetch->store();
  *job.add_items() = std::move(item);
  if (!waits_for_fetches(job)) place_job(s, job.id());
}

void resume_fetches(State& s, const pb::Job& job) {
  if (job.state() != pb::JOB_QUEUED) return;
  for (const pb::Fetch& fetch : job.fetches()) {
    if (!fetch.done()) s.effect(FetchInput{job.id(), fetch});
  }
}

}  // namespace hetao::federation
