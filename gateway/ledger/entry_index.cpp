#include "gateway/ledger/entry_index.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "gateway/base/check.h"
#include "gateway/ledger/sha256.h"
#include "gateway/ledger/wal.h"

namespace hetao::ledger {

namespace {

constexpr std::string_view kMagic = "HTIDX001";
constexpr size_t kHeadBytes = 8 + 8 + 4 + 8 + 8 + 4;
constexpr size_t kTermBytes = 8 + 4 + 4;
constexpr int64_t kMicrosPerHour = int64_t{3'600} * 1'000'000;
constexpr int64_t kHoursMax = 24 * 31;  // a longer span is left to the segments' own times

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

// Intersects choices, each the union of its terms' lists.
std::vector<uint16_t> intersect(const std::vector<std::vector<uint64_t>>& terms,
                                const std::function<std::vector<uint16_t>(uint64_t)>& list) {
  std::optional<std::vector<uint16_t>> found;
  for (const std::vector<uint64_t>& choice : terms) {
    std::vector<uint16_t> any;
    for (const uint64_t one : choice) {
      const std::vector<uint16_t> places = list(one);
      std::vector<uint16_t> both;
      std::set_union(any.begin(), any.end(), places.begin(), places.end(), std::back_inserter(both));
      any = std::move(both);
    }
    if (!found) {
      found = std::move(any);
    } else {
      std::vector<uint16_t> both;
      std::set_intersection(found->begin(), found->end(), any.begin(), any.end(), std::back_inserter(both));
      found = std::move(both);
    }
    if (found->empty()) break;
  }
  return found.value_or(std::vector<uint16_t>());
}

bool spans(Instant least, Instant greatest, const EntryQuery& query) {
  return (!query.since || greatest >= *query.since) && (!query.until || least < *query.until);
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

std::vector<std::vector<uint64_t>> EntryQuery::terms() const {
  std::vector<std::vector<uint64_t>> all;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) all.push_back({term(name, value)});
  };
  add("crossing", crossing);
  add("job", job);
  add("item_digest", item_digest);
  add("who", who);
  add("dataset", dataset);
  add("rule", rule);
  add("tenant", tenant);
  add("kind", kind);
  add("decision", decision);
  add("peer", peer);
  add("direction", direction);
  const std::vector<std::string> wanted = words_of(text);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const bool is_pair_or_word =
        static_cast<unsigned char>(wanted[i][0]) < 0x80 || character_bytes(wanted[i]) < wanted[i].size();
    if (is_pair_or_word) all.push_back({term("word", wanted[i])});
  }
  if (bytes_min || bytes_max) {
    std::vector<uint64_t> sizes;
    for (unsigned bits = size_class(bytes_min.value_or(0)); bits <= size_class(bytes_max.value_or(INT64_MAX));
         ++bits)
      sizes.push_back(size_term(bits));
    all.push_back(std::move(sizes));
  }
  if (since && until && hour_of(*until) - hour_of(*since) <= kHoursMax) {
    std::vector<uint64_t> hours;
    for (int64_t hour = hour_of(*since); hour <= hour_of(*until); ++hour) hours.push_back(hour_term(hour));
    all.push_back(std::move(hours));
  }
  return all;
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

std::vector<uint16_t> SegmentBuilder::find(const std::vector<std::vector<uint64_t>>& terms) const {
  return intersect(terms, [this](uint64_t one) {
    const auto at = lists_.find(one);
    return at == lists_.end() ? std::vector<uint16_t>() : at->second;
  });
}

bool SegmentBuilder::may_hold(const EntryQuery& query) const {
  return count_ != 0 && spans(least_, greatest_, query);
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

std::vector<uint16_t> Segment::list(uint64_t wanted) const {
  size_t low = 0;
  size_t high = terms_.size() / kTermBytes;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    const ByteView row = terms_.subspan(middle * kTermBytes);
    const uint64_t here = get_u64(row);
    if (here == wanted) {
      const size_t position = get_u32(row.subspan(8));
      const size_t length = get_u32(row.subspan(12));
      if (position + length > places_.size() / 2) return {};
      std::vector<uint16_t> places(length);
      for (size_t i = 0; i < length; ++i) places[i] = get_u16(places_.subspan(2 * (position + i)));
      return places;
    }
    (here < wanted ? low : high) = here < wanted ? middle + 1 : middle;
  }
  return {};
}

std::vector<uint16_t> Segment::find(const std::vector<std::vector<uint64_t>>& terms) const {
  return intersect(terms, [this](uint64_t one) { return list(one); });
}

bool Segment::may_hold(const EntryQuery& query) const {
  return count_ != 0 && spans(least_, greatest_, query);
}

}  // namespace hetao::ledger
