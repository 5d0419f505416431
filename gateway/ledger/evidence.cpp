#include "gateway/ledger/evidence.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/base/json.h"
#include "gateway/base/text.h"

namespace hetao::ledger {

namespace {

constexpr std::string_view kFormat = "hetao-evidence/1";
constexpr size_t kLineBytesMax = size_t{16} << 20U;

json::array keys_to_json(std::span<const VerifierKey> keys) {
  json::array out;
  for (const VerifierKey& key : keys) out.emplace_back(print_vkey(key));
  return out;
}

auto refuse(std::string what, std::string why) {
  return fail(ErrorCode::kVerification, std::move(what), std::move(why),
              "do not rely on this file: ask for a new export");
}

// One line of the file as a canonical object, with readers that say what is missing.
class Line {
 public:
  static Result<Line> read(std::string_view text, size_t number) {
    Line line("evidence, line " + std::to_string(number));
    auto value = parse_json(text, line.what_, kLineBytesMax);
    if (!value)
      return fail(ErrorCode::kVerification, value.error().what, value.error().why, "ask for a new export");
    if (!value->is_object()) return refuse(line.what_, "not an object");
    if (!is_canonical(*value) || canonical_json(*value) != text)
      return refuse(line.what_, "not canonical JSON");
    line.members_ = std::move(value->get_object());
    return line;
  }
  bool has(std::string_view name) const { return members_.contains(name); }
  // True if it has exactly these members.
  bool is(std::initializer_list<std::string_view> names) const {
    return members_.size() == names.size() &&
           std::all_of(names.begin(), names.end(), [&](std::string_view name) { return has(name); });
  }
  std::optional<std::string_view> text(std::string_view name) const {
    const json::value* value = members_.if_contains(name);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string_view(value->get_string());
  }
  std::optional<uint64_t> number(std::string_view name) const {
    const json::value* value = members_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_uint64()) return value->get_uint64();
    if (value->is_int64() && value->get_int64() >= 0) return static_cast<uint64_t>(value->get_int64());
    return std::nullopt;
  }
  std::optional<std::vector<std::string>> texts(std::string_view name) const {
    const json::value* value = members_.if_contains(name);
    if (value == nullptr || !value->is_array()) return std::nullopt;
    std::vector<std::string> out;
    for (const json::value& element : value->get_array()) {
      if (!element.is_string()) return std::nullopt;
      out.emplace_back(element.get_string());
    }
    return out;
  }
  const std::string& what() const { return what_; }

 private:
  explicit Line(std::string what) : what_(std::move(what)) {}
  // canonical_json takes whole numbers up to 2^53 alone.
  static bool is_canonical(const json::value& value) {
    if (value.is_double()) return false;
    if (value.is_int64()) return value.get_int64() >= 0 && value.get_int64() <= int64_t{1} << 53U;
    if (value.is_uint64()) return value.get_uint64() <= uint64_t{1} << 53U;
    if (value.is_array())
      return std::all_of(value.get_array().begin(), value.get_array().end(), is_canonical);
    if (value.is_object())
      return std::all_of(value.get_object().begin(), value.get_object().end(),
                         [](const auto& member) { return is_canonical(member.value()); });
    return true;
  }

  std::string what_;
  json::object members_;
};

Result<std::vector<VerifierKey>> keys_from(const Line& line, std::string_view name) {
  const auto texts = line.texts(name);
  if (!texts) return refuse(line.what(), "no list of keys \"" + std::string(name) + "\"");
  std::vector<VerifierKey> keys;
  for (const std::string& text : *texts) {
    auto key = parse_vkey(text);
    if (!key) return refuse(line.what(), key.error().why);
    keys.push_back(std::move(*key));
  }
  return keys;
}

// What has been read so far of one file.
class Verifier {
 public:
  explicit Verifier(const EvidenceOptions& options) : options_(options) {}

