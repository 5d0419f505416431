#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/inspection/formats/formats.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

struct Magic {
  size_t at;
  std::string_view bytes;
  std::string_view name;
  std::string_view what;
};

constexpr auto kMagics = std::to_array<Magic>({
    {0, "\x1f\x8b\x08"sv, "gzip", "packed"},
    {0, "BZh"sv, "bzip2", "packed"},
    {0, "\xfd\x37zXZ\0"sv, "xz", "packed"},
    {0, "\x28\xb5\x2f\xfd"sv, "zstd", "packed"},
    {0, "PK\x03\x04"sv, "zip", "packed"},
    {0, "PK\x05\x06"sv, "zip", "packed"},
    {0, "PK\x07\x08PK"sv, "zip", "packed"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "7z", "packed"},
    {0, "Rar!\x1a\x07\0"sv, "rar", "packed"},
    {0, "Rar!\x1a\x07\x01\0"sv, "rar5", "packed"},
    {0, "070701"sv, "cpio", "packed"},
    {0, "070702"sv, "cpio", "packed"},
    {0, "070707"sv, "cpio", "packed"},
    {0, "\xc7\x71"sv, "cpio", "packed"},
    {0, "!<arch>\n"sv, "ar", "packed"},
    {0, "MSCF\0\0\0\0"sv, "cab", "packed"},
    {0, "xar!"sv, "xar", "packed"},
    {2, "-lh"sv, "lha", "packed"},
    {0x8001, "CD001"sv, "iso9660", "packed"},
    {0, "%PDF-"sv, "pdf", "document"},
    {0, "SQLite format 3\0"sv, "sqlite", "table"},
    {0, "PAR1"sv, "parquet", "table"},
    {0, "\x89HDF\r\n\x1a\n"sv, "hdf5", "array"},
    {512, "\x89HDF\r\n\x1a\n"sv, "hdf5", "array"},
    {1024, "\x89HDF\r\n\x1a\n"sv, "hdf5", "array"},
    {2048, "\x89HDF\r\n\x1a\n"sv, "hdf5", "array"},
    {0, "\x93NUMPY"sv, "npy", "array"},
    {0, "GGUF"sv, "gguf", "model"},
    {0, "ORC"sv, "orc", "table"},
    {0, "Obj\x01"sv, "avro", "table"},
    {0, "ARROW1\0\0"sv, "arrow", "table"},
    {0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "ole2", "document"},
    {0, "\x04\x22\x4d\x18"sv, "lz4", "packed"},
    {0, "\x1f\x9d"sv, "compress", "packed"},
    {0, "LZIP"sv, "lzip", "packed"},
    {0, "\x89PNG\r\n\x1a\n"sv, "png", "image"},
    {0, "\xff\xd8\xff"sv, "jpeg", "image"},
    {0, "GIF8"sv, "gif", "image"},
    {0, "II*\0"sv, "tiff", "image"},
    {0, "MM\0*"sv, "tiff", "image"},
    {8, "WEBP"sv, "webp", "image"},
    {4, "ftyp"sv, "mp4", "video"},
    {0, "RIFF"sv, "riff", "sound"},
    {0, "OggS"sv, "ogg", "sound"},
    {0, "ID3"sv, "mp3", "sound"},
    {0, "\x7f\x45LF"sv, "elf", "program"},
    {0, "MZ"sv, "exe", "program"},
    {0, "\xca\xfe\xba\xbe"sv, "java class", "program"},
    {0, "\0asm"sv, "wasm", "program"},
});

// BZh is text until a block of bzip2 follows; MZ and the like are short enough to begin a text too.
bool is_meant(const Magic& magic, ByteView bytes) {
  if (magic.name == "bzip2")
    return bytes.size() >= 10 && bytes[3] >= '1' && bytes[3] <= '9' &&
           (as_text(bytes.subspan(4, 6)) == "\x31\x41\x59\x26\x53\x59"sv ||
            as_text(bytes.subspan(4, 6)) == "\x17\x72\x45\x38\x50\x90"sv);
  if (magic.name == "lha") return bytes.size() > 21 && bytes[6] == '-' && bytes[20] <= 3;
  if (magic.name == "exe") return bytes.size() > 64 && bytes[3] == 0;
  if (magic.name == "orc" || magic.name == "gguf" || magic.name == "mp3")
    return bytes.size() > 8 && std::any_of(bytes.begin(), bytes.begin() + 8, [](uint8_t b) { return b < 9; });
  return true;
}

