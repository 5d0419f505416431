// What leaves the ledger as a file, in the form that was asked for, piece by piece: no cap, and little
// memory. Blocks.
#pragma once

#include <string>

#include "gateway/api/audit_filter.h"
#include "gateway/io/http.h"
#include "gateway/io/ledger_files.h"
#include "gateway/io/ledger_index.h"

namespace hetao::api {

struct ExportOrder {
  std::string format;    // evidence, csv, jsonl, ocsf, html
  std::string title;     // of a report
  std::string folder;    // for files that are too large to keep in memory
  std::string policies;  // folder of policy texts by digest
  std::string origin;
};

bool is_export_format(std::string_view word);
// The answer with its type and file name; `matched` tells how many entries it has.
Result<io::HttpResponse> export_entries(io::LedgerFiles& ledger, const io::LedgerIndex& index,
                                        const ledger::EntryQuery& query, const ExportOrder& order,
                                        uint64_t& matched);

}  // namespace hetao::api
