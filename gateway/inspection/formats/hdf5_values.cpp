#include "gateway/inspection/formats/hdf5_values.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "gateway/base/text.h"

namespace hetao::inspection::hdf5 {

namespace {

constexpr size_t kLeavesMax = 4'096;
constexpr size_t kWideMax = 64;  // columns of a table of two dimensions; wider ones are read as one column
constexpr int kTreeDepthMax = 16;
constexpr size_t kChunksMax = 1'000'000;
constexpr size_t kOpaqueLayerMin = 16;

}  // namespace

ByteView Hdf5Bytes::from(uint64_t address) const {
  if (address > bytes_.size() || base > bytes_.size() - address) return {};
  return bytes_.subspan(static_cast<size_t>(base + address));
}

std::optional<ByteView> Hdf5Bytes::part(uint64_t address, uint64_t size) const {
  const ByteView all = from(address);
  if (size > all.size()) return std::nullopt;
  return all.first(static_cast<size_t>(size));
}

std::string Hdf5Bytes::uncovered() {
  std::sort(covered_.begin(), covered_.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  uint64_t done = 0;
  const auto used = [this](uint64_t begin, uint64_t end) {
    const auto first = bytes_.begin() + static_cast<ptrdiff_t>(begin);
    const auto last = bytes_.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(end, bytes_.size()));
    return begin < end && std::any_of(first, last, [](uint8_t b) { return b != 0; });
  };
  for (const Range& range : covered_) {
    if (range.begin > done && done < bytes_.size() && used(done, range.begin))
      return "bytes that belong to no object";
    done = std::max(done, range.end);
  }
  return done < bytes_.size() && used(done, bytes_.size()) ? "bytes that belong to no object" : "";
}

const std::map<uint64_t, ByteView>* Hdf5Bytes::heap_of(uint64_t address) {
  if (const auto known = heaps_.find(address); known != heaps_.end()) return &known->second;
  Cursor in(from(address));
  if (as_text(in.take(4)) != "GCOL") return nullptr;
  in.take(4);
  const uint64_t size = in.number(sizes.length);
  const auto whole = part(address, size);
  const size_t head = 8 + sizes.length;
  if (in.broken() || !whole || size < head) return nullptr;
  cover(address, size);
  std::map<uint64_t, ByteView> objects;
  Cursor rest(whole->subspan(head));
  while (rest.left() >= 8 + sizes.length) {
    const uint64_t number = rest.number(2);
    rest.take(6);
    const uint64_t bytes = rest.number(sizes.length);
    if (number == 0) break;  // what is free
    objects[number] = rest.take(bytes);
    if (rest.broken()) return nullptr;
    rest.take(std::min<size_t>((8 - bytes % 8) % 8, rest.left()));
  }
  return &heaps_.emplace(address, std::move(objects)).first->second;
}

std::optional<ByteView> Hdf5Bytes::variable(ByteView reference, uint64_t& count) {
  Cursor in(reference);
  count = in.number(4);
  const uint64_t address = address_of(in, sizes.offset);
  const uint64_t number = in.number(4);
  if (in.broken()) return std::nullopt;
  if (count == 0) return ByteView();
  const auto* heap = heap_of(address);
  if (heap == nullptr) return std::nullopt;
  const auto found = heap->find(number);
  return found == heap->end() ? std::nullopt : std::optional(found->second);
}

namespace {

// A number or text somewhere inside a value.
struct Leaf {
  std::string name;
  const Datatype* type = nullptr;
  size_t offset = 0;
};

bool add_leaves(const Datatype& type, size_t offset, const std::string& name, std::vector<Leaf>& leaves) {
  if (leaves.size() > kLeavesMax) return false;
  if (type.kind == Class::kCompound) {
    return std::all_of(type.members.begin(), type.members.end(), [&](const Datatype::Member& member) {
      return add_leaves(*member.type, offset + member.offset,
                        name.empty() ? member.name : name + "." + member.name, leaves);
    });
  }
  if (type.kind == Class::kArray) {
    for (uint64_t i = 0; i < type.count; ++i) {
      if (!add_leaves(*type.base, offset + i * type.base->bytes, name, leaves)) return false;
    }
    return true;
  }
  leaves.push_back({name, &type, offset});
  return true;
}

uint64_t bits_of(ByteView bytes, bool big) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) value = value << 8U | bytes[big ? i : bytes.size() - 1 - i];
  return value;
}

