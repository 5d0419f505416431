// Bulk lanes: the threads that they run on, how many a link should have, and whether a connection that was
// accepted is one. LaneThreads: any thread. LaneChoice: a plain value, no I/O.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/limits.h"
#include "gateway/io/asio.h"
#include "gateway/io/tls_stream.h"
#include "gateway/tunnel/hello.h"

namespace hetao::io {

bool kernel_offers(const std::string& congestion_control);

// Wall time for lanes, which have no part in the shell's clock.
Instant lane_clock();

class LaneThreads {
 public:
  explicit LaneThreads(size_t threads);
  ~LaneThreads();
  LaneThreads(const LaneThreads&) = delete;
  LaneThreads& operator=(const LaneThreads&) = delete;

  asio::any_io_executor next();  // takes turns
  size_t count() const { return threads_.size(); }
  // What runs ends in mid-air; then the threads are gone.
  void stop();

 private:
  struct One;
  std::vector<std::unique_ptr<One>> threads_;
  size_t turn_ = 0;
};

// How many lanes pay. On a short link as many as there are threads to encrypt; on a long one with BBR four;
// with a congestion control that takes loss for congestion, ever more for as long as more brings more.
class LaneChoice {
 public:
  struct Link {
    Duration round_trip;  // least seen
    bool bbr = false;     // both sides can choose it
    size_t threads = 1;
  };
  explicit LaneChoice(Link link);

  uint32_t lanes() const { return lanes_; }
  // What all lanes carried since the last call, and for how long; `busy`: there was always something to send.
  void note(uint64_t bytes, Duration time, bool busy);

 private:
  bool grows_ = false;
  uint32_t lanes_ = 1;
  uint64_t best_rate_ = 0;  // with fewer lanes
  int settled_ = 0;         // notes since the number changed
};

inline constexpr Duration kLongLink = Duration::millis(2);

// On a long link: how this socket answers loss. `wanted`: a name from the configuration; empty: BBR if there
// is.
void prepare_socket(TlsStream& stream, const std::string& wanted);

// The first frame of the peer, when all of it is here and it is a hello.
std::optional<tunnel::HelloFacts> first_hello(ByteView bytes);
// So many bytes that the first frame must be complete, or is none.
bool has_first_frame(ByteView bytes);

}  // namespace hetao::io
