// Both ends of a batch in memory: every file arrives for itself, what is here already does not come, and a
// sender or receiver that bends the rules is found out.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "gateway/transfer/batch_receiver.h"
#include "gateway/transfer/batch_sender.h"
#include "gateway/transfer/chunk.h"
#include "tests/unit/transfer/world.h"

namespace hetao::transfer {
namespace {

using testing::noise;

struct BatchWorld {
  explicit BatchWorld(std::vector<Bytes> files, bool packed = true)
      : contents(std::move(files)),
        sender(listed(contents), "crossing-1", 9),
        receiver(decode_batch_offer(sender.offer()).value(), packed),
        wanted(contents.size(), true),
        pack(packed) {}

  static std::vector<BatchFile> listed(const std::vector<Bytes>& contents) {
    std::vector<BatchFile> files;
    for (const Bytes& content : contents)
      files.push_back({chunk_leaf(content), static_cast<uint32_t>(content.size())});
    return files;
  }

  std::vector<Bytes> contents;
  BatchSender sender;
  BatchReceiver receiver;
  std::vector<bool> wanted;
  bool pack;
  size_t piece = SIZE_MAX;         // bytes that arrive at a time
  std::optional<uint32_t> spoilt;  // a file that the sender lies about
  size_t stores_before_crash = SIZE_MAX;

  Bytes to_receiver;
  Bytes to_sender;
  uint64_t content_on_wire = 0;
  uint64_t credit_due = 0;
  std::map<Digest, Bytes> disk;
  Result<void> sender_result;
  Result<void> receiver_result;

  void run() {
    for (bool busy = true; busy && sender_result && receiver_result;) {
      busy = false;
      while (auto work = sender.next()) busy = true, send(*work);
      while (!to_receiver.empty() && receiver_result) {
        busy = true;
        const size_t part = std::min(piece, to_receiver.size());
        receiver_result = receiver.receive(ByteView(to_receiver).first(part));
        to_receiver.erase(to_receiver.begin(), to_receiver.begin() + static_cast<std::ptrdiff_t>(part));
        act();
      }
      if (!to_sender.empty()) busy = true, sender_result = sender.receive(std::exchange(to_sender, {}));
    }
  }
  void act() {
    while (auto action = receiver.poll_action()) std::visit([this](auto& a) { on(a); }, *action);
  }
  void on(ListKnown&) { receiver.ask(wanted); }
  void on(SendAnswer& a) { to_sender.insert(to_sender.end(), a.record.begin(), a.record.end()); }
  void on(CheckFiles& a) { receiver_result = receiver.files_checked(check_files(std::move(a))); }
  void on(StoreFiles& a) {
    if (stores_before_crash == 0) return;
    --stores_before_crash;
    ByteView bytes = a.files.bytes;
    for (const BatchFile& file : a.files.files) {
      disk[file.digest] = Bytes(bytes.begin(), bytes.begin() + file.size);
      bytes = bytes.subspan(file.size);
    }
    receiver.files_stored(a);
  }
  void on(TakenBytes& a) { credit_due -= a.bytes; }

