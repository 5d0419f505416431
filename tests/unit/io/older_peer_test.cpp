// Items between two movers over one bare link, whose ends say in their hellos what they can: a peer of an
// older release is one that names less.
#include <gtest/gtest.h>
#include <openssl/rand.h>

#include <map>

#include "gateway/io/item_mover.h"
#include "gateway/tunnel/features.h"
#include "tests/unit/io/temporary_folder.h"
#include "tests/unit/io/test_certificates.h"

namespace hetao::io {
namespace {

using testing_support::TestRegion;
using Features = std::vector<std::string>;
const Features kAll = {tunnel::kFeatureBatches, tunnel::kFeatureZstd};

struct End {
  End(asio::io_context& context, const TestRegion& own, const std::vector<const TestRegion*>& trusted,
      const std::string& folder)
      : region(own.name),
        tls(testing_support::tunnel_context(own, trusted, "gw-1", &serial)),
        blobs(BlobStore::open(folder).value()),
        mover(context.get_executor(), workers, blobs, config()) {}
  ~End() { workers.stop(); }

  ItemMover::Config config() {
    ItemMover::Config made;
    made.settled = []() -> Awaitable<void> { co_return; };
    made.may_send = [](std::string_view, std::string_view) { return true; };
    made.expected = [this](std::string_view, std::string_view) { return std::optional(expected); };
    made.is_expected = [](std::string_view, std::string_view) { return true; };
    made.crossed_before = [](std::string_view, const pb::Item&) { return false; };
    made.on_stored = [this](const std::string&) { stored = true; };
    made.on_failed = [this](const std::string&, const std::string& why, bool) { failed = why; };
    made.log = [](const std::string&) {};
    return made;
  }

  std::string region;
  std::string serial;
  std::shared_ptr<const TlsContext> tls;
  BlobStore blobs;
  Workers workers{1};
  pb::Item expected;
  bool stored = false;
  std::string failed;
  ItemMover mover;
  std::shared_ptr<PeerLink> link;
};

class OneLink : public ::testing::Test {
 protected:
  ~OneLink() override {
    for (End* end : {&a, &b}) {
      if (end->link) end->link->cut(tunnel::Reason::kShuttingDown, "");
      end->workers.stop();
    }
    run_until([] { return false; }, std::chrono::milliseconds(100));
  }

  static Awaitable<void> run_link(End& end, const End& other, std::unique_ptr<TlsStream> stream, bool dials,
                                  Features features) {
    auto secured = co_await stream->handshake(Duration::seconds(10), testing_support::wall_clock);
    if (!secured) co_return;
    tunnel::Config config;
    config.hello.region = end.region;
    config.hello.gateway = "gw-1";
    config.hello.features = std::move(features);
    RAND_bytes(config.hello.nonce.bytes.data(), static_cast<int>(config.hello.nonce.bytes.size()));
    config.peer_region = other.region;
    config.peer_gateway = "gw-1";
    PeerLink::Owner owner;
    owner.clock = testing_support::wall_clock;
    owner.on_open = [](PeerLink&) {};
    owner.on_message = [](PeerLink&, const Bytes&) {};
    owner.on_stream = [&end, from = other.region](PeerLink& link, tunnel::StreamId id, ByteView header) {
      return end.mover.accept(link, from, id, header);
    };
    owner.on_end = [](PeerLink&, const Error&) {};
    end.link =
        std::make_shared<PeerLink>(std::move(stream), std::move(config),
                                   dials ? tunnel::Role::kDialer : tunnel::Role::kAcceptor, std::move(owner));
    co_await end.link->run();
  }

  // A dials.
  void connect(const Features& of_a, const Features& of_b) {
    tcp::acceptor acceptor(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket dialling(context_);
    dialling.connect(acceptor.local_endpoint());
    auto client =
        std::make_unique<TlsStream>(std::move(dialling), TlsEngine::client(a.tls, {.region = b.region}));
    auto server = std::make_unique<TlsStream>(acceptor.accept(), TlsEngine::server(b.tls));
    asio::co_spawn(context_, run_link(a, b, std::move(client), true, of_a), asio::detached);
    asio::co_spawn(context_, run_link(b, a, std::move(server), false, of_b), asio::detached);
    ASSERT_TRUE(run_until([&] { return a.link && a.link->is_open() && b.link && b.link->is_open(); }));
  }

  bool run_until(const std::function<bool()>& done,
                 std::chrono::milliseconds patience = std::chrono::seconds(60)) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (!done() && std::chrono::steady_clock::now() < give_up) {
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(20));
    }
    return done();
  }

  // Moves these from A to B; bytes that it took on the wire.
  uint64_t move(const std::vector<std::string>& contents) {
    pb::Item item;
    for (const std::string& content : contents) {
      const StoredBlob blob = a.blobs.ingest_bytes(content).value();
      pb::ItemFile& file = *item.add_files();
      file.set_path("f" + std::to_string(item.files_size()));
      file.set_digest(blob.digest);
      file.set_bytes(static_cast<int64_t>(blob.bytes));
      item.set_bytes(item.bytes() + file.bytes());
    }
    b.expected = item;
    a.mover.send(a.link, b.region, "c", item);
    EXPECT_TRUE(run_until([&] { return b.stored || !a.failed.empty(); })) << a.failed;
    EXPECT_EQ(a.failed, "");
    for (const pb::ItemFile& file : item.files()) EXPECT_TRUE(b.blobs.has(file.digest()));
    return a.link->session().stats().bytes_out;
  }

  testing_support::TemporaryFolder folder_;
  asio::io_context context_{1};
  TestRegion shenzhen_{"shenzhen"};
  TestRegion hongkong_{"hongkong"};
  End a{context_, shenzhen_, {&shenzhen_, &hongkong_}, folder_ / "a"};
  End b{context_, hongkong_, {&shenzhen_, &hongkong_}, folder_ / "b"};
};

std::vector<std::string> small_files() {
  std::vector<std::string> files;
  for (int i = 0; i < 100; ++i) files.push_back("row," + std::to_string(i) + std::string(2'000, 'x'));
  return files;
}

std::string text_of(size_t size) {
  std::string text;
  while (text.size() < size) text += "the same line again and again\n";
  return text;
}

TEST_F(OneLink, CarriesManySmallFilesInOneStreamWhereBothCan) {
  connect(kAll, kAll);
  EXPECT_LT(move(small_files()), 30'000U);
  EXPECT_EQ(a.link->session().stats().streams_opened, 1U);
}

TEST_F(OneLink, CarriesThemOneByOneToAPeerThatTakesNoBatches) {
  connect(kAll, {tunnel::kFeatureZstd});
  move(small_files());
  EXPECT_EQ(a.link->session().stats().streams_opened, 100U);
}

TEST_F(OneLink, CarriesBatchesAsTheyAreToAPeerThatDoesNotUnpack) {
  connect(kAll, {tunnel::kFeatureBatches});
  EXPECT_GT(move(small_files()), 200'000U);
  EXPECT_EQ(a.link->session().stats().streams_opened, 1U);
}

TEST_F(OneLink, CarriesWhatPacksWellAsItIsToAPeerThatDoesNotUnpack) {
  connect({}, kAll);
  EXPECT_GT(move({text_of(3'000'000)}), 3'000'000U);
}

TEST_F(OneLink, CarriesWhatPacksWellForLittleWhereBothCan) {
  connect(kAll, kAll);
  EXPECT_LT(move({text_of(3'000'000)}), 300'000U);
}

}  // namespace
}  // namespace hetao::io
