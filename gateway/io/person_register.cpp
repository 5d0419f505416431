#include "gateway/io/person_register.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <tuple>

#include "gateway/base/check.h"
#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/io/adopt_files.h"
#include "gateway/io/durable_file.h"
#include "gateway/ledger/sha256.h"

namespace hetao::io {

namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kNameHexDigits = 16;
constexpr size_t kRecordBytesMax = 65'536;
constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;

struct CipherFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherFree>;

std::string both(const std::string& tenant, const std::string& user) {
  return tenant + '\0' + user;
}

std::string random_bytes(size_t count) {
  std::string out(count, '\0');
  HETAO_CHECK(RAND_priv_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) == 1);
  return out;
}

const unsigned char* raw(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string seal(const std::string& key, const std::string& text) {
  const std::string nonce = random_bytes(kNonceBytes);
  const Cipher context(EVP_CIPHER_CTX_new());
  std::string out(text.size() + kTagBytes, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  int size = 0;
  HETAO_CHECK(context &&
              EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1);
  HETAO_CHECK(EVP_EncryptUpdate(context.get(), bytes, &size, raw(text), static_cast<int>(text.size())) == 1);
  HETAO_CHECK(EVP_EncryptFinal_ex(context.get(), bytes + size, &size) == 1);
  HETAO_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, bytes + text.size()) == 1);
  return to_hex(as_bytes(nonce + out));
}

std::optional<std::string> unseal(const std::string& key, const std::string& sealed) {
  const auto bytes = from_hex(sealed);
  if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return std::nullopt;
  const size_t length = bytes->size() - kNonceBytes - kTagBytes;
  const Cipher context(EVP_CIPHER_CTX_new());
  std::string out(length, '\0');
  int size = 0;
  Bytes tag(bytes->end() - kTagBytes, bytes->end());
  const bool good =
      context &&
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, raw(key), bytes->data()) == 1 &&
      EVP_DecryptUpdate(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                        bytes->data() + kNonceBytes, static_cast<int>(length)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), reinterpret_cast<unsigned char*>(out.data()) + size, &size) == 1;
  if (!good) return std::nullopt;
  return out;
}

// Names of files: the digits of the name.
std::string file_of(const std::string& name) {
  return to_hex(as_bytes(name));
}

std::string text_of(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Instant time_of(const json::object& object, const char* name) {
  return parse_rfc3339(text_of(object, name)).value_or(Instant{});
}

// Days are counted whole: a record is written once a day and class, and no period ends early.
Instant end_of_day(Instant now) {
  return {(now.micros / kMicrosPerDay + 1) * kMicrosPerDay};
}

// Records of earlier versions know no classes: each counts as seen when the person was, which they wrote down
// when it was a day ago.
ledger::LastSeen seen_of(const json::object& object) {
  const json::value* value = object.if_contains("seen");
  if (value == nullptr || !value->is_object())
    return ledger::LastSeen(end_of_day(time_of(object, "last_seen") + Duration{kMicrosPerDay}));
  ledger::LastSeen seen;
  for (const ledger::EntryClass one : ledger::kEntryClasses)
    seen[one] = time_of(value->get_object(), ledger::to_word(one));
  return seen;
}

json::object to_json(const ledger::LastSeen& seen) {
  json::object out;
  for (const ledger::EntryClass one : ledger::kEntryClasses)
    if (seen[one] != Instant{}) out[ledger::to_word(one)] = to_rfc3339(seen[one]);
  return out;
}

std::vector<std::string> texts_of(const json::object& object, const char* name) {
  std::vector<std::string> out;
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_array()) return out;
  for (const json::value& one : value->get_array())
    if (one.is_string()) out.emplace_back(one.get_string());
  return out;
}

auto no_such(const std::string& name) {
  return fail(ErrorCode::kNotFound, "person " + printable(name), "is not known here",
              "`hetao audit person list` shows who is");
}

}  // namespace

Result<std::unique_ptr<PersonRegister>> PersonRegister::open(std::string folder, std::string keys_folder) {
  for (const std::string& place : {folder, keys_folder + "/persons"}) {
    if (auto made = make_folders(place); !made) return fail(made.error());
    remove_leftovers(place);
  }
  auto holds = LegalHolds::open(folder + ".holds");
  if (!holds) return fail(holds.error());
  std::unique_ptr<PersonRegister> made(
      new PersonRegister(std::move(folder), std::move(keys_folder), std::move(*holds)));
  if (auto loaded = made->load(); !loaded) return fail(loaded.error());
  return made;
}

