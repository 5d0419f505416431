#include "gateway/io/ledger_files.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/give_way.h"
#include "gateway/io/sm2_key.h"
#include "gateway/ledger/note.h"

namespace hetao::io {

namespace {

constexpr auto kPublishEvery =
    std::chrono::milliseconds(900);  // a checkpoint at most 1 s after the newest entry
// Nobody appends while the write-ahead log is made anew with what is not published: it waits until that is
// little, which it is when one publication follows another at once; or until the log is twice as large.
constexpr size_t kWalBytesBeforeCompaction = size_t{256} << 20U;
constexpr uint64_t kFewEntries = 8'192;
// What is published is freed in steps with a pause behind each: the allocator's locks are those of whoever
// appends.
constexpr size_t kForgottenAtOnce = 1'024;
constexpr auto kForgettingPause = std::chrono::microseconds(200);
constexpr size_t kLogFileBytesMax = size_t{1} << 30U;
// The write-ahead log is filled with zeros ahead of what is written: a sync of bytes that are there already
// has no new size to record. A step for many small groups; large ones cost more twice than a new size does.
constexpr size_t kWalStep = size_t{256} << 10U;
constexpr size_t kVkeyBytesMax = 4096;
constexpr size_t kVkeysBytesMax = size_t{64} << 10U;

bool is_there(const std::string& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0;
}

Result<ledger::SigningKey> fresh_key(const std::string& name, uint8_t type) {
  std::array<uint8_t, 32> seed{};
  HETAO_CHECK(RAND_priv_bytes(seed.data(), static_cast<int>(seed.size())) == 1);
  return ledger::SigningKey::from_seed(name, type, seed);
}

Result<void> write_keys(const std::string& path, const std::vector<ledger::SigningKey>& keys) {
  std::string lines;
  for (const ledger::SigningKey& key : keys) lines += key.print() + "\n";
  return write_durably(path, as_bytes(lines), 0600);
}

// The keys of this file, one a line; a first one is made only for a log that is new too.
Result<std::vector<ledger::SigningKey>> keys_in(const std::string& path, const std::string& name,
                                                uint8_t type, bool may_make) {
  std::vector<ledger::SigningKey> keys;
  const auto text = read_text(path, kVkeyBytesMax);
  if (text) {
    for (const std::string& line : split(*text, '\n')) {
      if (line.empty()) continue;
      auto key = ledger::SigningKey::parse(line);
      if (!key)
        return fail(ErrorCode::kUsage, path, "holds no usable signing key", "restore it from a backup");
      if (key->verifier().name != name || key->verifier().type != type)
        return fail(ErrorCode::kUsage, path,
                    "is the key of '" + key->verifier().name + "', not of '" + name + "'",
                    "restore this region's key from a backup");
      keys.push_back(std::move(*key));
    }
    if (keys.empty()) return fail(ErrorCode::kUsage, path, "holds no key", "restore it from a backup");
    return keys;
  }
  if (text.error().code != ErrorCode::kNotFound) return fail(text.error());
  if (!may_make)
    return fail(ErrorCode::kUsage, path, "is missing, but the ledger that it signs is there",
                "restore it from a backup");
  auto key = fresh_key(name, type);
  if (!key) return fail(key.error());
  keys.push_back(std::move(*key));
  if (auto written = write_keys(path, keys); !written) return fail(written.error());
  return keys;
}

// Paths that are served: what the log itself writes, and nothing that leads elsewhere.
bool is_public(std::string_view path) {
  return path == "checkpoint" || path == "log.vkey" || path == "witness.vkey" || path == "sm2.vkey" ||
         ledger::parse_tile_path(path).has_value();
}

}  // namespace

struct LedgerFiles::Parts {
  Parts(LedgerPlace where, std::vector<ledger::SigningKey> log_keys, ledger::SigningKey witness)
      : place(std::move(where)), witness_key(std::move(witness)), signing_keys(std::move(log_keys)) {}
  ~Parts();

  std::string path_of(const std::string& name) const { return place.folder + "/" + name; }
  ledger::FileReader reader() const;
  Result<void> open_log();
  Result<void> append(std::vector<Bytes> entries);
  Result<void> append_to_wal(std::vector<Bytes> entries);
  Result<void> publish();
  Result<void> write_publication(const ledger::Publication& publication) const;
  Result<Descriptor> compact();
  void forget_published(std::vector<Bytes> entries);
  void run_publisher();
  std::vector<ledger::SigningKey> keys() const;
  Result<void> write_vkeys() const;
  Result<std::vector<ledger::Signature>> more_signatures(std::string_view text) const;

