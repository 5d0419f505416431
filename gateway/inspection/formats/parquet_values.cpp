#include "gateway/inspection/formats/parquet_values.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "gateway/base/text.h"

namespace hetao::inspection::parquet {

namespace {

constexpr size_t kFixedBytesMax = 1'024;
constexpr size_t kDecimalBytesMax = 16;

uint64_t little(ByteView b) {
  uint64_t value = 0;
  for (size_t i = std::min<size_t>(b.size(), 8); i > 0; --i) value = value << 8U | b[i - 1];
  return value;
}

// Takes bytes off the front; `good` is false once they were not there.
class Source {
 public:
  explicit Source(ByteView bytes) : bytes_(bytes) {}
  bool good() const { return good_; }
  bool empty() const { return bytes_.empty(); }
  ByteView rest() const { return bytes_; }
  ByteView take(uint64_t count) {
    if (count > bytes_.size()) {
      good_ = false;
      return {};
    }
    const ByteView taken = bytes_.first(static_cast<size_t>(count));
    bytes_ = bytes_.subspan(static_cast<size_t>(count));
    return taken;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const ByteView part = take(1);
      if (part.empty()) return 0;
      value |= uint64_t{part[0] & 0x7fU} << shift;
      if (part[0] < 0x80) return value;
    }
    good_ = false;
    return 0;
  }
  int64_t zigzag() {
    const uint64_t value = varint();
    return static_cast<int64_t>(value >> 1U) ^ -static_cast<int64_t>(value & 1U);
  }

 private:
  ByteView bytes_;
  bool good_ = true;
};

// The number of `width` bits at `index`, least significant bit first.
uint64_t packed(ByteView bytes, unsigned width, size_t index) {
  uint64_t value = 0;
  const size_t first = index * width;
  for (unsigned bit = 0; bit < width; ++bit) {
    const size_t at = first + bit;
    value |= uint64_t{bytes[at / 8] >> (at % 8) & 1U} << bit;
  }
  return value;
}

// DELTA_BINARY_PACKED; what follows it stays in `source`.
std::optional<std::vector<int64_t>> read_deltas(Source& source, size_t count_max) {
  const uint64_t block = source.varint();
  const uint64_t parts = source.varint();
  const uint64_t count = source.varint();
  auto value = static_cast<uint64_t>(source.zigzag());
  if (!source.good() || parts == 0 || block == 0 || block > (1U << 20U) || parts > block ||
      block % parts != 0 || block / parts % 8 != 0 || count > count_max)
    return std::nullopt;
  const size_t part = static_cast<size_t>(block / parts);
  std::vector<int64_t> values;
  if (count > 0) values.push_back(static_cast<int64_t>(value));
  while (values.size() < count) {
    const auto least = static_cast<uint64_t>(source.zigzag());
    const ByteView widths = source.take(parts);
    if (!source.good()) return std::nullopt;
    for (size_t i = 0; i < parts && values.size() < count; ++i) {
      if (widths[i] > 64) return std::nullopt;
      const ByteView bits = source.take(part / 8 * widths[i]);
      if (!source.good()) return std::nullopt;
      for (size_t n = 0; n < part && values.size() < count; ++n) {
        value += least + packed(bits, widths[i], n);
        values.push_back(static_cast<int64_t>(value));
      }
    }
  }
  return values;
}

Value integer_value(int64_t number) {
  Value value;
  value.sort = Value::Sort::kInteger;
  value.integer = number;
  return value;
}

Value real_value(double number) {
  Value value;
  value.sort = Value::Sort::kReal;
  value.real = number;
  return value;
}

Value bytes_value(std::string bytes) {
  Value value;
  value.sort = Value::Sort::kBytes;
  value.bytes = std::move(bytes);
  return value;
}

std::string decimal_text(ByteView bytes, size_t scale) {
  const bool negative = (bytes[0] & 0x80U) != 0;
  unsigned __int128 value = 0;
  for (const uint8_t b : bytes) value = value << 8U | (negative ? static_cast<uint8_t>(~b) : b);
  if (negative) ++value;
  std::string digits;
  for (; value != 0; value /= 10) digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
  while (digits.size() <= scale) digits.push_back('0');
  std::reverse(digits.begin(), digits.end());
  if (scale > 0) digits.insert(digits.size() - scale, ".");
  return (negative ? "-" : "") + digits;
}

// Text as it is; other bytes in hexadecimal, in which digits are found too.
Value fixed_value(ByteView bytes, const ValueType& type) {
  if (type.decimal && !bytes.empty() && bytes.size() <= kDecimalBytesMax)
    return bytes_value(decimal_text(bytes, type.scale));
  const std::string_view text = as_text(bytes);
  return bytes_value(is_utf8(text) && text.find('\0') == std::string_view::npos ? std::string(text)
                                                                                : to_hex(bytes));
}

size_t size_of(const ValueType& type) {
  switch (type.physical) {
    case Physical::kInt32:
    case Physical::kFloat:
      return 4;
    case Physical::kInt64:
    case Physical::kDouble:
      return 8;
    case Physical::kInt96:
      return 12;
    case Physical::kFixedBytes:
      return type.fixed_bytes;
    default:
      return 0;
  }
}

Value sized_value(ByteView bytes, const ValueType& type) {
  const uint64_t bits = little(bytes);
  switch (type.physical) {
    case Physical::kInt32:
      return integer_value(type.is_unsigned ? static_cast<int64_t>(bits)
                                            : static_cast<int32_t>(static_cast<uint32_t>(bits)));
    case Physical::kInt64:
      return integer_value(static_cast<int64_t>(bits));
    case Physical::kFloat:
      return real_value(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits))));
    case Physical::kDouble:
      return real_value(std::bit_cast<double>(bits));
    case Physical::kFixedBytes:
      return fixed_value(bytes, type);
    default:
      return {};  // a time of 96 bits
  }
}

