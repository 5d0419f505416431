// The receiving end fed an offer and then whatever a sender might say, and the sending end fed answers. What
// is stored is always what the hashes promise.
#include <google/protobuf/stubs/logging.h>

#include "gateway/base/check.h"
#include "gateway/transfer/receiver.h"
#include "gateway/transfer/sender.h"

namespace {

using namespace hetao;
using namespace hetao::transfer;

Bytes small_content() {
  Bytes content(limits::kChunkBytes + 300);
  for (size_t i = limits::kChunkBytes; i < content.size(); ++i) content[i] = static_cast<uint8_t>(i);
  return content;
}

void drive(BlobReceiver& receiver, const Bytes* content) {
  while (auto action = receiver.poll_action()) {
    if (std::holds_alternative<ReserveSpace>(*action))
      receiver.space_reserved();
    else if (std::holds_alternative<LeavesKnown>(*action))
      receiver.ask({});
    else if (auto* check = std::get_if<CheckChunk>(&*action))
      (void)receiver.chunk_checked(check_chunk(std::move(*check)));
    else if (auto* hole = std::get_if<StoreZeros>(&*action))
      receiver.zeros_stored(hole->index, hole->count);
    else if (std::holds_alternative<Complete>(*action))
      receiver.completed();
    else if (auto* store = std::get_if<StoreChunk>(&*action)) {
      if (content != nullptr)
        HETAO_CHECK(std::equal(store->bytes.begin(), store->bytes.end(),
                               content->begin() + static_cast<std::ptrdiff_t>(store->offset)));
      receiver.chunk_stored(store->index, std::move(store->bytes));
    }
  }
}

void feed(BlobReceiver& receiver, ByteView wire, size_t piece, const Bytes* content) {
  drive(receiver, content);
  while (!wire.empty()) {
    const ByteView part = wire.first(std::min(piece, wire.size()));
    wire = wire.subspan(part.size());
    const auto ok = receiver.receive(0, part);
    drive(receiver, content);
    if (!ok) break;
  }
  HETAO_CHECK(receiver.progress().bytes_stored <= receiver.offer().size);
  HETAO_CHECK(decode_progress(encode_progress(receiver.unfinished())).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static google::protobuf::LogSilencer silence;
  static const Bytes kContent = small_content();
  static const Blob kBlob = hash_blob(kContent);
  if (size < 2) return 0;
  const size_t piece = size_t{data[1]} + 1;
  const ByteView rest(data + 2, size - 2);
  switch (data[0] % 5) {
    case 0: {  // bytes of a sender, for a blob whose leaves are known
      BlobReceiver receiver(Offer{kBlob.digest, kBlob.size, "c", kBlob.leaves, 0, 1});
      feed(receiver, rest, piece, &kContent);
      break;
    }
    case 1: {  // for one whose leaves are to come
      BlobReceiver receiver(Offer{kBlob.digest, kBlob.size, "c", {}, 0, 1});
      feed(receiver, rest, piece, &kContent);
      break;
    }
    case 2: {  // an offer, then bytes
      const auto length = std::min<size_t>(piece, rest.size());
      auto offer = decode_offer(rest.first(length));
      if (!offer || offer->lane != 0 || offer->size > uint64_t{1} << 34U) break;
      BlobReceiver receiver(std::move(*offer));
      feed(receiver, rest.subspan(length), SIZE_MAX, nullptr);
      break;
    }
    case 3: {  // answers to a sender
      BlobSender sender(kBlob, "c", 1);
      for (ByteView wire = rest; !wire.empty();) {
        const ByteView part = wire.first(std::min(piece, wire.size()));
        wire = wire.subspan(part.size());
        if (!sender.receive(part)) break;
        while (sender.next()) {
        }
      }
      HETAO_CHECK(sender.progress().chunks_sent <= 4 * kBlob.leaves.size() + kBlob.leaves.size());
      break;
    }
    case 4: {  // a saved progress
      if (auto progress = decode_progress(rest)) {
        HETAO_CHECK(decode_progress(encode_progress(*progress)).has_value());
      }
      break;
    }
  }
  return 0;
}
