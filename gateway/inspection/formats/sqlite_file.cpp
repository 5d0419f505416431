// SQLite databases: every row of every table as lines of text, and blobs as layers. Source:
// sqlite.org/fileformat2.html. Deleted rows and indexes are seen in the raw bytes.
#include <algorithm>
#include <bit>
#include <charconv>

#include "gateway/base/text.h"
#include "gateway/inspection/formats/formats.h"

namespace hetao::inspection {

namespace {

constexpr size_t kTreeDepthMax = 40;
constexpr size_t kColumnsPerRowMax = 2'000;
constexpr size_t kPayloadMax = size_t{256} << 20U;
constexpr size_t kBlobLayerMin = 16;

class Database {
 public:
  Database(Reading& reading, const Place& place, ByteView bytes)
      : reading_(reading), place_(place), bytes_(bytes) {
    page_bytes_ = bytes.size() >= 100 ? get_u16(bytes.subspan(16)) : 0;
    if (page_bytes_ == 1) page_bytes_ = 65'536;
    usable_ = bytes.size() >= 100 ? page_bytes_ - std::min<size_t>(bytes[20], page_bytes_) : 0;
    encoding_ = bytes.size() >= 100 ? get_u32(bytes.subspan(56)) : 0;
  }

  void read() {
    if (page_bytes_ < 512 || (page_bytes_ & (page_bytes_ - 1)) != 0 || usable_ < 480 ||
        bytes_.size() % page_bytes_ != 0)
      return reading_.not_read(place_.path, "SQLite database with a damaged header, or cut off");
    if (encoding_ > 3) return reading_.not_read(place_.path, "SQLite database in an unknown encoding");
    visited_.assign(bytes_.size() / page_bytes_ + 1, false);
    struct Root {
      std::string name, sql;
      int64_t page = 0;
    };
    std::vector<Root> roots;
    walk(1, 0, [&roots](std::vector<Value>& row) {
      if (row.size() >= 5 && row[0].text == "table" && row[3].integer > 0)
        roots.push_back({row[1].text, row[4].text, row[3].integer});
    });
    for (const Root& root : roots) read_table(root.name, root.sql, root.page);
    // A file of its own behind the last page, or where no table has one.
    for (size_t page = 1; page < visited_.size(); ++page) {
      const ByteView rest = bytes_.subspan((page - 1) * page_bytes_);
      if (!visited_[page] && is_surely_packed(rest))
        return read_layer(reading_, place_.inside("between pages"), rest);
    }
  }

 private:
  struct Value {
    std::string text;  // of texts and blobs
    int64_t integer = 0;
    double real = 0;
    char type = 'n';  // null, integer, real, text, blob
  };

  void broken(std::string_view why) {
    reading_.not_read(place_.path, "SQLite database: " + std::string(why));
  }

  void read_table(const std::string& name, const std::string& sql, int64_t root) {
    const std::vector<std::string> columns = columns_of(sql);
    Table table{place_.inside(name).path, columns, 0};
    RenderedTable out(reading_, place_, name, columns);
    walk(static_cast<uint64_t>(root), 0, [&](std::vector<Value>& row) {
      ++table.rows;
      for (const Value& value : row) {
        if (value.type == 'i') out.integer(value.integer);
        if (value.type == 'r') out.real(value.real);
        if (value.type == 't') out.cell(value.text);
        if (value.type == 'n' || value.type == 'b') out.cell("");
        if (value.type == 'b' && value.text.size() >= kBlobLayerMin && reading_.member(place_.path))
          read_layer(reading_, place_.inside(name + " row " + std::to_string(table.rows)),
                     as_bytes(value.text));
      }
      out.row_end();
    });
    out.end();
    reading_.report().tables.push_back(std::move(table));
  }

  // Names from CREATE TABLE x (a INT, "b c" TEXT, …): the first word of each part at the first level.
  static std::vector<std::string> columns_of(const std::string& sql) {
    std::vector<std::string> columns;
    size_t at = sql.find('(');
    if (at == std::string::npos) return columns;
    int depth = 1;
    std::string part;
    for (++at; at < sql.size() && depth > 0; ++at) {
      const char c = sql[at];
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if ((c == ',' && depth == 1) || depth == 0) {
        const size_t begin = part.find_first_not_of(" \t\r\n");
        if (begin != std::string::npos && columns.size() < kColumnsPerRowMax) {
          const char quote = part[begin] == '[' ? ']' : part[begin];
          const bool quoted = quote == '"' || quote == '`' || quote == ']' || quote == '\'';
          const size_t end = quoted ? part.find(quote, begin + 1) : part.find_first_of(" \t\r\n", begin);
          columns.push_back(part.substr(begin + (quoted ? 1 : 0),
                                        end == std::string::npos ? end : end - begin - (quoted ? 1 : 0)));
        }
        part.clear();
      } else {
        part += c;
      }
    }
    return columns;
  }

  static uint64_t varint(ByteView b, size_t& at) {
    uint64_t value = 0;
    for (int i = 0; i < 9 && at < b.size(); ++i) {
      const uint8_t byte = b[at++];
      if (i == 8) return value << 8U | byte;
      value = value << 7U | (byte & 0x7fU);
      if (byte < 0x80) break;
    }
    return value;
  }

