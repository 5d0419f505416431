// zip, read both ways: by its directory, and by the headers in front of each file, wherever they stand. Usual
// readers do one of both, and an archive can be made that shows each of them something else. What belongs to
// neither (a prefix, gaps, what follows) is read as a layer of its own.
#include <algorithm>
#include <cstring>
#include <map>

#include "gateway/base/text.h"
#include "gateway/inspection/formats/formats.h"
#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

namespace {

using namespace std::string_view_literals;

constexpr size_t kLocalBytes = 30;
constexpr size_t kCentralBytes = 46;
constexpr size_t kEndBytes = 22;
constexpr size_t kCommentMax = 65'535;
constexpr size_t kGapMin = 8;

uint16_t u16(ByteView b, size_t at) {
  return static_cast<uint16_t>(b[at] | b[at + 1] << 8U);
}
uint32_t u32(ByteView b, size_t at) {
  return static_cast<uint32_t>(u16(b, at)) | static_cast<uint32_t>(u16(b, at + 2)) << 16U;
}
uint64_t u64(ByteView b, size_t at) {
  return uint64_t{u32(b, at)} | uint64_t{u32(b, at + 4)} << 32U;
}

struct Entry {
  uint16_t flags = 0;
  uint16_t method = 0;
  uint64_t packed = 0;
  uint64_t size = 0;
  std::string name;
  bool listed = false;  // the directory has it
  bool done = false;
};

// Sizes that do not fit 32 bits stand in an extra field (zip64).
void read_zip64(ByteView extra, bool size_first, Entry& entry, uint64_t* offset) {
  size_t at = 0;
  while (at + 4 <= extra.size()) {
    const size_t length = u16(extra, at + 2);
    if (at + 4 + length > extra.size()) return;
    if (u16(extra, at) == 1) {
      ByteView rest = extra.subspan(at + 4, length);
      const auto next = [&rest](uint64_t& value) {
        if (rest.size() < 8) return;
        value = u64(rest, 0);
        rest = rest.subspan(8);
      };
      if (size_first && entry.size == 0xffffffff) next(entry.size);
      if (entry.packed == 0xffffffff) next(entry.packed);
      if (offset != nullptr && *offset == 0xffffffff) next(*offset);
    }
    at += 4 + length;
  }
}

class ZipReader {
 public:
  ZipReader(Reading& reading, const Place& place, ByteView bytes)
      : reading_(reading), place_(place), bytes_(bytes), raw_(reading, place, {}) {}

  void read() {
    read_directory();
    size_t at = 0;
    while (at < bytes_.size()) {
      const size_t local = find_local(at);
      gap(at, std::min(local, bytes_.size()));
      if (local >= bytes_.size()) break;
      at = read_local(local);
    }
    for (const auto& [offset, entry] : entries_) {
      if (!entry.done)
        reading_.not_read(place_.inside(entry.name).path,
                          "its place in the archive holds no such file, or overlaps another");
    }
    raw_.end();
  }

 private:
  void read_directory() {
    const std::string_view text = as_text(bytes_);
    const size_t from = text.size() - std::min(text.size(), kEndBytes + kCommentMax);
    size_t end = text.rfind("PK\x05\x06"sv);
    if (end == std::string_view::npos || end < from || end + kEndBytes > text.size()) {
      reading_.not_read(place_.path, "zip without its directory: it is cut off or damaged");
      return;
    }
    uint64_t count = u16(bytes_, end + 10);
    uint64_t size = u32(bytes_, end + 12);
    uint64_t offset = u32(bytes_, end + 16);
    uint64_t directory_end = end;
    const size_t locator =
        end >= 20 && text.substr(end - 20, 4) == "PK\x06\x07"sv ? end - 20 : std::string_view::npos;
    if (locator != std::string_view::npos) {
      const size_t wide = text.rfind("PK\x06\x06"sv, locator);
      if (wide != std::string_view::npos && wide + 56 <= locator) {
        count = u64(bytes_, wide + 32);
        size = u64(bytes_, wide + 40);
        offset = u64(bytes_, wide + 48);
        directory_end = wide;
      }
    }
    if (size > directory_end) return reading_.not_read(place_.path, "zip whose directory does not fit");
    // What stands in front of the archive moves everything.
    const uint64_t begin = directory_end - size;
    shift_ = begin >= offset ? begin - offset : 0;
    directory_ = {begin, end + kEndBytes + u16(bytes_, end + 20)};
    read_entries(static_cast<size_t>(begin), static_cast<size_t>(directory_end), count);
  }

