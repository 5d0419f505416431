// The messages of an HDF5 object header: what a dataset's values are, how many, and where they lie. Internal
// to hdf5.cpp. Pure; each parser gives nothing where the bytes do not fit.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/bytes.h"

namespace hetao::inspection::hdf5 {

inline constexpr uint64_t kUndefined = ~uint64_t{0};

// Little-endian numbers off the front of some bytes; after the first that is not there, `broken`.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : rest_(bytes) {}
  uint64_t number(size_t bytes);
  ByteView take(size_t bytes);
  std::string name();         // up to its NUL, which is taken too
  std::string padded_name();  // the same, and on to a multiple of eight
  size_t left() const { return rest_.size(); }
  ByteView rest() const { return rest_; }
  bool broken() const { return broken_; }
  void fail() { broken_ = true, rest_ = {}; }

 private:
  ByteView rest_;
  bool broken_ = false;
};

// Bytes that an address and a length take in this file.
struct Sizes {
  size_t offset = 8;
  size_t length = 8;
};
// An address, whose all ones mean "none" whatever its width.
uint64_t address_of(Cursor& in, size_t bytes);

enum class Class : uint8_t {
  kInteger,
  kReal,
  kTime,
  kText,
  kBits,
  kOpaque,
  kCompound,
  kReference,
  kEnum,
  kVariable,
  kArray
};

struct Datatype {
  Class kind = Class::kOpaque;
  uint32_t bytes = 0;
  bool big = false;
  bool is_signed = false;
  bool text = false;  // of kVariable: characters
  struct Member {
    std::string name;
    uint32_t offset = 0;
    std::shared_ptr<const Datatype> type;
  };
  std::vector<Member> members;           // of kCompound
  std::shared_ptr<const Datatype> base;  // of kEnum, kVariable and kArray
  uint64_t count = 1;                    // of kArray
};
std::optional<Datatype> read_datatype(Cursor& in, int depth = 0);

struct Dataspace {
  std::vector<uint64_t> sizes;  // none: one value
  bool nothing = false;         // no value at all
  uint64_t values() const;      // kUndefined: more than can be counted
};
std::optional<Dataspace> read_dataspace(Cursor& in, const Sizes& sizes);

struct Layout {
  enum class Sort : uint8_t { kCompact, kContiguous, kChunks, kOneChunk, kOther } sort = Sort::kOther;
  ByteView inside;                // of kCompact
  uint64_t address = kUndefined;  // of the values, or of the tree of chunks
  uint64_t bytes = 0;             // of the values; of a single chunk that is packed
  uint32_t mask = 0;              // filters that a single chunk has not
  std::vector<uint64_t> chunk;    // its sizes, in values
};
std::optional<Layout> read_layout(Cursor& in, const Sizes& sizes);

struct Filter {
  uint16_t id = 0;
  std::vector<uint32_t> values;
};
std::optional<std::vector<Filter>> read_filters(Cursor& in);
// Undoes the filters of one chunk, which then has `wanted` bytes. Why not; empty: it did.
std::string unfilter(const std::vector<Filter>& filters, uint32_t mask, Bytes& chunk, size_t wanted);

struct Link {
  std::string name;
  uint64_t address = kUndefined;  // of the object; none for a link to a name
  bool elsewhere = false;         // in another file
};
std::optional<Link> read_link(Cursor& in, const Sizes& sizes);

}  // namespace hetao::inspection::hdf5
