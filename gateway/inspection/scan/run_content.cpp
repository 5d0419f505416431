// What an encoded run begins with tells whether it is worth reading as a layer.
#include <algorithm>
#include <array>
#include <bitset>
#include <span>
#include <string>

#include "gateway/base/text.h"
#include "gateway/inspection/scan/views.h"
#include "gateway/inspection/scan/window_scan.h"
#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kHeadCharacters = 24;
constexpr size_t kHeadBytes = 12;
constexpr size_t kMoreBytes = 48;
constexpr size_t kWideZerosMin = 4;
constexpr size_t kMarkedHeadBytes = 256;
constexpr size_t kDoubleByteHeadBytes = 128;
constexpr size_t kChanceCharacters = 512;

constexpr std::array kPackedMagics = {
    "\x1f\x8b\x08"sv, "PK\x03\x04"sv, "BZh"sv,      "\xfd\x37zXZ"sv, "\x28\xb5\x2f\xfd"sv,
    "7z\xbc\xaf"sv,   "%PDF"sv,       "SQLite f"sv, "PAR1"sv,        "\x89PNG"sv,
    "\xff\xd8\xff"sv, "GIF8"sv,       "\x89HDF"sv,  "\x93NUMPY"sv,   "\x80\x04\x95"sv};
constexpr char kZlib = 'x';  // what zlib packs begins with it
constexpr std::array kWideMarks = {"\xff\xfe"sv, "\xfe\xff"sv};

// What single bytes say.
enum Says : uint8_t {
  kControl = 1U << 0U,  // that no text holds
  kNul = 1U << 1U,      // may be half of a wide character
  kMagic = 1U << 2U,    // as the first one: may begin something packed, or wide characters
};
constexpr std::array<uint8_t, 256> kSays = [] {
  std::array<uint8_t, 256> all{};
  const auto add = [&all](size_t c, Says what) { all[c] = static_cast<uint8_t>(all[c] | what); };
  for (size_t c = 0; c < ' '; ++c) {
    if (c != '\n' && c != '\r' && c != '\t') add(c, kControl);
  }
  add(0x7f, kControl);
  add(0, kNul);
  for (const std::string_view magic : kPackedMagics) add(static_cast<uint8_t>(magic[0]), kMagic);
  for (const std::string_view mark : kWideMarks) add(static_cast<uint8_t>(mark[0]), kMagic);
  add(static_cast<uint8_t>(kZlib), kMagic);
  return all;
}();

unsigned says(char c) {
  return kSays[static_cast<uint8_t>(c)];
}
unsigned say(std::string_view bytes) {
  unsigned joined = 0;
  for (const char c : bytes) joined |= says(c);
  return joined;
}

// Of the magics and marks above.
bool begins_with_one_of(std::string_view head, std::span<const std::string_view> these) {
  return !head.empty() && (says(head[0]) & kMagic) != 0 &&
         std::any_of(these.begin(), these.end(), [head](auto one) { return head.starts_with(one); });
}

// zlib's two bytes are common: what follows has to be unpacked without a fault, too.
bool is_zlib(std::string_view head) {
  if (!head.starts_with(kZlib) || head.size() < 2 ||
      "\x01\x5e\x9c\xda"sv.find(head[1]) == std::string_view::npos)
    return false;
  size_t made = 0;
  ByteView rest = as_bytes(head);
  const auto state = zlib_decoder(15)->decode(rest, [&made](ByteView out) {
    made += out.size();
    return true;
  });
  return state != Decoder::State::kBroken && made > 0;
}

// UTF-16 behind a mark of its order: no control characters, and halves of characters only in pairs.
bool is_marked_wide_text(std::string_view head) {
  const bool little = head.starts_with("\xff\xfe"sv);
  if (!little && !head.starts_with("\xfe\xff"sv)) return false;
  bool half = false;
  for (size_t i = 2; i + 1 < head.size(); i += 2) {
    const auto low = static_cast<uint8_t>(head[little ? i : i + 1]);
    const auto high = static_cast<uint8_t>(head[little ? i + 1 : i]);
    if (half != (high >= 0xdc && high < 0xe0)) return false;
    half = high >= 0xd8 && high < 0xdc;
    if (high == 0 && low < ' ' && low != 0 && low != '\n' && low != '\r' && low != '\t') return false;
  }
  return true;
}

// Characters of one and two bytes, as in GBK and Big5.
bool is_double_byte_text(std::string_view head) {
  for (size_t i = 0; i < head.size(); ++i) {
    if (!is_high(head[i])) continue;
    const auto first = static_cast<unsigned char>(head[i]);
    const auto second = static_cast<unsigned char>(i + 1 < head.size() ? head[i + 1] : 0x40);
    if (first == 0x80 || first == 0xff || second < 0x40 || second == 0x7f || second == 0xff) return false;
    ++i;
  }
  std::bitset<256> different;
  for (const char c : head) different.set(static_cast<uint8_t>(c));
  return different.count() * 3 >= head.size();
}

