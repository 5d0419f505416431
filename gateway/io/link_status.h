// What there is to see of the tunnel to one region. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/time.h"

namespace hetao::io {

struct TransferStatus {
  std::string crossing;
  bool sending = false;
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;
};

struct LinkStatus {
  std::string region;
  bool up = false;
  std::string remote;      // address and port
  std::string dialled_by;  // region
  uint32_t lanes = 0;      // bulk connections; 0: bulk goes with control
  std::string congestion_control;
  std::optional<Duration> round_trip;  // the kernel's, smoothed
  uint64_t bytes_in = 0;               // since the start
  uint64_t bytes_out = 0;
  uint64_t bytes_per_second_in = 0;  // now
  uint64_t bytes_per_second_out = 0;
  uint64_t segments_again = 0;  // of the connections that are open
  uint64_t dials_failed = 0;    // since it was last up
  Instant certificate_ends;     // the peer's; 0: not up
  std::string policy_digest;    // that its hello stated
  std::vector<TransferStatus> transfers;
};

}  // namespace hetao::io
