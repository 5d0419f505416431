// A hash table from texts to numbers, built once and read often: open addressing, no allocation in a look-up.
// Immutable once built; safe to share.
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
    const uint64_t hash = hash_of(text);
    for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.index == kNone) return kNone;
      if (slot.hash == static_cast<uint32_t>(hash >> 32U) && slot.size == text.size() &&
          std::memcmp(bytes_.data() + slot.begin, text.data(), text.size()) == 0) {
        return slot.index;
      }
    }
  }

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t index = kNone;
    uint32_t begin = 0;
    uint32_t size = 0;
  };

  static uint64_t mix(uint64_t a, uint64_t b) {
    a = (a ^ b) * 0x9E3779B97F4A7C15U;
    return a ^ (a >> 29U);
  }

  // Reads eight bytes at a time; the two reads of a short text overlap.
  static uint64_t hash_of(std::string_view text) {
    uint64_t h = mix(text.size(), 0x51F7A35C1E8F3D1BU);
    const char* p = text.data();
    size_t left = text.size();
    for (; left > 8; left -= 8, p += 8) {
      uint64_t word = 0;
      std::memcpy(&word, p, 8);
      h = mix(h, word);
    }
    uint64_t word = 0;
    if (text.size() >= 8) {
      std::memcpy(&word, text.data() + text.size() - 8, 8);
    } else if (left >= 4) {
      uint32_t low = 0;
      uint32_t high = 0;
      std::memcpy(&low, p, 4);
      std::memcpy(&high, p + left - 4, 4);
      word = low | (uint64_t{high} << 32U);
    } else if (left > 0) {
      word = static_cast<unsigned char>(p[0]) | (uint64_t{static_cast<unsigned char>(p[left / 2])} << 8U) |
             (uint64_t{static_cast<unsigned char>(p[left - 1])} << 16U);
    }
    return mix(mix(h, word), 0x2545F4914F6CDD1DU);
  }

  std::vector<Slot> slots_;
  std::string bytes_;
  size_t mask_ = 0;
};

}  // namespace hetao::policy
