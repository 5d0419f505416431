#include "gateway/inspection/scan/window_scan.h"

#include <algorithm>
#include <cstring>

#include "gateway/base/text.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kWordsBeforeBytes = 96;
constexpr size_t kWordsBehindBytes = 40;
constexpr size_t kIdentifierBytesMax = 512;
constexpr size_t kViewEndBytes = 32;
constexpr size_t kExcerptSideBytes = 24;
constexpr size_t kWordBytesMax = 24;  // longer ones are keys, or packed
constexpr size_t kEncodedAheadBytes = 128;
constexpr size_t kReportedOfWindow = 64;  // and more where there are more

// Of a block that begins at `base`: the bits of its bytes in [from, until).
uint64_t bits_within(size_t base, size_t from, size_t until) {
  if (base >= until || base + kBlockBytes <= from) return 0;
  uint64_t bits = ~uint64_t{0};
  if (base < from) bits <<= from - base;
  if (base + kBlockBytes > until) bits &= (uint64_t{1} << (until - base)) - 1;
  return bits;
}

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
      words_(window.text),
      engine_(options.engine != nullptr ? *options.engine : mask_engine()) {}

// Where the line began that the window begins in, and how many columns of it are past. A line that began
// further back than a window can see has none.
void WindowScan::find_line(size_t begin) {
  const size_t line = window_.from == 0 ? std::string_view::npos : text_.rfind('\n', window_.from - 1);
  const bool seen = line != std::string_view::npos || window_.from == 0;
  line_begin_ = line != std::string_view::npos ? line + 1 : seen ? 0 : std::string_view::npos;
  column_ = seen ? 0 : kColumnsMax - 1;
  // A line that begins behind `begin` is seen by the stride itself.
  if (!seen || line_begin_ >= begin) return;
  const auto at = [this](size_t i) { return text_.begin() + static_cast<ptrdiff_t>(i); };
  column_ = static_cast<uint32_t>(std::count(at(line_begin_), at(begin), shape_.separator));
}

// What the next stride begins in.
void WindowScan::pass_lines() {
  column_ = columns_[stride_blocks_];
  for (size_t b = stride_blocks_; b > 0; --b) {
    const uint64_t lines = stride_.line[b - 1];
    if (lines == 0) continue;
    line_begin_ = stride_begin_ + b * kBlockBytes - static_cast<size_t>(__builtin_clzll(lines));
    return;
  }
}

void WindowScan::run() {
  const size_t begin = window_.from - std::min(window_.from, kBlockBytes);
  if (shape_.table) find_line(begin);
  if (view_ == nullptr) reported_.reserve(kReportedOfWindow);
  MaskCarry carry;
  const auto* text = reinterpret_cast<const uint8_t*>(text_.data());
  // A little further than what counts: encoded text may begin in this window and show what it is in the next.
  const size_t last = std::min(window_.until + kEncodedAheadBytes, text_.size());
  for (size_t at = begin; at < last; at += kStrideBytes) {
    const size_t left = std::min(last - at, kStrideBytes);
    stride_begin_ = at;
    stride_blocks_ = (left + kBlockBytes - 1) / kBlockBytes;
    engine_.find(text + at, stride_blocks_, shape_.table ? static_cast<uint8_t>(shape_.separator) : 0, carry,
                 stride_);
    if (shape_.table) engine_.numbers->count_columns(stride_, stride_blocks_, column_, columns_);
    on_stride();
    if (shape_.table) pass_lines();
  }
  if ((!folds_.empty() || shape_.markup) && depth_ < kViewDepthMax) scan_folded();
  if (view_ == nullptr) tally_.seen(lines_, controls_ > kControlsMax);
}

// Bits of a block's bytes that this window counts.
uint64_t WindowScan::counted_bits(size_t base) const {
  return bits_within(base, window_.from, window_.until);
}

