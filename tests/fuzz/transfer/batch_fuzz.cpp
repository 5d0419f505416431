// The receiving end of a batch fed an offer and then whatever a sender might say, and the sending end fed
// answers. What is stored is always what the digests promise.
#include <google/protobuf/stubs/logging.h>

#include "gateway/base/check.h"
#include "gateway/transfer/batch_receiver.h"
#include "gateway/transfer/batch_sender.h"
#include "gateway/transfer/blob.h"

namespace {

using namespace hetao;
using namespace hetao::transfer;

Bytes content_of(size_t number) {
  return Bytes(10 + number, static_cast<uint8_t>('a' + number));
}

std::vector<BatchFile> small_list() {
  std::vector<BatchFile> files;
  for (size_t i = 0; i < 4; ++i)
    files.push_back({chunk_leaf(content_of(i)), static_cast<uint32_t>(content_of(i).size())});
  return files;
}

void drive(BatchReceiver& receiver, uint8_t wishes) {
  while (auto action = receiver.poll_action()) {
    if (std::holds_alternative<ListKnown>(*action)) {
      std::vector<bool> wanted(receiver.files().size());
      for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = ((wishes >> (i % 8)) & 1U) != 0;
      receiver.ask(wanted);
    } else if (auto* check = std::get_if<CheckFiles>(&*action)) {
      (void)receiver.files_checked(check_files(std::move(*check)));
    } else if (auto* store = std::get_if<StoreFiles>(&*action)) {
      ByteView bytes = store->files.bytes;
      for (const BatchFile& file : store->files.files) {
        HETAO_CHECK(chunk_leaf(bytes.first(file.size)) == file.digest);
        bytes = bytes.subspan(file.size);
      }
      HETAO_CHECK(bytes.empty());
      receiver.files_stored(*store);
    }
  }
}

void feed(BatchReceiver& receiver, ByteView wire, size_t piece, uint8_t wishes) {
  while (!wire.empty()) {
    const ByteView part = wire.first(std::min(piece, wire.size()));
    wire = wire.subspan(part.size());
    const auto ok = receiver.receive(part);
    drive(receiver, wishes);
    if (!ok) break;
  }
  HETAO_CHECK(receiver.bytes_stored() <= receiver.offer().bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static google::protobuf::LogSilencer silence;
  static const std::vector<BatchFile> kFiles = small_list();
  static const uint64_t kBytes = BatchSender(kFiles, "c", 1).bytes();
  if (size < 3) return 0;
  const size_t piece = size_t{data[1]} + 1;
  const uint8_t wishes = data[2];
  const ByteView rest(data + 3, size - 3);
  switch (data[0] % 4) {
    case 0: {  // a sender's bytes after an offer
      BatchReceiver receiver({"c", 1, static_cast<uint32_t>(kFiles.size()), kBytes}, true);
      feed(receiver, rest, piece, wishes);
      break;
    }
    case 1: {  // after an offer and its list
      BatchReceiver receiver({"c", 1, static_cast<uint32_t>(kFiles.size()), kBytes}, (wishes & 1U) != 0);
      feed(receiver, make_record(RecordKind::kList, 0, encode_files(kFiles)), SIZE_MAX, wishes | 1U);
      feed(receiver, rest, piece, wishes);
      break;
    }
    case 2: {  // an offer, then bytes
      const auto length = std::min<size_t>(piece, rest.size());
      auto offer = decode_batch_offer(rest.first(length));
      if (!offer) break;
      BatchReceiver receiver(std::move(*offer), true);
      feed(receiver, rest.subspan(length), SIZE_MAX, wishes);
      break;
    }
    case 3: {  // answers to a sender
      BatchSender sender(kFiles, "c", 1);
      while (sender.next()) {
      }
      for (ByteView wire = rest; !wire.empty();) {
        const ByteView part = wire.first(std::min(piece, wire.size()));
        wire = wire.subspan(part.size());
        if (!sender.receive(part)) break;
        while (sender.next()) {
        }
      }
      HETAO_CHECK(sender.bytes_sent() <= kBytes);
      break;
    }
  }
  return 0;
}
