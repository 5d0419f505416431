#include "gateway/api/audit_export.h"

#include <algorithm>
#include <memory>
#include <set>

#include "gateway/io/durable_file.h"
#include "gateway/ledger/evidence.h"
#include "gateway/ledger/render.h"
#include "gateway/ledger/tiles.h"

namespace hetao::api {

namespace {

constexpr size_t kPolicyBytesMax = size_t{16} << 20U;
constexpr size_t kBatch = 512;                        // entries of a piece
constexpr size_t kPieceBytesMin = size_t{64} << 10U;  // but the last one
constexpr std::string_view kAllFormats[] = {"evidence", "csv", "jsonl", "ocsf", "html"};

// The hits of a query below a size of the ledger, a batch at a time.
class Hits {
 public:
  Hits(const io::LedgerIndex& index, ledger::EntryQuery query, uint64_t below)
      : index_(index), query_(std::move(query)), below_(below) {}
  bool at_end() const { return !cursor_ || *cursor_ >= below_; }
  Result<std::vector<io::IndexHit>> next() {
    io::IndexPage page = index_.search(query_, false, cursor_, kBatch, SIZE_MAX);
    if (page.error) return fail(*page.error);
    cursor_ = page.next;
    std::erase_if(page.hits, [this](const io::IndexHit& hit) { return hit.index >= below_; });
    return std::move(page.hits);
  }

 private:
  const io::LedgerIndex& index_;
  ledger::EntryQuery query_;
  uint64_t below_;
  std::optional<uint64_t> cursor_ = 0;
};

// What a format makes of the entries.
class Form {
 public:
  virtual ~Form() = default;
  virtual Result<std::string> begin() { return std::string(); }
  virtual Result<std::string> row(const io::IndexHit& hit) = 0;
  virtual std::string end() { return {}; }
};

class Evidence : public Form {
 public:
  Evidence(io::LedgerFiles& ledger, std::string note, ledger::Checkpoint head, Hits hits,
           std::string policies)
      : ledger_(ledger),
        note_(std::move(note)),
        head_(std::move(head)),
        all_(std::move(hits)),
        policies_(std::move(policies)),
        tiles_(head_.size, ledger.reader()) {}

  Result<std::string> begin() override {
    std::string out = writer_.begin(note_, ledger_.log_keys(), ledger_.witness_keys());
    const auto digests = policies_that_decided();
    if (!digests) return fail(digests.error());
    for (const std::string& digest : *digests) {
      const auto text = io::read_text(policies_ + "/" + digest, kPolicyBytesMax);
      if (text) out += writer_.attach("policy/" + digest, *text);  // others are of before they were kept
    }
    return out;
  }
  Result<std::string> row(const io::IndexHit& hit) override {
    const auto proof = ledger::prove_inclusion(tiles_, hit.index, head_.size,
                                               ledger::leaf_hash(as_bytes(hit.text)), head_.root);
    if (!proof) return fail(proof.error());
    return writer_.add(hit.index, hit.text, *proof);
  }
  std::string end() override { return writer_.end(); }

 private:
  // A policy's digest in the entries is the SHA-256 of its text.
  Result<std::set<std::string>> policies_that_decided() {
    std::set<std::string> digests;
    while (!all_.at_end()) {
      const auto hits = all_.next();
      if (!hits) return fail(hits.error());
      for (const io::IndexHit& hit : *hits)
        if (!hit.entry.policy_digest.empty()) digests.insert(hit.entry.policy_digest);
    }
    return digests;
  }

  io::LedgerFiles& ledger_;
  std::string note_;
  ledger::Checkpoint head_;
  Hits all_;
  std::string policies_;
  ledger::TileReader tiles_;
  ledger::EvidenceWriter writer_;
};

class Rows : public Form {
 public:
  Rows(ExportOrder order, std::string note) : order_(std::move(order)), note_(std::move(note)) {}

  Result<std::string> begin() override {
    if (order_.format == "csv") return ledger::csv_heading();
    return order_.format == "html" ? ledger::html_heading(order_.title, order_.origin, note_) : std::string();
  }
  Result<std::string> row(const io::IndexHit& hit) override {
    ++rows_;
    if (order_.format == "jsonl") return hit.text + "\n";
    const ledger::Rendered row{hit.entry, order_.origin, ledger::leaf_hash(as_bytes(hit.text))};
    if (order_.format == "csv") return ledger::csv_row(row);
    return order_.format == "html" ? ledger::html_row(row) : ledger::ocsf_json(row) + "\n";
  }
  std::string end() override { return order_.format == "html" ? ledger::html_end(rows_) : std::string(); }

 private:
  ExportOrder order_;
  std::string note_;
  uint64_t rows_ = 0;
};

class Export {
 public:
  Export(std::unique_ptr<Form> form, Hits hits) : form_(std::move(form)), hits_(std::move(hits)) {}

  Result<std::string> next() {
    std::string piece;
    if (!begun_) {
      begun_ = true;
      auto head = form_->begin();
      if (!head) return head;
      piece = std::move(*head);
    }
    while (!hits_.at_end() && piece.size() < kPieceBytesMin) {
      const auto hits = hits_.next();
      if (!hits) return fail(hits.error());
      for (const io::IndexHit& hit : *hits) {
        const auto row = form_->row(hit);
        if (!row) return row;
        piece += *row;
      }
    }
    if (hits_.at_end() && !ended_) {
      ended_ = true;
      piece += form_->end();
    }
    return piece;
  }

 private:
  std::unique_ptr<Form> form_;
  Hits hits_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace

bool is_export_format(std::string_view word) {
  return std::find(std::begin(kAllFormats), std::end(kAllFormats), word) != std::end(kAllFormats);
}

const char* content_type_of(std::string_view format) {
  if (format == "csv") return "text/csv; charset=utf-8";
  return format == "html" ? "text/html; charset=utf-8" : "application/jsonl";
}

Result<ExportPieces> export_entries(io::LedgerFiles& ledger, const io::LedgerIndex& index,
                                    ledger::EntryQuery query, ExportOrder order) {
  std::string note = ledger.checkpoint();
  auto head = ledger::open_checkpoint(note, ledger.log_keys(), ledger.witness_keys());
  if (!head) return fail(head.error());
  Hits hits(index, std::move(query), head->checkpoint.size);
  std::unique_ptr<Form> form;
  if (order.format == "evidence")
    form = std::make_unique<Evidence>(ledger, std::move(note), std::move(head->checkpoint), hits,
                                      std::move(order.policies));
  else
    form = std::make_unique<Rows>(std::move(order), std::move(note));
  const auto made = std::make_shared<Export>(std::move(form), std::move(hits));
  return ExportPieces([made] { return made->next(); });
}

}  // namespace hetao::api