  void read_entries(size_t at, size_t end, uint64_t count) {
    uint64_t seen = 0;
    while (at + kCentralBytes <= end && u32(bytes_, at) == 0x02014b50) {
      const size_t name = u16(bytes_, at + 28);
      const size_t extra = u16(bytes_, at + 30);
      const size_t comment = u16(bytes_, at + 32);
      if (at + kCentralBytes + name + extra + comment > end) break;
      Entry entry = entry_of(at + 8, at + 20);
      entry.name = std::string(as_text(bytes_.subspan(at + kCentralBytes, name)));
      entry.listed = true;
      uint64_t offset = u32(bytes_, at + 42);
      read_zip64(bytes_.subspan(at + kCentralBytes + name, extra), true, entry, &offset);
      entries_[offset + shift_] = std::move(entry);
      at += kCentralBytes + name + extra + comment;
      if (++seen > reading_.limits().members) break;
    }
    if (seen != count && count != 0xffff)
      reading_.not_read(place_.path, "zip whose directory does not list what it says");
  }

  // Flags and method, and sizes, as both kinds of header have them.
  Entry entry_of(size_t flags, size_t sizes) const {
    Entry entry;
    entry.flags = u16(bytes_, flags);
    entry.method = u16(bytes_, flags + 2);
    entry.packed = u32(bytes_, sizes);
    entry.size = u32(bytes_, sizes + 4);
    return entry;
  }

  // The next header of a file: one that the directory knows, or one that looks like it.
  size_t find_local(size_t from) const {
    const std::string_view text = as_text(bytes_);
    for (size_t at = from; (at = text.find("PK\x03\x04"sv, at)) != std::string_view::npos; ++at) {
      if (at + kLocalBytes > text.size()) break;
      if (entries_.contains(at)) return at;
      const uint16_t method = u16(bytes_, at + 8);
      const bool known = method == 0 || method == 8 || method == 9 || method == 12 || method == 14 ||
                         method == 93 || method == 95 || method == 99;
      if (known && (u16(bytes_, at + 4) & 0xffU) <= 63 &&
          at + kLocalBytes + u16(bytes_, at + 26) <= text.size())
        return at;
    }
    return bytes_.size();
  }

  // Reads the file at `at`; returns where what is known of it ends.
  size_t read_local(size_t at) {
    const size_t name_bytes = u16(bytes_, at + 26);
    const size_t extra = u16(bytes_, at + 28);
    const size_t data = at + kLocalBytes + name_bytes + extra;
    if (data > bytes_.size()) {
      reading_.not_read(place_.path, "zip entry that is cut off");
      raw_.take(bytes_.subspan(at));
      return bytes_.size();
    }
    Entry local = entry_of(at + 6, at + 18);
    local.name = std::string(as_text(bytes_.subspan(at + kLocalBytes, name_bytes)));
    read_zip64(bytes_.subspan(at + kLocalBytes + name_bytes, extra), true, local, nullptr);
    bool sized = (local.flags & 8U) == 0 || local.packed != 0;
    if (const auto it = entries_.find(at); it != entries_.end()) {
      it->second.done = true;
      if (!sized || it->second.packed > local.packed) local.packed = it->second.packed;
      if ((local.flags & 8U) != 0) local.packed = it->second.packed;
      local.flags |= it->second.flags;
      sized = true;
    }
    raw_.take(bytes_.subspan(at, data - at));
    if (sized && local.packed > bytes_.size() - data) {
      reading_.not_read(place_.inside(local.name).path, "zip entry that is cut off");
      local.packed = bytes_.size() - data;
    }
    if (!reading_.member(place_.path)) {
      raw_.take(bytes_.subspan(data));
      return bytes_.size();
    }
    const size_t used = read_member(
        local, bytes_.subspan(data, sized ? static_cast<size_t>(local.packed) : bytes_.size() - data), sized);
    size_t end = data + used;
    // A descriptor with or without its mark: sum, sizes.
    if ((local.flags & 8U) != 0 && end + 16 <= bytes_.size() && u32(bytes_, end) == 0x08074b50) {
      raw_.take(bytes_.subspan(end, 16));
      end += 16;
    }
    return end;
  }

