// What a gateway remembers, behind one interface: the core's records (the newest of each key) and the ledger
// entries that the ledger's own files do not hold yet.
//
// Promises: commit() is all or nothing, and durable when it returns; load() hands out exactly what was
// committed. A store belongs to one region and one format: opening another region's or a newer format's data
// is refused. After an error of commit() the outcome is unknown: the process must end, and the next start
// finds out.
//
// Trust: the store believes its files. Records are not signed; the ledger is where history is proved.
// Not thread-safe: one thread at a time (the gate's, once it runs).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/federation/record.h"

namespace hetao::store {

// Format of what this program writes. Forward migrations are in each store; there is no way back.
inline constexpr int kFormat = 1;

struct PendingEntry {
  uint64_t index = 0;
  std::string bytes;

  bool operator==(const PendingEntry&) const = default;
};

// What becomes durable together: many steps of the core, in order.
struct Batch {
  std::vector<federation::Record> records;  // a later one of the same key replaces an earlier one
  std::vector<PendingEntry> entries;        // ascending indexes, without gaps, behind all earlier ones
};

class Store {
 public:
  virtual ~Store() = default;

  // Every record, by table and key. An error of `take` ends the loading with it.
  virtual Result<void> load(const std::function<Result<void>(const federation::Record&)>& take) = 0;
  virtual Result<void> commit(const Batch& batch) = 0;

  // Entries not forgotten yet, ascending.
  virtual Result<std::vector<PendingEntry>> pending_entries() = 0;
  // The ledger's own files hold everything below `index` durably. Takes effect with the next commit, or
  // never: the ledger skips what it has.
  virtual void forget_entries_below(uint64_t index) = 0;
};

struct Owner {
  std::string region;
};

// Opens the store that `url` names, or makes it: a path, or "sqlite:PATH". "postgresql://…" is not available
// yet.
Result<std::unique_ptr<Store>> open_store(std::string_view url, const Owner& owner);
// Whether open_store could do anything with it, without touching it.
Result<void> check_store_url(std::string_view url);

}  // namespace hetao::store
