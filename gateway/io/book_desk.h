// The desk at which two gateways match their books while they run: asks each peer for the entries of its
// ledger that are about crossings with us, checks every one against the checkpoint that the peer signed, and
// holds them against our own (gateway/ledger/reconcile.h). What does not match is written into the ledger
// once, as `mismatch`.
//
// What a peer gives is what both know already: its side of crossings between the two, and which policies were
// active there. It is kept with its proofs (book_file.h); lost, it is asked for again. For the io thread;
// reading and matching happen through `offload`, one piece of work at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gateway/io/book_file.h"
#include "gateway/io/ledger_files.h"
#include "gateway/io/witness_store.h"
#include "gateway/ledger/reconcile.h"
#include "proto/peer.pb.h"

namespace hetao::io {

struct BookStatus {
  std::string region;
  bool has_report = false;
  ledger::ReconcileReport report;
  uint64_t our_entries = 0;            // read of our ledger
  uint64_t their_entries = 0;          // of the peer's ledger, as far as it was looked at
  std::optional<Instant> complete_at;  // when the peer had nothing more
  std::string trouble;                 // why the peer's book can't be read
};

class BookDesk {
 public:
  struct Config {
    std::string region;
    std::vector<std::string> peers;
    std::string folder;
    Duration every = Duration::seconds(10);
    ledger::ReconcileOptions rules;
    std::function<Instant()> now;
    std::function<void(const std::string& region, pb::PeerMessage message)> send;
    std::function<void(std::string kind, std::string reason,
                       std::vector<std::pair<std::string, std::string>> details)>
        note;
    std::function<void(std::function<void()> work, std::function<void()> then)> offload;
    std::function<void(const std::string&)> log;
  };

  static Result<std::unique_ptr<BookDesk>> open(Config config, LedgerFiles& ledger,
                                                const WitnessStore& witness);
  ~BookDesk();

  void peer_up(const std::string& region);
  void peer_down(const std::string& region);
  void on_ask(const std::string& region, const pb::BookAsk& ask);
  void on_page(const std::string& region, const pb::BookPage& page);
  void tick();
  std::vector<BookStatus> status() const;
  // The texts of the peer's entries about this job or crossing, in its order. Blocks: any thread.
  std::vector<std::string> story(const std::string& region, const std::string& job,
                                 const std::string& crossing) const;
  // An entry of a finding with its proof: from our ledger, or as its peer proved it. Nothing: it can't be
  // had. Blocks: any thread.
  std::optional<ProvedEntry> proved(const ledger::Booked& booked) const;

 private:
  struct Book;
  BookDesk(Config config, LedgerFiles& ledger, const WitnessStore& witness);
  Result<void> load(Book& book) const;
  void take_new(const std::string& region, Book& book);
  void match(const std::string& region, Book& book);
  Result<void> check(const pb::BookPage& page, const std::string& region, uint64_t first,
                     std::vector<ledger::Entry>& out) const;

  Config config_;
  LedgerFiles& ledger_;
  const WitnessStore& witness_;
  std::map<std::string, std::unique_ptr<Book>> books_;
  uint64_t next_ask_ = 1;
};

}  // namespace hetao::io
