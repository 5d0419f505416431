#include "gateway/transfer/record.h"

#include <algorithm>

namespace hetao::transfer {

RecordHeaderBytes encode_record_header(const RecordHeader& header) {
  Bytes out;
  out.push_back(static_cast<uint8_t>(header.kind));
  out.push_back(static_cast<uint8_t>(header.encoding));
  put_u16(out, 0);
  put_u32(out, header.length);
  put_u64(out, header.index);
  RecordHeaderBytes bytes{};
  std::copy_n(out.begin(), bytes.size(), bytes.begin());
  return bytes;
}

Result<RecordHeader> decode_record_header(std::span<const uint8_t, kRecordHeaderBytes> bytes) {
  const auto refuse = [](const char* why) { return fail(ErrorCode::kFailed, "transfer record", why); };
  const ByteView view = bytes;
  if (view[0] < static_cast<uint8_t>(RecordKind::kAnswer) ||
      view[0] > static_cast<uint8_t>(RecordKind::kFiles))
    return refuse("is of an unknown kind");
  if (view[1] > static_cast<uint8_t>(Encoding::kZstd)) return refuse("has an unknown encoding");
  const auto kind = static_cast<RecordKind>(view[0]);
  const auto encoding = static_cast<Encoding>(view[1]);
  const bool may_be_packed = kind == RecordKind::kChunk || kind == RecordKind::kFiles;
  if (!may_be_packed && encoding != Encoding::kRaw) return refuse("is encoded, but carries no content");
  if (get_u16(view.subspan(2)) != 0) return refuse("has reserved bits set");
  return RecordHeader{kind, encoding, get_u32(view.subspan(4)), get_u64(view.subspan(8))};
}

Bytes make_record(RecordKind kind, uint64_t index, ByteView payload) {
  const auto head =
      encode_record_header({kind, Encoding::kRaw, static_cast<uint32_t>(payload.size()), index});
  Bytes out(head.begin(), head.end());
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

Result<std::optional<Record>> RecordReader::next(ByteView& in, const Check& check, const Buffer& buffer) {
  if (!open_) {
    const size_t taken = std::min(kRecordHeaderBytes - head_used_, in.size());
    std::copy_n(in.begin(), taken, head_.begin() + static_cast<std::ptrdiff_t>(head_used_));
    in = in.subspan(taken);
    head_used_ += taken;
    if (head_used_ < kRecordHeaderBytes) return std::nullopt;
    auto header = decode_record_header(head_);
    if (!header) return fail(std::move(header.error()));
    if (auto ok = check(*header); !ok) return fail(std::move(ok.error()));
    record_ = {*header, buffer()};
    record_.payload.clear();
    record_.payload.reserve(header->length);
    head_used_ = 0;
    open_ = true;
  }
  const size_t taken = std::min(record_.header.length - record_.payload.size(), in.size());
  record_.payload.insert(record_.payload.end(), in.begin(), in.begin() + static_cast<std::ptrdiff_t>(taken));
  in = in.subspan(taken);
  if (record_.payload.size() < record_.header.length) return std::nullopt;
  open_ = false;
  return std::move(record_);
}

Result<void> RecordReader::each(ByteView in, const Check& check,
                                const std::function<Result<void>(const Record&)>& take) {
  while (true) {
    auto record = next(in, check, [] { return Bytes(); });
    if (!record) return fail(std::move(record.error()));
    if (!record->has_value()) return {};
    if (auto ok = take(**record); !ok) return ok;
  }
}

}  // namespace hetao::transfer
