// One live connection to another gateway, control or bulk: a tunnel::Session pumped over a TlsStream. Owns
// the pump and the routing of data streams to their handlers; knows nothing of messages' meaning.
//
// Belongs to the thread of its stream's executor: the io thread for control, a lane's thread for bulk. From
// elsewhere only post() and what is marked so. Lives as shared_ptr; its coroutines keep it alive until the
// connection is gone.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

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

// What others may look at while a link works.
struct LinkCounters {
  std::atomic<uint64_t> bytes_in = 0;
  std::atomic<uint64_t> bytes_out = 0;
  std::atomic<int64_t> round_trip_micros = -1;  // the kernel's; -1: not known
  std::atomic<int64_t> round_trip_min_micros = -1;
  std::atomic<uint64_t> segments_out = 0;
  std::atomic<uint64_t> segments_again = 0;
  std::atomic<uint32_t> streams_open = 0;
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

  // Until the connection is gone. `early`: bytes of the peer that were read before.
  Awaitable<void> run(Bytes early = {});

  Result<void> send_message(ByteView message);
  void message_done(size_t bytes);
  Result<tunnel::StreamId> open_stream(ByteView header, tunnel::Priority priority,
                                       std::shared_ptr<StreamHandler> handler);
  size_t write_stream(tunnel::StreamId id, ByteView bytes);
  size_t write_stream(tunnel::StreamId id, tunnel::FrameBuffer& buffer);
  tunnel::FrameBuffer take_buffer() { return session_.take_buffer(); }
  size_t data_frame_bytes() const { return session_.data_frame_bytes(); }
  void end_stream(tunnel::StreamId id);
  void reset_stream(tunnel::StreamId id, tunnel::Reason reason, std::string_view text);
  void consume(tunnel::StreamId id, size_t bytes);

  void goodbye(tunnel::Reason reason, std::string_view text);
  void cut(tunnel::Reason reason, std::string_view text);
  // Counts what the rooms above find odd against the peer's budget.
  void charge(tunnel::Odd what);
  // Judges the peer's certificate again; a refusal cuts the connection.
  void recheck(const certs::TrustStore& trust);

  // Why it ended, as a stable word; to be asked in on_end.
  std::string end_word() const;
  // Whether the peer ended it, with a reason of its own: then it is not the peer's fault.
  bool ended_by_peer() const { return ended_by_peer_; }

  // Any thread: runs it on this link's own.
  template <class Work>
  void post(Work work) {
    asio::post(executor_, [self = shared_from_this(), work = std::move(work)]() mutable { work(*self); });
  }
  const asio::any_io_executor& executor() const { return executor_; }          // any thread
  const std::shared_ptr<LinkCounters>& counters() const { return counters_; }  // any thread
  const certs::PeerFacts& peer() const { return peer_; }                       // any thread
  const std::string& remote() const { return remote_; }                        // any thread
  // Of a control link: its bulk lanes that are open.
  std::vector<std::shared_ptr<PeerLink>>& lanes() { return lanes_; }

  const tunnel::Session& session() const { return session_; }
  tunnel::Role role() const { return session_.role(); }
  Instant opened() const { return opened_; }  // 0: not yet
  bool is_open() const { return session_.state() == tunnel::Session::State::kOpen; }
  std::string congestion_control() const { return congestion_control_; }  // any thread

 private:
  Awaitable<void> read_all(Bytes early);
  Awaitable<void> write_all();
  Result<void> keep_time();
  Awaitable<void> watch_writer();
  void fill_output();
  size_t offer_output();
  void count();
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

  std::unique_ptr<TlsStream> stream_;  // gone when run() is over
  asio::any_io_executor executor_;
  certs::PeerFacts peer_;
  std::string remote_;
  std::string congestion_control_;
  tunnel::Session session_;
  Owner owner_;
  std::map<tunnel::StreamId, std::shared_ptr<StreamHandler>> handlers_;
  std::vector<std::shared_ptr<PeerLink>> lanes_;
  std::shared_ptr<LinkCounters> counters_ = std::make_shared<LinkCounters>();
  Instant counted_;
  asio::steady_timer wake_;
  asio::steady_timer pulse_;
  std::optional<Instant> writing_since_;  // the socket has not taken all yet
  Bytes gathered_;
  Instant opened_;
  std::optional<Error> ended_;
  bool kicked_ = false;
  bool waiting_ = false;  // the writer, for a kick
  bool taking_events_ = false;
  bool reader_done_ = false;
  bool ended_by_peer_ = false;
};

}  // namespace hetao::io
