// The one gate for durability. Steps of the core go in, in order; a thread of its own makes many of them
// durable at once (store, then the ledger's write-ahead log); only then their effects come out, in the same
// order, on the io thread.
//
// So: nothing is acknowledged, sent or started before it is durable, and nothing crosses before its permit is
// in the ledger. Nobody syncs by hand anywhere else.
//
// A commit or sync that fails is never tried again: no later effect comes out, `on_fatal` is called once, and
// the process must end. The next start reads what is on disk. pass(), idle() and destruction: the io thread
// only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/federation/record.h"
#include "gateway/io/ledger_files.h"
#include "gateway/store/store.h"

namespace hetao::io {

// What one step wants remembered, and what it wants done afterwards.
struct GateStep {
  std::vector<federation::Record> records;
  std::vector<store::PendingEntry> entries;
  std::function<void()> effects;
};

struct GateStats {
  uint64_t steps = 0;
  uint64_t waiting = 0;
  uint64_t commits = 0;
  uint64_t records = 0;
};

class Gate {
 public:
  struct Config {
    // Runs a function on the io thread, in the order of the calls.
    std::function<void(std::function<void()>)> post;
    // From the gate's own thread.
    std::function<void(Error)> on_fatal;
  };

  // At start-up, before there is a gate: gives the ledger's files the entries that only the store has,
  // publishes them, and refuses a store and a ledger that do not belong together.
  static Result<void> catch_up(store::Store& store, LedgerFiles& ledger);

  Gate(Config config, std::unique_ptr<store::Store> store, LedgerFiles& ledger);
  // Waits until what was passed is durable. Effects that did not come out are lost, as in a crash.
  ~Gate();

  void pass(GateStep step);
  // While held, steps wait: nothing becomes durable and no effect comes out. Destruction drops what waits.
  void hold();
  void go_on();
  // Every step passed so far is durable, and its effects have come out.
  bool idle() const;
  GateStats stats() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace hetao::io
