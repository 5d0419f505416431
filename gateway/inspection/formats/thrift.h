// Thrift's compact protocol, as Parquet's footers and page headers are written: read forward, within bounds;
// what is not asked for is skipped. Source: apache/thrift doc/specs/thrift-compact-protocol.md. Internal to
// the room.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/base/bytes.h"

namespace hetao::inspection {

class ThriftReader {
 public:
  enum Type : uint8_t {
    kStop = 0,
    kTrue = 1,
    kFalse = 2,
    kByte = 3,
    kI16 = 4,
    kI32 = 5,
    kI64 = 6,
    kDouble = 7,
    kBinary = 8,
    kList = 9,
    kSet = 10,
    kMap = 11,
    kStruct = 12,
  };

  explicit ThriftReader(ByteView bytes) : bytes_(bytes) {}

  bool good() const { return good_; }
  size_t used() const { return at_; }

  int64_t integer();  // i16, i32, i64, as the field's type says
  std::string_view binary();
  // Calls take(id, type) for each field; it reads the field, or returns false to have it skipped.
  template <class Take>
  void structure(Take take) {
    if (++depth_ > kDepthMax) good_ = false;
    int64_t id = 0;
    while (good_) {
      const uint8_t head = byte();
      const auto type = static_cast<Type>(head & 15U);
      if (type == kStop) break;
      id = (head >> 4U) != 0 ? id + (head >> 4U) : integer();
      if (!take(id, type)) skip(type);
    }
    --depth_;
  }
  // Calls take() for each element of the list.
  template <class Take>
  void list(Take take) {
    const uint64_t size = list_size();
    for (uint64_t i = 0; i < size && good_; ++i) take();
  }
  void skip(Type type);

 private:
  static constexpr int kDepthMax = 32;
  uint8_t byte();
  uint64_t varint();
  uint64_t list_size();
  void skip_bytes(uint64_t count);

  ByteView bytes_;
  size_t at_ = 0;
  bool good_ = true;
  int depth_ = 0;
  Type element_ = kStop;  // of the list whose size was read last
};

}  // namespace hetao::inspection
