#include "gateway/io/ledger_files.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/io/durable_file.h"
#include "gateway/ledger/note.h"

namespace hetao::io {

namespace {

constexpr auto kPublishEvery =
    std::chrono::milliseconds(900);  // a checkpoint at most 1 s after the newest entry
constexpr size_t kWalBytesBeforeCompaction = size_t{64} << 20U;
constexpr size_t kLogFileBytesMax = size_t{1} << 30U;
constexpr size_t kVkeyBytesMax = 4096;

bool is_there(const std::string& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0;
}

// The key of this file; a new one is made only for a log that is new too.
Result<ledger::SigningKey> key_in(const std::string& path, const std::string& name, uint8_t type,
                                  bool may_make) {
  auto text = read_text(path, kVkeyBytesMax);
  if (text) {
    while (!text->empty() && text->back() == '\n') text->pop_back();
    auto key = ledger::SigningKey::parse(*text);
    if (!key) return fail(ErrorCode::kUsage, path, "holds no usable signing key", "restore it from a backup");
    if (key->verifier().name != name || key->verifier().type != type)
      return fail(ErrorCode::kUsage, path,
                  "is the key of '" + key->verifier().name + "', not of '" + name + "'",
                  "restore this region's key from a backup");
    return key;
  }
  if (text.error().code != ErrorCode::kNotFound) return fail(text.error());
  if (!may_make)
    return fail(ErrorCode::kUsage, path, "is missing, but the ledger that it signs is there",
                "restore it from a backup");
  std::array<uint8_t, 32> seed{};
  HETAO_CHECK(RAND_priv_bytes(seed.data(), static_cast<int>(seed.size())) == 1);
  auto key = ledger::SigningKey::from_seed(name, type, seed);
  if (!key) return key;
  const std::string line = key->print() + "\n";
  if (auto written = write_durably(path, as_bytes(line), 0600); !written) return fail(written.error());
  return key;
}

// Paths that are served: what the log itself writes, and nothing that leads elsewhere.
bool is_public(std::string_view path) {
  return path == "checkpoint" || path == "log.vkey" || path == "witness.vkey" ||
         ledger::parse_tile_path(path).has_value();
}

}  // namespace

struct LedgerFiles::Parts {
  Parts(LedgerPlace where, ledger::SigningKey log, ledger::SigningKey witness)
      : place(std::move(where)), log_key(std::move(log)), witness_key(std::move(witness)) {}
  ~Parts();

  std::string path_of(const std::string& name) const { return place.folder + "/" + name; }
  ledger::FileReader reader() const;
  Result<void> open_log();
  Result<void> append(std::vector<Bytes> entries);
  Result<void> append_to_wal(std::vector<Bytes> entries);
  Result<void> publish();
  Result<void> write_publication(const ledger::Publication& publication) const;
  Result<void> compact();
  void run_publisher();

  const LedgerPlace place;
  const ledger::SigningKey log_key;
  const ledger::SigningKey witness_key;

  std::mutex publishing;  // one publication at a time; taken before the others
  std::mutex writing;     // of the two below, also while the disk works; taken before `mutex`
  std::optional<ledger::Log> log;
  Descriptor wal;

  mutable std::mutex mutex;  // of everything below; never held while the disk works
  uint64_t durable = 0;
  uint64_t published = 0;
  std::deque<std::string> tail;  // durable entries behind the published checkpoint …
  uint64_t tail_first = 0;       // … from this index on
  std::string published_text;
  std::optional<Error> failure;
  std::function<void(Error)> tell_failure;

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
}

ledger::FileReader LedgerFiles::Parts::reader() const {
  return [folder = place.folder](const std::string& path) {
    return read_file(folder + "/" + path, kLogFileBytesMax);
  };
}

Result<void> LedgerFiles::Parts::open_log() {
  const ledger::LogConfig config{.origin = place.origin, .log_keys = {log_key.verifier()}};
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
  if (::fdatasync(wal.get()) != 0) return fail_errno(path_of("wal"), "can't be synced");
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
  if (auto written = write_all_at(wal.get(), append->bytes, append->offset, path_of("wal")); !written)
    return written;
  if (::fdatasync(wal.get()) != 0) return fail_errno(path_of("wal"), "can't be synced");
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

Result<void> LedgerFiles::Parts::compact() {
  const ledger::FileWrite fresh = log->compact();
  if (auto written = write_durably(path_of(fresh.path), fresh.bytes); !written) return written;
  auto file = open_file(path_of(fresh.path), O_RDWR);
  if (!file) return fail(file.error());
  wal = std::move(*file);
  return {};
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
    auto next = log->publish({&log_key, 1});
    if (!next) return fail(next.error());
    if (!*next) return {};
    publication = std::move(**next);
  }
  if (auto written = write_publication(*publication); !written) return written;
  const std::lock_guard one_writer(writing);
  log->published();
  {
    const std::lock_guard lock(mutex);
    published_text = log->checkpoint_text();
    published = log->published_size();
    for (; tail_first < published && !tail.empty(); ++tail_first) tail.pop_front();
    tail_first = published;
  }
  std::error_code ignored;
  for (const std::string& folder : publication->obsolete)
    std::filesystem::remove_all(path_of(folder), ignored);
  if (log->wal_bytes() > kWalBytesBeforeCompaction) return compact();
  return {};
}

void LedgerFiles::Parts::run_publisher() {
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
    work.wait_for(lock, kPublishEvery, [&] { return stopping; });
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
  auto log_key = key_in(place.keys_folder + "/log.key", place.origin, ledger::kEd25519, is_new);
  if (!log_key) return fail(log_key.error());
  auto witness_key = key_in(place.keys_folder + "/witness.key", place.origin + "/witness",
                            ledger::kEd25519Cosignature, is_new);
  if (!witness_key) return fail(witness_key.error());
  auto parts = std::make_unique<Parts>(std::move(place), std::move(*log_key), std::move(*witness_key));
  const std::string log_vkey = ledger::print_vkey(parts->log_key.verifier()) + "\n";
  const std::string witness_vkey = ledger::print_vkey(parts->witness_key.verifier()) + "\n";
  const FileContent vkeys[] = {{parts->path_of("log.vkey"), as_bytes(log_vkey)},
                               {parts->path_of("witness.vkey"), as_bytes(witness_vkey)}};
  if (auto written = write_all_durably(vkeys, 0644); !written) return fail(written.error());
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

std::string LedgerFiles::log_vkey() const {
  return ledger::print_vkey(parts_->log_key.verifier());
}

std::string LedgerFiles::witness_vkey() const {
  return ledger::print_vkey(parts_->witness_key.verifier());
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
  const ledger::TileReader tiles(published, reader());
  uint64_t index = first;
  for (const uint64_t end = std::min(published, first + count); index < end;) {
    auto bundle = tiles.bundle(index / ledger::kTileWidth);
    if (!bundle) return fail(bundle.error());
    for (size_t at = index % ledger::kTileWidth; at < bundle->size() && index < end; ++at, ++index)
      found.emplace_back(as_text((*bundle)[at]));
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

}  // namespace hetao::io
