// The one way a fallible function of Hetao answers: a value, or an Error that a person can act on.
//
// Operating errors (bad input, a full disk, a silent peer) travel by value as Error. Broken invariants are
// not errors: they end the process through HETAO_CHECK (check.h). Thread-safe: plain values.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace hetao {

// The numbers are the exit codes of `hetao` and must not change.
enum class ErrorCode {
  kFailed = 1,
  kUsage = 2,      // the caller's input is wrong
  kForbidden = 3,  // policy forbids it
  kHeld = 4,       // policy wants a reviewer first
  kNotFound = 5,
  kVerification = 6,  // a proof, digest or signature does not hold
  kNotAllowed = 7,    // not authenticated, or not entitled
  kUnreachable = 8,   // the other side does not answer
};

// Stable lower-case word of a code ("forbidden"), as used in JSON and logs.
const char* to_word(ErrorCode code);

// Shown to people as `WHAT: WHY (what to do)`.
struct Error {
  ErrorCode code = ErrorCode::kFailed;
  std::string what;  // what was being done or which thing: "job.yaml:4:3"
  std::string why;   // what is wrong with it
  std::string hint;  // what to do; may be empty
};

// `WHAT: WHY (HINT)`, on one line: control characters are replaced, so that no input can forge a second line.
std::string to_line(const Error& error);

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string what, std::string why, std::string hint = {}) {
  return tl::unexpected<Error>(Error{code, std::move(what), std::move(why), std::move(hint)});
}

inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace hetao