  const LedgerPlace place;
  const ledger::SigningKey witness_key;
  std::optional<Sm2Key> sm2;

  std::mutex publishing;  // one publication at a time; taken before the others
  std::mutex writing;     // of the two below, also while the disk works; taken before `mutex`
  std::optional<ledger::Log> log;
  Descriptor wal;
  size_t wal_room = 0;  // bytes of the file, written or zero
  std::atomic<bool> wal_is_large = false;

  mutable std::mutex mutex;  // of everything below; never held while the disk works
  uint64_t durable = 0;
  uint64_t published = 0;
  std::deque<std::string> tail;  // durable entries: those behind the published checkpoint, and some before …
  uint64_t tail_first = 0;       // … from this index on
  std::string published_text;
  std::vector<ledger::SigningKey> signing_keys;
  std::vector<ledger::VerifierKey> witnesses;  // that may cosign
  std::optional<Error> failure;
  std::function<void(Error)> tell_failure;
  std::function<void()> tell_published;

  std::condition_variable work;
  bool stopping = false;
  std::thread publisher;
};

LedgerFiles::Parts::~Parts() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  work.notify_all();
  if (publisher.joinable()) publisher.join();
  // A log at rest holds nothing that means nothing. Where this fails, the next start does it.
  if (log && !failure && ::ftruncate(wal.get(), static_cast<off_t>(log->wal_bytes())) != 0) return;
}

ledger::FileReader LedgerFiles::Parts::reader() const {
  return [folder = place.folder](const std::string& path) {
    return read_file(folder + "/" + path, kLogFileBytesMax);
  };
}

Result<void> LedgerFiles::Parts::open_log() {
  ledger::LogConfig config{.origin = place.origin, .log_keys = {}};
  for (const ledger::SigningKey& key : signing_keys) config.log_keys.push_back(key.verifier());
  if (!is_there(path_of("wal"))) {
    if (is_there(path_of("checkpoint")) || is_there(path_of("tile")))
      return fail(ErrorCode::kVerification, path_of("wal"), "is missing, but the rest of the ledger is there",
                  "restore the data directory from a backup");
    std::vector<ledger::FileWrite> files;
    log = ledger::Log::create(config, files);
    for (const ledger::FileWrite& file : files) {
      if (auto written = write_durably(path_of(file.path), file.bytes); !written) return written;
    }
  } else {
    auto recovered = ledger::Log::recover(config, reader());
    if (!recovered) return fail(recovered.error());
    log = std::move(*recovered);
  }
  auto file = open_file(path_of("wal"), O_RDWR);
  if (!file) return fail(file.error());
  wal = std::move(*file);
  // What was torn off was never durable; without the cut its remains would stand behind the next group.
  if (::ftruncate(wal.get(), static_cast<off_t>(log->wal_bytes())) != 0)
    return fail_errno(path_of("wal"), "can't be cut");
  if (!sync_data(wal.get())) return fail_errno(path_of("wal"), "can't be synced");
  wal_room = log->wal_bytes();
  durable = log->size();
  published = tail_first = log->published_size();
  published_text = log->checkpoint_text();
  return {};
}

Result<void> LedgerFiles::Parts::append(std::vector<Bytes> entries) {
  const std::lock_guard one_writer(writing);
  {
    const std::lock_guard lock(mutex);
    if (failure) return fail(*failure);
  }
  std::vector<std::string> texts;
  texts.reserve(entries.size());
  for (const Bytes& entry : entries) texts.emplace_back(as_text(entry));
  auto written = append_to_wal(std::move(entries));
  const std::lock_guard lock(mutex);
  if (written) {
    for (std::string& text : texts) tail.push_back(std::move(text));
    durable = log->size();
  } else {
    failure = written.error();
  }
  work.notify_all();
  return written;
}

Result<void> LedgerFiles::Parts::append_to_wal(std::vector<Bytes> entries) {
  auto append = log->append(std::move(entries));
  if (!append) return fail(append.error());
  const size_t end = append->offset + append->bytes.size();
  if (end > wal_room) {
    wal_room = append->bytes.size() < kWalStep ? end + kWalStep : end;
    append->bytes.resize(wal_room - append->offset);
  }
  if (auto written = write_all_at(wal.get(), append->bytes, append->offset, path_of("wal")); !written)
    return written;
  if (!sync_data(wal.get())) return fail_errno(path_of("wal"), "can't be synced");
  return {};
}

