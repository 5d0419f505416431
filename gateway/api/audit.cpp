// The ledger over HTTP: search, proofs, evidence, and the log's own files (C2SP tlog-tiles). Reading files
// blocks, so that all of it happens on another thread.
#include <algorithm>
#include <functional>

#include "gateway/api/handlers.h"
#include "gateway/api/problem.h"
#include "gateway/api/views.h"
#include "gateway/base/limits.h"
#include "gateway/io/asio.h"
#include "gateway/ledger/evidence.h"
#include "gateway/ledger/tiles.h"
#include "gateway/ledger/tlog_proof.h"

namespace hetao::api {

namespace {

struct Filter {
  std::string kind, job, crossing, who, peer, decision, direction, rule, item_digest;
  std::optional<Instant> since;
  std::optional<Instant> until;

  bool takes(const ledger::Entry& entry) const {
    const auto same = [](const std::string& wanted, const std::string& has) {
      return wanted.empty() || wanted == has;
    };
    const bool by_rule =
        rule.empty() || std::find(entry.rules.begin(), entry.rules.end(), rule) != entry.rules.end();
    return same(kind, entry.kind) && same(job, entry.job) && same(crossing, entry.crossing) &&
           same(who, entry.who) && same(peer, entry.peer) && same(decision, entry.decision) &&
           same(direction, entry.direction) && same(item_digest, entry.item_digest) && by_rule &&
           (!since || entry.time >= *since) && (!until || entry.time < *until);
  }
};

Result<std::optional<Instant>> time_query(const Query& query, const char* name) {
  const std::string text = query.get(name);
  if (text.empty()) return std::optional<Instant>();
  const auto time = parse_rfc3339(text);
  if (!time) {
    return fail(ErrorCode::kUsage, "parameter " + std::string(name), "is no time",
                "such as 2026-11-23T00:00:00Z");
  }
  return time;
}

Result<Filter> read_filter(const Query& query) {
  Filter filter;
  const std::pair<const char*, std::string*> texts[] = {{"kind", &filter.kind},
                                                        {"job", &filter.job},
                                                        {"crossing", &filter.crossing},
                                                        {"who", &filter.who},
                                                        {"peer", &filter.peer},
                                                        {"decision", &filter.decision},
                                                        {"direction", &filter.direction},
                                                        {"rule", &filter.rule},
                                                        {"item_digest", &filter.item_digest}};
  for (const auto& [name, into] : texts) *into = query.get(name);
  const auto since = time_query(query, "since");
  if (!since) return fail(since.error());
  const auto until = time_query(query, "until");
  if (!until) return fail(until.error());
  filter.since = *since;
  filter.until = *until;
  return filter;
}

constexpr size_t kBatch = 512;

struct Hit {
  uint64_t index = 0;
  std::string text;
  ledger::Entry entry;
};

struct Page {
  std::vector<Hit> hits;
  std::optional<uint64_t> next;  // first entry that was not looked at, in the order asked for
  uint64_t size = 0;
  std::optional<Error> error;
};

// Looks at entries in order until the page is full or enough was looked at. `cursor`: where to begin.
Page scan(io::LedgerFiles& log, const Filter& filter, bool descending, std::optional<uint64_t> cursor,
          size_t hits_max, size_t looks_max) {
  Page page;
  page.size = log.size();
  uint64_t next = descending ? std::min(cursor.value_or(page.size), page.size) : cursor.value_or(0);
  size_t looked = 0;
  const auto more = [&] { return descending ? next > 0 : next < page.size; };
  while (more()) {
    const uint64_t first = descending ? next - std::min<uint64_t>(next, kBatch) : next;
    const size_t count =
        static_cast<size_t>(descending ? next - first : std::min<uint64_t>(kBatch, page.size - next));
    auto texts = log.entries(first, count);
    if (!texts || texts->empty()) {
      page.error =
          texts ? Error{ErrorCode::kVerification, "ledger", "an entry is missing", ""} : texts.error();
      return page;
    }
    for (size_t i = 0; i < texts->size(); ++i) {
      const size_t at = descending ? texts->size() - 1 - i : i;
      if (page.hits.size() == hits_max || looked == looks_max) {
        page.next = next;
        return page;
      }
      ++looked;
      next = descending ? first + at : first + at + 1;
      auto entry = ledger::decode_entry((*texts)[at]);
      if (!entry) {
        page.error = entry.error();
        return page;
      }
      if (filter.takes(*entry)) page.hits.push_back({first + at, std::move((*texts)[at]), std::move(*entry)});
    }
  }
  return page;
}

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
  auto key = ledger::parse_vkey(log.log_vkey());
  if (!key) return fail(key.error());
  head.log_keys.push_back(std::move(*key));
  if (const std::string witness = log.witness_vkey(); !witness.empty()) {
    auto parsed = ledger::parse_vkey(witness);
    if (!parsed) return fail(parsed.error());
    head.witness_keys.push_back(std::move(*parsed));
  }
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

Result<std::string> evidence(io::LedgerFiles& log, const Filter& filter) {
  const Page page = scan(log, filter, false, std::nullopt, limits::kAuditExportEntriesMax, SIZE_MAX);
  if (page.error) return fail(*page.error);
  if (page.next) {
    return fail(ErrorCode::kUsage, "export",
                "more than " + std::to_string(limits::kAuditExportEntriesMax) + " entries match",
                "narrow it with since, until, job or kind");
  }
  const auto head = published_head(log, page.size);
  if (!head) return fail(head.error());
  ledger::TileReader tiles(head->checkpoint.checkpoint.size, log.reader());
  ledger::EvidenceWriter writer;
  std::string out = writer.begin(head->note, head->log_keys, head->witness_keys);
  for (const Hit& hit : page.hits) {
    const auto proof = prove(tiles, *head, hit.index, hit.text);
    if (!proof) return fail(proof.error());
    out += writer.add(hit.index, hit.text, *proof);
  }
  return out + writer.end();
}

}  // namespace

io::Awaitable<io::HttpResponse> search_audit(const Context& c) {
  const auto filter = read_filter(c.query);
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
  Page page;
  auto work = [&] {
    page = scan(c.backend.ledger(), *filter, order != "asc", begin, static_cast<size_t>(*limit),
                limits::kAuditScanEntriesMax);
  };
  co_await c.backend.offload(work);
  if (page.error) co_return problem(500, *page.error);
  json::object out;
  out["size"] = page.size;
  json::array entries;
  for (const Hit& hit : page.hits) entries.push_back(to_json(hit.entry));
  out["entries"] = std::move(entries);
  if (page.next) out["next_cursor"] = std::to_string(*page.next);
  co_return json_answer(out);
}

io::Awaitable<io::HttpResponse> get_audit_entry(const Context& c) {
  const std::string& text = c.at("sequence");
  const bool digits = !text.empty() && text.size() <= 15 &&
                      std::all_of(text.begin(), text.end(), [](char ch) { return ch >= '0' && ch <= '9'; });
  if (!digits) co_return no_such("entry", text, "entries have numbers from 0");
  const uint64_t sequence = std::stoull(text);
  std::optional<Result<json::object>> found;
  co_await c.backend.settled();
  auto work = [&] { found = entry_with_proof(c.backend.ledger(), sequence); };
  co_await c.backend.offload(work);
  if (!*found) co_return problem(found->error());
  co_return json_answer(**found);
}

io::Awaitable<io::HttpResponse> export_audit(const Context& c) {
  const auto filter = read_filter(c.query);
  if (!filter) co_return problem(filter.error());
  std::optional<Result<std::string>> made;
  co_await c.backend.settled();
  auto work = [&] { made = evidence(c.backend.ledger(), *filter); };
  co_await c.backend.offload(work);
  if (!*made) co_return problem(made->error());
  io::HttpResponse response = text_answer(std::move(**made), 200, "application/jsonl");
  response.headers.set("Content-Disposition",
                       "attachment; filename=\"" + c.backend.core().config().region + ".evidence\"");
  co_return response;
}

io::Awaitable<io::HttpResponse> log_file(const Context& c) {
  std::string path = c.at("path");
  // Both spellings of entry bundles are served: the C2SP one, and /log/entries/…
  if (path.starts_with("entries/")) path = "tile/" + path;
  std::optional<Result<Bytes>> found;
  auto work = [&] { found = c.backend.ledger().file(path); };
  co_await c.backend.offload(work);
  if (!*found)
    co_return found->error().code == ErrorCode::kNotFound ? plain_not_found() : problem(found->error());
  const bool moves = path == "checkpoint";
  io::HttpResponse response =
      text_answer(std::string(as_text(**found)), 200,
                  path.starts_with("tile/") ? "application/octet-stream" : "text/plain; charset=utf-8");
  // A tile never changes; a partial one is followed by another path.
  response.headers.set("Cache-Control", moves ? "no-cache" : "private, max-age=31536000, immutable");
  co_return response;
}

}  // namespace hetao::api
