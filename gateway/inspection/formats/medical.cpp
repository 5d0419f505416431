// Medical formats. Sources: DICOM PS3.5 and PS3.10, NIfTI-1 and NIfTI-2 headers, HL7 v2.5 chapter 2, FHIR R4
// Patient.
#include <algorithm>
#include <array>

#include "gateway/inspection/formats/formats.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kLookBytes = size_t{1} << 20U;
constexpr size_t kResourceBytes = size_t{64} << 10U;
constexpr size_t kDicomElementsMax = 20'000;

bool nifti_size(ByteView bytes, uint32_t wanted) {
  const uint32_t big = get_u32(bytes);
  const uint32_t little = __builtin_bswap32(big);
  return big == wanted || little == wanted;
}

// MSH, a separator, '^': the rarest of these is looked for.
bool has_message_header(std::string_view text) {
  for (size_t at = text.find('^'); at != std::string_view::npos; at = text.find('^', at + 1)) {
    if (at >= 4 && text.substr(at - 4, 3) == "MSH") return true;
  }
  return false;
}

// Where a segment begins: at a line's beginning, or behind a line end that JSON or a log writes as \r or \n.
bool begins_segment(std::string_view text, size_t at) {
  if (at == 0) return true;
  const char before = text[at - 1];
  return static_cast<unsigned char>(before) < ' ' ||
         (at >= 2 && text[at - 2] == '\\' && (before == 'r' || before == 'n'));
}

// MSH|^~\& and a PID segment with an identifier (field 3) or a name (field 5).
bool is_hl7(std::string_view text) {
  text = text.substr(0, kLookBytes);
  char separator = '\0';
  for (size_t at = text.find("MSH"); at != std::string_view::npos; at = text.find("MSH", at + 3)) {
    if (at + 5 > text.size()) return false;
    if (text.substr(at + 4, 2) == "^~" || (begins_segment(text, at) && text.substr(at + 4, 1) == "^")) {
      separator = text[at + 3];
      text.remove_prefix(at);
      break;
    }
  }
  if (separator == '\0') return false;
  for (size_t at = text.find("PID"); at != std::string_view::npos; at = text.find("PID", at + 3)) {
    if (!begins_segment(text, at) || at + 3 >= text.size() || text[at + 3] != separator) continue;
    size_t field = 0;
    for (size_t i = at + 3; i < text.size() && text[i] != '\r' && text[i] != '\n' && text[i] != '\\'; ++i) {
      if (text[i] != separator) continue;
      ++field;
      const char next = i + 1 < text.size() ? text[i + 1] : '\0';
      const bool filled = next != separator && next != '\\' && static_cast<unsigned char>(next) > ' ';
      if (filled && (field == 3 || field == 5)) return true;
    }
  }
  return false;
}

// As find(), from `from` on. The word is looked for by its one capital: text has few of them.
size_t find_key(std::string_view text, std::string_view key, size_t capital, size_t from) {
  for (size_t at = text.find(key[capital], from + capital); at != std::string_view::npos;
       at = text.find(key[capital], at + 1)) {
    if (text.substr(at - capital, key.size()) == key) return at - capital;
  }
  return std::string_view::npos;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The first place from `at` on that holds none of these.
template <class Is>
size_t past(std::string_view text, size_t at, Is is) {
  while (at < text.size() && is(text[at])) ++at;
  return at;
}

// "resourceType" : "Patient" with something that tells who it is; as JSON, in a log's line, or as a text
// inside JSON or a table, where quotes are written twice or behind backslashes.
bool is_fhir(std::string_view text) {
  size_t begin = 0;
  while (begin < text.size() && (is_space(text[begin]) || static_cast<unsigned char>(text[begin]) >= 0xbb))
    ++begin;
  if (begin == text.size()) return false;
  if (text[begin] == '<')
    return text.substr(begin, kResourceBytes).find("<Patient") != std::string_view::npos &&
           text.substr(begin, kResourceBytes).find("hl7.org/fhir") != std::string_view::npos;
  if (text[begin] != '{' && text[begin] != '[') text = text.substr(0, kLookBytes);
  static constexpr auto kKey = "resourceType"sv;
  const auto between = [](char c) { return is_space(c) || c == ':' || c == '"' || c == '\\'; };
  constexpr size_t kCapital = kKey.find('T');
  for (size_t at = find_key(text, kKey, kCapital, 0); at != std::string_view::npos;
       at = find_key(text, kKey, kCapital, at + 1)) {
    const size_t i = past(text, at + kKey.size(), between);
    // Where it is a value, and not a word that a text speaks of, the object goes on or ends behind it.
    constexpr auto kPatient = "Patient"sv;
    if (!text.substr(i).starts_with(kPatient)) continue;
    const size_t behind = past(text, i + kPatient.size(), between);
    if (behind >= text.size() || (text[behind] != ',' && text[behind] != '}')) continue;
    const size_t from = at - std::min<size_t>(at, kResourceBytes / 8);
    const std::string_view near = text.substr(from, kResourceBytes);
    for (const auto key : {"\"name"sv, "\"identifier"sv, "\"telecom"sv, "\"birthDate"sv, "\"address"sv}) {
      for (size_t found = near.find(key); found != std::string_view::npos;
           found = near.find(key, found + 1)) {
        const size_t end = found + key.size();
        const size_t value = past(near, end, [](char c) { return c == '"' || c == '\\' || is_space(c); });
        if (value > end && value < near.size() && near[value] == ':') return true;
      }
    }
  }
  return false;
}

// A number of `bytes` bytes, the lowest first unless `big`.
uint32_t number_at(ByteView b, size_t at, size_t bytes, bool big) {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value |= uint32_t{b[at + i]} << (8 * (big ? bytes - 1 - i : i));
  return value;
}

// Attributes that tell who the patient is or who asked: names, numbers, birth date, address, telephone.
bool is_patient_tag(uint32_t tag) {
  static constexpr std::array<uint32_t, 14> kTags = {
      0x00100010, 0x00100020, 0x00100030, 0x00101000, 0x00101001, 0x00101005, 0x00101040,
      0x00101060, 0x00102154, 0x00102160, 0x00080050, 0x00080090, 0x00081048, 0x00104000};
  return std::find(kTags.begin(), kTags.end(), tag) != kTags.end();
}

bool is_filled(std::string_view value) {
  while (!value.empty() && (value.back() == ' ' || value.back() == '\0')) value.remove_suffix(1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (value.empty() || value.find_first_not_of("^0*-_. ") == std::string_view::npos) return false;
  std::string lower(value);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const auto word :
       {"anonym"sv, "removed"sv, "deidentif"sv, "de-identif"sv, "unknown"sv, "none"sv, "redacted"sv}) {
    if (lower.starts_with(word)) return false;
  }
  return true;
}

}  // namespace