Value variable_value(ByteView bytes, const ValueType& type) {
  if (type.decimal) return fixed_value(bytes, type);
  return bytes_value(std::string(as_text(bytes)));
}

bool read_plain(ByteView bytes, const ValueType& type, size_t count,
                const std::function<void(Value&&)>& take) {
  if (type.physical == Physical::kBool) return count <= bytes.size() * 8;
  Source source(bytes);
  const size_t size = size_of(type);
  if (type.physical != Physical::kBytes && (size == 0 || size > kFixedBytesMax)) return false;
  for (size_t i = 0; i < count; ++i) {
    const ByteView one = source.take(size != 0 ? size : little(source.take(4)));
    if (!source.good()) return false;
    take(size != 0 ? sized_value(one, type) : variable_value(one, type));
  }
  return true;
}

// One array of the values' first bytes, one of their second bytes, and so on.
bool read_split(ByteView bytes, const ValueType& type, size_t count,
                const std::function<void(Value&&)>& take) {
  const size_t size = size_of(type);
  if (size == 0 || size > kFixedBytesMax || count > bytes.size() / size) return false;
  Bytes one(size);
  for (size_t i = 0; i < count; ++i) {
    for (size_t b = 0; b < size; ++b) one[b] = bytes[b * count + i];
    take(sized_value(one, type));
  }
  return true;
}

bool read_delta_bytes(ByteView bytes, const ValueType& type, bool prefixes, size_t count,
                      const std::function<void(Value&&)>& take) {
  Source source(bytes);
  std::vector<int64_t> shared;
  if (prefixes) {
    auto read = read_deltas(source, count);
    if (!read) return false;
    shared = std::move(*read);
  }
  const auto lengths = read_deltas(source, count);
  if (!lengths || (prefixes && shared.size() != lengths->size())) return false;
  std::string before;
  for (size_t i = 0; i < lengths->size(); ++i) {
    const int64_t kept = prefixes ? shared[i] : 0;
    if ((*lengths)[i] < 0 || kept < 0 || static_cast<uint64_t>(kept) > before.size()) return false;
    const ByteView rest = source.take(static_cast<uint64_t>((*lengths)[i]));
    if (!source.good()) return false;
    before = before.substr(0, static_cast<size_t>(kept)) + std::string(as_text(rest));
    take(type.physical == Physical::kFixedBytes ? fixed_value(as_bytes(before), type)
                                                : variable_value(as_bytes(before), type));
  }
  return lengths->size() == count;
}

}  // namespace

std::optional<std::vector<uint32_t>> read_hybrid(ByteView bytes, unsigned width, size_t count) {
  if (width > 32) return std::nullopt;
  std::vector<uint32_t> values;
  if (width == 0) return std::vector<uint32_t>(count, 0);
  Source source(bytes);
  while (values.size() < count) {
    const uint64_t head = source.varint();
    if (!source.good() || head >> 1U == 0) return std::nullopt;
    if ((head & 1U) == 0) {
      const auto one = static_cast<uint32_t>(little(source.take((width + 7) / 8)));
      if (!source.good()) return std::nullopt;
      values.insert(values.end(), static_cast<size_t>(std::min<uint64_t>(head >> 1U, count - values.size())),
                    one);
      continue;
    }
    const uint64_t groups = head >> 1U;
    if (groups > bytes.size()) return std::nullopt;
    const ByteView bits = source.take(groups * width);
    if (!source.good()) return std::nullopt;
    for (size_t i = 0; i < groups * 8 && values.size() < count; ++i)
      values.push_back(static_cast<uint32_t>(packed(bits, width, i)));
  }
  return values;
}

bool read_values(ByteView bytes, const ValueType& type, Encoding encoding, size_t count,
                 const std::function<void(Value&&)>& take) {
  switch (encoding) {
    case kPlain:
      return read_plain(bytes, type, count, take);
    case kRle:
      return type.physical == Physical::kBool;  // nothing that could be an identifier
    case kByteStreamSplit:
      return read_split(bytes, type, count, take);
    case kDeltaLengthBytes:
      return type.physical == Physical::kBytes && read_delta_bytes(bytes, type, false, count, take);
    case kDeltaBytes:
      return (type.physical == Physical::kBytes || type.physical == Physical::kFixedBytes) &&
             read_delta_bytes(bytes, type, true, count, take);
    case kDeltaBinaryPacked: {
      Source source(bytes);
      const auto values = read_deltas(source, count);
      if (!values || (type.physical != Physical::kInt32 && type.physical != Physical::kInt64)) return false;
      for (const int64_t value : *values)
        take(integer_value(type.physical == Physical::kInt64 || type.is_unsigned
                               ? (type.physical == Physical::kInt64
                                      ? value
                                      : static_cast<int64_t>(static_cast<uint32_t>(value)))
                               : static_cast<int32_t>(static_cast<uint32_t>(value))));
      return values->size() == count;
    }
    default:
      return false;
  }
}

}  // namespace hetao::inspection::parquet
