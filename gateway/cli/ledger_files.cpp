#include "gateway/cli/ledger_files.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/files/file.h"
#include "gateway/ledger/tlog_proof.h"

namespace hetao::cli {

namespace {

namespace fs = std::filesystem;
using files::read_file;

constexpr int kReadsMax = 5;  // of a ledger that grows while it is read

fs::path folder_of(const std::string& path) {
  std::error_code error;
  const fs::path inner = fs::path(path) / "ledger";
  return fs::exists(inner / "checkpoint", error) ? inner : fs::path(path);
}

// Files that a log consists of; temporary ones of a gateway at work are none.
std::vector<std::string> listing_of(const fs::path& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder, error); at != fs::recursive_directory_iterator();
       at.increment(error)) {
    if (error) break;
    const std::string name = at->path().filename().string();
    if (at->is_regular_file(error) && !name.starts_with(".new-"))
      paths.push_back(at->path().lexically_relative(folder).string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Result<void> hold_quorum(const ledger::SignedCheckpoint& head, const Trust& trust) {
  if (!trust.policy) return {};
  std::vector<ledger::VerifierKey> cosigned;
  for (const ledger::Verified& one : head.cosignatures) cosigned.push_back(one.key);
  if (trust.policy->is_quorum(cosigned)) return {};
  return fail(ErrorCode::kVerification, "checkpoint",
              "its witnesses are not the quorum " + printable(trust.policy->quorum),
              "get a checkpoint that the quorum has cosigned");
}

// On as many threads as there are cores.
void on_all_cores(size_t count, const std::function<void(size_t)>& part) {
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < count; i = next++) part(i);
  };
  std::vector<std::jthread> others;
  const size_t threads = std::min<size_t>(count, std::max(1U, std::thread::hardware_concurrency()));
  for (size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
}

Result<VerifiedLedger> verify_folder(const fs::path& folder, const Trust& trust, const EntrySink& sink) {
  ledger::VerifyOptions options;
  options.log_keys = trust.log_keys;
  options.witness_keys = trust.witness_keys;
  options.cosignatures_min = trust.witnesses;
  options.allow_unknown_signatures = trust.is_pinned();
  options.listing = listing_of(folder);
  options.on_entry = sink.take;
  options.each = on_all_cores;
  if (sink.begin) sink.begin();
  auto result = ledger::verify_log(ledger_reader(folder.string()), options);
  if (!result) return fail(std::move(result.error()));
  if (auto held = hold_quorum(result->head, trust); !held) return fail(std::move(held.error()));
  return VerifiedLedger{folder.string(),        std::move(result->head), result->entries, result->files, {},
                        result->keys_are_pinned};
}

std::string checkpoint_text(const fs::path& folder) {
  return read_file((folder / "checkpoint").string()).value_or("");
}

}  // namespace

void add_trust_options(CLI::App& command, TrustOptions& o) {
  command.add_option("--keys", o.keys, "file of verifier keys that you trust, one a line");
  command.add_option("--policy", o.policy,
                     "trust file in the form of C2SP tlog-policy: logs, witnesses, quorum");
  command.add_option("--witnesses", o.witnesses, "ask for cosignatures of this many witnesses");
}

Result<Trust> read_trust(const TrustOptions& o) {
  Trust trust;
  trust.witnesses = o.witnesses;
  std::vector<ledger::VerifierKey> keys;
  if (!o.keys.empty()) {
    const auto text = read_file(o.keys);
    if (!text) return fail(text.error());
    auto parsed = ledger::parse_vkeys(*text, o.keys);
    if (!parsed) return fail(parsed.error());
    keys = std::move(*parsed);
  }
  if (!o.policy.empty()) {
    const auto text = read_file(o.policy);
    if (!text) return fail(text.error());
    auto policy = ledger::parse_tlog_policy(*text, o.policy);
    if (!policy) return fail(policy.error());
    for (const auto& key : policy->log_keys()) keys.push_back(key);
    for (const auto& key : policy->witness_keys()) keys.push_back(key);
    trust.policy = std::move(*policy);
  }
  // Log keys and witness keys stand in one file; their type tells them apart.
  for (const ledger::VerifierKey& key : keys)
    (key.type == ledger::kEd25519Cosignature ? trust.witness_keys : trust.log_keys).push_back(key);
  return trust;
}

bool is_ledger_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

ledger::FileReader ledger_reader(const std::string& path) {
  return [folder = folder_of(path)](const std::string& name) -> Result<Bytes> {
    const fs::path file = folder / name;
    std::error_code error;
    if (!fs::is_regular_file(file, error))
      return fail(ErrorCode::kNotFound, file.string(), "is not there", {});
    const auto text = read_file(file.string());
    if (!text) return fail(text.error());
    const ByteView bytes = as_bytes(*text);
    return Bytes(bytes.begin(), bytes.end());
  };
}

Result<VerifiedLedger> verify_ledger(const std::string& path, const Trust& trust, const EntrySink& sink) {
  if (is_ledger_folder(path)) {
    const fs::path folder = folder_of(path);
    for (int reads = 1;; ++reads) {
      // A gateway may be at work on it: what changed under our hands is read again.
      const std::string before = checkpoint_text(folder);
      auto result = verify_folder(folder, trust, sink);
      if (result || reads == kReadsMax || checkpoint_text(folder) == before) return result;
    }
  }
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  ledger::EvidenceOptions options;
  options.log_keys = trust.log_keys;
  options.witness_keys = trust.witness_keys;
  options.cosignatures_min = trust.witnesses;
  options.on_entry = sink.take;
  if (sink.begin) sink.begin();
  auto result = ledger::verify_evidence(*text, options);
  if (!result) return fail(std::move(result.error()));
  if (auto held = hold_quorum(result->head, trust); !held) return fail(std::move(held.error()));
  return VerifiedLedger{path, std::move(result->head),        result->entries,
                        0,    std::move(result->attachments), result->keys_are_pinned};
}

json::object head_view(const ledger::SignedCheckpoint& head) {
  json::array signers;
  for (const auto& signature : head.log_signatures) signers.emplace_back(signature.key.name);
  json::array witnesses;
  json::array times;
  for (const auto& signature : head.cosignatures) {
    witnesses.emplace_back(signature.key.name);
    if (signature.time) times.emplace_back(to_rfc3339(*signature.time));
  }
  return {{"origin", head.checkpoint.origin},
          {"size", head.checkpoint.size},
          {"root", to_base64(head.checkpoint.root.view())},
          {"signatures", signers},
          {"cosignatures", witnesses},
          {"cosigned_at", times}};
}

Result<std::string> region_of_ledger(const std::string& path) {
  std::string note;
  if (is_ledger_folder(path)) {
    note = checkpoint_text(folder_of(path));
  } else {
    const auto text = read_file(path);
    if (!text) return fail(text.error());
    const auto first = parse_json(std::string_view(*text).substr(0, text->find('\n')), path);
    if (first && first->is_object()) {
      const json::value* head = first->get_object().if_contains("checkpoint");
      if (head != nullptr && head->is_string()) note = std::string(head->get_string());
    }
  }
  const std::string origin = note.substr(0, note.find('\n'));
  const size_t slash = origin.rfind('/');
  if (slash == std::string::npos || slash + 1 == origin.size())
    return fail(ErrorCode::kVerification, path, "is neither a ledger nor evidence of one",
                "give a ledger folder or an export");
  return origin.substr(slash + 1);
}

namespace {

Result<ProvedEntry> proved_in_folder(const std::string& path, const ledger::SignedCheckpoint& head,
                                     uint64_t index) {
  const ledger::Checkpoint& at = head.checkpoint;
  ledger::TileReader tiles(at.size, ledger_reader(path));
  const auto bundle = tiles.bundle(index / ledger::kTileWidth);
  if (!bundle) return fail(bundle.error());
  const Bytes& entry = (*bundle)[index % ledger::kTileWidth];
  const auto proof = ledger::prove_inclusion(tiles, index, at.size, ledger::leaf_hash(entry), at.root);
  if (!proof) return fail(proof.error());
  return ProvedEntry{std::string(as_text(entry)),
                     ledger::print_tlog_proof({std::nullopt, index, *proof, ledger::print_note(head.note)})};
}

// The file was verified: its lines are as an EvidenceWriter makes them.
Result<ProvedEntry> proved_in_evidence(const std::string& path, const ledger::SignedCheckpoint& head,
                                       uint64_t index) {
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  const std::string mark = "\",\"index\":" + std::to_string(index) + ",\"proof\":[";
  const size_t at = text->find(mark);
  if (at == std::string::npos)
    return fail(ErrorCode::kNotFound, path, "has no entry " + std::to_string(index), {});
  const size_t begin = text->rfind('\n', at) + 1;
  const auto line = parse_json(std::string_view(*text).substr(begin, text->find('\n', at) - begin), path);
  if (!line) return fail(line.error());
  ledger::Proof proof;
  for (const json::value& hash : line->get_object().at("proof").get_array()) {
    const auto raw = from_base64(std::string_view(hash.get_string()));
    const auto digest = raw ? Digest::from_bytes(*raw) : std::nullopt;
    if (digest) proof.push_back(*digest);
  }
  return ProvedEntry{std::string(line->get_object().at("entry").get_string()),
                     ledger::print_tlog_proof({std::nullopt, index, proof, ledger::print_note(head.note)})};
}

}  // namespace

Result<ProvedEntry> proved_entry(const std::string& path, const VerifiedLedger& of, uint64_t index) {
  return is_ledger_folder(path) ? proved_in_folder(path, of.head, index)
                                : proved_in_evidence(path, of.head, index);
}

}  // namespace hetao::cli