  template <class Take>
  void walk(uint64_t page, size_t depth, const Take& take) {
    if (page == 0 || page >= visited_.size() || depth > kTreeDepthMax || visited_[page])
      return broken("a page that does not exist, or is used twice");
    visited_[page] = true;
    const ByteView whole = bytes_.subspan((page - 1) * page_bytes_, page_bytes_);
    const size_t head = page == 1 ? 100 : 0;
    const uint8_t type = whole[head];
    if (type != 2 && type != 5 && type != 10 && type != 13) return broken("a page of an unknown kind");
    const bool inner = type == 2 || type == 5;
    const size_t cells = get_u16(whole.subspan(head + 3));
    const size_t pointers = head + (inner ? 12 : 8);
    for (size_t i = 0; i < cells; ++i) {
      if (pointers + 2 * i + 2 > whole.size()) return broken("a page with more cells than it holds");
      size_t at = get_u16(whole.subspan(pointers + 2 * i));
      if (at + 4 > whole.size()) return broken("a cell outside its page");
      if (inner) {
        walk(get_u32(whole.subspan(at)), depth + 1, take);
        at += 4;
      }
      if (type != 5) cell(whole, at, type == 13, take);
    }
    if (inner) walk(get_u32(whole.subspan(head + 8)), depth + 1, take);
  }

  template <class Take>
  void cell(ByteView page, size_t at, bool table, const Take& take) {
    const uint64_t size = varint(page, at);
    const int64_t rowid = table ? static_cast<int64_t>(varint(page, at)) : 0;
    if (size > kPayloadMax) return broken("a row larger than is read");
    const size_t most = table ? usable_ - 35 : (usable_ - 12) * 64 / 255 - 23;
    const size_t least = (usable_ - 12) * 32 / 255 - 23;
    size_t local = static_cast<size_t>(size);
    if (size > most) {
      const size_t k = least + (static_cast<size_t>(size) - least) % (usable_ - 4);
      local = k <= most ? k : least;
    }
    if (at + local > page.size()) return broken("a row outside its page");
    std::string payload(as_text(page.subspan(at, local)));
    uint64_t next = local < size && at + local + 4 <= page.size() ? get_u32(page.subspan(at + local)) : 0;
    size_t pages = 0;
    while (payload.size() < size) {
      if (next == 0 || next >= visited_.size() || ++pages > visited_.size())
        return broken("a row that is cut off");
      const ByteView more = bytes_.subspan((next - 1) * page_bytes_, page_bytes_);
      payload +=
          as_text(more.subspan(4, std::min<size_t>(usable_ - 4, static_cast<size_t>(size) - payload.size())));
      next = get_u32(more);
    }
    std::vector<Value> row;
    if (!record(as_bytes(payload), rowid, row)) return broken("a row that is damaged");
    take(row);
  }

  bool record(ByteView payload, int64_t rowid, std::vector<Value>& row) const {
    size_t at = 0;
    const uint64_t head = varint(payload, at);
    if (head > payload.size()) return false;
    size_t body = static_cast<size_t>(head);
    while (at < head && row.size() < kColumnsPerRowMax) {
      const uint64_t type = varint(payload, at);
      Value value;
      static constexpr size_t kSizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
      const uint64_t size = type < 10 ? kSizes[type] : type >= 12 ? (type - 12) / 2 : 0;
      if (size > payload.size() - body) return false;
      const ByteView bytes = payload.subspan(body, static_cast<size_t>(size));
      body += static_cast<size_t>(size);
      uint64_t bits = 0;
      if (type < 10) {
        for (const uint8_t b : bytes) bits = bits << 8U | b;
      }
      if (type >= 1 && type <= 6) {
        const auto unused = static_cast<unsigned>(64 - 8 * size);
        value.integer = static_cast<int64_t>(bits << unused) >> unused;
        value.type = 'i';
      } else if (type == 7) {
        value.real = std::bit_cast<double>(bits);
        value.type = 'r';
      } else if (type == 8 || type == 9) {
        value.integer = type == 9 ? 1 : 0;
        value.type = 'i';
      } else if (type >= 12) {
        value.type = type % 2 == 1 ? 't' : 'b';
        value.text = value.type == 't' && encoding_ >= 2 ? narrow(bytes) : std::string(as_text(bytes));
      } else if (type == 0 && row.empty()) {
        value.integer = rowid;  // an INTEGER PRIMARY KEY is stored as the row's number
        value.type = 'i';
      }
      row.push_back(std::move(value));
    }
    return true;
  }

  // UTF-16 texts: what is ASCII, and a mark for each other character.
  std::string narrow(ByteView bytes) const {
    std::string out;
    for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
      const uint32_t first = bytes[i];
      const uint32_t second = bytes[i + 1];
      const uint32_t code = encoding_ == 2 ? first | second << 8U : first << 8U | second;
      if (code < 0x80) {
        out += static_cast<char>(code);
      } else {
        out += static_cast<char>(0xe0U | (code >> 12U & 0xfU));
        out += static_cast<char>(0x80U | (code >> 6U & 0x3fU));
        out += static_cast<char>(0x80U | (code & 0x3fU));
      }
    }
    return out;
  }

  Reading& reading_;
  Place place_;
  ByteView bytes_;
  size_t page_bytes_ = 0;
  size_t usable_ = 0;
  uint32_t encoding_ = 0;
  std::vector<bool> visited_;
};

}  // namespace

void read_sqlite(Reading& reading, const Place& place, ByteView bytes) {
  RawScan::whole(reading, place, {}, bytes);
  Database(reading, place, bytes).read();
}

}  // namespace hetao::inspection
