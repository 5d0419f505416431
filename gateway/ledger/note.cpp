#include "gateway/ledger/note.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/ledger/sha256.h"
#include "gateway/ledger/sm2.h"

namespace hetao::ledger {

namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // U+2014 and a space
constexpr std::string_view kPrivate = "PRIVATE+KEY+";
constexpr size_t kSeedBytes = 32;
constexpr size_t kEd25519Bytes = 64;
constexpr size_t kTimeBytes = 8;
constexpr size_t kNoteBytesMax = size_t{1} << 20U;
constexpr size_t kSignaturesMax = 64;  // the format asks for at least 16

struct PkeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Pkey = std::unique_ptr<EVP_PKEY, PkeyFree>;
using Context = std::unique_ptr<EVP_MD_CTX, ContextFree>;

auto refuse(std::string what, std::string why) {
  return fail(ErrorCode::kVerification, std::move(what), std::move(why), "get it again from its source");
}

auto refuse_key(std::string why) {
  return fail(ErrorCode::kUsage, "key", std::move(why), "copy the whole line, as NAME+ID+KEY");
}

// UTF-8's encodings of the characters that Unicode calls white space (property White_Space), past ASCII.
bool has_space(std::string_view name) {
  static constexpr std::string_view kTwo[] = {"\xc2\x85", "\xc2\xa0"};
  if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20; }))
    return true;
  for (const std::string_view space : kTwo)
    if (name.find(space) != std::string_view::npos) return true;
  for (size_t at = 0; (at = name.find_first_of("\xe1\xe2\xe3", at)) != std::string_view::npos; ++at) {
    const std::string_view c = name.substr(at, 3);
    if (c == "\xe1\x9a\x80" || c == "\xe2\x81\x9f" || c == "\xe3\x80\x80")
      return true;                                                // U+1680, U+205F, U+3000
    if (c >= "\xe2\x80\x80" && c <= "\xe2\x80\x8a") return true;  // U+2000 to U+200A
    if (c == "\xe2\x80\xa8" || c == "\xe2\x80\xa9" || c == "\xe2\x80\xaf")
      return true;  // U+2028, U+2029, U+202F
  }
  return false;
}

std::string hex_id(uint32_t id) {
  Bytes bytes;
  put_u32(bytes, id);
  return to_hex(bytes);
}

// "NAME+ID+BASE64": the part that public and private keys share. The secret may be inside: the caller wipes
// `key`.
struct KeyParts {
  std::string name;
  uint32_t id = 0;
  Bytes key;  // with its type byte
};

std::optional<KeyParts> split_key(std::string_view text) {
  const size_t first = text.find('+');
  if (first == std::string_view::npos || text.size() < first + 10 || text[first + 9] != '+')
    return std::nullopt;
  KeyParts parts;
  parts.name = text.substr(0, first);
  const auto id = from_hex(text.substr(first + 1, 8));
  auto key = from_base64(text.substr(first + 10));
  if (!id || !key || key->size() < 2 || !is_key_name(parts.name)) return std::nullopt;
  parts.id = get_u32(*id);
  if (hex_id(parts.id) != text.substr(first + 1, 8)) return std::nullopt;  // upper case
  parts.key = std::move(*key);
  return parts;
}

bool has_ed25519(uint8_t type) {
  return type == kEd25519 || type == kEd25519Cosignature;
}

// The ID that a key of this type must have; nothing where signed-note leaves it to others: it recommends one
// form, and ECDSA keys have another. Keys that can't be verified with are carried all the same, since trust
// files list them.
std::optional<uint32_t> required_id(const VerifierKey& key) {
  if (key.type == kEcdsa) return get_u32(sha256(key.public_key).view());
  if (has_ed25519(key.type) || key.type == kMlDsa44Cosignature || is_sm2(key))
    return key_id(key.name, key.type, key.public_key);
  return std::nullopt;
}

// Signatures of other types say nothing to us, whoever's they are.
bool can_verify(const VerifierKey& key) {
  return has_ed25519(key.type) || is_sm2(key);
}

bool verify_ed25519(ByteView public_key, ByteView message, ByteView signature) {
  if (public_key.size() != kSeedBytes || signature.size() != kEd25519Bytes) return false;
  const Pkey key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()));
  const Context context(EVP_MD_CTX_new());
  if (!key || !context) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

std::string cosigned_message(uint64_t seconds, std::string_view text) {
  return "cosignature/v1\ntime " + std::to_string(seconds) + "\n" + std::string(text);
}

