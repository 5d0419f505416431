// The SM2 key of a log: made, kept as PEM (mode 0600), used to sign checkpoints. What it signs is verified by
// gateway/ledger/sm2.h. Signing needs random numbers, so it lives here. Thread-safe after opening.
#pragma once

#include <memory>
#include <string>

#include "gateway/ledger/sm2.h"

namespace hetao::io {

class Sm2Key {
 public:
  // Reads the PEM file; makes it when it is not there.
  static Result<Sm2Key> open(const std::string& path, const std::string& name);
  const ledger::VerifierKey& verifier() const { return verifier_; }
  Result<ledger::Signature> sign(std::string_view note_text) const;

 private:
  struct Free {
    void operator()(void* key) const;
  };
  Sm2Key() = default;
  std::unique_ptr<void, Free> key_;  // EVP_PKEY
  ledger::VerifierKey verifier_;
};

}  // namespace hetao::io
