// Two sessions in memory and a channel between them that cuts the bytes where the test wants. Used by the
// tests and the fuzzers of the tunnel.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gateway/tunnel/session.h"

namespace hetao::tunnel::testing {

inline constexpr Instant kStart{1'800'000'000'000'000};

inline Digest nonce_of(uint8_t fill) {
  Digest nonce;
  nonce.bytes.fill(fill);
  return nonce;
}

inline Config config_of(Role role) {
  const bool dialer = role == Role::kDialer;
  Config config;
  config.hello.region = dialer ? "hongkong" : "shenzhen";
  config.hello.gateway = dialer ? "hk1" : "sz1";
  config.hello.nonce = nonce_of(dialer ? 1 : 2);
  config.hello.software = "hetao/0.1.0";
  config.peer_region = dialer ? "shenzhen" : "hongkong";
  config.peer_gateway = dialer ? "sz1" : "hk1";
  return config;
}

// What one side has seen, in order, as text and in sums.
struct Seen {
  std::vector<std::string> lines;
  std::vector<Bytes> messages;
  std::map<StreamId, Bytes> data;
  std::vector<StreamId> opened;
  std::vector<StreamId> closed;
  std::vector<StreamId> resets;

  bool has(const std::string& line) const {
    for (const std::string& l : lines)
      if (l == line) return true;
    return false;
  }
};

struct End {
  End(Config config, Role role) : session(std::move(config), role, kStart) {}

  Session session;
  Seen seen;
  bool consume_data = true;     // a disk that is never full
  bool finish_messages = true;  // a core that deals with each at once
  std::function<void(const Event&)> on_event;

  void take_events() {
    while (auto event = session.poll_event()) {
      if (on_event) on_event(*event);
      std::visit([this](const auto& e) { note(e); }, *event);
    }
  }

 private:
  static std::string at(const char* what, StreamId id) {
    return std::string(what) + " " + std::to_string(id);
  }
  void note(const HelloDone&) { seen.lines.emplace_back("hello"); }
  void note(const Message& e) {
    seen.lines.push_back("message " + std::to_string(e.bytes.size()));
    seen.messages.push_back(e.bytes);
    if (finish_messages) session.message_done(e.bytes.size());
  }
  void note(const StreamOpened& e) {
    seen.lines.push_back(at("opened", e.id) + " " + std::string(as_text(e.header)));
    seen.opened.push_back(e.id);
  }
  void note(const StreamData& e) {
    Bytes& all = seen.data[e.id];
    all.insert(all.end(), e.bytes.begin(), e.bytes.end());
    if (consume_data) session.consume(e.id, e.bytes.size());
  }
  void note(const StreamEnded& e) { seen.lines.push_back(at("ended", e.id)); }
  void note(const StreamReset& e) {
    seen.lines.push_back(at("reset", e.id) + " " + to_word(e.reason) + " " + e.text);
    seen.resets.push_back(e.id);
  }
  void note(const StreamWritable& e) { seen.lines.push_back(at("writable", e.id)); }
  void note(const StreamClosed& e) {
    seen.lines.push_back(at("closed", e.id));
    seen.closed.push_back(e.id);
  }
  void note(const RoundTrip& e) { seen.lines.push_back("round-trip " + std::to_string(e.time.micros)); }
  void note(const PeerGoodbye& e) {
    seen.lines.push_back(std::string(e.at_once ? "cut " : "goodbye ") + to_word(e.reason));
  }
};

// Everything `from` has to say, as one piece.
inline Bytes drain(Session& from, Instant now, size_t bytes_max = SIZE_MAX) {
  Bytes all;
  while (from.has_output() && all.size() < bytes_max) {
    for (const ByteView view : from.output()) all.insert(all.end(), view.begin(), view.end());
    if (all.size() > bytes_max) {
      const size_t extra = all.size() - bytes_max;
      size_t total = 0;
      for (const ByteView view : from.output()) total += view.size();
      all.resize(bytes_max);
      from.consumed(total - extra, now);
      return all;
    }
    size_t total = 0;
    for (const ByteView view : from.output()) total += view.size();
    from.consumed(total, now);
  }
  return all;
}

struct Pair {
  explicit Pair(Config dialer_config = config_of(Role::kDialer),
                Config acceptor_config = config_of(Role::kAcceptor))
      : dialer(std::move(dialer_config), Role::kDialer),
        acceptor(std::move(acceptor_config), Role::kAcceptor) {}

  End dialer;
  End acceptor;
  Instant now = kStart;
  size_t piece = SIZE_MAX;  // the channel hands over at most so many bytes at a time

  // One way, at most `piece` bytes. The error that the receiving session answered, if any.
  Result<void> carry(End& from, End& to) {
    const Bytes bytes = drain(from.session, now, piece);
    if (bytes.empty()) return {};
    auto ok = to.session.receive(bytes, now);
    to.take_events();
    from.take_events();
    return ok;
  }

  // Until nobody has anything to say.
  Result<void> settle() {
    while (dialer.session.has_output() || acceptor.session.has_output()) {
      auto there = carry(dialer, acceptor);
      auto back = carry(acceptor, dialer);
      if (!there) return there;
      if (!back) return back;
    }
    dialer.take_events();
    acceptor.take_events();
    return {};
  }
};

inline Bytes pattern(size_t bytes, uint32_t seed = 1) {
  Bytes out(bytes);
  uint32_t x = seed * 2'654'435'761U + 1;
  for (uint8_t& b : out) {
    x = x * 1'664'525U + 1'013'904'223U;
    b = static_cast<uint8_t>(x >> 24U);
  }
  return out;
}

// A peer that writes whatever frames the test wants, with the right sequence numbers unless told otherwise.
class Forger {
 public:
  Bytes frame(FrameType type, uint8_t flags, StreamId stream, ByteView payload) {
    return raw(static_cast<uint8_t>(type), flags, stream, payload);
  }
  Bytes raw(uint8_t type, uint8_t flags, StreamId stream, ByteView payload) {
    Bytes out(kHeaderBytes);
    encode_header({.length = static_cast<uint32_t>(payload.size()),
                   .type = type,
                   .flags = flags,
                   .sequence = sequence++,
                   .stream = stream},
                  std::span<uint8_t, kHeaderBytes>(out.data(), kHeaderBytes));
    out.insert(out.end(), payload.begin(), payload.end());
    return out;
  }
  uint16_t sequence = 0;
};

}  // namespace hetao::tunnel::testing
