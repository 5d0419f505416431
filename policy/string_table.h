// A perfect hash table from texts to numbers, built once and read often: a look-up reads one place, compares
// once, allocates nothing and has hardly a branch that data decide (hash, displace and compress: Belazzougui,
// Botelho, Dietzfelbinger 2009). Immutable once built; safe to share.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hetao::policy {

class StringTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  StringTable() = default;
  // The texts' indexes; texts differ from each other.
  explicit StringTable(std::span<const std::string> texts);

  uint32_t find(std::string_view text) const {
    if (slots_.empty()) return kNone;
    const Key key = key_of(text);
    const uint64_t hash = hash_of(key);
    const Slot& slot = slots_[place_of(hash, shifts_[hash & shift_mask_])];
    // No short-cuts: a comparison that nobody can predict must not be a branch.
    const bool same =
        ((slot.key.low ^ key.low) | (slot.key.high ^ key.high) | (slot.key.size ^ key.size)) == 0;
    if (text.size() > kShort) [[unlikely]]
      return find_long(slot, same, text);
    return same ? slot.index : kNone;
  }

 private:
  // A text of up to kShort bytes as a whole: its bytes (two reads that overlap) and how many there are. Of a
  // longer one a hash, and the bytes are compared as well.
  static constexpr size_t kShort = 16;
  struct Key {
    uint64_t low = 0;
    uint64_t high = 0;
    uint32_t size = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct alignas(32) Slot {  // two a cache line
    Key key;
    uint32_t index = kNone;
  };

  static uint64_t word_at(const char* p) {
    uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    return word;
  }

  static Key key_of(std::string_view text) {
    Key key;
    const char* const p = text.data();
    const size_t size = text.size();
    key.size = static_cast<uint32_t>(size);
    if (size > kShort) return long_key(text);
    if (size >= 8) {
      key.low = word_at(p);
      key.high = word_at(p + size - 8);
    } else if (size >= 4) {
      uint32_t first = 0;
      uint32_t last = 0;
      std::memcpy(&first, p, 4);
      std::memcpy(&last, p + size - 4, 4);
      key.low = first | (uint64_t{last} << 32U);
    } else if (size > 0) {
      key.low = static_cast<unsigned char>(p[0]) | (uint64_t{static_cast<unsigned char>(p[size / 2])} << 8U) |
                (uint64_t{static_cast<unsigned char>(p[size - 1])} << 16U);
    }
    return key;
  }
  static Key long_key(std::string_view text);

  uint64_t hash_of(const Key& key) const {
    // Two products side by side: the second must not wait for the first.
    const uint64_t h =
        ((key.low ^ seed_) * 0x9E3779B97F4A7C15U) ^ ((key.high + seed_ + key.size) * 0xD6E8FEB86659FD93U);
    return h ^ (h >> 32U);
  }
  size_t place_of(uint64_t hash, uint32_t shift) const { return ((hash >> 16U) ^ shift) & mask_; }
  uint32_t find_long(const Slot& slot, bool same, std::string_view text) const;
  bool place_all(std::span<const Key> keys);
  bool place_group(std::span<const uint32_t> group, std::span<const uint64_t> hashes,
                   std::span<const Key> keys);

  std::vector<Slot> slots_;
  std::vector<uint32_t> shifts_;  // a group of texts
  std::vector<std::string> texts_;
  uint64_t seed_ = 0;
  size_t mask_ = 0;
  size_t shift_mask_ = 0;
  std::vector<uint32_t> twins_;  // long texts with the key of another, which stands in a slot
};

}  // namespace hetao::policy
