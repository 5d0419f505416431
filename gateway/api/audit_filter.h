// The filters of audit search and export, from a request's query. `user` is a plain name (with `tenant`),
// which the register of people turns into the name that the ledger has.
#pragma once

#include "gateway/api/router.h"
#include "gateway/ledger/entry_index.h"

namespace hetao::api {

// Names of the parameters that read_filter knows.
const std::vector<std::string>& filter_names();
Result<ledger::EntryQuery> read_filter(const Context& c);
// The same as one line for the ledger: "kind=departed since=…"; empty: everything.
std::string filter_line(const Query& query);

}  // namespace hetao::api
