// What a site decides about witnesses. Plain values.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "gateway/base/time.h"
#include "gateway/ledger/tlog_policy.h"

namespace hetao::io {

struct WitnessConfig {
  bool required = true;                           // releases wait for fresh cosignatures
  Duration stale_after = Duration::seconds(300);  // older ones release nothing
  Duration again_after = Duration::seconds(60);   // an unchanged checkpoint is cosigned this often
  Duration start_patience =
      Duration::seconds(5);  // to ask, before anything is appended to a ledger that was cosigned
  // Further witnesses (with URLs), further logs to look after, and the quorum. Nothing: any peer's
  // cosignature will do.
  std::optional<ledger::TlogPolicy> policy;
  // Keys of peers that are known beforehand, by region; else those are pinned that the peer first announces.
  std::map<std::string, std::vector<ledger::VerifierKey>> log_keys;
  std::map<std::string, ledger::VerifierKey> witness_keys;
};

}  // namespace hetao::io