  void send(const BatchWork& work) {
    if (const auto* list = std::get_if<SendList>(&work)) return put(list->record);
    const auto& files = std::get<SendFiles>(work);
    Bytes body;
    for (const uint32_t number : files.numbers) {
      body.insert(body.end(), contents[number].begin(), contents[number].end());
      if (spoilt == number) body.back() ^= 1;
    }
    EXPECT_EQ(body.size(), files.bytes);
    put_files(files.numbers.front(), static_cast<uint32_t>(files.numbers.size()), body);
  }
  void put_files(uint64_t first, uint32_t count, const Bytes& body) {
    const auto packed = pack ? ChunkPacker().pack(body) : std::nullopt;
    const Bytes& content = packed ? *packed : body;
    Bytes payload;
    put_u32(payload, count);
    payload.insert(payload.end(), content.begin(), content.end());
    const auto head = files_record_header(first, packed ? Encoding::kZstd : Encoding::kRaw, payload.size());
    put(head);
    put(payload);
    content_on_wire += content.size();
  }
  void put(ByteView bytes) {
    to_receiver.insert(to_receiver.end(), bytes.begin(), bytes.end());
    credit_due += bytes.size();
  }
  // The list has gone, and the receiver has asked.
  void begin() {
    while (auto work = sender.next()) send(*work);
    receiver_result = receiver.receive(std::exchange(to_receiver, {}));
    act();
  }
  void expect_fault(Refusal reason) {
    EXPECT_FALSE(receiver_result);
    ASSERT_TRUE(receiver.failure());
    EXPECT_EQ(receiver.failure()->reason, reason) << receiver.failure()->text;
    EXPECT_FALSE(receiver.poll_action());
  }
};

std::vector<Bytes> files_of_sizes(const std::vector<size_t>& sizes) {
  std::vector<Bytes> files;
  for (size_t i = 0; i < sizes.size(); ++i) files.push_back(noise(sizes[i], static_cast<uint32_t>(i + 1)));
  return files;
}

std::vector<Bytes> many(size_t count, size_t size) {
  return files_of_sizes(std::vector<size_t>(count, size));
}

void expect_arrived(const BatchWorld& world) {
  EXPECT_TRUE(world.sender_result);
  EXPECT_TRUE(world.receiver_result);
  EXPECT_EQ(world.sender.state(), BatchSender::State::kReceived);
  EXPECT_EQ(world.receiver.state(), BatchReceiver::State::kDone);
  EXPECT_EQ(world.receiver.bytes_stored(), world.sender.bytes());
  EXPECT_EQ(world.credit_due, 0U) << "every byte's credit is given back";
  for (size_t i = 0; i < world.contents.size(); ++i) {
    const auto at = world.disk.find(chunk_leaf(world.contents[i]));
    EXPECT_EQ(at != world.disk.end() && at->second == world.contents[i], bool{world.wanted[i]}) << i;
  }
}

TEST(Batch, FilesOfEverySizeArrive) {
  BatchWorld world(files_of_sizes({1, 2, 63, 64, 65, 1'000, limits::kBatchFileBytesMax}));
  world.run();
  expect_arrived(world);
}

TEST(Batch, ListsAndRecordsAreCutToTheirLimits) {
  BatchWorld world(many(3'000, 700));
  world.piece = 10'000;
  world.run();
  expect_arrived(world);
}

TEST(Batch, ArrivesInPiecesOfOneByte) {
  BatchWorld world(files_of_sizes({5, 300, 2'000}));
  world.piece = 1;
  world.run();
  expect_arrived(world);
}

TEST(Batch, WhatIsHereIsNotSent) {
  BatchWorld world(many(500, 1'000));
  for (size_t i = 0; i < 500; i += 2) world.wanted[i] = false;
  world.run();
  expect_arrived(world);
  EXPECT_EQ(world.content_on_wire, 250'000U);
}

TEST(Batch, WhenAllIsHereNothingIsSent) {
  BatchWorld world(many(20, 100));
  world.wanted.assign(20, false);
  world.run();
  expect_arrived(world);
  EXPECT_EQ(world.content_on_wire, 0U);
}

TEST(Batch, GoesOnFileByFileAfterABreak) {
  const auto contents = many(4'000, 1'000);
  BatchWorld first(contents);
  first.stores_before_crash = 2;
  first.run();
  EXPECT_EQ(first.receiver.state(), BatchReceiver::State::kReceiving);
  BatchWorld second(contents);
  for (size_t i = 0; i < contents.size(); ++i)
    second.wanted[i] = !first.disk.contains(chunk_leaf(contents[i]));
  second.run();
  expect_arrived(second);
  EXPECT_EQ(first.disk.size() + second.disk.size(), 4'000U);
  EXPECT_GT(first.disk.size(), 2'000U);
}

TEST(Batch, SmallTextsArePackedTogether) {
  std::vector<Bytes> files;
  for (int i = 0; i < 300; ++i) {
    const std::string text =
        "{\"patient\": " + std::to_string(i) + ", \"visits\": [1, 2, 3], \"note\": \"none\"}";
    files.emplace_back(text.begin(), text.end());
  }
  BatchWorld world(files);
  world.run();
  expect_arrived(world);
  EXPECT_LT(world.content_on_wire, world.sender.bytes() / 5);
  BatchWorld plain(files, false);
  plain.run();
  expect_arrived(plain);
  EXPECT_EQ(plain.content_on_wire, plain.sender.bytes());
}

TEST(Batch, ARefusalEndsItWithItsReason) {
  BatchWorld world(many(3, 10));
  while (auto work = world.sender.next()) world.send(*work);
  ASSERT_TRUE(world.receiver.receive(world.to_receiver));
  world.receiver.refuse(Refusal::kNoSpace, "not enough room on the disk");
  world.act();
  ASSERT_TRUE(world.sender.receive(world.to_sender));
  EXPECT_EQ(world.sender.state(), BatchSender::State::kRefused);
  EXPECT_EQ(world.sender.refused_text(), "not enough room on the disk");
}

// --- senders that lie
// --------------------------------------------------------------------------------------------------------

TEST(LyingBatch, ASpoiltFileIsFoundAndNamedAndNothingOfItsRecordStored) {
  for (const uint32_t spoilt : {0U, 1U, 6U}) {
    BatchWorld world(many(7, 500));
    world.spoilt = spoilt;
    world.run();
    world.expect_fault(Refusal::kDigest);
    EXPECT_NE(world.receiver.failure()->text.find("file " + std::to_string(spoilt)), std::string::npos);
    EXPECT_TRUE(world.disk.empty());
  }
}

TEST(LyingBatch, OffersThatContradictThemselvesAreRefused) {
  const BatchOffer good{"c", 1, 3, 30};
  EXPECT_EQ(decode_batch_offer(encode_batch_offer(good)).value(), good);
  EXPECT_TRUE(is_batch_offer(encode_batch_offer(good)));
  EXPECT_FALSE(is_batch_offer(BlobSender(hash_blob(noise(10, 1)), "c", 1).offer()));
  for (BatchOffer bad : {BatchOffer{"c", 1, limits::kBatchFilesMax + 1, 30},
                         BatchOffer{"c", 1, 3, limits::kBatchBytesMax + 1}, BatchOffer{"c\n", 1, 3, 30}})
    EXPECT_FALSE(decode_batch_offer(encode_batch_offer(bad)));
  EXPECT_FALSE(decode_batch_offer(noise(40, 1)));
  EXPECT_FALSE(decode_batch_offer({}));
}

TEST(LyingBatch, ListsThatAreNotTheOfferedOnesAreRefused) {
  const auto begin = [](uint32_t files, uint64_t bytes) {
    return BatchReceiver({"c", 1, files, bytes}, true);
  };
  const auto list = [](uint64_t index, const std::vector<size_t>& sizes) {
    return make_record(RecordKind::kList, index, encode_files(BatchWorld::listed(files_of_sizes(sizes))));
  };
  const auto refused = [](BatchReceiver receiver, const Bytes& record) {
    return !receiver.receive(record) && receiver.failure()->reason == Refusal::kProtocol;
  };
  EXPECT_TRUE(refused(begin(2, 20), list(0, {10, 11})));  // more bytes
  EXPECT_TRUE(refused(begin(2, 20), list(0, {10, 9})));   // fewer
  EXPECT_TRUE(refused(begin(1, 20), list(0, {10, 10})));  // more files
  EXPECT_TRUE(refused(begin(2, 20), list(1, {10})));      // not its first part
  EXPECT_TRUE(refused(begin(2, 20), make_record(RecordKind::kList, 0, noise(35, 1))));
  EXPECT_TRUE(refused(begin(2, 20), make_record(RecordKind::kList, 0, {})));
  Bytes large = encode_files(BatchWorld::listed(many(1, 10)));
  large[33] = 0xff;  // of more than a batch takes
  EXPECT_TRUE(refused(begin(1, 10), make_record(RecordKind::kList, 0, large)));
}

TEST(LyingBatch, FilesThatWereNotAskedForAreRefusedBeforeTheirPayload) {
  const auto refused = [](uint64_t first, uint32_t count, const Bytes& body) {
    BatchWorld world(many(4, 100), false);
    world.wanted[0] = false;
    world.begin();
    EXPECT_TRUE(world.receiver_result);
    world.put_files(first, count, body);
    world.receiver_result = world.receiver.receive(world.to_receiver);
    return !world.receiver_result && world.receiver.failure()->reason == Refusal::kProtocol;
  };
  EXPECT_FALSE(refused(1, 1, noise(100, 1)));
  EXPECT_TRUE(refused(0, 1, noise(100, 1)));
  EXPECT_TRUE(refused(2, 1, noise(100, 1)));
  EXPECT_TRUE(refused(1, 0, noise(100, 1)));
  EXPECT_TRUE(refused(1, 4, noise(400, 1)));
  EXPECT_TRUE(refused(1, 1, noise(99, 1)));
  EXPECT_TRUE(refused(1, UINT32_MAX, noise(99, 1)));
}

TEST(LyingBatch, FilesBeforeTheyWereAskedForAreRefused) {
  BatchWorld world(many(2, 100), false);
  world.put_files(0, 1, world.contents[0]);
  world.receiver_result = world.receiver.receive(world.to_receiver);
  world.expect_fault(Refusal::kProtocol);
}

TEST(LyingBatch, PackedFilesWithoutAgreementAreRefused) {
  BatchWorld world(std::vector<Bytes>(1, Bytes(1'000, 'x')), false);
  world.begin();
  world.pack = true;
  world.put_files(0, 1, world.contents[0]);
  world.receiver_result = world.receiver.receive(world.to_receiver);
  world.expect_fault(Refusal::kProtocol);
}

TEST(LyingBatch, PackedFilesThatUnpackToMoreAreFound) {
  BatchWorld world(std::vector<Bytes>(1, Bytes(1'000, 'x')));
  world.begin();
  world.put_files(0, 1, Bytes(60'000, 'x'));
  world.receiver_result = world.receiver.receive(world.to_receiver);
  world.act();
  world.expect_fault(Refusal::kDigest);
}

TEST(LyingBatch, ReceiversThatAskTwiceOrForNothingOrAnswerTooEarlyAreRefused) {
  const Bytes all =
      answer_record({.kind = Answer::Kind::kWant, .all = true, .missing = {}, .reason = 0, .text = {}});
  const auto files = BatchWorld::listed(many(3, 10));
  BatchSender early(files, "c", 1);
  EXPECT_FALSE(early.receive(all));
  EXPECT_EQ(early.state(), BatchSender::State::kBroken);
  BatchSender twice(files, "c", 1);
  while (twice.next()) {
  }
  ASSERT_TRUE(twice.receive(all));
  EXPECT_FALSE(twice.receive(all));
  BatchSender receipt(files, "c", 1);
  while (receipt.next()) {
  }
  ASSERT_TRUE(receipt.receive(all));
  EXPECT_FALSE(receipt.receive(receipt_record(batch_digest(files), 30))) << "for what was not sent yet";
  BatchSender wrong(files, "c", 1);
  while (wrong.next()) {
  }
  ASSERT_TRUE(wrong.receive(all));
  while (wrong.next()) {
  }
  EXPECT_FALSE(wrong.receive(receipt_record(batch_digest(files), 31)));
}

TEST(Batch, AnyMixOfFilesPiecesAndWishesArrives) {
  rc::check([] {
    const auto sizes = *rc::gen::container<std::vector<uint16_t>>(rc::gen::inRange<uint16_t>(1, 5'000));
    RC_PRE(!sizes.empty());
    BatchWorld world(files_of_sizes({sizes.begin(), sizes.end()}), *rc::gen::arbitrary<bool>());
    world.piece = *rc::gen::inRange<size_t>(1, 70'000);
    for (size_t i = 0; i < sizes.size(); ++i) world.wanted[i] = *rc::gen::arbitrary<bool>();
    world.run();
    RC_ASSERT(world.sender.state() == BatchSender::State::kReceived);
    RC_ASSERT(world.receiver.bytes_stored() == world.sender.bytes());
    RC_ASSERT(world.credit_due == 0U);
  });
}

}  // namespace
}  // namespace hetao::transfer
