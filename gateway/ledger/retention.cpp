#include "gateway/ledger/retention.h"

#include <algorithm>

namespace hetao::ledger {

namespace {

constexpr std::array<std::string_view, 2> kWorkKinds = {"job-state", "upload"};
constexpr std::array<std::string_view, 9> kAccessKinds = {"admin",    "audit-access", "erased",
                                                          "person",   "sign-in",      "sign-in-refused",
                                                          "sign-out", "token-made",   "token-revoked"};

template <typename List>
bool has(const List& list, std::string_view kind) {
  return std::find(list.begin(), list.end(), kind) != list.end();
}

}  // namespace

EntryClass class_of(std::string_view kind) {
  if (has(kWorkKinds, kind)) return EntryClass::kWork;
  return has(kAccessKinds, kind) ? EntryClass::kAccess : EntryClass::kCrossing;
}

const char* to_word(EntryClass one) {
  switch (one) {
    case EntryClass::kCrossing:
      return "crossing";
    case EntryClass::kWork:
      return "work";
    case EntryClass::kAccess:
      return "access";
  }
  return "";
}

std::optional<EntryClass> entry_class(std::string_view word) {
  for (const EntryClass one : kEntryClasses)
    if (word == to_word(one)) return one;
  return std::nullopt;
}

Instant kept_until(const LastSeen& seen, const Retention& retention) {
  Instant until;
  for (const EntryClass one : kEntryClasses)
    if (seen[one] != Instant{}) until = std::max(until, seen[one] + retention[one]);
  return until;
}

}  // namespace hetao::ledger
