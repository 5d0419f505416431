// Ledger entries to a monitoring system, over TLS: RFC 5424 messages in RFC 5425 frames, or OCSF JSON a line.
// Each entry at least once and in order: what the other side's machine has acknowledged is remembered in a
// file, and a restart goes on from there. A target that does not answer costs nothing but the wait.
// Thread-safe; a thread of its own a target.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/io/ledger_files.h"

namespace hetao::io {

struct ForwardTarget {
  std::string name;
  std::string address;      // HOST:PORT
  std::string ca;           // PEM file that the target's certificate must come from
  std::string certificate;  // ours, PEM file; may be empty
  std::string key;
  bool ocsf_lines = false;  // else RFC 5424
};

struct ForwardStatus {
  std::string name;
  uint64_t next = 0;  // the first entry that is not delivered
  bool connected = false;
  std::string trouble;
};

class EventForwarder {
 public:
  static Result<std::unique_ptr<EventForwarder>> open(ForwardTarget target, const std::string& folder,
                                                      std::string host, std::string origin,
                                                      LedgerFiles& ledger);
  ~EventForwarder();
  EventForwarder(const EventForwarder&) = delete;
  EventForwarder& operator=(const EventForwarder&) = delete;
  ForwardStatus status() const;

 private:
  struct Parts;
  explicit EventForwarder(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hetao::io
