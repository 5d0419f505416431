#include "gateway/io/inspector.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "gateway/base/time.h"
#include "gateway/inspection/inspector.h"
#include "gateway/inspector/file_content.h"
#include "gateway/io/durable_file.h"

namespace hetao::io {

namespace {

constexpr size_t kKnownMax = 10'000;
constexpr unsigned kProcessesMax = 4;                     // of one item at once
constexpr uint64_t kThreadedBytes = uint64_t{32} << 20U;  // a file that is worth more threads than one
constexpr std::string_view kDefaultProfile = "personal-identifiers";

uint32_t today() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string date =
      to_string(shanghai_date({std::chrono::duration_cast<std::chrono::microseconds>(now).count()}));
  return static_cast<uint32_t>(std::stoul(date.substr(0, 4) + date.substr(5, 2) + date.substr(8, 2)));
}

// The words of the policy's attribute `inspection.verdict`.
const char* verdict_word(const inspection::Report& report) {
  for (const inspection::Finding& finding : report.findings) {
    if (finding.kind == "cn_secret_marking") return "secret-mark";
  }
  switch (report.verdict) {
    case inspection::Verdict::kClean:
      return "clean";
    case inspection::Verdict::kFindings:
      return "identifiers";
    case inspection::Verdict::kIncomplete:
      return "incomplete";
  }
  return "incomplete";
}

pb::Fact text_fact(std::string name, std::string value) {
  pb::Fact fact;
  fact.set_name(std::move(name));
  fact.set_text(std::move(value));
  return fact;
}

pb::Fact number_fact(std::string name, int64_t value) {
  pb::Fact fact;
  fact.set_name(std::move(name));
  fact.set_number(value);
  return fact;
}

Inspection not_run(std::string why) {
  return {.facts = {text_fact("inspection.verdict", "not-run")}, .summary = std::move(why)};
}

// Names that are nothing but letters and short numbers hold no identifier.
bool is_plain(std::string_view names) {
  size_t digits = 0;
  for (const char c : names) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits >= 4 || c == '@' || c == '%' || c == '\\' || static_cast<unsigned char>(c) >= 0x80)
      return false;
  }
  return names.size() < 40 || names.find_first_of("=+") == std::string_view::npos;
}

Inspection summed_up(const inspection::Report& report) {
  Inspection found;
  found.facts.push_back(text_fact("inspection.verdict", verdict_word(report)));
  std::map<std::string, uint64_t> counts;
  uint64_t all = 0;
  for (const inspection::Finding& finding : report.findings) {
    counts[finding.kind] += finding.count;
    all += finding.count;
  }
  std::string kinds;
  for (const auto& [kind, count] : counts) {
    found.facts.push_back(number_fact("inspection.findings." + kind, static_cast<int64_t>(count)));
    kinds += (kinds.empty() ? "" : ", ") + std::to_string(count) + " " + kind;
  }
  found.facts.push_back(number_fact("inspection.findings", static_cast<int64_t>(all)));
  if (report.smallest_group) found.facts.push_back(number_fact("result.min_group", *report.smallest_group));
  if (report.anonymity) found.facts.push_back(number_fact("result.k_anonymity", *report.anonymity));
  std::sort(found.facts.begin(), found.facts.end(),
            [](const pb::Fact& a, const pb::Fact& b) { return a.name() < b.name(); });
  found.summary = std::to_string(report.coverage.bytes_read) + " of " +
                  std::to_string(report.coverage.bytes_in) + " bytes read; " +
                  (kinds.empty() ? "nothing found" : kinds);
  size_t named = 0;
  for (const std::string& part : report.coverage.not_read) {
    if (++named > 5) break;
    found.summary += "; not read: " + part;
  }
  return found;
}

}  // namespace

ItemInspector::ItemInspector(std::vector<inspection::Pattern> patterns)
    : program_(inspector::worker_beside_this()), patterns_(std::move(patterns)) {}

bool ItemInspector::has_pattern(const std::string& name) const {
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&name](const inspection::Pattern& pattern) { return pattern.name == name; });
}

inspector::WorkerOptions ItemInspector::worker_options(const std::string& profile) const {
  inspector::WorkerOptions options;
  options.program = program_;
  options.profile = profile.empty() ? std::string(kDefaultProfile) : profile;
  options.latest_birth_day = today();
  options.patterns = patterns_;
  return options;
}

