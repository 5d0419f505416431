// Compiled with -mavx2; called where the processor has it.
#include <immintrin.h>

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
  // x - low <= high - low, unsigned: the smaller of both sides is the left one.
  static __m256i within(__m256i x, uint8_t low, uint8_t high) {
    const __m256i moved = _mm256_sub_epi8(x, _mm256_set1_epi8(static_cast<char>(low)));
    const __m256i most = _mm256_set1_epi8(static_cast<char>(high - low));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(moved, most), moved);
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
  static uint64_t with(const Sorts& s, uint8_t wanted) {
    const __m256i some = _mm256_set1_epi8(static_cast<char>(wanted));
    const auto none = [some](__m256i x) {
      return _mm256_cmpeq_epi8(_mm256_and_si256(x, some), _mm256_setzero_si256());
    };
    return ~bits({none(s.a), none(s.b)});
  }
  static uint64_t leads(const Avx2Vector& v0, const Avx2Vector& v1, const Avx2Vector& v2,
                        const kernel::LeadTables& t) {
    const auto test = [&](__m256i x, __m256i y, __m256i z) {
      const __m256i first = _mm256_and_si256(_mm256_shuffle_epi8(table(t.first_high), high_half(x)),
                                             _mm256_shuffle_epi8(table(t.first_low), low_half(x)));
      const __m256i rest = _mm256_and_si256(_mm256_shuffle_epi8(table(t.second_high), high_half(y)),
                                            _mm256_shuffle_epi8(table(t.third_high), high_half(z)));
      return _mm256_cmpeq_epi8(_mm256_and_si256(first, rest), _mm256_setzero_si256());
    };
    return ~bits({test(v0.a, v1.a, v2.a), test(v0.b, v1.b, v2.b)});
  }
  static uint64_t pairs(const Avx2Vector& v0, const Avx2Vector& v1, const kernel::PairTables& t) {
    const auto test = [&](__m256i x, __m256i y) {
      const __m256i first = _mm256_and_si256(_mm256_shuffle_epi8(table(t.first_high), high_half(x)),
                                             _mm256_shuffle_epi8(table(t.first_low), low_half(x)));
      const __m256i second = _mm256_and_si256(_mm256_shuffle_epi8(table(t.second_high), high_half(y)),
                                              _mm256_shuffle_epi8(table(t.second_low), low_half(y)));
      return _mm256_cmpeq_epi8(_mm256_and_si256(first, second), _mm256_setzero_si256());
    };
    return ~bits({test(v0.a, v1.a), test(v0.b, v1.b)});
  }
  __m256i a;
  __m256i b;
};

}  // namespace

void find_masks_avx2(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out) {
  kernel::find_masks<Avx2Vector>(text, blocks, separator, carry, out);
}

}  // namespace hetao::inspection
