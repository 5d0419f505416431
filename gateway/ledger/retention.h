// How long it may be told who stands behind a name of the ledger. Laws ask for different periods, so entries
// have classes, each with a period of its own that begins at the person's newest entry of the class. Entries
// themselves are never deleted: without the name that is kept apart (io/person_register.h) they say nothing
// of anybody.
//
// Pure; plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/base/time.h"

namespace hetao::ledger {

enum class EntryClass : uint8_t {
  kCrossing,  // what crossed, who let it, and by which rules and filings: also every kind not named elsewhere
  kWork,      // jobs and uploads
  kAccess,    // sign-ins, looks at the ledger, acts of operators: what laws call network logs
};
inline constexpr std::array kEntryClasses = {EntryClass::kCrossing, EntryClass::kWork, EntryClass::kAccess};

EntryClass class_of(std::string_view kind);  // of entries of this kind
const char* to_word(EntryClass one);         // crossing, work, access
std::optional<EntryClass> entry_class(std::string_view word);

inline constexpr Duration kRetentionLeast = Duration::seconds(int64_t{184} * 86'400);  // six months
inline constexpr Duration kRetentionDefault = Duration::seconds(int64_t{1'095} * 86'400);

// A value for each class.
template <typename Value>
class ByClass {
 public:
  constexpr ByClass() = default;
  constexpr explicit ByClass(Value all) { values_.fill(all); }
  constexpr Value& operator[](EntryClass one) { return values_[static_cast<size_t>(one)]; }
  constexpr const Value& operator[](EntryClass one) const { return values_[static_cast<size_t>(one)]; }
  bool operator==(const ByClass&) const = default;

 private:
  std::array<Value, kEntryClasses.size()> values_{};
};

using Retention = ByClass<Duration>;
using LastSeen = ByClass<Instant>;  // Instant{}: no entry of the class

// When the last period that runs is over.
Instant kept_until(const LastSeen& seen, const Retention& retention);

}  // namespace hetao::ledger
