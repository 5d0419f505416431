#include "gateway/io/item_masker.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/federation/item.h"
#include "gateway/inspection/kinds.h"
#include "gateway/io/durable_file.h"

namespace hetao::io {

namespace {

using inspection::Category;
using inspection::Finding;
using inspection::Report;
using inspection::Span;

constexpr size_t kPieceBytes = size_t{1} << 20U;

bool is_named(const std::vector<std::string>& kinds, const std::string& kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

// Formats and markings are no numbers that could be overwritten.
bool can_be_masked(const ItemInspector& inspector, const std::string& name) {
  const auto kind = inspection::kind_named(name);
  if (!kind) return inspector.has_pattern(name);
  const Category category = inspection::facts_of(*kind).category;
  return category != Category::kGenomic && category != Category::kHealth && category != Category::kMarking &&
         category != Category::kExecutable && category != Category::kCustom && name != "private_key_pem";
}

// Why a file is not text that can be masked where it stands; empty: it is.
std::string unfit(const Report& report, const std::vector<std::string>& kinds) {
  if (!report.coverage.full()) return "it can't be read fully";
  for (const inspection::Format& format : report.formats) {
    if (!format.path.empty() || format.what != "table") return "it is no plain text but " + format.name;
  }
  for (const Finding& finding : report.findings) {
    if (is_named(kinds, finding.kind) && !finding.path.empty())
      return "what is to be masked is encoded in it";
  }
  return {};
}

bool finds(const Report& report, const std::vector<std::string>& kinds) {
  return std::any_of(report.findings.begin(), report.findings.end(),
                     [&kinds](const Finding& finding) { return is_named(kinds, finding.kind); });
}

// Separators stay, so that the text keeps its shape.
uint8_t masked(uint8_t c) {
  constexpr std::string_view kKept = " \t\r\n-()/,;\"'";
  return kKept.find(static_cast<char>(c)) != std::string_view::npos ? c : uint8_t{'*'};
}

// Spans are sorted by their beginnings; `next` is the first that may reach into this piece.
void mask_piece(Bytes& piece, uint64_t offset, const std::vector<Span>& spans, size_t& next) {
  for (size_t i = next; i < spans.size() && spans[i].begin < offset + piece.size(); ++i) {
    const uint64_t from = std::max(spans[i].begin, offset);
    const uint64_t to = std::min<uint64_t>(spans[i].end, offset + piece.size());
    for (uint64_t at = from; at < to; ++at) piece[at - offset] = masked(piece[at - offset]);
    if (i == next && spans[i].end <= offset + piece.size()) ++next;
  }
}

Result<void> copy_masked(const std::string& from, int to, const std::string& to_path,
                         const std::vector<Span>& spans) {
  const auto in = open_file(from, O_RDONLY);
  if (!in) return fail(in.error());
  size_t next = 0;
  Bytes piece;
  for (uint64_t offset = 0;; offset += piece.size()) {
    piece.resize(kPieceBytes);
    const ssize_t size = ::pread(in->get(), piece.data(), piece.size(), static_cast<off_t>(offset));
    if (size < 0) return fail_errno(from, "can't be read");
    if (size == 0) return {};
    piece.resize(static_cast<size_t>(size));
    mask_piece(piece, offset, spans, next);
    if (auto written = write_all(to, piece, to_path); !written) return written;
  }
}

Result<StoredBlob> masked_blob(BlobStore& blobs, const std::string& digest, const std::vector<Span>& spans) {
  const auto path = blobs.path_of(digest);
  if (!path) return fail(path.error());
  const std::string temporary = blobs.another_partial_path();
  auto out = open_file(temporary, O_RDWR | O_CREAT | O_EXCL);
  if (!out) return fail(out.error());
  auto copied = copy_masked(*path, out->get(), temporary, spans);
  ::unlink(temporary.c_str());
  if (!copied) return fail(copied.error());
  if (::lseek(out->get(), 0, SEEK_SET) != 0) return fail_errno(temporary, "can't be read again");
  return blobs.ingest_file(out->get(), "masked copy");
}

Result<void> mask_file(ItemInspector& inspector, BlobStore& blobs, pb::ItemFile& file,
                       const std::vector<std::string>& kinds) {
  const std::string what = file.path().empty() ? std::string("the item") : file.path();
  const auto report = inspector.blob_with_spans(blobs, file.digest(), kinds);
  if (!report) return fail(ErrorCode::kFailed, what, "can't be read");
  if (!finds(*report, kinds) && report->coverage.full()) return {};
  if (const std::string why = unfit(*report, kinds); !why.empty())
    return fail(ErrorCode::kFailed, what, "can't be masked: " + why);
  const auto stored = masked_blob(blobs, file.digest(), report->spans);
  if (!stored) return fail(stored.error());
  const auto again = inspector.blob_with_spans(blobs, stored->digest, kinds);
  if (!again || finds(*again, kinds) || !again->coverage.full())
    return fail(ErrorCode::kFailed, what, "can't be masked: after masking, something is still found in it");
  file.set_digest(stored->digest);
  file.set_bytes(static_cast<int64_t>(stored->bytes));
  return {};
}

}  // namespace

Result<pb::Item> masked_copy(ItemInspector& inspector, BlobStore& blobs, const pb::Item& item,
                             const std::vector<std::string>& kinds) {
  for (const std::string& kind : kinds) {
    if (!can_be_masked(inspector, kind))
      return fail(ErrorCode::kFailed, "kind '" + printable(kind) + "'", "is none that can be masked");
  }
  if (finds(inspector.names(item), kinds))
    return fail(ErrorCode::kFailed, "the item", "can't be masked: it stands in the names of its files");
  pb::Item copy = item;
  for (pb::ItemFile& file : *copy.mutable_files()) {
    if (auto made = mask_file(inspector, blobs, file, kinds); !made) return fail(made.error());
  }
  federation::seal_item(copy);
  return copy;
}

}  // namespace hetao::io
