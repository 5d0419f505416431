#include "gateway/ledger/entry_index.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <span>

#include "gateway/base/check.h"
#include "gateway/ledger/sha256.h"
#include "gateway/ledger/wal.h"

namespace hetao::ledger {

namespace {

constexpr std::string_view kMagic = "HTIDX001";
constexpr size_t kHeadBytes = 8 + 8 + 4 + 8 + 8 + 4;
constexpr size_t kTermBytes = 8 + 4 + 4;
constexpr int64_t kMicrosPerHour = int64_t{3'600} * 1'000'000;
constexpr int64_t kHoursMax = int64_t{24} * 31;  // a longer span is left to the segments' own times

uint64_t term(std::string_view name, std::string_view value) {
  Sha256 hash;
  hash.update(as_bytes(name));
  const uint8_t zero = 0;
  hash.update({&zero, 1});
  hash.update(as_bytes(value));
  return get_u64(hash.finish().view());
}

uint64_t hour_term(int64_t hour) {
  return term("hour", std::to_string(hour));
}
int64_t hour_of(Instant time) {
  return time.micros / kMicrosPerHour;
}

// Sizes by their number of bits: a range is a choice of few terms.
unsigned size_class(int64_t bytes) {
  return static_cast<unsigned>(std::bit_width(static_cast<uint64_t>(std::max<int64_t>(bytes, 0))));
}
uint64_t size_term(unsigned bits) {
  return term("bytes", std::to_string(bits));
}

// The length in bytes of the UTF-8 character that begins here.
size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return std::min(size, text.size());
}

// Positions as a segment stores them.
class StoredList {
 public:
  StoredList() = default;
  explicit StoredList(ByteView bytes) : bytes_(bytes) {}
  size_t size() const { return bytes_.size() / 2; }
  uint16_t operator[](size_t i) const { return get_u16(bytes_.subspan(2 * i)); }

 private:
  ByteView bytes_;
};

using List = std::span<const uint16_t>;

template <class L>
size_t size_of(const std::vector<L>& choice) {
  return std::accumulate(choice.begin(), choice.end(), size_t{0},
                         [](size_t sum, const L& list) { return sum + list.size(); });
}

template <class L>
std::vector<uint16_t> union_of(const std::vector<L>& choice) {
  std::vector<uint16_t> all;
  all.reserve(size_of(choice));
  for (const L& list : choice)
    for (size_t i = 0; i < list.size(); ++i) all.push_back(list[i]);
  if (choice.size() == 1) return all;
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

template <class L>
bool has(const L& list, uint16_t place) {
  size_t low = 0;
  size_t high = list.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    (list[middle] < place ? low : high) = list[middle] < place ? middle + 1 : middle;
  }
  return low < list.size() && list[low] == place;
}

// Keeps the places that stand in one of the lists too. Lists that are much longer are searched, not read.
template <class L>
void keep_common(std::vector<uint16_t>& places, const std::vector<L>& choice) {
  constexpr size_t kMuchLonger = 16;
  if (size_of(choice) > kMuchLonger * places.size()) {
    std::erase_if(places, [&](uint16_t place) {
      return std::none_of(choice.begin(), choice.end(), [&](const L& list) { return has(list, place); });
    });
    return;
  }
  const std::vector<uint16_t> others = union_of(choice);
  std::vector<uint16_t> both;
  std::set_intersection(places.begin(), places.end(), others.begin(), others.end(), std::back_inserter(both));
  places = std::move(both);
}

// Places that stand in a list of each choice.
template <class L>
std::vector<uint16_t> common_to(std::vector<std::vector<L>> choices) {
  std::sort(choices.begin(), choices.end(),
            [](const auto& a, const auto& b) { return size_of(a) < size_of(b); });
  std::vector<uint16_t> places = union_of(choices.front());
  for (size_t i = 1; i < choices.size() && !places.empty(); ++i) keep_common(places, choices[i]);
  return places;
}

std::vector<uint64_t> hour_terms(Instant first, Instant last) {
  std::vector<uint64_t> hours;
  for (int64_t hour = hour_of(first); hour <= hour_of(last); ++hour) hours.push_back(hour_term(hour));
  return hours;
}

// Asks a segment whose times lie within [least, greatest]. `list_of` gives the list of a term.
template <class ListOf>
Places find_in(const IndexTerms& terms, Instant least, Instant greatest, const ListOf& list_of) {
  if ((terms.since && greatest < *terms.since) || (terms.until && least >= *terms.until))
    return std::vector<uint16_t>();
  auto choices = terms.choices;
  const Instant first = std::max(least, terms.since.value_or(least));
  const Instant last = std::min(greatest, terms.until.value_or(greatest));
  const bool cuts = first > least || last < greatest;
  if (cuts && hour_of(last) - hour_of(first) <= kHoursMax) choices.push_back(hour_terms(first, last));
  if (choices.empty()) return std::nullopt;
  std::vector<std::vector<decltype(list_of(uint64_t{}))>> lists;
  for (const auto& choice : choices) {
    auto& row = lists.emplace_back();
    for (const uint64_t one : choice) {
      auto list = list_of(one);
      if (list.size() != 0) row.push_back(list);
    }
    if (row.empty()) return std::vector<uint16_t>();
  }
  return common_to(std::move(lists));
}

}  // namespace

std::string tenant_of(const Entry& entry) {
  const size_t slash = entry.who.find('/');
  return slash == std::string::npos ? std::string() : entry.who.substr(0, slash);
}

std::string dataset_of(const Entry& entry) {
  const auto named = entry.extra.find("dataset");
  if (named != entry.extra.end()) return named->second;
  const auto kind = entry.extra.find("item_kind");
  const auto name = entry.extra.find("item_name");
  return kind != entry.extra.end() && kind->second == "dataset" && name != entry.extra.end() ? name->second
                                                                                             : std::string();
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  std::string before;  // the character before, of those that are read in pairs
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  while (!text.empty()) {
    const size_t size = character_bytes(text);
    const std::string character(text.substr(0, size));
    text.remove_prefix(size);
    if (size > 1) {
      end_word();
      words.push_back(before + character);
      before = character;
      continue;
    }
    before.clear();
    const char c = character[0];
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))
      word += c;
    else if (c >= 'A' && c <= 'Z')
      word += static_cast<char>(c + 32);
    else
      end_word();
  }
  end_word();
  return words;
}

