// Segments of the search index: whatever bytes are on the disk, opening and asking end; checksums are mended,
// so that the fuzzer gets behind them.
#include "gateway/ledger/entry_index.h"
#include "gateway/ledger/wal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hetao;
  using namespace hetao::ledger;
  Bytes bytes(data, data + size);
  if (size >= 4) {
    bytes.resize(size - 4);
    put_u32(bytes, crc32c(bytes));
  }
  const auto segment = Segment::open(bytes);
  if (!segment) return 0;
  EntryQuery query;
  query.kind = "departed";
  query.text = "word";
  IndexTerms terms(query);
  (void)segment->find(terms);
  terms.choices = {{get_u64(ByteView(bytes).subspan(40 <= size - 8 ? 40 : 0)), 0, UINT64_MAX}};
  (void)segment->find(terms);
  terms.since = Instant{1};
  (void)segment->find(terms);
  return 0;
}
