// What a Session tells its owner. Plain values.
#pragma once

#include <string>
#include <variant>

#include "gateway/base/bytes.h"
#include "gateway/base/time.h"
#include "gateway/tunnel/frame.h"
#include "gateway/tunnel/reason.h"

namespace hetao::tunnel {

enum class Priority : uint8_t { kSmall = 1, kBulk = 2 };

// Both hellos are exchanged and confirmed: Session::peer() and agreed() speak now. The first event of every
// session.
struct HelloDone {};

// One whole control message. Tell message_done with its size when it has been dealt with.
struct Message {
  Bytes bytes;
};

// The peer opened a stream. Its slot is taken until both sides have ended or reset it and its bytes were
// consumed.
struct StreamOpened {
  StreamId id;
  Priority priority;
  Bytes header;
};

// Points into the bytes given to the last Session::receive: use or copy before the next one, and tell consume
// when the bytes are dealt with.
struct StreamData {
  StreamId id;
  ByteView bytes;
};

// The peer has sent all it wants to send here.
struct StreamEnded {
  StreamId id;
};

// The peer wants this stream over. Stop the work on it, then answer with reset_stream: until then it counts
// as open.
struct StreamReset {
  StreamId id;
  Reason reason;
  std::string text;
};

// A write that was cut short can go on.
struct StreamWritable {
  StreamId id;
};

// Both sides are done with it and its number is gone.
struct StreamClosed {
  StreamId id;
};

struct RoundTrip {
  Duration time;
};

// The peer takes up no new streams; those above last_stream that we opened it has not looked at. If
// `at_once`, the session is over and receive answers with an error too.
struct PeerGoodbye {
  Reason reason;
  std::string text;
  StreamId last_stream;
  bool at_once;
};

using Event = std::variant<HelloDone, Message, StreamOpened, StreamData, StreamEnded, StreamReset,
                           StreamWritable, StreamClosed, RoundTrip, PeerGoodbye>;

}  // namespace hetao::tunnel
