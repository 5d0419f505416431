// Parquet: every page of every column, as lines of text under the column's name. Source:
// apache/parquet-format (parquet.thrift, README). Encrypted columns, brotli, LZ4 and LZO are said not to be
// read, and so are bytes of the file that belong to no column.
#include <snappy-c.h>

#include <algorithm>
#include <bit>

#include "gateway/base/text.h"
#include "gateway/inspection/formats/formats.h"
#include "gateway/inspection/formats/parquet_values.h"
#include "gateway/inspection/formats/thrift.h"
#include "gateway/inspection/unpack/unpack.h"

namespace hetao::inspection {

namespace {

using namespace parquet;
using Type = ThriftReader::Type;

constexpr size_t kColumnsMax = 20'000;
constexpr size_t kValuesPerPageMax = size_t{1} << 24U;
constexpr size_t kPageHeaderMax = size_t{1} << 20U;
constexpr size_t kBlobLayerMin = 16;

// An element of the schema, which is a tree written from the root down.
struct Element {
  std::string name;
  int64_t type = -1;
  int64_t fixed_bytes = 0;
  int64_t repetition = 0;  // required, optional, repeated
  int64_t children = 0;
  int64_t converted = -1;
  int64_t scale = 0;
};

struct Column {
  std::string name;
  ValueType type;
  unsigned definitions = 0;  // the highest level, at which a value is there
  unsigned repetitions = 0;
};

struct Chunk {
  int64_t codec = 0;
  int64_t values = 0;
  int64_t bytes = 0;
  int64_t data_offset = 0;
  int64_t dictionary_offset = 0;
  bool encrypted = false;
  bool elsewhere = false;  // in another file
};

struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct Footer {
  std::vector<Element> schema;
  std::vector<std::vector<Chunk>> groups;
  std::vector<Range> indexes;  // of pages, and filters: what is no column
  int64_t rows = 0;
};

struct PageHeader {
  int64_t type = -1;
  int64_t plain_bytes = -1;
  int64_t packed_bytes = -1;
  int64_t values = -1;
  int64_t encoding = -1;
  int64_t nulls = 0;
  int64_t definition_bytes = 0;
  int64_t repetition_bytes = 0;
  bool packed = true;
};

void read_element(ThriftReader& in, Element& out) {
  in.structure([&](int64_t id, Type type) {
    int64_t* number = id == 1   ? &out.type
                      : id == 2 ? &out.fixed_bytes
                      : id == 3 ? &out.repetition
                      : id == 5 ? &out.children
                      : id == 6 ? &out.converted
                      : id == 7 ? &out.scale
                                : nullptr;
    if (id == 4 && type == Type::kBinary) {
      out.name = std::string(in.binary());
    } else if (number != nullptr && type == Type::kI32) {
      *number = in.integer();
    } else {
      return false;
    }
    return true;
  });
}

void read_chunk_facts(ThriftReader& in, Chunk& out, Range& filter) {
  in.structure([&](int64_t id, Type type) {
    if (type != Type::kI32 && type != Type::kI64) return false;
    const auto value = [&] { return in.integer(); };
    if (id == 4) {
      out.codec = value();
    } else if (id == 5) {
      out.values = value();
    } else if (id == 7) {
      out.bytes = value();
    } else if (id == 9) {
      out.data_offset = value();
    } else if (id == 11) {
      out.dictionary_offset = value();
    } else if (id == 14) {
      filter.begin = static_cast<uint64_t>(value());
    } else if (id == 15) {
      filter.end = filter.begin + static_cast<uint64_t>(value());
    } else {
      return false;
    }
    return true;
  });
}

void read_chunk(ThriftReader& in, Chunk& out, std::vector<Range>& indexes) {
  Range filter;
  Range offsets;
  Range pages;
  in.structure([&](int64_t id, Type type) {
    if (id == 1 && type == Type::kBinary) {
      out.elsewhere = !in.binary().empty();
    } else if (id == 3 && type == Type::kStruct) {
      read_chunk_facts(in, out, filter);
    } else if (id >= 4 && id <= 7 && (type == Type::kI32 || type == Type::kI64)) {
      Range& range = id <= 5 ? offsets : pages;
      const auto value = static_cast<uint64_t>(in.integer());
      (id % 2 == 0 ? range.begin : range.end) = id % 2 == 0 ? value : range.begin + value;
    } else {
      out.encrypted = out.encrypted || id == 8 || id == 9;
      return false;
    }
    return true;
  });
  for (const Range& range : {filter, offsets, pages}) {
    if (range.end > range.begin) indexes.push_back(range);
  }
}

bool read_footer(ByteView bytes, Footer& out) {
  ThriftReader in(bytes);
  size_t chunks = 0;
  in.structure([&](int64_t id, Type type) {
    if (id == 2 && type == Type::kList) {
      in.list([&] { read_element(in, out.schema.emplace_back()); });
    } else if (id == 3 && type == Type::kI64) {
      out.rows = in.integer();
    } else if (id == 4 && type == Type::kList) {
      in.list([&] {
        auto& group = out.groups.emplace_back();
        in.structure([&](int64_t field, Type kind) {
          if (field != 1 || kind != Type::kList) return false;
          in.list([&] {
            if (++chunks <= size_t{64} * kColumnsMax) read_chunk(in, group.emplace_back(), out.indexes);
          });
          return true;
        });
      });
    } else {
      return false;
    }
    return true;
  });
  return in.good() && chunks <= size_t{64} * kColumnsMax;
}

ValueType value_type(const Element& element) {
  ValueType type;
  type.physical = static_cast<Physical>(std::clamp<int64_t>(element.type, 0, 7));
  type.fixed_bytes = static_cast<size_t>(std::clamp<int64_t>(element.fixed_bytes, 0, 1 << 20));
  type.decimal = element.converted == 5;
  type.scale = static_cast<size_t>(std::clamp<int64_t>(element.scale, 0, 38));
  type.is_unsigned = element.converted >= 11 && element.converted <= 14;
  return type;
}

// The leaves, in order, with the levels at which their values are there. False: no tree.
bool leaves(const std::vector<Element>& schema, size_t& at, unsigned definitions, unsigned repetitions,
            const std::string& path, int depth, std::vector<Column>& out) {
  if (at >= schema.size() || depth > 64) return false;
  const Element& element = schema[at++];
  const bool root = depth == 0;
  if (!root) {
    definitions += element.repetition != 0 ? 1U : 0U;
    repetitions += element.repetition == 2 ? 1U : 0U;
  }
  const std::string name = root ? "" : path.empty() ? element.name : path + "." + element.name;
  if (element.children <= 0) {
    if (root || element.type < 0 || element.type > 7 || out.size() >= kColumnsMax) return root;
    out.push_back({name, value_type(element), definitions, repetitions});
    return true;
  }
  for (int64_t i = 0; i < element.children; ++i) {
    if (!leaves(schema, at, definitions, repetitions, name, depth + 1, out)) return false;
  }
  return true;
}

void read_page_facts(ThriftReader& in, PageHeader& out, bool second) {
  in.structure([&](int64_t id, Type type) {
    if (second && id == 7) {
      out.packed = type != Type::kFalse;
      return false;
    }
    if (type != Type::kI32) return false;
    const int64_t encoding_id = second ? 4 : 2;
    if (id == 1) {
      out.values = in.integer();
    } else if (id == encoding_id) {
      out.encoding = in.integer();
    } else if (second && id == 2) {
      out.nulls = in.integer();
    } else if (second && id == 5) {
      out.definition_bytes = in.integer();
    } else if (second && id == 6) {
      out.repetition_bytes = in.integer();
    } else {
      return false;
    }
    return true;
  });
}

size_t read_page_header(ByteView bytes, PageHeader& out) {
  ThriftReader in(bytes.first(std::min(bytes.size(), kPageHeaderMax)));
  in.structure([&](int64_t id, Type type) {
    if (type == Type::kI32 && id == 1) {
      out.type = in.integer();
    } else if (type == Type::kI32 && id == 2) {
      out.plain_bytes = in.integer();
    } else if (type == Type::kI32 && id == 3) {
      out.packed_bytes = in.integer();
    } else if (type == Type::kStruct && (id == 5 || id == 7 || id == 8)) {
      read_page_facts(in, out, id == 8);
    } else {
      return false;
    }
    return true;
  });
  return in.good() ? in.used() : 0;
}

class ParquetFile {
 public:
  ParquetFile(Reading& reading, const Place& place, ByteView bytes)
      : reading_(reading), place_(place), bytes_(bytes) {}