  // Returns how many bytes belong to the member.
  size_t read_member(const Entry& entry, ByteView data, bool sized) {
    const Place inner = place_.inside(entry.name);
    if ((entry.flags & 1U) != 0 || entry.method == 99) {
      reading_.not_read(inner.path, "encrypted");
      raw_.skip(data.size());  // what it shows is chance
      return data.size();
    }
    if (entry.method == 0) {
      if (!sized) {
        const size_t next = std::min(as_text(data).find("PK\x07\x08"sv), data.size());
        data = data.first(next);
      }
      raw_.skip(data.size());
      if (reading_.decoded(inner.path, 0)) read_layer(reading_, inner, data);
      return data.size();
    }
    auto decoder = decoder_for(entry.method, data);
    if (!decoder) {
      reading_.not_read(inner.path,
                        "packed by a method that is not known (" + std::to_string(entry.method) + ")");
      raw_.take(data);
      return data.size();
    }
    return unpack(*decoder, inner, data, sized);
  }

  size_t unpack(Decoder& decoder, const Place& inner, ByteView data, bool sized) {
    Layer layer(reading_, inner);
    ByteView rest = data;
    Decoder::State state = Decoder::State::kMore;
    while (state == Decoder::State::kMore && !rest.empty()) {
      const size_t before = rest.size();
      state = decoder.decode(rest, [&](ByteView out) {
        if (!reading_.decoded(inner.path, out.size())) return false;
        layer.take(out);
        return true;
      });
      if (state == Decoder::State::kMore && rest.size() == before) break;
    }
    if (state != Decoder::State::kMemberEnd && !reading_.stopped())
      reading_.not_read(inner.path,
                        state == Decoder::State::kBroken ? std::string(decoder.broken_why()) : "cut off");
    layer.end();
    const size_t used = data.size() - rest.size();
    raw_.take(data.first(used));
    if (!sized) return state == Decoder::State::kMemberEnd ? used : std::max<size_t>(used, 1);
    if (!rest.empty()) {
      raw_.skip(rest.size());
      if (reading_.decoded(inner.path, 0)) read_layer(reading_, inner.inside("behind the end"), rest);
    }
    return data.size();
  }

  static std::unique_ptr<Decoder> decoder_for(uint16_t method, ByteView&) {
    if (method == 8) return zlib_decoder(-15);
    if (method == 12) return bzip2_decoder();
    if (method == 93) return zstd_decoder();
    if (method == 95) return xz_decoder();
    return nullptr;
  }

  // Bytes that no file claims: the directory, or something that is read as a layer.
  void gap(size_t from, size_t until) {
    const auto clip = [&](uint64_t at) { return static_cast<size_t>(std::clamp<uint64_t>(at, from, until)); };
    const size_t begin = clip(directory_.begin);
    const size_t end = clip(directory_.end);
    outside(from, begin);
    raw_.take(bytes_.subspan(begin, end - begin));
    outside(end, until);
  }

  void outside(size_t from, size_t until) {
    if (from >= until) return;
    const ByteView bytes = bytes_.subspan(from, until - from);
    const bool zero = std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; });
    // A signing block of Android, or a descriptor without its mark: short enough to be looked at raw.
    if (zero || bytes.size() < kGapMin || bytes.size() == 12 || bytes.size() == 16 || bytes.size() == 24 ||
        bytes.size() == bytes_.size())
      return raw_.take(bytes);
    raw_.skip(bytes.size());
    read_layer(reading_, place_.inside(from == 0 ? "in front" : "between members"), bytes);
  }

  struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
  };
  Reading& reading_;
  Place place_;
  ByteView bytes_;
  RawScan raw_;
  std::map<uint64_t, Entry> entries_;  // by the place of their headers
  uint64_t shift_ = 0;
  Range directory_;
};

}  // namespace

void read_zip(Reading& reading, const Place& place, ByteView bytes) {
  ZipReader(reading, place, bytes).read();
}

}  // namespace hetao::inspection
