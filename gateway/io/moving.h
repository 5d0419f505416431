// What the item mover asks of whatever is being sent or received: a blob, or a batch of small files.
#pragma once

#include <cstdint>

namespace hetao::io {

class Outgoing {
 public:
  virtual ~Outgoing() = default;
  virtual void cancel() = 0;
  virtual void lanes_changed() = 0;  // bulk lanes of its link have come or gone
  virtual uint64_t bytes_sent() const = 0;
};

class Incoming {
 public:
  virtual ~Incoming() = default;
  virtual void cancel() = 0;  // and drops what arrived in part
  virtual uint64_t bytes_stored() const = 0;
  virtual uint64_t bytes_total() const = 0;
};

}  // namespace hetao::io
