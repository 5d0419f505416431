// The files of the audit log: carries out what ledger::Log orders, in its order (write-ahead log and
// fdatasync; tiles by temporary file, sync, rename, sync of the folder; checkpoint last), and reads them back
// for whoever serves the log. Makes the log's and the witness's keys at the first start (data_dir/keys, mode
// 0600).
//
// A checkpoint is published at most a second after the newest entry, by a thread of its own.
// A sync that fails is never tried again: append() and the publisher report it once, and the process must
// end. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/ledger/log.h"

namespace hetao::io {

struct LedgerPlace {
  std::string folder;       // data_dir/ledger
  std::string keys_folder;  // data_dir/keys
  std::string origin;       // "hetao/REGION"
  bool sm2 = false;         // sign checkpoints with SM2 as well
};

class LedgerFiles {
 public:
  // Makes what is not there, recovers what is.
  static Result<std::unique_ptr<LedgerFiles>> open(LedgerPlace place);
  ~LedgerFiles();
  LedgerFiles(const LedgerFiles&) = delete;
  LedgerFiles& operator=(const LedgerFiles&) = delete;

  // Durable on return. The first entry gets index size().
  Result<void> append(std::vector<Bytes> entries);
  uint64_t size() const;  // durable entries
  uint64_t published_size() const;
  // The newest signed checkpoint, as the file `checkpoint` holds it; empty before the first.
  std::string checkpoint() const;
  // All keys that sign: one, or two while the key is changed; with the SM2 key where there is one.
  std::vector<ledger::VerifierKey> log_keys() const;
  const ledger::SigningKey& witness_key() const;  // of this gateway's own witness
  // Who may cosign this log; kept beside it as `witness.vkey`, behind the own witness's key.
  std::vector<ledger::VerifierKey> witness_keys() const;
  Result<void> know_witnesses(const std::vector<ledger::VerifierKey>& keys);
  // Signature lines of witnesses for the checkpoint of this size. False: a newer one is published by now.
  Result<bool> add_cosignatures(uint64_t size, std::string_view lines);

  // A text that is no checkpoint, signed as a note by the log's key. Refuses what could be taken for one.
  Result<std::string> sign_statement(const std::string& text) const;

  // A change of the log's key, in two steps: checkpoints carry both signatures in between. Both publish.
  Result<ledger::VerifierKey> begin_rotation();
  Result<ledger::VerifierKey> end_rotation();  // the key that is no longer used

  // The text of durable entries from `first` on, at most `count`; fewer at the end.
  Result<std::vector<std::string>> entries(uint64_t first, size_t count) const;
  // A published file by its path below the log: "checkpoint", "tile/0/000", "log.vkey". Other paths:
  // kNotFound.
  Result<Bytes> file(std::string_view path) const;
  // The same without a check of the path's form: for ledger::TileReader.
  ledger::FileReader reader() const;

  // Publishes now instead of within a second. Blocks.
  Result<void> publish_now();
  // Whom to tell when the publisher fails: to be set before the first append.
  void on_failure(std::function<void(Error)> tell);
  // Whom to tell, on some thread, that a new checkpoint is published.
  void on_published(std::function<void()> tell);

 private:
  struct Parts;
  explicit LedgerFiles(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hetao::io
