// The witness of a gateway on disk: the C2SP tlog-witness of gateway/ledger/witness.h with its memory. Kept
// apart from the log's own files, because it is what contradicts them. Nodes of a region share one memory.
//
//   FOLDER/HASH/origin     the origin of a log, HASH = hex SHA-256 of it
//   FOLDER/HASH/log.vkey   its keys, pinned: the first that an authenticated peer announced, or configured
//   ones FOLDER/HASH/cosigned   the newest checkpoint cosigned, as GET /HASH/checkpoint answers it
//   FOLDER/HASH/alarm      while an alarm about it is open: a line that says why, then the refused note
//
// Every answer is durable before it is given; requests are decided one at a time. Thread-safe; calls block.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ledger/witness.h"

namespace hetao::io {

// Who brought a request: a third party's contradiction counts as the log's own only if it proves itself.
enum class WitnessClient { kTheLogItself, kAnyone };

struct WitnessedStatus {
  std::string origin;
  uint64_t size = 0;
  std::optional<Instant> cosigned_at;
  std::string alarm;  // empty: none
};

class WitnessStore {
 public:
  static Result<std::unique_ptr<WitnessStore>> open(std::string folder, ledger::SigningKey key);

  // Takes over what a node of earlier versions remembered by itself, of each log the newest, and removes it
  // there: nodes that lead in turn are one witness. May be done again after a crash.
  Result<void> adopt(const std::string& folder);

  // Keys from the configuration: they replace what was pinned.
  Result<void> configure(const std::string& origin, const std::vector<ledger::VerifierKey>& keys);
  // Keys that the authenticated log announces. The first ones are pinned (answer: true); later a new key
  // counts only once a checkpoint came that a pinned key has signed too (see `request`).
  Result<bool> announce(const std::string& origin, const std::vector<ledger::VerifierKey>& keys,
                        std::string_view request);

  ledger::WitnessAnswer add_checkpoint(std::string_view request, WitnessClient client, Instant now);
  // What GET /HASH/checkpoint answers.
  std::optional<std::string> checkpoint(std::string_view hash) const;
  // Holds a checkpoint that the log showed elsewhere against what was cosigned: the contradiction, or empty.
  std::string contradiction(std::string_view signed_checkpoint);

  // An operator has answered the alarm about this log: it begins anew. The text of what was cosigned before;
  // nothing when there was no alarm. `pins_too`: its keys are forgotten as well.
  Result<std::optional<std::string>> resolve(const std::string& origin);
  std::vector<WitnessedStatus> status() const;
  std::string alarm(const std::string& origin) const;
  std::vector<ledger::VerifierKey> keys_of(const std::string& origin) const;  // pinned
  Result<void> raise(const std::string& origin, const std::string& why, const std::string& evidence);

 private:
  struct Known {
    ledger::WitnessedLog log;
    ledger::WitnessState state;
    std::string alarm;
  };
  WitnessStore(std::string folder, ledger::SigningKey key)
      : folder_(std::move(folder)), key_(std::move(key)) {}
  Result<void> load();
  std::string place_of(const std::string& origin) const;
  Result<void> write(const std::string& origin, const char* name, std::string_view text) const;
  Result<void> put_keys(const std::string& origin, std::vector<ledger::VerifierKey> keys);
  Result<void> adopt_log(const std::string& origin, const Known& theirs, std::string_view alarm);

  const std::string folder_;
  const ledger::SigningKey key_;
  mutable std::mutex mutex_;
  std::map<std::string, Known> known_;  // by origin
};

}  // namespace hetao::io
