// Two honest sessions and a list of operations: nothing that honest owners do may break a session, bytes
// arrive in order and unharmed, and in the end everything is closed.
#include <google/protobuf/stubs/logging.h>

#include "gateway/base/check.h"
#include "tests/unit/tunnel/pair.h"

namespace {

using namespace hetao;
using namespace hetao::tunnel;
using namespace hetao::tunnel::testing;

struct Run {
  Pair pair;
  std::map<const End*, std::map<StreamId, Bytes>> sent;
  std::map<const End*, std::map<StreamId, size_t>> held;  // received and not consumed
  uint32_t salt = 0;

  static Config small(Role role) {
    Config config = config_of(role);
    config.hello.limits.streams_max = 5;
    config.hello.limits.stream_window_bytes = 4'096;
    config.hello.limits.session_window_bytes = 9'000;
    config.data_queued_bytes = 2'000;
    config.data_frame_bytes = 700;
    config.odd = std::make_shared<OddBudget>(kStart, 1U << 30U, 1);
    return config;
  }

  Run() : pair(small(Role::kDialer), small(Role::kAcceptor)) {
    for (End* end : {&pair.dialer, &pair.acceptor}) {
      end->consume_data = false;
      end->on_event = [this, end](const Event& event) {
        if (const auto* data = std::get_if<StreamData>(&event)) held[end][data->id] += data->bytes.size();
        if (const auto* reset = std::get_if<StreamReset>(&event))
          end->session.reset_stream(reset->id, Reason::kCancelled, "");
      };
    }
    HETAO_CHECK(pair.settle().has_value());
  }

  void step(uint8_t op, uint8_t arg) {
    End& end = (op & 1U) != 0 ? pair.dialer : pair.acceptor;
    End& other = (op & 1U) != 0 ? pair.acceptor : pair.dialer;
    auto& streams = sent[&end];
    StreamId id = 0;
    if (!streams.empty())
      id = std::next(streams.begin(), static_cast<std::ptrdiff_t>(arg % streams.size()))->first;
    switch ((op >> 1U) % 8) {
      case 0:
        if (const auto opened =
                end.session.open_stream({}, (arg & 1U) != 0 ? Priority::kSmall : Priority::kBulk)) {
          streams[*opened];
          sent[&other][*opened];
        }
        break;
      case 1:
      case 2:
        write(end, id, size_t{arg} * 20 + 1, ((op >> 4U) & 1U) != 0);
        break;
      case 3:
        end.session.end_stream(id);
        break;
      case 4:
        end.session.reset_stream(id, Reason::kCancelled, "no more");
        break;
      case 5:
        for (auto& [stream, bytes] : held[&end]) end.session.consume(stream, std::exchange(bytes, 0));
        break;
      case 6:
        (void)end.session.send_message(pattern(size_t{arg} * 7 + 1, ++salt));
        break;
      case 7:
        pair.piece = size_t{arg} * 11 + 1;
        HETAO_CHECK(pair.carry(end, other).has_value());
        break;
    }
    pair.dialer.take_events();
    pair.acceptor.take_events();
  }

  void write(End& end, StreamId id, size_t size, bool in_buffer) {
    const Bytes bytes = pattern(size, ++salt);
    size_t taken = 0;
    if (in_buffer) {
      FrameBuffer buffer(size);
      std::copy(bytes.begin(), bytes.end(), buffer.space().begin());
      buffer.set_size(size);
      taken = end.session.write_stream(id, buffer);
      HETAO_CHECK(buffer.payload().size() == size - taken || buffer.empty());
    } else {
      taken = end.session.write_stream(id, bytes);
    }
    Bytes& all = sent[&end][id];
    all.insert(all.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
  }

  void heal() {
    pair.piece = SIZE_MAX;
    for (int round = 0; round < 40; ++round) {
      for (End* end : {&pair.dialer, &pair.acceptor}) {
        for (auto& [stream, bytes] : held[end]) end->session.consume(stream, std::exchange(bytes, 0));
        if (round == 10)
          for (const auto& [stream, bytes] : sent[end]) end->session.end_stream(stream);
      }
      HETAO_CHECK(pair.settle().has_value());
    }
    for (auto [from, to] :
         {std::pair(&pair.dialer, &pair.acceptor), std::pair(&pair.acceptor, &pair.dialer)}) {
      HETAO_CHECK(from->session.stats().streams_open == 0);
      HETAO_CHECK(to->seen.messages.size() == from->session.stats().messages_out);
      for (const auto& [id, bytes] : sent[from]) {
        const Bytes& got = to->seen.data[id];
        HETAO_CHECK(got.size() <= bytes.size() && std::equal(got.begin(), got.end(), bytes.begin()));
      }
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static google::protobuf::LogSilencer silence;
  Run run;
  for (size_t i = 0; i + 1 < std::min<size_t>(size, 2'000); i += 2) run.step(data[i], data[i + 1]);
  run.heal();
  return 0;
}