  Result<void> first(const Line& line);
  Result<void> attachment(const Line& line);
  Result<void> entry(const Line& line);
  Result<void> last(const Line& line, const Digest& before) const;
  EvidenceReport take() { return std::move(report_); }

 private:
  const EvidenceOptions& options_;
  EvidenceReport report_;
  std::optional<uint64_t> index_;  // of the entry before
};

Result<void> Verifier::first(const Line& line) {
  const auto checkpoint = line.text("checkpoint");
  if (!line.is({"checkpoint", "format", "log_keys", "witness_keys"}) || line.text("format") != kFormat ||
      !checkpoint)
    return refuse(line.what(), "not the first line of a " + std::string(kFormat) + " file");
  auto log_keys = keys_from(line, "log_keys");
  if (!log_keys) return fail(std::move(log_keys.error()));
  auto witness_keys = keys_from(line, "witness_keys");
  if (!witness_keys) return fail(std::move(witness_keys.error()));
  report_.keys_are_pinned = !options_.log_keys.empty();
  report_.log_keys = report_.keys_are_pinned ? options_.log_keys : *log_keys;
  const bool witnesses_pinned = !options_.witness_keys.empty();
  report_.witness_keys = witnesses_pinned ? options_.witness_keys : *witness_keys;
  auto head = open_checkpoint(*checkpoint, report_.log_keys, report_.witness_keys);
  if (!head) return refuse(line.what() + ", " + head.error().what, head.error().why);
  if (!head->unknown.empty() && !report_.keys_are_pinned && !witnesses_pinned)
    return refuse(line.what(),
                  "a signature of " + printable(head->unknown.front().name) + ", whose key is not here");
  if (head->cosignatures.size() < options_.cosignatures_min)
    return refuse(line.what(), std::to_string(head->cosignatures.size()) + " witnesses cosigned it, not " +
                                   std::to_string(options_.cosignatures_min));
  report_.head = std::move(*head);
  return {};
}

Result<void> Verifier::attachment(const Line& line) {
  const auto name = line.text("name");
  const auto digest = line.text("sha256");
  const auto text = line.text("text");
  if (!name || !digest || !text || report_.entries != 0)
    return refuse(line.what(), "not an attachment in its place");
  if (sha256(as_bytes(*text)).hex() != *digest)
    return refuse(line.what(), "the attachment " + printable(*name) + " does not have its digest");
  static constexpr std::string_view kPolicy = "policy/";
  const std::string_view rest =
      name->starts_with(kPolicy) ? name->substr(kPolicy.size()) : std::string_view();
  const bool names_a_digest = rest.size() == digest->size() && from_hex(rest);
  if (names_a_digest && rest != *digest)
    return refuse(line.what(), "the policy " + printable(*name) + " is not the one that its name says");
  report_.attachments.emplace_back(*name);
  if (options_.on_attachment) options_.on_attachment(*name, *text);
  return {};
}

Result<void> Verifier::entry(const Line& line) {
  const auto text = line.text("entry");
  const auto index = line.number("index");
  const auto lines = line.texts("proof");
  if (!line.is({"entry", "index", "proof"}) || !text || !index || !lines)
    return refuse(line.what(), "not an entry");
  const std::string what = line.what() + ", entry " + std::to_string(*index);
  if (index_ && *index <= *index_) return refuse(what, "it stands behind entry " + std::to_string(*index_));
  index_ = index;
  Proof proof;
  for (const std::string& hash : *lines) {
    const auto raw = from_base64(hash);
    const auto digest = raw ? Digest::from_bytes(*raw) : std::nullopt;
    if (!digest) return refuse(what, "its proof has something that is not a hash");
    proof.push_back(*digest);
  }
  const Checkpoint& head = report_.head.checkpoint;
  auto held = verify_inclusion(*index, head.size, leaf_hash(as_bytes(*text)), proof, head.root);
  if (!held) return refuse(what, held.error().why);
  const auto entry = decode_entry(*text);
  if (!entry) return refuse(what, entry.error().why);
  if (entry->sequence != *index)
    return refuse(what, "it calls itself entry " + std::to_string(entry->sequence));
  ++report_.entries;
  if (options_.on_entry) options_.on_entry(*index, *entry, *text);
  if (options_.on_proof) options_.on_proof(*index, *text, proof);
  return {};
}

Result<void> Verifier::last(const Line& line, const Digest& before) const {
  if (!line.is({"attachments", "entries", "sha256"})) return refuse(line.what(), "not the last line");
  if (line.number("entries") != report_.entries || line.number("attachments") != report_.attachments.size())
    return refuse(line.what(), "entries or attachments were taken out or added");
  if (line.text("sha256") != before.hex()) return refuse(line.what(), "the file's digest is another");
  return {};
}

// Hands each line to what it is for.
Result<void> verify_line(Verifier& verifier, const Line& line, bool is_first, const Digest& before,
                         bool& ended) {
  if (ended) return refuse(line.what(), "it stands behind the last line");
  if (is_first) return verifier.first(line);
  if (line.has("entry")) return verifier.entry(line);
  if (line.has("text")) {
    if (!line.is({"name", "sha256", "text"})) return refuse(line.what(), "not an attachment");
    return verifier.attachment(line);
  }
  ended = true;
  return verifier.last(line, before);
}

}  // namespace