Result<void> PersonRegister::load() {
  const std::string path = keys_folder_ + "/persons.key";
  auto key = read_text(path, kRecordBytesMax);
  if (!key && key.error().code != ErrorCode::kNotFound) return fail(key.error());
  if (!key) {
    key = random_bytes(kKeyBytes);
    if (auto written = write_durably(path, as_bytes(*key)); !written) return written;
  }
  lookup_key_ = std::move(*key);
  return load_new();
}

Result<void> PersonRegister::load_record(const std::string& file) {
  const auto text = read_text(file, kRecordBytesMax);
  if (!text) return fail(text.error());
  const auto value = parse_json(*text, file);
  if (!value || !value->is_object())
    return fail(ErrorCode::kVerification, file, "is damaged",
                "restore it from a backup; the ledger itself is whole");
  const json::object& object = value->get_object();
  Record record;
  record.person.name = text_of(object, "name");
  record.person.commitment = text_of(object, "commitment");
  record.person.state = text_of(object, "state");
  record.person.same_as = texts_of(object, "same_as");
  record.person.first_seen = time_of(object, "first_seen");
  record.person.last_seen = time_of(object, "last_seen");
  record.person.seen = seen_of(object);
  record.lookup = text_of(object, "lookup");
  record.sealed = text_of(object, "sealed");
  const std::string name = record.person.name;
  // Earlier versions kept a person's hold in the record.
  if (const std::string reason = text_of(object, "hold"); !reason.empty() && !holds_.all().contains(name)) {
    auto placed = holds_.place({name, reason, "", record.person.last_seen, {name}, {}, false});
    if (!placed) return placed;
    if (auto saved = save(record); !saved) return saved;
  }
  if (!record.lookup.empty()) {
    // A node that leads no more, and did not know it yet, may have named somebody whom the next has named
    // too: every node believes the same one of them.
    const auto [at, is_only] = by_lookup_.try_emplace(record.lookup, name);
    const auto age = [](const Person& person) { return std::tie(person.first_seen, person.name); };
    if (!is_only && age(record.person) < age(records_.at(at->second).person)) at->second = name;
  }
  records_[name] = std::move(record);
  return {};
}

// What another node wrote since. Only people whom nobody here knows are worth a look at the folder.
Result<void> PersonRegister::load_new() {
  std::error_code error;
  for (const auto& item : std::filesystem::directory_iterator(folder_, error)) {
    const auto name = from_hex(item.path().filename().string());
    if (!name || records_.contains(std::string(as_text(*name)))) continue;
    if (auto loaded = load_record(item.path().string()); !loaded) return loaded;
  }
  return {};
}

Result<void> PersonRegister::save(const Record& record) const {
  const Person& p = record.person;
  const std::string text =
      canonical_json(json::object{{"name", p.name},
                                  {"commitment", p.commitment},
                                  {"state", p.state},
                                  {"same_as", json::array(p.same_as.begin(), p.same_as.end())},
                                  {"seen", to_json(p.seen)},
                                  {"first_seen", to_rfc3339(p.first_seen)},
                                  {"last_seen", to_rfc3339(p.last_seen)},
                                  {"lookup", record.lookup},
                                  {"sealed", record.sealed}});
  return write_durably(folder_ + "/" + file_of(p.name), as_bytes(text));
}

Result<void> PersonRegister::adopt(const std::string& folder, const std::string& keys_folder) {
  if (folder == folder_ || !std::filesystem::exists(folder)) return {};
  auto from = open(folder, keys_folder);
  if (!from) return fail(from.error());
  for (const auto& [name, record] : (*from)->records_) {
    if (auto taken = adopt_record(**from, record); !taken) return taken;
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [matter, hold] : (*from)->holds_.all()) {
    if (holds_.all().contains(matter)) continue;
    if (auto placed = holds_.place(hold); !placed) return placed;
  }
  for (const std::string& there :
       {keys_folder + "/persons", keys_folder + "/persons.key", folder + ".holds", folder}) {
    if (auto removed = remove_adopted(there); !removed) return removed;
  }
  return {};
}

