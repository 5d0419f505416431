// The ledger over HTTP: search, proofs, evidence, and the log's own files (C2SP tlog-tiles). Reading files
// blocks, so that all of it happens on another thread.
#include <algorithm>
#include <tuple>

#include "gateway/api/audit_access.h"
#include "gateway/api/audit_export.h"
#include "gateway/api/audit_filter.h"
#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/io/asio.h"
#include "gateway/ledger/tiles.h"
#include "gateway/ledger/tlog_proof.h"

namespace hetao::api {

namespace {

// The published head, with the reader of its tiles.
struct Head {
  std::string note;
  ledger::SignedCheckpoint checkpoint;
  std::vector<ledger::VerifierKey> log_keys;
  std::vector<ledger::VerifierKey> witness_keys;
};

Result<Head> published_head(io::LedgerFiles& log, uint64_t entries_min) {
  if (log.published_size() < entries_min) {
    const auto done = log.publish_now();
    if (!done) return fail(done.error());
  }
  Head head;
  head.note = log.checkpoint();
  head.log_keys = log.log_keys();
  head.witness_keys = log.witness_keys();
  auto opened = ledger::open_checkpoint(head.note, head.log_keys, head.witness_keys);
  if (!opened) return fail(opened.error());
  head.checkpoint = std::move(*opened);
  return head;
}

Result<ledger::Proof> prove(ledger::TileReader& tiles, const Head& head, uint64_t index,
                            std::string_view text) {
  const ledger::Checkpoint& at = head.checkpoint.checkpoint;
  return ledger::prove_inclusion(tiles, index, at.size, ledger::leaf_hash(as_bytes(text)), at.root);
}

Result<json::object> entry_with_proof(io::LedgerFiles& log, uint64_t sequence) {
  const auto texts = log.entries(sequence, 1);
  if (!texts) return fail(texts.error());
  if (texts->empty()) {
    return fail(ErrorCode::kNotFound, "entry " + std::to_string(sequence), "is not in the ledger yet");
  }
  const auto head = published_head(log, sequence + 1);
  if (!head) return fail(head.error());
  ledger::TileReader tiles(head->checkpoint.checkpoint.size, log.reader());
  const auto hashes = prove(tiles, *head, sequence, texts->front());
  if (!hashes) return fail(hashes.error());
  const auto entry = ledger::decode_entry(texts->front());
  if (!entry) return fail(entry.error());
  json::object proof;
  proof["index"] = sequence;
  json::array list;
  for (const Digest& hash : *hashes) list.emplace_back(to_base64(hash.view()));
  proof["hashes"] = std::move(list);
  proof["checkpoint"] = head->note;
  proof["tlog_proof"] = ledger::print_tlog_proof({std::nullopt, sequence, *hashes, head->note});
  json::object out;
  out["entry"] = to_json(*entry);
  out["text"] = texts->front();
  out["proof"] = std::move(proof);
  return out;
}

}  // namespace

namespace {

constexpr Duration kCosignPatience = Duration::seconds(2);

// What leaves as evidence stands under a checkpoint that the witnesses have seen, if they can be asked.
io::Awaitable<void> publish_cosigned(const Context& c) {
  co_await c.backend.settled();
  auto work = [&] { (void)c.backend.ledger().publish_now(); };
  co_await c.backend.offload(work);
  co_await c.backend.cosigned(kCosignPatience);
}

}  // namespace

namespace {

constexpr size_t kStoryEntriesMax = 10'000;

json::object entry_view(const ledger::Entry& entry) {
  json::object view = to_json(entry);
  view["time_local"] = local_time(entry.time);
  return view;
}

json::object page_view(const io::IndexPage& page) {
  json::object out;
  out["size"] = page.size;
  out["time_zone"] = "+08:00 (Asia/Shanghai, Asia/Hong_Kong)";
  json::array entries;
  for (const io::IndexHit& hit : page.hits) entries.push_back(entry_view(hit.entry));
  out["entries"] = std::move(entries);
  if (page.next) out["next_cursor"] = std::to_string(*page.next);
  return out;
}

}  // namespace

io::Awaitable<io::HttpResponse> search_audit(const Context& c) {
  const auto filter = read_filter(c);
  if (!filter) co_return problem(filter.error());
  const auto limit = number_query(c.query, "limit", 1, limits::kPageMax, limits::kPageDefault);
  if (!limit) co_return problem(limit.error());
  const auto cursor = number_query(c.query, "cursor", 0, int64_t{1} << 53U, -1);
  if (!cursor) co_return problem(cursor.error());
  const std::string order = c.query.get("order");
  if (!order.empty() && order != "asc" && order != "desc") {
    co_return problem({ErrorCode::kUsage, "parameter order", "is neither asc nor desc", ""});
  }
  const auto begin = *cursor < 0 ? std::nullopt : std::optional(static_cast<uint64_t>(*cursor));
  co_await c.backend.settled();
  io::IndexPage page;
  auto work = [&] {
    page = c.backend.index().search(*filter, order != "asc", begin, static_cast<size_t>(*limit),
                                    limits::kAuditScanEntriesMax);
  };
  co_await c.backend.offload(work);
  if (page.error) co_return problem(500, *page.error);
  note_access(c, "search");
  co_return json_answer(page_view(page));
}

// Everything about one crossing or job, from both sides' books, in the order of time.
io::Awaitable<io::HttpResponse> audit_story(const Context& c) {
  ledger::EntryQuery query;
  query.job = c.query.get("job");
  query.crossing = c.query.get("crossing");
  if (query.job.empty() == query.crossing.empty())
    co_return problem({ErrorCode::kUsage, "parameters", "either job or crossing", ""});
  co_await c.backend.settled();
  std::vector<ledger::Entry> all;
  std::optional<Error> trouble;
  auto work = [&] {
    const io::IndexPage page = c.backend.index().search(query, false, 0, kStoryEntriesMax, SIZE_MAX);
    trouble = page.error;
    for (const io::IndexHit& hit : page.hits) all.push_back(hit.entry);
    if (c.backend.books() == nullptr) return;
    for (const federation::PeerConfig& peer : c.backend.core().config().peers) {
      for (const std::string& text : c.backend.books()->story(peer.region, query.job, query.crossing)) {
        if (auto entry = ledger::decode_entry(text)) all.push_back(std::move(*entry));
      }
    }
  };
  co_await c.backend.offload(work);
  if (trouble) co_return problem(500, *trouble);
  if (all.empty()) co_return no_such("story", query.job + query.crossing, "no entry names it");
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a.time, a.region, a.sequence) < std::tie(b.time, b.region, b.sequence);
  });
  note_access(c, "story");
  json::object out;
  json::array entries;
  for (const ledger::Entry& entry : all) entries.push_back(entry_view(entry));
  out["entries"] = std::move(entries);
  out["time_zone"] = "+08:00 (Asia/Shanghai, Asia/Hong_Kong)";
  co_return json_answer(out);
}

