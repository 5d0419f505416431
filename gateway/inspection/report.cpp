#include "gateway/inspection/report.h"

#include <algorithm>
#include <boost/json/array.hpp>

namespace hetao::inspection {

const char* to_word(Confidence confidence) {
  switch (confidence) {
    case Confidence::kLow:
      return "low";
    case Confidence::kMedium:
      return "medium";
    case Confidence::kHigh:
      return "high";
  }
  return "high";
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

namespace {

json::array words(const std::vector<std::string>& all) {
  json::array out;
  for (const std::string& one : all) out.emplace_back(one);
  return out;
}

json::object coverage_json(const Coverage& coverage) {
  return {{"bytes_in", coverage.bytes_in},
          {"bytes_read", coverage.bytes_read},
          {"bytes_decoded", coverage.bytes_decoded},
          {"members", coverage.members},
          {"layers", coverage.layers},
          {"full", coverage.full()},
          {"not_read", words(coverage.not_read)}};
}

json::object finding_json(const Finding& finding, bool excerpts) {
  json::object out = {{"kind", finding.kind},
                      {"count", finding.count},
                      {"offsets", json::array(finding.offsets.begin(), finding.offsets.end())},
                      {"path", finding.path},
                      {"confidence", to_word(finding.confidence)}};
  if (excerpts && !finding.excerpts.empty()) out["excerpts"] = words(finding.excerpts);
  return out;
}

}  // namespace

json::object to_json(const Report& report, bool excerpts) {
  json::array findings;
  for (const Finding& finding : report.findings) findings.push_back(finding_json(finding, excerpts));
  json::object out = {{"bytes", report.coverage.bytes_in},
                      {"verdict", to_word(report.verdict)},
                      {"coverage", coverage_json(report.coverage)},
                      {"findings", findings}};
  json::array formats;
  for (const Format& format : report.formats)
    formats.push_back(json::object{{"path", format.path}, {"format", format.name}, {"what", format.what}});
  if (!formats.empty()) out["formats"] = formats;
  json::array tables;
  for (const Table& table : report.tables)
    tables.push_back(
        json::object{{"path", table.path}, {"columns", words(table.columns)}, {"rows", table.rows}});
  if (!tables.empty()) out["tables"] = tables;
  json::array noise;
  for (const Noise& one : report.noise) {
    noise.push_back(json::object{{"kind", one.kind},
                                 {"path", one.path},
                                 {"column", one.column},
                                 {"tested", one.tested},
                                 {"passed", one.passed}});
  }
  if (!noise.empty()) out["noise"] = noise;
  if (report.smallest_group) out["smallest_group"] = *report.smallest_group;
  if (report.anonymity) out["anonymity"] = *report.anonymity;
  json::array spans;
  for (const Span& span : report.spans) spans.push_back(json::array{span.begin, span.end});
  if (!spans.empty()) out["spans"] = spans;
  return out;
}

namespace {

// Readers of what to_json wrote. Each gives a default where a member is absent or of another type.
std::string text_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}
uint64_t number_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value != nullptr && value->is_int64()) return static_cast<uint64_t>(value->as_int64());
  return value != nullptr && value->is_uint64() ? value->as_uint64() : 0;
}
std::optional<int64_t> maybe_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? std::optional(value->as_int64()) : std::nullopt;
}
const json::array& list_in(const json::object& object, std::string_view key) {
  static const json::array kNone;
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_array() ? value->as_array() : kNone;
}
std::vector<std::string> words_in_list(const json::array& list) {
  std::vector<std::string> out;
  for (const json::value& one : list) {
    if (one.is_string()) out.emplace_back(one.as_string());
  }
  return out;
}

Finding finding_from(const json::object& object) {
  Finding finding;
  finding.kind = text_in(object, "kind");
  finding.count = number_in(object, "count");
  finding.path = text_in(object, "path");
  const std::string confidence = text_in(object, "confidence");
  finding.confidence = confidence == "low"      ? Confidence::kLow
                       : confidence == "medium" ? Confidence::kMedium
                                                : Confidence::kHigh;
  for (const json::value& one : list_in(object, "offsets")) {
    if (finding.offsets.size() < kOffsetsMax && one.is_int64())
      finding.offsets.push_back(static_cast<uint64_t>(one.as_int64()));
  }
  finding.excerpts = words_in_list(list_in(object, "excerpts"));
  return finding;
}

}  // namespace

