// Where something listens or is to be reached. A plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hetao::io {

struct Endpoint {
  std::string host;  // address or name
  uint16_t port = 0;
};

// "127.0.0.1:9443", "gw.example:9443", "[::1]:9443".
std::optional<Endpoint> parse_endpoint(std::string_view text);
std::string to_text(const Endpoint& endpoint);

}  // namespace hetao::io
