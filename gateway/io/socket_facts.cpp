#include "gateway/io/socket_facts.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace hetao::io {

std::optional<TcpFacts> tcp_facts(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  constexpr uint32_t kNotMeasured = ~uint32_t{0};
  TcpFacts facts;
  facts.round_trip = {info.tcpi_rtt};
  facts.round_trip_min = {info.tcpi_min_rtt == kNotMeasured ? info.tcpi_rtt : info.tcpi_min_rtt};
  facts.segments_out = info.tcpi_segs_out;
  facts.segments_again = info.tcpi_total_retrans;
  return facts;
}

TcpPeer tcp_peer(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return TcpPeer::kEnded;
  // The kernel's numbers of RFC 9293's states; its headers name them for itself alone.
  constexpr uint8_t kEstablished = 1;
  constexpr uint8_t kClosed = 7;
  if (info.tcpi_state == kEstablished) return TcpPeer::kThere;
  return info.tcpi_state == kClosed ? TcpPeer::kReset : TcpPeer::kEnded;
}

bool use_congestion_control(int socket, const std::string& name) {
  return ::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.c_str(),
                      static_cast<socklen_t>(name.size())) == 0;
}

std::string congestion_control(int socket) {
  std::array<char, 16> name{};
  socklen_t size = name.size();
  if (::getsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) != 0) return "";
  return {name.data(), ::strnlen(name.data(), name.size())};
}

}  // namespace hetao::io
