// An entry in the forms that others read: CSV for spreadsheets, OCSF JSON and RFC 5424 for security
// monitoring, HTML to print. All carry the ledger's origin, the entry's index and its leaf hash, so that a
// row can be proved. Pure.
//
// OCSF 1.3 classes: 6003 API Activity (decisions, reviews, jobs), 6006 File Hosting Activity (what crosses),
// 3004 Entity Management (datasets, policies, administration), 2004 Detection Finding (faults, forks,
// mismatches).
#pragma once

#include <string>
#include <string_view>

#include "gateway/base/digest.h"
#include "gateway/ledger/entry.h"

namespace hetao::ledger {

struct Rendered {
  const Entry& entry;
  std::string_view origin;
  Digest leaf;
};

// RFC 4180 with a heading; text that a spreadsheet would take for a formula is quoted by a leading '.
std::string csv_heading();
std::string csv_row(const Rendered& r);

std::string ocsf_json(const Rendered& r);
// `<109>1 TIME HOST hetao - ID [hetao@32473 …] OCSF`; facility 13 (log audit), severity notice, or warning
// for findings.
std::string rfc5424(const Rendered& r, std::string_view host);
// RFC 5425, octet counting: "LENGTH MESSAGE".
std::string rfc5425_frame(std::string_view message);

// A page that prints: heading, rows, end.
std::string html_heading(std::string_view title, std::string_view origin, std::string_view note);
std::string html_row(const Rendered& r);
std::string html_end(uint64_t rows);

}  // namespace hetao::ledger
