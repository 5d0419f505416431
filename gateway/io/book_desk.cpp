#include "gateway/io/book_desk.h"

#include <algorithm>
#include <atomic>

#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/witness_desk.h"
#include "gateway/ledger/tlog_proof.h"

namespace hetao::io {

namespace {

constexpr size_t kLinesMax = 256;  // of a page
constexpr size_t kPageBytesMax = 512 << 10U;
constexpr uint64_t kLooksMax = 20'000;  // entries looked at for one page
constexpr size_t kBatch = 1'024;
constexpr Duration kAnswerPatience = Duration::seconds(20);

bool concerns(const ledger::Entry& entry, const std::string& region) {
  return entry.peer == region || entry.kind == ledger::kind::kPolicyActivated;
}

std::string key_of(const ledger::Mismatch& one) {
  return std::string(to_word(one.finding)) + " " + one.crossing + " " + one.detail;
}

// The entries that a page may hold.
pb::BookPage page_of(LedgerFiles& ledger, const std::string& region, const pb::BookAsk& ask) {
  pb::BookPage page;
  page.set_ask(ask.ask());
  page.set_next(ask.first());
  const std::string note_text = ledger.checkpoint();
  const auto note = ledger::parse_note(note_text);
  const auto head =
      note ? ledger::parse_checkpoint(note->text) : Result<ledger::Checkpoint>(fail(note.error()));
  if (!head) return page;
  page.set_checkpoint(note_text);
  ledger::TileReader tiles(head->size, ledger.reader());
  uint64_t at = ask.first();
  size_t bytes = 0;
  const uint64_t end = std::min(head->size, at + kLooksMax);
  while (at < end && page.lines_size() < static_cast<int>(kLinesMax) && bytes < kPageBytesMax) {
    const auto texts = ledger.entries(at, static_cast<size_t>(std::min<uint64_t>(kBatch, end - at)));
    if (!texts || texts->empty()) break;
    for (const std::string& text : *texts) {
      if (page.lines_size() == static_cast<int>(kLinesMax) || bytes >= kPageBytesMax) break;
      const auto entry = ledger::decode_entry(text);
      if (!entry) return page;
      if (concerns(*entry, region)) {
        const auto proof =
            ledger::prove_inclusion(tiles, at, head->size, ledger::leaf_hash(as_bytes(text)), head->root);
        if (!proof) return page;
        pb::BookLine& line = *page.add_lines();
        line.set_index(at);
        line.set_entry(text);
        for (const Digest& hash : *proof) line.add_proof(std::string(as_text(hash.view())));
        bytes += text.size() + 32 * proof->size();
      }
      ++at;
    }
    page.set_next(at);
  }
  page.set_next(at);
  return page;
}

}  // namespace

struct BookDesk::Book {
  Book(const std::string& folder, const std::string& ours, const std::string& theirs,
       const ledger::ReconcileOptions& rules)
      : region(theirs), file(folder + "/" + theirs), matcher(ours, theirs, rules) {}
  const std::string region;
  const BookFile file;
  bool up = false;
  uint64_t ask = 0;  // open question; 0: none
  Instant asked_at;
  Instant next_look;
  bool busy = false;  // work elsewhere holds what follows
  ledger::Reconciler matcher;
  std::atomic<uint64_t> ours = 0;    // next of our entries to read
  std::atomic<uint64_t> theirs = 0;  // next of theirs to ask for
  bool changed = true;
  std::optional<Instant> complete_at;
  std::string trouble;
  bool has_report = false;
  ledger::ReconcileReport report;
  std::set<std::string> told;
};

BookDesk::BookDesk(Config config, LedgerFiles& ledger, const WitnessStore& witness)
    : config_(std::move(config)), ledger_(ledger), witness_(witness) {}
BookDesk::~BookDesk() = default;

Result<std::unique_ptr<BookDesk>> BookDesk::open(Config config, LedgerFiles& ledger,
                                                 const WitnessStore& witness) {
  if (auto made = make_folders(config.folder); !made) return fail(made.error());
  std::unique_ptr<BookDesk> desk(new BookDesk(std::move(config), ledger, witness));
  for (const std::string& region : desk->config_.peers) {
    auto book =
        std::make_unique<Book>(desk->config_.folder, desk->config_.region, region, desk->config_.rules);
    if (auto loaded = desk->load(*book); !loaded) return fail(loaded.error());
    desk->books_[region] = std::move(book);
  }
  return desk;
}

// What was received before.
Result<void> BookDesk::load(Book& book) const {
  const auto whole = book.file.load([&](ledger::Entry&& entry) {
    if (entry.region != book.region || entry.sequence < book.theirs || !book.matcher.add(entry)) return false;
    book.theirs = entry.sequence + 1;
    return true;
  });
  if (!whole) return fail(whole.error());
  if (*whole) return {};
  book.matcher = ledger::Reconciler(config_.region, book.region, config_.rules);
  book.theirs = 0;
  return {};
}

void BookDesk::peer_up(const std::string& region) {
  const auto at = books_.find(region);
  if (at == books_.end()) return;
  at->second->up = true;
  at->second->ask = 0;
  at->second->next_look = {};
}

void BookDesk::peer_down(const std::string& region) {
  const auto at = books_.find(region);
  if (at != books_.end()) at->second->up = false;
}

void BookDesk::on_ask(const std::string& region, const pb::BookAsk& ask) {
  if (!books_.contains(region)) return;
  auto page = std::make_shared<pb::BookPage>();
  const auto work = [this, region, ask, page] { *page = page_of(ledger_, region, ask); };
  config_.offload(work, [this, region, page] {
    pb::PeerMessage message;
    *message.mutable_book_page() = std::move(*page);
    config_.send(region, std::move(message));
  });
}

void BookDesk::tick() {
  const Instant now = config_.now();
  for (auto& [region, book] : books_) {
    if (book->ask != 0 && now - book->asked_at > kAnswerPatience) book->ask = 0;
    if (book->busy || book->ask != 0 || now < book->next_look) continue;
    if (book->ours < ledger_.size()) {
      take_new(region, *book);
      continue;
    }
    if (book->up) {
      book->ask = next_ask_++;
      book->asked_at = now;
      pb::PeerMessage message;
      message.mutable_book_ask()->set_ask(book->ask);
      message.mutable_book_ask()->set_first(book->theirs);
      config_.send(region, std::move(message));
    }
    book->next_look = now + config_.every;
    if (book->changed && book->complete_at) match(region, *book);
  }
}

void BookDesk::take_new(const std::string& region, Book& book) {
  book.busy = true;
  auto trouble = std::make_shared<std::string>();
  const auto work = [this, &book, trouble] {
    const auto texts = ledger_.entries(book.ours, kLooksMax);
    if (!texts) {
      *trouble = to_line(texts.error());
      return;
    }
    for (const std::string& text : *texts) {
      const auto entry = ledger::decode_entry(text);
      if (entry && concerns(*entry, book.region)) {
        book.changed = true;
        if (auto added = book.matcher.add(*entry); !added) *trouble = to_line(added.error());
      }
      ++book.ours;
    }
  };
  config_.offload(work, [this, region, &book, trouble] {
    book.busy = false;
    if (!trouble->empty()) {
      book.trouble = *trouble;
      book.next_look = config_.now() + config_.every;
    } else if (book.ours < ledger_.size()) {
      tick();
    }
  });
}

Result<void> BookDesk::check(const pb::BookPage& page, const std::string& region, uint64_t first,
                             std::vector<ledger::Entry>& out) const {
  const auto wrong = [&](const std::string& why) {
    return fail(ErrorCode::kVerification, "book of " + region, why, "its operator has to explain this");
  };
  const std::string origin = origin_of_region(region);
  const auto head = ledger::open_checkpoint(page.checkpoint(), witness_.keys_of(origin));
  if (!head) return wrong(to_line(head.error()));
  if (head->checkpoint.origin != origin || page.next() < first ||
      page.next() > std::max(head->checkpoint.size, first))
    return wrong("a page that does not continue where it was asked to");
  uint64_t least = first;
  for (const pb::BookLine& line : page.lines()) {
    ledger::Proof proof;
    for (const std::string& hash : line.proof()) {
      const auto digest = Digest::from_bytes(as_bytes(hash));
      if (!digest) return wrong("a proof of something that is no hash");
      proof.push_back(*digest);
    }
    const std::string what = "entry " + std::to_string(line.index()) + ": ";
    auto held =
        ledger::verify_inclusion(line.index(), head->checkpoint.size,
                                 ledger::leaf_hash(as_bytes(line.entry())), proof, head->checkpoint.root);
    if (!held) return wrong(what + held.error().why);
    auto entry = ledger::decode_entry(line.entry());
    if (!entry) return wrong(what + entry.error().why);
    if (entry->sequence != line.index() || line.index() < least || line.index() >= page.next() ||
        entry->region != region)
      return wrong(what + "it is not of this place");
    least = line.index() + 1;
    out.push_back(std::move(*entry));
  }
  return {};
}

void BookDesk::on_page(const std::string& region, const pb::BookPage& page) {
  const auto at = books_.find(region);
  if (at == books_.end()) return;
  Book& book = *at->second;
  if (book.ask == 0 || book.ask != page.ask() || book.busy) return;
  book.ask = 0;
  book.busy = true;
  auto done = std::make_shared<Result<void>>();
  const auto work = [this, &book, page, done] {
    std::vector<ledger::Entry> lines;
    *done = check(page, book.region, book.theirs, lines);
    if (!*done) return;
    *done = book.file.append(page);
    for (const ledger::Entry& entry : lines) {
      if (*done) *done = book.matcher.add(entry);
    }
    if (*done) book.theirs = page.next();
    book.changed = book.changed || !lines.empty();
  };
  config_.offload(work, [this, region, &book, page, done] {
    book.busy = false;
    const std::string trouble = *done ? std::string() : to_line(done->error());
    if (!trouble.empty() && trouble != book.trouble) {
      config_.log("ALARM: " + trouble);
      config_.note("witness-alarm", trouble, {{"alarm", "book"}, {"log", origin_of_region(region)}});
    }
    book.trouble = trouble;
    if (!*done) return;
    const auto note = ledger::parse_note(page.checkpoint());
    const auto head =
        note ? ledger::parse_checkpoint(note->text) : Result<ledger::Checkpoint>(fail(note.error()));
    if (head && page.next() >= head->size) {
      book.complete_at = config_.now();
      if (!book.has_report || book.changed) match(region, book);
      return;
    }
    book.next_look = {};
    tick();
  });
}

void BookDesk::match(const std::string& region, Book& book) {
  if (book.busy) return;
  book.busy = true;
  auto report = std::make_shared<ledger::ReconcileReport>();
  const Instant upto = book.complete_at.value_or(config_.now());
  const auto work = [&book, report, upto] { *report = book.matcher.report(upto); };
  config_.offload(work, [this, region, &book, report] {
    book.busy = false;
    book.report = std::move(*report);
    book.has_report = true;
    // What is under way is looked at again; what agrees rests until something new comes.
    book.changed = book.report.under_way != 0;
    for (const ledger::Mismatch& one : book.report.mismatches) {
      if (!book.told.insert(key_of(one)).second) continue;
      config_.log("ALARM: the books do not agree with " + region + ": " + one.detail);
      std::vector<std::pair<std::string, std::string>> details = {
          {"finding", to_word(one.finding)}, {"crossing", one.crossing}, {"region", region}};
      const auto add = [&](const char* name, const std::optional<ledger::Booked>& entry) {
        if (entry) details.emplace_back(name, entry->region + "/" + std::to_string(entry->sequence));
      };
      add("departed", one.departed);
      add("arrived", one.arrived);
      config_.note("mismatch", one.detail, std::move(details));
    }
  });
}

std::vector<BookStatus> BookDesk::status() const {
  std::vector<BookStatus> all;
  for (const auto& [region, book] : books_)
    all.push_back(
        {region, book->has_report, book->report, book->ours, book->theirs, book->complete_at, book->trouble});
  return all;
}

std::vector<std::string> BookDesk::story(const std::string& region, const std::string& job,
                                         const std::string& crossing) const {
  const auto at = books_.find(region);
  return at == books_.end() ? std::vector<std::string>() : at->second->file.about(job, crossing);
}

std::optional<ProvedEntry> BookDesk::proved(const ledger::Booked& booked) const {
  if (const auto at = books_.find(booked.region); at != books_.end())
    return at->second->file.entry(booked.sequence);
  const auto texts = ledger_.entries(booked.sequence, 1);
  const std::string note = ledger_.checkpoint();
  const auto head = ledger::open_checkpoint(note, ledger_.log_keys());
  if (!texts || texts->empty() || !head || booked.region != config_.region) return std::nullopt;
  const ledger::Checkpoint& at = head->checkpoint;
  ledger::TileReader tiles(at.size, ledger_.reader());
  const auto proof = ledger::prove_inclusion(tiles, booked.sequence, at.size,
                                             ledger::leaf_hash(as_bytes(texts->front())), at.root);
  if (!proof) return std::nullopt;
  return ProvedEntry{texts->front(), ledger::print_tlog_proof({std::nullopt, booked.sequence, *proof, note})};
}

}  // namespace hetao::io