// True if it holds; fills in the time of cosignatures.
bool holds(const Signature& signature, std::string_view text, Verified& verified) {
  const ByteView bytes = signature.bytes;
  if (verified.key.type == kEd25519) return verify_ed25519(verified.key.public_key, as_bytes(text), bytes);
  if (is_sm2(verified.key)) return verify_sm2(verified.key, as_bytes(text), bytes);
  if (verified.key.type != kEd25519Cosignature || bytes.size() != kTimeBytes + kEd25519Bytes) return false;
  const uint64_t seconds = get_u64(bytes);
  if (seconds > static_cast<uint64_t>(INT64_MAX) / 1'000'000) return false;
  verified.time = Instant{static_cast<int64_t>(seconds) * 1'000'000};
  return verify_ed25519(verified.key.public_key, as_bytes(cosigned_message(seconds, text)),
                        bytes.subspan(kTimeBytes));
}

Result<Signature> parse_signature(std::string_view line, size_t number) {
  const std::string what = "signature " + std::to_string(number);
  if (!line.starts_with(kDash)) return refuse(what, "the line does not begin with an em dash and a space");
  line.remove_prefix(kDash.size());
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return refuse(what, "no signature after the name");
  Signature signature;
  signature.name = line.substr(0, space);
  if (!is_key_name(signature.name)) return refuse(what, "not a key name");
  const auto bytes = from_base64(line.substr(space + 1));
  if (!bytes || bytes->size() < 5) return refuse(what, "not the base64 of a key ID and a signature");
  signature.id = get_u32(*bytes);
  signature.bytes.assign(bytes->begin() + 4, bytes->end());
  return signature;
}

}  // namespace

bool is_key_name(std::string_view name) {
  return !name.empty() && is_utf8(name) && name.find('+') == std::string_view::npos && !has_space(name);
}

uint32_t key_id(std::string_view name, uint8_t type, ByteView public_key) {
  Sha256 hash;
  hash.update(as_bytes(name));
  const std::array<uint8_t, 2> middle = {'\n', type};
  hash.update(middle);
  hash.update(public_key);
  return get_u32(hash.finish().view());
}

Result<VerifierKey> parse_vkey(std::string_view text) {
  auto parts = split_key(text);
  if (!parts) return refuse_key("\"" + printable(text.substr(0, 200)) + "\" is not a verifier key");
  VerifierKey key;
  key.name = std::move(parts->name);
  key.id = parts->id;
  key.type = parts->key.front();
  key.public_key.assign(parts->key.begin() + 1, parts->key.end());
  if (has_ed25519(key.type) && key.public_key.size() != kSeedBytes)
    return refuse_key("the key of " + printable(key.name) + " has not 32 bytes");
  if (const auto id = required_id(key); id && *id != key.id)
    return refuse_key("the ID of " + printable(key.name) + " does not belong to this name and key");
  return key;
}

std::string print_vkey(const VerifierKey& key) {
  Bytes bytes{key.type};
  bytes.insert(bytes.end(), key.public_key.begin(), key.public_key.end());
  return key.name + "+" + hex_id(key.id) + "+" + to_base64(bytes);
}

Result<std::vector<VerifierKey>> parse_vkeys(std::string_view text, std::string_view what) {
  std::vector<VerifierKey> keys;
  size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    auto key = parse_vkey(line);
    if (!key)
      return fail(key.error().code, std::string(what) + ":" + std::to_string(number), key.error().why,
                  key.error().hint);
    keys.push_back(std::move(*key));
  }
  return keys;
}

Result<SigningKey> SigningKey::from_seed(std::string name, uint8_t type, ByteView seed) {
  if (!is_key_name(name)) return refuse_key("\"" + printable(name) + "\" is not a key name (spaces or '+')");
  if (!has_ed25519(type)) return refuse_key("signing with keys of this type is not available yet");
  if (seed.size() != kSeedBytes) return refuse_key("the seed has not 32 bytes");
  SigningKey key;
  std::copy(seed.begin(), seed.end(), key.seed_.begin());
  const Pkey pkey(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  Bytes public_key(kSeedBytes);
  size_t size = public_key.size();
  if (!pkey || EVP_PKEY_get_raw_public_key(pkey.get(), public_key.data(), &size) != 1 || size != kSeedBytes)
    return fail(ErrorCode::kFailed, "key " + printable(name), "the cryptographic library refuses it",
                "check the installation of OpenSSL");
  const uint32_t id = key_id(name, type, public_key);
  key.verifier_ = {std::move(name), id, type, std::move(public_key)};
  return key;
}

Result<SigningKey> SigningKey::parse(std::string_view text) {
  // No message here quotes the text: it is a secret.
  if (!text.starts_with(kPrivate))
    return refuse_key("not a signing key: it begins otherwise than PRIVATE+KEY+");
  auto parts = split_key(text.substr(kPrivate.size()));
  if (!parts) return refuse_key("not a signing key of the form PRIVATE+KEY+NAME+ID+KEY");
  auto key = from_seed(parts->name, parts->key.front(), ByteView(parts->key).subspan(1));
  OPENSSL_cleanse(parts->key.data(), parts->key.size());
  if (key && key->verifier_.id != parts->id)
    return refuse_key("the ID of " + printable(parts->name) + " does not belong to this name and key");
  return key;
}

std::string SigningKey::print() const {
  Bytes bytes{verifier_.type};
  bytes.insert(bytes.end(), seed_.begin(), seed_.end());
  std::string text =
      std::string(kPrivate) + verifier_.name + "+" + hex_id(verifier_.id) + "+" + to_base64(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return text;
}

SigningKey::~SigningKey() {
  OPENSSL_cleanse(seed_.data(), seed_.size());
}

std::array<uint8_t, 64> SigningKey::sign(ByteView message) const {
  const Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed_.data(), seed_.size()));
  const Context context(EVP_MD_CTX_new());
  std::array<uint8_t, 64> signature{};
  size_t size = signature.size();
  HETAO_CHECK(key && context);
  HETAO_CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  HETAO_CHECK(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1);
  HETAO_CHECK(size == signature.size());
  return signature;
}

