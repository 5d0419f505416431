#include "gateway/inspection/report.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>

namespace hetao::inspection {

const char* to_word(Confidence confidence) {
  return confidence == Confidence::kHigh ? "high" : "low";
}

const char* to_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kClean:
      return "clean";
    case Verdict::kFindings:
      return "findings";
    case Verdict::kIncomplete:
      return "incomplete";
  }
  return "incomplete";
}

json::object to_json(const Report& report) {
  json::array not_read;
  for (const std::string& what : report.coverage.not_read) not_read.emplace_back(what);
  json::array findings;
  for (const Finding& finding : report.findings) {
    findings.push_back(json::object{{"kind", finding.kind},
                                    {"count", finding.count},
                                    {"offsets", json::array(finding.offsets.begin(), finding.offsets.end())},
                                    {"confidence", to_word(finding.confidence)}});
  }
  json::object out = {{"bytes", report.coverage.bytes_in},
                      {"verdict", to_word(report.verdict)},
                      {"coverage", json::object{{"bytes_in", report.coverage.bytes_in},
                                                {"bytes_read", report.coverage.bytes_read},
                                                {"full", report.coverage.full()},
                                                {"not_read", not_read}}},
                      {"findings", findings}};
  if (report.smallest_group) out["smallest_group"] = *report.smallest_group;
  return out;
}

Report combine(const std::vector<Report>& reports) {
  Report all;
  all.verdict = Verdict::kClean;
  std::map<std::string, Finding> findings;
  bool every_table = !reports.empty();
  for (const Report& one : reports) {
    all.coverage.bytes_in += one.coverage.bytes_in;
    all.coverage.bytes_read += one.coverage.bytes_read;
    all.coverage.not_read.insert(all.coverage.not_read.end(), one.coverage.not_read.begin(),
                                 one.coverage.not_read.end());
    for (const Finding& finding : one.findings) {
      Finding& sum = findings[finding.kind];
      const uint64_t before = sum.count;
      sum = finding;
      sum.count += before;
    }
    every_table = every_table && one.smallest_group.has_value();
    if (one.smallest_group)
      all.smallest_group = std::min(all.smallest_group.value_or(*one.smallest_group), *one.smallest_group);
  }
  for (auto& [kind, finding] : findings) all.findings.push_back(finding);
  if (!all.findings.empty()) {
    all.verdict = Verdict::kFindings;
  } else if (!all.coverage.full()) {
    all.verdict = Verdict::kIncomplete;
  }
  if (!every_table) all.smallest_group.reset();
  return all;
}

}  // namespace hetao::inspection
