#include "gateway/io/witness_store.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "gateway/base/text.h"
#include "gateway/io/adopt_files.h"
#include "gateway/io/durable_file.h"
#include "gateway/ledger/sha256.h"

namespace hetao::io {

namespace {

constexpr size_t kFileBytesMax = size_t{1} << 20U;

std::string hash_of(std::string_view origin) {
  return ledger::sha256(as_bytes(origin)).hex();
}

std::string text_if_there(const std::string& path) {
  auto text = read_text(path, kFileBytesMax);
  return text ? std::move(*text) : std::string();
}

auto unusable(const std::string& path, const std::string& why) {
  return fail(ErrorCode::kVerification, path, why,
              "restore the newest copy of this folder; what the witness forgets, it can't contradict");
}

std::string print_vkeys(const std::vector<ledger::VerifierKey>& keys) {
  std::string out;
  for (const auto& key : keys) out += ledger::print_vkey(key) + "\n";
  return out;
}

// The checkpoint in a note, whoever signed it.
Result<ledger::Checkpoint> checkpoint_in(std::string_view note_bytes) {
  const auto note = ledger::parse_note(note_bytes);
  if (!note) return fail(note.error());
  return ledger::parse_checkpoint(note->text);
}

bool has(const std::vector<ledger::VerifierKey>& keys, const ledger::VerifierKey& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

Result<std::unique_ptr<WitnessStore>> WitnessStore::open(std::string folder, ledger::SigningKey key) {
  if (auto made = make_folders(folder); !made) return fail(made.error());
  std::unique_ptr<WitnessStore> store(new WitnessStore(std::move(folder), std::move(key)));
  if (auto loaded = store->load(); !loaded) return fail(loaded.error());
  return store;
}

Result<void> WitnessStore::load() {
  std::error_code error;
  for (const auto& item : std::filesystem::directory_iterator(folder_, error)) {
    if (!item.is_directory()) continue;
    const std::string path = item.path().string();
    remove_leftovers(path);
    const std::string origin = text_if_there(path + "/origin");
    if (hash_of(origin) != item.path().filename().string())
      return unusable(path + "/origin", "is not the origin of this folder's name");
    Known known;
    auto keys = ledger::parse_vkeys(text_if_there(path + "/log.vkey"), path + "/log.vkey");
    if (!keys) return fail(keys.error());
    known.log = {origin, std::move(*keys)};
    known.state.cosigned = text_if_there(path + "/cosigned");
    if (!known.state.cosigned.empty()) {
      // Our own signature says that it is what we remembered.
      const auto head =
          ledger::open_checkpoint(known.state.cosigned, known.log.keys, std::vector{key_.verifier()});
      if (!head || head->cosignatures.empty() || head->checkpoint.origin != origin)
        return unusable(path + "/cosigned", "is not what this witness cosigned");
    }
    const std::string alarm = text_if_there(path + "/alarm");
    known.alarm = alarm.substr(0, alarm.find('\n'));
    known_[origin] = std::move(known);
  }
  return {};
}

Result<void> WitnessStore::adopt(const std::string& folder) {
  if (folder == folder_ || !std::filesystem::exists(folder)) return {};
  auto from = open(folder, key_);
  if (!from) return fail(from.error());
  const std::lock_guard lock(mutex_);
  for (const auto& [origin, theirs] : (*from)->known_) {
    const std::string alarm = text_if_there((*from)->place_of(origin) + "/alarm");
    if (auto taken = adopt_log(origin, theirs, alarm); !taken) return taken;
  }
  return remove_adopted(folder);
}

Result<void> WitnessStore::adopt_log(const std::string& origin, const Known& theirs, std::string_view alarm) {
  const auto here = known_.find(origin);
  const bool is_new = here == known_.end() || here->second.log.keys.empty();
  const auto newest = checkpoint_in(theirs.state.cosigned);
  const auto ours = checkpoint_in(is_new ? std::string() : here->second.state.cosigned);
  const bool is_newer = newest && (!ours || newest->size > ours->size);
  // With the keys that signed it: a log may have changed them since.
  if ((is_new || is_newer) && !theirs.log.keys.empty()) {
    if (auto put = put_keys(origin, theirs.log.keys); !put) return put;
  }
  if (is_newer) {
    if (auto written = write(origin, "cosigned", theirs.state.cosigned); !written) return written;
    known_[origin].state = theirs.state;
  }
  if (!alarm.empty() && known_[origin].alarm.empty()) {
    known_[origin].alarm = theirs.alarm;
    return write(origin, "alarm", alarm);
  }
  return {};
}

std::string WitnessStore::place_of(const std::string& origin) const {
  return folder_ + "/" + hash_of(origin);
}

Result<void> WitnessStore::write(const std::string& origin, const char* name, std::string_view text) const {
  return write_durably(place_of(origin) + "/" + name, as_bytes(text), 0644);
}

Result<void> WitnessStore::put_keys(const std::string& origin, std::vector<ledger::VerifierKey> keys) {
  if (auto made = make_folders(place_of(origin)); !made) return made;
  if (auto written = write(origin, "origin", origin); !written) return written;
  if (auto written = write(origin, "log.vkey", print_vkeys(keys)); !written) return written;
  known_[origin].log = {origin, std::move(keys)};
  return {};
}

Result<void> WitnessStore::configure(const std::string& origin,
                                     const std::vector<ledger::VerifierKey>& keys) {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(origin);
  if (at != known_.end() && at->second.log.keys == keys) return {};
  return put_keys(origin, keys);
}

Result<bool> WitnessStore::announce(const std::string& origin, const std::vector<ledger::VerifierKey>& keys,
                                    std::string_view request) {
  const std::lock_guard lock(mutex_);
  std::vector<ledger::VerifierKey> own;
  for (const auto& key : keys) {
    if (key.name == origin && key.type == ledger::kEd25519) own.push_back(key);
  }
  if (own.empty()) return false;
  const auto at = known_.find(origin);
  if (at == known_.end() || at->second.log.keys.empty()) {
    if (auto put = put_keys(origin, own); !put) return fail(put.error());
    return true;
  }
  std::vector<ledger::VerifierKey> pinned = at->second.log.keys;
  const bool all_known =
      std::all_of(own.begin(), own.end(), [&](const auto& key) { return has(pinned, key); });
  if (all_known) return false;
  // A rotation: the old key and the new one have signed the same checkpoint.
  const auto asked = ledger::parse_add_checkpoint(request);
  if (!asked || !ledger::open_checkpoint(asked->checkpoint, pinned)) return false;
  bool grown = false;
  for (const auto& key : own) {
    if (has(pinned, key) || !ledger::open_checkpoint(asked->checkpoint, std::vector{key})) continue;
    pinned.push_back(key);
    grown = true;
  }
  if (!grown) return false;
  if (auto put = put_keys(origin, std::move(pinned)); !put) return fail(put.error());
  return true;
}

ledger::WitnessAnswer WitnessStore::add_checkpoint(std::string_view request, WitnessClient client,
                                                   Instant now) {
  const std::lock_guard lock(mutex_);
  std::vector<ledger::WitnessedLog> logs;
  ledger::WitnessState state;
  const auto origin = ledger::origin_of(request);
  const auto at = origin ? known_.find(*origin) : known_.end();
  if (at != known_.end() && !at->second.log.keys.empty()) {
    logs.push_back(at->second.log);
    state = at->second.state;
  }
  ledger::WitnessAnswer answer = ledger::answer_add_checkpoint(request, logs, state, key_, now);
  const auto refuse = [&](int status, const std::string& why) {
    ledger::WitnessAnswer refusal;
    refusal.status = status;
    refusal.content_type = "text/plain; charset=utf-8";
    refusal.body = why + "\n";
    refusal.origin = answer.origin;
    return refusal;
  };
  // Anyone can send a wrong proof or an old checkpoint that the log did sign: only two roots for one size
  // speak for themselves.
  if (answer.alarm != ledger::WitnessAlarm::kNone && client == WitnessClient::kAnyone) {
    const auto asked = ledger::parse_add_checkpoint(request);
    const auto last = checkpoint_in(state.cosigned);
    const auto next = checkpoint_in(asked ? asked->checkpoint : std::string());
    const bool proves_itself = last && next && last->size == next->size && last->root != next->root;
    if (!proves_itself) answer.alarm = ledger::WitnessAlarm::kNone;
  }
  if (at != known_.end() && !at->second.alarm.empty() && answer.store)
    return refuse(403, "an alarm about this log is open: " + at->second.alarm);
  if (answer.store) {
    if (auto written = write(*origin, "cosigned", answer.store->cosigned); !written)
      return refuse(500, "it could not be remembered, so it was not cosigned");
    at->second.state = *answer.store;
  }
  return answer;
}

std::optional<std::string> WitnessStore::checkpoint(std::string_view hash) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [origin, known] : known_) {
    if (hash_of(origin) == hash && !known.state.cosigned.empty()) return known.state.cosigned;
  }
  return std::nullopt;
}

std::string WitnessStore::contradiction(std::string_view signed_checkpoint) {
  const std::lock_guard lock(mutex_);
  const auto shown = checkpoint_in(signed_checkpoint);
  if (!shown) return {};
  const auto at = known_.find(shown->origin);
  if (at == known_.end() || at->second.state.cosigned.empty()) return {};
  if (!ledger::open_checkpoint(signed_checkpoint, at->second.log.keys)) return {};
  const auto last = checkpoint_in(at->second.state.cosigned);
  if (!last || last->size != shown->size || last->root == shown->root) return {};
  return "it has shown two roots for " + std::to_string(last->size) + " entries";
}

Result<void> WitnessStore::raise(const std::string& origin, const std::string& why,
                                 const std::string& evidence) {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(origin);
  if (at == known_.end() || !at->second.alarm.empty()) return {};
  at->second.alarm = printable(why);
  return write(origin, "alarm", printable(why) + "\n" + evidence);
}

std::string WitnessStore::alarm(const std::string& origin) const {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(origin);
  return at == known_.end() ? std::string() : at->second.alarm;
}

std::vector<ledger::VerifierKey> WitnessStore::keys_of(const std::string& origin) const {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(origin);
  return at == known_.end() ? std::vector<ledger::VerifierKey>() : at->second.log.keys;
}

Result<std::optional<std::string>> WitnessStore::resolve(const std::string& origin) {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(origin);
  if (at == known_.end() || at->second.alarm.empty()) return std::optional<std::string>();
  std::string before = at->second.state.cosigned;
  // The memory goes before the alarm: a crash in between leaves the alarm.
  for (const char* name : {"/cosigned", "/alarm"}) {
    const std::string path = place_of(origin) + name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(path, "can't be removed");
    if (auto synced = sync_folder(place_of(origin)); !synced) return fail(synced.error());
  }
  at->second.state = {};
  at->second.alarm.clear();
  return std::optional<std::string>(std::move(before));
}

std::vector<WitnessedStatus> WitnessStore::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<WitnessedStatus> all;
  for (const auto& [origin, known] : known_) {
    WitnessedStatus& one = all.emplace_back();
    one.origin = origin;
    one.alarm = known.alarm;
    if (known.state.cosigned.empty()) continue;
    const auto head =
        ledger::open_checkpoint(known.state.cosigned, known.log.keys, std::vector{key_.verifier()});
    if (!head) continue;
    one.size = head->checkpoint.size;
    if (!head->cosignatures.empty()) one.cosigned_at = head->cosignatures.front().time;
  }
  return all;
}

}  // namespace hetao::io
