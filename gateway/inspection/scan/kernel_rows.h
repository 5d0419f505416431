// Rows of a stride's masks, four blocks at a time beside their neighbours: what block_kernel.h asks of bits.
//
// Compiled once for each instruction set, like kernel_checks.h: nothing here is shared between object files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gateway/inspection/scan/block_masks.h"

namespace hetao::inspection::kernel {

namespace {

// The masks of a group of blocks, side by side: a compiler makes them one register, two or four.
constexpr size_t kGroupBlocks = 4;
using Rows [[gnu::vector_size(kGroupBlocks * sizeof(uint64_t))]] = uint64_t;

inline Rows load(const uint64_t* from) {
  Rows rows;
  std::memcpy(&rows, from, sizeof(rows));
  return rows;
}
inline void store(Rows rows, uint64_t* to) {
  std::memcpy(to, &rows, sizeof(rows));
}
inline bool any(Rows rows) {
  return (rows[0] | rows[1] | rows[2] | rows[3]) != 0;
}
// All bits of the blocks that have any.
inline Rows where(Rows rows) {
  return reinterpret_cast<Rows>(rows != 0);
}
// How many bits of each block are set.
inline Rows counts(Rows rows) {
  Rows counted;
  for (size_t i = 0; i < kGroupBlocks; ++i) counted[i] = static_cast<uint64_t>(__builtin_popcountll(rows[i]));
  return counted;
}
// All bits of the blocks that have so many.
inline Rows at_least(uint64_t least, Rows rows) {
  using Signed [[gnu::vector_size(sizeof(Rows))]] = int64_t;  // whose comparison every processor has
  return reinterpret_cast<Rows>(reinterpret_cast<Signed>(counts(rows)) > static_cast<int64_t>(least - 1));
}

// A group's masks, those of the blocks behind each of its blocks, and of those in front.
struct Around {
  Rows now, next, before;
  Around operator&(const Around& o) const { return {now & o.now, next & o.next, before & o.before}; }
  Around operator|(const Around& o) const { return {now | o.now, next | o.next, before | o.before}; }
  Around operator^(const Around& o) const { return {now ^ o.now, next ^ o.next, before ^ o.before}; }
  Around operator~() const { return {~now, ~next, ~before}; }
};

// One thing's masks in a stride, with those of the block before it and of the next one.
class ClassRow {
 public:
  explicit ClassRow(uint64_t before) { words_[kFront - 1] = before; }
  uint64_t& operator[](size_t block) { return words_[kFront + block]; }
  uint64_t operator[](size_t block) const { return words_[kFront + block]; }
  Around around(size_t block) const {
    const uint64_t* now = &words_[kFront + block];
    return {load(now), load(now + 1), load(now - 1)};
  }
  // The rest of the last group.
  void end(size_t blocks) { store(Rows{}, &words_[kFront + blocks]); }

 private:
  static constexpr size_t kFront = kGroupBlocks;  // so that groups are aligned
  alignas(kBlockBytes) std::array<uint64_t, kFront + kStrideBlocks + 1 + kGroupBlocks> words_;
};

// Bit i is bit i + N, that of the block behind where it lies there.
template <unsigned N>
Rows ahead(const Around& bits) {
  return bits.now >> N | bits.next << (64 - N);
}
// Bit i is bit i - N, that of the block before where it lies there.
template <unsigned N>
Rows behind(const Around& bits) {
  return bits.now << N | bits.before >> (64 - N);
}
// Where the next block is not known, what is there counts as set: a candidate too many at a block's end costs
// less than to know.
template <unsigned N, class Bits>
Bits ahead(Bits now) {
  return now >> N | ~(~uint64_t{0} >> N);
}

// Where a bit is set and the one N behind it, too. In the block behind it holds but for that one's end.
template <unsigned N>
Around in_a_row(const Around& bits) {
  return {bits.now & ahead<N>(bits), bits.next & bits.next >> N, bits.before};
}
// Where eight set bits in a row begin, all in one block.
template <class Bits>
Bits eight_in_a_row(Bits bits) {
  bits &= bits >> 1U;
  bits &= bits >> 2U;
  return bits & bits >> 4U;
}
// Where kDenseRunMin set bits in a row begin.
inline uint64_t long_runs(uint64_t bits) {
  static_assert(kDenseRunMin == 32);
  bits &= ahead<1>(bits);
  bits &= ahead<2>(bits);
  bits &= ahead<4>(bits);
  bits &= ahead<8>(bits);
  return bits & ahead<16>(bits);
}

}  // namespace

}  // namespace hetao::inspection::kernel