std::string EvidenceWriter::counted(std::string line) {
  line += '\n';
  hash_.update(as_bytes(line));
  return line;
}

std::string EvidenceWriter::begin(std::string_view checkpoint, std::span<const VerifierKey> log_keys,
                                  std::span<const VerifierKey> witness_keys) {
  return counted(canonical_json(json::object{{"checkpoint", checkpoint},
                                             {"format", kFormat},
                                             {"log_keys", keys_to_json(log_keys)},
                                             {"witness_keys", keys_to_json(witness_keys)}}));
}

std::string EvidenceWriter::attach(std::string_view name, std::string_view text) {
  HETAO_CHECK(entries_ == 0);
  ++attachments_;
  return counted(
      canonical_json(json::object{{"name", name}, {"sha256", sha256(as_bytes(text)).hex()}, {"text", text}}));
}

std::string EvidenceWriter::add(uint64_t index, std::string_view entry, const Proof& proof) {
  ++entries_;
  // Member by member: an export may have millions of these.
  std::string line = "{\"entry\":";
  append_canonical_string(line, entry);
  line += ",\"index\":" + std::to_string(index) + ",\"proof\":[";
  for (size_t i = 0; i < proof.size(); ++i) {
    line += i == 0 ? "\"" : ",\"";
    line += to_base64(proof[i].view()) + "\"";
  }
  return counted(line + "]}");
}

std::string EvidenceWriter::end() {
  return canonical_json(json::object{
             {"attachments", attachments_}, {"entries", entries_}, {"sha256", hash_.finish().hex()}}) +
         "\n";
}

Result<EvidenceReport> verify_evidence(std::string_view file, const EvidenceOptions& options) {
  Verifier verifier(options);
  Sha256 hash;
  bool ended = false;
  size_t number = 0;
  while (!file.empty()) {
    ++number;
    const size_t end = file.find('\n');
    if (end == std::string_view::npos)
      return refuse("evidence, line " + std::to_string(number), "it is cut off");
    const std::string_view text = file.substr(0, end);
    auto line = Line::read(text, number);
    if (!line) return fail(std::move(line.error()));
    Sha256 before = hash;
    if (auto held = verify_line(verifier, *line, number == 1, before.finish(), ended); !held)
      return fail(std::move(held.error()));
    hash.update(as_bytes(file.substr(0, end + 1)));
    file.remove_prefix(end + 1);
  }
  if (!ended) return refuse("evidence", "the last line is missing: the file is cut off");
  return verifier.take();
}

}  // namespace hetao::ledger