namespace {

constexpr size_t kProvedFindings = 1'000;  // of a peer; further ones name their entries alone

json::value booked_view(const std::optional<ledger::Booked>& entry, const io::BookDesk* prover) {
  if (!entry) return nullptr;
  json::object out{{"region", entry->region},
                   {"sequence", entry->sequence},
                   {"time", to_rfc3339(entry->time)},
                   {"item_digest", entry->item_digest},
                   {"item_bytes", entry->item_bytes}};
  const auto proved = prover == nullptr ? std::nullopt : prover->proved(*entry);
  if (proved) {
    out["text"] = proved->text;
    out["proof"] = proved->proof;
  }
  return out;
}

json::object book_view(const io::BookStatus& book, const io::BookDesk& desk) {
  json::array mismatches;
  for (const ledger::Mismatch& one : book.report.mismatches) {
    const io::BookDesk* prover = mismatches.size() < kProvedFindings ? &desk : nullptr;
    mismatches.push_back(json::object{{"finding", ledger::to_word(one.finding)},
                                      {"crossing", one.crossing},
                                      {"job", one.job},
                                      {"departed", booked_view(one.departed, prover)},
                                      {"arrived", booked_view(one.arrived, prover)},
                                      {"detail", one.detail}});
  }
  json::object peer;
  peer["region"] = book.region;
  peer["complete"] = book.has_report;
  peer["agree"] = book.report.mismatches.empty() && book.trouble.empty();
  peer["matched"] = book.report.matched;
  peer["under_way"] = book.report.under_way;
  peer["recalled"] = book.report.recalled;
  peer["bytes"] = book.report.bytes_matched;
  peer["our_entries"] = book.our_entries;
  peer["their_entries"] = book.their_entries;
  if (book.complete_at) put_time(peer, "complete_at", book.complete_at->micros);
  put(peer, "trouble", book.trouble);
  peer["mismatches"] = std::move(mismatches);
  return peer;
}

}  // namespace

