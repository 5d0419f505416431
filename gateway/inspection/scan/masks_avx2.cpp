// Compiled with -mavx2; called where the processor has it.
#include <immintrin.h>

#include <cstring>

#include "gateway/inspection/scan/block_kernel.h"
#include "gateway/inspection/scan/mask_engines.h"

namespace hetao::inspection {

namespace {

struct Avx2Vector {
  struct Where {
    __m256i a, b;
    Where operator&(const Where& o) const { return {_mm256_and_si256(a, o.a), _mm256_and_si256(b, o.b)}; }
    Where operator|(const Where& o) const { return {_mm256_or_si256(a, o.a), _mm256_or_si256(b, o.b)}; }
  };
  explicit Avx2Vector(const uint8_t* text)
      : a(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text))),
        b(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + 32))) {}
  static uint64_t bits(const Where& w) {
    return static_cast<uint32_t>(_mm256_movemask_epi8(w.a)) |
           (uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(w.b))} << 32U);
  }
  // Two halves need not be joined to be stored.
  static void store(const Where& w, uint64_t& row) {
    const int low = _mm256_movemask_epi8(w.a);
    const int high = _mm256_movemask_epi8(w.b);
    std::memcpy(&row, &low, sizeof(low));
    std::memcpy(reinterpret_cast<uint8_t*>(&row) + sizeof(low), &high, sizeof(high));
  }
  Where eq(uint8_t value) const {
    const __m256i wanted = _mm256_set1_epi8(static_cast<char>(value));
    return {_mm256_cmpeq_epi8(a, wanted), _mm256_cmpeq_epi8(b, wanted)};
  }
  Where eq_but(uint8_t bit, uint8_t value) const {
    const __m256i either = _mm256_set1_epi8(static_cast<char>(bit));
    const __m256i wanted = _mm256_set1_epi8(static_cast<char>(value | bit));
    return {_mm256_cmpeq_epi8(_mm256_or_si256(a, either), wanted),
            _mm256_cmpeq_epi8(_mm256_or_si256(b, either), wanted)};
  }
  // x - low <= high - low, unsigned. Comparisons are signed: so `low` is moved to the least number that is.
  static __m256i within(__m256i x, uint8_t low, uint8_t high) {
    const __m256i moved = _mm256_add_epi8(x, _mm256_set1_epi8(static_cast<char>(0x80 - low)));
    return _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(0x80 + (high - low) + 1)), moved);
  }
  Where range(uint8_t low, uint8_t high) const { return {within(a, low, high), within(b, low, high)}; }
  Where letter() const {
    const __m256i small = _mm256_set1_epi8(0x20);
    return {within(_mm256_or_si256(a, small), 'a', 'z'), within(_mm256_or_si256(b, small), 'a', 'z')};
  }
  Where high() const { return {a, b}; }
  // A movemask looks at the top bit: 0x20 is moved there.
  Where small() const { return {_mm256_slli_epi16(a, 2), _mm256_slli_epi16(b, 2)}; }
  static __m256i table(const std::array<uint8_t, 16>& rows) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(rows.data())));
  }
  static __m256i top() { return _mm256_set1_epi8(static_cast<char>(0x80)); }
  static __m256i low_half(__m256i x) { return _mm256_and_si256(x, _mm256_set1_epi8(15)); }
  static __m256i high_half(__m256i x) { return low_half(_mm256_srli_epi16(x, 4)); }
  using Sorts = Where;
  Sorts sorts(const kernel::SortTables& t) const {
    const auto find = [&](__m256i x) {
      return _mm256_and_si256(_mm256_shuffle_epi8(table(t.high), high_half(x)),
                              _mm256_shuffle_epi8(table(t.low), x));
    };
    return {find(a), find(b)};
  }
  static bool any(const Sorts& s) {
    const __m256i all = _mm256_or_si256(s.a, s.b);
    return _mm256_testz_si256(all, all) == 0;
  }
  // The top bit is set where any of a byte's is.
  static __m256i set(__m256i x) { return _mm256_adds_epu8(x, _mm256_set1_epi8(0x7f)); }
  static uint64_t with(const Sorts& s, uint8_t wanted) {
    const __m256i some = _mm256_set1_epi8(static_cast<char>(wanted));
    return bits({set(_mm256_and_si256(s.a, some)), set(_mm256_and_si256(s.b, some))});
  }
  Where one_of(const std::array<uint8_t, 16>& bytes) const {
    return {_mm256_cmpeq_epi8(_mm256_shuffle_epi8(table(bytes), a), a),
            _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table(bytes), b), b)};
  }
  static __m256i load(const uint8_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  // What may stand in the second place and the third.
  static __m256i follows(const uint8_t* text, const kernel::StartTables& t) {
    const __m256i y = load(text + 1);
    const __m256i second = _mm256_and_si256(_mm256_shuffle_epi8(table(t.second_high), high_half(y)),
                                            _mm256_shuffle_epi8(table(t.second_low), low_half(y)));
    return _mm256_and_si256(second, _mm256_shuffle_epi8(table(t.third), high_half(load(text + 2))));
  }
  static uint64_t starts(const uint8_t* text, const kernel::StartTables& t) {
    const auto test = [&t](const uint8_t* at) {
      const __m256i x = load(at);
      const __m256i ascii = _mm256_shuffle_epi8(table(t.first_ascii), x);  // 0 where the top bit is set
      const __m256i other = _mm256_shuffle_epi8(table(t.first_other), _mm256_xor_si256(x, top()));
      const __m256i first = _mm256_and_si256(_mm256_shuffle_epi8(table(t.first_high), high_half(x)),
                                             _mm256_or_si256(ascii, other));
      const __m256i found = _mm256_and_si256(first, follows(at, t));
      const __m256i differ = _mm256_xor_si256(x, load(at + 1));
      static_assert(kernel::kMixedStart == 0x80);
      return _mm256_or_si256(_mm256_andnot_si256(differ, set(found)), found);
    };
    return bits({test(text), test(text + 32)});
  }
  static uint64_t high_starts(const uint8_t* text, const kernel::StartTables& t) {
    const auto test = [&t](const uint8_t* at) {
      const __m256i x = load(at);
      const __m256i first =
          _mm256_and_si256(_mm256_shuffle_epi8(table(t.first_high), high_half(x)),
                           _mm256_shuffle_epi8(table(t.first_other), _mm256_xor_si256(x, top())));
      return set(_mm256_and_si256(first, follows(at, t)));
    };
    return bits({test(text), test(text + 32)});
  }
  __m256i a;
  __m256i b;
};

}  // namespace

void find_masks_avx2(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out) {
  kernel::find_masks<Avx2Vector>(text, blocks, separator, carry, out);
}

}  // namespace hetao::inspection
