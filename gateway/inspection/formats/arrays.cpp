// Arrays and models: NumPy's .npy, safetensors, pickles. Whole numbers are rendered as text, because an
// identifier that is stored as a number shows in no raw byte.
#include <algorithm>
#include <bit>
#include <boost/json/array.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <set>

#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/inspection/formats/formats.h"

namespace hetao::inspection {

namespace {

constexpr size_t kHeaderBytesMax = size_t{16} << 20U;
constexpr size_t kRenderBytes = size_t{1} << 20U;
constexpr double kWholeMax = 9007199254740992.0;  // 2^53
constexpr int64_t kSmallMax = 999'999;            // shorter numbers are no identifier of any kind

uint64_t le64(ByteView b) {
  uint64_t value = 0;
  std::memcpy(&value, b.data(), 8);
  return value;
}

// A number of `size` bytes as an integer, if it is one.
int64_t integer_of(ByteView b, size_t size, bool is_signed, bool big) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8U | b[big ? i : size - 1 - i];
  if (is_signed && size < 8 && (value >> (8 * size - 1)) != 0) value |= ~uint64_t{0} << (8 * size);
  return static_cast<int64_t>(value);
}

double real_of(ByteView b, size_t size, bool big) {
  const auto bits = static_cast<uint64_t>(integer_of(b, size, false, big));
  return size == 8 ? std::bit_cast<double>(bits)
                   : static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
}

// 'descr': '<i8' of a header that is a Python dictionary.
std::string header_value(std::string_view header, std::string_view key) {
  const size_t at = header.find("'" + std::string(key) + "'");
  if (at == std::string_view::npos) return {};
  size_t begin = header.find(':', at);
  if (begin == std::string_view::npos) return {};
  ++begin;
  while (begin < header.size() && header[begin] == ' ') ++begin;
  if (begin < header.size() && header[begin] == '\'') {
    const size_t end = header.find('\'', begin + 1);
    return std::string(header.substr(begin + 1, end == std::string_view::npos ? 0 : end - begin - 1));
  }
  const size_t end = header.find_first_of(header[begin] == '(' ? ")" : ",}", begin);
  return std::string(header.substr(begin, end == std::string_view::npos ? 0 : end - begin + 1));
}

void render_numbers(RenderedTable& out, ByteView data, char type, size_t size, bool big) {
  for (size_t at = 0; at + size <= data.size(); at += size) {
    const ByteView one = data.subspan(at, size);
    if (type == 'f') {
      out.real(real_of(one, size, big));
    } else {
      out.integer(integer_of(one, size, type == 'i', big));
    }
    out.row_end();
  }
}

void render_texts(RenderedTable& out, ByteView data, char type, size_t size, bool big) {
  const size_t bytes = type == 'U' ? size * 4 : size;
  for (size_t at = 0; bytes > 0 && at + bytes <= data.size(); at += bytes) {
    std::string cell;
    for (size_t i = 0; i < bytes; i += type == 'U' ? 4 : 1) {
      const auto code = type == 'U'
                            ? static_cast<uint32_t>(integer_of(data.subspan(at + i, 4), 4, false, big))
                            : data[at + i];
      if (code == 0) continue;
      if (type == 'S' || code < 0x80) {
        cell += static_cast<char>(code);
      } else {
        cell += code < 0x800 ? static_cast<char>(0xc0U | code >> 6U)
                             : static_cast<char>(0xe0U | (code >> 12U & 0xfU));
        if (code >= 0x800) cell += static_cast<char>(0x80U | (code >> 6U & 0x3fU));
        cell += static_cast<char>(0x80U | (code & 0x3fU));
      }
    }
    out.cell(cell);
    out.row_end();
  }
}

// Of a name inside an archive (ages.npy), what it is called; "values" where it has none.
std::string heading_of(const Place& place) {
  const std::string name = place.path.substr(place.path.rfind('/') + 1);
  return name.size() > 4 && name.ends_with(".npy") ? name.substr(0, name.size() - 4) : "values";
}

// How many elements a shape like (300, 2) has; nothing where it is none.
std::optional<uint64_t> elements_of(std::string_view shape) {
  constexpr uint64_t kElementsMax = uint64_t{1} << 48U;
  if (!shape.starts_with('(')) return std::nullopt;
  uint64_t count = 1;
  for (size_t at = 1; at < shape.size();) {
    uint64_t side = 0;
    const auto [end, error] = std::from_chars(shape.data() + at, shape.data() + shape.size(), side);
    if (error == std::errc{}) {
      if (side > kElementsMax || count > kElementsMax / std::max<uint64_t>(side, 1)) return std::nullopt;
      count *= side;
      at = static_cast<size_t>(end - shape.data());
    } else {
      ++at;
    }
  }
  return count;
}

// Bytes one of an element of such a type; 0: not known.
size_t element_bytes(std::string_view type) {
  size_t size = 0;
  if (type.size() >= 3) std::from_chars(type.data() + 2, type.data() + type.size(), size);
  return type.size() >= 3 && type[1] == 'U'                       ? size * 4
         : type.size() >= 3 && (type[1] == 'M' || type[1] == 'm') ? 8
                                                                  : size;
}

}  // namespace

