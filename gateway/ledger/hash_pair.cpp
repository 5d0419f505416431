#include "gateway/ledger/hash_pair.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "gateway/base/check.h"
#include "gateway/ledger/merkle.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace hetao::ledger {

namespace {
constexpr size_t kBlockBytes = 64;
}

#if defined(__x86_64__)
namespace {

constexpr size_t kLengthBytes = 8;

alignas(16) constexpr std::array<uint32_t, 64> kRoundConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

bool has_sha_instructions() {
  static const bool kHas = [] {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    constexpr unsigned kShaBit = 1U << 29U;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 1 && (ebx & kShaBit) != 0 &&
           __builtin_cpu_supports("sse4.1") != 0;
  }();
  return kHas;
}

// The state of two hashes as the instructions want it: words a b e f in one register, c d g h in the other.
struct PairState {
  __m128i abef[2];
  __m128i cdgh[2];
};

__attribute__((target("sha,sse4.1"))) PairState first_state() {
  const __m128i abef =
      _mm_set_epi32(0x6a09e667, static_cast<int>(0xbb67ae85), 0x510e527f, static_cast<int>(0x9b05688c));
  const __m128i cdgh = _mm_set_epi32(0x3c6ef372, static_cast<int>(0xa54ff53a), 0x1f83d9ab, 0x5be0cd19);
  return {{abef, abef}, {cdgh, cdgh}};
}

__attribute__((target("sha,sse4.1"))) void compress(PairState& state, const uint8_t* first,
                                                    const uint8_t* second, size_t blocks) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  const uint8_t* at[2] = {first, second};
  for (; blocks > 0; --blocks) {
    const PairState before = state;
    __m128i words[2][4];
    for (size_t s = 0; s < 2; ++s) {
      for (size_t i = 0; i < 4; ++i)
        words[s][i] =
            _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at[s] + 16 * i)), swap);
      at[s] += kBlockBytes;
    }
#pragma clang loop unroll(full)
    for (size_t group = 0; group < 16; ++group) {
      const __m128i constants =
          _mm_load_si128(reinterpret_cast<const __m128i*>(kRoundConstants.data() + 4 * group));
      for (size_t s = 0; s < 2; ++s) {
        __m128i* w = words[s];
        __m128i& now = w[group % 4];
        const __m128i sum = _mm_add_epi32(now, constants);
        state.cdgh[s] = _mm_sha256rnds2_epu32(state.cdgh[s], state.abef[s], sum);
        state.abef[s] = _mm_sha256rnds2_epu32(state.abef[s], state.cdgh[s], _mm_shuffle_epi32(sum, 0x0e));
        if (group >= 12) continue;
        const __m128i last = w[(group + 3) % 4];
        __m128i next = _mm_sha256msg1_epu32(now, w[(group + 1) % 4]);
        next = _mm_add_epi32(next, _mm_alignr_epi8(last, w[(group + 2) % 4], 4));
        now = _mm_sha256msg2_epu32(next, last);
      }
    }
    for (size_t s = 0; s < 2; ++s) {
      state.abef[s] = _mm_add_epi32(state.abef[s], before.abef[s]);
      state.cdgh[s] = _mm_add_epi32(state.cdgh[s], before.cdgh[s]);
    }
  }
}