std::optional<Kind> medical_kind(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  if (bytes.size() >= 132 && text.substr(128, 4) == "DICM") return Kind::kDicomFile;
  if (bytes.size() >= 348 && nifti_size(bytes, 348) &&
      (text.substr(344, 4) == "n+1\0"sv || text.substr(344, 4) == "ni1\0"sv))
    return Kind::kNifti1;
  if (bytes.size() >= 540 && nifti_size(bytes, 540) &&
      (text.substr(4, 4) == "n+2\0"sv || text.substr(4, 4) == "ni2\0"sv))
    return Kind::kNifti2;
  if (has_message_header(text.substr(0, kLookBytes)) && is_hl7(text)) return Kind::kHl7v2Pid;
  if (is_fhir(text)) return Kind::kFhirPatient;
  return std::nullopt;
}

uint64_t dicom_patient_tags(ByteView bytes) {
  uint64_t filled = 0;
  size_t at = 132;
  bool implicit = false;
  bool swapped = false;  // the deprecated order, highest byte first
  for (size_t n = 0; n < kDicomElementsMax && at + 8 <= bytes.size(); ++n) {
    const bool meta = number_at(bytes, at, 2, false) == 2;
    const bool big = swapped && !meta;
    const auto le = [big](ByteView b, size_t from, size_t size) { return number_at(b, from, size, big); };
    const uint32_t tag = le(bytes, at, 2) << 16U | le(bytes, at + 2, 2);
    const std::string_view vr = as_text(bytes.subspan(at + 4, 2));
    size_t length = 0;
    if (tag >> 16U == 0xfffe) {  // items of a sequence, and their ends
      length = tag == 0xfffee000 ? le(bytes, at + 4, 4) : 0;
      at += 8;
    } else if (implicit && !meta) {
      length = le(bytes, at + 4, 4);
      at += 8;
    } else if (vr == "OB" || vr == "OW" || vr == "OF" || vr == "SQ" || vr == "UT" || vr == "UN" ||
               vr == "OD" || vr == "OL" || vr == "UC" || vr == "UR") {
      if (at + 12 > bytes.size()) break;
      length = le(bytes, at + 8, 4);
      at += 12;
    } else {
      length = le(bytes, at + 6, 2);
      at += 8;
    }
    if (length == 0xffffffff) continue;  // of undefined length: its items follow
    if (length > bytes.size() - at) break;
    const std::string_view value = as_text(bytes.subspan(at, length));
    if (tag == 0x00020010) swapped = value.starts_with("1.2.840.10008.1.2.2");
    if (tag == 0x00020010)
      implicit = value.starts_with("1.2.840.10008.1.2") &&
                 value.find_first_not_of(" \0"sv, 17) == std::string_view::npos;
    if (is_patient_tag(tag) && is_filled(value)) ++filled;
    at += length;
  }
  return filled;
}

}  // namespace hetao::inspection