Result<void> LedgerFiles::Parts::write_publication(const ledger::Publication& publication) const {
  std::vector<FileContent> tiles;
  std::vector<std::string> paths;
  paths.reserve(publication.tiles.size());
  for (const ledger::FileWrite& tile : publication.tiles) {
    paths.push_back(path_of(tile.path));
    tiles.push_back({paths.back(), tile.bytes});
  }
  // Files of the log are public: peers and auditors read them.
  if (auto written = write_all_durably(tiles, 0644); !written) return written;
  if (auto written = write_durably(path_of(publication.signing.path), publication.signing.bytes, 0644);
      !written)
    return written;
  return write_durably(path_of(publication.head.path), publication.head.bytes, 0644);
}

// The file that was `wal` before: closing it frees all of its blocks, which takes long.
Result<Descriptor> LedgerFiles::Parts::compact() {
  const ledger::FileWrite fresh = log->compact();
  if (auto written = write_durably(path_of(fresh.path), fresh.bytes); !written) return fail(written.error());
  auto file = open_file(path_of(fresh.path), O_RDWR);
  if (!file) return fail(file.error());
  wal_room = fresh.bytes.size();
  return std::exchange(wal, std::move(*file));
}

void LedgerFiles::Parts::forget_published(std::vector<Bytes> entries) {
  std::vector<std::string> texts;
  do {
    texts.clear();
    entries.resize(entries.size() - std::min(entries.size(), kForgottenAtOnce));
    std::this_thread::sleep_for(kForgettingPause);
    const std::lock_guard lock(mutex);
    for (; tail_first < published && !tail.empty() && texts.size() < kForgottenAtOnce; ++tail_first) {
      texts.push_back(std::move(tail.front()));
      tail.pop_front();
    }
    if (tail.empty()) tail_first = published;  // what a start found unpublished was never in it
  } while (!texts.empty() || !entries.empty());
}

Result<void> LedgerFiles::Parts::publish() {
  const std::lock_guard one_at_a_time(publishing);
  std::optional<ledger::Publication> publication;
  {
    const std::lock_guard one_writer(writing);
    {
      const std::lock_guard lock(mutex);
      if (failure) return fail(*failure);
    }
    const auto more = [this](std::string_view text) { return more_signatures(text); };
    auto next = log->publish(keys(), sm2 ? ledger::MoreSignatures(more) : ledger::MoreSignatures());
    if (!next) return fail(next.error());
    if (!*next) return {};
    publication = std::move(**next);
  }
  if (auto written = write_publication(*publication); !written) return written;
  std::vector<Bytes> old_entries;
  Descriptor old_wal;  // that a compaction replaced: closed when nobody waits for it
  std::function<void()> tell;
  {
    const std::lock_guard one_writer(writing);
    old_entries = log->published();
    {
      const std::lock_guard lock(mutex);
      published_text = log->checkpoint_text();
      published = log->published_size();
      tell = tell_published;
    }
    wal_is_large = log->wal_bytes() > kWalBytesBeforeCompaction;
    const bool is_quick = log->size() - log->published_size() <= kFewEntries;
    if (wal_is_large && (is_quick || log->wal_bytes() > 2 * kWalBytesBeforeCompaction)) {
      auto replaced = compact();
      if (!replaced) return fail(replaced.error());
      old_wal = std::move(*replaced);
      wal_is_large = false;
    }
  }
  if (tell) tell();
  forget_published(std::move(old_entries));
  std::error_code ignored;
  for (const std::string& folder : publication->obsolete)
    std::filesystem::remove_all(path_of(folder), ignored);
  return {};
}

std::vector<ledger::SigningKey> LedgerFiles::Parts::keys() const {
  const std::lock_guard lock(mutex);
  return signing_keys;
}

Result<std::vector<ledger::Signature>> LedgerFiles::Parts::more_signatures(std::string_view text) const {
  auto signature = sm2->sign(text);
  if (!signature) return fail(signature.error());
  return std::vector<ledger::Signature>{std::move(*signature)};
}

// The keys that verify this log, beside it: for whoever has nothing else. Pin them.
Result<void> LedgerFiles::Parts::write_vkeys() const {
  std::string log_lines;
  for (const ledger::SigningKey& key : keys()) log_lines += ledger::print_vkey(key.verifier()) + "\n";
  std::string witness_lines = ledger::print_vkey(witness_key.verifier()) + "\n";
  {
    const std::lock_guard lock(mutex);
    for (const ledger::VerifierKey& key : witnesses) witness_lines += ledger::print_vkey(key) + "\n";
  }
  const std::string sm2_line = sm2 ? ledger::print_vkey(sm2->verifier()) + "\n" : std::string();
  const std::vector<std::string> paths = {path_of("log.vkey"), path_of("witness.vkey"), path_of("sm2.vkey")};
  std::vector<FileContent> files = {{paths[0], as_bytes(log_lines)}, {paths[1], as_bytes(witness_lines)}};
  if (sm2) files.push_back({paths[2], as_bytes(sm2_line)});
  return write_all_durably(files, 0644);
}

