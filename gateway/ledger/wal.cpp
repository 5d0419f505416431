#include "gateway/ledger/wal.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "gateway/base/check.h"
#include "gateway/base/limits.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace hetao::ledger {

namespace {

constexpr std::string_view kFileMagic = "HTLWAL01";
constexpr std::array<uint8_t, 4> kGroupMagic = {0xf5, 'H', 'G', 0x01};
constexpr size_t kGroupHeaderBytes = 24;
constexpr size_t kCrcBytes = 4;

// CRC-32C (Castagnoli), reflected polynomial 0x82f63b78, one table for each byte of an eight-byte step.
constexpr auto kCrcTables = [] {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
    tables[0][i] = crc;
  }
  for (size_t t = 1; t < 8; ++t) {
    for (size_t i = 0; i < 256; ++i)
      tables[t][i] = (tables[t - 1][i] >> 8U) ^ tables[0][tables[t - 1][i] & 0xffU];
  }
  return tables;
}();

constexpr uint32_t crc_by_table(ByteView bytes, uint32_t crc) {
  while (bytes.size() >= 8) {
    uint32_t next = 0;
    for (size_t i = 0; i < 4; ++i) next ^= kCrcTables[7 - i][(bytes[i] ^ (crc >> (8 * i))) & 0xffU];
    for (size_t i = 4; i < 8; ++i) next ^= kCrcTables[7 - i][bytes[i]];
    crc = next;
    bytes = bytes.subspan(8);
  }
  for (const uint8_t byte : bytes) crc = (crc >> 8U) ^ kCrcTables[0][(crc ^ byte) & 0xffU];
  return crc;
}

// The check value of CRC-32C; machines with the instruction never run the table at run time.
static_assert([] {
  constexpr std::array<uint8_t, 9> kDigits = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
  return ~crc_by_table(kDigits, ~0U);
}() == 0xe3069283U);

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc_by_hardware(ByteView bytes, uint32_t crc) {
  uint64_t wide = crc;
  while (bytes.size() >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    wide = _mm_crc32_u64(wide, word);
    bytes = bytes.subspan(8);
  }
  crc = static_cast<uint32_t>(wide);
  for (const uint8_t byte : bytes) crc = _mm_crc32_u8(crc, byte);
  return crc;
}
#endif

struct GroupHeader {
  size_t length = 0;  // of the entries' part
  uint64_t first = 0;
  uint32_t count = 0;
  uint32_t before = 0;  // CRC of the group before
};

// The header of a group whose bytes are all there and have the right CRC.
std::optional<GroupHeader> whole_group(ByteView bytes) {
  if (bytes.size() < kGroupHeaderBytes + kCrcBytes) return std::nullopt;
  if (!std::equal(kGroupMagic.begin(), kGroupMagic.end(), bytes.begin())) return std::nullopt;
  GroupHeader header;
  header.length = get_u32(bytes.subspan(4));
  header.first = get_u64(bytes.subspan(8));
  header.count = get_u32(bytes.subspan(16));
  header.before = get_u32(bytes.subspan(20));
  if (header.length > bytes.size() - kGroupHeaderBytes - kCrcBytes) return std::nullopt;
  const size_t covered = kGroupHeaderBytes + header.length;
  if (crc32c(bytes.first(covered)) != get_u32(bytes.subspan(covered))) return std::nullopt;
  return header;
}

// Adds a group's entries; false if they do not fill it exactly.
bool take_entries(ByteView part, uint32_t count, std::vector<Bytes>& entries) {
  for (uint32_t i = 0; i < count; ++i) {
    if (part.size() < 2 || part.size() - 2 < get_u16(part)) return false;
    const ByteView entry = part.subspan(2, get_u16(part));
    entries.emplace_back(entry.begin(), entry.end());
    part = part.subspan(2 + entry.size());
  }
  return part.empty();
}

// True if a whole group stands anywhere in `bytes`.
bool has_whole_group(ByteView bytes) {
  while (true) {
    const auto at = std::search(bytes.begin(), bytes.end(), kGroupMagic.begin(), kGroupMagic.end());
    if (at == bytes.end()) return false;
    bytes = bytes.subspan(static_cast<size_t>(at - bytes.begin()));
    if (whole_group(bytes)) return true;
    bytes = bytes.subspan(1);
  }
}