bool is_utf8_text(std::string_view head) {
  for (size_t cut = 0; cut < 4 && cut < head.size(); ++cut) {
    if (is_utf8(head.substr(0, head.size() - cut))) return true;
  }
  return false;
}

bool has_controls(std::string_view head) {
  return (say(head) & kControl) != 0;
}

// Text in UTF-8 (but for a character that the cut may have halved), GBK or Big5, without control characters.
bool is_text(std::string_view head) {
  return !has_controls(head) && (is_double_byte_text(head) || is_utf8_text(head));
}

// UTF-16 without a mark: some plain characters, each with its zero on the same side.
bool is_wide_text(std::string_view head) {
  const auto plain = [](char c) {
    return (c >= ' ' && c != 0x7f) || static_cast<unsigned char>(c) >= 0xa0 || c == '\n' || c == '\r' ||
           c == '\t';
  };
  for (const size_t zero : {size_t{0}, size_t{1}}) {
    size_t zeros = 0;
    bool fits = true;
    for (size_t i = 0; i + 1 < head.size() && fits; i += 2) {
      fits = head[i + 1 - zero] != '\0' && (head[i + zero] != '\0' || plain(head[i + 1 - zero]));
      zeros += head[i + zero] == '\0' ? 1 : 0;
    }
    if (fits && zeros >= kWideZerosMin && zeros * 12 >= head.size()) return true;
  }
  return false;
}

// Whether a run is refused by what its first bytes are, one by one, as most of random bytes are.
bool is_nothing(std::string_view first) {
  return (says(first[0]) & kMagic) == 0 && (say(first) & (kControl | kNul)) == kControl;
}

// Where the next line may be a text of its own, what is in front of that.
std::string_view own_line(std::string_view run, size_t characters) {
  const std::string_view head = run.substr(0, characters);
  const auto ends = [](char c) { return c == '\n' || c == '\r' || c == '\\'; };
  const auto end = static_cast<size_t>(std::find_if(head.begin(), head.end(), ends) - head.begin());
  return end >= kShortRunMin ? head.substr(0, end) : head;
}

// The same as content_characters(), of a run that decodes to `first` and more.
size_t content_behind(std::string_view first, std::string_view run, RunEncoding encoding) {
  constexpr size_t kAll = std::string_view::npos;
  if (begins_with_one_of(first, kPackedMagics)) return kAll;
  size_t used = 0;
  const auto decoded = [&](size_t bytes) {
    return decode_run(own_line(run, bytes * 2), encoding, bytes, used);
  };
  // Two bytes of a mark are common in anything packed, and nearly any bytes can be characters of two bytes:
  // how long it goes on like that tells. A short line shows little: then what follows has to be like it, too,
  // with it or as a line of its own.
  const auto judged = [&](size_t bytes, auto is_like) {
    const std::string line = decoded(bytes);
    if (!is_like(line)) return kChanceCharacters;
    if (line.size() >= bytes) return kAll;
    const std::string_view head = run.substr(0, bytes * 2);
    const size_t end = std::min(head.find_first_of("\r\n\\"), head.size());
    const std::string_view next = run.substr(std::min(run.find_first_not_of("\r\n\\", end), run.size()));
    const auto goes_on = [&](std::string_view rest) {
      return is_like(decode_run(rest.substr(0, bytes * 2), encoding, bytes, used));
    };
    return goes_on(run) || goes_on(next) ? kAll : kChanceCharacters;
  };
  if (first[0] == kZlib && is_zlib(decoded(kMarkedHeadBytes))) return kAll;
  if (begins_with_one_of(first, kWideMarks)) return judged(kMarkedHeadBytes, is_marked_wide_text);
  const bool text = is_text(first);
  if (!text && (say(first) & kNul) == 0) return 0;
  const std::string more = decoded(kMoreBytes);
  if (!text || !is_text(more)) return is_wide_text(more) ? kAll : 0;
  if (is_utf8_text(more)) return kAll;
  return judged(kDoubleByteHeadBytes, is_double_byte_text);
}

}  // namespace

size_t content_characters(std::string_view run, RunEncoding encoding) {
  if (encoding == RunEncoding::kBase64) {
    if (const auto quads = decode_first_quads(run)) {
      const std::string_view first(quads->data(), quads->size());
      return is_nothing(first) ? 0 : content_behind(first, run, encoding);
    }
  }
  size_t used = 0;
  const std::string first = decode_run(own_line(run, kHeadCharacters), encoding, kHeadBytes, used);
  return first.size() < kHeadBytes ? 0 : content_behind(first, run, encoding);
}

}  // namespace hetao::inspection
