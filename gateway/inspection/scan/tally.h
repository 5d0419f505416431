// What a scan counts: identifiers by kind and column, and how many numbers only looked like one. A column in
// which a tenth of all numbers pass a check with ten outcomes holds numbers, not identifiers; the counts
// tell.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/inspection/kinds.h"
#include "gateway/inspection/report.h"

namespace hetao::inspection {

// Columns of a table that are told apart; later ones share the last. Text without columns is column 0.
inline constexpr size_t kColumnsMax = 64;
// What was found in another writing of the bytes: what only looks like it is not counted there.
inline constexpr size_t kViewColumn = kColumnsMax;
inline constexpr size_t kTallyColumns = kColumnsMax + 1;

class Tally {
 public:
  // `with_spans`: keeps where each one stands and ends, for what is to be masked.
  explicit Tally(bool with_spans = false) : with_spans_(with_spans) {}
  bool with_spans() const { return with_spans_; }

  struct Hit {
    Kind kind = Kind::kCustom;
    uint64_t offset = 0;
    uint64_t end = 0;
    size_t column = 0;
    bool words = false;            // a word that speaks for it stands near
    std::string_view custom = {};  // name of a customer's pattern
  };
  // Found in base64 or hexadecimal: counted by settle(), unless the run that it stands in was read as a layer
  // that showed it too.
  struct Encoded {
    Hit hit;
    std::string excerpt;
  };
  struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
    std::vector<std::string> kinds;  // that were found in it
  };
  void encoded(const Hit& hit, std::string excerpt);
  void settle(const std::vector<Range>& read);
  // True if the report will name this one's place: then the caller may add an excerpt.
  bool hit(const Hit& hit);
  void excerpt(const Hit& hit, std::string text);
  // It has the form of `kind` and fails its check.
  void form(Kind kind, size_t column) { forms(kind, column, 1); }
  void forms(Kind kind, size_t column, uint64_t count) { cell(kind, column).forms += count; }

  // Of a window: its line ends, and whether it is no text.
  void seen(uint64_t lines, bool binary) {
    lines_ += lines;
    binary_ = binary_ || binary;
  }
  uint64_t lines() const { return lines_; }
  bool binary() const { return binary_; }

  // Adds what `later` counted in bytes behind these.
  void add(const Tally& later);
  bool empty() const { return cells_.empty() && custom_.empty(); }

  // One finding a kind; `path` is the layer's. Columns that hold other numbers are left out, and named in
  // `noise`.
  void findings(const std::string& path, bool table, std::vector<Finding>& out,
                std::vector<Noise>& noise) const;
  // Where what findings() counts of these kinds stands, in order. Nothing if it is too much to be kept.
  std::optional<std::vector<Span>> spans(const std::vector<std::string>& kinds, bool table) const;

 private:
  struct KeptSpan {
    Span span;
    bool words = false;
  };
  struct Cell {
    size_t place = 0;    // in index_
    uint64_t forms = 0;  // passed the form, not the check
    uint64_t hits = 0;
    uint64_t with_words = 0;
    std::vector<uint64_t> offsets;
    std::vector<std::string> excerpts;
    std::vector<uint64_t> word_offsets;  // of those with words: kept where the column turns out to be noise
    std::vector<KeptSpan> spans;
  };
  struct Custom {
    std::string name;
    Cell cell;
  };
  Cell& cell(Kind kind, size_t column) {
    const uint16_t at = index_[place_of(kind, column)];
    return at != 0 ? cells_[at - 1U] : new_cell(kind, column);
  }
  Cell& new_cell(Kind kind, size_t column);
  static size_t place_of(Kind kind, size_t column) {
    return static_cast<size_t>(kind) * kTallyColumns + std::min(column, kTallyColumns - 1);
  }
  Cell& custom_cell(std::string_view name);
  static void merge(Cell& into, const Cell& later);
  static bool is_noise(const Cell& cell, const KindFacts& facts, bool table);
  const Cell* known(Kind kind, size_t column) const {
    const uint16_t at = index_[place_of(kind, column)];
    return at != 0 ? &cells_[at - 1U] : nullptr;
  }
  // The column holds other numbers than this kind's: by its own counts, or by those of its relatives too.
  bool is_left_out(Kind kind, size_t column, bool table) const;

  std::array<uint16_t, kKinds * kTallyColumns> index_{};  // 0: none; else place in cells_ + 1
  std::vector<Cell> cells_;
  std::vector<Custom> custom_;
  std::vector<Encoded> encoded_;
  uint64_t lines_ = 0;
  bool binary_ = false;
  bool with_spans_ = false;
};

}  // namespace hetao::inspection