  void read() {
    const std::string_view text = as_text(bytes_);
    if (text.ends_with("PARE")) return unread("its footer is encrypted");
    const uint64_t length =
        bytes_.size() >= 12 ? __builtin_bswap32(get_u32(bytes_.subspan(bytes_.size() - 8))) : 0;
    if (!text.ends_with("PAR1") || length == 0 || length > bytes_.size() - 12)
      return unread("it has no footer, or is cut off");
    footer_at_ = bytes_.size() - 8 - static_cast<size_t>(length);
    size_t at = 0;
    if (!read_footer(bytes_.subspan(footer_at_, static_cast<size_t>(length)), footer_) ||
        !leaves(footer_.schema, at, 0, 0, "", 0, columns_) || at != footer_.schema.size())
      return unread("its footer is damaged");
    note_table();
    for (size_t i = 0; i < columns_.size(); ++i) read_column(i);
    check_cover();
  }

 private:
  void unread(const std::string& why) { reading_.not_read(place_.path, "Parquet: " + why); }

  void note_table() {
    Table table{place_.path, {}, static_cast<uint64_t>(std::max<int64_t>(footer_.rows, 0))};
    for (const Column& column : columns_) {
      if (table.columns.size() < 2'000) table.columns.push_back(readable(column.name, 100));
    }
    reading_.report().tables.push_back(std::move(table));
  }

  // One column through all row groups.
  void read_column(size_t index) {
    const Column& column = columns_[index];
    std::string heading = readable(column.name, 100);
    std::replace(heading.begin(), heading.end(), ',', ' ');
    RenderedTable out(reading_, place_, heading, {heading});
    row_ = 0;
    for (const std::vector<Chunk>& group : footer_.groups) {
      if (reading_.stopped()) break;
      if (index >= group.size()) {
        unread("a row group lacks a column");
        break;
      }
      if (const std::string why = read_chunk(column, group[index], out); !why.empty())
        unread("column " + heading + ": " + why);
    }
    out.end();
  }

  // Why it could not be read; empty: it was.
  std::string read_chunk(const Column& column, const Chunk& chunk, RenderedTable& out) {
    if (chunk.encrypted) return "it is encrypted";
    if (chunk.elsewhere) return "it is in another file";
    const bool dictionary = chunk.dictionary_offset > 0 && chunk.dictionary_offset < chunk.data_offset;
    const int64_t begin = dictionary ? chunk.dictionary_offset : chunk.data_offset;
    if (begin < 4 || chunk.bytes < 0 || static_cast<uint64_t>(begin) > footer_at_ ||
        static_cast<uint64_t>(chunk.bytes) > footer_at_ - static_cast<uint64_t>(begin))
      return "it lies outside the file";
    covered_.push_back({static_cast<uint64_t>(begin), static_cast<uint64_t>(begin + chunk.bytes)});
    ByteView rest = bytes_.subspan(static_cast<size_t>(begin), static_cast<size_t>(chunk.bytes));
    dictionary_.clear();
    int64_t seen = 0;
    while (!rest.empty() && !reading_.stopped()) {
      PageHeader page;
      const size_t head = read_page_header(rest, page);
      if (head == 0 || page.packed_bytes < 0 || static_cast<uint64_t>(page.packed_bytes) > rest.size() - head)
        return "a damaged page";
      const ByteView body = rest.subspan(head, static_cast<size_t>(page.packed_bytes));
      rest = rest.subspan(head + body.size());
      if (std::string why = read_page(column, chunk, page, body, out); !why.empty()) return why;
      if (page.type == 0 || page.type == 3) seen += page.values;
    }
    return seen == chunk.values || reading_.stopped() ? "" : "it has other values than its footer says";
  }

  std::string read_page(const Column& column, const Chunk& chunk, const PageHeader& page, ByteView body,
                        RenderedTable& out) {
    if (page.type == 1) return {};  // an index, which nobody writes
    if (page.plain_bytes < 0 || static_cast<uint64_t>(page.plain_bytes) > reading_.limits().held_bytes ||
        page.values < 0 || static_cast<uint64_t>(page.values) > kValuesPerPageMax)
      return "a page larger than is read";
    const auto count = static_cast<size_t>(page.values);
    const auto plain_bytes = static_cast<size_t>(page.plain_bytes);
    if (page.type == 2) {
      if (std::string why = unpack(chunk.codec, body, plain_bytes); !why.empty()) return why;
      dictionary_.clear();
      const bool good = read_values(plain_, column.type, kPlain, count,
                                    [this](Value&& value) { dictionary_.push_back(std::move(value)); });
      return good ? "" : "a damaged dictionary";
    }
    if (page.type == 0) {
      if (std::string why = unpack(chunk.codec, body, plain_bytes); !why.empty()) return why;
      ByteView rest = plain_;
      if (!take_levels(rest, column.repetitions, count)) return "damaged levels";
      const auto present = take_levels(rest, column.definitions, count);
      return present ? read_cells(column, page, rest, *present, out) : "damaged levels";
    }
    if (page.type != 3) return "a page of an unknown kind";
    const int64_t levels = page.repetition_bytes + page.definition_bytes;
    if (page.repetition_bytes < 0 || page.definition_bytes < 0 || page.nulls < 0 ||
        page.nulls > page.values || static_cast<uint64_t>(levels) > body.size() || levels > page.plain_bytes)
      return "damaged levels";
    const std::string why = unpack(page.packed ? chunk.codec : 0, body.subspan(static_cast<size_t>(levels)),
                                   plain_bytes - static_cast<size_t>(levels));
    return why.empty() ? read_cells(column, page, plain_, count - static_cast<size_t>(page.nulls), out) : why;
  }

  // Takes one kind of levels off the front; tells how many of them are the highest.
  static std::optional<size_t> take_levels(ByteView& rest, unsigned highest, size_t count) {
    if (highest == 0) return count;
    if (rest.size() < 4) return std::nullopt;
    const uint32_t size = __builtin_bswap32(get_u32(rest));
    if (size > rest.size() - 4) return std::nullopt;
    const auto levels =
        read_hybrid(rest.subspan(4, size), static_cast<unsigned>(std::bit_width(highest)), count);
    rest = rest.subspan(4 + size_t{size});
    if (!levels) return std::nullopt;
    return static_cast<size_t>(std::count(levels->begin(), levels->end(), highest));
  }

  std::string read_cells(const Column& column, const PageHeader& page, ByteView bytes, size_t count,
                         RenderedTable& out) {
    const auto encoding = static_cast<Encoding>(std::clamp<int64_t>(page.encoding, 0, 255));
    if (encoding != kPlainDictionary && encoding != kRleDictionary) {
      const bool good =
          read_values(bytes, column.type, encoding, count, [&](Value&& value) { cell(column, value, out); });
      return good ? ""
                  : "values in a form that is not read (" + std::to_string(page.encoding) + "), or damaged";
    }
    if (count == 0) return {};
    const auto places = bytes.empty() ? std::nullopt : read_hybrid(bytes.subspan(1), bytes[0], count);
    if (!places) return "damaged places in its dictionary";
    for (const uint32_t at : *places) {
      if (at >= dictionary_.size()) return "places outside its dictionary";
      cell(column, dictionary_[at], out);
    }
    return {};
  }

  void cell(const Column& column, const Value& value, RenderedTable& out) {
    ++row_;
    if (reading_.stopped()) return;
    switch (value.sort) {
      case Value::Sort::kInteger:
        out.integer(value.integer);
        break;
      case Value::Sort::kReal:
        out.real(value.real);
        break;
      case Value::Sort::kBytes:
        bytes_cell(column, value.bytes, out);
        break;
      case Value::Sort::kNothing:
        out.cell("");
    }
    out.row_end();
  }

  // Text is a cell; what is none may be anything, and is read as a layer of its own.
  void bytes_cell(const Column& column, const std::string& bytes, RenderedTable& out) {
    const bool text =
        bytes.size() < kBlobLayerMin || (is_utf8(bytes) && std::none_of(
                                                               bytes.begin(), bytes.end(),
                                                               [](char c) {
                                                                 return static_cast<unsigned char>(c) < ' ' &&
                                                                        c != '\n' && c != '\t' && c != '\r';
                                                               }));
    if (text) return out.cell(bytes);
    out.cell("");
    if (reading_.member(place_.path))
      read_layer(reading_, place_.inside(readable(column.name, 100) + " value " + std::to_string(row_)),
                 as_bytes(bytes));
  }

  // Into plain_. Why not; empty: it was.
  std::string unpack(int64_t codec, ByteView body, size_t wanted) {
    if (codec == 0) {
      plain_.assign(body.begin(), body.end());
      return plain_.size() == wanted ? "" : "a page of another size than it says";
    }
    plain_.resize(wanted);
    if (wanted == 0 && body.empty()) return {};
    if (!reading_.decoded(place_.path, wanted)) return {};
    bool good = false;
    if (codec == 1) {
      size_t size = wanted;
      size_t said = 0;
      const auto* packed = reinterpret_cast<const char*>(body.data());
      good =
          snappy_uncompressed_length(packed, body.size(), &said) == SNAPPY_OK && said == wanted &&
          snappy_uncompress(packed, body.size(), reinterpret_cast<char*>(plain_.data()), &size) == SNAPPY_OK;
    } else if (codec == 2 || codec == 6) {
      good = inflate(codec == 2 ? zlib_decoder(31) : zstd_decoder(), body, wanted);
    } else {
      return "it is packed in a way that is not read (" + std::to_string(codec) + ")";
    }
    return good ? "" : "a page that can't be unpacked";
  }

  bool inflate(const std::unique_ptr<Decoder>& decoder, ByteView body, size_t wanted) {
    plain_.clear();
    const auto state = decoder->decode(body, [&](ByteView more) {
      if (more.size() > wanted - plain_.size()) return false;
      plain_.insert(plain_.end(), more.begin(), more.end());
      return true;
    });
    return state == Decoder::State::kMemberEnd && plain_.size() == wanted;
  }

  // What lies between the columns belongs to nothing that a reader shows.
  void check_cover() {
    covered_.insert(covered_.end(), footer_.indexes.begin(), footer_.indexes.end());
    std::sort(covered_.begin(), covered_.end(),
              [](const Range& a, const Range& b) { return a.begin < b.begin; });
    uint64_t done = 4;
    for (const Range& range : covered_) {
      if (range.begin > done) break;
      done = std::max(done, range.end);
    }
    if (done < footer_at_) unread("bytes that belong to no column");
  }

  Reading& reading_;
  Place place_;
  ByteView bytes_;
  size_t footer_at_ = 0;
  Footer footer_;
  std::vector<Column> columns_;
  std::vector<Range> covered_;
  std::vector<Value> dictionary_;
  Bytes plain_;
  uint64_t row_ = 0;
};

}  // namespace

void read_parquet(Reading& reading, const Place& place, ByteView bytes) {
  RawScan::whole(reading, place, {}, bytes);
  ParquetFile(reading, place, bytes).read();
}

}  // namespace hetao::inspection
