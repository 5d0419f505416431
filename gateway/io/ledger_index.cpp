#include "gateway/io/ledger_index.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "gateway/io/durable_file.h"
#include "gateway/io/mapped_file.h"

namespace hetao::io {

namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(250);
constexpr size_t kBatch = 1'024;
constexpr const char* kMissing = "an entry is missing";

// A full segment in its file.
struct Stored {
  MappedFile file;
  ledger::Segment segment;
};

Result<std::shared_ptr<const Stored>> open_stored(const std::string& path, uint64_t first) {
  auto file = MappedFile::open(path);
  if (!file) return fail(file.error());
  auto segment = ledger::Segment::open(file->bytes());
  if (!segment) return fail(segment.error());
  if (segment->first() != first || segment->count() != ledger::kSegmentEntries)
    return fail(ErrorCode::kVerification, path, "is of another place", "it is made again from the log");
  return std::make_shared<const Stored>(Stored{std::move(*file), *segment});
}

}  // namespace

struct LedgerIndex::Parts {
  Parts(std::string f, LedgerFiles& l) : folder(std::move(f)), ledger(l), tail(0) {}

  std::string path_of(uint64_t segment) const { return folder + "/" + std::to_string(segment); }
  Result<void> load();
  Result<bool> grow();  // by a batch; false: there is nothing to do
  void work_on();
  // Places in segment `number` where the query may match; all of them where there is no index yet.
  std::vector<uint64_t> places(uint64_t number, const ledger::IndexTerms& terms, uint64_t size) const;

  const std::string folder;
  LedgerFiles& ledger;
  mutable std::mutex mutex;  // of what follows
  std::vector<std::shared_ptr<const Stored>> full;
  ledger::SegmentBuilder tail;
  bool stopping = false;
  std::condition_variable wake;
  std::thread thread;
};

// Full segments that are whole; behind the first one that isn't, all are made again.
Result<void> LedgerIndex::Parts::load() {
  if (auto made = make_folders(folder); !made) return made;
  remove_leftovers(folder);
  while ((full.size() + 1) * ledger::kSegmentEntries <= ledger.size()) {
    auto stored = open_stored(path_of(full.size()), full.size() * ledger::kSegmentEntries);
    if (!stored) break;
    full.push_back(std::move(*stored));
  }
  tail = ledger::SegmentBuilder(full.size() * ledger::kSegmentEntries);
  return {};
}

Result<bool> LedgerIndex::Parts::grow() {
  uint64_t first = 0;
  size_t count = 0;
  {
    const std::lock_guard lock(mutex);
    first = tail.first() + tail.count();
    count = static_cast<size_t>(
        std::min<uint64_t>({kBatch, ledger.size() - first, ledger::kSegmentEntries - tail.count()}));
  }
  if (count == 0) return false;
  auto texts = ledger.entries(first, count);
  if (!texts) return fail(texts.error());
  std::vector<ledger::Entry> entries;
  for (const std::string& text : *texts) {
    auto entry = ledger::decode_entry(text);
    if (!entry) return fail(entry.error());
    entries.push_back(std::move(*entry));
  }
  {
    const std::lock_guard lock(mutex);
    for (const ledger::Entry& entry : entries) tail.add(entry);
    if (!tail.is_full()) return true;
  }
  // Only this thread changes the tail: it may be read and written without the lock.
  const std::string path = path_of(tail.first() / ledger::kSegmentEntries);
  if (auto written = write_durably(path, tail.finish()); !written) return fail(written.error());
  auto stored = open_stored(path, tail.first());
  if (!stored) return fail(stored.error());
  const std::lock_guard lock(mutex);
  full.push_back(std::move(*stored));
  tail = ledger::SegmentBuilder(full.size() * ledger::kSegmentEntries);
  return true;
}

void LedgerIndex::Parts::work_on() {
  while (true) {
    const auto grown = grow();
    std::unique_lock lock(mutex);
    if (stopping) return;
    if (grown && *grown) continue;
    wake.wait_for(lock, kLookEvery);
    if (stopping) return;
  }
}

