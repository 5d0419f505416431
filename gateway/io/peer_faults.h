// What peers, and strangers who claim to be one, did that ended a stream, a connection or an attempt to make
// one: counted by reason for the metrics, and now and then worth an entry in the ledger.
//
// Reasons are stable words: those of certs::Reason, tunnel::Reason and TlsFailure, and "not-a-peer",
// "too-many", "too-slow", "two-addresses", "unexpected". A flood of the same fault makes one entry in ten
// minutes, which says how many came in between: nobody can fill the ledger by knocking. Memory is bounded. No
// clock; io thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/time.h"

namespace hetao::io {

// What stands behind a live tunnel.
struct PeerTunnel {
  std::string region;
  std::string gateway;
  std::string remote;  // address and port
  Instant certificate_ends;
};

struct PeerFault {
  std::string region;  // proved by certificate; empty: nobody knows who it was
  std::string reason;
  std::string why;  // for people, printable
  std::string remote;
};

class PeerFaults {
 public:
  // An attempt to become a connection that came to nothing.
  void refused(const std::string& reason) { ++refused_[reason]; }
  // The end of a connection that had been one.
  void ended(const std::string& region, const std::string& reason) { ++ended_[{region, reason}]; }
  // A stream that was refused or cut while its connection went on.
  void stream(const std::string& region, const std::string& reason) { ++streams_[{region, reason}]; }

  // True of what only somebody hostile, broken or wrongly set up does: a bad identity, a lie, a broken
  // protocol. Lost links, silence and plain noise are for the log alone.
  static bool matters(std::string_view reason);
  // How many of this fault went unwritten since its last entry; nothing: not now.
  std::optional<uint64_t> may_note(const PeerFault& fault, Instant now);

  using ByReason = std::map<std::string, uint64_t>;
  using ByRegionAndReason = std::map<std::pair<std::string, std::string>, uint64_t>;
  const ByReason& refused() const { return refused_; }
  const ByRegionAndReason& ended() const { return ended_; }
  const ByRegionAndReason& streams() const { return streams_; }

 private:
  struct Noted {
    Instant at;
    uint64_t unwritten = 0;
  };
  ByReason refused_;
  ByRegionAndReason ended_;
  ByRegionAndReason streams_;
  std::map<std::pair<std::string, std::string>, Noted> noted_;  // regions are configured, reasons are words
};

}  // namespace hetao::io
