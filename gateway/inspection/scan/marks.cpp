// Candidates that do not begin with a run of digits.
#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/inspection/scan/units.h"
#include "gateway/inspection/scan/window_scan.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

// Provinces' characters on plates, in both scripts, in UTF-8, GBK and Big5.
constexpr auto kPlatesUtf8 =
    "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼滬雲遼魯蘇贛晉陝閩貴粵寧瓊"sv;
constexpr auto kPlatesGbk =
    "\xbe\xa9\xbd\xf2\xbb\xa6\xd3\xe5\xbc\xbd\xd4\xa5\xd4\xc6\xc1\xc9\xba\xda\xcf\xe6\xcd\xee\xc2\xb3\xd0\xc2"
    "\xcb\xd5"
    "\xd5\xe3\xb8\xd3\xb6\xf5\xb9\xf0\xb8\xca\xbd\xfa\xc3\xc9\xc9\xc2\xbc\xaa\xc3\xf6\xb9\xf3\xd4\xc1\xc7\xe0"
    "\xb2\xd8"
    "\xb4\xa8\xc4\xfe\xc7\xed"
    "\x9c\xfb\xeb\x85\xdf\x7c\xf4\x94\xcc\x4b\xda\x4d\x95\x78\xea\x84\xe9\x7d\xd9\x46\xbb\x9b\x8c\x8e\xad\x82"sv;
constexpr auto kPlatesBig5 =
    "\xa8\xca\xac\x7a\xba\xad\xb4\xfc\xbe\xac\xbf\xdd\xb6\xb3\xbf\xf1\xb6\xc2\xb4\xf0\xb5\x70\xbe\x7c\xb7\x73"
    "\xc4\xac\xae\xfd\xc6\x42\xb6\x6b\xae\xdb\xa5\xcc\xae\xca\xbb\x58\xb0\xa2\xa6\x4e\xbb\xd4\xb6\x51\xb8\x66"
    "\xab\x43\xc2\xc3\xa4\x74\xb9\xe7\xc3\xa3"sv;
constexpr auto kPlateEndsUtf8 = "挂学警港澳掛學"sv;
constexpr auto kPlateEndsGbk = "\xb9\xd2\xd1\xa7\xbe\xaf\xb8\xdb\xb0\xc4\x92\xec\x8c\x57"sv;
constexpr auto kPlateEndsBig5 = "\xb1\xbe\xbe\xc7\xc4\xb5\xb4\xe4\xbf\x44"sv;

// The last two bytes of all provinces in all writings: most bytes before a letter are none.
class ProvinceEnds {
 public:
  constexpr ProvinceEnds() {
    for (size_t i = 1; i + 1 < kPlatesUtf8.size(); i += 3) add(kPlatesUtf8[i], kPlatesUtf8[i + 1]);
    for (size_t i = 0; i + 1 < kPlatesGbk.size(); i += 2) add(kPlatesGbk[i], kPlatesGbk[i + 1]);
    for (size_t i = 0; i + 1 < kPlatesBig5.size(); i += 2) add(kPlatesBig5[i], kPlatesBig5[i + 1]);
  }
  constexpr bool has(char a, char b) const { return (seconds_[place(b)] & bit(a)) != 0; }

 private:
  static constexpr size_t place(char c) { return static_cast<uint8_t>(c); }
  static constexpr uint64_t bit(char c) { return uint64_t{1} << (static_cast<uint8_t>(c) & 63U); }
  constexpr void add(char a, char b) { seconds_[place(b)] |= bit(a); }
  std::array<uint64_t, 256> seconds_{};
};
constexpr ProvinceEnds kProvinceEnds;

bool one_of(std::string_view characters, size_t width, std::string_view character) {
  if (character.size() != width) return false;
  for (size_t i = 0; i < characters.size(); i += width) {
    if (characters.substr(i, width) == character) return true;
  }
  return false;
}

// Up to eight letters as a number, in lower case.
constexpr uint64_t joined(std::string_view letters) {
  uint64_t all = 0;
  for (const char c : letters) all = all << 8U | static_cast<uint8_t>(c | 0x20);
  return all;
}

// Endings that name files: "icon@2x.png" is no address. In any case of letters.
bool is_file_ending(std::string_view ending) {
  static constexpr auto kEndings = [] {
    constexpr std::array kNames = {
        "png"sv,  "jpg"sv,  "jpeg"sv,    "gif"sv,    "svg"sv,   "webp"sv,   "js"sv,    "ts"sv,   "css"sv,
        "json"sv, "html"sv, "htm"sv,     "py"sv,     "cpp"sv,   "hpp"sv,    "txt"sv,   "csv"sv,  "xml"sv,
        "yaml"sv, "yml"sv,  "md"sv,      "gz"sv,     "zip"sv,   "tar"sv,    "so"sv,    "dll"sv,  "exe"sv,
        "log"sv,  "conf"sv, "service"sv, "socket"sv, "timer"sv, "target"sv, "mount"sv, "slice"sv};
    std::array<uint64_t, kNames.size()> endings{};
    std::transform(kNames.begin(), kNames.end(), endings.begin(), joined);
    return endings;
  }();
  return ending.size() <= sizeof(uint64_t) &&
         std::find(kEndings.begin(), kEndings.end(), joined(ending)) != kEndings.end();
}

