// Source: HDF5 File Format Specification, version 3.0.
#include "gateway/inspection/formats/hdf5_messages.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection::hdf5 {

namespace {

constexpr int kTypeDepthMax = 16;
constexpr size_t kMembersMax = 4'096;
constexpr size_t kRankMax = 32;
constexpr size_t kNameBytesMax = 4'096;

}  // namespace

uint64_t Cursor::number(size_t bytes) {
  const ByteView taken = take(bytes);
  uint64_t value = 0;
  for (size_t i = taken.size(); i > 0; --i) value = value << 8U | taken[i - 1];
  return value;
}

ByteView Cursor::take(size_t bytes) {
  if (bytes > rest_.size()) {
    fail();
    return {};
  }
  const ByteView taken = rest_.first(bytes);
  rest_ = rest_.subspan(bytes);
  return taken;
}

std::string Cursor::name() {
  const auto end = std::find(rest_.begin(), rest_.end(), uint8_t{0});
  const auto size = static_cast<size_t>(end - rest_.begin());
  if (end == rest_.end() || size > kNameBytesMax) {
    fail();
    return {};
  }
  std::string found(as_text(take(size)));
  take(1);
  return found;
}

std::string Cursor::padded_name() {
  const size_t before = left();
  std::string found = name();
  const size_t used = before - left();
  if (!broken_) take((8 - used % 8) % 8);
  return found;
}

uint64_t address_of(Cursor& in, size_t bytes) {
  const uint64_t value = in.number(bytes);
  return bytes < 8 && value == (uint64_t{1} << (8 * bytes)) - 1 ? kUndefined : value;
}

namespace {

bool read_members(Cursor& in, Datatype& type, unsigned version, size_t count, int depth) {
  if (count > kMembersMax) return false;
  const auto offset_bytes = static_cast<size_t>((std::bit_width(type.bytes) + 7) / 8);
  for (size_t i = 0; i < count; ++i) {
    Datatype::Member member;
    member.name = version >= 3 ? in.name() : in.padded_name();
    member.offset = static_cast<uint32_t>(in.number(version >= 3 ? std::max<size_t>(offset_bytes, 1) : 4));
    uint64_t values = 1;
    if (version == 1) {  // an array is said here, not by a type of its own
      const uint64_t rank = in.number(1);
      in.take(3 + 4 + 4);
      for (uint64_t d = 0; d < 4; ++d) {
        const uint64_t size = in.number(4);
        if (d < rank) values *= std::max<uint64_t>(size, 1);
        if (values > type.bytes) return false;
      }
    }
    auto inner = read_datatype(in, depth + 1);
    if (!inner || in.broken()) return false;
    if (values > 1) {
      Datatype array;
      array.kind = Class::kArray;
      array.count = values;
      array.bytes = static_cast<uint32_t>(values * inner->bytes);
      array.base = std::make_shared<const Datatype>(std::move(*inner));
      inner = std::move(array);
    }
    if (uint64_t{member.offset} + inner->bytes > type.bytes) return false;
    member.type = std::make_shared<const Datatype>(std::move(*inner));
    type.members.push_back(std::move(member));
  }
  return true;
}

bool read_base(Cursor& in, Datatype& type, int depth) {
  auto base = read_datatype(in, depth + 1);
  if (!base) return false;
  type.base = std::make_shared<const Datatype>(std::move(*base));
  return true;
}

bool read_array(Cursor& in, Datatype& type, unsigned version, int depth) {
  const uint64_t rank = in.number(1);
  if (rank > kRankMax) return false;
  if (version < 3) in.take(3);
  type.count = 1;
  for (uint64_t i = 0; i < rank; ++i) {
    type.count *= in.number(4);
    if (type.count > type.bytes) return false;
  }
  if (version < 3) in.take(4 * rank);
  return read_base(in, type, depth) && type.count * type.base->bytes == type.bytes;
}

}  // namespace

std::optional<Datatype> read_datatype(Cursor& in, int depth) {
  if (depth > kTypeDepthMax) return std::nullopt;
  const uint64_t first = in.number(1);
  const auto version = static_cast<unsigned>(first >> 4U);
  const uint64_t bits = in.number(3);
  Datatype type;
  type.bytes = static_cast<uint32_t>(in.number(4));
  if (in.broken() || (first & 15U) > 10 || version < 1 || version > 4 || type.bytes == 0) return std::nullopt;
  type.kind = static_cast<Class>(first & 15U);
  bool good = true;
  switch (type.kind) {
    case Class::kInteger:
    case Class::kBits:
      type.big = (bits & 1U) != 0;
      type.is_signed = (bits & 8U) != 0;
      in.take(4);
      break;
    case Class::kReal:
      type.big = (bits & 1U) != 0;
      good = (bits & 0x40U) == 0;  // no byte order of a VAX
      in.take(12);
      break;
    case Class::kTime:
      in.take(2);
      break;
    case Class::kOpaque:
      in.take(bits & 0xffU);
      break;
    case Class::kCompound:
      good = read_members(in, type, version, bits & 0xffffU, depth);
      break;
    case Class::kEnum:
      good = read_base(in, type, depth);
      for (uint64_t i = 0; good && i < (bits & 0xffffU); ++i) version >= 3 ? in.name() : in.padded_name();
      if (good) in.take((bits & 0xffffU) * type.base->bytes);
      break;
    case Class::kVariable:
      type.text = (bits & 15U) == 1;
      good = read_base(in, type, depth);
      break;
    case Class::kArray:
      good = read_array(in, type, version, depth);
      break;
    case Class::kText:
    case Class::kReference:
      break;
  }
  if (!good || in.broken()) return std::nullopt;
  return type;
}

