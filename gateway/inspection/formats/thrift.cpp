#include "gateway/inspection/formats/thrift.h"

namespace hetao::inspection {

uint8_t ThriftReader::byte() {
  if (at_ >= bytes_.size()) {
    good_ = false;
    return 0;
  }
  return bytes_[at_++];
}

uint64_t ThriftReader::varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const uint8_t part = byte();
    value |= uint64_t{part & 0x7fU} << shift;
    if (part < 0x80) return value;
  }
  good_ = false;
  return 0;
}

int64_t ThriftReader::integer() {
  const uint64_t value = varint();
  return static_cast<int64_t>(value >> 1U) ^ -static_cast<int64_t>(value & 1U);
}

std::string_view ThriftReader::binary() {
  const uint64_t size = varint();
  const size_t from = at_;
  skip_bytes(size);
  return good_ ? as_text(bytes_.subspan(from, static_cast<size_t>(size))) : std::string_view();
}

// An element takes a byte at least, so that a false size ends soon.
uint64_t ThriftReader::list_size() {
  const uint8_t head = byte();
  element_ = static_cast<Type>(head & 15U);
  const uint64_t size = (head >> 4U) == 15 ? varint() : head >> 4U;
  if (size > bytes_.size() - at_) good_ = false;
  return good_ ? size : 0;
}

void ThriftReader::skip_bytes(uint64_t count) {
  if (count > bytes_.size() - at_) {
    good_ = false;
    return;
  }
  at_ += static_cast<size_t>(count);
}

void ThriftReader::skip(Type type) {
  if (!good_) return;
  switch (type) {
    case kTrue:
    case kFalse:
      return;  // the field's type is its value
    case kByte:
      return skip_bytes(1);
    case kI16:
    case kI32:
    case kI64:
      integer();
      return;
    case kDouble:
      return skip_bytes(8);
    case kBinary:
      binary();
      return;
    case kStruct:
      return structure([](int64_t, Type) { return false; });
    case kList:
    case kSet: {
      if (++depth_ > kDepthMax) good_ = false;
      const uint64_t size = list_size();
      const Type element = element_;
      for (uint64_t i = 0; i < size && good_; ++i) {
        // Elements of a list of booleans are a byte each.
        element == kTrue || element == kFalse ? skip_bytes(1) : skip(element);
      }
      --depth_;
      return;
    }
    default:
      good_ = false;  // maps are in none of Parquet's structures
  }
}

}  // namespace hetao::inspection