constexpr size_t kBesideAddress = 16;

// Control characters beside bytes that are no ASCII: compressed or encrypted, and no text of any writing.
bool is_between_noise(std::string_view text, size_t begin, size_t end) {
  size_t high = 0;
  size_t controls = 0;
  const auto look = [&](std::string_view side) {
    for (const char c : side) {
      if (is_high(c)) ++high;
      if (c == 0x7f || (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r')) ++controls;
    }
  };
  const size_t from = begin - std::min(begin, kBesideAddress);
  look(text.substr(from, begin - from));
  look(text.substr(end, kBesideAddress));
  return controls > 0 && high >= kBesideAddress / 4;
}

// Among so many random bytes a few letters round an @ come by themselves, in capitals and small letters
// alike. What people write is longer, or of one kind.
bool is_chance_address(std::string_view text, size_t begin, size_t end) {
  constexpr size_t kLongEnough = 12;
  const std::string_view address = text.substr(begin, end - begin);
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return address.size() < kLongEnough && std::any_of(address.begin(), address.end(), is_upper) &&
         std::any_of(address.begin(), address.end(), is_lower) && is_between_noise(text, begin, end);
}

bool is_plate_letter(char c) {
  return is_upper(c) && c != 'I' && c != 'O';
}

}  // namespace

void WindowScan::on_mark(size_t pos) {
  const char c = text_[pos];
  const char next = at(pos + 1);
  if (c == '3' && !is_digit(at(pos + 2))) return on_hex(pos, true);
  if (c >= 'M' && c <= 'P' && (next == 'D' || next == 'T' || next == 'j' || next == 'z') &&
      at(pos + 4) >= 'I' && at(pos + 4) <= 'P' && is_digit_quad(part(pos, pos + 4)))
    on_base64(pos);
  if (pos >= window_.until) return;
  if (c == '@') return on_email(pos);
  if (c == ':') return on_mac(pos);
  if (c == '-') {
    if (next == 'B') return on_pem(pos);
    return on_mac(pos);
  }
  if (is_high(c)) return on_star(pos);
  if (!is_upper(c)) return;
  const bool after_high = (pos > 0 && is_high(text_[pos - 1])) || (pos > 1 && is_high(text_[pos - 2]));
  if (after_high && is_plate_letter(c)) on_cn_plate(pos);
  if (is_upper(next) && !is_alnum(char_before(pos))) on_hk_plate(pos);
}

void WindowScan::on_email(size_t at_sign) {
  if (wide_letter_before(text_, at_sign) || wide_letter_at(text_, at_sign + 1)) return note_fold(at_sign);
  const auto local = [](char c) {
    return is_alnum(c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%';
  };
  size_t begin = at_sign;
  while (begin > 0 && at_sign - begin < 65 && local(text_[begin - 1])) --begin;
  while (begin < at_sign && !is_alnum(text_[begin])) ++begin;
  if (begin == at_sign || at_sign - begin > 64) return;
  size_t end = at_sign + 1;
  size_t label = end;  // where the last label begins
  bool dots = false;
  while (end < text_.size() && end - at_sign < 254) {
    const char c = text_[end];
    if (c == '.' && end > label && text_[end - 1] != '-' && is_alnum(at(end + 1))) {
      dots = true;
      label = end + 1;
    } else if (!is_alnum(c) && !(c == '-' && end > label)) {
      break;
    }
    ++end;
  }
  if (!dots || at(end) == '@') return;
  const std::string_view ending = part(label, end);
  if (ending.size() < 2 || ending.size() > 24 || !std::all_of(ending.begin(), ending.end(), is_letter))
    return;
  if (is_file_ending(ending) || is_chance_address(text_, begin, end)) return;
  report(Kind::kEmail, begin, end, false);
}

void WindowScan::on_mac(size_t separator) {
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); };
  if (separator < 2) return;
  const size_t begin = separator - 2;
  const char between = text_[separator];
  if (is_alnum(char_before(begin))) return;
  // More of the same in front makes it a part of something longer; a name in front does not.
  if (char_before(begin) == between) {
    size_t word = begin - 1;
    while (word > 0 && is_hex(text_[word - 1])) --word;
    if (word < begin - 1 && !is_alnum(char_before(word))) return;
    if (word == begin - 1 && char_before(word) == between) return;
  }
  for (size_t i = 0; i < 17; ++i) {
    if (i % 3 == 2 ? at(begin + i) != between : !is_hex(at(begin + i))) return;
  }
  if (is_alnum(at(begin + 17)) || at(begin + 17) == between) return;
  report(Kind::kMacAddress, begin, begin + 17, false);
}

