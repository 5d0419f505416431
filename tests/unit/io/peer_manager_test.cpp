// Two gateways' peer managers over loopback: they find each other, keep one tunnel, pass messages on, and
// move items that both sides allow.
#include "gateway/io/peer_manager.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>

#include "gateway/io/asio.h"
#include "gateway/io/small_blobs.h"
#include "tests/unit/io/temporary_folder.h"
#include "tests/unit/io/test_certificates.h"

namespace hetao::io {
namespace {

namespace fs = std::filesystem;
using testing_support::TestRegion;

struct City {
  City(asio::io_context& context, const TestRegion& own, const std::vector<const TestRegion*>& trusted,
       const std::string& folder)
      : context_(context), region(own.name), blobs(BlobStore::open(folder).value()) {
    tls = testing_support::tunnel_context(own, trusted, "gw-1", &serial);
  }
  ~City() { workers.stop(); }

  void start(const std::string& peer, uint16_t peer_port) {
    PeerManager::Config config;
    config.region = region;
    config.gateway = "gw-1";
    config.listen = {"127.0.0.1", listen_port};
    config.tls = tls;
    config.peers = {{peer, {"127.0.0.1", peer_port}}};
    config.clock = testing_support::wall_clock;
    config.policy_digest = [] { return std::string(64, 'a'); };
    config.checkpoint = [] { return std::string(); };
    config.on_up = [this](const std::string&) { ++ups; };
    config.on_down = [this](const std::string&, const std::string& why) { downs.push_back(why); };
    config.on_message = [this](const std::string& from, pb::PeerMessage message,
                               const std::function<void()>& done) {
      messages.emplace_back(from, std::move(message));
      done();
    };
    config.log = [this](const std::string& line) { log += line + "\n"; };
    config.items.settled = [this]() -> Awaitable<void> {
      ++settled;
      co_return;
    };
    config.items.may_send = [this](std::string_view, std::string_view crossing) {
      return permitted.contains(std::string(crossing));
    };
    config.items.expected = [this](std::string_view, std::string_view crossing) -> std::optional<pb::Item> {
      ++offers;
      const auto at = expected.find(std::string(crossing));
      if (at == expected.end()) return std::nullopt;
      return at->second;
    };
    config.items.is_expected = [this](std::string_view, std::string_view crossing) {
      return expected.contains(std::string(crossing));
    };
    config.items.crossed_before = [this](std::string_view, const pb::Item&) { return crossed_before; };
    config.items.on_stored = [this](const std::string& crossing) { stored.push_back(crossing); };
    config.items.on_failed = [this](const std::string& crossing, const std::string& why, bool for_good) {
      failed.push_back(crossing + (for_good ? " for good: " : ": ") + why);
    };
    config.items.log = config.log;
    config.items.rate = [this](const std::string& to, const std::string&) { return rates.pass(to, tenant); };
    manager = std::make_unique<PeerManager>(context_.get_executor(), workers, blobs, std::move(config));
    const auto listening = manager->listen();
    ASSERT_TRUE(listening) << to_line(listening.error());
    listen_port = manager->port();
    manager->start();
  }

  pb::Item item_of(const std::vector<std::string>& contents) {
    pb::Item item;
    for (size_t i = 0; i < contents.size(); ++i) {
      pb::ItemFile& file = *item.add_files();
      const StoredBlob blob = blobs.ingest_bytes(contents[i]).value();
      file.set_path(contents.size() == 1 ? "" : "f" + std::to_string(i));
      file.set_digest(blob.digest);
      file.set_bytes(static_cast<int64_t>(blob.bytes));
      item.set_bytes(item.bytes() + file.bytes());
    }
    return item;
  }

