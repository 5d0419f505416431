#include "policy/bundle.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "gateway/base/check.h"
#include "gateway/base/json.h"
#include "gateway/base/limits.h"
#include "gateway/base/policy_limits.h"
#include "gateway/base/text.h"

namespace hetao::policy {

namespace {

constexpr std::string_view kFirstLine = "hetao-policy-bundle/v1\n";

tl::unexpected<Error> no_bundle(std::string why) {
  return fail(ErrorCode::kVerification, "policy bundle", std::move(why),
              "make it with `hetao policy bundle`");
}

std::string sha256_hex(std::string_view text) {
  Digest digest;
  unsigned size = 0;
  HETAO_CHECK(EVP_Digest(text.data(), text.size(), digest.bytes.data(), &size, EVP_sha256(), nullptr) == 1);
  return digest.hex();
}

// The rest of the line that begins with `word`; takes the line off `text`.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view word) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(word)) return std::nullopt;
  const std::string_view rest = text.substr(word.size(), end - word.size());
  text.remove_prefix(end + 1);
  return rest;
}

bool is_digest(std::string_view text) {
  return Digest::from_hex(text).has_value();
}

}  // namespace

std::string print_files(const std::vector<SourceFile>& files) {
  json::object out;
  for (const SourceFile& file : files) out[file.name] = file.text;
  return canonical_json(out);
}

Result<std::vector<SourceFile>> files_from_json(const json::value& value) {
  const auto wrong = [](std::string why) {
    return fail(ErrorCode::kUsage, "files of the pack", std::move(why),
                "an object from file name (pack.yaml, rules/NAME.yaml, tests/NAME.yaml) to text");
  };
  if (!value.is_object()) return wrong("are no object");
  if (value.get_object().size() > limits::kPackFilesMax)
    return wrong("are more than " + std::to_string(limits::kPackFilesMax));
  std::vector<SourceFile> files;
  for (const auto& member : value.get_object()) {
    const std::string name(member.key());
    if (!member.value().is_string()) return wrong("\"" + printable(name.substr(0, 64)) + "\" is no text");
    if (member.value().get_string().size() > limits::kYamlBytesMax)
      return wrong("\"" + printable(name.substr(0, 64)) + "\" is larger than " +
                   human_bytes(limits::kYamlBytesMax));
    files.push_back({name, std::string(member.value().get_string())});
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.name < b.name; });
  return files;
}

Result<std::vector<SourceFile>> parse_files(std::string_view json) {
  const auto value = parse_json(json, "files of the pack", limits::kPackBytesMax);
  if (!value) return fail(value.error());
  return files_from_json(*value);
}

std::string bundle_note(uint64_t edition, std::string_view pack_digest, std::string_view content) {
  std::string out(kFirstLine);
  out += "edition " + std::to_string(edition) + "\n";
  out += "pack " + std::string(pack_digest) + "\n";
  out += "content " + sha256_hex(content) + "\n";
  return out;
}

std::string join_bundle(std::string_view signed_note, std::string_view content) {
  return std::string(signed_note) + "\n" + std::string(content);
}

Result<BundleParts> split_bundle(std::string_view bytes) {
  if (bytes.size() > limits::kPackBytesMax)
    return no_bundle("is larger than " + human_bytes(limits::kPackBytesMax));
  if (!bytes.starts_with(kFirstLine)) return no_bundle("is none: its first line is another");
  const size_t text_end = bytes.find("\n\n");
  if (text_end == std::string_view::npos) return no_bundle("has no signature");
  const size_t note_end = bytes.find("\n\n", text_end + 2);
  if (note_end == std::string_view::npos) return no_bundle("has no signature, or no content");
  return BundleParts{bytes.substr(0, note_end + 1), bytes.substr(note_end + 2)};
}

Result<Bundle> read_bundle(std::string_view note, std::string_view content) {
  if (!note.starts_with(kFirstLine)) return no_bundle("is none: its first line is another");
  note.remove_prefix(kFirstLine.size());
  const auto edition = take_line(note, "edition ");
  const auto pack = take_line(note, "pack ");
  const auto digest = take_line(note, "content ");
  if (!edition || !pack || !digest || !note.empty() || !is_digest(*pack) || !is_digest(*digest))
    return no_bundle("does not say edition, pack and content, in this order");
  Bundle out;
  const auto [end, error] = std::from_chars(edition->data(), edition->data() + edition->size(), out.edition);
  if (error != std::errc() || end != edition->data() + edition->size() || out.edition == 0 ||
      out.edition > limits::kPolicyEditionMax || edition->starts_with('0')) {
    return no_bundle("has no edition from 1");
  }
  if (sha256_hex(content) != *digest)
    return no_bundle("was changed: its content is not the one that was signed");
  auto files = parse_files(content);
  if (!files) return fail(files.error());
  if (print_files(*files) != content) return no_bundle("is not printed as bundles are");
  out.pack_digest = std::string(*pack);
  out.files = std::move(*files);
  return out;
}

}  // namespace hetao::policy