// Writes values into a table.
class ValueWriter {
 public:
  ValueWriter(Reading& reading, const Place& place, Hdf5Bytes& file, RenderedTable& out)
      : reading_(reading), place_(place), file_(file), out_(out) {}

  void write(const Datatype& type, ByteView value) {
    switch (type.kind) {
      case Class::kInteger:
      case Class::kBits:
      case Class::kTime:
        return integer(type, value);
      case Class::kReal:
        return real(type, value);
      case Class::kEnum:
        return write(*type.base, value.first(std::min<size_t>(type.base->bytes, value.size())));
      case Class::kText:
        return out_.cell(text_of(value));
      case Class::kVariable:
        return variable(type, value);
      case Class::kOpaque:
        return opaque(value);
      default:
        return out_.cell("");
    }
  }

 private:
  static std::string text_of(ByteView value) {
    std::string text(as_text(value));
    while (!text.empty() && text.back() == '\0') text.pop_back();
    std::replace(text.begin(), text.end(), '\0', ' ');
    return text;
  }
  void unread(const std::string& why) {
    out_.cell("");
    file_.unread(why);
  }

  // Numbers of fewer than four bytes hold no identifier.
  void integer(const Datatype& type, ByteView value) {
    if (type.bytes > 8) return unread("whole numbers of more than eight bytes");
    if (type.bytes < 4) return out_.cell("");
    uint64_t bits = bits_of(value, type.big);
    if (type.is_signed && type.bytes < 8 && (bits >> (8 * type.bytes - 1)) != 0)
      bits |= ~uint64_t{0} << (8 * type.bytes);
    out_.integer(static_cast<int64_t>(bits));
  }
  void real(const Datatype& type, ByteView value) {
    if (type.bytes < 4) return out_.cell("");
    if (type.bytes != 4 && type.bytes != 8) return unread("numbers of another size than four or eight bytes");
    const uint64_t bits = bits_of(value, type.big);
    out_.real(type.bytes == 8 ? std::bit_cast<double>(bits)
                              : static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits))));
  }
  // One cell a text; other values of variable length one after the other, in the same row.
  void variable(const Datatype& type, ByteView value) {
    uint64_t count = 0;
    const auto bytes = file_.variable(value, count);
    if (!bytes) return unread("values of variable length that are not where they should be");
    if (!reading_.decoded(place_.path, bytes->size())) return;
    if (type.text) return out_.cell(text_of(*bytes));
    std::vector<Leaf> leaves;
    if (type.base->bytes == 0 || !add_leaves(*type.base, 0, "", leaves))
      return unread("values of a form that is not read");
    for (size_t at = 0; at + type.base->bytes <= bytes->size(); at += type.base->bytes) {
      for (const Leaf& leaf : leaves) {
        if (leaf.type->kind == Class::kVariable) return unread("values of variable length in others");
        write(*leaf.type, bytes->subspan(at + leaf.offset, leaf.type->bytes));
      }
    }
    if (bytes->empty()) out_.cell("");
  }
  void opaque(ByteView value) {
    out_.cell("");
    const bool nothing = std::all_of(value.begin(), value.end(), [](uint8_t b) { return b == 0; });
    if (value.size() >= kOpaqueLayerMin && !nothing && reading_.member(place_.path))
      read_layer(reading_, place_.inside("opaque value"), value);
  }

  Reading& reading_;
  Place place_;
  Hdf5Bytes& file_;
  RenderedTable& out_;
};

class DatasetReader {
 public:
  DatasetReader(Reading& reading, const Place& place, Hdf5Bytes& file, const Dataset& dataset,
                uint64_t chunk_nodes)
      : reading_(reading), place_(place), file_(file), dataset_(dataset), chunk_nodes_(chunk_nodes) {}

