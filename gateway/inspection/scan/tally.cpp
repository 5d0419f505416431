#include "gateway/inspection/scan/tally.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace hetao::inspection {

namespace {

constexpr size_t kEncodedMax = 100'000;  // of a layer; more of them change nothing
// Only what chance explains is left out: there must be so many numbers, of which so many pass by chance, that
// it can be told; and about as many must have passed. Real numbers are no dice, so that a part more or less
// says nothing.
constexpr uint64_t kTestsMin = 50;
constexpr double kChanceHitsMin = 3;
constexpr double kDeviationsMax = 4;
constexpr double kChancePart = 0.25;
constexpr double kNoiseShareMax = 0.22;  // of numbers that pass, whatever chance is
constexpr double kContactShareMin = 0.02;
constexpr double kContactShareMax = 0.3;
// Codes of organisations are public: a few tests of a form that hardly any other number passes will do.
constexpr uint64_t kPublicTestsMin = 8;
constexpr uint64_t kPointTestsMin = 4;
constexpr double kNoiseSharePoints = 0.7;

template <class T>
void append(std::vector<T>& into, const std::vector<T>& more) {
  for (const T& one : more) {
    if (into.size() == kOffsetsMax) return;
    into.push_back(one);
  }
}

}  // namespace

Tally::Cell& Tally::new_cell(Kind kind, size_t column) {
  Cell& made = cells_.emplace_back();
  made.place = place_of(kind, column);
  made.offsets.reserve(kOffsetsMax);
  made.word_offsets.reserve(kOffsetsMax);
  index_[made.place] = static_cast<uint16_t>(cells_.size());
  return made;
}

Tally::Cell& Tally::custom_cell(std::string_view name) {
  for (Custom& custom : custom_) {
    if (custom.name == name) return custom.cell;
  }
  return custom_.emplace_back(Custom{std::string(name), {}}).cell;
}

bool Tally::hit(const Hit& hit) {
  Cell& c = hit.kind == Kind::kCustom ? custom_cell(hit.custom) : cell(hit.kind, hit.column);
  ++c.hits;
  if (with_spans_ && c.spans.size() <= kSpansMax) c.spans.push_back({{hit.offset, hit.end}, hit.words});
  if (hit.words) {
    ++c.with_words;
    if (c.word_offsets.size() < kOffsetsMax) c.word_offsets.push_back(hit.offset);
  }
  if (c.offsets.size() == kOffsetsMax) return false;
  c.offsets.push_back(hit.offset);
  return c.excerpts.size() < kExcerptsMax;
}

void Tally::excerpt(const Hit& hit, std::string text) {
  Cell& c = hit.kind == Kind::kCustom ? custom_cell(hit.custom) : cell(hit.kind, hit.column);
  if (c.excerpts.size() < kExcerptsMax) c.excerpts.push_back(std::move(text));
}

void Tally::encoded(const Hit& hit, std::string excerpt) {
  if (encoded_.size() < kEncodedMax) encoded_.push_back({hit, std::move(excerpt)});
}

void Tally::settle(const std::vector<Range>& read) {
  // What stands beside something that is folded is seen once more in what is folded there, and may seem to
  // end elsewhere.
  std::map<std::pair<Kind, uint64_t>, size_t> seen;
  std::vector<Encoded> once;
  for (Encoded& one : encoded_) {
    const auto [at, is_new] = seen.try_emplace({one.hit.kind, one.hit.offset}, once.size());
    if (is_new) {
      once.push_back(std::move(one));
      continue;
    }
    Hit& same = once[at->second].hit;
    same.end = std::max(same.end, one.hit.end);
    same.words = same.words || one.hit.words;
  }
  for (Encoded& one : once) {
    const bool known = std::any_of(read.begin(), read.end(), [&](const Range& range) {
      return one.hit.offset >= range.begin && one.hit.offset < range.end &&
             std::find(range.kinds.begin(), range.kinds.end(), facts_of(one.hit.kind).name) !=
                 range.kinds.end();
    });
    if (!known && hit(one.hit)) this->excerpt(one.hit, std::move(one.excerpt));
  }
  encoded_.clear();
}

void Tally::merge(Cell& into, const Cell& later) {
  into.forms += later.forms;
  into.hits += later.hits;
  into.with_words += later.with_words;
  append(into.offsets, later.offsets);
  append(into.word_offsets, later.word_offsets);
  if (into.spans.size() <= kSpansMax)
    into.spans.insert(into.spans.end(), later.spans.begin(), later.spans.end());
  for (const std::string& text : later.excerpts) {
    if (into.excerpts.size() < kExcerptsMax) into.excerpts.push_back(text);
  }
}

void Tally::add(const Tally& later) {
  for (const Cell& one : later.cells_)
    merge(cell(static_cast<Kind>(one.place / kTallyColumns), one.place % kTallyColumns), one);
  for (const Custom& custom : later.custom_) merge(custom_cell(custom.name), custom.cell);
  for (const Encoded& one : later.encoded_) encoded(one.hit, one.excerpt);
  seen(later.lines_, later.binary_);
}

