// A pack as one file: a note that names edition, pack and content, its signatures, and the content.
//
//   hetao-policy-bundle/v1
//   edition 7
//   pack 3f…                     digest of the pack, as `hetao policy test` prints it
//   content 9a…                  SHA-256 of the last part
//                                an empty line
//   — policy-office AbC…         signatures of the lines above (C2SP signed-note, gateway/ledger/note.h)
//                                an empty line
//   {"pack.yaml":"…",…}          canonical JSON (RFC 8785) from file name to text, without a line feed
//
// Signatures are the caller's business: nothing here trusts anybody. Editions only grow, so that an old
// bundle can't be put in force again by whoever kept it. Pure; never throws; bounded by
// limits::kPackBytesMax.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "policy/pack.h"

namespace hetao::policy {

struct Bundle {
  uint64_t edition = 0;  // from 1
  std::string pack_digest;
  std::vector<SourceFile> files;  // by name
};

// Files as JSON and back; at most limits::kPackFilesMax of them.
std::string print_files(const std::vector<SourceFile>& files);
Result<std::vector<SourceFile>> parse_files(std::string_view json);
Result<std::vector<SourceFile>> files_from_json(const json::value& value);

// What is to be signed: ends in a line feed.
std::string bundle_note(uint64_t edition, std::string_view pack_digest, std::string_view content);
// `note` with its signatures, and the content.
std::string join_bundle(std::string_view signed_note, std::string_view content);

struct BundleParts {
  std::string_view signed_note;
  std::string_view content;
};
Result<BundleParts> split_bundle(std::string_view bytes);
// `note`: the signed lines alone. Checks that they are of this content; that the pack has its digest shows
// when it is loaded.
Result<Bundle> read_bundle(std::string_view note, std::string_view content);

}  // namespace hetao::policy
