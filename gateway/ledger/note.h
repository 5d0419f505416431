// Signed notes (C2SP signed-note) and Ed25519 keys in their text forms; cosignatures (C2SP tlog-cosignature,
// v1).
//
// A note is text that ends in a newline, an empty line, and signature lines. Signatures of unknown keys are
// ignored; one bad signature of a known key spoils the note. Secrets come in as bytes: nothing here makes
// randomness. Pure; plain values; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace hetao::ledger {

// Signature types are open: what is not known here can be read and carried, but not verified.
inline constexpr uint8_t kEd25519 = 0x01;
inline constexpr uint8_t kEcdsa = 0x02;
inline constexpr uint8_t kEd25519Cosignature = 0x04;
inline constexpr uint8_t kMlDsa44Cosignature = 0x06;

// A vkey: NAME+HEX(ID)+BASE64(TYPE || KEY). Of a type that is not verified here, KEY may be anything.
struct VerifierKey {
  std::string name;
  uint32_t id = 0;
  uint8_t type = kEd25519;
  Bytes public_key;

  bool operator==(const VerifierKey&) const = default;
};

Result<VerifierKey> parse_vkey(std::string_view text);
std::string print_vkey(const VerifierKey& key);
// One vkey a line; empty lines and lines that start with '#' are skipped. `what` names the file.
Result<std::vector<VerifierKey>> parse_vkeys(std::string_view text, std::string_view what);
uint32_t key_id(std::string_view name, uint8_t type, ByteView public_key);
bool is_key_name(std::string_view name);  // not empty, UTF-8, no spaces, controls or '+'

// A signing key. Text form: PRIVATE+KEY+NAME+HEX(ID)+BASE64(TYPE || SEED), which callers keep in files of
// mode 0600.
class SigningKey {
 public:
  // `seed`: 32 random bytes; `type`: kEd25519 for logs, kEd25519Cosignature for witnesses.
  static Result<SigningKey> from_seed(std::string name, uint8_t type, ByteView seed);
  static Result<SigningKey> parse(std::string_view text);
  std::string print() const;

  const VerifierKey& verifier() const { return verifier_; }
  std::array<uint8_t, 64> sign(ByteView message) const;

  SigningKey(const SigningKey&) = default;
  SigningKey(SigningKey&&) noexcept = default;
  SigningKey& operator=(const SigningKey&) = default;
  SigningKey& operator=(SigningKey&&) noexcept = default;
  ~SigningKey();  // wipes the seed

 private:
  SigningKey() = default;
  VerifierKey verifier_;
  std::array<uint8_t, 32> seed_{};
};

struct Signature {
  std::string name;
  uint32_t id = 0;
  Bytes bytes;  // after the key ID

  bool operator==(const Signature&) const = default;
};

struct Note {
  std::string text;  // ends in a newline
  std::vector<Signature> signatures;
};

Result<Note> parse_note(std::string_view bytes);
std::string print_note(const Note& note);
// Signature lines alone, as a witness answers with them.
Result<std::vector<Signature>> parse_signature_lines(std::string_view lines);
std::string print_signature_line(const Signature& signature);

// Signs `text` with a key of type kEd25519.
Signature sign_note(std::string_view text, const SigningKey& key);
// Cosigns a checkpoint's text with a key of type kEd25519Cosignature; the time counts in whole seconds.
Signature cosign_note(std::string_view text, const SigningKey& key, Instant now);

struct Verified {
  VerifierKey key;
  std::optional<Instant> time;  // of cosignatures
};

struct NoteCheck {
  std::vector<Verified> verified;  // in the note's order; one a key
  std::vector<Signature> unknown;  // ignored
};

// Checks every signature of a known key. Fails (kVerification) if one of them does not hold, or if none is
// there.
Result<NoteCheck> verify_note(const Note& note, std::span<const VerifierKey> known);

}  // namespace hetao::ledger
