// Archives that libarchive reads: each format is switched on by its name, never all of them, because some of
// its readers take text for an archive without files.
#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <optional>

#include "gateway/base/text.h"
#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

namespace {

struct FreeArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};
using ArchivePtr = std::unique_ptr<archive, FreeArchive>;

bool support(archive* a, std::string_view format) {
  int result = ARCHIVE_FATAL;
  if (format == "7z") result = archive_read_support_format_7zip(a);
  if (format == "rar") result = archive_read_support_format_rar(a);
  if (format == "rar5") result = archive_read_support_format_rar5(a);
  if (format == "cpio") result = archive_read_support_format_cpio(a);
  if (format == "ar") result = archive_read_support_format_ar(a);
  if (format == "cab") result = archive_read_support_format_cab(a);
  if (format == "xar") result = archive_read_support_format_xar(a);
  if (format == "lha") result = archive_read_support_format_lha(a);
  if (format == "iso9660") result = archive_read_support_format_iso9660(a);
  const bool filter = format == "lz4" || format == "compress" || format == "lzip";
  if (format == "lz4") result = archive_read_support_filter_lz4(a);
  if (format == "compress") result = archive_read_support_filter_compress(a);
  if (format == "lzip") result = archive_read_support_filter_lzip(a);
  if (filter) archive_read_support_format_raw(a);
  return result == ARCHIVE_OK || result == ARCHIVE_WARN;
}

// Where an archive ends by what it says itself; `used`: how far its reader came. Nothing: it does not say.
std::optional<uint64_t> end_of(std::string_view format, ByteView bytes, uint64_t used) {
  const auto little = [bytes](size_t at, size_t size) {
    uint64_t value = 0;
    for (size_t i = size; i > 0; --i) value = value << 8U | bytes[at + i - 1];
    return value;
  };
  if (format == "cpio" || format == "ar" || format == "rar" || format == "rar5" || format == "lha")
    return used;
  if (format == "cab" && bytes.size() >= 12) return little(8, 4);
  if (format == "7z" && bytes.size() >= 32) {
    const uint64_t directory = little(12, 8);
    const uint64_t size = little(20, 8);
    if (directory > bytes.size() || size > bytes.size()) return bytes.size() + 1;
    return 32 + directory + size;
  }
  constexpr size_t kIsoBlocks = 0x8050;
  if (format == "iso9660" && bytes.size() >= kIsoBlocks + 4) return little(kIsoBlocks, 4) * 2'048;
  return std::nullopt;
}

// One member's data. False when nothing more can be read of the archive.
bool read_data(Reading& reading, const Place& inner, archive* a) {
  Layer layer(reading, inner);
  bool whole = true;
  while (true) {
    const void* data = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    const int result = archive_read_data_block(a, &data, &size, &offset);
    if (result == ARCHIVE_EOF) break;
    if (result == ARCHIVE_RETRY) continue;
    if (result != ARCHIVE_OK) {
      const char* why = archive_error_string(a);
      reading.not_read(inner.path, printable(why != nullptr ? why : "it is damaged"));
      whole = result == ARCHIVE_WARN;
      break;
    }
    if (!reading.decoded(inner.path, size)) {
      whole = false;
      break;
    }
    layer.take({static_cast<const uint8_t*>(data), size});
  }
  layer.end();
  return whole;
}

}  // namespace

void read_archive(Reading& reading, const Place& place, std::string_view format, ByteView bytes) {
  RawScan::whole(reading, place, {}, bytes);
  const ArchivePtr a(archive_read_new());
  if (!a || !support(a.get(), format) ||
      archive_read_open_memory(a.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return reading.not_read(place.path, std::string(format) + " archive: it can't be opened");
  uint64_t members = 0;
  while (true) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(a.get(), &entry);
    if (result == ARCHIVE_EOF) break;
    if (result == ARCHIVE_RETRY) continue;
    if (result == ARCHIVE_FATAL || result == ARCHIVE_FAILED) {
      const char* why = archive_error_string(a.get());
      return reading.not_read(
          place.path, std::string(format) + " archive: " + printable(why != nullptr ? why : "it is damaged"));
    }
    const char* name = archive_entry_pathname(entry);
    std::string shown = name != nullptr ? name : "member " + std::to_string(members);
    if (format == "lz4" || format == "compress" || format == "lzip") shown = std::string(format);
    ++members;
    const Place inner = place.inside(shown);
    if (!reading.member(inner.path)) return;
    // A packed directory holds names that the raw bytes do not show.
    if (name != nullptr && format != "lz4" && format != "compress" && format != "lzip")
      RawScan::whole(reading, inner, {}, as_bytes(std::string_view(name)));
    if (archive_entry_is_encrypted(entry) != 0) {
      reading.not_read(inner.path, "encrypted");
      continue;
    }
    if (archive_entry_filetype(entry) == AE_IFREG && !read_data(reading, inner, a.get())) return;
  }
  if (members == 0)
    return reading.not_read(place.path, std::string(format) + " archive without anything in it");
  // Readers stop at the archive's end; what stands behind it is a layer.
  const auto end = end_of(format, bytes, static_cast<uint64_t>(archive_filter_bytes(a.get(), -1)));
  if (end && *end > bytes.size())
    return reading.not_read(place.path, std::string(format) + " archive that is cut off");
  if (!end) return;
  const ByteView rest = bytes.subspan(static_cast<size_t>(*end));
  if (!std::all_of(rest.begin(), rest.end(), [](uint8_t b) { return b == 0; }))
    read_layer(reading, place.inside("behind the end"), rest);
}

}  // namespace hetao::inspection