Result<Note> parse_note(std::string_view bytes) {
  if (bytes.size() > kNoteBytesMax) return refuse("signed note", "larger than " + human_bytes(kNoteBytesMax));
  if (!is_utf8(bytes)) return refuse("signed note", "not UTF-8");
  if (std::any_of(bytes.begin(), bytes.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; }))
    return refuse("signed note", "it has a control character");
  const size_t split_at = bytes.rfind("\n\n");
  if (split_at == std::string_view::npos) return refuse("signed note", "no empty line before signatures");
  Note note;
  note.text = bytes.substr(0, split_at + 1);
  auto signatures = parse_signature_lines(bytes.substr(split_at + 2));
  if (!signatures) return fail(std::move(signatures.error()));
  note.signatures = std::move(*signatures);
  return note;
}

Result<std::vector<Signature>> parse_signature_lines(std::string_view lines) {
  std::vector<Signature> signatures;
  if (lines.empty()) return refuse("signed note", "it has no signature");
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    if (end == std::string_view::npos) return refuse("signed note", "the last line does not end");
    if (signatures.size() == kSignaturesMax)
      return refuse("signed note", "more than " + std::to_string(kSignaturesMax) + " signatures");
    auto signature = parse_signature(lines.substr(0, end), signatures.size() + 1);
    if (!signature) return fail(std::move(signature.error()));
    signatures.push_back(std::move(*signature));
    lines.remove_prefix(end + 1);
  }
  return signatures;
}

std::string print_signature_line(const Signature& signature) {
  Bytes bytes;
  put_u32(bytes, signature.id);
  bytes.insert(bytes.end(), signature.bytes.begin(), signature.bytes.end());
  return std::string(kDash) + signature.name + " " + to_base64(bytes) + "\n";
}

std::string print_note(const Note& note) {
  std::string out = note.text + "\n";
  for (const Signature& signature : note.signatures) out += print_signature_line(signature);
  return out;
}

Signature sign_note(std::string_view text, const SigningKey& key) {
  HETAO_CHECK(key.verifier().type == kEd25519);
  const auto bytes = key.sign(as_bytes(text));
  return {key.verifier().name, key.verifier().id, {bytes.begin(), bytes.end()}};
}

Signature cosign_note(std::string_view text, const SigningKey& key, Instant now) {
  HETAO_CHECK(key.verifier().type == kEd25519Cosignature);
  HETAO_CHECK(now.micros >= 1'000'000);  // a cosignature of a whole checkpoint has a time
  const auto seconds = static_cast<uint64_t>(now.micros / 1'000'000);
  Signature signature{key.verifier().name, key.verifier().id, {}};
  put_u64(signature.bytes, seconds);
  const auto bytes = key.sign(as_bytes(cosigned_message(seconds, text)));
  signature.bytes.insert(signature.bytes.end(), bytes.begin(), bytes.end());
  return signature;
}

Result<NoteCheck> verify_note(const Note& note, std::span<const VerifierKey> known) {
  NoteCheck check;
  for (const Signature& signature : note.signatures) {
    const auto key = std::find_if(known.begin(), known.end(), [&](const VerifierKey& candidate) {
      return candidate.id == signature.id && candidate.name == signature.name && can_verify(candidate);
    });
    if (key == known.end()) {
      check.unknown.push_back(signature);
      continue;
    }
    Verified verified{*key, std::nullopt};
    if (!holds(signature, note.text, verified))
      return refuse("signature of " + printable(key->name), "it does not hold for this text");
    const bool repeated = std::any_of(check.verified.begin(), check.verified.end(),
                                      [&](const Verified& other) { return other.key == verified.key; });
    if (!repeated) check.verified.push_back(std::move(verified));
  }
  if (check.verified.empty()) return refuse("signed note", "no signature of a known key");
  return check;
}

}  // namespace hetao::ledger