io::Awaitable<io::HttpResponse> audit_reconcile(const Context& c) {
  const io::BookDesk* desk = c.backend.books();
  const auto books = desk == nullptr ? std::vector<io::BookStatus>() : desk->status();
  json::array peers;
  auto work = [&] {
    for (const io::BookStatus& book : books) peers.push_back(book_view(book, *desk));
  };
  co_await c.backend.offload(work);
  note_access(c, "reconcile");
  json::object out;
  out["peers"] = std::move(peers);
  co_return json_answer(out);
}

io::Awaitable<io::HttpResponse> get_audit_entry(const Context& c) {
  const std::string& text = c.at("sequence");
  const bool digits = !text.empty() && text.size() <= 15 &&
                      std::all_of(text.begin(), text.end(), [](char ch) { return ch >= '0' && ch <= '9'; });
  if (!digits) co_return no_such("entry", text, "entries have numbers from 0");
  const uint64_t sequence = std::stoull(text);
  std::optional<Result<json::object>> found;
  co_await publish_cosigned(c);
  auto work = [&] { found = entry_with_proof(c.backend.ledger(), sequence); };
  co_await c.backend.offload(work);
  if (!*found) co_return problem(found->error());
  note_access(c, "show " + text);
  co_return json_answer(**found);
}

namespace {

const char* ending_of(const std::string& format) {
  return format == "evidence" ? "evidence" : format == "csv" ? "csv" : format == "html" ? "html" : "jsonl";
}

}  // namespace

io::Awaitable<io::HttpResponse> export_audit(const Context& c) {
  const auto filter = read_filter(c);
  if (!filter) co_return problem(filter.error());
  const std::string& region = c.backend.core().config().region;
  ExportOrder order;
  order.format = c.query.get("format").empty() ? "evidence" : c.query.get("format");
  if (!is_export_format(order.format))
    co_return problem(
        {ErrorCode::kUsage, "parameter format", "is none", "evidence, csv, jsonl, ocsf or html"});
  order.origin = io::origin_of_region(region);
  order.title = "Ledger of " + region + ": " + filter_line(c.query);
  order.policies = c.backend.policies_folder();
  std::optional<Result<ExportPieces>> pieces;
  note_access(c, "export");
  co_await publish_cosigned(c);
  auto work = [&] { pieces = export_entries(c.backend.ledger(), c.backend.index(), *filter, order); };
  co_await c.backend.offload(work);
  if (!*pieces) co_return problem(pieces->error());
  io::HttpResponse response = text_answer("", 200, content_type_of(order.format));
  response.stream = std::move(**pieces);
  response.headers.set("Content-Disposition",
                       "attachment; filename=\"" + region + "." + ending_of(order.format) + "\"");
  co_return response;
}

io::Awaitable<io::HttpResponse> log_file(const Context& c) {
  std::string path = c.at("path");
  // Both spellings of entry bundles are served: the C2SP one, and /log/entries/…
  if (path.starts_with("entries/")) path = "tile/" + path;
  std::optional<Result<Bytes>> found;
  if (path == "checkpoint") co_await c.backend.cosigned(kCosignPatience);
  auto work = [&] { found = c.backend.ledger().file(path); };
  co_await c.backend.offload(work);
  if (!*found)
    co_return found->error().code == ErrorCode::kNotFound ? plain_not_found() : problem(found->error());
  if (path.starts_with("tile/entries/")) note_access(c, "log files");
  const bool moves = path == "checkpoint";
  io::HttpResponse response =
      text_answer(std::string(as_text(**found)), 200,
                  path.starts_with("tile/") ? "application/octet-stream" : "text/plain; charset=utf-8");
  // A tile never changes; a partial one is followed by another path.
  response.headers.set("Cache-Control", moves ? "no-cache" : "private, max-age=31536000, immutable");
  co_return response;
}

}  // namespace hetao::api
