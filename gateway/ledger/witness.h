// A C2SP tlog-witness, pure: a request and what is remembered of a log go in, the answer and what to remember
// come out.
//
// The caller owns two duties: persist `store` before it sends the answer, and let no second request for the
// same origin be decided between reading the state and persisting the new one. Pure; plain values;
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/ledger/checkpoint.h"
#include "gateway/ledger/merkle.h"

namespace hetao::ledger {

struct AddCheckpoint {
  uint64_t old_size = 0;
  Proof proof;             // at most 63 hashes
  std::string checkpoint;  // a signed note, verbatim
};

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body);
std::string print_add_checkpoint(const AddCheckpoint& request);

// A log that the witness looks after.
struct WitnessedLog {
  std::string origin;
  std::vector<VerifierKey> keys;
};

// What the witness remembers of a log: the newest checkpoint that it cosigned, with the log's signatures and
// its own. This very text is what GET /HASH/checkpoint answers.
struct WitnessState {
  std::string cosigned;  // empty: nothing was cosigned yet
};

enum class WitnessAlarm {
  kNone,
  kFork,      // a validly signed checkpoint that contradicts what was cosigned
  kRollback,  // a validly signed checkpoint that is smaller than what was cosigned
};

struct WitnessAnswer {
  int status = 0;  // 200, 400, 403, 404, 409, 422
  std::string content_type;
  std::string body;
  std::optional<WitnessState> store;  // persist before answering
  WitnessAlarm alarm = WitnessAlarm::kNone;
  std::string evidence;  // the log-signed note behind the alarm, for the witness's own ledger
  std::string origin;    // of the checkpoint, once it is known
};

// `state` of the origin named in the request: see origin_of(). `key` is of type kEd25519Cosignature.
WitnessAnswer answer_add_checkpoint(std::string_view body, std::span<const WitnessedLog> logs,
                                    const WitnessState& state, const SigningKey& key, Instant now);
// The origin that a request speaks of, unchecked: under which name to look up the state. Nothing if it is
// malformed.
std::optional<std::string> origin_of(std::string_view body);

// "HEX(SHA-256(ORIGIN))/checkpoint": the path of the monitoring interface.
std::string witness_path(std::string_view origin);
// The size that was cosigned (0: none), or why the stored state is unusable.
Result<uint64_t> witnessed_size(const WitnessState& state);

}  // namespace hetao::ledger
