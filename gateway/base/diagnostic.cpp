#include "gateway/base/diagnostic.h"

#include "gateway/base/text.h"

namespace hetao {

namespace {

std::string place_of(const Diagnostic& d) {
  if (d.line == 0) return d.file;
  return d.file + ":" + std::to_string(d.line) + ":" + std::to_string(d.column);
}

std::string explanation_of(const Diagnostic& d) {
  return d.expected.empty() ? d.message : d.message + "; expected " + d.expected;
}

}  // namespace

std::string to_line(const Diagnostic& d) {
  std::string line = place_of(d) + ": " + explanation_of(d);
  if (!d.hint.empty()) line += " (" + d.hint + ")";
  return printable(line);
}

Error to_error(const Diagnostics& diagnostics) {
  if (diagnostics.empty()) return {ErrorCode::kUsage, "input", "is not valid", {}};
  const Diagnostic& first = diagnostics.front();
  std::string why = explanation_of(first);
  if (diagnostics.size() > 1) why += "; and " + std::to_string(diagnostics.size() - 1) + " more";
  return {ErrorCode::kUsage, place_of(first), why, first.hint};
}

}  // namespace hetao