__attribute__((target("sha,sse4.1"))) Digest digest_of(const PairState& state, size_t s) {
  alignas(16) std::array<uint32_t, 4> feba;
  alignas(16) std::array<uint32_t, 4> hgdc;
  _mm_store_si128(reinterpret_cast<__m128i*>(feba.data()), state.abef[s]);
  _mm_store_si128(reinterpret_cast<__m128i*>(hgdc.data()), state.cdgh[s]);
  const std::array<uint32_t, 8> words = {feba[3], feba[2], hgdc[3], hgdc[2],
                                         feba[1], feba[0], hgdc[1], hgdc[0]};
  Digest digest;
  for (size_t i = 0; i < digest.bytes.size(); ++i)
    digest.bytes[i] = static_cast<uint8_t>(words[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

// The message PREFIX ‖ BYTES cut into blocks: the first one, those that lie whole in the bytes, and the last
// ones with the padding.
class Message {
 public:
  Message(uint8_t prefix, ByteView bytes) : blocks_(blocks_of(bytes.size())) {
    head_[0] = prefix;
    std::copy_n(bytes.begin(), kBlockBytes - 1, head_.begin() + 1);
    inner_ = bytes.data() + kBlockBytes - 1;
    const ByteView rest = bytes.subspan(kBlockBytes - 1 + inner_blocks() * kBlockBytes);
    std::copy(rest.begin(), rest.end(), tail_.begin());
    tail_[rest.size()] = 0x80;
    const uint64_t bits = (uint64_t{bytes.size()} + 1) * 8;
    for (size_t i = 0; i < kLengthBytes; ++i)
      tail_[tail_blocks() * kBlockBytes - 1 - i] = static_cast<uint8_t>(bits >> (8 * i));
  }
  static size_t blocks_of(size_t bytes) {
    return (bytes + 1 + 1 + kLengthBytes + kBlockBytes - 1) / kBlockBytes;
  }
  // At least this many bytes, and the first block is full.
  static constexpr size_t kBytesMin = kBlockBytes;

  const uint8_t* head() const { return head_.data(); }
  const uint8_t* inner() const { return inner_; }
  const uint8_t* tail() const { return tail_.data(); }
  size_t tail_blocks() const { return blocks_ == 2 ? 1 : 2; }
  size_t inner_blocks() const { return blocks_ - 1 - tail_blocks(); }

 private:
  size_t blocks_;
  std::array<uint8_t, kBlockBytes> head_;
  std::array<uint8_t, 2 * kBlockBytes> tail_{};
  const uint8_t* inner_;
};

// Of two messages of equally many blocks.
std::pair<Digest, Digest> hash_pair(uint8_t prefix, ByteView first, ByteView second) {
  const Message a(prefix, first);
  const Message b(prefix, second);
  PairState state = first_state();
  compress(state, a.head(), b.head(), 1);
  compress(state, a.inner(), b.inner(), a.inner_blocks());
  compress(state, a.tail(), b.tail(), a.tail_blocks());
  return {digest_of(state, 0), digest_of(state, 1)};
}

bool can_pair(ByteView first, ByteView second) {
  return std::min(first.size(), second.size()) >= Message::kBytesMin &&
         Message::blocks_of(first.size()) == Message::blocks_of(second.size()) && has_sha_instructions();
}

constexpr uint8_t kLeaf = 0x00;
constexpr uint8_t kNode = 0x01;

ByteView both_of(const Digest* pair) {
  static_assert(sizeof(Digest) == 32);
  return {pair->bytes.data(), 2 * sizeof(Digest)};
}

}  // namespace
#endif

std::pair<Digest, Digest> leaf_hashes(ByteView first, ByteView second) {
#if defined(__x86_64__)
  if (can_pair(first, second)) return hash_pair(kLeaf, first, second);
#endif
  return {leaf_hash(first), leaf_hash(second)};
}

std::vector<Digest> leaf_hashes(std::span<const ByteView> leaves) {
  std::vector<Digest> hashes(leaves.size());
  // Number of blocks, and the leaf that waits for another one of as many.
  std::vector<std::pair<size_t, size_t>> waiting;
  for (size_t i = 0; i < leaves.size(); ++i) {
    const size_t blocks = (leaves[i].size() + 9) / kBlockBytes;
    const auto at =
        std::find_if(waiting.begin(), waiting.end(), [&](const auto& one) { return one.first == blocks; });
    if (at == waiting.end()) {
      waiting.emplace_back(blocks, i);
      continue;
    }
    std::tie(hashes[at->second], hashes[i]) = leaf_hashes(leaves[at->second], leaves[i]);
    *at = waiting.back();
    waiting.pop_back();
  }
  for (const auto& [blocks, i] : waiting) hashes[i] = leaf_hash(leaves[i]);
  return hashes;
}

void hash_row(std::span<const Digest> row, std::span<Digest> above) {
  HETAO_CHECK(row.size() == 2 * above.size());
  size_t i = 0;
#if defined(__x86_64__)
  for (; i + 1 < above.size() && has_sha_instructions(); i += 2)
    std::tie(above[i], above[i + 1]) = hash_pair(kNode, both_of(&row[2 * i]), both_of(&row[2 * i + 2]));
#endif
  for (; i < above.size(); ++i) above[i] = node_hash(row[2 * i], row[2 * i + 1]);
}

}  // namespace hetao::ledger