void WindowScan::on_stride() {
  const size_t end = stride_begin_ + stride_blocks_ * kBlockBytes;
  if (stride_begin_ >= window_.from && end <= window_.until) {
    lines_ += stride_.lines;
    controls_ += stride_.controls;
  } else {
    for (size_t b = 0; b < stride_blocks_; ++b) {
      const uint64_t counted = counted_bits(stride_begin_ + b * kBlockBytes);
      lines_ += static_cast<uint64_t>(__builtin_popcountll(stride_.line[b] & counted));
      controls_ += static_cast<uint64_t>(__builtin_popcountll(stride_.control[b] & counted));
    }
  }
  if (embedded_ != nullptr) on_encoded_rows();
  judge_numbers();
  const NumberRows::Look* number = numbers_.look.data();
  const NumberRows::Look* const numbers_end = number + numbers_.looks;
  for (uint64_t busy = stride_.busy; busy != 0; busy &= busy - 1) {
    const auto block = static_cast<size_t>(__builtin_ctzll(busy));
    const size_t base = stride_begin_ + block * kBlockBytes;
    for (; number < numbers_end && number->begin < block * kBlockBytes; ++number) on_number(*number);
    for (uint64_t folds = stride_.fold[block]; folds != 0; folds &= folds - 1)
      note_fold(base + static_cast<size_t>(__builtin_ctzll(folds)));
    for (; number < numbers_end && number->begin < (block + 1) * kBlockBytes; ++number) on_number(*number);
    for (uint64_t marks = stride_.mark[block] & kept_bits(base); marks != 0; marks &= marks - 1) {
      const size_t pos = base + static_cast<size_t>(__builtin_ctzll(marks));
      if (pos < text_.size()) on_mark(pos);
    }
  }
  for (; number < numbers_end; ++number) on_number(*number);
}

// Counts those that look like something; the rest waits for on_number().
void WindowScan::judge_numbers() {
  StridePlace place;
  place.text = text_.data() + stride_begin_;
  place.blocks = stride_blocks_;
  place.before = stride_begin_;
  place.from = window_.from - std::min(window_.from, stride_begin_);
  // Behind `until` nothing is counted, so there is nothing to be known before.
  place.until = window_.until - std::min(window_.until, stride_begin_);
  place.readable = text_.size() - stride_begin_;
  place.columns = shape_.table ? &columns_ : nullptr;
  engine_.numbers->judge(place, stride_, numbers_);
  if (view_ != nullptr) return;
  for (size_t i = 0; i < numbers_.forms; ++i) {
    const NumberRows::Forms& forms = numbers_.form[i];
    tally_.forms(forms.kind, std::min<size_t>(forms.column, kColumnsMax - 1), forms.count);
  }
}

void WindowScan::on_number(const NumberRows::Look& number) {
  const size_t begin = stride_begin_ + number.begin;
  const size_t end = stride_begin_ + number.end;
  if (!number.valid) return on_run(begin, end);
  weigh_valid(number.kind, number.kind == Kind::kHkid ? begin - 1 : begin, end,
              std::min<size_t>(number.column, kColumnsMax - 1));
}

// Rows of letters and digits that may be encoded text.
void WindowScan::on_encoded_rows() {
  const auto each = [this](uint64_t blocks, auto take) {
    for (; blocks != 0; blocks &= blocks - 1) {
      const auto block = static_cast<size_t>(__builtin_ctzll(blocks));
      take(block, stride_begin_ + block * kBlockBytes);
    }
  };
  const uint64_t begins = stride_.dense & ~(stride_.dense << 1U | (dense_before_ ? 1U : 0U));
  dense_before_ = (stride_.dense >> (stride_blocks_ - 1) & 1U) != 0;
  each(stride_.loose, [this](size_t, size_t base) { on_loose_block(base); });
  each(begins, [this](size_t, size_t base) { on_dense_begin(base); });
  each(stride_.bordered, [this](size_t block, size_t base) { on_borders(base, stride_.border[block]); });
}

// Those bits of a block's bytes that do not stand before the window.
uint64_t WindowScan::kept_bits(size_t base) const {
  if (base >= window_.from) return ~uint64_t{0};
  const size_t before = window_.from - base;
  return before >= kBlockBytes ? 0 : ~uint64_t{0} << before;
}

