#include "gateway/api/audit_export.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "gateway/api/problem.h"
#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"
#include "gateway/ledger/evidence.h"
#include "gateway/ledger/render.h"
#include "gateway/ledger/tiles.h"

namespace hetao::api {

namespace {

constexpr size_t kInMemoryMax = size_t{8} << 20U;
constexpr size_t kPolicyBytesMax = size_t{16} << 20U;
constexpr size_t kBatch = 1'024;

// The file goes when the answer that refers to it is gone.
struct TemporaryFile {
  explicit TemporaryFile(std::string p) : path(std::move(p)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path.c_str()); }
  const std::string path;
};

// Small exports stay in memory, large ones go to a file.
class Spool {
 public:
  explicit Spool(std::string folder) : folder_(std::move(folder)) {}
  Result<void> add(std::string_view piece) {
    bytes_ += piece.size();
    held_ += piece;
    return held_.size() > kInMemoryMax ? spill() : Result<void>();
  }
  Result<io::HttpResponse> answer(const char* type) {
    if (!file_) return text_answer(std::move(held_), 200, type);
    if (auto spilt = spill(); !spilt) return fail(spilt.error());
    io::HttpResponse response = text_answer("", 200, type);
    response.file = io::FileRange{owner_->path, 0, bytes_, owner_};
    return response;
  }

 private:
  Result<void> spill() {
    if (!file_) {
      if (auto made = io::make_folders(folder_); !made) return made;
      owner_ = std::make_shared<TemporaryFile>(io::temporary_name(folder_));
      auto opened = io::open_file(owner_->path, O_WRONLY | O_CREAT | O_EXCL);
      if (!opened) return fail(opened.error());
      file_ = std::move(*opened);
    }
    auto written = io::write_all(file_.get(), as_bytes(held_), owner_->path);
    held_.clear();
    return written;
  }

  std::string folder_;
  std::string held_;
  uint64_t bytes_ = 0;
  std::shared_ptr<TemporaryFile> owner_;
  io::Descriptor file_;
};

using OnHit = std::function<Result<void>(const io::IndexHit&)>;

Result<void> each(const io::LedgerIndex& index, const ledger::EntryQuery& query, uint64_t below,
                  const OnHit& take) {
  std::optional<uint64_t> cursor = 0;
  while (cursor) {
    const io::IndexPage page = index.search(query, false, cursor, kBatch, SIZE_MAX);
    if (page.error) return fail(*page.error);
    for (const io::IndexHit& hit : page.hits) {
      if (hit.index >= below) return {};
      if (auto taken = take(hit); !taken) return taken;
    }
    cursor = page.next;
  }
  return {};
}

struct Head {
  std::string note;
  ledger::SignedCheckpoint checkpoint;
};

Result<Head> published(io::LedgerFiles& ledger) {
  Head head;
  head.note = ledger.checkpoint();
  auto opened = ledger::open_checkpoint(head.note, ledger.log_keys(), ledger.witness_keys());
  if (!opened) return fail(opened.error());
  head.checkpoint = std::move(*opened);
  return head;
}

// The texts of the policies that decided: a policy's digest in the entries is the SHA-256 of its text.
Result<void> attach_policies(const io::LedgerIndex& index, const ledger::EntryQuery& query, uint64_t below,
                             const std::string& folder, ledger::EvidenceWriter& writer, Spool& out) {
  std::set<std::string> digests;
  auto found = each(index, query, below, [&](const io::IndexHit& hit) -> Result<void> {
    if (!hit.entry.policy_digest.empty()) digests.insert(hit.entry.policy_digest);
    return {};
  });
  if (!found) return found;
  for (const std::string& digest : digests) {
    const auto text = io::read_text(folder + "/" + digest, kPolicyBytesMax);
    if (!text) continue;  // of before this version kept them
    if (auto added = out.add(writer.attach("policy/" + digest, *text)); !added) return added;
  }
  return {};
}

Result<io::HttpResponse> evidence(io::LedgerFiles& ledger, const io::LedgerIndex& index,
                                  const ledger::EntryQuery& query, const ExportOrder& order,
                                  uint64_t& matched) {
  const auto head = published(ledger);
  if (!head) return fail(head.error());
  const ledger::Checkpoint& at = head->checkpoint.checkpoint;
  ledger::TileReader tiles(at.size, ledger.reader());
  ledger::EvidenceWriter writer;
  Spool out(order.folder);
  if (auto begun = out.add(writer.begin(head->note, ledger.log_keys(), ledger.witness_keys())); !begun)
    return fail(begun.error());
  if (auto attached = attach_policies(index, query, at.size, order.policies, writer, out); !attached)
    return fail(attached.error());
  auto done = each(index, query, at.size, [&](const io::IndexHit& hit) -> Result<void> {
    const auto proof =
        ledger::prove_inclusion(tiles, hit.index, at.size, ledger::leaf_hash(as_bytes(hit.text)), at.root);
    if (!proof) return fail(proof.error());
    ++matched;
    return out.add(writer.add(hit.index, hit.text, *proof));
  });
  if (!done) return fail(done.error());
  if (auto ended = out.add(writer.end()); !ended) return fail(ended.error());
  return out.answer("application/jsonl");
}

Result<io::HttpResponse> rows(io::LedgerFiles& ledger, const io::LedgerIndex& index,
                              const ledger::EntryQuery& query, const ExportOrder& order, uint64_t& matched) {
  const auto head = published(ledger);
  if (!head) return fail(head.error());
  Spool out(order.folder);
  Result<void> done;
  if (order.format == "csv") done = out.add(ledger::csv_heading());
  if (order.format == "html") done = out.add(ledger::html_heading(order.title, order.origin, head->note));
  if (done) {
    done = each(index, query, head->checkpoint.checkpoint.size, [&](const io::IndexHit& hit) {
      ++matched;
      if (order.format == "jsonl") return out.add(hit.text + "\n");
      const ledger::Rendered row{hit.entry, order.origin, ledger::leaf_hash(as_bytes(hit.text))};
      if (order.format == "csv") return out.add(ledger::csv_row(row));
      return out.add(order.format == "html" ? ledger::html_row(row) : ledger::ocsf_json(row) + "\n");
    });
  }
  if (done && order.format == "html") done = out.add(ledger::html_end(matched));
  if (!done) return fail(done.error());
  return out.answer(order.format == "csv"    ? "text/csv; charset=utf-8"
                    : order.format == "html" ? "text/html; charset=utf-8"
                                             : "application/jsonl");
}

}  // namespace

bool is_export_format(std::string_view word) {
  static constexpr std::string_view kAll[] = {"evidence", "csv", "jsonl", "ocsf", "html"};
  return std::find(std::begin(kAll), std::end(kAll), word) != std::end(kAll);
}

Result<io::HttpResponse> export_entries(io::LedgerFiles& ledger, const io::LedgerIndex& index,
                                        const ledger::EntryQuery& query, const ExportOrder& order,
                                        uint64_t& matched) {
  return order.format == "evidence" ? evidence(ledger, index, query, order, matched)
                                    : rows(ledger, index, query, order, matched);
}

}  // namespace hetao::api