std::vector<uint64_t> terms_of(const Entry& entry) {
  std::vector<uint64_t> terms = {term("kind", entry.kind), hour_term(hour_of(entry.time))};
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) terms.push_back(term(name, value));
  };
  add("job", entry.job);
  add("crossing", entry.crossing);
  add("who", entry.who);
  add("tenant", tenant_of(entry));
  add("dataset", dataset_of(entry));
  add("peer", entry.peer);
  add("decision", entry.decision);
  add("direction", entry.direction);
  add("item_digest", entry.item_digest);
  for (const std::string& rule : entry.rules) add("rule", rule);
  if (!entry.item_digest.empty() || entry.item_bytes != 0)
    terms.push_back(size_term(size_class(entry.item_bytes)));
  for (const std::string& word : words_of(entry.reason)) add("word", word);
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  return terms;
}

bool EntryQuery::takes(const Entry& entry) const {
  const auto same = [](const std::string& wanted, const std::string& has) {
    return wanted.empty() || wanted == has;
  };
  const bool by_rule =
      rule.empty() || std::find(entry.rules.begin(), entry.rules.end(), rule) != entry.rules.end();
  const bool has_item = !entry.item_digest.empty() || entry.item_bytes != 0;
  const bool by_size = (!bytes_min && !bytes_max) || (has_item && entry.item_bytes >= bytes_min.value_or(0) &&
                                                      entry.item_bytes <= bytes_max.value_or(INT64_MAX));
  if (!(same(kind, entry.kind) && same(job, entry.job) && same(crossing, entry.crossing) &&
        same(who, entry.who) && same(tenant, tenant_of(entry)) && same(dataset, dataset_of(entry)) &&
        same(peer, entry.peer) && same(decision, entry.decision) && same(direction, entry.direction) &&
        same(item_digest, entry.item_digest) && by_rule && by_size && (!since || entry.time >= *since) &&
        (!until || entry.time < *until)))
    return false;
  if (text.empty()) return true;
  const std::vector<std::string> has = words_of(entry.reason);
  const std::vector<std::string> wanted = words_of(text);
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
    // The first of several characters in a row stands alone in what is asked, and behind another in the text.
    return std::any_of(has.begin(), has.end(), [&](const std::string& one) {
      return one == word || (static_cast<unsigned char>(word[0]) >= 0x80 && one.ends_with(word));
    });
  });
}

