#include "gateway/inspection/scan/views.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/inspection/scan/units.h"
#include "gateway/inspection/scan/window_scan.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kFoldBeforeBytes = 160;
constexpr size_t kFoldBehindBytes = 160;
constexpr size_t kPlateBytes = 12;
constexpr size_t kCutBytes = 96;  // longer than any identifier

void push_code(View& view, uint32_t code, size_t place) {
  if (code == kNothing) return;
  if (code >= kBracketed) {
    for (const char c : {'(', static_cast<char>('0' + (code - kBracketed)), ')'}) view.push_changed(c, place);
    return;
  }
  if (code < 0x80) return view.push_changed(static_cast<char>(code), place);
  if (code < 0x800) {
    view.push_changed(static_cast<char>(0xc0U | code >> 6U), place);
  } else {
    if (code < 0x10000) {
      view.push_changed(static_cast<char>(0xe0U | code >> 12U), place);
    } else {
      view.push_changed(static_cast<char>(0xf0U | (code >> 18U & 7U)), place);
      view.push_changed(static_cast<char>(0x80U | (code >> 12U & 0x3fU)), place);
    }
    view.push_changed(static_cast<char>(0x80U | (code >> 6U & 0x3fU)), place);
  }
  view.push_changed(static_cast<char>(0x80U | (code & 0x3fU)), place);
}

// Four of them in a row: each fourth byte is looked at.
template <class Is>
bool has_four(std::string_view text, Is is) {
  for (size_t i = 3; i < text.size(); i += 4) {
    if (!is(text[i])) continue;
    size_t begin = i;
    while (i - begin < 3 && is(text[begin - 1])) --begin;
    size_t end = i + 1;
    while (end < text.size() && end - begin < 4 && is(text[end])) ++end;
    if (end - begin >= 4) return true;
  }
  return false;
}

// Four capitals and digits in a row, or the star of a marking.
bool has_plate_or_star(std::string_view text) {
  const auto serial = [](char c) { return is_upper(c) || is_digit(c); };
  const auto has = [text](std::string_view star) { return text.find(star) != std::string_view::npos; };
  return has_four(text, serial) || has("★"sv) || has("\xa1\xef"sv) || has("\xa1\xb9"sv);
}

// Characters that can't begin anything but themselves; a tag's '<' is looked at in markup alone.
bool is_plain(char c) {
  static constexpr std::array<bool, 256> kPlain = [] {
    std::array<bool, 256> plain{};
    for (size_t i = 1; i < 0x80; ++i)
      plain[i] = std::string_view("\\%\x1b=<&").find(static_cast<char>(i)) == std::string_view::npos;
    return plain;
  }();
  return kPlain[static_cast<uint8_t>(c)];
}

// What stands between the first and last character of an identifier; other scripts apart.
bool in_identifier(char c) {
  static constexpr std::array<bool, 256> kIn = [] {
    std::array<bool, 256> in{};
    for (const char sign : "._-+@:()/< "sv) in[static_cast<uint8_t>(sign)] = true;
    for (size_t i = 0; i < 128; ++i)
      in[i] = in[i] || is_letter(static_cast<char>(i)) || is_digit(static_cast<char>(i));
    return in;
  }();
  return kIn[static_cast<uint8_t>(c)];
}

// How many there are of what identifiers are made of.
struct Characters {
  size_t all = 0;
  size_t digits = 0;
  size_t capitals = 0;
  size_t signs = 0;
  size_t separators = 0;
  void add(std::string_view text) {
    all += text.size();
    for (const char c : text) {
      digits += is_digit(c) ? 1 : 0;
      capitals += is_upper(c) ? 1 : 0;
      signs += c == '@' || c == '.' ? 1 : 0;
      separators += c == ':' || c == '-' ? 1 : 0;
    }
  }
};

// Two full-width letters in a row before or behind an '@'.
bool wide_letters_round(std::string_view text, size_t at) {
  for (const size_t width : {size_t{2}, size_t{3}}) {
    if (wide_letter_at(text, at + 1) && wide_letter_at(text, at + 1 + width)) return true;
    if (at >= 2 * width && wide_letter_at(text, at - width) && wide_letter_at(text, at - 2 * width))
      return true;
  }
  return false;
}

}  // namespace

View fold(std::string_view text, size_t from, size_t until, bool markup) {
  View view;
  view.reserve(until - from + kMaskPadBytes);
  view.changed.reserve(until - from);
  bool gap = false;  // something without width was left out in front of what comes
  bool quoted = false;
  for (size_t i = from; i < until;) {
    const size_t same = i;
    Unit unit;
    while (i < until) {
      if (is_plain(text[i])) {
        quoted = false;
        ++i;
        continue;
      }
      unit = unit_at(text, i, markup, quoted);
      if (unit.bytes > 0 && unit.changes) break;
      quoted = false;
      i += std::max<size_t>(unit.bytes, 1);
    }
    if (i > same) {
      const size_t first = view.text.size();
      view.copy(text, same, i);
      if (gap) view.changed[first] = 1;
      gap = false;
    }
    if (i >= until) break;
    quoted = text[i] == '=' && unit.raw_byte;
    if (unit.raw_byte) {
      view.push_changed(static_cast<char>(unit.code), i);
    } else {
      push_code(view, unit.code, i);
    }
    gap = unit.code == kNothing;
    i += unit.bytes;
  }
  view.close(until);
  return view;
}