uint64_t Dataspace::values() const {
  uint64_t all = nothing ? 0 : 1;
  for (const uint64_t size : sizes) {
    if (size != 0 && all > (uint64_t{1} << 48U) / size) return kUndefined;
    all *= size;
  }
  return all;
}

std::optional<Dataspace> read_dataspace(Cursor& in, const Sizes& sizes) {
  const uint64_t version = in.number(1);
  const uint64_t rank = in.number(1);
  in.take(1);  // whether the largest sizes are told too
  Dataspace space;
  if (version == 1) {
    in.take(5);
  } else if (version == 2) {
    space.nothing = in.number(1) == 2;
  } else {
    return std::nullopt;
  }
  if (rank > kRankMax) return std::nullopt;
  for (uint64_t i = 0; i < rank; ++i) space.sizes.push_back(in.number(sizes.length));
  if (in.broken()) return std::nullopt;
  return space;
}

namespace {

bool read_chunk_sizes(Cursor& in, Layout& layout, uint64_t rank, size_t bytes) {
  if (rank < 2 || rank > kRankMax + 1 || bytes == 0 || bytes > 8) return false;
  for (uint64_t i = 0; i < rank; ++i) layout.chunk.push_back(in.number(bytes));
  layout.chunk.pop_back();  // the size of a value
  return !in.broken();
}

bool read_old_layout(Cursor& in, const Sizes& sizes, Layout& layout) {
  const uint64_t rank = in.number(1);
  const uint64_t sort = in.number(1);
  in.take(5);
  if (sort != 0) layout.address = address_of(in, sizes.offset);
  if (sort == 2) {
    layout.sort = Layout::Sort::kChunks;
    return read_chunk_sizes(in, layout, rank, 4);
  }
  if (rank > kRankMax) return false;
  in.take(4 * rank);
  if (sort == 0) {
    layout.sort = Layout::Sort::kCompact;
    layout.inside = in.take(in.number(4));
  } else {
    layout.sort = Layout::Sort::kContiguous;
    layout.bytes = kUndefined;  // as many as the values take
  }
  return !in.broken();
}

// Chunks of files written for the newest version alone.
bool read_new_chunks(Cursor& in, const Sizes& sizes, Layout& layout) {
  const uint64_t flags = in.number(1);
  const uint64_t rank = in.number(1);
  const uint64_t bytes = in.number(1);
  if (!read_chunk_sizes(in, layout, rank, bytes)) return false;
  const uint64_t index = in.number(1);
  if (index != 1) return true;  // kOther: it is said not to be read
  layout.sort = Layout::Sort::kOneChunk;
  if ((flags & 2U) != 0) {
    layout.bytes = in.number(sizes.length);
    layout.mask = static_cast<uint32_t>(in.number(4));
  }
  layout.address = address_of(in, sizes.offset);
  return !in.broken();
}

}  // namespace

std::optional<Layout> read_layout(Cursor& in, const Sizes& sizes) {
  const uint64_t version = in.number(1);
  Layout layout;
  if (version == 1 || version == 2)
    return read_old_layout(in, sizes, layout) ? std::optional(layout) : std::nullopt;
  if (version != 3 && version != 4) return std::nullopt;
  const uint64_t sort = in.number(1);
  if (sort == 0) {
    layout.sort = Layout::Sort::kCompact;
    layout.inside = in.take(in.number(2));
  } else if (sort == 1) {
    layout.sort = Layout::Sort::kContiguous;
    layout.address = address_of(in, sizes.offset);
    layout.bytes = in.number(sizes.length);
  } else if (sort == 2 && version == 4) {
    if (!read_new_chunks(in, sizes, layout)) return std::nullopt;
  } else if (sort == 2) {
    layout.sort = Layout::Sort::kChunks;
    const uint64_t rank = in.number(1);
    layout.address = address_of(in, sizes.offset);
    if (!read_chunk_sizes(in, layout, rank, 4)) return std::nullopt;
  }
  if (in.broken()) return std::nullopt;
  return layout;
}