std::vector<uint64_t> LedgerIndex::Parts::places(uint64_t number, const ledger::IndexTerms& terms,
                                                 uint64_t size) const {
  const uint64_t first = number * ledger::kSegmentEntries;
  const uint64_t end = std::min(first + ledger::kSegmentEntries, size);
  std::vector<uint64_t> out;
  uint64_t indexed = first;  // up to here the index has spoken
  std::shared_ptr<const Stored> stored;
  ledger::Places found;
  {
    const std::lock_guard lock(mutex);
    if (number < full.size()) {
      stored = full[number];
    } else if (number == full.size()) {
      indexed = first + tail.count();
      found = tail.find(terms);
    }
  }
  if (stored) {
    indexed = end;
    found = stored->segment.find(terms);
  }
  if (found) {
    for (const uint16_t place : *found) out.push_back(first + place);
  } else {
    for (uint64_t i = first; i < std::min(indexed, end); ++i) out.push_back(i);
  }
  for (uint64_t i = indexed; i < end; ++i) out.push_back(i);
  return out;
}

LedgerIndex::LedgerIndex(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

LedgerIndex::~LedgerIndex() {
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->stopping = true;
  }
  parts_->wake.notify_all();
  if (parts_->thread.joinable()) parts_->thread.join();
}

Result<std::unique_ptr<LedgerIndex>> LedgerIndex::open(std::string folder, LedgerFiles& ledger) {
  auto parts = std::make_unique<Parts>(std::move(folder), ledger);
  if (auto loaded = parts->load(); !loaded) return fail(loaded.error());
  parts->thread = std::thread([raw = parts.get()] { raw->work_on(); });
  return std::unique_ptr<LedgerIndex>(new LedgerIndex(std::move(parts)));
}

uint64_t LedgerIndex::size() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->tail.first() + parts_->tail.count();
}

namespace {

// Entries by index, a bundle at a time: hits that stand together are read once.
class Texts {
 public:
  explicit Texts(LedgerFiles& ledger) : ledger_(ledger) {}
  Result<std::string> at(uint64_t index) {
    constexpr uint64_t kTogether = 256;
    const uint64_t first = index / kTogether * kTogether;
    if (first != first_ || index - first >= texts_.size()) {
      auto texts = ledger_.entries(first, kTogether);
      if (!texts) return fail(texts.error());
      texts_ = std::move(*texts);
      first_ = first;
    }
    if (index - first >= texts_.size()) return fail(ErrorCode::kVerification, "ledger", kMissing, "");
    return texts_[index - first];
  }

 private:
  LedgerFiles& ledger_;
  uint64_t first_ = UINT64_MAX;
  std::vector<std::string> texts_;
};

}  // namespace

IndexPage LedgerIndex::search(const ledger::EntryQuery& query, bool descending,
                              std::optional<uint64_t> cursor, size_t hits_max, size_t looks_max) const {
  IndexPage page;
  page.size = parts_->ledger.size();
  if (page.size == 0) return page;
  const uint64_t begin = descending ? 0 : cursor.value_or(0);
  const uint64_t end = descending ? std::min(cursor.value_or(page.size), page.size) : page.size;
  if (begin >= end) return page;
  const ledger::IndexTerms terms(query);
  Texts texts(parts_->ledger);
  size_t looked = 0;
  const uint64_t first = begin / ledger::kSegmentEntries;
  const uint64_t last = (end - 1) / ledger::kSegmentEntries;
  for (uint64_t step = 0; step <= last - first; ++step) {
    std::vector<uint64_t> places = parts_->places(descending ? last - step : first + step, terms, page.size);
    if (descending) std::reverse(places.begin(), places.end());
    for (const uint64_t index : places) {
      if (index < begin || index >= end) continue;
      if (page.hits.size() == hits_max || looked == looks_max) {
        page.next = descending ? index + 1 : index;
        return page;
      }
      ++looked;
      auto text = texts.at(index);
      auto entry = text ? ledger::decode_entry(*text) : Result<ledger::Entry>(fail(text.error()));
      if (!entry) {
        page.error = entry.error();
        return page;
      }
      if (query.takes(*entry)) page.hits.push_back({index, std::move(*text), std::move(*entry)});
    }
  }
  return page;
}

}  // namespace hetao::io
