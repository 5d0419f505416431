// One window's scan, and the candidates' rules: digit_runs.cpp, digit_groups.cpp, marks.cpp; views of the
// same bytes in another writing: views.cpp. Internal to the scanner.
#pragma once

#include <optional>

#include "gateway/inspection/identifiers.h"
#include "gateway/inspection/scan/context.h"
#include "gateway/inspection/scan/number_rows.h"
#include "gateway/inspection/scan/views.h"
#include "gateway/inspection/scan/window.h"

namespace hetao::inspection {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr bool is_letter(char c) {
  return is_upper(c) || (c >= 'a' && c <= 'z');
}
inline bool is_alnum(char c) {
  return is_digit(c) || is_letter(c);
}
inline bool is_high(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

class WindowScan {
 public:
  // `view`: the window is a decoded view of another window's bytes; null: the bytes themselves.
  WindowScan(const Window& window, const Shape& shape, const ScanOptions& options, Tally& tally,
             std::vector<Embedded>* embedded, const View* view, int depth);
  void run();

 private:
  static constexpr int kViewDepthMax = 3;
  static constexpr size_t kRightBeforeBytes = 24;
  // Control characters that a window of text may hold (a stray one in a log): with more it is binary.
  static constexpr uint64_t kControlsMax = 2;
  static constexpr uint32_t kPhoneWords = kWordsPhone | kWordsCall;

  char at(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  std::string_view part(size_t from, size_t until) const {
    return from <= until && until <= text_.size() ? text_.substr(from, until - from) : std::string_view();
  }

  // What stands before a place; nothing where that is the second half of a character of GBK or Big5, which
  // may be any letter's byte and touches nothing.
  char char_before(size_t pos) const { return pos == 0 || is_half(pos - 1) ? '\0' : text_[pos - 1]; }
  bool is_half(size_t pos) const;

  void on_stride();
  void on_encoded_rows();
  uint64_t kept_bits(size_t base) const;
  void judge_numbers();
  uint64_t counted_bits(size_t base) const;
  void find_line(size_t begin);
  void pass_lines();
  size_t column_at(size_t pos) const { return shape_.table ? column_in_table(pos) : 0; }
  size_t column_in_table(size_t pos) const;
  size_t line_begin_at(size_t pos) const;
  struct Near {
    size_t from;
    size_t until;
    uint32_t heading;
  };
  Near near(size_t begin, size_t end) const;
  uint32_t words_near(size_t begin, size_t end);
  bool is_spoken_for(size_t begin, size_t end, size_t column, uint32_t wanted) const;
  bool no_words_in(size_t from, size_t until) const;
  // Of a place that is past: what a table's heading says there.
  uint32_t heading_words(size_t pos) const;
  const WindowScan& root() const;
  bool counted_outside(Kind kind, size_t begin, size_t end) const;
  void report(Kind kind, size_t begin, size_t end, bool words) {
    report(kind, begin, end, column_at(begin), words);
  }
  void report(Kind kind, size_t begin, size_t end, size_t column, bool words);
  // Counts a number of `kind`: found where it is valid, else one more that only looks like one.
  bool weigh(Kind kind, Fit fit, size_t begin, size_t end);
  void weigh_valid(Kind kind, size_t begin, size_t end, size_t column);
  void weigh_with_words(Kind kind, size_t begin, size_t end);
  bool is_shown(size_t pos) const;
  std::string masked_excerpt(size_t begin, size_t end) const;

  // Runs of four digits and more.
  void on_number(const NumberRows::Look& number);
  void on_run(size_t begin, size_t end);
  void note_wide(size_t begin, size_t end);
  bool on_resident(size_t begin, size_t end, std::string_view text);
  void on_long_number(size_t begin, size_t end);
  void on_thirteen(size_t begin, size_t end);
  void on_fifteen(size_t begin, size_t end);
  bool stands_alone(size_t begin, size_t end) const;
  void on_eleven(size_t begin, size_t end);
  void on_dotted(size_t begin, size_t end);
  void on_eight(size_t begin, size_t end);
  uint32_t words_beside(size_t begin, size_t end);
  bool is_hk_phone(size_t begin, size_t end, uint32_t words) const;
  void on_prefixed(size_t begin, size_t end);
  bool on_named_document(size_t begin, size_t end);
  bool on_hkid(size_t begin, size_t end, size_t letters);
  void on_bir(size_t begin, size_t end);
  void on_point(size_t begin, size_t end);
  size_t named_number(size_t end) const;
  void on_token(size_t begin, size_t end);
  bool on_token_from(size_t from, size_t begin, size_t end);
  void on_mrz(size_t begin, size_t end);
  void on_military(size_t begin, size_t end);
  bool is_month(size_t begin) const;
  bool touched(size_t begin, size_t end, uint32_t groups) const;
  bool told_right_before(size_t begin, uint32_t groups) const;
  bool grouped(size_t begin, size_t end) const;

  // Numbers in groups: "6222 0212 3456 7890", "+86 138-0013-8000".
  struct Groups;
  void on_groups(size_t begin, size_t end);
  bool resident_groups(const Groups& g, size_t first);
  bool card_groups(const Groups& g, size_t first);
  bool phone_groups(const Groups& g, size_t first);
  bool is_years(const Groups& g, size_t first) const;
  bool account_groups(const Groups& g, size_t first);
  void on_groups_of_letters(size_t begin, size_t end);

  // Everything else.
  void on_mark(size_t pos);
  void on_email(size_t at_sign);
  void on_mac(size_t separator);
  void on_pem(size_t dash);
  void on_hk_plate(size_t begin);
  void on_cn_plate(size_t letter);
  void on_star(size_t star);

  // Views.
  void on_dense_begin(size_t block);
  void on_borders(size_t block, uint64_t borders);
  void on_loose_block(size_t block);
  bool in_short_field(size_t block) const;
  bool ends_in_column(size_t begin, size_t bytes) const;
  void on_dense_run(size_t begin, size_t least);
  void on_base64(size_t quad);
  void on_hex(size_t pos, bool separated);
  void on_zeros(size_t begin, size_t end);
  void on_encoded(View view);
  void scan_view(View view);
  void note_fold(size_t pos);
  size_t fold_begin(size_t first) const;
  bool may_be_identifier(size_t pos) const;
  void scan_folded();

  const Window& window_;
  const Shape& shape_;
  const ScanOptions& options_;
  Tally& tally_;
  std::vector<Embedded>* embedded_;
  const View* view_;
  int depth_;
  std::string_view text_;
  ContextFinder words_;

  const MaskEngine& engine_;
  Stride stride_;
  NumberRows numbers_;
  size_t stride_begin_ = 0;
  size_t stride_blocks_ = 0;
  // In tables: where the line began that the stride begins in (npos: not seen), and the columns that are
  // past.
  size_t line_begin_ = 0;
  uint32_t column_ = 0;
  ColumnRow columns_;
  struct Stretch {
    size_t first = 0;  // places of the first and last thing to be folded
    size_t last = 0;
  };
  std::vector<Stretch> folds_;
  struct Reported {
    Kind kind;
    size_t begin;
    size_t end;
  };
  std::vector<Reported> reported_;  // so that a view of these bytes does not count it again
  uint64_t lines_ = 0;
  uint64_t controls_ = 0;
  bool dense_before_ = false;
  // By View::encoding: identifiers that begin before are counted.
  size_t encoded_until_[2] = {0, 0};
  const WindowScan* outer_ = nullptr;  // whose view this is
};

// What every number goes through.

// The columns of a line that end before `pos`, a place in this stride or shortly before it.
inline size_t WindowScan::column_in_table(size_t pos) const {
  if (pos < stride_begin_) return std::min<size_t>(column_, kColumnsMax - 1);
  return std::min<size_t>(inspection::column_at(stride_, columns_, pos - stride_begin_), kColumnsMax - 1);
}

inline bool WindowScan::weigh(Kind kind, Fit fit, size_t begin, size_t end) {
  if (fit == Fit::kNo) return false;
  if (fit == Fit::kForm) {
    if (view_ == nullptr) tally_.form(kind, column_at(begin));
    return false;
  }
  weigh_valid(kind, begin, end, column_at(begin));
  return true;
}

}  // namespace hetao::inspection
