#include "policy/string_table.h"

#include <bit>

#include "gateway/base/check.h"

namespace hetao::policy {

StringTable::StringTable(std::span<const std::string> texts) {
  if (texts.empty()) return;
  slots_.resize(std::bit_ceil(texts.size() * 2 + 2));
  mask_ = slots_.size() - 1;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string& text = texts[i];
    HETAO_CHECK(bytes_.size() + text.size() < UINT32_MAX);
    const uint64_t hash = hash_of(text);
    size_t at = hash & mask_;
    while (slots_[at].index != kNone) at = (at + 1) & mask_;
    slots_[at] = {static_cast<uint32_t>(hash >> 32U), static_cast<uint32_t>(i),
                  static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(text.size())};
    bytes_ += text;
  }
}

}  // namespace hetao::policy
