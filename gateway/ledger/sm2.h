// SM2 signatures with SM3 (GB/T 32918, GM/T 0009) as an extra line on checkpoints, for the mainland side.
// Verifiers of Ed25519 ignore the line: its type is one of the private ones.
//
// Key material after the type byte 0xff: the identifier "sm2-sm3/v1", then the public point (65 bytes, 04 ‖ X
// ‖ Y). The signature is over the note's text, DER, with the signer's distinguishing ID 1234567812345678 that
// GM/T 0009 names. Making keys and signatures needs random numbers, and is done in gateway/io. Pure;
// thread-safe.
#pragma once

#include <string_view>

#include "gateway/ledger/note.h"

namespace hetao::ledger {

inline constexpr uint8_t kPrivateType = 0xff;
inline constexpr std::string_view kSm2Identifier = "sm2-sm3/v1";
inline constexpr std::string_view kSm2SignerId = "1234567812345678";
inline constexpr size_t kSm2PointBytes = 65;

bool is_sm2(const VerifierKey& key);
VerifierKey sm2_verifier(std::string name, ByteView point);
bool verify_sm2(const VerifierKey& key, ByteView message, ByteView der_signature);

}  // namespace hetao::ledger
