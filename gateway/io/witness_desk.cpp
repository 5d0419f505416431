#include "gateway/io/witness_desk.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/ledger/entry.h"

namespace hetao::io {

namespace {

constexpr Duration kSeenEvery = Duration::seconds(60);
constexpr const char* kAlarmKind = "witness-alarm";

Result<ledger::Checkpoint> checkpoint_in(std::string_view note_bytes) {
  const auto note = ledger::parse_note(note_bytes);
  if (!note) return fail(note.error());
  return ledger::parse_checkpoint(note->text);
}

std::vector<ledger::VerifierKey> keys_in(const auto& lines) {
  std::vector<ledger::VerifierKey> keys;
  for (const std::string& line : lines) {
    if (auto key = ledger::parse_vkey(line)) keys.push_back(std::move(*key));
  }
  return keys;
}

const char* to_word(ledger::WitnessAlarm alarm) {
  return alarm == ledger::WitnessAlarm::kRollback ? "rolled-back" : "fork";
}

}  // namespace

std::string origin_of_region(std::string_view region) {
  return "hetao/" + std::string(region);
}

WitnessDesk::WitnessDesk(Config config, WitnessStore& store, LedgerFiles& ledger)
    : config_(std::move(config)), store_(store), ledger_(ledger), started_(config_.now()) {
  const ledger::CosigningConfig machine{.again_after = config_.rules.again_after,
                                        .stale_after = config_.rules.stale_after};
  const std::vector<ledger::VerifierKey> known = ledger_.witness_keys();
  for (const std::string& region : config_.peers) {
    Witness& one = witnesses_[region];
    one.name = region;
    one.machine = ledger::Cosigning(machine);
    const std::string name = origin_of_region(region) + "/witness";
    for (const auto& key : known)
      if (key.name == name) one.key = key;
    if (const auto at = config_.rules.witness_keys.find(region); at != config_.rules.witness_keys.end())
      one.key = at->second;
  }
  if (config_.rules.policy) {
    for (const ledger::PolicyWitness& third : config_.rules.policy->witnesses) {
      const bool is_peer = std::any_of(witnesses_.begin(), witnesses_.end(),
                                       [&](const auto& w) { return w.second.key == third.key; });
      if (is_peer || third.url.empty()) continue;
      Witness& one = witnesses_[third.name];
      one.name = third.name;
      one.url = third.url;
      one.key = third.key;
      one.machine = ledger::Cosigning(machine);
      one.machine.reachable(true);
      one.reachable = true;
    }
  }
  std::vector<ledger::VerifierKey> keys;
  for (auto& [name, one] : witnesses_) {
    one.watched_since = one.log_heard = started_;
    if (!one.key.name.empty()) keys.push_back(one.key);
  }
  if (auto written = ledger_.know_witnesses(keys); !written)
    config_.log("witnesses: " + to_line(written.error()));
  // Cosignatures that an earlier run got.
  const auto head = ledger::open_checkpoint(ledger_.checkpoint(), ledger_.log_keys(), keys);
  if (!head) return;
  for (const ledger::Verified& verified : head->cosignatures) {
    for (auto& [name, one] : witnesses_) {
      if (one.key == verified.key && verified.time)
        one.machine.remember(head->checkpoint.size, std::min(*verified.time, started_));
    }
  }
}

bool WitnessDesk::wants_to_ask_first() const {
  // Whoever has pinned a witness's key has been watched by it.
  return ledger_.size() != 0 && std::any_of(witnesses_.begin(), witnesses_.end(),
                                            [](const auto& w) { return !w.second.key.name.empty(); });
}

void WitnessDesk::ask_first() {
  asking_first_ = true;
}

bool WitnessDesk::is_cosigned() const {
  const uint64_t size = ledger_.published_size();
  return std::all_of(witnesses_.begin(), witnesses_.end(), [&](const auto& named) {
    const Witness& one = named.second;
    return !one.reachable || one.machine.halted() || one.in_file >= size;
  });
}

void WitnessDesk::peer_up(const std::string& region, const std::string& their_checkpoint) {
  const auto at = witnesses_.find(region);
  if (at == witnesses_.end()) return;
  at->second.reachable = true;
  at->second.machine.reachable(true);
  const std::string why = store_.contradiction(their_checkpoint);
  if (!why.empty()) {
    ledger::WitnessAnswer shown;
    shown.alarm = ledger::WitnessAlarm::kFork;
    shown.origin = origin_of_region(region);
    shown.evidence = their_checkpoint;
    shown.body = why;
    report(shown);
  }
  tick();
}

void WitnessDesk::peer_down(const std::string& region) {
  const auto at = witnesses_.find(region);
  if (at == witnesses_.end()) return;
  at->second.reachable = false;
  at->second.machine.reachable(false);
}

// --- our log, and the witnesses elsewhere
// --------------------------------------------------------------------------------

void WitnessDesk::tick() {
  const Instant now = config_.now();
  const std::string text = ledger_.checkpoint();
  const auto head = checkpoint_in(text);
  for (auto& [name, witness] : witnesses_) {
    if (head) {
      if (const auto question = witness.machine.ask(head->size, now)) ask(witness, text, *question);
    }
    watch_silence(witness, now);
  }
  tell_gates();
}

void WitnessDesk::ask(Witness& witness, const std::string& checkpoint, ledger::Cosigning::Question question) {
  witness.ask = next_ask_++;
  auto body = std::make_shared<Result<std::string>>(std::string());
  auto reply = std::make_shared<ledger::WitnessReply>();
  auto theirs = std::make_shared<std::string>();
  const auto work = [this, url = witness.url, checkpoint, question, body, reply, theirs] {
    ledger::AddCheckpoint request{question.old_size, {}, checkpoint};
    const auto head = checkpoint_in(checkpoint);
    if (question.old_size != 0 && question.old_size < question.size && head) {
      ledger::TileReader tiles(question.size, ledger_.reader());
      auto proof = ledger::consistency_proof(question.old_size, question.size, tiles.reader());
      if (!proof) {
        *body = fail(proof.error());
        return;
      }
      request.proof = std::move(*proof);
    }
    *body = ledger::print_add_checkpoint(request);
    if (url.empty()) return;
    *reply = config_.post(url + "/add-checkpoint", **body);
    if (reply->status == 409 || reply->status == 422)
      *theirs = config_.get(url + "/" + ledger::witness_path(head ? head->origin : "")).body;
  };
  config_.offload(work, [this, name = witness.name, number = witness.ask, body, reply, theirs] {
    Witness& asked = witnesses_.at(name);
    if (asked.ask != number) return;
    if (asked.url.empty()) return send_question(name, number, *body);
    if (!*body || reply->status == 0) return asked.machine.failed(config_.now());
    take(asked, *reply, *theirs, {});
  });
}

void WitnessDesk::send_question(const std::string& name, uint64_t number, const Result<std::string>& body) {
  if (!body) {
    config_.log("witness " + name + ": " + to_line(body.error()));
    return witnesses_.at(name).machine.failed(config_.now());
  }
  pb::PeerMessage message;
  pb::WitnessAsk& out = *message.mutable_witness_ask();
  out.set_ask(number);
  out.set_request(*body);
  for (const std::string& key : own_vkeys(true)) out.add_log_vkeys(key);
  for (const std::string& key : own_vkeys(false)) out.add_witness_vkeys(key);
  config_.send(name, std::move(message));
}

std::vector<std::string> WitnessDesk::own_vkeys(bool of_log) const {
  std::vector<std::string> lines;
  if (!of_log) return {ledger::print_vkey(ledger_.witness_key().verifier())};
  for (const auto& key : ledger_.log_keys()) lines.push_back(ledger::print_vkey(key));
  return lines;
}

void WitnessDesk::on_reply(const std::string& region, const pb::WitnessReply& reply) {
  const auto at = witnesses_.find(region);
  if (at == witnesses_.end() || at->second.ask != reply.ask()) return;  // an old question, or nobody's
  at->second.ask = 0;
  take(at->second, {static_cast<int>(reply.status()), reply.body()}, reply.checkpoint(),
       keys_in(reply.witness_vkeys()));
}

void WitnessDesk::take(Witness& witness, const ledger::WitnessReply& reply,
                       const std::string& their_checkpoint, const std::vector<ledger::VerifierKey>& keys) {
  learn_key(witness, keys);
  const uint64_t published = ledger_.published_size();
  const ledger::WitnessOutcome outcome = witness.machine.take(reply, config_.now());
  switch (outcome) {
    case ledger::WitnessOutcome::kCosigned:
      cosigned(witness, witness.machine.cosigned_size(), reply.body);
      break;
    case ledger::WitnessOutcome::kAgain:
      return tick();
    case ledger::WitnessOutcome::kAhead:
    case ledger::WitnessOutcome::kFork:
      contradicted(witness, outcome, their_checkpoint);
      break;
    case ledger::WitnessOutcome::kRefused:
      config_.log("witness " + witness.name + " does not cosign " + std::to_string(published) +
                  " entries: " + std::to_string(reply.status) + " " + readable(reply.body, 200));
      break;
    case ledger::WitnessOutcome::kStray:
      return;
  }
  if (!witness.machine.halted()) asked_first();
  tell_gates();
}

void WitnessDesk::cosigned(Witness& witness, uint64_t size, const std::string& lines) {
  auto added = std::make_shared<Result<bool>>(false);
  const auto work = [this, size, lines, added] { *added = ledger_.add_cosignatures(size, lines); };
  config_.offload(work, [this, name = witness.name, size, added] {
    Witness& one = witnesses_.at(name);
    if (*added) {
      if (**added) one.in_file = size;
      return tell_gates();
    }
    config_.log("witness " + name + ": " + to_line(added->error()));
    one.machine.failed(config_.now());
  });
  if (witness.silent_told)
    config_.note(kAlarmKind, "the witness " + witness.name + " cosigns again",
                 {{"alarm", "none"}, {"witness", witness.name}});
  witness.silent_told = false;
}

// A word against us counts only with our own signature under it.
std::string WitnessDesk::proof_against_us(const std::string& their_checkpoint) const {
  const auto theirs = ledger::open_checkpoint(their_checkpoint, ledger_.log_keys());
  const auto ours = checkpoint_in(ledger_.checkpoint());
  if (!theirs || !ours || theirs->checkpoint.origin != ours->origin) return {};
  const ledger::Checkpoint& seen = theirs->checkpoint;
  if (seen.size > ours->size)
    return "it was rolled back: the witness has seen " + std::to_string(seen.size) +
           " entries of it, here are " + std::to_string(ours->size);
  ledger::TileReader tiles(ours->size, ledger_.reader());
  const auto root = ledger::read_root(seen.size, tiles.reader());
  if (!root || *root == seen.root) return {};
  return "it was forked: its first " + std::to_string(seen.size) +
         " entries are not those that the witness has cosigned";
}

void WitnessDesk::contradicted(Witness& witness, ledger::WitnessOutcome outcome,
                               const std::string& their_checkpoint) {
  const std::string why = proof_against_us(their_checkpoint);
  if (why.empty()) {
    config_.log("witness " + witness.name + " contradicts this ledger (" + ledger::to_word(outcome) +
                ") and proves nothing");
    return;
  }
  witness.machine.halt();
  if (asking_first_) {
    asking_first_ = false;
    return config_.refuse_to_append(Error{ErrorCode::kVerification,
                                          "ledger " + origin_of_region(config_.region),
                                          why + " (witness " + witness.name + ")",
                                          "restore the newest copy of data_dir; if it is lost, the operator "
                                          "there answers with `hetao audit resolve " +
                                              config_.region + "`, then start again"});
  }
  raise(witness, ledger::to_word(outcome), "the witness " + witness.name + " contradicts this ledger: " + why,
        their_checkpoint);
}

void WitnessDesk::raise(Witness& witness, const std::string& alarm, const std::string& why,
                        const std::string& evidence) {
  if (!witness.alarm.empty()) return;
  witness.alarm = why;
  config_.log("ALARM: " + why);
  std::vector<std::pair<std::string, std::string>> details = {{"alarm", alarm}, {"witness", witness.name}};
  if (!evidence.empty()) details.emplace_back("evidence", evidence);
  config_.note(kAlarmKind, why, std::move(details));
}

// The first key that an authenticated peer announces is pinned.
void WitnessDesk::learn_key(Witness& witness, const std::vector<ledger::VerifierKey>& keys) {
  if (!witness.url.empty() || keys.empty()) return;
  const std::string name = origin_of_region(witness.name) + "/witness";
  const auto own = std::find_if(keys.begin(), keys.end(), [&](const ledger::VerifierKey& key) {
    return key.name == name && key.type == ledger::kEd25519Cosignature;
  });
  if (own == keys.end() || *own == witness.key) return;
  if (!witness.key.name.empty()) {
    config_.log("witness " + witness.name + " announces another key than the pinned one: it is not taken");
    return;
  }
  witness.key = *own;
  std::vector<ledger::VerifierKey> all;
  for (const auto& [other, one] : witnesses_)
    if (!one.key.name.empty()) all.push_back(one.key);
  if (auto written = ledger_.know_witnesses(all); !written)
    config_.log("witnesses: " + to_line(written.error()));
  config_.note(std::string(ledger::kind::kAdmin), "pinned the witness key of " + witness.name,
               {{"vkey", ledger::print_vkey(*own)}});
}

// --- the witness here, and the peers' logs
// -------------------------------------------------------------------------------

ledger::WitnessAnswer WitnessDesk::answer(std::string_view request, WitnessClient client) const {
  return store_.add_checkpoint(request, client, config_.now());
}

void WitnessDesk::on_ask(const std::string& region, const pb::WitnessAsk& ask) {
  const auto at = witnesses_.find(region);
  if (at == witnesses_.end()) return;
  at->second.log_heard = config_.now();
  learn_key(at->second, keys_in(ask.witness_vkeys()));
  auto made = std::make_shared<ledger::WitnessAnswer>();
  auto pinned = std::make_shared<Result<bool>>(false);
  const Instant now = config_.now();
  const auto work = [this, now, origin = origin_of_region(region), keys = keys_in(ask.log_vkeys()),
                     request = ask.request(), made, pinned] {
    const auto named = ledger::origin_of(request);
    if (named && *named != origin) {  // a gateway speaks for its own log alone
      *made = store_.add_checkpoint("", WitnessClient::kAnyone, now);
      return;
    }
    *pinned = store_.announce(origin, keys, request);
    *made = store_.add_checkpoint(request, WitnessClient::kTheLogItself, now);
  };
  config_.offload(work, [this, region, number = ask.ask(), request = ask.request(), made, pinned] {
    if (*pinned && **pinned)
      config_.note(std::string(ledger::kind::kAdmin), "pinned a log key of " + region,
                   {{"origin", origin_of_region(region)}});
    answered(region, number, *made, request);
  });
}

void WitnessDesk::answered(const std::string& region, uint64_t number, const ledger::WitnessAnswer& answer,
                           const std::string& request) {
  pb::PeerMessage message;
  pb::WitnessReply& out = *message.mutable_witness_reply();
  out.set_ask(number);
  out.set_status(static_cast<uint32_t>(answer.status));
  out.set_body(answer.body);
  if (answer.status == 409 || answer.status == 422) {
    const std::string path = ledger::witness_path(origin_of_region(region));
    out.set_checkpoint(store_.checkpoint(path.substr(0, path.find('/'))).value_or(""));
  }
  for (const std::string& key : own_vkeys(false)) out.add_witness_vkeys(key);
  config_.send(region, std::move(message));
  if (answer.status == 200) note_seen(witnesses_.at(region), request);
  report(answer);
  tell_gates();
}

// The peer's newest checkpoint goes into our log: rewriting one history then means rewriting both.
void WitnessDesk::note_seen(Witness& witness, const std::string& request) {
  const auto asked = ledger::parse_add_checkpoint(request);
  const auto head = checkpoint_in(asked ? asked->checkpoint : std::string());
  if (!head) return;
  const Instant now = config_.now();
  if (witness.log_silent_told)
    config_.note(kAlarmKind, "the log of " + witness.name + " asks for cosignatures again",
                 {{"alarm", "none"}, {"log", head->origin}});
  witness.log_silent_told = false;
  const bool is_due = witness.seen_noted == Instant{} || now - witness.seen_noted >= kSeenEvery;
  if (!is_due || head->size == witness.seen_size) return;
  witness.seen_noted = now;
  witness.seen_size = head->size;
  config_.note(std::string(ledger::kind::kCheckpointSeen), "cosigned the ledger of " + witness.name,
               {{"origin", head->origin},
                {"size", std::to_string(head->size)},
                {"root", to_base64(head->root.view())},
                {"checkpoint", asked->checkpoint}});
}

void WitnessDesk::report(const ledger::WitnessAnswer& answer) {
  if (answer.alarm == ledger::WitnessAlarm::kNone || answer.origin.empty()) return;
  if (!store_.alarm(answer.origin).empty()) return;
  std::string said = answer.body;
  while (said.ends_with('\n')) said.pop_back();
  const std::string why = std::string(to_word(answer.alarm)) + ": " + answer.origin +
                          " contradicts what was cosigned (" + said + ")";
  config_.log("ALARM: " + why);
  if (auto raised = store_.raise(answer.origin, why, answer.evidence); !raised)
    config_.log(to_line(raised.error()));
  const std::string path = ledger::witness_path(answer.origin);
  const std::string before = store_.checkpoint(path.substr(0, path.find('/'))).value_or("");
  config_.note(std::string(ledger::kind::kForkRefused), why,
               {{"alarm", to_word(answer.alarm)},
                {"log", answer.origin},
                {"evidence", answer.evidence},
                {"cosigned", before}});
  tell_gates();
}

// --- what follows
// ------------------------------------------------------------------------------------------------------

void WitnessDesk::watch_silence(Witness& witness, Instant now) {
  const Instant heard = std::max(witness.machine.newest().value_or(Instant{}), witness.watched_since);
  if (!witness.silent_told && now - heard > config_.rules.stale_after) {
    witness.silent_told = true;
    config_.log("ALARM: no cosignature of the witness " + witness.name + " since " + to_rfc3339(heard));
    config_.note(kAlarmKind, "no cosignature of the witness " + witness.name + " since " + to_rfc3339(heard),
                 {{"alarm", "silence"}, {"witness", witness.name}});
  }
  if (!witness.url.empty() || witness.log_silent_told || now - witness.log_heard <= config_.rules.stale_after)
    return;
  witness.log_silent_told = true;
  config_.note(
      kAlarmKind,
      "the log of " + witness.name + " has asked for no cosignature since " + to_rfc3339(witness.log_heard),
      {{"alarm", "silence"}, {"log", origin_of_region(witness.name)}});
}

bool WitnessDesk::has_quorum(Instant now) const {
  std::vector<ledger::VerifierKey> fresh;
  for (const auto& [name, one] : witnesses_) {
    if (one.machine.is_fresh(now) && !one.machine.halted()) fresh.push_back(one.key);
  }
  return config_.rules.policy ? config_.rules.policy->is_quorum(fresh) : !fresh.empty();
}

std::string WitnessDesk::why_held(const Witness& witness, Instant now) const {
  const std::string answer = "; an operator answers with `hetao audit resolve " + witness.name + "`";
  if (!witness.alarm.empty()) return witness.alarm + answer;
  const std::string theirs = store_.alarm(origin_of_region(witness.name));
  if (!theirs.empty()) return theirs + answer;
  if (!config_.rules.required || has_quorum(now)) return {};
  if (config_.rules.policy) {
    std::vector<std::string> stale;
    for (const auto& [name, one] : witnesses_)
      if (!one.machine.is_fresh(now) || one.machine.halted()) stale.push_back(name);
    return "the quorum " + config_.rules.policy->quorum + " is not there: no fresh cosignature of " +
           join(stale, ", ");
  }
  const auto newest = witness.machine.newest();
  return newest ? "no cosignature of the ledger since " + to_rfc3339(*newest)
                : "the ledger is not cosigned yet";
}

void WitnessDesk::tell_gates() {
  const Instant now = config_.now();
  for (auto& [name, witness] : witnesses_) {
    if (!witness.url.empty()) continue;
    std::string why = why_held(witness, now);
    if (witness.told == why) continue;
    witness.told = why;
    config_.gate(name, !why.empty(), why);
  }
  if (asking_first_ && now - started_ > config_.rules.start_patience) {
    config_.log("no witness answered within " + to_string(config_.rules.start_patience) +
                ": the ledger goes on unwitnessed");
    asked_first();
  }
}

void WitnessDesk::asked_first() {
  if (!asking_first_) return;
  asking_first_ = false;
  config_.may_append();
}

Result<void> WitnessDesk::resolve(const std::string& region) {
  const auto at = witnesses_.find(region);
  if (at == witnesses_.end())
    return fail(ErrorCode::kNotFound, "witness " + region, "is not known here",
                "`hetao audit witnesses` lists them");
  auto forgotten = store_.resolve(origin_of_region(region));
  if (!forgotten) return fail(forgotten.error());
  if (at->second.alarm.empty() && !*forgotten)
    return fail(ErrorCode::kUsage, "witness " + region, "no alarm is open",
                "`hetao audit witnesses` shows alarms");
  at->second.alarm.clear();
  at->second.machine.begin_anew();
  tick();
  return {};
}

void WitnessDesk::checkpoint_changed() {
  for (auto& [name, witness] : witnesses_) {
    if (!witness.machine.halted()) witness.machine.begin_anew();
  }
  tick();
}

std::vector<WitnessStatus> WitnessDesk::status() const {
  const Instant now = config_.now();
  const auto logs = store_.status();
  std::vector<WitnessStatus> all;
  for (const auto& [name, one] : witnesses_) {
    WitnessStatus& out = all.emplace_back();
    out.name = name;
    out.is_peer = one.url.empty();
    out.cosigned_size = one.machine.cosigned_size();
    out.cosigned_at = one.machine.newest();
    out.fresh = one.machine.is_fresh(now);
    out.alarm = one.alarm.empty() && one.silent_told ? "silence" : one.alarm;
    out.held = out.is_peer ? why_held(one, now) : std::string();
    for (const WitnessedStatus& log : logs) {
      if (!out.is_peer || log.origin != origin_of_region(name)) continue;
      out.their_size = log.size;
      out.their_cosigned_at = log.cosigned_at;
      out.their_alarm = log.alarm.empty() && one.log_silent_told ? "silence" : log.alarm;
    }
  }
  return all;
}

}  // namespace hetao::io