std::optional<std::vector<Filter>> read_filters(Cursor& in) {
  const uint64_t version = in.number(1);
  const uint64_t count = in.number(1);
  if (version != 1 && version != 2) return std::nullopt;
  if (version == 1) in.take(6);
  std::vector<Filter> filters;
  for (uint64_t i = 0; i < count; ++i) {
    Filter filter;
    filter.id = static_cast<uint16_t>(in.number(2));
    const bool named = version == 1 || filter.id >= 256;
    const uint64_t name_bytes = named ? in.number(2) : 0;
    in.take(2);
    const uint64_t values = in.number(2);
    in.take(version == 1 ? (name_bytes + 7) / 8 * 8 : name_bytes);
    for (uint64_t v = 0; v < values && !in.broken(); ++v)
      filter.values.push_back(static_cast<uint32_t>(in.number(4)));
    if (version == 1 && values % 2 != 0) in.take(4);
    if (in.broken()) return std::nullopt;
    filters.push_back(std::move(filter));
  }
  return filters;
}

std::optional<Link> read_link(Cursor& in, const Sizes& sizes) {
  if (in.number(1) != 1) return std::nullopt;
  const uint64_t flags = in.number(1);
  const uint64_t sort = (flags & 8U) != 0 ? in.number(1) : 0;
  if ((flags & 4U) != 0) in.take(8);
  if ((flags & 16U) != 0) in.take(1);
  const uint64_t length = in.number(size_t{1} << (flags & 3U));
  Link link;
  if (length > kNameBytesMax) return std::nullopt;
  link.name = std::string(as_text(in.take(length)));
  if (sort == 0) link.address = address_of(in, sizes.offset);
  link.elsewhere = sort > 1;
  if (in.broken()) return std::nullopt;
  return link;
}

namespace {

bool inflate(const std::unique_ptr<Decoder>& decoder, Bytes& chunk, size_t most) {
  Bytes plain;
  ByteView in = chunk;
  const auto state = decoder->decode(in, [&](ByteView more) {
    if (more.size() > most - plain.size()) return false;
    plain.insert(plain.end(), more.begin(), more.end());
    return true;
  });
  chunk = std::move(plain);
  return state == Decoder::State::kMemberEnd;
}

// Bytes of equal rank stood together: put them back into their values.
void unshuffle(Bytes& chunk, size_t size) {
  const size_t count = size > 1 ? chunk.size() / size : 0;
  if (count < 2) return;
  Bytes plain(chunk);
  for (size_t i = 0; i < count; ++i) {
    for (size_t b = 0; b < size; ++b) plain[i * size + b] = chunk[b * count + i];
  }
  chunk = std::move(plain);
}

// LZF: runs of literals, and copies of what came before.
bool unpack_lzf(Bytes& chunk, size_t wanted) {
  Bytes plain;
  for (size_t i = 0; i < chunk.size();) {
    const size_t control = chunk[i++];
    if (control < 32) {
      if (control + 1 > chunk.size() - i || plain.size() + control + 1 > wanted) return false;
      plain.insert(plain.end(), chunk.begin() + static_cast<ptrdiff_t>(i),
                   chunk.begin() + static_cast<ptrdiff_t>(i + control + 1));
      i += control + 1;
      continue;
    }
    size_t length = control >> 5U;
    if (length == 7) {
      if (i >= chunk.size()) return false;
      length += chunk[i++];
    }
    if (i >= chunk.size()) return false;
    const size_t back = ((control & 31U) << 8U | chunk[i++]) + 1;
    if (back > plain.size() || plain.size() + length + 2 > wanted) return false;
    for (size_t n = 0; n < length + 2; ++n) plain.push_back(plain[plain.size() - back]);
  }
  chunk = std::move(plain);
  return true;
}

}  // namespace

std::string unfilter(const std::vector<Filter>& filters, uint32_t mask, Bytes& chunk, size_t wanted) {
  constexpr size_t kSumBytes = 4;
  for (size_t i = filters.size(); i > 0; --i) {
    const Filter& filter = filters[i - 1];
    if (i <= 32 && (mask >> (i - 1) & 1U) != 0) continue;  // left out for this chunk
    bool good = true;
    if (filter.id == 1) {
      good = inflate(zlib_decoder(15), chunk, wanted + kSumBytes);
    } else if (filter.id == 2) {
      unshuffle(chunk, filter.values.empty() ? 1 : filter.values[0]);
    } else if (filter.id == 3) {
      good = chunk.size() >= kSumBytes;
      if (good) chunk.resize(chunk.size() - kSumBytes);
    } else if (filter.id == 32'000) {
      good = unpack_lzf(chunk, wanted + kSumBytes);
    } else if (filter.id == 32'015) {
      good = inflate(zstd_decoder(), chunk, wanted + kSumBytes);
    } else {
      return "it is packed in a way that is not read (" + std::to_string(filter.id) + ")";
    }
    if (!good) return "a chunk that can't be unpacked";
  }
  return chunk.size() == wanted ? "" : "a chunk of another size than it says";
}

}  // namespace hetao::inspection::hdf5
