#include "gateway/inspection/inspector.h"

#include <algorithm>

#include "gateway/inspection/kinds.h"
#include "gateway/inspection/layer.h"

namespace hetao::inspection {

namespace {

bool wanted(std::string_view profile, const Finding& finding) {
  const auto kind = kind_named(finding.kind);
  const Category category = kind ? facts_of(*kind).category : Category::kCustom;
  if (category == Category::kCustom || category == Category::kMarking) return true;
  if (profile == "direct-identifiers")
    return category == Category::kPerson || category == Category::kFinancial;
  if (profile == "secrets") return category == Category::kSecret || category == Category::kExecutable;
  if (profile == "genomic-medical") return category == Category::kGenomic || category == Category::kHealth;
  return true;
}

// Findings that a profile does not ask for are left out; what could not be read stays.
Report under_profile(Report report, std::string_view profile) {
  std::erase_if(report.findings, [&](const Finding& finding) { return !wanted(profile, finding); });
  report.verdict = !report.findings.empty() ? Verdict::kFindings
                   : report.coverage.full() ? Verdict::kClean
                                            : Verdict::kIncomplete;
  return report;
}

}  // namespace

std::vector<Profile> profiles() {
  return {{"personal-identifiers", "everything that can be found"},
          {"direct-identifiers", "numbers of people, cards and accounts"},
          {"secrets", "private keys, and files that run code when they are loaded"},
          {"genomic-medical", "genomic and medical formats"}};
}

bool is_profile(std::string_view name) {
  const auto all = profiles();
  return std::any_of(all.begin(), all.end(), [name](const Profile& profile) { return profile.name == name; });
}

Report inspect(ByteView content, const InspectOptions& options) {
  Reading reading(options);
  reading.expects(content.size());
  read_layer(reading, {}, content);
  return under_profile(reading.finish(content.size()), options.profile);
}

Report inspect_text(std::string_view text, const std::string& path, const InspectOptions& options) {
  Reading reading(options);
  reading.expects(text.size());
  Place place;
  place.path = path;
  RawScan::whole(reading, place, {}, as_bytes(text));
  return under_profile(reading.finish(text.size()), options.profile);
}

struct Inspector::State {
  explicit State(InspectOptions given) : options(std::move(given)), reading(options), layer(reading, {}) {}
  InspectOptions options;
  Reading reading;
  Layer layer;
  uint64_t bytes_in = 0;
};

Inspector::Inspector(InspectOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Inspector::~Inspector() = default;
Inspector::Inspector(Inspector&&) noexcept = default;
Inspector& Inspector::operator=(Inspector&&) noexcept = default;

void Inspector::feed(ByteView bytes) {
  State& s = *state_;
  s.bytes_in += bytes.size();
  s.reading.expects(s.bytes_in);
  s.layer.take(bytes);
}

Report Inspector::finish() {
  State& s = *state_;
  s.layer.end();
  return under_profile(s.reading.finish(s.bytes_in), s.options.profile);
}

}  // namespace hetao::inspection