Result<void> PersonRegister::adopt_record(const PersonRegister& from, Record record) {
  const auto known = from.show(record.person.name);
  if (!known) return fail(known.error());
  const std::lock_guard lock(mutex_);
  const std::string& name = record.person.name;
  if (records_.contains(name)) return {};
  record.lookup.clear();  // made with that register's key
  if (!known->user.empty()) {
    record.lookup = lookup_of(known->tenant, known->user);
    // One name leads to a person; what both did is one person's all the same.
    if (const auto same = by_lookup_.find(record.lookup); same != by_lookup_.end()) {
      record.person.same_as.push_back(same->second);
      record.lookup.clear();
    }
    const std::string file = "/persons/" + file_of(name);
    const auto key = read_text(from.keys_folder_ + file, kRecordBytesMax);
    if (!key) return fail(key.error());
    if (auto written = write_durably(keys_folder_ + file, as_bytes(*key)); !written) return written;
  }
  if (auto saved = save(record); !saved) return saved;
  if (!record.lookup.empty()) by_lookup_[record.lookup] = name;
  records_[name] = std::move(record);
  return {};
}

std::string PersonRegister::lookup_of(const std::string& tenant, const std::string& user) const {
  const std::string text = both(tenant, user);
  std::array<unsigned char, 32> out{};
  unsigned size = 0;
  HETAO_CHECK(HMAC(EVP_sha256(), lookup_key_.data(), static_cast<int>(lookup_key_.size()), raw(text),
                   text.size(), out.data(), &size) != nullptr);
  return to_hex(out);
}

PersonRegister::Record* PersonRegister::at(const std::string& name) {
  const auto found = records_.find(name);
  return found == records_.end() ? nullptr : &found->second;
}

Result<PersonRegister::Named> PersonRegister::name_of(const std::string& tenant, const std::string& user,
                                                      Instant now) {
  const std::lock_guard lock(mutex_);
  const std::string lookup = lookup_of(tenant, user);
  if (!by_lookup_.contains(lookup)) {
    if (auto loaded = load_new(); !loaded) return fail(loaded.error());
  }
  if (const auto known = by_lookup_.find(lookup); known != by_lookup_.end()) {
    Record& record = records_.at(known->second);
    if (auto saved = touch(record, ledger::EntryClass::kAccess, now); !saved) return fail(saved.error());
    return Named{record.person.name, record.person.commitment, false};
  }
  const std::string key = random_bytes(kKeyBytes);
  const std::string salt = random_bytes(kKeyBytes);
  Record record;
  record.person.commitment = ledger::sha256(as_bytes(salt + both(tenant, user))).hex();
  record.person.name = tenant + "/u-" + record.person.commitment.substr(0, kNameHexDigits);
  record.person.state = "active";
  record.person.first_seen = record.person.last_seen = now;
  record.person.seen[ledger::EntryClass::kAccess] = end_of_day(now);
  record.lookup = lookup;
  record.sealed = seal(key, both(tenant, user));
  // The key first: a record without one would be an erased person.
  const std::string name = record.person.name;
  if (auto written = write_durably(keys_folder_ + "/persons/" + file_of(name), as_bytes(key + salt));
      !written)
    return fail(written.error());
  if (auto saved = save(record); !saved) return fail(saved.error());
  Named out{name, record.person.commitment, true};
  by_lookup_[lookup] = name;
  records_[name] = std::move(record);
  return out;
}

std::optional<std::string> PersonRegister::find(const std::string& tenant, const std::string& user) const {
  const std::lock_guard lock(mutex_);
  const auto known = by_lookup_.find(lookup_of(tenant, user));
  return known == by_lookup_.end() ? std::nullopt : std::optional(known->second);
}

Result<void> PersonRegister::touch(Record& record, ledger::EntryClass one, Instant now) {
  Instant& seen = record.person.seen[one];
  if (now < seen) return {};
  seen = end_of_day(now);
  record.person.last_seen = std::max(record.person.last_seen, now);
  return save(record);
}

Result<void> PersonRegister::saw(const ledger::Entry& entry) {
  if (entry.who.find('/') == std::string::npos) return {};  // a part of the gateway, or a tenant
  const std::lock_guard lock(mutex_);
  Record* record = at(entry.who);
  if (record == nullptr || record->person.state == "erased") return {};
  return touch(*record, ledger::class_of(entry.kind), entry.time);
}

std::vector<Person> PersonRegister::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<Person> all;
  for (const auto& [name, record] : records_) {
    all.push_back(record.person);
    all.back().hold = holds_.reasons(name);
  }
  return all;
}

