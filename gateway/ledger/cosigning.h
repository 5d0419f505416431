// How a log gets its checkpoints cosigned by one witness: when to ask, with which old size, and what an
// answer means. The other half, the witness's own, is witness.h.
//
//   ask(now)      what to send now, if anything; at most one question is open at a time
//   take(answer)  what came of it
//   failed(now)   it could not be sent, or no answer came
//
// The first question has old size 0: its answer tells what the witness remembers of us (C2SP tlog-witness).
// Pure: no clock, no socket. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::ledger {

struct CosigningConfig {
  Duration again_after = Duration::seconds(60);  // an unchanged checkpoint is cosigned this often
  Duration patience = Duration::seconds(10);     // for an answer
  Duration retry_after = Duration::seconds(2);   // after a refusal or silence; doubles up to retry_most
  Duration retry_most = Duration::seconds(60);
  Duration stale_after = Duration::seconds(300);  // older cosignatures release nothing
};

enum class WitnessOutcome {
  kCosigned,  // the lines are to be added to the checkpoint
  kAgain,     // the witness remembers another size: ask again with that
  kAhead,     // the witness has seen more of this log than there is: we were rolled back
  kFork,      // what the witness remembers is no prefix of this log
  kRefused,   // it does not know us, does not take our key, or misbehaves
  kStray,     // no question was open
};

const char* to_word(WitnessOutcome outcome);

// A witness's HTTP answer, by whatever way it came.
struct WitnessReply {
  int status = 0;
  std::string body;
};

class Cosigning {
 public:
  struct Question {
    uint64_t old_size = 0;
    uint64_t size = 0;
  };

  explicit Cosigning(CosigningConfig config = {}) : config_(config) {}

  // A cosignature that an earlier run got: of a checkpoint of this size, at this time.
  void remember(uint64_t size, Instant at);
  // The witness can be reached, or can't.
  void reachable(bool is);
  // What to ask about the newest published checkpoint; nothing while there is no need.
  std::optional<Question> ask(uint64_t published, Instant now);
  WitnessOutcome take(const WitnessReply& reply, Instant now);
  void failed(Instant now);

  // Whether its newest cosignature is young enough to release anything.
  bool is_fresh(Instant now) const { return newest_ && now - *newest_ <= config_.stale_after; }
  std::optional<Instant> newest() const { return newest_; }
  uint64_t cosigned_size() const { return cosigned_; }
  // The size that the witness said it remembers, at a kAhead or kFork.
  uint64_t theirs() const { return known_.value_or(0); }
  // Whether the witness has answered since the start, whatever it said.
  bool has_answered() const { return answered_; }
  // Stops asking until the operator has answered.
  void halt() { halted_ = true; }
  void begin_anew();
  bool halted() const { return halted_; }

 private:
  void wait(Instant now);

  CosigningConfig config_;
  bool reachable_ = false;
  bool halted_ = false;
  bool answered_ = false;
  std::optional<uint64_t> known_;  // what the witness remembers of us, as far as we know
  std::optional<Question> open_;
  Instant asked_at_;
  Instant not_before_;
  Duration pause_{};
  uint64_t cosigned_ = 0;
  std::optional<Instant> newest_;
  std::optional<Instant> last_asked_well_;  // when the newest cosignature of this run came
};

}  // namespace hetao::ledger
