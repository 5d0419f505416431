#include "gateway/inspection/scan/window_scan.h"

#include <algorithm>
#include <cstring>

#include "gateway/base/text.h"

namespace hetao::inspection {

namespace {

constexpr size_t kWordsBeforeBytes = 96;
constexpr size_t kWordsBehindBytes = 40;
constexpr size_t kExcerptSideBytes = 24;
// So many letters, digits and signs in a block make it no running text: base64, perhaps.
constexpr int kDenseBytesMin = 58;
constexpr size_t kEncodedAheadBytes = 128;
// Control characters that a window of text may hold (a stray one in a log): with more it is binary.
constexpr uint64_t kControlsMax = 2;

}  // namespace

WindowScan::WindowScan(const Window& window, const Shape& shape, const ScanOptions& options, Tally& tally,
                       std::vector<Embedded>* embedded, const View* view, int depth)
    : window_(window),
      shape_(shape),
      options_(options),
      tally_(tally),
      embedded_(embedded),
      view_(view),
      depth_(depth),
      text_(window.text),
      words_(window.text) {}

// Where the line began that the window begins in, and how many columns of it are past. A line that began
// further back than a window can see has none.
void WindowScan::find_line(size_t begin) {
  const size_t line = window_.from == 0 ? std::string_view::npos : text_.rfind('\n', window_.from - 1);
  const bool seen = line != std::string_view::npos || window_.from == 0;
  line_begin_ = line != std::string_view::npos ? line + 1 : seen ? 0 : std::string_view::npos;
  column_ = seen ? 0 : kColumnsMax - 1;
  cursor_ = begin;
  if (!seen) return;
  cursor_ = std::max(begin, line_begin_);
  const auto at = [this](size_t i) { return text_.begin() + static_cast<ptrdiff_t>(i); };
  column_ = static_cast<size_t>(std::count(at(line_begin_), at(cursor_), shape_.separator));
}

void WindowScan::run() {
  const MaskEngine& engine = options_.engine != nullptr ? *options_.engine : mask_engine();
  const size_t begin = window_.from - std::min(window_.from, kBlockBytes);
  if (shape_.table) find_line(begin);
  MaskCarry carry;
  const auto* text = reinterpret_cast<const uint8_t*>(text_.data());
  // A little further than what counts: encoded text may begin in this window and show what it is in the next.
  const size_t last = std::min(window_.until + kEncodedAheadBytes, text_.size());
  for (size_t at = begin; at < last; at += kStrideBytes) {
    const size_t left = std::min(last - at, kStrideBytes);
    stride_begin_ = at;
    stride_blocks_ = (left + kBlockBytes - 1) / kBlockBytes;
    engine.find(text + at, stride_blocks_, static_cast<uint8_t>(shape_.separator), carry, masks_);
    stride(at, stride_blocks_);
  }
  if ((!folds_.empty() || shape_.markup) && depth_ < 3) scan_folded();
  if (view_ == nullptr) tally_.seen(lines_, controls_ > kControlsMax);
}

// Bits of a block's bytes that this window counts.
uint64_t WindowScan::counted_bits(size_t base) const {
  if (base >= window_.until || base + kBlockBytes <= window_.from) return 0;
  uint64_t keep = ~uint64_t{0};
  if (base < window_.from) keep <<= window_.from - base;
  if (base + kBlockBytes > window_.until) keep &= (uint64_t{1} << (window_.until - base)) - 1;
  return keep;
}

void WindowScan::stride(size_t begin, size_t blocks) {
  uint64_t lines = 0;
  uint64_t controls = 0;
  for (size_t b = 0; b < blocks; ++b) {
    const BlockMasks& m = masks_[b];
    const size_t base = begin + b * kBlockBytes;
    for (uint64_t folds = m.fold; folds != 0; folds &= folds - 1)
      note_fold(base + static_cast<size_t>(__builtin_ctzll(folds)));
    lines += static_cast<uint64_t>(__builtin_popcountll(m.line & counted_bits(base)));
    controls += static_cast<uint64_t>(__builtin_popcountll(m.control & counted_bits(base)));
    const bool dense = __builtin_popcountll(m.word | m.digit) >= kDenseBytesMin;
    if (dense && embedded_ != nullptr) on_dense(base, ~(m.word | m.digit));
    dense_before_ = dense;
    uint64_t runs = m.run;
    uint64_t marks = m.mark;
    if (base < window_.from) {
      const size_t skip = window_.from - base;
      const uint64_t keep = skip >= 64 ? 0 : ~uint64_t{0} << skip;
      runs &= keep;
      marks &= keep;
    }
    for (; runs != 0; runs &= runs - 1) {
      const size_t pos = base + static_cast<size_t>(__builtin_ctzll(runs));
      if (pos < text_.size()) on_run(pos);
    }
    for (; marks != 0; marks &= marks - 1) {
      const size_t pos = base + static_cast<size_t>(__builtin_ctzll(marks));
      if (pos < text_.size()) on_mark(pos);
    }
  }
  lines_ += lines;
  controls_ += controls;
}

// Separators between the cursor and `pos`, by the stride's masks where it has them.
size_t WindowScan::column_at(size_t pos) {
  if (!shape_.table) return 0;
  if (pos < cursor_) return std::min(column_, kColumnsMax - 1);
  cursor_ = std::max(cursor_, std::min(stride_begin_, pos));
  while (cursor_ < pos) {
    const size_t block = (cursor_ - stride_begin_) / kBlockBytes;
    if (block >= stride_blocks_) break;
    const size_t base = stride_begin_ + block * kBlockBytes;
    const size_t end = std::min(pos, base + kBlockBytes);
    uint64_t keep = ~uint64_t{0} << (cursor_ - base);
    if (end - base < kBlockBytes) keep &= (uint64_t{1} << (end - base)) - 1;
    const uint64_t lines = masks_[block].line & keep;
    uint64_t separators = masks_[block].separator & keep;
    if (lines != 0) {
      const auto last = static_cast<unsigned>(63 - __builtin_clzll(lines));
      line_begin_ = base + last + 1;
      separators &= last == 63 ? 0 : ~uint64_t{0} << (last + 1);
      column_ = 0;
    }
    column_ += static_cast<size_t>(__builtin_popcountll(separators));
    cursor_ = end;
  }
  return std::min(column_, kColumnsMax - 1);
}

uint32_t WindowScan::words_near(size_t begin, size_t end) {
  size_t from = begin - std::min(begin, kWordsBeforeBytes);
  size_t until = std::min(end + kWordsBehindBytes, text_.size());
  if (!shape_.table || view_ != nullptr) return words_.near(from, until);
  // In a table a word speaks for its own line, and a heading for its column.
  const size_t column = column_at(begin);
  if (line_begin_ != std::string_view::npos) from = std::max(from, std::min(line_begin_, begin));
  if (const void* line = std::memchr(text_.data() + end, '\n', until - end); line != nullptr)
    until = static_cast<size_t>(static_cast<const char*>(line) - text_.data());
  return words_.near(from, until) | shape_.words_of(column);
}

void WindowScan::report(Kind kind, size_t begin, size_t end, bool words) {
  size_t place = begin;
  if (view_ != nullptr) {
    place = view_->from[begin];
    const auto from = view_->changed.begin() + static_cast<ptrdiff_t>(begin);
    const auto to = view_->changed.begin() + static_cast<ptrdiff_t>(std::min(end, view_->changed.size()));
    if (std::find(from, to, 1) == to) return;  // counted where it stands plain
  }
  Tally::Hit hit;
  hit.kind = kind;
  hit.offset = window_.offset + place;
  hit.column = view_ != nullptr ? 0 : column_at(begin);
  hit.words = words;
  if (view_ != nullptr && view_->encoding == 0) return tally_.encoded(hit, masked_excerpt(begin, end));
  if (tally_.hit(hit)) tally_.excerpt(hit, masked_excerpt(begin, end));
}

bool WindowScan::weigh(Kind kind, Fit fit, size_t begin, size_t end) {
  if (fit == Fit::kNo) return false;
  if (fit == Fit::kForm) {
    if (view_ == nullptr) tally_.form(kind, column_at(begin));
    return false;
  }
  // Words cost a look around; a column of ten thousand numbers needs no more of them than it has.
  const uint32_t wanted = facts_of(kind).words;
  report(kind, begin, end, wanted != 0 && (words_near(begin, end) & wanted) != 0);
  return true;
}

void WindowScan::weigh_with_words(Kind kind, size_t begin, size_t end) {
  if ((words_near(begin, end) & facts_of(kind).words) != 0) report(kind, begin, end, true);
}

// What stands around an identifier, for a reviewer: every digit and every letter of the identifier but its
// first is masked, and all other digits, because a neighbour may be an identifier too.
std::string WindowScan::masked_excerpt(size_t begin, size_t end) const {
  const size_t from = begin - std::min(begin, kExcerptSideBytes);
  const size_t until = std::min(end + kExcerptSideBytes / 2, text_.size());
  std::string shown;
  for (size_t i = from; i < until; ++i) {
    const char c = text_[i];
    const bool inside = i >= begin && i < end;
    if (i == begin) shown += '[';
    if (is_digit(c) || (inside && i != begin && (is_letter(c) || is_high(c)))) {
      shown += '*';
    } else {
      shown += c;
    }
    if (i + 1 == end) shown += ']';
  }
  return readable(shown, 200);
}

void scan_window(const Window& window, const Shape& shape, const ScanOptions& options, Tally& tally,
                 std::vector<Embedded>& embedded) {
  WindowScan(window, shape, options, tally, &embedded, nullptr, 0).run();
}

}  // namespace hetao::inspection
