// What a node does that stands by: passes every connection on to the node that leads, byte for byte, so that
// clients and peers may come to any node. TLS stays between the two ends: nothing is decrypted here, and
// certificates must name what clients dial.
//
// A thread of its own. Bounds: limits::kHttpConnectionsMax at once. Connections are cut when the relay ends,
// when another node leads, and refused while none is known. Thread-safe.
#pragma once

#include <memory>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/io/endpoint.h"

namespace hetao::io {

class Relay {
 public:
  // Binds every `listen`.
  static Result<std::unique_ptr<Relay>> open(const std::vector<Endpoint>& listen);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Where connections of each listener go, in their order; port 0: nowhere.
  void lead_to(std::vector<Endpoint> targets);
  std::vector<uint16_t> ports() const;

 private:
  struct Parts;
  explicit Relay(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hetao::io
