#include "gateway/ledger/log.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"

namespace hetao::ledger {

namespace {

constexpr const char* kWalFile = "wal";
constexpr const char* kSigningFile = "signing";
constexpr const char* kHeadFile = "checkpoint";
constexpr uint8_t kNeverInUtf8 = 0xf5;  // begins a group of the write-ahead log
constexpr size_t kCompactGroupBytes = size_t{16} << 20U;

auto refuse(std::string what, std::string why) {
  return fail(ErrorCode::kVerification, std::move(what), std::move(why),
              "restore the newest copy of the folder; nothing is appended until it agrees with itself and "
              "with peers");
}

Bytes bytes_of(std::string_view text) {
  const ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

Result<void> check_entries(const std::vector<Bytes>& entries) {
  size_t bytes = 0;
  for (const Bytes& entry : entries) {
    bytes += entry.size();
    if (entry.empty() || entry.size() > limits::kLedgerEntryBytesMax)
      return fail(ErrorCode::kUsage, "ledger entry", "it has " + std::to_string(entry.size()) + " bytes",
                  "an entry has 1 to " + std::to_string(limits::kLedgerEntryBytesMax) +
                      "; record digests of what is large");
    if (std::memchr(entry.data(), kNeverInUtf8, entry.size()) != nullptr)
      return fail(ErrorCode::kUsage, "ledger entry", "it is not UTF-8", "record text as UTF-8");
  }
  if (entries.empty() || bytes > limits::kLedgerGroupBytesMax)
    return fail(ErrorCode::kUsage, "ledger entries",
                "nothing, or more than " + human_bytes(limits::kLedgerGroupBytesMax),
                "append at least one, and fewer at once");
  return {};
}

Result<void> check_keys(std::span<const SigningKey> keys, const std::string& origin) {
  if (keys.empty())
    return fail(ErrorCode::kUsage, "checkpoint", "no key to sign it with", "give the log's key");
  for (const SigningKey& key : keys) {
    if (key.verifier().type != kEd25519 || key.verifier().name != origin)
      return fail(ErrorCode::kUsage, "checkpoint",
                  "the key " + print_vkey(key.verifier()) + " is not one of " + origin,
                  "give an Ed25519 key whose name is the log's origin");
  }
  return {};
}

// The file's content, or nothing when there is no such file.
Result<std::optional<Bytes>> read_if_there(const FileReader& files, const char* path) {
  auto bytes = files(path);
  if (bytes) return std::optional<Bytes>(std::move(*bytes));
  if (bytes.error().code == ErrorCode::kNotFound) return std::optional<Bytes>();
  return fail(std::move(bytes.error()));
}

}  // namespace

std::vector<FileWrite> Publication::in_order() const {
  std::vector<FileWrite> files = tiles;
  files.push_back(signing);
  files.push_back(head);
  return files;
}

Log Log::create(LogConfig config, std::vector<FileWrite>& files) {
  Log log(std::move(config));
  log.tail_root_ = empty_root();
  files.push_back(log.compact());
  return log;
}

Result<Log> Log::recover(LogConfig config, const FileReader& files) {
  Log log(std::move(config));
  const auto bytes = files(kWalFile);
  if (!bytes) return fail(bytes.error());
  auto wal = recover_wal(*bytes);
  if (!wal) return fail(std::move(wal.error()));
  if (auto read = log.read_heads(files); !read) return fail(std::move(read.error()));
  auto edge = TileEdge::read(wal->first, wal->root, files);
  if (!edge) return fail(std::move(edge.error()));
  log.edge_ = std::move(*edge);
  log.tail_first_ = wal->first;
  log.tail_root_ = wal->root;
  log.wal_bytes_ = wal->valid_bytes;
  log.torn_bytes_ = wal->torn_bytes;
  const uint64_t end = wal->first + wal->entries.size();
  const uint64_t published = log.published_size();
  if (published < wal->first)
    return refuse(kWalFile, "it begins at entry " + std::to_string(wal->first) +
                                ", but the checkpoint has only " + std::to_string(published) +
                                ": the checkpoint is older than the log");
  const uint64_t promised = std::max(published, log.signing_ ? log.signing_->size : 0);
  if (promised > end)
    return refuse(kWalFile, "it ends at entry " + std::to_string(end) + ", but " + std::to_string(promised) +
                                " were published: entries were lost");
  if (auto replayed = log.replay(std::move(wal->entries)); !replayed)
    return fail(std::move(replayed.error()));
  log.writer_ = WalWriter(end, wal->last_crc);
  log.signing_.reset();
  return log;
}

Result<void> Log::read_heads(const FileReader& files) {
  const auto head = read_if_there(files, kHeadFile);
  if (!head) return fail(head.error());
  const auto signing = read_if_there(files, kSigningFile);
  if (!signing) return fail(signing.error());
  if (*head) {
    auto opened = open_checkpoint(as_text(**head), config_.log_keys);
    if (!opened) return fail(std::move(opened.error()));
    if (opened->checkpoint.origin != config_.origin)
      return refuse(kHeadFile, "it is of the log \"" + printable(opened->checkpoint.origin) + "\", not of " +
                                   config_.origin);
    published_ = std::move(*opened);
  }
  if (*signing) {
    auto opened = open_checkpoint(as_text(**signing), config_.log_keys);
    if (!opened) return refuse(kSigningFile, to_line(opened.error()));
    signing_ = std::move(opened->checkpoint);
  }
  if (published_ && (!signing_ || signing_->size < published_->checkpoint.size))
    return refuse(kSigningFile, "it does not cover the checkpoint that was published");
  return {};
}

// The roots that were promised for the present size.
Result<void> Log::compare_heads() {
  const auto compare = [&](const char* file, const Checkpoint& promised) -> Result<void> {
    if (promised.size != size()) return {};
    if (promised.origin != config_.origin) return refuse(file, "it names another log");
    if (promised.root != root())
      return refuse(file,
                    "the entries up to " + std::to_string(size()) + " have another root than was promised");
    return {};
  };
  if (signing_) {
    if (auto same = compare(kSigningFile, *signing_); !same) return same;
  }
  if (!published_ || published_->checkpoint.size != size()) return {};
  full_.clear();
  tail_.clear();
  tail_first_ = size();
  tail_root_ = published_->checkpoint.root;
  return compare(kHeadFile, published_->checkpoint);
}

Result<void> Log::replay(std::vector<Bytes> entries) {
  if (auto same = compare_heads(); !same) return same;
  for (Bytes& entry : entries) {
    tail_.push_back(entry);
    edge_.append(std::move(entry), full_);
    if (auto same = compare_heads(); !same) return same;
  }
  return {};
}

Result<LogAppend> Log::append(std::vector<Bytes> entries) {
  if (auto good = check_entries(entries); !good) return fail(std::move(good.error()));
  LogAppend out{size(), wal_bytes_, writer_.encode_group(entries)};
  wal_bytes_ += out.bytes.size();
  tail_.insert(tail_.end(), entries.begin(), entries.end());
  edge_.append(std::move(entries), full_);
  HETAO_CHECK(writer_.next() == size());
  return out;
}

Result<std::optional<Publication>> Log::publish(std::span<const SigningKey> keys,
                                                const MoreSignatures& more) {
  if (auto good = check_keys(keys, config_.origin); !good) return fail(std::move(good.error()));
  if (publishing_)
    return fail(ErrorCode::kFailed, "checkpoint", "the one before is not durable yet", "wait for it");
  Publication out;
  out.checkpoint = {config_.origin, size(), root(), {}};
  std::vector<VerifierKey> verifiers;
  for (const SigningKey& key : keys) verifiers.push_back(key.verifier());
  if (published_ && published_->checkpoint.size == size()) {
    HETAO_CHECK(published_->checkpoint.root == out.checkpoint.root);
    if (keys_of_checkpoint() == verifiers) return std::optional<Publication>();
  }
  Note note{print_checkpoint(out.checkpoint), {}};
  for (const SigningKey& key : keys) note.signatures.push_back(sign_note(note.text, key));
  if (more) {
    auto further = more(note.text);
    if (!further) return fail(std::move(further.error()));
    for (Signature& signature : *further) note.signatures.push_back(std::move(signature));
  }
  out.signed_checkpoint = print_note(note);
  auto opened = open_checkpoint(out.signed_checkpoint, verifiers);
  if (!opened) return fail(std::move(opened.error()));
  publishing_ = std::move(*opened);
  publishing_tail_ = std::exchange(tail_, {});
  for (const FileWrite& file : full_) out.obsolete.push_back(file.path + ".p");
  out.tiles = std::exchange(full_, {});
  for (FileWrite& file : edge_.partials()) out.tiles.push_back(std::move(file));
  out.signing = {kSigningFile, bytes_of(out.signed_checkpoint)};
  out.head = {kHeadFile, bytes_of(out.signed_checkpoint)};
  return std::optional<Publication>(std::move(out));
}

std::vector<Bytes> Log::published() {
  HETAO_CHECK(publishing_.has_value());
  tail_first_ = publishing_->checkpoint.size;
  tail_root_ = publishing_->checkpoint.root;
  published_ = std::exchange(publishing_, std::nullopt);
  return std::exchange(publishing_tail_, {});
}

std::vector<VerifierKey> Log::keys_of_checkpoint() const {
  std::vector<VerifierKey> keys;
  for (const Verified& verified : published_->log_signatures) keys.push_back(verified.key);
  return keys;
}

Result<FileWrite> Log::add_cosignatures(std::string_view lines, std::span<const VerifierKey> witness_keys) {
  if (!published_ || publishing_)
    return fail(ErrorCode::kFailed, "cosignature",
                "there is no published checkpoint, or a newer one is on its way",
                "ask the witness for the new one");
  auto signatures = parse_signature_lines(lines);
  if (!signatures) return fail(std::move(signatures.error()));
  Note answer{published_->note.text, std::move(*signatures)};
  auto check = verify_note(answer, witness_keys);
  if (!check) return fail(std::move(check.error()));
  Note note = published_->note;
  for (Signature& line : answer.signatures) {
    if (std::find(check->unknown.begin(), check->unknown.end(), line) != check->unknown.end()) continue;
    std::erase_if(note.signatures,
                  [&](const Signature& old) { return old.name == line.name && old.id == line.id; });
    note.signatures.push_back(std::move(line));
  }
  std::vector<VerifierKey> witnesses(witness_keys.begin(), witness_keys.end());
  for (const Verified& earlier : published_->cosignatures) witnesses.push_back(earlier.key);
  std::string text = print_note(note);
  auto opened = open_checkpoint(text, keys_of_checkpoint(), witnesses);
  if (!opened) return fail(std::move(opened.error()));
  published_ = std::move(*opened);
  return FileWrite{kHeadFile, bytes_of(text)};
}

FileWrite Log::compact() {
  HETAO_CHECK(!publishing_.has_value());
  FileWrite file{kWalFile, encode_wal_header(tail_first_, tail_root_)};
  writer_ = WalWriter::after_header(file.bytes);
  std::span<const Bytes> rest(tail_);
  while (!rest.empty()) {
    size_t count = 0;
    for (size_t bytes = 0; count < rest.size() && bytes < kCompactGroupBytes; ++count)
      bytes += rest[count].size();
    const Bytes group = writer_.encode_group(rest.first(count));
    file.bytes.insert(file.bytes.end(), group.begin(), group.end());
    rest = rest.subspan(count);
  }
  wal_bytes_ = file.bytes.size();
  HETAO_CHECK(writer_.next() == size());
  return file;
}

}  // namespace hetao::ledger