void LedgerFiles::Parts::run_publisher() {
  give_way();
  while (true) {
    {
      std::unique_lock lock(mutex);
      work.wait(lock, [&] { return stopping || (!failure && durable > published); });
      if (stopping) break;
    }
    auto done = publish();
    std::unique_lock lock(mutex);
    if (!done && !failure) {
      failure = done.error();
      if (tell_failure) tell_failure(done.error());
    }
    work.wait_for(lock, kPublishEvery, [&] { return stopping || wal_is_large; });
  }
  // The newest entries get their checkpoint before the process ends; if that fails, the next start does it.
  (void)publish();
}

LedgerFiles::LedgerFiles(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
LedgerFiles::~LedgerFiles() = default;

Result<std::unique_ptr<LedgerFiles>> LedgerFiles::open(LedgerPlace place) {
  for (const std::string& folder : {place.folder, place.keys_folder}) {
    if (auto made = make_folders(folder); !made) return fail(made.error());
    remove_leftovers(folder);
  }
  const bool is_new = !is_there(place.folder + "/wal");
  auto log_keys = keys_in(place.keys_folder + "/log.key", place.origin, ledger::kEd25519, is_new);
  if (!log_keys) return fail(log_keys.error());
  auto witness_key = keys_in(place.keys_folder + "/witness.key", place.origin + "/witness",
                             ledger::kEd25519Cosignature, is_new);
  if (!witness_key) return fail(witness_key.error());
  auto parts =
      std::make_unique<Parts>(std::move(place), std::move(*log_keys), std::move(witness_key->front()));
  if (parts->place.sm2) {
    auto sm2 = Sm2Key::open(parts->place.keys_folder + "/log.sm2.key", parts->place.origin);
    if (!sm2) return fail(sm2.error());
    parts->sm2 = std::move(*sm2);
  }
  auto known = ledger::parse_vkeys(read_text(parts->path_of("witness.vkey"), kVkeysBytesMax).value_or(""),
                                   "witness.vkey");
  if (!known) return fail(known.error());
  std::erase(*known, parts->witness_key.verifier());
  parts->witnesses = std::move(*known);
  if (auto written = parts->write_vkeys(); !written) return fail(written.error());
  if (auto opened = parts->open_log(); !opened) return fail(opened.error());
  // Entries that a crash left unpublished: published now, so that readers find everything in files.
  if (parts->durable > parts->published) {
    if (auto published = parts->publish(); !published) return fail(published.error());
  }
  parts->publisher = std::thread([raw = parts.get()] { raw->run_publisher(); });
  return std::unique_ptr<LedgerFiles>(new LedgerFiles(std::move(parts)));
}

Result<void> LedgerFiles::append(std::vector<Bytes> entries) {
  if (entries.empty()) return {};
  return parts_->append(std::move(entries));
}

uint64_t LedgerFiles::size() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->durable;
}

uint64_t LedgerFiles::published_size() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->published;
}

std::string LedgerFiles::checkpoint() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->published_text;
}

std::vector<ledger::VerifierKey> LedgerFiles::log_keys() const {
  std::vector<ledger::VerifierKey> all;
  for (const ledger::SigningKey& key : parts_->keys()) all.push_back(key.verifier());
  if (parts_->sm2) all.push_back(parts_->sm2->verifier());
  return all;
}

const ledger::SigningKey& LedgerFiles::witness_key() const {
  return parts_->witness_key;
}

std::vector<ledger::VerifierKey> LedgerFiles::witness_keys() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->witnesses;
}

Result<void> LedgerFiles::know_witnesses(const std::vector<ledger::VerifierKey>& keys) {
  {
    const std::lock_guard lock(parts_->mutex);
    if (parts_->witnesses == keys) return {};
    parts_->witnesses = keys;
  }
  return parts_->write_vkeys();
}

Result<bool> LedgerFiles::add_cosignatures(uint64_t size, std::string_view lines) {
  const std::lock_guard one_at_a_time(parts_->publishing);
  const std::lock_guard one_writer(parts_->writing);
  if (parts_->log->published_size() != size) return false;
  const auto file = parts_->log->add_cosignatures(lines, witness_keys());
  if (!file) return fail(file.error());
  if (auto written = write_durably(parts_->path_of(file->path), file->bytes, 0644); !written)
    return fail(written.error());
  const std::lock_guard lock(parts_->mutex);
  parts_->published_text = parts_->log->checkpoint_text();
  return true;
}

