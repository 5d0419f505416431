// Legal holds: matters, such as a court's case, for which nothing may be destroyed that tells who somebody in
// the ledger is. Each matter is placed and lifted by itself, so that the end of one does not end another
// about the same person.
//
// One file, durable on return: a JSON array of what is held. Not thread-safe; calls block.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::io {

struct LegalHold {
  std::string matter;  // its name: a case number, or the ledger's name of the only person whom it is about
  std::string reason;
  std::string by;  // who placed it, as the ledger names them
  Instant since;
  std::vector<std::string> people;   // as the ledger names them
  std::vector<std::string> tenants;  // all of their people, also those who come later
  bool everybody = false;

  bool covers(std::string_view person) const;
};

class LegalHolds {
 public:
  static Result<LegalHolds> open(std::string path);

  // Refuses a matter that is held already, or that covers nobody.
  Result<void> place(LegalHold hold);
  Result<void> lift(const std::string& matter);
  const std::map<std::string, LegalHold>& all() const { return holds_; }
  // Why this person's name is kept: "MATTER: REASON", several with "; " between. Empty: nothing holds it.
  std::string reasons(std::string_view person) const;

 private:
  explicit LegalHolds(std::string path) : path_(std::move(path)) {}
  Result<void> save(std::map<std::string, LegalHold> holds);

  std::string path_;
  std::map<std::string, LegalHold> holds_;  // by matter
};

}  // namespace hetao::io