  asio::io_context& context_;
  std::string region;
  BlobStore blobs;
  Workers workers{2};
  std::string serial;  // of our certificate
  std::shared_ptr<const TlsContext> tls;
  uint16_t listen_port = 0;
  std::set<std::string> permitted;
  std::map<std::string, pb::Item> expected;
  RateGate rates;
  std::string tenant = "hub";  // whose all items are
  int ups = 0;
  int settled = 0;
  int offers = 0;  // looked up
  bool crossed_before = false;
  std::vector<std::string> downs;
  std::vector<std::pair<std::string, pb::PeerMessage>> messages;
  std::vector<std::string> stored;
  std::vector<std::string> failed;
  std::string log;
  std::unique_ptr<PeerManager> manager;
};

std::string noise(size_t size, uint64_t seed) {
  std::string text(size, '\0');
  uint64_t x = seed * 0x9e3779b97f4a7c15ULL + 1;
  for (char& c : text) {
    x ^= x << 13U;
    x ^= x >> 7U;
    x ^= x << 17U;
    c = static_cast<char>(x);
  }
  return text;
}

class TwoCities : public ::testing::Test {
 protected:
  ~TwoCities() override {
    if (a.manager) a.manager->stop();
    if (b.manager) b.manager->stop();
    run_for(std::chrono::milliseconds(200));
    a.workers.stop();
    b.workers.stop();
  }
  // `both`: each dials the other; else only Shenzhen dials.
  void start(bool both = false) {
    b.start("shenzhen", 0);
    if (both) {  // the port is known only once it listens
      a.start("hongkong", b.listen_port);
      const uint16_t port = b.listen_port;
      b.manager->stop();
      run_for(std::chrono::milliseconds(50));
      b.manager.reset();
      b.listen_port = port;
      b.start("shenzhen", a.listen_port);
    } else {
      a.start("hongkong", b.listen_port);
    }
    ASSERT_TRUE(until([&] { return a.manager->is_up("hongkong") && b.manager->is_up("shenzhen"); }))
        << a.log << b.log;
  }
  void run_for(std::chrono::milliseconds time) {
    context_.restart();
    context_.run_for(time);
  }
  bool until(const std::function<bool()>& done, std::chrono::seconds patience = std::chrono::seconds(60)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  void allow(const std::string& crossing, const pb::Item& item) {
    a.permitted.insert(crossing);
    b.expected[crossing] = item;
  }

  testing_support::TemporaryFolder folder_;
  asio::io_context context_{1};
  TestRegion shenzhen_{"shenzhen"};
  TestRegion hongkong_{"hongkong"};
  City a{context_, shenzhen_, {&shenzhen_, &hongkong_}, folder_ / "a"};
  City b{context_, hongkong_, {&shenzhen_, &hongkong_}, folder_ / "b"};
};

TEST_F(TwoCities, PassMessagesBothWaysInOrder) {
  start();
  for (uint64_t i = 1; i <= 100; ++i) {
    pb::PeerMessage message;
    message.set_sequence(i);
    message.mutable_acknowledge();
    a.manager->send_message("hongkong", message);
    b.manager->send_message("shenzhen", message);
  }
  ASSERT_TRUE(until([&] { return a.messages.size() == 100 && b.messages.size() == 100; })) << a.log << b.log;
  for (uint64_t i = 1; i <= 100; ++i) EXPECT_EQ(a.messages[i - 1].second.sequence(), i);
  EXPECT_EQ(a.messages[0].first, "hongkong");
}

TEST_F(TwoCities, KeepOneTunnelWhenBothDial) {
  start(true);
  run_for(std::chrono::milliseconds(1500));
  EXPECT_TRUE(a.manager->is_up("hongkong"));
  EXPECT_TRUE(b.manager->is_up("shenzhen"));
  const int ups = a.ups;
  run_for(std::chrono::milliseconds(1500));
  EXPECT_EQ(a.ups, ups) << "it settles\n" << a.log;
  a.manager->send_message("hongkong", pb::PeerMessage());
  EXPECT_TRUE(until([&] { return b.messages.size() == 1; }));
}

TEST_F(TwoCities, MoveAnItemOfManyFiles) {
  start();
  const std::string zeros(3'000'000, '\0');
  const pb::Item item =
      a.item_of({"", "small", noise(5'000'000, 1), std::string(4'000'000, 'x'), zeros, "small"});
  allow("job.1.i0", item);
  a.manager->send_item("hongkong", "job.1.i0", item);
  ASSERT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
  for (const pb::ItemFile& file : item.files()) {
    EXPECT_EQ(b.blobs.read(file.digest(), 10'000'000).value(),
              a.blobs.read(file.digest(), 10'000'000).value());
  }
  EXPECT_GE(a.settled, 1);
  EXPECT_GE(b.settled, 1);
  EXPECT_TRUE(until([&] { return a.manager->stats().moving == 0 && b.manager->stats().moving == 0; }));
  EXPECT_EQ(b.stored, (std::vector<std::string>{"job.1.i0"}));
}

TEST_F(TwoCities, MoveAnItemWithoutFiles) {
  start();
  allow("job.1.o0", {});
  a.manager->send_item("hongkong", "job.1.o0", {});
  EXPECT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
}

TEST_F(TwoCities, SendNothingThatIsNotPermittedHere) {
  start();
  const pb::Item item = a.item_of({"secret"});
  b.expected["c"] = item;
  a.manager->send_item("hongkong", "c", item);
  run_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(b.stored.empty());
  EXPECT_FALSE(b.blobs.has(item.files(0).digest()));
  EXPECT_EQ(a.manager->stats().moving, 0U);
  EXPECT_EQ(b.offers, 0) << "not even an offer";
}

TEST_F(TwoCities, TakeNothingThatIsNotExpectedHere) {
  start();
  const pb::Item item = a.item_of({"unasked"});
  const pb::Item other = a.item_of({"another"});
  a.permitted = {"c", "d"};
  b.expected["d"] = other;  // another content than what will come
  a.manager->send_item("hongkong", "c", item);
  a.manager->send_item("hongkong", "d", item);
  ASSERT_TRUE(until([&] { return a.failed.size() == 2; })) << a.log;
  EXPECT_NE(a.failed[0].find("no such item is expected here"), std::string::npos) << a.failed[0];
  EXPECT_FALSE(b.blobs.has(item.files(0).digest()));
  EXPECT_TRUE(b.stored.empty());
}

TEST_F(TwoCities, SayForGoodWhenTheBlobIsNotThere) {
  start();
  pb::Item item = a.item_of({"gone"});
  ASSERT_TRUE(a.blobs.remove(item.files(0).digest()));
  allow("c", item);
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !a.failed.empty(); }));
  EXPECT_NE(a.failed[0].find("c for good"), std::string::npos) << a.failed[0];
}

