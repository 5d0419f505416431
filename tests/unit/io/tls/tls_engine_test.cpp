#include "gateway/io/tls/tls_engine.h"

#include <gtest/gtest.h>

#include <numeric>

#include "gateway/base/limits.h"
#include "tests/unit/io/tls/pair.h"

namespace hetao::io {
namespace {

using certs::forge::kDay;
using testing::carry;
using testing::Cities;
using testing::kNow;
using testing::read_text;
using testing::shake_hands;

struct Tunnel : ::testing::Test {
  Cities cities;
  std::unique_ptr<TlsEngine> client = TlsEngine::client(cities.hongkong, {.region = "shenzhen"});
  std::unique_ptr<TlsEngine> server = TlsEngine::server(cities.shenzhen);
};

TEST_F(Tunnel, OpensBetweenTwoRegionsAndBothKnowWhom) {
  shake_hands(*client, *server);
  ASSERT_EQ(client->state(), TlsState::kOpen) << to_line(client->failure()->error);
  ASSERT_EQ(server->state(), TlsState::kOpen) << to_line(server->failure()->error);
  EXPECT_EQ(certs::to_uri(client->peer()->identity), "spiffe://hetao/shenzhen/gateway/gw-1");
  EXPECT_EQ(certs::to_uri(server->peer()->identity), "spiffe://hetao/hongkong/gateway/gw-1");
  EXPECT_EQ(client->alpn(), kTunnelAlpn);
  EXPECT_EQ(client->cipher(), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(client->group(), server->group());
  EXPECT_FALSE(client->group().empty());
}

TEST_F(Tunnel, CarriesBytesBothWaysAsTheyWere) {
  shake_hands(*client, *server);
  EXPECT_EQ(client->write(as_bytes("ping")), 4U);
  carry(*client, *server);
  EXPECT_EQ(read_text(*server), "ping");
  EXPECT_EQ(server->write(as_bytes("pong")), 4U);
  carry(*server, *client);
  EXPECT_EQ(read_text(*client), "pong");
}

TEST_F(Tunnel, OpensWhenItsBytesComeOneByOne) {
  client->handshake(kNow);
  const auto drip = [](TlsEngine& from, TlsEngine& to) {
    const Bytes bytes(from.output().begin(), from.output().end());
    from.output_sent(bytes.size());
    for (const uint8_t byte : bytes) {
      ASSERT_EQ(to.feed({&byte, 1}), 1U);
      to.handshake(kNow);
    }
  };
  drip(*client, *server);
  drip(*server, *client);
  drip(*client, *server);
  EXPECT_EQ(client->state(), TlsState::kOpen);
  EXPECT_EQ(server->state(), TlsState::kOpen);
}

TEST_F(Tunnel, TakesNoPlaintextBeforeItIsOpen) {
  EXPECT_EQ(client->write(as_bytes("early")), 0U);
  client->handshake(kNow);
  EXPECT_EQ(client->write(as_bytes("early")), 0U);
  EXPECT_EQ(read_text(*client), "");
  EXPECT_EQ(client->state(), TlsState::kHandshake);
}

TEST_F(Tunnel, PushesBackWhenItsBuffersAreFull) {
  shake_hands(*client, *server);
  const Bytes large(size_t{2} << 20U, 7);
  const size_t taken = client->write(large);
  EXPECT_LT(taken, large.size());
  EXPECT_LE(client->output().size(), limits::kTlsOutputBytesMax);
  EXPECT_EQ(client->write(large), 0U);
  const Bytes wire(client->output().begin(), client->output().end());
  size_t fed = 0;
  while (fed < wire.size()) {
    const size_t size = server->feed(ByteView(wire).subspan(fed));
    if (size == 0) break;
    fed += size;
  }
  EXPECT_LE(fed, limits::kTlsInputBytesMax);
  Bytes received(taken);
  size_t total = 0;
  while (total < taken) {
    const size_t size = server->read(std::span(received).subspan(total));
    total += size;
    if (size == 0) fed += server->feed(ByteView(wire).subspan(fed));
    ASSERT_EQ(server->state(), TlsState::kOpen);
  }
  EXPECT_TRUE(std::equal(received.begin(), received.end(), large.begin()));
}

TEST_F(Tunnel, BeforeTheHandshakeBuffersLittle) {
  const Bytes flood(size_t{1} << 20U, 0x16);
  EXPECT_LE(server->feed(flood), limits::kTlsHandshakeBytesMax);
  EXPECT_EQ(server->feed(flood), 0U);
}

TEST_F(Tunnel, ThatEndsOrderlyEndsAndThatIsCutIsCut) {
  shake_hands(*client, *server);
  client->write(as_bytes("last"));
  client->close();
  EXPECT_EQ(client->write(as_bytes("after")), 0U);
  carry(*client, *server);
  server->input_ended();
  EXPECT_EQ(read_text(*server), "last");
  EXPECT_EQ(server->state(), TlsState::kEnded);
  EXPECT_EQ(server->write(as_bytes("an answer still goes")), 20U);
  carry(*server, *client);
  EXPECT_EQ(read_text(*client), "an answer still goes");

  const auto other_client = TlsEngine::client(cities.hongkong, {});
  const auto other_server = TlsEngine::server(cities.shenzhen);
  shake_hands(*other_client, *other_server);
  other_client->write(as_bytes("last"));
  carry(*other_client, *other_server);
  other_server->input_ended();
  EXPECT_EQ(read_text(*other_server), "last");
  EXPECT_EQ(other_server->state(), TlsState::kFailed);
  EXPECT_EQ(other_server->failure()->reason, "cut");
}

TEST_F(Tunnel, CutInTheMiddleOfARecordIsCutAndTheRecordIsNotRead) {
  shake_hands(*client, *server);
  client->write(as_bytes("a whole record"));
  server->feed(client->output().first(client->output().size() - 1));
  server->input_ended();
  EXPECT_EQ(read_text(*server), "");
  EXPECT_EQ(server->state(), TlsState::kFailed);
  EXPECT_EQ(server->failure()->reason, "cut");
}

TEST_F(Tunnel, ARecordThatWasChangedOnTheWayIsRefused) {
  shake_hands(*client, *server);
  client->write(as_bytes("money: 1"));
  Bytes wire(client->output().begin(), client->output().end());
  wire[wire.size() / 2] ^= 1U;
  server->feed(wire);
  EXPECT_EQ(read_text(*server), "");
  EXPECT_EQ(server->state(), TlsState::kFailed);
  EXPECT_EQ(server->failure()->reason, "protocol");
}

TEST_F(Tunnel, PlaintextAfterTheHandshakeIsRefused) {
  shake_hands(*client, *server);
  server->feed(as_bytes(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x')));
  EXPECT_EQ(read_text(*server), "");
  EXPECT_EQ(server->state(), TlsState::kFailed);
}

TEST_F(Tunnel, ARecordOverTheSizeThatTlsAllowsIsRefused) {
  shake_hands(*client, *server);
  server->feed(as_bytes(std::string("\x17\x03\x03\x48\x00", 5) + std::string(0x4800, 'x')));
  EXPECT_EQ(read_text(*server), "");
  EXPECT_EQ(server->state(), TlsState::kFailed);
}

TEST_F(Tunnel, WhosePeerIsRevokedMeanwhileFails) {
  shake_hands(*client, *server);
  auto newer = std::make_shared<certs::TrustStore>();
  const std::vector<certs::Revocation> revoked = {{server->peer()->serial, kNow}};
  ASSERT_TRUE(newer->pin_ca("hongkong", cities.world.hongkong.ca.certificate_pem));
  ASSERT_TRUE(
      newer->add_crl("hongkong", certs::create_crl(cities.world.hongkong.ca, revoked, 2, kNow).value()));
  EXPECT_EQ(server->recheck(*cities.trust, kNow), TlsState::kOpen);
  EXPECT_EQ(server->recheck(*newer, kNow), TlsState::kFailed);
  EXPECT_EQ(server->failure()->reason, "revoked");
  client->write(as_bytes("more"));
  carry(*client, *server);
  EXPECT_EQ(read_text(*server), "");
  EXPECT_EQ(server->write(as_bytes("more")), 0U);
}

TEST_F(Tunnel, WhosePeerExpiresMeanwhileFails) {
  shake_hands(*client, *server);
  const Instant later{kNow.micros + 31 * kDay.micros};
  EXPECT_EQ(client->recheck(*cities.trust, later), TlsState::kFailed);
  EXPECT_EQ(client->failure()->reason, "expired");
}

TEST_F(Tunnel, IsNotOpenedWithAPeerThatExpiredByNow) {
  shake_hands(*client, *server, Instant{kNow.micros + 31 * kDay.micros});
  EXPECT_EQ(client->state(), TlsState::kFailed);
  EXPECT_EQ(client->failure()->reason, "expired");
  EXPECT_EQ(server->state(), TlsState::kFailed);
}

// What was accepted before is not taken on trust: it ends when its certificates and lists do, and is still
// held against whom a client wants to reach.
TEST_F(Tunnel, IsOpenedAgainWithAKnownPeerOnlyForAsLongAsItIsGood) {
  shake_hands(*client, *server);
  ASSERT_EQ(client->state(), TlsState::kOpen);
  const auto again = [&](Instant now, TlsTarget target = {}) {
    const auto c = TlsEngine::client(cities.shenzhen, std::move(target));
    const auto s = TlsEngine::server(cities.hongkong);
    shake_hands(*c, *s, now);
    return c->state() == TlsState::kOpen ? std::string("open") : c->failure()->reason;
  };
  EXPECT_EQ(again(kNow), "open");
  EXPECT_EQ(again(Instant{kNow.micros + kDay.micros}), "open");
  EXPECT_EQ(again(Instant{kNow.micros + 31 * kDay.micros}), "expired");
  EXPECT_EQ(again(kNow, {.region = "shenzhen"}), "wrong-peer");
  EXPECT_EQ(again(kNow, {.region = "hongkong", .gateway = "gw-2"}), "wrong-peer");
}

TEST(Https, ServesAClientWithAndWithoutACertificate) {
  const Cities cities;
  const auto server_files = certs::issue_leaf(cities.world.shenzhen.ca,
                                              {.identity = {"shenzhen", "server", "api"},
                                               .dns_names = {"localhost"},
                                               .ip_addresses = {"127.0.0.1"}},
                                              certs::KeyKind::kEcdsaP256, kNow)
                                .value();
  const auto client_files =
      certs::issue_leaf(cities.world.shenzhen.ca, {.identity = {"shenzhen", "client", "alice"}},
                        certs::KeyKind::kEcdsaP256, kNow)
          .value();
  const auto server_context =
      TlsContext::https_server({server_files.certificate_pem, server_files.key_pem}, cities.trust).value();
  const std::string& roots = cities.world.shenzhen.ca.certificate_pem;
  const auto plain = TlsContext::https_client(roots).value();
  const auto with_certificate =
      TlsContext::https_client(roots, {client_files.certificate_pem, client_files.key_pem}).value();
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const auto client = TlsEngine::client(plain, {.server_name = host});
    const auto server = TlsEngine::server(server_context);
    shake_hands(*client, *server);
    ASSERT_EQ(client->state(), TlsState::kOpen) << to_line(client->failure()->error);
    ASSERT_EQ(server->state(), TlsState::kOpen);
    EXPECT_FALSE(server->peer().has_value());
    EXPECT_EQ(client->alpn(), kHttpAlpn);
  }
  const auto client = TlsEngine::client(with_certificate, {.server_name = "localhost"});
  const auto server = TlsEngine::server(server_context);
  shake_hands(*client, *server);
  ASSERT_EQ(server->state(), TlsState::kOpen) << to_line(server->failure()->error);
  EXPECT_EQ(certs::to_uri(server->peer()->identity), "spiffe://hetao/shenzhen/client/alice");

  const auto lost = TlsEngine::client(plain, {.server_name = "elsewhere"});
  const auto listener = TlsEngine::server(server_context);
  shake_hands(*lost, *listener);
  EXPECT_EQ(lost->state(), TlsState::kFailed);
  EXPECT_EQ(lost->failure()->reason, "wrong-host");
}

TEST(Context, RefusesFilesThatDoNotFitAndSaysWhy) {
  const Cities cities;
  const auto good = testing::files_of(certs::forge::good_gateway(cities.world));
  const auto other = testing::files_of(certs::forge::good_gateway(cities.world));
  const auto why = [&](const TlsFiles& files, const TlsOptions& options = {}) {
    const auto made = TlsContext::tunnel(files, cities.trust, options);
    EXPECT_FALSE(made);
    return made ? "" : made.error().why;
  };
  EXPECT_NE(why({good.certificate_pem, other.key_pem}).find("not that of"), std::string::npos);
  EXPECT_NE(why({"", good.key_pem}).find("no certificate"), std::string::npos);
  EXPECT_NE(why({good.certificate_pem, ""}).find("no private key"), std::string::npos);
  const auto& ca = cities.world.shenzhen.ca;
  EXPECT_NE(why({ca.certificate_pem, ca.key_pem}).find("CA"), std::string::npos);
  EXPECT_NE(why(good, {.groups = {"X25519", "nonsense"}}).find("nonsense"), std::string::npos);
  EXPECT_NE(why(good, {.groups = {"?nonsense"}}).find("no key exchange group"), std::string::npos);
  const auto client =
      certs::issue_leaf(ca, {.identity = {"shenzhen", "client", "alice"}}, certs::KeyKind::kEcdsaP256, kNow)
          .value();
  EXPECT_NE(why({client.certificate_pem, client.key_pem}).find("names no gateway"), std::string::npos);
}

TEST(Context, OffersThePostQuantumHybridFirstWhereItExists) {
  const Cities cities;
  const std::string& groups = cities.shenzhen->groups();
  EXPECT_TRUE(groups.starts_with("X25519MLKEM768:X25519:") || groups.starts_with("X25519:")) << groups;
  const auto files = testing::files_of(certs::forge::good_gateway(cities.world, "hongkong"));
  const auto chosen =
      TlsContext::tunnel(files, cities.trust, {.groups = {"?X25519MLKEM768", "P-384"}}).value();
  const auto client = TlsEngine::client(chosen, {});
  const auto server = TlsEngine::server(cities.shenzhen);
  shake_hands(*client, *server);
  EXPECT_EQ(client->state(), TlsState::kOpen);
}

}  // namespace
}  // namespace hetao::io