void WindowScan::on_encoded(View view) {
  if (depth_ < kViewDepthMax && view.text.size() >= 6) scan_view(std::move(view));
}

void WindowScan::scan_view(View view) {
  Window window;
  const size_t size = view.text.size();
  view.text.append(kMaskPadBytes, '\0');
  window.text = std::string_view(view.text).substr(0, size);
  window.until = size;
  window.offset = window_.offset;
  size_t begin = 0;
  if (view.encoding >= 0) {
    size_t& until = encoded_until_[view.encoding];
    while (begin < size && view.from[begin] < until) ++begin;
    // What begins near a cut is looked at again, with more behind it.
    const size_t counted = view.cut && size > kCutBytes ? view.from[size - kCutBytes] : view.from.back();
    until = std::max<size_t>(until, counted);
    if (view.cut && size > kCutBytes) window.until = size - kCutBytes;
  }
  // What begins outside this window is its neighbour's.
  if (view_ == nullptr) {
    while (begin < size && view.from[begin] < window_.from) ++begin;
    while (window.until > begin && view.from[window.until - 1] >= window_.until) --window.until;
  }
  window.from = begin;
  if (window.from >= window.until) return;
  if (view_ != nullptr) {
    const std::vector<uint32_t>& places = view_->places();
    for (const uint32_t place : view.from)
      view.root.push_back(places[std::min<size_t>(place, places.size() - 1)]);
  }
  Shape shape;
  WindowScan inner(window, shape, options_, tally_, nullptr, &view, depth_ + 1);
  inner.outer_ = this;
  inner.run();
}

// Things to be folded that stand near each other are looked at together; stretches do not overlap with what
// is looked at around them.
void WindowScan::note_fold(size_t pos) {
  if (!folds_.empty() && pos <= folds_.back().last + kFoldBeforeBytes + kFoldBehindBytes) {
    folds_.back().last = std::max(folds_.back().last, pos);
  } else {
    folds_.push_back({pos, pos});
  }
}

// A little before `first`, at a place from which whole characters lead there: in GBK and Big5 half of all
// places stand in the middle of one.
size_t WindowScan::fold_begin(size_t first) const {
  const size_t from = first - std::min(first, kFoldBeforeBytes);
  if (!is_high(text_[from])) return from;
  for (size_t begin = from; begin < std::min(from + 4, first); ++begin) {
    size_t i = begin;
    while (i < first)
      i += is_plain(text_[i]) ? 1 : std::max<size_t>(unit_at(text_, i, false, false).bytes, 1);
    if (i == first) return begin;
  }
  return from;
}

// Whether an identifier may stand round the one thing at `pos` that is to be folded, among bytes that are no
// text. Then some of its characters touch that thing, or it stands plain nearby, and what is folded is a word
// that speaks for it. A program's bytes hold a '%' and two digits in every other page, and nothing of either.
bool WindowScan::may_be_identifier(size_t pos) const {
  const char c = text_[pos];
  if (c == '\\' || c == '&' || c == '\0' || is_digit(c)) return true;
  const size_t least = pos - std::min(pos, kFoldBeforeBytes);
  const size_t most = std::min(text_.size(), pos + kFoldBehindBytes);
  if (has_four(part(least, most), is_digit)) return true;
  if (c == '@') return wide_letters_round(text_, pos);
  const Unit unit = unit_at(text_, pos, false, false);
  const size_t after = pos + std::max<size_t>(unit.bytes, 1);
  size_t begin = pos;
  while (begin > least && in_identifier(text_[begin - 1])) --begin;
  size_t end = std::min(after, most);
  while (end < most && in_identifier(text_[end])) ++end;
  Characters round;
  round.add(part(begin, pos));
  round.add(part(after, end));
  // What it is folded to, not how that is written.
  if (unit.code < 0x80) {
    const char one = static_cast<char>(unit.code);
    round.add({&one, 1});
  }
  // Six characters make the shortest address; a plate may go on behind a dot or another script's letter.
  return round.digits >= 3 || (round.digits >= 1 && round.capitals >= 1) ||
         (round.signs >= 1 && round.all >= 6) || round.separators >= 4 ||
         has_plate_or_star(part(begin - std::min(begin, kPlateBytes), std::min(end + kPlateBytes, most)));
}

void WindowScan::scan_folded() {
  std::sort(reported_.begin(), reported_.end(),
            [](const Reported& a, const Reported& b) { return a.end < b.end; });
  if (shape_.markup && view_ == nullptr) {
    const size_t from = window_.from - std::min<size_t>(window_.from, 256);
    return scan_view(fold(text_, from, text_.size(), true));
  }
  const std::vector<Stretch> stretches = folds_;
  for (const Stretch& one : stretches) {
    if (controls_ > kControlsMax && one.first == one.last && !may_be_identifier(one.first)) continue;
    const size_t from = fold_begin(one.first);
    const size_t until = std::min(text_.size(), one.last + kFoldBehindBytes);
    View view = fold(text_, from, until, false);
    // Read from another place, those may be halves of characters: the same bytes show nothing new.
    if (view.text.size() == until - from &&
        std::memchr(view.changed.data(), 1, view.changed.size()) == nullptr)
      continue;
    scan_view(std::move(view));
  }
}

}  // namespace hetao::inspection
