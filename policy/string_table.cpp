#include "policy/string_table.h"

#include <algorithm>
#include <bit>

#include "gateway/base/check.h"

namespace hetao::policy {

StringTable::StringTable(std::span<const std::string> texts) : texts_(texts.begin(), texts.end()) {
  if (texts.empty()) return;
  HETAO_CHECK(texts.size() < kNone);
  std::vector<Key> keys;
  for (const std::string& text : texts) keys.push_back(key_of(text));
  shifts_.resize(std::bit_ceil(texts.size()));
  shift_mask_ = shifts_.size() - 1;
  size_t size = std::bit_ceil(texts.size() * 2);
  for (seed_ = 1; seed_ < 100; ++seed_) {  // another seed parts texts that happen to have one hash
    slots_.assign(size, {});
    mask_ = size - 1;
    if (place_all(keys)) return;
    if (seed_ % 8 == 0) size *= 2;
  }
  HETAO_CHECK(false);
}

// Texts whose hashes end alike are a group; the largest groups choose first how far they shift their places.
bool StringTable::place_all(std::span<const Key> keys) {
  std::vector<uint64_t> hashes;
  for (const Key& key : keys) hashes.push_back(hash_of(key));
  twins_.clear();
  std::vector<std::vector<uint32_t>> groups(shifts_.size());
  for (uint32_t i = 0; i < keys.size(); ++i) {
    std::vector<uint32_t>& group = groups[hashes[i] & shift_mask_];
    const bool twin =
        std::any_of(group.begin(), group.end(), [&](uint32_t other) { return keys[other] == keys[i]; });
    (twin ? twins_ : group).push_back(i);
  }
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return std::all_of(groups.begin(), groups.end(),
                     [&](const auto& group) { return group.empty() || place_group(group, hashes, keys); });
}

bool StringTable::place_group(std::span<const uint32_t> group, std::span<const uint64_t> hashes,
                              std::span<const Key> keys) {
  constexpr uint32_t kTriesMax = 10'000;
  for (uint32_t shift = 0; shift < kTriesMax; ++shift) {
    size_t taken = 0;
    for (; taken < group.size(); ++taken) {
      Slot& slot = slots_[place_of(hashes[group[taken]], shift)];
      if (slot.index != kNone) break;
      slot = {keys[group[taken]], group[taken]};
    }
    if (taken == group.size()) {
      shifts_[hashes[group.front()] & shift_mask_] = shift;
      return true;
    }
    for (size_t i = 0; i < taken; ++i) slots_[place_of(hashes[group[i]], shift)] = {};
  }
  return false;
}

uint32_t StringTable::find_long(const Slot& slot, bool same, std::string_view text) const {
  if (!same) return kNone;
  if (texts_[slot.index] == text) return slot.index;
  const auto twin = std::find_if(twins_.begin(), twins_.end(), [&](uint32_t i) { return texts_[i] == text; });
  return twin == twins_.end() ? kNone : *twin;
}

StringTable::Key StringTable::long_key(std::string_view text) {
  Key key{0, word_at(text.data() + text.size() - 8), static_cast<uint32_t>(text.size())};
  for (size_t at = 0; at + 8 <= text.size(); at += 8) {
    key.low = (key.low ^ word_at(text.data() + at)) * 0x9E3779B97F4A7C15U;
    key.low ^= key.low >> 29U;
  }
  return key;
}

}  // namespace hetao::policy
