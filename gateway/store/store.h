// What a gateway remembers, behind one interface: the core's records (the newest of each key) and the ledger
// entries that the ledger's own files do not hold yet.
//
// Promises: commit() is all or nothing, and durable when it returns; load() hands out exactly what was
// committed. A store belongs to one region, one format and one process at a time: opening another region's or
// a newer format's data is refused, and of several nodes that share a database one leads. After an error of
// commit() the outcome is unknown: the process must end, and the next start finds out.
//
// Trust: the store believes its files, or its database server. Records are not signed; the ledger is where
// history is proved.
// Not thread-safe: one thread at a time (the gate's, once it runs).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/federation/record.h"
#include "gateway/store/archive.h"

namespace hetao::store {

// Format of what this program writes. Forward migrations are in each store; there is no way back.
inline constexpr int kFormat = 1;

struct PendingEntry {
  uint64_t index = 0;
  std::string bytes;

  bool operator==(const PendingEntry&) const = default;
};

// Positions of entries: from `first` up to, and without, `end`. Equal: none.
struct EntryRange {
  uint64_t first = 0;
  uint64_t end = 0;
};

// What becomes durable together: many steps of the core, in order.
struct Batch {
  std::vector<federation::Record> records;  // a later one of the same key replaces an earlier one
  std::vector<PendingEntry> entries;        // ascending indexes, without gaps, behind all earlier ones
};

class Store {
 public:
  virtual ~Store() = default;

  // Every record that is not of the archive. An error of `take` ends the loading with it.
  virtual Result<void> load(const std::function<Result<void>(const federation::Record&)>& take) = 0;
  virtual Result<void> commit(const Batch& batch) = 0;

  // To be called once, before anything is committed by another thread.
  virtual Result<std::unique_ptr<Archive>> open_archive() = 0;

  // Entries that are still kept.
  virtual Result<EntryRange> kept_entries() = 0;
  // Of them those from `first` on, ascending, at most `most`.
  virtual Result<std::vector<PendingEntry>> entries_from(uint64_t first, size_t most) = 0;
  // The ledger's own files hold everything below `index` durably. Takes effect with the next commit, or
  // never: the ledger skips what it has, and nodes that share a store keep all of it for each other.
  virtual void forget_entries_below(uint64_t index) = 0;

  // Whether other processes may take this store over when we are gone.
  virtual bool is_shared() const { return false; }
  // Of a shared store: an error when it may be somebody else's by now. To be asked while nothing is
  // committed.
  virtual Result<void> still_ours() { return {}; }
  // Small facts that all nodes of a shared store must agree on, such as the key that signs the ledger.
  virtual Result<std::optional<std::string>> note(std::string_view name) = 0;
  virtual Result<void> put_note(std::string_view name, std::string_view value) = 0;
};

// The node of a region that leads, and where it answers ("HOST:PORT"), for the others.
struct Leader {
  std::string node = {};
  std::string https = {};
  std::string tunnel = {};

  bool operator==(const Leader&) const = default;
};

// Who opens a store. `self` is what other nodes of the region are told while this one leads.
struct Owner {
  std::string region;
  Leader self = {};
};

// The store, or who has it.
struct Claim {
  std::unique_ptr<Store> store;
  Leader held_by = {};  // of a shared store without `store`
};

// Opens the store that `url` names, or makes it: a path, "sqlite:PATH" or "postgresql://…" (libpq's form).
// Never waits for another node: whoever leads is named instead.
Result<Claim> claim_store(std::string_view url, const Owner& owner);
// The same for a caller that can't wait: that another node leads is an error.
Result<std::unique_ptr<Store>> open_store(std::string_view url, const Owner& owner);
// Whether open_store could do anything with it, without touching it.
Result<void> check_store_url(std::string_view url);

}  // namespace hetao::store