size_t WindowScan::line_begin_at(size_t pos) const {
  if (pos < stride_begin_) return line_begin_;
  size_t block = (pos - stride_begin_) / kBlockBytes;
  const uint64_t before = (uint64_t{1} << ((pos - stride_begin_) % kBlockBytes)) - 1;
  uint64_t lines = stride_.line[block] & before;
  while (lines == 0 && block > 0) lines = stride_.line[--block];
  if (lines == 0) return line_begin_;
  return stride_begin_ + (block + 1) * kBlockBytes - static_cast<size_t>(__builtin_clzll(lines));
}

// Where words count that stand near [begin, end), and what headings say of it.
WindowScan::Near WindowScan::near(size_t begin, size_t end) const {
  Near near{begin - std::min(begin, kWordsBeforeBytes), std::min(end + kWordsBehindBytes, text_.size()), 0};
  if (view_ != nullptr && root().shape_.table) {
    const size_t line = part(near.from, begin).rfind('\n');
    if (line != std::string_view::npos) near.from += line + 1;
    near.until = std::min(near.until, text_.find('\n', end));
    near.heading = root().heading_words(view_->places()[begin]);
    return near;
  }
  if (!shape_.table) return near;
  // In a table a word speaks for its own line, and a heading for its column.
  near.heading = shape_.words_of(column_at(begin));
  const size_t line_begin = line_begin_at(begin);
  if (line_begin != std::string_view::npos) near.from = std::max(near.from, std::min(line_begin, begin));
  if (const void* line = std::memchr(text_.data() + end, '\n', near.until - end); line != nullptr)
    near.until = static_cast<size_t>(static_cast<const char*>(line) - text_.data());
  return near;
}

uint32_t WindowScan::words_near(size_t begin, size_t end) {
  const Near place = near(begin, end);
  return words_.near(place.from, place.until) | place.heading;
}

// Whether that is known at one look; false where it is not.
bool WindowScan::no_words_in(size_t from, size_t until) const {
  if (from < stride_begin_ || until > stride_begin_ + stride_blocks_ * kBlockBytes) return false;
  const size_t first = (from - stride_begin_) / kBlockBytes;
  const size_t last = (until - 1 - stride_begin_) / kBlockBytes;
  const uint64_t blocks = ~uint64_t{0} << first & ~uint64_t{0} >> (kStrideBlocks - 1 - last);
  if ((stride_.words & blocks) == 0) return true;
  uint64_t begins = 0;
  for (size_t b = first; b <= last; ++b)
    begins |= stride_.word[b] & bits_within(stride_begin_ + b * kBlockBytes, from, until);
  return begins == 0;
}

// Whether some of these words stand near: mostly right before, so there they are looked for first.
bool WindowScan::is_spoken_for(size_t begin, size_t end, size_t column, uint32_t wanted) const {
  if (wanted == 0) return false;
  // A table of numbers has none.
  if (view_ == nullptr && no_words_in(begin - std::min(begin, kWordsBeforeBytes),
                                      std::min(end + kWordsBehindBytes, text_.size())))
    return shape_.table && (shape_.words_of(column) & wanted) != 0;
  const Near place = near(begin, end);
  const size_t before = std::max(place.from, begin - std::min(begin, kRightBeforeBytes));
  return (place.heading & wanted) != 0 || has_word(text_, before, begin, wanted) ||
         has_word(text_, place.from, before, wanted) || has_word(text_, begin, place.until, wanted);
}

// The scan of the layer's own bytes.
const WindowScan& WindowScan::root() const {
  const WindowScan* scan = this;
  while (scan->outer_ != nullptr) scan = scan->outer_;
  return *scan;
}

uint32_t WindowScan::heading_words(size_t pos) const {
  if (!shape_.table || shape_.column_words.empty()) return 0;
  const std::string_view seen = part(pos - std::min(pos, kLookBehindBytes), pos);
  const size_t line = seen.rfind('\n');
  if (line == std::string_view::npos && window_.offset + pos > seen.size()) return 0;
  const std::string_view before = line == std::string_view::npos ? seen : seen.substr(line + 1);
  const auto column = static_cast<size_t>(std::count(before.begin(), before.end(), shape_.separator));
  return shape_.words_of(std::min(column, kColumnsMax - 1));
}