auto refuse(size_t offset, std::string why) {
  return fail(ErrorCode::kVerification, "wal, byte " + std::to_string(offset), std::move(why),
              "the disk or someone damaged it: restore the folder from a copy and let the peers confirm it");
}

bool is_zeros(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace

uint32_t crc32c(ByteView bytes, uint32_t before) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ~crc_by_hardware(bytes, ~before);
#endif
  return ~crc_by_table(bytes, ~before);
}

Bytes encode_wal_header(uint64_t first, const Digest& root) {
  Bytes out(kFileMagic.begin(), kFileMagic.end());
  put_u64(out, first);
  out.insert(out.end(), root.bytes.begin(), root.bytes.end());
  put_u32(out, crc32c(out));
  HETAO_CHECK(out.size() == kWalHeaderBytes);
  return out;
}

Result<WalContent> recover_wal(ByteView bytes) {
  if (bytes.size() < kWalHeaderBytes) return refuse(0, "the file is shorter than its header");
  if (as_text(bytes.first(kFileMagic.size())) != kFileMagic)
    return refuse(0, "not a write-ahead log of this version");
  constexpr size_t kCovered = kWalHeaderBytes - kCrcBytes;
  if (crc32c(bytes.first(kCovered)) != get_u32(bytes.subspan(kCovered)))
    return refuse(0, "the header is damaged");
  WalContent out;
  out.first = get_u64(bytes.subspan(8));
  out.root = *Digest::from_bytes(bytes.subspan(16, 32));
  out.last_crc = get_u32(bytes.subspan(kCovered));
  out.valid_bytes = kWalHeaderBytes;
  while (out.valid_bytes < bytes.size()) {
    const ByteView rest = bytes.subspan(out.valid_bytes);
    const auto group = whole_group(rest);
    if (!group) {
      if (is_zeros(rest)) break;
      if (has_whole_group(rest.subspan(1)))
        return refuse(out.valid_bytes, "a group of entries is damaged, and whole ones follow");
      out.torn_bytes = rest.size();
      break;
    }
    if (group->first != out.first + out.entries.size() || group->before != out.last_crc)
      return refuse(out.valid_bytes, "a group of entries is missing, repeated or out of order here");
    if (!take_entries(rest.subspan(kGroupHeaderBytes, group->length), group->count, out.entries))
      return refuse(out.valid_bytes, "the entries do not fill their group");
    out.last_crc = get_u32(rest.subspan(kGroupHeaderBytes + group->length));
    out.valid_bytes += kGroupHeaderBytes + group->length + kCrcBytes;
  }
  return out;
}

WalWriter WalWriter::after_header(ByteView header) {
  HETAO_CHECK(header.size() >= kWalHeaderBytes);
  return {get_u64(header.subspan(8)), get_u32(header.subspan(kWalHeaderBytes - kCrcBytes))};
}

Bytes WalWriter::encode_group(std::span<const Bytes> entries) {
  HETAO_CHECK(!entries.empty());
  size_t length = 0;
  for (const Bytes& entry : entries) length += 2 + entry.size();
  HETAO_CHECK(length <= limits::kLedgerGroupBytesMax + 2 * entries.size());
  Bytes out(kGroupMagic.begin(), kGroupMagic.end());
  out.reserve(kGroupHeaderBytes + length + kCrcBytes);
  put_u32(out, static_cast<uint32_t>(length));
  put_u64(out, next_);
  put_u32(out, static_cast<uint32_t>(entries.size()));
  put_u32(out, last_crc_);
  for (const Bytes& entry : entries) {
    HETAO_CHECK(entry.size() <= limits::kLedgerEntryBytesMax);
    put_u16(out, static_cast<uint16_t>(entry.size()));
    out.insert(out.end(), entry.begin(), entry.end());
  }
  last_crc_ = crc32c(out);
  put_u32(out, last_crc_);
  next_ += entries.size();
  return out;
}

}  // namespace hetao::ledger
