#include "gateway/api/tus.h"

#include <algorithm>

#include "gateway/base/access_limits.h"
#include "gateway/base/text.h"

namespace hetao::api {

namespace {

constexpr size_t kNumberDigitsMax = 18;

// ASCII without blanks and commas (tus 1.0, Upload-Metadata).
bool is_key(std::string_view text) {
  return !text.empty() && text.size() <= 255 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != ','; });
}

}  // namespace

std::optional<uint64_t> read_tus_number(std::string_view text) {
  if (text.empty() || text.size() > kNumberDigitsMax) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

std::optional<std::map<std::string, std::string>> read_tus_metadata(std::string_view text) {
  std::map<std::string, std::string> out;
  if (text.size() > limits::kUploadMetadataBytesMax) return std::nullopt;
  if (text.empty()) return out;
  for (const std::string& pair : split(text, ',')) {
    std::string_view rest = pair;
    while (rest.starts_with(' ')) rest.remove_prefix(1);  // clients put one behind the comma
    const size_t blank = std::min(rest.find(' '), rest.size());
    const std::string_view key = rest.substr(0, blank);
    const std::string_view encoded = blank == rest.size() ? std::string_view() : rest.substr(blank + 1);
    const auto value = from_base64(encoded);
    if (!is_key(key) || !value || !out.emplace(key, as_text(*value)).second) return std::nullopt;
  }
  return out;
}

TusChecksum read_tus_checksum(std::string_view text) {
  const size_t blank = std::min(text.find(' '), text.size());
  const std::string_view algorithm = text.substr(0, blank);
  if (algorithm != "sha1" && algorithm != "sha256") return {false, std::nullopt};
  auto digest = from_base64(blank == text.size() ? std::string_view() : text.substr(blank + 1));
  if (!digest || digest->size() != (algorithm == "sha1" ? 20U : 32U)) return {true, std::nullopt};
  return {true, io::UploadChecksum{std::string(algorithm), std::move(*digest)}};
}

}  // namespace hetao::api