bool Tally::is_noise(const Cell& c, const KindFacts& facts, bool table) {
  if (facts.chance == 0) return false;
  // Those that a word speaks for stay in any case, and say nothing of the others.
  const uint64_t hits = c.hits - c.with_words;
  const uint64_t tests = c.forms + hits;
  const auto n = static_cast<double>(tests);
  const auto passed = static_cast<double>(hits);
  // Points of one map stand together: a few that lie elsewhere say that all are other numbers.
  if (facts.category == Category::kPlace)
    return tests >= (table ? kPointTestsMin : kTestsMin) && passed < n * kNoiseSharePoints;
  const double p = facts.chance / 1000.0;
  const double expected = n * p;
  if (facts.category == Category::kOrganisation)
    return tests >= (table ? kPublicTestsMin : kTestsMin) && passed < n * kNoiseShareMax;
  // Mobile numbers have no check digit: of other numbers as many look like one as begin that way, from none
  // (years, other countries) to a fourth; where hardly any do, those few are none of the row.
  if (facts.category == Category::kContact)
    return tests >= kTestsMin && passed > n * kContactShareMin && passed < n * kContactShareMax;
  if (tests < kTestsMin || expected < kChanceHitsMin || passed >= n * kNoiseShareMax) return false;
  // Fewer than chance gives are no chance either: one card number among order numbers that are made to fail.
  return std::abs(passed - expected) <
         std::max(kDeviationsMax * std::sqrt(expected * (1 - p)), kChancePart * expected);
}

namespace {

// Whether chance makes as many of `tests` pass hardly ever: once in a hundred columns.
bool stands_out(uint64_t tests, uint64_t passed, double chance) {
  constexpr double kRare = 0.011;
  constexpr uint64_t kCounted = 500;
  const auto n = static_cast<double>(tests);
  if (tests > kCounted)
    return static_cast<double>(passed) > n * chance + 3 * std::sqrt(n * chance * (1 - chance));
  double exactly = std::pow(1 - chance, n);  // so many pass, from none on
  double fewer = 0;
  for (uint64_t k = 0; k < passed; ++k) {
    fewer += exactly;
    exactly *= static_cast<double>(tests - k) / static_cast<double>(k + 1) * chance / (1 - chance);
  }
  return 1 - fewer < kRare;
}

}  // namespace

bool Tally::is_left_out(Kind kind, size_t column, bool table) const {
  const Cell& own = *known(kind, column);
  const KindFacts& facts = facts_of(kind);
  if (is_noise(own, facts, table)) return true;
  // Cards of all brands have the same check: where one brand's are numbers, a few of another's are no more.
  if (kind != Kind::kUnionpayPan && kind != Kind::kIntlPan) return false;
  const Cell* other = known(kind == Kind::kIntlPan ? Kind::kUnionpayPan : Kind::kIntlPan, column);
  if (other == nullptr) return false;
  Cell both;
  both.forms = own.forms + other->forms;
  both.hits = own.hits + other->hits;
  both.with_words = own.with_words + other->with_words;
  const uint64_t passed = own.hits - own.with_words;
  return is_noise(both, facts, table) && !stands_out(own.forms + passed, passed, facts.chance / 1000.0);
}

void Tally::findings(const std::string& path, bool table, std::vector<Finding>& out,
                     std::vector<Noise>& noise) const {
  for (size_t k = 0; k + 1 < kKinds; ++k) {
    const KindFacts& facts = facts_of(static_cast<Kind>(k));
    Finding found;
    found.kind = std::string(facts.name);
    found.path = path;
    uint64_t with_words = 0;
    for (size_t column = 0; column < kTallyColumns; ++column) {
      const Cell* cell = known(static_cast<Kind>(k), column);
      if (cell == nullptr) continue;
      const Cell& c = *cell;
      const bool drop = is_left_out(static_cast<Kind>(k), column, table);
      if (drop && c.hits > c.with_words)
        noise.push_back({found.kind, path, column, c.forms + c.hits, c.hits - c.with_words});
      found.count += drop ? c.with_words : c.hits;
      with_words += c.with_words;
      const std::vector<uint64_t>& offsets = drop ? c.word_offsets : c.offsets;
      found.offsets.insert(found.offsets.end(), offsets.begin(), offsets.end());
      if (!drop) found.excerpts.insert(found.excerpts.end(), c.excerpts.begin(), c.excerpts.end());
    }
    if (found.count == 0) continue;
    std::sort(found.offsets.begin(), found.offsets.end());
    if (found.offsets.size() > kOffsetsMax) found.offsets.resize(kOffsetsMax);
    if (found.excerpts.size() > kExcerptsMax) found.excerpts.resize(kExcerptsMax);
    const unsigned sure = facts.sure + (with_words > 0 ? 1U : 0U);
    found.confidence = sure >= 2 ? Confidence::kHigh : sure == 1 ? Confidence::kMedium : Confidence::kLow;
    out.push_back(std::move(found));
  }
  for (const Custom& custom : custom_) {
    out.push_back(
        {custom.name, custom.cell.hits, custom.cell.offsets, path, Confidence::kHigh, custom.cell.excerpts});
  }
}

std::optional<std::vector<Span>> Tally::spans(const std::vector<std::string>& kinds, bool table) const {
  std::vector<Span> all;
  const auto take = [&all](const Cell& cell, bool only_words) {
    for (const KeptSpan& kept : cell.spans) {
      if (kept.words || !only_words) all.push_back(kept.span);
    }
  };
  for (const std::string& name : kinds) {
    for (const Custom& custom : custom_) {
      if (custom.name == name) take(custom.cell, false);
    }
    const auto kind = kind_named(name);
    if (!kind) continue;
    for (size_t column = 0; column < kTallyColumns; ++column) {
      if (const Cell* cell = known(*kind, column); cell != nullptr)
        take(*cell, is_left_out(*kind, column, table));
    }
  }
  if (all.size() > kSpansMax) return std::nullopt;
  std::sort(all.begin(), all.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
  return all;
}

}  // namespace hetao::inspection
