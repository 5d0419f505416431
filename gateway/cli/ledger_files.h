// Ledgers as the offline commands find them: a ledger's folder (or a gateway's data folder), or an evidence
// file. What is handed out was verified on the way. Blocks; not thread-safe.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway/base/json.h"
#include "gateway/ledger/entry.h"
#include "gateway/ledger/evidence.h"
#include "gateway/ledger/tlog_policy.h"
#include "gateway/ledger/verify_log.h"

namespace CLI {
class App;
}

namespace hetao::cli {

// What the caller trusts and asks for.
struct Trust {
  std::vector<ledger::VerifierKey> log_keys;
  std::vector<ledger::VerifierKey> witness_keys;
  std::optional<ledger::TlogPolicy> policy;
  size_t witnesses = 0;

  bool is_pinned() const { return !log_keys.empty(); }
};

// The same as the options --keys, --policy and --witnesses say it.
struct TrustOptions {
  std::string keys;    // a file of vkeys; may be empty
  std::string policy;  // a tlog-policy; may be empty
  size_t witnesses = 0;
};
void add_trust_options(CLI::App& command, TrustOptions& o);
Result<Trust> read_trust(const TrustOptions& o);

struct VerifiedLedger {
  std::string place;  // what was read
  ledger::SignedCheckpoint head;
  uint64_t entries = 0;
  uint64_t files = 0;  // of a folder
  std::vector<std::string> attachments;
  bool keys_are_pinned = false;
};

// Who takes the entries while they are verified. They are worth something once verify_ledger has succeeded.
struct EntrySink {
  std::function<void()> begin = {};  // from the first one on; a ledger at work may have to be read again
  std::function<void(uint64_t index, const ledger::Entry& entry, std::string_view text)> take = {};
};

bool is_ledger_folder(const std::string& path);
ledger::FileReader ledger_reader(const std::string& path);
Result<VerifiedLedger> verify_ledger(const std::string& path, const Trust& trust, const EntrySink& sink = {});
// What a checkpoint says and who signed it.
json::object head_view(const ledger::SignedCheckpoint& head);
// "REGION" of the origin "hetao/REGION", from the checkpoint alone.
Result<std::string> region_of_ledger(const std::string& path);
// One entry of a verified ledger to the byte, and its C2SP tlog-proof.
struct ProvedEntry {
  std::string text;
  std::string proof;
};
Result<ProvedEntry> proved_entry(const std::string& path, const VerifiedLedger& ledger, uint64_t index);

}  // namespace hetao::cli