IndexTerms::IndexTerms(const EntryQuery& query) : since(query.since), until(query.until) {
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) choices.push_back({term(name, value)});
  };
  add("crossing", query.crossing);
  add("job", query.job);
  add("item_digest", query.item_digest);
  add("who", query.who);
  add("dataset", query.dataset);
  add("rule", query.rule);
  add("tenant", query.tenant);
  add("kind", query.kind);
  add("decision", query.decision);
  add("peer", query.peer);
  add("direction", query.direction);
  const std::vector<std::string> wanted = words_of(query.text);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const bool is_pair_or_word =
        static_cast<unsigned char>(wanted[i][0]) < 0x80 || character_bytes(wanted[i]) < wanted[i].size();
    if (is_pair_or_word) choices.push_back({term("word", wanted[i])});
  }
  if (query.bytes_min || query.bytes_max) {
    std::vector<uint64_t> sizes;
    for (unsigned bits = size_class(query.bytes_min.value_or(0));
         bits <= size_class(query.bytes_max.value_or(INT64_MAX)); ++bits)
      sizes.push_back(size_term(bits));
    choices.push_back(std::move(sizes));
  }
}

void SegmentBuilder::add(const Entry& entry) {
  HETAO_CHECK(count_ < kSegmentEntries);
  const auto place = static_cast<uint16_t>(count_++);
  least_ = std::min(least_, entry.time);
  greatest_ = std::max(greatest_, entry.time);
  for (const uint64_t one : terms_of(entry)) lists_[one].push_back(place);
}

Bytes SegmentBuilder::finish() const {
  std::vector<uint64_t> order;
  order.reserve(lists_.size());
  for (const auto& [one, places] : lists_) order.push_back(one);
  std::sort(order.begin(), order.end());
  Bytes out(kMagic.begin(), kMagic.end());
  put_u64(out, first_);
  put_u32(out, static_cast<uint32_t>(count_));
  put_u64(out, static_cast<uint64_t>(least_.micros));
  put_u64(out, static_cast<uint64_t>(greatest_.micros));
  put_u32(out, static_cast<uint32_t>(order.size()));
  uint32_t position = 0;
  for (const uint64_t one : order) {
    const auto length = static_cast<uint32_t>(lists_.at(one).size());
    put_u64(out, one);
    put_u32(out, position);
    put_u32(out, length);
    position += length;
  }
  for (const uint64_t one : order)
    for (const uint16_t place : lists_.at(one)) put_u16(out, place);
  put_u32(out, crc32c(out));
  return out;
}

Places SegmentBuilder::find(const IndexTerms& terms) const {
  return find_in(terms, least_, greatest_, [this](uint64_t one) {
    const auto at = lists_.find(one);
    return at == lists_.end() ? List() : List(at->second);
  });
}

Result<Segment> Segment::open(ByteView bytes) {
  const auto damaged = [] {
    return fail(ErrorCode::kVerification, "index of the ledger", "a segment is damaged",
                "it is made again from the log");
  };
  if (bytes.size() < kHeadBytes + 4 || as_text(bytes.first(kMagic.size())) != kMagic) return damaged();
  const size_t covered = bytes.size() - 4;
  if (crc32c(bytes.first(covered)) != get_u32(bytes.subspan(covered))) return damaged();
  Segment out;
  out.first_ = get_u64(bytes.subspan(8));
  out.count_ = get_u32(bytes.subspan(16));
  out.least_ = {static_cast<int64_t>(get_u64(bytes.subspan(20)))};
  out.greatest_ = {static_cast<int64_t>(get_u64(bytes.subspan(28)))};
  const size_t terms = get_u32(bytes.subspan(36));
  if (terms > (covered - kHeadBytes) / kTermBytes) return damaged();
  out.terms_ = bytes.subspan(kHeadBytes, terms * kTermBytes);
  out.places_ = bytes.subspan(kHeadBytes + terms * kTermBytes, covered - kHeadBytes - terms * kTermBytes);
  return out;
}

namespace {

// The row of a term in a table of `terms`, or an empty one.
ByteView row_of(ByteView terms, uint64_t wanted) {
  size_t low = 0;
  size_t high = terms.size() / kTermBytes;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    const ByteView row = terms.subspan(middle * kTermBytes, kTermBytes);
    const uint64_t here = get_u64(row);
    if (here == wanted) return row;
    (here < wanted ? low : high) = here < wanted ? middle + 1 : middle;
  }
  return {};
}

}  // namespace

Places Segment::find(const IndexTerms& terms) const {
  return find_in(terms, least_, greatest_, [this](uint64_t one) {
    const ByteView row = row_of(terms_, one);
    if (row.empty()) return StoredList();
    const size_t position = get_u32(row.subspan(8));
    const size_t length = get_u32(row.subspan(12));
    if (position + length > places_.size() / 2) return StoredList();
    return StoredList(places_.subspan(2 * position, 2 * length));
  });
}

}  // namespace hetao::ledger