bool render_array(Reading& reading, const Place& place, const std::string& name, const std::string& heading,
                  ByteView data, std::string_view type) {
  if (type.size() < 3) return false;
  const bool big = type[0] == '>';
  const char kind = type[1];
  size_t size = 0;
  std::from_chars(type.data() + 2, type.data() + type.size(), size);
  if (size == 0 || size > (size_t{1} << 20U)) return false;
  // Bytes may be anything: what they plainly are, they are read as.
  if (size == 1 && (kind == 'i' || kind == 'u' || kind == 'b') && is_surely_packed(data))
    read_layer(reading, place.inside(name), data);
  RenderedTable out(reading, place, name, {heading});
  if (kind == 'i' || kind == 'u') {
    if (size > 8) return false;
    if (size >= 4) render_numbers(out, data, kind, size, big);
  } else if (kind == 'f') {
    if (size == 8 || size == 4) render_numbers(out, data, kind, size, big);
    if (size > 8) return false;
  } else if (kind == 'c') {
    if (size == 16 || size == 8) render_numbers(out, data, 'f', size / 2, big);
    if (size > 16) return false;
  } else if (kind == 'M' || kind == 'm') {
    render_numbers(out, data, 'i', 8, big);
  } else if (kind == 'S' || kind == 'U' || kind == 'a') {
    render_texts(out, data, kind == 'U' ? 'U' : 'S', size, big);
  } else if (kind != 'b') {
    return false;
  }
  out.end();
  return true;
}

RenderedTable::RenderedTable(Reading& reading, const Place& place, const std::string& name,
                             const std::vector<std::string>& columns)
    : reading_(reading), place_(place.inside(name)) {
  pending_ = join(columns, ",") + "\n";
}

void RenderedTable::cell(std::string_view text) {
  if (!first_cell_) pending_ += ',';
  first_cell_ = false;
  for (const char c : text) pending_ += c == ',' || c == '\n' ? ' ' : c;
}

void RenderedTable::integer(int64_t value) {
  if (value >= -kSmallMax && value <= kSmallMax) return cell("");
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  (void)error;
  cell({digits, static_cast<size_t>(end - digits)});
}

void RenderedTable::real(double value) {
  if (std::isfinite(value) && std::fabs(value) <= kWholeMax && value == std::floor(value))
    return integer(static_cast<int64_t>(value));
  cell("");
}

void RenderedTable::row_end() {
  pending_ += '\n';
  first_cell_ = true;
  ++rows_;
  if (pending_.size() >= kRenderBytes) flush(false);
}

void RenderedTable::flush(bool last) {
  if (!scan_) {
    Shape shape = shape_of(pending_);
    shape.table = true;
    scan_.emplace(reading_, place_, shape);
  }
  if (reading_.decoded(place_.path, pending_.size())) scan_->take(as_bytes(pending_));
  pending_.clear();
  if (last) scan_->end();
}

void RenderedTable::end() {
  flush(true);
}

void read_npy(Reading& reading, const Place& place, ByteView bytes) {
  RawScan::whole(reading, place, {}, bytes);
  const bool wide = bytes.size() > 6 && bytes[6] >= 2;
  const size_t begin = wide ? 12 : 10;
  if (bytes.size() < begin) return reading.not_read(place.path, "npy without its header");
  const size_t length = wide ? static_cast<size_t>(integer_of(bytes.subspan(8, 4), 4, false, false))
                             : static_cast<size_t>(integer_of(bytes.subspan(8, 2), 2, false, false));
  if (length > kHeaderBytesMax || length > bytes.size() - begin)
    return reading.not_read(place.path, "npy whose header does not fit");
  const std::string_view header = as_text(bytes.subspan(begin, length));
  const std::string type = header_value(header, "descr");
  const std::string shape = header_value(header, "shape");
  reading.report().tables.push_back(
      {place.path, {"descr " + readable(type, 60), "shape " + readable(shape, 100)}, 0});
  const ByteView data = bytes.subspan(begin + length);
  const auto elements = elements_of(shape);
  const size_t each = element_bytes(type);
  if (type.empty() || type[0] == '[' || type.find('O') != std::string::npos || !elements || each == 0 ||
      *elements > data.size() / each ||
      !render_array(reading, place, "values", heading_of(place), data.first(*elements * each), type))
    return reading.not_read(place.path, "npy of a type or shape that is not read: " + readable(type, 60));
  if (const ByteView rest = data.subspan(*elements * each); !rest.empty())
    read_layer(reading, place.inside("behind the end"), rest);
}

