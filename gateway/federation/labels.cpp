#include "gateway/federation/labels.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

namespace hetao::federation {

namespace {

// Values from harmless to strict.
constexpr std::array<std::string_view, 5> kGrades = {"public", "general", "important", "core",
                                                     "state-secret"};
constexpr std::array<std::string_view, 4> kPersonal = {"none", "anonymised", "ordinary", "sensitive"};
constexpr std::array<std::string_view, 3> kAssessments = {"done", "stale", "missing"};
constexpr std::array<std::string_view, 3> kHongKongUses = {"same-purpose", "s62-research",
                                                           "new-purpose-no-consent"};

enum class Merge {
  kWorstGrade,
  kWorstPersonal,
  kWorstAssessment,
  kWorstHongKongUse,
  kPlace,  // mainland wins; otherwise all must agree
  kAllMustAgree,
  kUnion,
  kSum,
  kAllTrue,  // true is the better answer
  kAnyTrue,  // true is the stricter answer
};

struct Rule {
  std::string_view name;
  Merge merge;
};

constexpr std::array<Rule, 17> kRules = {{
    {"consent.basis", Merge::kAllMustAgree},
    {"consent.guardian", Merge::kAllTrue},
    {"consent.separate", Merge::kAllTrue},
    {"data.collected_in", Merge::kPlace},
    {"data.grade", Merge::kWorstGrade},
    {"data.personal", Merge::kWorstPersonal},
    {"data.personal_kinds", Merge::kUnion},
    {"data.sectors", Merge::kUnion},
    {"data.subjects_ordinary", Merge::kSum},
    {"data.subjects_sensitive", Merge::kSum},
    {"data.tags", Merge::kUnion},
    {"genetic.data", Merge::kAnyTrue},
    {"genetic.subjects_wgs", Merge::kSum},
    {"hk.processor_control", Merge::kAllTrue},
    {"hk.use", Merge::kWorstHongKongUse},
    {"impact_assessment", Merge::kWorstAssessment},
    {"result.anonymity_assessed", Merge::kAllTrue},
}};

// Whether a source without any data of its own (code) has a say: it has none in what it does not label,
// because a program brings no subjects, no consent and no assessment.
bool carries_data(const FactList& labels) {
  const std::string personal = text_of(labels, "data.personal");
  const std::string grade = text_of(labels, "data.grade");
  return flag_of(labels, "label.code") != true || (!personal.empty() && personal != "none") ||
         grade == "important";
}

using Sources = std::vector<const FactList*>;

void merge_worst(FactList& out, std::string_view name, std::span<const std::string_view> order,
                 const Sources& sources) {
  size_t worst = 0;
  bool unknown = false;
  for (const FactList* source : sources) {
    const std::string value = text_of(*source, name);
    const auto at = std::find(order.begin(), order.end(), value);
    if (at == order.end()) {
      unknown = true;
    } else {
      worst = std::max(worst, static_cast<size_t>(at - order.begin()));
    }
  }
  if (!unknown || worst + 1 == order.size()) put_fact(out, fact(name, order[worst]));
}

void merge_flags(FactList& out, std::string_view name, bool decides, const Sources& sources) {
  bool unknown = false;
  for (const FactList* source : sources) {
    const auto value = flag_of(*source, name);
    if (value == decides) return put_fact(out, fact(name, decides));
    unknown = unknown || !value;
  }
  if (!unknown) put_fact(out, fact(name, !decides));
}

void merge_sum(FactList& out, std::string_view name, const Sources& sources) {
  int64_t sum = 0;
  for (const FactList* source : sources) {
    const auto value = number_of(*source, name);
    if (!value || __builtin_add_overflow(sum, *value, &sum)) return;
  }
  put_fact(out, fact(name, sum));
}

void merge_union(FactList& out, std::string_view name, const Sources& sources) {
  std::set<std::string> all;
  for (const FactList* source : sources) {
    for (std::string& value : set_of(*source, name)) all.insert(std::move(value));
  }
  if (!all.empty()) put_fact(out, fact(name, std::vector<std::string>(all.begin(), all.end())));
}

void merge_text(FactList& out, std::string_view name, std::string_view winner, const Sources& sources) {
  std::set<std::string> values;
  for (const FactList* source : sources) values.insert(text_of(*source, name));
  if (!winner.empty() && values.contains(std::string(winner))) return put_fact(out, fact(name, winner));
  if (values.size() == 1 && !values.begin()->empty())
    put_fact(out, fact(name, std::string_view(*values.begin())));
}

void merge_one(FactList& out, const Rule& rule, const Sources& sources) {
  switch (rule.merge) {
    case Merge::kWorstGrade:
      return merge_worst(out, rule.name, kGrades, sources);
    case Merge::kWorstPersonal:
      return merge_worst(out, rule.name, kPersonal, sources);
    case Merge::kWorstAssessment:
      return merge_worst(out, rule.name, kAssessments, sources);
    case Merge::kWorstHongKongUse:
      return merge_worst(out, rule.name, kHongKongUses, sources);
    case Merge::kPlace:
      return merge_text(out, rule.name, "mainland", sources);
    case Merge::kAllMustAgree:
      return merge_text(out, rule.name, {}, sources);
    case Merge::kUnion:
      return merge_union(out, rule.name, sources);
    case Merge::kSum:
      return merge_sum(out, rule.name, sources);
    case Merge::kAllTrue:
      return merge_flags(out, rule.name, false, sources);
    case Merge::kAnyTrue:
      return merge_flags(out, rule.name, true, sources);
  }
}

}  // namespace

FactList labels_of_code(std::string_view jurisdiction) {
  FactList labels;
  put_fact(labels, fact("data.grade", "general"));
  put_fact(labels, fact("data.personal", "none"));
  put_fact(labels, fact("data.subjects_ordinary", int64_t{0}));
  put_fact(labels, fact("data.subjects_sensitive", int64_t{0}));
  put_fact(labels, fact("genetic.data", false));
  put_fact(labels, fact("data.collected_in", jurisdiction == "HK" ? "hongkong" : "mainland"));
  put_fact(labels, fact("hk.use", "same-purpose"));
  put_fact(labels, fact("hk.processor_control", true));
  put_fact(labels, fact("label.code", true));
  return labels;
}

FactList inherit(const std::vector<const FactList*>& read, std::string_view home_jurisdiction) {
  // The task's own commands are code that its submitter wrote at home.
  const FactList commands = labels_of_code(home_jurisdiction);
  Sources sources = read;
  sources.push_back(&commands);
  Sources counted;
  for (const FactList* source : sources) {
    if (carries_data(*source)) counted.push_back(source);
  }
  // A job that read nothing but programs makes results that hold what programs hold.
  if (counted.empty()) counted = sources;
  FactList out;
  for (const Rule& rule : kRules) merge_one(out, rule, counted);
  std::set<std::string> named;
  for (const Rule& rule : kRules) named.insert(std::string(rule.name));
  // Labels of a pack's own: kept when all sources agree, unknown otherwise.
  for (const pb::Fact& own : *counted.front()) {
    if (named.contains(own.name()) || own.name() == "label.code") continue;
    const bool agreed = std::all_of(counted.begin(), counted.end(), [&](const FactList* source) {
      const pb::Fact* same = find_fact(*source, own.name());
      return same != nullptr && same->SerializeAsString() == own.SerializeAsString();
    });
    if (agreed) put_fact(out, own);
  }
  return out;
}

}  // namespace hetao::federation
