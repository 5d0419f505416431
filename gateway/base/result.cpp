#include "gateway/base/result.h"

#include "gateway/base/text.h"

namespace hetao {

const char* to_word(ErrorCode code) {
  switch (code) {
    case ErrorCode::kFailed:
      return "failed";
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kForbidden:
      return "forbidden";
    case ErrorCode::kHeld:
      return "held";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kVerification:
      return "verification-failed";
    case ErrorCode::kNotAllowed:
      return "not-allowed";
    case ErrorCode::kUnreachable:
      return "unreachable";
  }
  return "failed";
}

std::string to_line(const Error& error) {
  std::string line = error.what;
  if (!error.why.empty()) line += (line.empty() ? "" : ": ") + error.why;
  if (!error.hint.empty()) line += " (" + error.hint + ")";
  return printable(line);
}

}  // namespace hetao