bool looks_like_safetensors(ByteView bytes) {
  if (bytes.size() < 10) return false;
  const uint64_t length = le64(bytes);
  return length >= 2 && length <= kHeaderBytesMax && length <= bytes.size() - 8 && bytes[8] == '{' &&
         (bytes[9] == '"' || bytes[9] == '}' || bytes[9] == ' ');
}

namespace {

// Whether these ranges, which may overlap, leave nothing of so many bytes out.
bool cover_all(std::vector<std::pair<uint64_t, uint64_t>> ranges, uint64_t bytes) {
  std::sort(ranges.begin(), ranges.end());
  uint64_t covered = 0;
  for (const auto& [from, to] : ranges) {
    if (from > covered) return false;
    covered = std::max(covered, to);
  }
  return covered == bytes;
}

}  // namespace

bool read_safetensors(Reading& reading, const Place& place, ByteView bytes) {
  const auto length = static_cast<size_t>(le64(bytes));
  const auto header = parse_json(as_text(bytes.subspan(8, length)), "safetensors", kHeaderBytesMax);
  if (!header || !header->is_object()) return false;
  RawScan::whole(reading, place, {}, bytes);
  const ByteView data = bytes.subspan(8 + length);
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const auto& member : header->as_object()) {
    const std::string name(member.key());
    if (name == "__metadata__" || !member.value().is_object()) continue;
    const json::object& tensor = member.value().as_object();
    const json::value* type = tensor.if_contains("dtype");
    const json::value* range = tensor.if_contains("data_offsets");
    if (type == nullptr || !type->is_string() || range == nullptr || !range->is_array() ||
        range->as_array().size() != 2 || !range->as_array()[0].is_int64() ||
        !range->as_array()[1].is_int64()) {
      reading.not_read(place.path, "safetensors with a tensor that is not described");
      continue;
    }
    const int64_t from = range->as_array()[0].as_int64();
    const int64_t to = range->as_array()[1].as_int64();
    if (from < 0 || to < from || static_cast<uint64_t>(to) > data.size()) {
      reading.not_read(place.path, "safetensors with a tensor outside the file");
      continue;
    }
    ranges.emplace_back(from, to);
    const ByteView values = data.subspan(static_cast<size_t>(from), static_cast<size_t>(to - from));
    const std::string_view word = type->as_string();
    const std::string_view numpy = word == "I64"                    ? "<i8"
                                   : word == "U64"                  ? "<u8"
                                   : word == "I32"                  ? "<i4"
                                   : word == "U32"                  ? "<u4"
                                   : word == "F64"                  ? "<f8"
                                   : word == "U8"                   ? "|u1"
                                   : word == "I8" || word == "BOOL" ? "|i1"
                                                                    : "";
    if (!numpy.empty()) render_array(reading, place, name, name, values, numpy);
  }
  if (!cover_all(std::move(ranges), data.size()))
    reading.not_read(place.path, "safetensors with bytes that belong to no tensor");
  return true;
}

// A pickle can run any function when it is loaded: which ones it names.
void read_pickle(Reading& reading, const Place& place, ByteView bytes) {
  const RawScan::Seen seen = RawScan::whole(reading, place, {}, bytes);
  (void)seen;
  const std::string_view text = as_text(bytes);
  uint64_t imports = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\x93') ++imports;  // STACK_GLOBAL
    // GLOBAL, and INST of the first protocol: module and name, each ended by a line end.
    if (text[at] != 'c' && (text[at] != 'i' || at == 0 || text[at - 1] != '(')) continue;
    const size_t first = text.find('\n', at + 1);
    const size_t second = first == std::string_view::npos ? first : text.find('\n', first + 1);
    if (second == std::string_view::npos || second - at > 200) continue;
    const std::string_view both = text.substr(at + 1, second - at - 1);
    const bool names = std::all_of(both.begin(), both.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '.' || c == '\n';
    });
    if (names && first > at + 1 && second > first + 1) ++imports;
  }
  if (imports > 0) reading.found(Kind::kPickleExecutable, place.path, 0, imports);
  reading.not_read(place.path, "a pickle: its numbers and objects are not read");
}

}  // namespace hetao::inspection