TEST_F(TwoCities, GoOnWithALargeItemWhereItBroke) {
  start();
  const pb::Item item = a.item_of({noise(48'000'000, 7)});
  allow("c", item);
  a.rates.limit_link("hongkong", 20'000'000);  // so that it is under way when the break comes
  a.manager->send_item("hongkong", "c", item);
  const uint64_t begin = b.manager->stats().bytes_in;
  ASSERT_TRUE(until([&] { return b.manager->stats().bytes_in - begin > 12'000'000; })) << a.log;
  a.manager->stop();
  ASSERT_TRUE(until([&] { return !b.manager->is_up("shenzhen"); }));
  const std::string progress = b.blobs.partial_path(item.files(0).digest()) + ".progress";
  ASSERT_TRUE(until([&] { return fs::exists(progress); })) << b.log;
  a.manager.reset();
  const uint64_t first = b.manager->stats().bytes_in;
  EXPECT_LT(first - begin, 48'000'000U);
  a.listen_port = 0;
  a.start("hongkong", b.listen_port);
  ASSERT_TRUE(until([&] { return a.manager->is_up("hongkong"); })) << a.log << b.log;
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
  EXPECT_LT(b.manager->stats().bytes_in - first, 44'000'000U) << "the first part came again";
  EXPECT_TRUE(b.blobs.describe(item.files(0).digest()));
  EXPECT_FALSE(fs::exists(progress));
}

