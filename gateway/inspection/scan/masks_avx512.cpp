// Compiled with -mavx512bw; called where the processor has it.
#include <immintrin.h>

#include "gateway/inspection/scan/block_kernel.h"
#include "gateway/inspection/scan/mask_engines.h"

namespace hetao::inspection {

namespace {

struct Avx512Vector {
  using Where = __mmask64;
  explicit Avx512Vector(const uint8_t* text) : value(_mm512_loadu_si512(text)) {}
  static uint64_t bits(Where w) { return w; }
  static void store(Where w, uint64_t& row) { row = w; }
  static __m512i all(uint8_t byte) { return _mm512_set1_epi8(static_cast<char>(byte)); }
  static Where within(__m512i x, uint8_t low, uint8_t high) {
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(x, all(low)), all(static_cast<uint8_t>(high - low)));
  }
  Where eq(uint8_t wanted) const { return _mm512_cmpeq_epi8_mask(value, all(wanted)); }
  Where eq_but(uint8_t bit, uint8_t wanted) const {
    return _mm512_cmpeq_epi8_mask(_mm512_or_si512(value, all(bit)), all(wanted | bit));
  }
  Where one_of(const std::array<uint8_t, 16>& bytes) const {
    return _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(table(bytes), value), value);
  }
  Where range(uint8_t low, uint8_t high) const { return within(value, low, high); }
  Where letter() const { return within(_mm512_or_si512(value, all(0x20)), 'a', 'z'); }
  Where high() const { return _mm512_movepi8_mask(value); }
  Where small() const { return _mm512_test_epi8_mask(value, all(0x20)); }
  static __m512i table(const std::array<uint8_t, 16>& rows) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(rows.data())));
  }
  static __m512i low_half(__m512i x) { return _mm512_and_si512(x, all(15)); }
  static __m512i high_half(__m512i x) { return low_half(_mm512_srli_epi16(x, 4)); }
  using Sorts = __m512i;
  Sorts sorts(const kernel::SortTables& t) const {
    return _mm512_and_si512(_mm512_shuffle_epi8(table(t.high), high_half(value)),
                            _mm512_shuffle_epi8(table(t.low), value));
  }
  static uint64_t with(Sorts s, uint8_t wanted) { return _mm512_test_epi8_mask(s, all(wanted)); }
  static bool any(Sorts s) { return _mm512_test_epi8_mask(s, s) != 0; }
  // What may stand in the second place and the third.
  static __m512i follows(const Avx512Vector& v1, const Avx512Vector& v2, const kernel::StartTables& t) {
    const __m512i second = _mm512_and_si512(_mm512_shuffle_epi8(table(t.second_high), high_half(v1.value)),
                                            _mm512_shuffle_epi8(table(t.second_low), low_half(v1.value)));
    return _mm512_and_si512(second, _mm512_shuffle_epi8(table(t.third), high_half(v2.value)));
  }
  static uint64_t starts(const uint8_t* text, const kernel::StartTables& t) {
    const Avx512Vector v0(text);
    const Avx512Vector v1(text + 1);
    const __m512i ascii = _mm512_shuffle_epi8(table(t.first_ascii), v0.value);  // 0 where the top bit is set
    const __m512i other = _mm512_shuffle_epi8(table(t.first_other), _mm512_xor_si512(v0.value, all(0x80)));
    const __m512i first = _mm512_and_si512(_mm512_shuffle_epi8(table(t.first_high), high_half(v0.value)),
                                           _mm512_or_si512(ascii, other));
    const __m512i found = _mm512_and_si512(first, follows(v1, Avx512Vector(text + 2), t));
    return (_mm512_test_epi8_mask(found, found) & ~(v0.high() ^ v1.high())) |
           _mm512_test_epi8_mask(found, all(kernel::kMixedStart));
  }
  static uint64_t high_starts(const uint8_t* text, const kernel::StartTables& t) {
    const Avx512Vector v0(text);
    const __m512i other = _mm512_shuffle_epi8(table(t.first_other), _mm512_xor_si512(v0.value, all(0x80)));
    const __m512i first =
        _mm512_and_si512(_mm512_shuffle_epi8(table(t.first_high), high_half(v0.value)), other);
    return _mm512_test_epi8_mask(first, follows(Avx512Vector(text + 1), Avx512Vector(text + 2), t));
  }
  __m512i value;
};

}  // namespace

void find_masks_avx512(const uint8_t* text, size_t blocks, uint8_t separator, MaskCarry& carry, Stride& out) {
  kernel::find_masks<Avx512Vector>(text, blocks, separator, carry, out);
}

}  // namespace hetao::inspection