std::optional<inspection::Report> ItemInspector::read_blob(const BlobStore& blobs, const std::string& digest,
                                                           inspector::WorkerOptions options) const {
  const auto path = blobs.path_of(digest);
  if (!path) return std::nullopt;
  const auto opened = open_file(*path, O_RDONLY);
  if (!opened) return std::nullopt;
  if (const auto size = blobs.size_of(digest); size && *size >= kThreadedBytes)
    options.threads = std::clamp(std::thread::hardware_concurrency(), 1U, kProcessesMax);
  return inspector::inspect_in_worker(opened->get(), options);
}

// Nothing when the blob is not here.
std::optional<inspection::Report> ItemInspector::blob_report(const BlobStore& blobs,
                                                             const std::string& digest,
                                                             const std::string& profile) {
  const Key key{digest, profile};
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = known_.find(key); at != known_.end()) return *at->second;
  }
  inspector::WorkerOptions options = worker_options(profile);
  options.excerpts = true;
  auto read = read_blob(blobs, digest, std::move(options));
  if (!read) return std::nullopt;
  const auto report = std::make_shared<const inspection::Report>(std::move(*read));
  // What failed (a crash, a limit, no process) may go better next time.
  const std::lock_guard lock(mutex_);
  if (report->verdict != inspection::Verdict::kIncomplete && known_.size() < kKnownMax) known_[key] = report;
  return *report;
}

std::optional<inspection::Report> ItemInspector::blob_with_spans(const BlobStore& blobs,
                                                                 const std::string& digest,
                                                                 const std::vector<std::string>& kinds) {
  inspector::WorkerOptions options = worker_options("");
  options.spans_of = kinds;
  return read_blob(blobs, digest, std::move(options));
}

inspection::Report ItemInspector::name_report(const pb::Item& item, const std::string& profile) {
  std::string names = item.name();
  for (const pb::ItemFile& file : item.files()) names += "\n" + file.path();
  inspection::Report none;
  none.verdict = inspection::Verdict::kClean;
  if (is_plain(names)) return none;
  auto content = inspector::content_of(names);
  if (!content) {
    none.verdict = inspection::Verdict::kIncomplete;
    none.coverage.not_read.emplace_back("names: " + content.error().why);
    return none;
  }
  inspection::Report report = inspector::inspect_in_worker(content->get(), worker_options(profile));
  for (inspection::Finding& finding : report.findings) finding.path = "(names)";
  report.coverage.bytes_in = report.coverage.bytes_read = 0;  // names are no part of the files' bytes
  return report;
}

std::vector<std::optional<inspection::Report>> ItemInspector::reports(const BlobStore& blobs,
                                                                      const pb::Item& item,
                                                                      const std::string& profile) {
  const auto count = static_cast<size_t>(item.files_size());
  std::vector<std::optional<inspection::Report>> all(count);
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < count; i = next++) {
      const pb::ItemFile& file = item.files(static_cast<int>(i));
      all[i] = blob_report(blobs, file.digest(), profile);
      if (!all[i] || file.path().empty()) continue;
      for (inspection::Finding& finding : all[i]->findings)
        finding.path = finding.path.empty() ? file.path() : file.path() + "/" + finding.path;
    }
  };
  std::vector<std::thread> helpers;
  const size_t most =
      std::min<size_t>(std::clamp(std::thread::hardware_concurrency(), 1U, kProcessesMax), count);
  for (size_t i = 1; i < most; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  return all;
}

std::optional<inspection::Report> ItemInspector::report(const BlobStore& blobs, const pb::Item& item,
                                                        const std::string& profile) {
  const std::string used = profile.empty() ? std::string(kDefaultProfile) : profile;
  std::vector<inspection::Report> all;
  for (auto& one : reports(blobs, item, used)) {
    if (!one) return std::nullopt;
    all.push_back(std::move(*one));
  }
  inspection::Report combined = all.empty() ? inspection::inspect({}) : inspection::combine(all);
  const inspection::Report names = name_report(item, used);
  if (names.verdict == inspection::Verdict::kClean) return combined;
  const auto smallest = combined.smallest_group;
  const auto anonymity = combined.anonymity;
  combined = inspection::combine({combined, names});
  combined.smallest_group = smallest;  // names are no table
  combined.anonymity = anonymity;
  return combined;
}

Inspection ItemInspector::inspect(const BlobStore& blobs, const pb::Item& item, const std::string& profile) {
  if (!profile.empty() && !inspection::is_profile(profile))
    return not_run("there is no inspection profile '" + profile + "'");
  const auto found = report(blobs, item, profile);
  return found ? summed_up(*found) : not_run("a file of the item can't be read");
}

}  // namespace hetao::io
