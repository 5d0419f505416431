#include "gateway/io/sending_stream.h"

#include <algorithm>
#include <chrono>

namespace hetao::io {

namespace {

constexpr auto kNoProgress = std::chrono::minutes(10);

}  // namespace

void SendingStream::wake() {
  woken_ = true;
  wake_.cancel();
}

Awaitable<void> SendingStream::wait() {
  if (!woken_) {
    wake_.expires_after(kNoProgress);
    auto [error] = co_await wake_.async_wait(as_value);
    if (!error) {
      broken_.why = "no progress for ten minutes";
      gone_ = true;
    }
  }
  woken_ = false;
}

void SendingStream::on_reset(tunnel::Reason reason, const std::string& text) {
  if (broken_.why.empty())
    broken_.why = std::string("the peer ended the transfer: ") + tunnel::to_word(reason) +
                  (text.empty() ? "" : ": " + text);
  // It says that our bytes are not what we announced: sending them again gives the same.
  broken_.for_good = reason == tunnel::Reason::kDigest;
  gone_ = true;
  wake();
}

void SendingStream::on_closed() {
  gone_ = true;
  wake();
}

Awaitable<bool> SendingStream::write(ByteView bytes) {
  while (!gone_) {
    const auto link = link_.lock();
    if (!link) break;
    bytes = bytes.subspan(link->write_stream(id_, bytes));
    if (bytes.empty()) co_return true;
    co_await wait();
  }
  co_return false;
}

Awaitable<bool> SendingStream::write(tunnel::FrameBuffer buffer) {
  while (!gone_) {
    const auto link = link_.lock();
    if (!link) break;
    link->write_stream(id_, buffer);
    if (buffer.empty()) co_return true;
    co_await wait();
  }
  co_return false;
}

Awaitable<void> SendingStream::pass_rate(RatePass& rate, size_t bytes, std::function<bool()> stopped) {
  if (rate.is_free()) co_return;
  while (bytes > 0 && !gone_ && !stopped()) {
    bytes -= static_cast<size_t>(rate.take_up_to(bytes));
    if (bytes == 0) break;
    const Duration left = rate.ready_in(bytes);
    wake_.expires_after(std::chrono::microseconds(std::clamp<int64_t>(left.micros, 1'000, 1'000'000)));
    co_await wake_.async_wait(as_value);
  }
}

}  // namespace hetao::io
