// What leaves the ledger as a file, in the form that was asked for: made piece by piece while it is sent, so
// that there is no cap, and little memory and no disk is needed. Blocks; one thread at a time.
#pragma once

#include <functional>
#include <string>

#include "gateway/api/audit_filter.h"
#include "gateway/io/ledger_files.h"
#include "gateway/io/ledger_index.h"

namespace hetao::api {

struct ExportOrder {
  std::string format;    // evidence, csv, jsonl, ocsf, html
  std::string title;     // of a report
  std::string policies;  // folder of policy texts by digest
  std::string origin;
};

bool is_export_format(std::string_view word);
const char* content_type_of(std::string_view format);

// The entries of the newest checkpoint that match. Gives the next piece at each call, and an empty one at the
// end. Refers to the ledger and its index.
using ExportPieces = std::function<Result<std::string>()>;
Result<ExportPieces> export_entries(io::LedgerFiles& ledger, const io::LedgerIndex& index,
                                    ledger::EntryQuery query, ExportOrder order);

}  // namespace hetao::api