// A blob that is all hole, and larger than what is free: its size is what counts, before a byte of it comes.
TEST_F(TwoCities, SayThatTheDiskIsFullBeforeTheFirstByte) {
  const uint64_t chunks = b.blobs.free_bytes() / limits::kChunkBytes + 64;
  if (chunks > uint64_t{2} << 20U) GTEST_SKIP() << "the disk has terabytes free";
  transfer::Blob blob{{}, chunks * limits::kChunkBytes, {}};
  blob.leaves.assign(chunks, transfer::zero_chunk_leaf(limits::kChunkBytes));
  blob.digest = transfer::blob_root(blob.leaves);
  const std::string digest = transfer::blob_digest_text(blob.digest);
  const std::string path = a.blobs.partial_path(digest);
  ASSERT_EQ(::close(::creat(path.c_str(), 0600)), 0);
  ASSERT_EQ(::truncate(path.c_str(), static_cast<off_t>(blob.size)), 0);
  ASSERT_TRUE(a.blobs.adopt_partial(path, blob));
  pb::Item item;
  item.add_files()->set_digest(digest);
  item.mutable_files(0)->set_bytes(static_cast<int64_t>(blob.size));
  item.set_bytes(item.files(0).bytes());
  start();
  allow("c", item);
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !a.failed.empty(); })) << a.log << b.log;
  EXPECT_NE(a.failed[0].find("not enough room on the disk"), std::string::npos) << a.failed[0];
  EXPECT_FALSE(b.blobs.has(digest));
  EXPECT_TRUE(b.stored.empty());
}

TEST_F(TwoCities, StopAnItemThatIsDropped) {
  start();
  const pb::Item item = a.item_of({noise(40'000'000, 9)});
  allow("c", item);
  a.manager->send_item("hongkong", "c", item);
  const uint64_t begin = b.manager->stats().bytes_in;
  ASSERT_TRUE(until([&] { return b.manager->stats().bytes_in - begin > 2'000'000; }));
  b.manager->drop_item("c");
  a.manager->drop_item("c");
  ASSERT_TRUE(until([&] { return a.manager->stats().moving == 0 && b.manager->stats().moving == 0; }));
  EXPECT_FALSE(fs::exists(b.blobs.partial_path(item.files(0).digest())));
  EXPECT_TRUE(b.stored.empty());
}

// The bulk lanes stand beside the session, and die with it.
TEST_F(TwoCities, KeepBulkLanesBesideTheSession) {
  start();
  const auto lanes = [](City& city) { return city.manager->links().at(0).lanes; };
  ASSERT_TRUE(until([&] { return lanes(a) > 0 && lanes(b) == lanes(a); })) << a.log << b.log;
  const LinkStatus link = a.manager->links().at(0);
  EXPECT_TRUE(link.up);
  EXPECT_EQ(link.dialled_by, "shenzhen");
  EXPECT_EQ(link.policy_digest, std::string(64, 'a'));
  EXPECT_GT(link.certificate_ends, testing_support::wall_clock());
  ASSERT_TRUE(link.round_trip.has_value());
  EXPECT_LT(*link.round_trip, Duration::seconds(1));
  const pb::Item item = a.item_of({noise(24'000'000, 3)});
  allow("c", item);
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
  EXPECT_TRUE(b.blobs.describe(item.files(0).digest()));
  a.manager->stop();
  EXPECT_TRUE(until([&] { return lanes(b) == 0; })) << b.log;
}

TEST_F(TwoCities, SayHowFarATransferIs) {
  start();
  const pb::Item item = a.item_of({noise(60'000'000, 4)});
  allow("c", item);
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] {
    const auto links = b.manager->links();
    return !links[0].transfers.empty() && links[0].transfers[0].bytes_done > 1'000'000;
  })) << a.log
      << b.log;
  const TransferStatus seen = b.manager->links().at(0).transfers.at(0);
  EXPECT_EQ(seen.crossing, "c");
  EXPECT_FALSE(seen.sending);
  EXPECT_EQ(seen.bytes_total, 60'000'000U);
  EXPECT_LE(seen.bytes_done, seen.bytes_total);
  ASSERT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
}

// Bytes that pack well, and holes, cross with a fraction of their size on the wire.
TEST_F(TwoCities, SendHolesAndWhatPacksWellForLittle) {
  start();
  std::string text;
  while (text.size() < 6'000'000) text += "the same line again and again\n";
  const pb::Item item = a.item_of({std::string(200'000'000, '\0'), text});
  allow("c", item);
  const uint64_t before = a.manager->stats().bytes_out;
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
  EXPECT_LT(a.manager->stats().bytes_out - before, 3'000'000U);
  struct stat facts{};
  ASSERT_EQ(::stat(b.blobs.path_of(item.files(0).digest())->c_str(), &facts), 0);
  EXPECT_EQ(facts.st_size, 200'000'000);
  EXPECT_LT(facts.st_blocks * 512, 20'000'000) << "the hole stayed one";
}

