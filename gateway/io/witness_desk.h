// The desk at which gateways witness each other: asks the peers' witnesses (and third ones over HTTPS) to
// cosign this ledger, answers what peers ask of the witness here, and says to whom nothing may be released.
// The rules are in gateway/ledger (cosigning.h, witness.h); this carries them out.
//
// Alarms, each written into the ledger once: fork and rolled-back (a witness holds a checkpoint that this log
// signed and that contradicts it, or a peer's log contradicts what was cosigned here), split-view (a peer
// shows others another root), silence (no cosignature for too long, or a peer's log asks for none), refused.
// Fork, rolled-back and split-view hold releases until an operator answers: resolve().
//
// For the io thread. Blocking work goes through `offload`.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/io/ledger_files.h"
#include "gateway/io/witness_config.h"
#include "gateway/io/witness_store.h"
#include "gateway/ledger/cosigning.h"
#include "proto/peer.pb.h"

namespace hetao::io {

// What status and metrics say about one witness.
struct WitnessStatus {
  std::string name;  // a region, or a third witness's name
  bool is_peer = false;
  uint64_t cosigned_size = 0;
  std::optional<Instant> cosigned_at;
  bool fresh = false;
  std::string alarm;        // about our log, with this witness
  std::string held;         // why nothing is released to this peer
  uint64_t their_size = 0;  // of the peer's log, as cosigned here
  std::optional<Instant> their_cosigned_at;
  std::string their_alarm;
};

class WitnessDesk {
 public:
  struct Config {
    WitnessConfig rules;
    std::string region;
    std::vector<std::string> peers;  // regions
    std::function<Instant()> now;
    std::function<void(const std::string& region, pb::PeerMessage message)> send;
    // Writes an entry into the ledger, through the core.
    std::function<void(std::string kind, std::string reason,
                       std::vector<std::pair<std::string, std::string>> details)>
        note;
    std::function<void(const std::string& region, bool held, const std::string& why)> gate;
    // Before anything was appended: this ledger must not go on.
    std::function<void(Error)> refuse_to_append;
    std::function<void()> may_append;  // the witnesses were asked, or can't be
    // Runs `work` elsewhere and `then` here.
    std::function<void(std::function<void()> work, std::function<void()> then)> offload;
    // POST and GET of a third witness, blocking: status 0 when there is no answer.
    std::function<ledger::WitnessReply(const std::string& url, const std::string& body)> post;
    std::function<ledger::WitnessReply(const std::string& url)> get;
    std::function<void(const std::string&)> log;
  };

  WitnessDesk(Config config, WitnessStore& store, LedgerFiles& ledger);

  // Whether this ledger was cosigned before, so that its witnesses are to be asked before anything is
  // appended.
  bool wants_to_ask_first() const;
  // Then this, and appending waits for may_append() or ends in refuse_to_append().
  void ask_first();
  void peer_up(const std::string& region, const std::string& their_checkpoint);
  void peer_down(const std::string& region);
  void on_ask(const std::string& region, const pb::WitnessAsk& ask);
  void on_reply(const std::string& region, const pb::WitnessReply& reply);
  // A new checkpoint is there; and once a second.
  void tick();
  // What HTTP clients send to the witness; blocks, any thread. The alarm of the answer goes to report().
  ledger::WitnessAnswer answer(std::string_view request, WitnessClient client) const;
  void report(const ledger::WitnessAnswer& answer);
  // The operator's answer to the alarms about this peer, both ways; written down by the caller before.
  Result<void> resolve(const std::string& region);
  // The log's key was changed: the checkpoint wants new cosignatures.
  void checkpoint_changed();
  std::vector<WitnessStatus> status() const;
  bool has(const std::string& region) const { return witnesses_.contains(region); }
  // Whether the newest published checkpoint has what it needs, or can't get it now.
  bool is_cosigned() const;

 private:
  struct Witness {
    std::string name;
    std::string url;  // empty: a peer
    ledger::VerifierKey key;
    ledger::Cosigning machine;
    bool reachable = false;
    uint64_t ask = 0;
    uint64_t in_file = 0;  // size of the newest checkpoint that carries its line
    std::string alarm;
    bool silent_told = false;
    Instant watched_since;
    // Of the peer's log.
    Instant log_heard;
    bool log_silent_told = false;
    Instant seen_noted;
    uint64_t seen_size = 0;
    // What the core was told last.
    std::optional<std::string> told;
  };

  void ask(Witness& witness, const std::string& checkpoint, ledger::Cosigning::Question question);
  void send_question(const std::string& name, uint64_t number, const Result<std::string>& body);
  void take(Witness& witness, const ledger::WitnessReply& reply, const std::string& their_checkpoint,
            const std::vector<ledger::VerifierKey>& keys);
  void cosigned(Witness& witness, uint64_t size, const std::string& lines);
  void contradicted(Witness& witness, ledger::WitnessOutcome outcome, const std::string& their_checkpoint);
  std::string proof_against_us(const std::string& their_checkpoint) const;
  void raise(Witness& witness, const std::string& alarm, const std::string& why, const std::string& evidence);
  void learn_key(Witness& witness, const std::vector<ledger::VerifierKey>& keys);
  void note_seen(Witness& witness, const std::string& request);
  void answered(const std::string& region, uint64_t number, const ledger::WitnessAnswer& answer,
                const std::string& request);
  void watch_silence(Witness& witness, Instant now);
  std::string why_held(const Witness& witness, Instant now) const;
  bool has_quorum(Instant now) const;
  void tell_gates();
  void asked_first();
  std::vector<std::string> own_vkeys(bool of_log) const;

  Config config_;
  WitnessStore& store_;
  LedgerFiles& ledger_;
  std::map<std::string, Witness> witnesses_;
  bool asking_first_ = false;
  Instant started_;
  uint64_t next_ask_ = 1;
};

std::string origin_of_region(std::string_view region);

}  // namespace hetao::io