bool is_tar(ByteView bytes) {
  if (bytes.size() < 512) return false;
  if (as_text(bytes.subspan(257, 5)) == "ustar") return true;
  // Before ustar there was no magic; the sum of the header has to fit.
  uint64_t sum = 0;
  for (size_t i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? ' ' : bytes[i];
  uint64_t said = 0;
  bool digits = false;
  for (size_t i = 148; i < 156; ++i) {
    if (bytes[i] < '0' || bytes[i] > '7') {
      if (digits) break;
      continue;
    }
    digits = true;
    said = said * 8 + (bytes[i] - '0');
  }
  return digits && said == sum && bytes[0] != 0;
}

// Text as wide characters: by its mark, or by where the zeros stand.
std::string_view wide_text(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  if (text.starts_with("\xff\xfe\0\0"sv)) return "utf-32le";
  if (text.starts_with("\0\0\xfe\xff"sv)) return "utf-32be";
  if (text.starts_with("\xff\xfe"sv)) return "utf-16le";
  if (text.starts_with("\xfe\xff"sv)) return "utf-16be";
  const size_t n = std::min<size_t>(bytes.size(), 4'096) / 4 * 4;
  if (n < 8) return {};
  std::array<size_t, 4> zeros{};
  std::array<size_t, 4> plain{};
  for (size_t i = 0; i < n; ++i) {
    zeros[i % 4] += bytes[i] == 0 ? 1U : 0U;
    plain[i % 4] += (bytes[i] >= ' ' && bytes[i] < 0x7f) || (bytes[i] >= 9 && bytes[i] <= 13) ? 1U : 0U;
  }
  const size_t quarter = n / 4;
  const auto most = [quarter](size_t count) { return count * 10 >= quarter * 6; };
  const auto all = [quarter](size_t count) { return count == quarter; };
  if (most(plain[0]) && all(zeros[3]) && most(zeros[2]) && most(zeros[1])) return "utf-32le";
  if (most(plain[3]) && all(zeros[0]) && most(zeros[1]) && most(zeros[2])) return "utf-32be";
  // Chinese text has few zeros: a fifth of plain characters (line ends, digits, commas) will do, if none is
  // odd.
  const auto wide = [&](size_t low, size_t high) {
    const size_t ascii = plain[low] + plain[low + 2 > 3 ? low - 2 : low + 2];
    const size_t high_zeros = zeros[high] + zeros[high + 2 > 3 ? high - 2 : high + 2];
    const size_t low_zeros = zeros[low] + zeros[low + 2 > 3 ? low - 2 : low + 2];
    return high_zeros * 5 >= quarter && low_zeros * 50 <= quarter && ascii * 5 >= high_zeros * 4;
  };
  if (wide(0, 1)) return "utf-16le";
  if (wide(1, 0)) return "utf-16be";
  return {};
}

// Protocols 0 and 1 of Python have no mark: a name to be imported, a dictionary or a list first, a full stop
// last.
bool is_old_pickle(std::string_view text) {
  constexpr size_t kNameMax = 200;
  if (text.size() < 6 || (text.back() != '.' && !text.ends_with(".\n"sv))) return false;
  if (text.starts_with("(dp0\n"sv) || text.starts_with("(lp0\n"sv)) return true;
  const std::string_view head = text.substr(text[0] == '(' ? 1 : 0, 2 * kNameMax);
  if (!head.starts_with('c') && !(head.starts_with('i') && text[0] == '(')) return false;
  const size_t first = head.find('\n');
  const size_t second = first == std::string_view::npos ? first : head.find('\n', first + 1);
  if (second == std::string_view::npos || first < 2 || second < first + 2) return false;
  // It is kept or called next, which few texts look like.
  const std::string_view next = head.substr(second + 1, 2);
  const bool kept = next.size() == 2 && (next[0] == 'p' ? next[1] >= '0' && next[1] <= '9'
                                                        : "q()"sv.find(next[0]) != std::string_view::npos);
  return kept && std::all_of(head.begin() + 1, head.begin() + static_cast<ptrdiff_t>(second), [](char c) {
           return (c | 0x20) == c ? (c >= 'a' && c <= 'z') || c == '_' || c == '.' || (c >= '0' && c <= '9')
                                  : (c >= 'A' && c <= 'Z') || c == '\n' || c == '_';
         });
}

// Genomic and medical data: zeros and short numbers in it are no text in wide characters.
bool is_sensitive_binary(ByteView bytes) {
  const auto genomic = genomic_kind(bytes.first(std::min<size_t>(bytes.size(), 64)), false);
  if (genomic && *genomic != Kind::kFastq && *genomic != Kind::kFastaNt && *genomic != Kind::kVcfText &&
      *genomic != Kind::kSamText && *genomic != Kind::kDtcGenotype)
    return true;
  const auto medical = medical_kind(bytes.first(std::min<size_t>(bytes.size(), 544)));
  return medical == Kind::kDicomFile || medical == Kind::kNifti1 || medical == Kind::kNifti2;
}

}  // namespace

Sniffed sniff(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  for (const Magic& magic : kMagics) {
    if (text.size() >= magic.at + magic.bytes.size() && text.substr(magic.at).starts_with(magic.bytes) &&
        is_meant(magic, bytes))
      return {magic.name, magic.what};
  }
  // A document may begin a little later; a text that only speaks of one has no objects.
  constexpr size_t kBeforePdf = 1'024;
  if (const size_t pdf = text.substr(0, kBeforePdf).find("%PDF-");
      pdf != std::string_view::npos &&
      text.substr(pdf, 2 * kBeforePdf).find(" 0 obj") != std::string_view::npos)
    return {"pdf", "document"};
  // A skippable frame in front of zstd's first.
  if (text.size() >= 8 && (text[0] & '\xf0') == '\x50' && text.substr(1, 3) == "\x2a\x4d\x18"sv)
    return {"zstd", "packed"};
  if (is_tar(bytes)) return {"tar", "packed"};
  if (looks_like_safetensors(bytes)) return {"safetensors", "model"};
  if (text.size() > 4 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5) return {"pickle", "pickle"};
  if (is_old_pickle(text)) return {"pickle", "pickle"};
  if (is_sensitive_binary(bytes)) return {"data", "data"};
  if (const std::string_view wide = wide_text(bytes); !wide.empty()) return {wide, "text"};
  // zlib's two bytes are checked by their sum, and by what inflates.
  if (bytes.size() > 8 && (bytes[0] & 0x8fU) == 8 && (bytes[0] << 8U | bytes[1]) % 31 == 0 &&
      (bytes[1] & 0x20U) == 0 && bytes[0] == 0x78 && bytes[1] != 'e' && bytes[1] != '^')
    return {"zlib", "packed"};
  if (bytes.size() > 13 && bytes[0] == 0x5d && bytes[1] == 0 && bytes[2] == 0) return {"lzma", "packed"};
  if (looks_like_onnx(bytes)) return {"onnx", "model"};
  return {"text", "text"};
}

bool is_surely_packed(ByteView bytes) {
  static constexpr std::array kNames = {"gzip"sv, "bzip2"sv,   "xz"sv,   "zstd"sv, "zip"sv,
                                        "7z"sv,   "rar"sv,     "rar5"sv, "pdf"sv,  "sqlite"sv,
                                        "hdf5"sv, "parquet"sv, "npy"sv,  "tar"sv,  "iso9660"sv};
  return std::find(kNames.begin(), kNames.end(), sniff(bytes).name) != kNames.end();
}

}  // namespace hetao::inspection