std::optional<Report> report_from_json(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const json::object& object = value.as_object();
  const std::string verdict = text_in(object, "verdict");
  const json::value* coverage = object.if_contains("coverage");
  if (coverage == nullptr || !coverage->is_object()) return std::nullopt;
  Report report;
  if (verdict == "clean") {
    report.verdict = Verdict::kClean;
  } else if (verdict == "findings") {
    report.verdict = Verdict::kFindings;
  } else if (verdict != "incomplete") {
    return std::nullopt;
  }
  const json::object& covered = coverage->as_object();
  report.coverage = {number_in(covered, "bytes_in"),      number_in(covered, "bytes_read"),
                     number_in(covered, "bytes_decoded"), number_in(covered, "members"),
                     number_in(covered, "layers"),        words_in_list(list_in(covered, "not_read"))};
  for (const json::value& one : list_in(object, "findings")) {
    if (!one.is_object()) return std::nullopt;
    report.findings.push_back(finding_from(one.as_object()));
  }
  for (const json::value& one : list_in(object, "formats")) {
    if (one.is_object())
      report.formats.push_back({text_in(one.as_object(), "path"), text_in(one.as_object(), "format"),
                                text_in(one.as_object(), "what")});
  }
  for (const json::value& one : list_in(object, "tables")) {
    if (one.is_object())
      report.tables.push_back({text_in(one.as_object(), "path"),
                               words_in_list(list_in(one.as_object(), "columns")),
                               number_in(one.as_object(), "rows")});
  }
  for (const json::value& one : list_in(object, "noise")) {
    if (one.is_object())
      report.noise.push_back({text_in(one.as_object(), "kind"), text_in(one.as_object(), "path"),
                              static_cast<size_t>(number_in(one.as_object(), "column")),
                              number_in(one.as_object(), "tested"), number_in(one.as_object(), "passed")});
  }
  report.smallest_group = maybe_in(object, "smallest_group");
  report.anonymity = maybe_in(object, "anonymity");
  for (const json::value& one : list_in(object, "spans")) {
    if (one.is_array() && one.as_array().size() == 2 && one.as_array()[0].is_int64() &&
        one.as_array()[1].is_int64() && report.spans.size() < kSpansMax)
      report.spans.push_back({static_cast<uint64_t>(one.as_array()[0].as_int64()),
                              static_cast<uint64_t>(one.as_array()[1].as_int64())});
  }
  // A report that contradicts itself is not believed.
  if (report.verdict == Verdict::kClean && (!report.findings.empty() || !report.coverage.full()))
    return std::nullopt;
  return report;
}

Report combine(const std::vector<Report>& reports) {
  Report all;
  all.verdict = Verdict::kClean;
  bool every_table = !reports.empty();
  bool every_anonymous = !reports.empty();
  for (const Report& one : reports) {
    Coverage& c = all.coverage;
    c.bytes_in += one.coverage.bytes_in;
    c.bytes_read += one.coverage.bytes_read;
    c.bytes_decoded += one.coverage.bytes_decoded;
    c.members += one.coverage.members;
    c.layers = std::max(c.layers, one.coverage.layers);
    c.not_read.insert(c.not_read.end(), one.coverage.not_read.begin(), one.coverage.not_read.end());
    all.findings.insert(all.findings.end(), one.findings.begin(), one.findings.end());
    all.noise.insert(all.noise.end(), one.noise.begin(), one.noise.end());
    all.formats.insert(all.formats.end(), one.formats.begin(), one.formats.end());
    all.tables.insert(all.tables.end(), one.tables.begin(), one.tables.end());
    every_table = every_table && one.smallest_group.has_value();
    every_anonymous = every_anonymous && one.anonymity.has_value();
    if (one.anonymity) all.anonymity = std::min(all.anonymity.value_or(*one.anonymity), *one.anonymity);
    if (one.smallest_group)
      all.smallest_group = std::min(all.smallest_group.value_or(*one.smallest_group), *one.smallest_group);
  }
  if (!all.findings.empty()) {
    all.verdict = Verdict::kFindings;
  } else if (!all.coverage.full()) {
    all.verdict = Verdict::kIncomplete;
  }
  if (!every_table) all.smallest_group.reset();
  if (!every_anonymous) all.anonymity.reset();
  return all;
}

}  // namespace hetao::inspection
