#include "gateway/io/person_register.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "gateway/base/check.h"
#include "gateway/base/json.h"
#include "gateway/base/text.h"
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
  std::unique_ptr<PersonRegister> made(new PersonRegister(std::move(folder), std::move(keys_folder)));
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
  std::error_code error;
  for (const auto& item : std::filesystem::directory_iterator(folder_, error)) {
    const std::string file = item.path().string();
    const auto text = read_text(file, kRecordBytesMax);
    if (!text) return fail(text.error());
    const auto value = parse_json(*text, file);
    if (!value || !value->is_object())
      return fail(ErrorCode::kVerification, file, "is damaged",
                  "restore it from a backup; the ledger itself is whole");
    const json::object& object = value->get_object();
    Record record;
    record.person = {text_of(object, "name"),
                     text_of(object, "commitment"),
                     text_of(object, "state"),
                     text_of(object, "hold"),
                     time_of(object, "first_seen"),
                     time_of(object, "last_seen"),
                     {},
                     {}};
    record.lookup = text_of(object, "lookup");
    record.sealed = text_of(object, "sealed");
    if (!record.lookup.empty()) by_lookup_[record.lookup] = record.person.name;
    const std::string name = record.person.name;
    records_[name] = std::move(record);
  }
  return {};
}

Result<void> PersonRegister::save(const Record& record) const {
  const Person& p = record.person;
  const std::string text = canonical_json(json::object{{"name", p.name},
                                                       {"commitment", p.commitment},
                                                       {"state", p.state},
                                                       {"hold", p.hold},
                                                       {"first_seen", to_rfc3339(p.first_seen)},
                                                       {"last_seen", to_rfc3339(p.last_seen)},
                                                       {"lookup", record.lookup},
                                                       {"sealed", record.sealed}});
  return write_durably(folder_ + "/" + file_of(p.name), as_bytes(text));
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
  if (const auto known = by_lookup_.find(lookup); known != by_lookup_.end()) {
    Record& record = records_.at(known->second);
    if ((now - record.person.last_seen).micros >= kMicrosPerDay) {
      record.person.last_seen = now;
      if (auto saved = save(record); !saved) return fail(saved.error());
    }
    return Named{record.person.name, record.person.commitment, false};
  }
  const std::string key = random_bytes(kKeyBytes);
  const std::string salt = random_bytes(kKeyBytes);
  Record record;
  record.person.commitment = ledger::sha256(as_bytes(salt + both(tenant, user))).hex();
  record.person.name = tenant + "/u-" + record.person.commitment.substr(0, kNameHexDigits);
  record.person.state = "active";
  record.person.first_seen = record.person.last_seen = now;
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

std::vector<Person> PersonRegister::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<Person> all;
  for (const auto& [name, record] : records_) all.push_back(record.person);
  return all;
}

Result<Person> PersonRegister::show(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(name);
  if (found == records_.end()) return no_such(name);
  Person person = found->second.person;
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

Result<void> PersonRegister::hold(const std::string& name, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  Record* record = at(name);
  if (record == nullptr) return no_such(name);
  if (record->person.state == "erased")
    return fail(ErrorCode::kUsage, "person " + printable(name), "is erased: there is nothing to hold", "");
  record->person.hold = reason;
  return save(*record);
}

Result<void> PersonRegister::erase(const std::string& name, Instant now, Duration retention) {
  const std::lock_guard lock(mutex_);
  Record* record = at(name);
  if (record == nullptr) return no_such(name);
  Person& person = record->person;
  const std::string what = "person " + printable(name);
  if (person.state == "erased") return fail(ErrorCode::kUsage, what, "is erased already", "");
  if (!person.hold.empty())
    return fail(ErrorCode::kForbidden, what, "a legal hold forbids it: " + printable(person.hold),
                "lift the hold first");
  if (now - person.last_seen < retention)
    return fail(ErrorCode::kForbidden, what,
                "a retention period runs until " + to_rfc3339(person.last_seen + retention),
                "restrict it until then");
  const std::string key = keys_folder_ + "/persons/" + file_of(name);
  // What the disk may keep of the old blocks is overwritten first, as far as a file system lets us.
  if (auto written = write_durably(key, as_bytes(random_bytes(2 * kKeyBytes))); !written) return written;
  if (::unlink(key.c_str()) != 0 && errno != ENOENT) return fail_errno(key, "can't be removed");
  if (auto synced = sync_folder(keys_folder_ + "/persons"); !synced) return synced;
  by_lookup_.erase(record->lookup);
  record->lookup.clear();
  record->sealed.clear();
  person.state = "erased";
  return save(*record);
}

std::vector<std::string> PersonRegister::overdue(Instant now, Duration retention) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, record] : records_) {
    const Person& person = record.person;
    if (person.state != "erased" && person.hold.empty() && now - person.last_seen >= retention)
      names.push_back(name);
  }
  return names;
}

}  // namespace hetao::io
