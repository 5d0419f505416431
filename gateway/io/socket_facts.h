// What the kernel knows of a TCP connection, and how it answers loss there. Functions on descriptors; any
// thread. Source: tcp(7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/base/time.h"

namespace hetao::io {

struct TcpFacts {
  Duration round_trip;      // smoothed
  Duration round_trip_min;  // least seen
  uint64_t segments_out = 0;
  uint64_t segments_again = 0;  // sent again: lost, or thought to be
};

std::optional<TcpFacts> tcp_facts(int socket);

enum class TcpPeer {
  kThere,
  kEnded,  // sends nothing any more
  kReset,  // has dropped the connection, with what was sent to it
};
TcpPeer tcp_peer(int socket);
// Chooses the congestion control of this socket ("bbr"). False: the kernel has none of that name for us.
bool use_congestion_control(int socket, const std::string& name);
std::string congestion_control(int socket);

}  // namespace hetao::io
