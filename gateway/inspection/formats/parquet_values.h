// Parquet's encodings: levels and values of a page, as the text that a cell shows. Source:
// apache/parquet-format Encodings.md. Internal to the room.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/bytes.h"

namespace hetao::inspection::parquet {

enum class Physical : uint8_t { kBool, kInt32, kInt64, kInt96, kFloat, kDouble, kBytes, kFixedBytes };

enum Encoding : uint8_t {
  kPlain = 0,
  kPlainDictionary = 2,
  kRle = 3,
  kDeltaBinaryPacked = 5,
  kDeltaLengthBytes = 6,
  kDeltaBytes = 7,
  kRleDictionary = 8,
  kByteStreamSplit = 9,
};

struct ValueType {
  Physical physical = Physical::kBytes;
  size_t fixed_bytes = 0;  // of kFixedBytes
  bool decimal = false;    // bytes are a big-endian number
  size_t scale = 0;
  bool is_unsigned = false;
};

// One value: a number, or bytes.
struct Value {
  enum class Sort : uint8_t { kNothing, kInteger, kReal, kBytes };
  Sort sort = Sort::kNothing;
  int64_t integer = 0;
  double real = 0;
  std::string bytes;
};

// `count` numbers of `width` bits from the hybrid of runs and packed groups; nothing if they are not there.
std::optional<std::vector<uint32_t>> read_hybrid(ByteView bytes, unsigned width, size_t count);

// At most `count` values in this encoding. False if they are damaged or the encoding is not known.
bool read_values(ByteView bytes, const ValueType& type, Encoding encoding, size_t count,
                 const std::function<void(Value&&)>& take);

}  // namespace hetao::inspection::parquet
