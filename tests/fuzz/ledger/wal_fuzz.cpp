// The write-ahead log: whatever bytes are on the disk, recovery ends, and what it recovers is recovered again
// from the valid part alone.
#include "gateway/ledger/wal.h"

#include "gateway/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao;
  using namespace hetao::ledger;
  // Checksums are mended, so that the fuzzer gets behind them.
  Bytes bytes(data, data + size);
  const auto mend = [&](size_t begin, size_t end) {
    Bytes crc;
    put_u32(crc, crc32c(ByteView(bytes).subspan(begin, end - begin)));
    std::copy(crc.begin(), crc.end(), bytes.begin() + static_cast<std::ptrdiff_t>(end));
  };
  if (size >= kWalHeaderBytes) mend(0, kWalHeaderBytes - 4);
  for (size_t at = kWalHeaderBytes; size >= 28 && at <= size - 28;) {
    const size_t length = get_u32(ByteView(bytes).subspan(at + 4));
    if (length > size - 28 - at) break;
    mend(at, at + 24 + length);
    at += 28 + length;
  }
  const auto content = recover_wal(bytes);
  if (!content) return 0;
  HETAO_CHECK(content->valid_bytes + content->torn_bytes <= size);
  bytes.resize(content->valid_bytes);
  const auto again = recover_wal(bytes);
  HETAO_CHECK(again && again->entries == content->entries && again->torn_bytes == 0);
  return 0;
}