TEST_F(TwoCities, SendNothingThatTheOtherSideHas) {
  start();
  const std::string content = noise(20'000'000, 5);
  const pb::Item item = a.item_of({content});
  ASSERT_TRUE(b.blobs.ingest_bytes(content));
  b.crossed_before = true;
  allow("c", item);
  const uint64_t before = a.manager->stats().bytes_out;
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
  EXPECT_LT(a.manager->stats().bytes_out - before, 100'000U);
}

// Who only knows the digest of what lies here would else be believed to have it.
TEST_F(TwoCities, ShowSomeChunksOfWhatTheOtherSideHasFromElsewhere) {
  start();
  const std::string content = noise(20'000'000, 5);
  const pb::Item item = a.item_of({content});
  ASSERT_TRUE(b.blobs.ingest_bytes(content));
  allow("c", item);
  const uint64_t before = a.manager->stats().bytes_out;
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
  EXPECT_GT(a.manager->stats().bytes_out - before, 2'000'000U);
  EXPECT_LT(a.manager->stats().bytes_out - before, 4'000'000U);
  EXPECT_EQ(b.blobs.read(item.files(0).digest(), 30'000'000).value(), content);
}

TEST_F(TwoCities, MoveHundredsOfSmallFilesManyAtATime) {
  std::vector<std::string> contents;
  for (uint64_t i = 0; i < 200; ++i) contents.push_back(noise(4'000, i + 10));
  const pb::Item item = a.item_of(contents);  // before the tunnel is up: nobody answers pings meanwhile
  start();
  allow("c", item);
  const auto began = std::chrono::steady_clock::now();
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  RecordProperty("files_per_second", std::to_string(200 / took.count()));
  for (const pb::ItemFile& file : item.files()) EXPECT_TRUE(b.blobs.has(file.digest()));
  EXPECT_EQ(b.stored, std::vector<std::string>{"c"});
}

// One stream for thousands of them, and none of them twice.
TEST_F(TwoCities, MoveThousandsOfSmallFilesInBatches) {
  std::vector<std::string> contents{"", std::string(100'000, 'l'), noise(6'000'000, 3)};
  for (uint64_t i = 0; i < 5'000; ++i) contents.push_back(noise(200 + i % 300, i + 10));
  const pb::Item item = a.item_of(contents);
  start();
  allow("c", item);
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
  for (const pb::ItemFile& file : item.files())
    EXPECT_EQ(b.blobs.read(file.digest(), 10'000'000).value(),
              a.blobs.read(file.digest(), 10'000'000).value());
  EXPECT_EQ(b.stored, std::vector<std::string>{"c"});
  EXPECT_TRUE(fs::is_empty(partial_folder(b.blobs))) << "what was remembered of it is gone";
}

TEST_F(TwoCities, GoOnWithSmallFilesWhereTheyBroke) {
  std::vector<std::string> contents;
  for (uint64_t i = 0; i < 400; ++i) contents.push_back(noise(60'000, i + 10));
  const pb::Item item = a.item_of(contents);
  a.rates.limit_link("hongkong", 16'000'000);
  start();
  allow("c", item);
  a.manager->send_item("hongkong", "c", item);
  const auto here = [&] {
    return std::count_if(item.files().begin(), item.files().end(),
                         [&](const pb::ItemFile& file) { return b.blobs.has(file.digest()); });
  };
  ASSERT_TRUE(until([&] { return here() > 50; })) << a.log << b.log;
  // The receiver starts anew: what it knows stands on its disk.
  b.manager->stop();
  ASSERT_TRUE(until([&] { return !a.manager->is_up("hongkong"); }));
  run_for(std::chrono::milliseconds(300));
  const auto kept = here();
  ASSERT_LT(kept, 400) << "it was over before the break";
  const uint16_t port = b.listen_port;
  b.manager.reset();
  b.listen_port = port;
  b.start("shenzhen", 0);
  ASSERT_TRUE(until([&] { return a.manager->is_up("hongkong"); })) << a.log << b.log;
  const uint64_t before = b.manager->stats().bytes_in;
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
  const uint64_t left = static_cast<uint64_t>(400 - kept) * 60'000;
  EXPECT_LT(b.manager->stats().bytes_in - before, left + 1'000'000) << "what was here came again";
  for (const pb::ItemFile& file : item.files()) EXPECT_TRUE(b.blobs.has(file.digest()));
}

TEST_F(TwoCities, SayForGoodWhenASmallFileIsNotThere) {
  start();
  pb::Item item = a.item_of({"one", "two", "three", "four", "five"});
  ASSERT_TRUE(a.blobs.remove(item.files(2).digest()));
  allow("c", item);
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !a.failed.empty(); }));
  EXPECT_NE(a.failed[0].find("c for good"), std::string::npos) << a.failed[0];
  EXPECT_TRUE(b.stored.empty());
}

TEST_F(TwoCities, TakeNoBatchWithAFileThatIsNotExpected) {
  start();
  const pb::Item item = a.item_of({"one", "two", "three", "four", "five"});
  pb::Item less = item;
  less.mutable_files()->DeleteSubrange(4, 1);
  a.permitted = {"c"};
  b.expected["c"] = less;
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !a.failed.empty(); })) << a.log;
  EXPECT_NE(a.failed[0].find("no such item is expected here"), std::string::npos) << a.failed[0];
  for (const pb::ItemFile& file : item.files()) EXPECT_FALSE(b.blobs.has(file.digest()));
}

TEST_F(TwoCities, KeepToTheRateOfALink) {
  a.rates.limit_link("hongkong", 8'000'000);
  start();
  const pb::Item item = a.item_of({noise(12'000'000, 6)});
  allow("c", item);
  const auto began = std::chrono::steady_clock::now();
  a.manager->send_item("hongkong", "c", item);
  ASSERT_TRUE(until([&] { return !b.stored.empty(); })) << a.log << b.log;
  // The first chunk or so is the bucket's; the rest takes its time.
  EXPECT_GT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1'200));
}

TEST_F(TwoCities, KeepToTheRateOfATenantOverAllItsItems) {
  a.rates.limit_tenant("hub", 8'000'000);
  a.rates.limit_tenant("another", 1);
  start();
  const pb::Item first = a.item_of({noise(6'000'000, 6)});
  std::vector<std::string> small;
  for (uint64_t i = 0; i < 100; ++i) small.push_back(noise(60'000, i + 10));
  const pb::Item second = a.item_of(small);
  allow("c", first);
  allow("d", second);
  const auto began = std::chrono::steady_clock::now();
  a.manager->send_item("hongkong", "c", first);
  a.manager->send_item("hongkong", "d", second);
  ASSERT_TRUE(until([&] { return b.stored.size() == 2; })) << a.log << b.log;
  EXPECT_GT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1'200));
}

TEST_F(TwoCities, CutAPeerWhoseCertificateIsRevoked) {
  start();
  TestRegion updated = shenzhen_;
  certs::Revocation revoked;
  revoked.serial = a.serial;
  revoked.at = testing_support::wall_clock();
  updated.crl = certs::create_crl(updated.ca, {&revoked, 1}, 2, testing_support::wall_clock()).value();
  b.manager->use(testing_support::tunnel_context(hongkong_, {&updated, &hongkong_}));
  EXPECT_TRUE(until([&] { return !b.manager->is_up("shenzhen"); })) << b.log;
}

TEST_F(TwoCities, RefuseAGatewayThatIsNoConfiguredPeer) {
  b.start("macau", 0);
  a.start("hongkong", b.listen_port);
  ASSERT_TRUE(until([&] { return b.manager->faults().refused().contains("not-a-peer"); })) << b.log;
  EXPECT_FALSE(a.manager->is_up("hongkong"));
}

TEST_F(TwoCities, SayWhyAPeerIsDown) {
  a.start("hongkong", 1);  // nobody listens there
  ASSERT_TRUE(until([&] { return !a.downs.empty(); }));
  EXPECT_NE(a.downs[0].find("127.0.0.1:1"), std::string::npos) << a.downs[0];
}

}  // namespace
}  // namespace hetao::io
