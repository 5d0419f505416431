// The headers of tus 1.0 (resumable uploads) as values. Strict: what is not exactly as the protocol has it is
// refused. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/io/upload_store.h"

namespace hetao::api {

inline constexpr std::string_view kTusVersion = "1.0.0";
inline constexpr std::string_view kTusExtensions =
    "creation,creation-with-upload,checksum,termination,expiration";

// Digits alone, at most 18.
std::optional<uint64_t> read_tus_number(std::string_view text);

// "filename d29ybGQ=,is_private": names to values. Nothing: it is none, a name comes twice, or it is too
// long.
std::optional<std::map<std::string, std::string>> read_tus_metadata(std::string_view text);

// "sha256 BASE64", with as many bytes as the algorithm gives. `known` is false for other algorithms.
struct TusChecksum {
  bool known = true;
  std::optional<io::UploadChecksum> checksum;  // nothing: it is none
};
TusChecksum read_tus_checksum(std::string_view text);

}  // namespace hetao::api
