// Who the people in the ledger are, kept apart from it. The ledger names a person by "TENANT/u-" and the
// beginning of a commitment, SHA-256(salt ‖ tenant ‖ 0x00 ‖ user): without the salt the name says nothing,
// with it anyone can check it.
//
// Nodes of a region share one register, below shared_dir: a person is the same to whichever leads. A gateway
// without others has it below data_dir:
//
//   data_dir/persons/HEX       one person: state, commitment, when each class of entries was last written by
//                              them, and the sealed name (AES-256-GCM under the person's key)
//   data_dir/persons.holds     legal holds (legal_holds.h)
//   data_dir/keys/persons/HEX  the person's key and salt, 64 bytes; destroying it erases the person, and the
//                              ledger stays whole
//   data_dir/keys/persons.key  key of the look-up: HMAC-SHA-256(tenant ‖ 0x00 ‖ user), so that records tell
//                              nothing either
//
// States: active; restricted (kept because a period runs, and used for nothing but that); erased (the key is
// gone). A name is kept while the period of any class runs (ledger/retention.h); a legal hold forbids erasing
// it even then. Everything is durable on return. Thread-safe; calls block.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/io/legal_holds.h"
#include "gateway/ledger/entry.h"
#include "gateway/ledger/retention.h"

namespace hetao::io {

struct Person {
  std::string name;                  // as the ledger has it
  std::string commitment;            // hex
  std::string state;                 // active, restricted, erased
  std::string hold;                  // reasons of legal holds; empty: none
  std::vector<std::string> same_as;  // names in the ledger of other accounts of theirs, here or elsewhere
  Instant first_seen;
  Instant last_seen;      // to a day
  ledger::LastSeen seen;  // ends of the days of the newest entries by them
  // Known while the key is there and the caller may know.
  std::string tenant;
  std::string user;
};

class PersonRegister {
 public:
  static Result<std::unique_ptr<PersonRegister>> open(std::string folder, std::string keys_folder);

  // Takes over the register that a node of earlier versions kept by itself, with its legal holds, and removes
  // it there. Its names stay their people's, because the ledger has them; somebody whom both know under two
  // names is noted as one person. May be done again after a crash.
  Result<void> adopt(const std::string& folder, const std::string& keys_folder);

  struct Named {
    std::string name;
    std::string commitment;
    bool is_new = false;
  };
  // The name in the ledger; made when this person is seen for the first time, or again after being erased.
  Result<Named> name_of(const std::string& tenant, const std::string& user, Instant now);
  // Without making one.
  std::optional<std::string> find(const std::string& tenant, const std::string& user) const;
  std::vector<Person> list() const;
  Result<Person> show(const std::string& name) const;  // with tenant and user, if not erased

  // Whose entry it is was seen today: to be called before the entry is durable.
  Result<void> saw(const ledger::Entry& entry);

  Result<void> restrict(const std::string& name);
  // Destroys the key. Refused under a hold, and while a period runs: until then the name can be restricted.
  Result<void> erase(const std::string& name, Instant now, const ledger::Retention& retention);
  // Names of people whose periods are over and who are not held: to be erased.
  std::vector<std::string> overdue(Instant now, const ledger::Retention& retention) const;

  Result<void> hold(LegalHold hold);
  Result<void> lift_hold(const std::string& matter);
  std::vector<LegalHold> holds() const;

  // Two accounts are one person's (or not, after all). `other` is a name in this ledger or in a peer's.
  Result<void> note_same(const std::string& name, const std::string& other, bool are_same);
  bool are_same(const std::string& name, const std::string& other) const;

 private:
  struct Record {
    Person person;
    std::string lookup;  // hex; empty once erased
    std::string sealed;  // hex: nonce, ciphertext, tag
  };
  PersonRegister(std::string folder, std::string keys_folder, LegalHolds holds)
      : folder_(std::move(folder)), keys_folder_(std::move(keys_folder)), holds_(std::move(holds)) {}
  Result<void> load();
  Result<void> load_new();
  Result<void> load_record(const std::string& file);
  Result<void> adopt_record(const PersonRegister& from, Record record);
  Result<void> touch(Record& record, ledger::EntryClass one, Instant now);
  Result<void> save(const Record& record) const;
  std::string lookup_of(const std::string& tenant, const std::string& user) const;
  Record* at(const std::string& name);

  const std::string folder_;
  const std::string keys_folder_;
  std::string lookup_key_;
  mutable std::mutex mutex_;
  LegalHolds holds_;
  std::map<std::string, Record> records_;         // by name
  std::map<std::string, std::string> by_lookup_;  // name by lookup
};

}  // namespace hetao::io