Result<Person> PersonRegister::show(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(name);
  if (found == records_.end()) return no_such(name);
  Person person = found->second.person;
  person.hold = holds_.reasons(name);
  const auto key = read_text(keys_folder_ + "/persons/" + file_of(name), kRecordBytesMax);
  if (!key || key->size() != 2 * kKeyBytes) return person;
  const auto text = unseal(key->substr(0, kKeyBytes), found->second.sealed);
  if (!text)
    return fail(ErrorCode::kVerification, "person " + printable(name),
                "the sealed name does not open with its key", "restore both from one backup");
  const size_t zero = text->find('\0');
  if (zero == std::string::npos) return person;
  person.tenant = text->substr(0, zero);
  person.user = text->substr(zero + 1);
  return person;
}

Result<void> PersonRegister::restrict(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Record* record = at(name);
  if (record == nullptr) return no_such(name);
  if (record->person.state == "erased")
    return fail(ErrorCode::kUsage, "person " + printable(name), "is erased already", "");
  record->person.state = "restricted";
  return save(*record);
}

Result<void> PersonRegister::hold(LegalHold hold) {
  const std::lock_guard lock(mutex_);
  for (const std::string& name : hold.people) {
    const Record* record = at(name);
    if (record == nullptr) return no_such(name);
    if (record->person.state == "erased")
      return fail(ErrorCode::kUsage, "person " + printable(name), "is erased: there is nothing to hold", "");
  }
  return holds_.place(std::move(hold));
}

Result<void> PersonRegister::lift_hold(const std::string& matter) {
  const std::lock_guard lock(mutex_);
  return holds_.lift(matter);
}

std::vector<LegalHold> PersonRegister::holds() const {
  const std::lock_guard lock(mutex_);
  std::vector<LegalHold> all;
  for (const auto& [matter, hold] : holds_.all()) all.push_back(hold);
  return all;
}

Result<void> PersonRegister::note_same(const std::string& name, const std::string& other, bool are_same) {
  const std::lock_guard lock(mutex_);
  Record* record = at(name);
  if (record == nullptr) return no_such(name);
  std::vector<std::string>& others = record->person.same_as;
  const auto known = std::find(others.begin(), others.end(), other);
  if ((known != others.end()) == are_same)
    return fail(
        ErrorCode::kUsage, "person " + printable(name),
        "and " + printable(other) + (are_same ? " are one person already" : " are two people already"));
  if (are_same) {
    others.push_back(other);
  } else {
    others.erase(known);
  }
  return save(*record);
}

// Either may have been noted at the other.
bool PersonRegister::are_same(const std::string& name, const std::string& other) const {
  if (name == other) return true;
  const std::lock_guard lock(mutex_);
  const auto names = [&](const std::string& one, const std::string& two) {
    const auto record = records_.find(one);
    if (record == records_.end()) return false;
    const std::vector<std::string>& known = record->second.person.same_as;
    return std::find(known.begin(), known.end(), two) != known.end();
  };
  return names(name, other) || names(other, name);
}

Result<void> PersonRegister::erase(const std::string& name, Instant now, const ledger::Retention& retention) {
  const std::lock_guard lock(mutex_);
  Record* record = at(name);
  if (record == nullptr) return no_such(name);
  Person& person = record->person;
  const std::string what = "person " + printable(name);
  if (person.state == "erased") return fail(ErrorCode::kUsage, what, "is erased already", "");
  if (const std::string held = holds_.reasons(name); !held.empty())
    return fail(ErrorCode::kForbidden, what, "a legal hold forbids it: " + printable(held),
                "lift the hold first");
  if (const Instant until = ledger::kept_until(person.seen, retention); now < until)
    return fail(ErrorCode::kForbidden, what, "a retention period runs until " + to_rfc3339(until),
                "restrict it until then");
  const std::string key = keys_folder_ + "/persons/" + file_of(name);
  // What the disk may keep of the old blocks is overwritten first, as far as a file system lets us.
  if (auto written = write_durably(key, as_bytes(random_bytes(2 * kKeyBytes))); !written) return written;
  if (::unlink(key.c_str()) != 0 && errno != ENOENT) return fail_errno(key, "can't be removed");
  if (auto synced = sync_folder(keys_folder_ + "/persons"); !synced) return synced;
  by_lookup_.erase(record->lookup);
  record->lookup.clear();
  record->sealed.clear();
  person.same_as.clear();
  person.state = "erased";
  return save(*record);
}

std::vector<std::string> PersonRegister::overdue(Instant now, const ledger::Retention& retention) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, record] : records_) {
    const Person& person = record.person;
    if (person.state != "erased" && now >= ledger::kept_until(person.seen, retention) &&
        holds_.reasons(name).empty())
      names.push_back(name);
  }
  return names;
}

}  // namespace hetao::io
