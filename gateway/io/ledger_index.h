// Search over the ledger of a gateway: full segments of gateway/ledger/entry_index.h in files of
// data_dir/index, the rest in memory. A thread of its own makes what is missing; a search that finds the
// index behind waits for nothing: what is not indexed yet is read. Thread-safe; search() blocks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/io/ledger_files.h"
#include "gateway/ledger/entry_index.h"

namespace hetao::io {

struct IndexHit {
  uint64_t index = 0;
  std::string text;
  ledger::Entry entry;
};

struct IndexPage {
  std::vector<IndexHit> hits;
  // Where the next page begins, in the order asked for. Nothing: the end.
  std::optional<uint64_t> next;
  uint64_t size = 0;  // of the ledger
  std::optional<Error> error;
};

class LedgerIndex {
 public:
  static Result<std::unique_ptr<LedgerIndex>> open(std::string folder, LedgerFiles& ledger);
  ~LedgerIndex();
  LedgerIndex(const LedgerIndex&) = delete;
  LedgerIndex& operator=(const LedgerIndex&) = delete;

  // Entries that match, from `cursor` on (ascending: the first index to look at; descending: one behind it).
  // Stops after `hits_max` hits or `looks_max` entries read.
  IndexPage search(const ledger::EntryQuery& query, bool descending, std::optional<uint64_t> cursor,
                   size_t hits_max, size_t looks_max) const;
  // How many entries the index knows.
  uint64_t size() const;

 private:
  struct Parts;
  explicit LedgerIndex(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hetao::io