  void read() {
    if (!dataset_.space || !dataset_.type || !dataset_.layout) return unread("its description does not fit");
    const std::vector<uint64_t>& sizes = dataset_.space->sizes;
    if (!add_leaves(*dataset_.type, 0, "", leaves_)) return unread("more fields than are read");
    const bool wide = sizes.size() == 2 && sizes[1] <= kWideMax && leaves_.size() == 1;
    wide_ = wide ? std::max<uint64_t>(sizes[1], 1) : 1;
    Table table;
    table.path = place_.path.empty() ? dataset_.name : place_.path + "/" + dataset_.name;
    for (const Leaf& leaf : leaves_) {
      if (table.columns.size() < kLeavesMax)
        table.columns.push_back(readable(leaf.name.empty() ? dataset_.name : leaf.name, 100));
    }
    const std::vector<std::string> headings = table.columns;
    table.rows = dataset_.space->nothing ? 0 : sizes.empty() ? 1 : sizes[0];
    reading_.report().tables.push_back(std::move(table));
    RenderedTable out(reading_, place_, dataset_.name, headings);
    ValueWriter writer(reading_, place_.inside(dataset_.name), file_, out);
    out_ = &out;
    writer_ = &writer;
    read_layout();
    out.end();
  }

 private:
  void unread(const std::string& why) { file_.unread(readable(dataset_.name, 100) + ": " + why); }

  void read_layout() {
    const Layout& layout = *dataset_.layout;
    const uint64_t values = dataset_.space->values();
    if (values == 0) return;
    if (values == kUndefined) return unread("more values than are read");
    const uint64_t bytes = values * dataset_.type->bytes;
    switch (layout.sort) {
      case Layout::Sort::kCompact:
        if (layout.inside.size() < bytes) return unread("values that do not fit");
        return render(layout.inside.first(static_cast<size_t>(bytes)), 0, wide_);
      case Layout::Sort::kContiguous: {
        if (layout.address == kUndefined) return;  // never written
        const auto part = file_.part(layout.address, layout.bytes == kUndefined ? bytes : layout.bytes);
        if (!part || part->size() < bytes) return unread("values outside the file");
        file_.cover(layout.address, part->size());
        return render(part->first(static_cast<size_t>(bytes)), 0, wide_);
      }
      case Layout::Sort::kChunks:
      case Layout::Sort::kOneChunk:
        if (layout.address == kUndefined) return;
        if (layout.chunk.size() != std::max<size_t>(dataset_.space->sizes.size(), 1) || !chunk_fits())
          return unread("chunks of a size that is not read");
        if (layout.sort == Layout::Sort::kChunks) {
          if (!read_tree(layout.address, 0)) unread("chunks that do not fit");
        } else {
          read_chunk(layout.address, layout.bytes == 0 ? chunk_bytes_ : layout.bytes, layout.mask, 0);
        }
        return;
      case Layout::Sort::kOther:
        return unread(
            "chunks whose index is not read; write the file for older versions too (libver earliest)");
    }
  }

  bool chunk_fits() {
    Dataspace chunk;
    chunk.sizes = dataset_.layout->chunk;
    const uint64_t values = chunk.values();
    if (values == kUndefined || values == 0 || values > reading_.limits().held_bytes / dataset_.type->bytes)
      return false;
    chunk_bytes_ = values * dataset_.type->bytes;
    return true;
  }

  bool read_tree(uint64_t address, int depth) {
    Cursor in(file_.from(address));
    if (depth > kTreeDepthMax || as_text(in.take(4)) != "TREE" || in.number(1) != 1) return false;
    const uint64_t level = in.number(1);
    const uint64_t entries = in.number(2);
    const size_t rank = dataset_.layout->chunk.size();
    const uint64_t key = 8 + 8 * (uint64_t{rank} + 1);
    in.take(2 * file_.sizes.offset);
    file_.cover(address, 8 + 2 * file_.sizes.offset + 2 * chunk_nodes_ * (key + file_.sizes.offset) + key);
    for (uint64_t i = 0; i < entries && !reading_.stopped(); ++i) {
      if (++chunks_ > kChunksMax) return false;
      const uint64_t bytes = in.number(4);
      const auto mask = static_cast<uint32_t>(in.number(4));
      std::vector<uint64_t> at;
      for (size_t d = 0; d <= rank; ++d) at.push_back(in.number(8));
      const uint64_t child = address_of(in, file_.sizes.offset);
      if (in.broken()) return false;
      if (level > 0) {
        if (!read_tree(child, depth + 1)) return false;
      } else {
        read_chunk(child, bytes, mask, rank == 2 && wide_ > 1 ? at[1] : 0);
      }
    }
    return true;
  }

