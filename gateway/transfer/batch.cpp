#include "gateway/transfer/batch.h"

#include <zstd.h>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/ledger/hash_pair.h"
#include "gateway/transfer/blob.h"
#include "proto/batch.pb.h"

namespace hetao::transfer {

namespace {

constexpr size_t kDigestBytes = 32;
constexpr size_t kFileBytes = kDigestBytes + 4;

auto refuse(std::string why) {
  return fail(ErrorCode::kFailed, "offered batch", std::move(why));
}

bool parse(ByteView bytes, pb::BatchOffer& out) {
  return bytes.size() <= limits::kControlPayloadBytesMax &&
         out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// The hashes of all files, two at a time.
std::vector<Digest> hashes_of(ByteView bytes, std::span<const BatchFile> files) {
  std::vector<ByteView> views;
  views.reserve(files.size());
  for (const BatchFile& file : files) {
    views.push_back(bytes.first(file.size));
    bytes = bytes.subspan(file.size);
  }
  return ledger::leaf_hashes(views);
}

}  // namespace

Bytes encode_batch_offer(const BatchOffer& offer) {
  pb::BatchOffer out;
  out.set_crossing(offer.crossing);
  out.set_transfer(offer.transfer);
  out.set_files(offer.files);
  out.set_bytes(offer.bytes);
  Bytes bytes(out.ByteSizeLong());
  HETAO_CHECK(out.SerializeToArray(bytes.data(), static_cast<int>(bytes.size())));
  return bytes;
}

bool is_batch_offer(ByteView header) {
  pb::BatchOffer in;
  return parse(header, in) && in.files() > 0;
}

Result<BatchOffer> decode_batch_offer(ByteView header) {
  pb::BatchOffer in;
  if (!parse(header, in)) return refuse("the offer cannot be read");
  if (in.files() == 0 || in.files() > limits::kBatchFilesMax)
    return refuse("it has " + std::to_string(in.files()) + " files; 1 to " +
                  std::to_string(limits::kBatchFilesMax) + " may be in one");
  if (in.bytes() > limits::kBatchBytesMax)
    return refuse("it is larger than " + human_bytes(limits::kBatchBytesMax));
  if (in.crossing().size() > limits::kTextFieldBytesMax || printable(in.crossing()) != in.crossing())
    return refuse("its crossing is not a name");
  return BatchOffer{in.crossing(), in.transfer(), in.files(), in.bytes()};
}

Bytes encode_files(std::span<const BatchFile> files) {
  Bytes out;
  out.reserve(files.size() * kFileBytes);
  for (const BatchFile& file : files) {
    out.insert(out.end(), file.digest.bytes.begin(), file.digest.bytes.end());
    put_u32(out, file.size);
  }
  return out;
}

Result<std::vector<BatchFile>> decode_files(ByteView payload) {
  if (payload.empty() || payload.size() % kFileBytes != 0) return refuse("a part of its list is torn");
  std::vector<BatchFile> files;
  files.reserve(payload.size() / kFileBytes);
  for (; !payload.empty(); payload = payload.subspan(kFileBytes)) {
    const BatchFile file{*Digest::from_bytes(payload.first(kDigestBytes)),
                         get_u32(payload.subspan(kDigestBytes))};
    if (file.size == 0 || file.size > limits::kBatchFileBytesMax)
      return refuse("it names a file of " + std::to_string(file.size) + " bytes");
    files.push_back(file);
  }
  return files;
}

Digest batch_digest(std::span<const BatchFile> files) {
  std::vector<Digest> leaves;
  leaves.reserve(files.size());
  for (const BatchFile& file : files) leaves.push_back(file.digest);
  return blob_root(leaves);
}

RecordHeaderBytes files_record_header(uint64_t first, Encoding encoding, size_t payload_bytes) {
  return encode_record_header({RecordKind::kFiles, encoding, static_cast<uint32_t>(payload_bytes), first});
}

CheckedFiles check_files(CheckFiles&& in) {
  CheckedFiles out{std::move(in.files), std::move(in.numbers), in.payload.size(), {}, {}};
  const ByteView body = ByteView(in.payload).subspan(kFilesCountBytes);
  if (in.encoding == Encoding::kZstd) {
    out.bytes.resize(in.unpacked);
    const size_t got = ZSTD_decompress(out.bytes.data(), out.bytes.size(), body.data(), body.size());
    if (ZSTD_isError(got) != 0 || got != in.unpacked) out.lie = "files that cannot be unpacked to their size";
  } else {
    out.bytes.assign(body.begin(), body.end());
    if (out.bytes.size() != in.unpacked) out.lie = "files that are not of their size";
  }
  if (!out.lie.empty()) return out;
  const std::vector<Digest> found = hashes_of(out.bytes, out.files);
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i] == out.files[i].digest) continue;
    out.lie = "file " + std::to_string(out.numbers[i]) + " of the batch does not have its digest";
    break;
  }
  return out;
}

}  // namespace hetao::transfer
