// The two ends of credit: how much may still be sent, and how much has been granted and given back. Positions
// are absolute counts of bytes since the start, so that a grant can be repeated without harm. Plain values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "gateway/base/check.h"

namespace hetao::tunnel {

class SendCredit {
 public:
  explicit SendCredit(uint64_t limit = 0) : limit_(limit) {}

  uint64_t available() const { return limit_ - sent_; }
  uint64_t sent() const { return sent_; }
  uint64_t limit() const { return limit_; }
  void spend(uint64_t bytes) {
    HETAO_CHECK(bytes <= available());
    sent_ += bytes;
  }
  // By how much the limit rose; 0 for a grant that says nothing new.
  uint64_t raise_to(uint64_t limit) {
    const uint64_t before = limit_;
    limit_ = std::max(limit_, limit);
    return limit_ - before;
  }

 private:
  uint64_t sent_ = 0;
  uint64_t limit_;
};

class ReceiveWindow {
 public:
  explicit ReceiveWindow(uint64_t window = 0) : window_(window), limit_(window) {}

  // False: the peer sends more than it was granted.
  bool take(uint64_t bytes) {
    if (bytes > limit_ - received_) return false;
    received_ += bytes;
    return true;
  }
  uint64_t room() const { return limit_ - received_; }
  uint64_t outstanding() const { return received_ - consumed_; }
  void consume(uint64_t bytes) {
    HETAO_CHECK(bytes <= outstanding());
    consumed_ += bytes;
  }
  // The new limit to tell the peer, when it is worth a frame: half of the window has been given back.
  std::optional<uint64_t> grant() {
    const uint64_t next = consumed_ + window_;
    if (next - limit_ < (window_ + 1) / 2) return std::nullopt;
    limit_ = next;
    return next;
  }

 private:
  uint64_t window_;
  uint64_t received_ = 0;
  uint64_t consumed_ = 0;
  uint64_t limit_;
};

}  // namespace hetao::tunnel