Result<std::string> LedgerFiles::sign_statement(const std::string& text) const {
  if (ledger::parse_checkpoint(text) || !text.starts_with("hetao-statement/"))
    return fail(ErrorCode::kUsage, "statement", "could be taken for a checkpoint",
                "begin it with hetao-statement/");
  ledger::Note note{text, {}};
  for (const ledger::SigningKey& key : parts_->keys())
    note.signatures.push_back(ledger::sign_note(text, key));
  return ledger::print_note(note);
}

Result<ledger::VerifierKey> LedgerFiles::begin_rotation() {
  std::vector<ledger::SigningKey> keys = parts_->keys();
  if (keys.size() > 1)
    return fail(ErrorCode::kUsage, "key of the log", "is being changed already", "end that change first");
  auto fresh = fresh_key(parts_->place.origin, ledger::kEd25519);
  if (!fresh) return fail(fresh.error());
  ledger::VerifierKey made = fresh->verifier();
  keys.push_back(std::move(*fresh));
  if (auto written = write_keys(parts_->place.keys_folder + "/log.key", keys); !written)
    return fail(written.error());
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->signing_keys = std::move(keys);
  }
  if (auto written = parts_->write_vkeys(); !written) return fail(written.error());
  if (auto done = parts_->publish(); !done) return fail(done.error());
  return made;
}

Result<ledger::VerifierKey> LedgerFiles::end_rotation() {
  std::vector<ledger::SigningKey> keys = parts_->keys();
  if (keys.size() < 2)
    return fail(ErrorCode::kUsage, "key of the log", "is not being changed", "begin a change first");
  ledger::VerifierKey old = keys.front().verifier();
  keys.erase(keys.begin());
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->signing_keys = keys;
  }
  // The checkpoint is signed by the new key alone before the old one goes.
  if (auto done = parts_->publish(); !done) return fail(done.error());
  if (auto written = write_keys(parts_->place.keys_folder + "/log.key", keys); !written)
    return fail(written.error());
  if (auto written = parts_->write_vkeys(); !written) return fail(written.error());
  return old;
}

Result<std::vector<std::string>> LedgerFiles::entries(uint64_t first, size_t count) const {
  uint64_t published = 0;
  std::vector<std::string> newest;  // of the wanted ones, those behind the checkpoint
  {
    const std::lock_guard lock(parts_->mutex);
    published = parts_->published;
    const uint64_t end =
        first >= parts_->durable ? first : first + std::min<uint64_t>(count, parts_->durable - first);
    for (uint64_t i = std::max(first, published); i < end; ++i)
      newest.push_back(parts_->tail[i - parts_->tail_first]);
    count = static_cast<size_t>(end - first);
  }
  std::vector<std::string> found;
  uint64_t index = first;
  for (const uint64_t end = std::min(published, first + count); index < end;) {
    const uint64_t number = index / ledger::kTileWidth;
    const ledger::TileId tile{true, 0, number, ledger::tile_width(0, number, published)};
    const auto bundle = ledger::read_tile(reader(), tile);
    if (!bundle) return fail(bundle.error());
    const auto texts = ledger::entries_in_bundle(*bundle, tile.width, ledger::tile_path(tile));
    if (!texts) return fail(texts.error());
    for (size_t at = index % ledger::kTileWidth; at < texts->size() && index < end; ++at, ++index)
      found.emplace_back(as_text((*texts)[at]));
  }
  for (std::string& entry : newest) found.push_back(std::move(entry));
  return found;
}

Result<Bytes> LedgerFiles::file(std::string_view path) const {
  if (!is_public(path)) return fail(ErrorCode::kNotFound, std::string(path), "is no file of the log");
  return read_file(parts_->path_of(std::string(path)), kLogFileBytesMax);
}

ledger::FileReader LedgerFiles::reader() const {
  return parts_->reader();
}

Result<void> LedgerFiles::publish_now() {
  return parts_->publish();
}

void LedgerFiles::on_failure(std::function<void(Error)> tell) {
  const std::lock_guard lock(parts_->mutex);
  parts_->tell_failure = std::move(tell);
}

void LedgerFiles::on_published(std::function<void()> tell) {
  const std::lock_guard lock(parts_->mutex);
  parts_->tell_published = std::move(tell);
}

}  // namespace hetao::io
