// One live connection to another gateway: a tunnel::Session pumped over a TlsStream. Owns the pump and the
// routing of data streams to their handlers; knows nothing of messages' meaning. Now one connection carries
// control, small and bulk streams by the session's priorities; lanes of their own for bulk can be added
// without a change of this interface.
//
// Io thread only. Lives as shared_ptr; its coroutines keep it alive until the connection is gone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "gateway/io/asio.h"
#include "gateway/io/tls_stream.h"
#include "gateway/tunnel/session.h"

namespace hetao::io {

// What happens to one data stream. After on_closed nothing more comes.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  virtual void on_data(ByteView bytes) = 0;  // good for the call; give the credit back with PeerLink::consume
  virtual void on_end() = 0;                 // the peer has sent all
  virtual void on_reset(tunnel::Reason reason,
                        const std::string& text) = 0;  // also when the connection is lost
  virtual void on_writable() = 0;
  virtual void on_closed() = 0;
};

class PeerLink : public std::enable_shared_from_this<PeerLink> {
 public:
  struct Owner {
    std::function<Instant()> clock;
    std::function<void(PeerLink&)> on_open;                    // the first exchange is complete
    std::function<void(PeerLink&, Bytes message)> on_message;  // answer with message_done
    // Null refuses the stream.
    std::function<std::shared_ptr<StreamHandler>(PeerLink&, tunnel::StreamId, ByteView header)> on_stream;
    std::function<void(PeerLink&, const Error& why)> on_end;  // once; nothing else follows
  };

  PeerLink(std::unique_ptr<TlsStream> stream, tunnel::Config config, tunnel::Role role, Owner owner);

  // Until the connection is gone.
  Awaitable<void> run();

  Result<void> send_message(ByteView message);
  void message_done(size_t bytes);
  Result<tunnel::StreamId> open_stream(ByteView header, tunnel::Priority priority,
                                       std::shared_ptr<StreamHandler> handler);
  size_t write_stream(tunnel::StreamId id, ByteView bytes);
  void end_stream(tunnel::StreamId id);
  void reset_stream(tunnel::StreamId id, tunnel::Reason reason, std::string_view text);
  void consume(tunnel::StreamId id, size_t bytes);

  void goodbye(tunnel::Reason reason, std::string_view text);
  void cut(tunnel::Reason reason, std::string_view text);
  // Counts what the rooms above find odd against the peer's budget.
  void charge(tunnel::Odd what);
  // Judges the peer's certificate again; a refusal cuts the connection.
  void recheck(const certs::TrustStore& trust);

  // Why it ended, as a stable word; once on_end was called.
  std::string end_word() const;
  // Whether the peer ended it, with a reason of its own: then it is not the peer's fault.
  bool ended_by_peer() const { return ended_by_peer_; }

  const certs::PeerFacts& peer() const { return *stream_->engine().peer(); }
  const tunnel::Session& session() const { return session_; }
  tunnel::Role role() const { return session_.role(); }
  Instant opened() const { return opened_; }  // 0: not yet
  bool is_open() const { return session_.state() == tunnel::Session::State::kOpen; }
  const std::string& remote() const { return stream_->remote(); }

 private:
  Awaitable<void> read_all();
  Awaitable<void> write_all();
  Result<void> keep_time();
  void fill_output();
  void take_events();
  void kick();
  void note_end(Error why);

  void on(tunnel::HelloDone& event);
  void on(tunnel::Message& event);
  void on(tunnel::StreamOpened& event);
  void on(tunnel::StreamData& event);
  void on(tunnel::StreamEnded& event);
  void on(tunnel::StreamReset& event);
  void on(tunnel::StreamWritable& event);
  void on(tunnel::StreamClosed& event);
  void on(tunnel::RoundTrip& event);
  void on(tunnel::PeerGoodbye& event);

  std::unique_ptr<TlsStream> stream_;
  tunnel::Session session_;
  Owner owner_;
  std::map<tunnel::StreamId, std::shared_ptr<StreamHandler>> handlers_;
  asio::steady_timer wake_;
  Bytes gathered_;
  Instant opened_;
  std::optional<Error> ended_;
  bool kicked_ = false;
  bool taking_events_ = false;
  bool reader_done_ = false;
  bool ended_by_peer_ = false;
};

}  // namespace hetao::io