// What stands plain in the bytes that this is a view of is counted there. At the view's ends nothing is seen
// of what stands beside a number, which may be a part of it.
bool WindowScan::counted_outside(Kind kind, size_t begin, size_t end) const {
  if (outer_ == nullptr || view_->encoding >= 0) return false;
  const auto changed = view_->changed.begin();
  const auto last = changed + static_cast<ptrdiff_t>(std::min(end, view_->changed.size()));
  const bool plain = std::find(changed + static_cast<ptrdiff_t>(begin), last, 1) == last;
  const bool cut = (begin < kViewEndBytes && view_->from.front() > 0) ||
                   (end + kViewEndBytes > text_.size() && view_->from.back() < outer_->text_.size());
  if (plain && cut) return true;
  const size_t from = view_->from[begin];
  const size_t until = view_->from[std::min(end, view_->from.size() - 1)];
  const auto& all = outer_->reported_;
  auto at = std::lower_bound(all.begin(), all.end(), from,
                             [](const Reported& one, size_t place) { return one.end <= place; });
  for (; at != all.end() && at->begin < until + kIdentifierBytesMax; ++at) {
    if (at->kind == kind && at->begin < until) return true;
  }
  return false;
}

void WindowScan::report(Kind kind, size_t begin, size_t end, size_t column, bool words) {
  size_t place = begin;
  size_t place_end = end;
  if (view_ != nullptr) {
    if (counted_outside(kind, begin, end)) {
      if (depth_ < kViewDepthMax) reported_.push_back({kind, begin, end});  // nor in a view of this one
      return;
    }
    place = view_->places()[begin];
    place_end = view_->places()[std::min(end, view_->from.size() - 1)];
  }
  Tally::Hit hit;
  hit.kind = kind;
  hit.offset = window_.offset + place;
  hit.end = window_.offset + place_end;
  hit.column = view_ != nullptr ? kViewColumn : column;
  hit.words = words;
  if (depth_ < kViewDepthMax) reported_.push_back({kind, begin, end});
  if (view_ != nullptr && view_->encoding >= 0) return tally_.encoded(hit, masked_excerpt(begin, end));
  if (tally_.hit(hit)) tally_.excerpt(hit, masked_excerpt(begin, end));
}

void WindowScan::weigh_valid(Kind kind, size_t begin, size_t end, size_t column) {
  report(kind, begin, end, column, is_spoken_for(begin, end, column, facts_of(kind).words));
}

void WindowScan::weigh_with_words(Kind kind, size_t begin, size_t end) {
  const size_t column = column_at(begin);
  if (is_spoken_for(begin, end, column, facts_of(kind).words)) report(kind, begin, end, column, true);
}

// Whether a word that stands beside an identifier is shown: one with a digit or an '@' may be another's.
bool WindowScan::is_shown(size_t pos) const {
  const auto in_word = [this](size_t i) {
    return is_letter(text_[i]) || is_digit(text_[i]) || "._%+-@<"sv.find(text_[i]) != std::string_view::npos;
  };
  size_t begin = pos;
  while (begin > 0 && pos - begin < kWordBytesMax && in_word(begin - 1)) --begin;
  size_t end = pos;
  while (end < text_.size() && end - begin < 2 * kWordBytesMax && in_word(end)) ++end;
  const std::string_view word = part(begin, end);
  return word.size() < kWordBytesMax &&
         std::none_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '@' || c == '<'; });
}

// What stands around an identifier, for a reviewer: every digit and every letter of the identifier but its
// first is masked, and so is what may be of a neighbour: all other digits, and words with one.
std::string WindowScan::masked_excerpt(size_t begin, size_t end) const {
  const size_t from = begin - std::min(begin, kExcerptSideBytes);
  const size_t until = std::min(end + kExcerptSideBytes / 2, text_.size());
  std::string shown;
  for (size_t i = from; i < until; ++i) {
    const char c = text_[i];
    const bool inside = i >= begin && i < end;
    if (i == begin) shown += '[';
    if (is_digit(c) || (inside && i != begin && (is_letter(c) || is_high(c))) ||
        (!inside && is_letter(c) && !is_shown(i))) {
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