void WindowScan::on_pem(size_t dash) {
  static constexpr auto kBegin = "-----BEGIN "sv;
  static constexpr std::array kForms = {"PRIVATE KEY-----"sv,          "RSA PRIVATE KEY-----"sv,
                                        "EC PRIVATE KEY-----"sv,       "DSA PRIVATE KEY-----"sv,
                                        "SM2 PRIVATE KEY-----"sv,      "OPENSSH PRIVATE KEY-----"sv,
                                        "ENCRYPTED PRIVATE KEY-----"sv};
  if (dash < 4) return;
  const size_t begin = dash - 4;
  if (!text_.substr(begin).starts_with(kBegin)) return;
  const std::string_view rest = text_.substr(begin + kBegin.size());
  for (const std::string_view form : kForms) {
    if (rest.starts_with(form))
      return report(Kind::kPrivateKeyPem, begin, begin + kBegin.size() + form.size(), false);
  }
}

// Two letters without I, O, Q; a number of one to four digits without a leading zero.
void WindowScan::on_hk_plate(size_t begin) {
  const auto fits = [](char c) { return is_upper(c) && c != 'I' && c != 'O' && c != 'Q'; };
  if (!fits(text_[begin]) || !fits(at(begin + 1))) return;
  size_t digits = begin + 2;
  if (at(digits) == ' ') ++digits;
  size_t end = digits;
  while (end < digits + 5 && is_digit(at(end))) ++end;
  if (end == digits || end - digits > 4 || text_[digits] == '0' || is_alnum(at(end)) || at(end) == '(' ||
      (at(end) == '.' && is_digit(at(end + 1))))
    return;
  weigh_with_words(Kind::kHkPlate, begin, end);
}

void WindowScan::on_cn_plate(size_t letter) {
  if (letter < 2 || !kProvinceEnds.has(text_[letter - 2], text_[letter - 1])) return;
  struct Writing {
    std::string_view provinces, ends;
    size_t width;
  };
  static constexpr std::array kWritings = {Writing{kPlatesUtf8, kPlateEndsUtf8, 3},
                                           Writing{kPlatesGbk, kPlateEndsGbk, 2},
                                           Writing{kPlatesBig5, kPlateEndsBig5, 2}};
  // Two bytes of a character of three in UTF-8 are none in another encoding.
  const bool utf8 =
      letter >= 3 && (text_[letter - 3] & '\xf0') == '\xe0' && is_utf8(part(letter - 3, letter));
  const auto serial = [](char c) { return is_digit(c) || is_plate_letter(c); };
  for (const Writing& writing : kWritings) {
    if (letter < writing.width || (writing.width == 2 && utf8) ||
        !one_of(writing.provinces, writing.width, part(letter - writing.width, letter)))
      continue;
    size_t from = letter + 1;
    for (const std::string_view dot :
         {"·"sv, "・"sv, "•"sv, "‧"sv, " "sv, "-"sv, "\xa1\xa4"sv, "\xa1\x50"sv, "\xa1\x45"sv}) {
      if (text_.substr(from).starts_with(dot)) {
        from += dot.size();
        break;
      }
    }
    size_t end = from;
    size_t digits = 0;
    while (end < from + 7 && serial(at(end))) digits += is_digit(text_[end++]) ? 1 : 0;
    size_t length = end - from;
    if (length == 4 && one_of(writing.ends, writing.width, part(end, end + writing.width))) {
      end += writing.width;
      length = 5;
    }
    const char first = at(from);
    const char last = length == 6 ? text_[end - 1] : '\0';
    const bool new_energy = length == 6 && (first == 'D' || first == 'F' || last == 'D' || last == 'F');
    if ((length == 5 || new_energy) && digits >= 2 && !is_alnum(at(end)))
      return report(Kind::kCnPlate, letter - writing.width, end, false);
  }
}

// 机密★10年: the marking of a state secret, with the star behind the grade.
void WindowScan::on_star(size_t star) {
  static constexpr std::array kUtf8 = {"绝密"sv, "机密"sv, "秘密"sv, "絕密"sv, "機密"sv};
  static constexpr std::array kGbk = {"\xbe\xf8\xc3\xdc"sv, "\xbb\xfa\xc3\xdc"sv, "\xc3\xd8\xc3\xdc"sv,
                                      "\xbd\x5e\xc3\xdc"sv, "\x99\x43\xc3\xdc"sv};
  static constexpr std::array kBig5 = {"\xc9\xf3\xb1\x4b"sv, "\xb5\xb4\xb1\x4b"sv, "\xbe\xf7\xb1\x4b"sv,
                                       "\xaf\xb5\xb1\x4b"sv};
  const auto graded = [&](auto words, size_t star_bytes) {
    for (const std::string_view word : words) {
      if (star < word.size() || part(star - word.size(), star) != word) continue;
      report(Kind::kCnSecretMarking, star - word.size(), star + star_bytes, false);
      return true;
    }
    return false;
  };
  if (text_.substr(star).starts_with("★")) {
    graded(kUtf8, 3);
  } else if (text_.substr(star).starts_with("\xa1\xef")) {
    graded(kGbk, 2);
  } else if (text_.substr(star).starts_with("\xa1\xb9")) {
    graded(kBig5, 2);
  }
}

}  // namespace hetao::inspection
