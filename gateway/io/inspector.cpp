#include "gateway/io/inspector.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "gateway/inspection/inspector.h"
#include "gateway/io/durable_file.h"

namespace hetao::io {

namespace {

constexpr size_t kPieceBytes = size_t{1} << 20U;

// Nothing when the blob can't be read to its end.
std::optional<inspection::Report> inspect_blob(const BlobStore& blobs, const pb::ItemFile& file) {
  const auto path = blobs.path_of(file.digest());
  if (!path) return std::nullopt;
  const auto opened = open_file(*path, O_RDONLY);
  if (!opened) return std::nullopt;
  inspection::Inspector inspector;
  Bytes piece(kPieceBytes);
  while (true) {
    const ssize_t size = ::read(opened->get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    if (size == 0) return inspector.finish();
    inspector.feed(ByteView(piece).first(static_cast<size_t>(size)));
  }
}

// The words of the policy's attribute `inspection.verdict`.
const char* verdict_word(inspection::Verdict verdict) {
  switch (verdict) {
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

}  // namespace

Inspection inspect_item(const BlobStore& blobs, const pb::Item& item, const std::string& profile) {
  if (!profile.empty()) return not_run("inspection profile '" + profile + "' is not available yet");
  std::vector<inspection::Report> reports;
  for (const pb::ItemFile& file : item.files()) {
    auto report = inspect_blob(blobs, file);
    if (!report) return not_run("a file of the item can't be read");
    reports.push_back(std::move(*report));
  }
  const inspection::Report report = reports.empty() ? inspection::inspect({}) : inspection::combine(reports);
  Inspection found;
  found.facts.push_back(text_fact("inspection.verdict", verdict_word(report.verdict)));
  std::string kinds;
  for (const inspection::Finding& finding : report.findings) {
    found.facts.push_back(
        number_fact("inspection.findings." + finding.kind, static_cast<int64_t>(finding.count)));
    kinds += (kinds.empty() ? "" : ", ") + std::to_string(finding.count) + " " + finding.kind;
  }
  if (report.smallest_group) found.facts.push_back(number_fact("result.min_group", *report.smallest_group));
  std::sort(found.facts.begin(), found.facts.end(),
            [](const pb::Fact& a, const pb::Fact& b) { return a.name() < b.name(); });
  found.summary = std::to_string(report.coverage.bytes_read) + " of " +
                  std::to_string(report.coverage.bytes_in) + " bytes read; " +
                  (kinds.empty() ? "nothing found" : kinds);
  for (const std::string& part : report.coverage.not_read) found.summary += "; not read: " + part;
  return found;
}

}  // namespace hetao::io