  void read_chunk(uint64_t address, uint64_t bytes, uint32_t mask, uint64_t column) {
    const auto part = file_.part(address, bytes);
    if (!part) return unread("a chunk outside the file");
    file_.cover(address, bytes);
    const auto wanted = static_cast<size_t>(chunk_bytes_);
    if (!reading_.decoded(place_.path, wanted)) return;
    Bytes chunk(part->begin(), part->end());
    if (const std::string why = unfilter(dataset_.filters, mask, chunk, wanted); !why.empty())
      return unread(why);
    render(chunk, wide_ > 1 ? column : 0, wide_ > 1 ? dataset_.layout->chunk[1] : 1);
  }

  // Rows of `width` values; the first stands in this column.
  void render(ByteView values, uint64_t column, uint64_t width) {
    const size_t size = dataset_.type->bytes;
    uint64_t in_row = 0;
    for (size_t at = 0; at + size <= values.size() && !reading_.stopped(); at += size) {
      if (in_row == 0) {
        for (uint64_t i = 0; i < std::min<uint64_t>(column, kWideMax); ++i) out_->cell("");
      }
      for (const Leaf& leaf : leaves_)
        writer_->write(*leaf.type, values.subspan(at + leaf.offset, leaf.type->bytes));
      if (++in_row < width) continue;
      out_->row_end();
      in_row = 0;
    }
    if (in_row > 0) out_->row_end();
  }

  Reading& reading_;
  Place place_;
  Hdf5Bytes& file_;
  const Dataset& dataset_;
  uint64_t chunk_nodes_;
  std::vector<Leaf> leaves_;
  uint64_t wide_ = 1;
  uint64_t chunk_bytes_ = 0;
  size_t chunks_ = 0;
  RenderedTable* out_ = nullptr;
  ValueWriter* writer_ = nullptr;
};

}  // namespace

void read_dataset(Reading& reading, const Place& place, Hdf5Bytes& file, const Dataset& dataset,
                  uint64_t chunk_nodes) {
  DatasetReader(reading, place, file, dataset, chunk_nodes).read();
}

void Attributes::add(ByteView message, bool shared) {
  if (shared) return file_.unread("an attribute that stands elsewhere");
  Cursor in(message);
  const uint64_t version = in.number(1);
  const uint64_t flags = in.number(1);
  const uint64_t name_bytes = in.number(2);
  const uint64_t type_bytes = in.number(2);
  const uint64_t space_bytes = in.number(2);
  if (version == 3) in.take(1);
  const auto padded = [version](uint64_t n) { return version == 1 ? (n + 7) / 8 * 8 : n; };
  std::string name(as_text(in.take(padded(name_bytes))));
  name = name.substr(0, name.find('\0'));
  Cursor type_in(in.take(padded(type_bytes)));
  Cursor space_in(in.take(padded(space_bytes)));
  if (in.broken() || version < 1 || version > 3 || (version > 1 && (flags & 3U) != 0))
    return file_.unread("an attribute in a form that is not read");
  const auto type = read_datatype(type_in);
  const auto space = read_dataspace(space_in, file_.sizes);
  std::vector<Leaf> leaves;
  if (!type || !space || !add_leaves(*type, 0, "", leaves))
    return file_.unread("an attribute that does not fit");
  if (!out_)
    out_.emplace(reading_, place_, (object_.empty() ? "" : object_ + " ") + "attributes",
                 std::vector<std::string>{"name", "value"});
  ValueWriter writer(reading_, place_, file_, *out_);
  const ByteView values = in.rest();
  for (size_t at = 0; at + type->bytes <= values.size(); at += type->bytes) {
    out_->cell(name);
    for (const Leaf& leaf : leaves)
      writer.write(*leaf.type, values.subspan(at + leaf.offset, leaf.type->bytes));
    out_->row_end();
  }
}

void Attributes::end() {
  if (out_) out_->end();
}

}  // namespace hetao::inspection::hdf5
