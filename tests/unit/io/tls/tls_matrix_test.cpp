// The negative matrix through the engine, in both roles: a refused peer gets no byte to the caller, one alert
// for every reason, and our own log the true one.
#include <gtest/gtest.h>

#include "tests/unit/io/tls/pair.h"

namespace hetao::io {
namespace {

using certs::forge::BadCase;
using testing::Cities;
using testing::RawPeer;

const Cities& cities() {
  static const Cities kCities;
  return kCities;
}

class Matrix : public ::testing::TestWithParam<bool> {
 protected:
  // The engine under test has the other role than the raw peer.
  std::unique_ptr<TlsEngine> engine() const {
    return GetParam() ? TlsEngine::server(cities().shenzhen) : TlsEngine::client(cities().shenzhen, {});
  }
  bool raw_is_client() const { return GetParam(); }

  void expect_refused(TlsEngine& engine, std::string_view reason, const std::string& name) {
    EXPECT_EQ(engine.state(), TlsState::kFailed) << name;
    ASSERT_TRUE(engine.failure().has_value()) << name;
    EXPECT_EQ(engine.failure()->reason, reason) << name << ": " << to_line(engine.failure()->error);
    EXPECT_EQ(testing::read_text(engine), "") << name;
    EXPECT_EQ(engine.write(as_bytes("x")), 0U) << name;
    EXPECT_FALSE(engine.peer().has_value()) << name;
  }
};
INSTANTIATE_TEST_SUITE_P(BothRoles, Matrix, ::testing::Bool(),
                         [](const auto& role) { return role.param ? "AsServer" : "AsClient"; });

std::string alert_seen_by(RawPeer& raw) {
  while (ERR_get_error() != 0) {
  }
  char byte = 0;
  SSL_read(raw.ssl(), &byte, 1);
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  while (ERR_get_error() != 0) {
  }
  return reason > 1000 ? SSL_alert_desc_string_long(reason - 1000) : "none";
}

TEST_P(Matrix, ABadCertificateIsRefusedBeforeAnyByteAndWithOneAlert) {
  size_t ran = 0;
  for (const BadCase& bad : certs::forge::bad_cases()) {
    if (!bad.key_can_sign) continue;
    RawPeer raw(raw_is_client());
    if (!raw.use(bad.make(cities().world))) continue;  // OpenSSL itself won't present it
    raw.start();
    const auto under_test = engine();
    testing::shake_hands(raw, *under_test, "early plaintext");
    expect_refused(*under_test, certs::to_word(bad.reason), bad.name);
    if (raw_is_client()) {
      EXPECT_EQ(alert_seen_by(raw), "bad certificate") << bad.name;
    }
    ++ran;
  }
  EXPECT_GE(ran, 60U);
}

TEST_P(Matrix, OlderProtocolsAreRefused) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
    RawPeer raw(raw_is_client());
    raw.use(certs::forge::good_gateway(cities().world));
    SSL_CTX_set_min_proto_version(raw.context(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(raw.context(), version);
    SSL_CTX_set_cipher_list(raw.context(), "ALL:@SECLEVEL=0");
    raw.start();
    const auto under_test = engine();
    testing::shake_hands(raw, *under_test);
    EXPECT_EQ(under_test->state(), TlsState::kFailed);
    const std::string reason = under_test->failure()->reason;
    EXPECT_TRUE(reason == "protocol" || reason == "peer-alert") << reason;
    EXPECT_EQ(testing::read_text(*under_test), "");
  }
}

TEST_P(Matrix, AWrongOrMissingProtocolNameIsRefused) {
  static constexpr unsigned char kHttp[] = "\x08http/1.1";
  for (const bool is_missing : {false, true}) {
    RawPeer raw(raw_is_client());
    raw.use(certs::forge::good_gateway(cities().world));
    SSL_CTX_set_alpn_protos(raw.context(), is_missing ? nullptr : kHttp, is_missing ? 0 : 9);
    SSL_CTX_set_alpn_select_cb(raw.context(), nullptr, nullptr);  // as a server: chooses none
    raw.start();
    const auto under_test = engine();
    testing::shake_hands(raw, *under_test, "early");
    EXPECT_EQ(under_test->state(), TlsState::kFailed);
    EXPECT_EQ(under_test->failure()->reason, "alpn");
    EXPECT_EQ(testing::read_text(*under_test), "");
  }
}

TEST_P(Matrix, BytesThatAreNoTlsAreRefused) {
  for (const char* bytes :
       {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10",
        "\x16\x03\x01\xff\xff", "\x17\x03\x03\x00\x01\x00\x00\x00", "SSH-2.0-OpenSSH_9.2\r\n"}) {
    const auto under_test = engine();
    under_test->handshake(testing::kNow);
    const std::string text(bytes);
    under_test->feed(as_bytes(text + std::string(64, '\0')));
    under_test->handshake(testing::kNow);
    expect_refused(*under_test, "protocol", text);
  }
}

TEST_P(Matrix, ATunnelThatIsCutInTheHandshakeIsCut) {
  const auto under_test = engine();
  under_test->handshake(testing::kNow);
  under_test->input_ended();
  EXPECT_EQ(under_test->handshake(testing::kNow), TlsState::kFailed);
  EXPECT_EQ(under_test->failure()->reason, "cut");
  EXPECT_TRUE(under_test->input_space(1).empty());
}

TEST_P(Matrix, AFinishedMessageThatWasChangedIsRefused) {
  // Every record of the raw peer's last flight, one bit changed in its last byte.
  RawPeer raw(raw_is_client());
  raw.use(certs::forge::good_gateway(cities().world));
  raw.start();
  const auto under_test = engine();
  for (int turn = 0; turn < 10 && under_test->state() == TlsState::kHandshake; ++turn) {
    raw.step();
    Bytes sent = raw.take();
    const bool is_last = raw_is_client() ? turn > 0 : turn > 0 && !sent.empty();
    if (is_last && !sent.empty()) sent.back() ^= 1U;
    under_test->feed(sent);
    under_test->handshake(testing::kNow);
    raw.give(under_test->output());
    under_test->output_sent(under_test->output().size());
  }
  expect_refused(*under_test, "protocol", "changed record");
}

TEST_P(Matrix, WithoutARevocationListInForceEveryPeerIsRefused) {
  const auto& region = cities().world.shenzhen;
  const auto list = [&](Instant from) {
    return certs::create_crl(region.ca, {}, 2, from, certs::forge::kDay).value();
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "crl-missing"},
      {list(testing::kNow - Duration::seconds(2 * 86'400)), "crl-expired"},
      {list(testing::kNow + Duration::seconds(1)), "crl-not-yet-valid"}};
  for (const auto& [crl, reason] : cases) {
    auto trust = std::make_shared<certs::TrustStore>();
    ASSERT_TRUE(trust->pin_ca("shenzhen", region.ca.certificate_pem));
    if (!crl.empty()) {
      ASSERT_TRUE(trust->add_crl("shenzhen", crl));
    }
    const auto context =
        TlsContext::tunnel(testing::files_of(certs::forge::good_gateway(cities().world)), trust).value();
    RawPeer raw(raw_is_client());
    raw.use(certs::forge::good_gateway(cities().world, "shenzhen", "gw-2"));
    raw.start();
    const auto under_test = GetParam() ? TlsEngine::server(context) : TlsEngine::client(context, {});
    testing::shake_hands(raw, *under_test, "early plaintext");
    expect_refused(*under_test, reason, reason);
  }
}

TEST_P(Matrix, AFloodOfKeyUpdatesIsCut) {
  RawPeer raw(raw_is_client());
  raw.use(certs::forge::good_gateway(cities().world));
  raw.start();
  const auto under_test = engine();
  testing::shake_hands(raw, *under_test);
  ASSERT_EQ(under_test->state(), TlsState::kOpen);
  std::array<uint8_t, 100> plaintext{};
  const auto update_keys = [&](int times) {
    for (int i = 0; i < times; ++i) {
      SSL_key_update(raw.ssl(), SSL_KEY_UPDATE_NOT_REQUESTED);
      raw.step();
      under_test->feed(raw.take());
      under_test->read(plaintext);
    }
  };
  update_keys(20);
  EXPECT_EQ(under_test->state(), TlsState::kOpen);
  update_keys(20);
  ASSERT_EQ(under_test->state(), TlsState::kFailed);
  EXPECT_EQ(under_test->failure()->reason, "key-update-flood");
}

TEST(TlsServer, RefusesAClientWithoutACertificate) {
  RawPeer raw(true);
  raw.start();
  const auto server = TlsEngine::server(cities().shenzhen);
  testing::shake_hands(raw, *server, "early plaintext");
  EXPECT_EQ(server->state(), TlsState::kFailed);
  EXPECT_EQ(server->failure()->reason, "no-certificate");
  EXPECT_EQ(testing::read_text(*server), "");
}

TEST(TlsServer, ResumesNothingAndGivesNoTickets) {
  RawPeer raw(true);
  raw.use(certs::forge::good_gateway(cities().world));
  raw.start();
  const auto server = TlsEngine::server(cities().shenzhen);
  testing::shake_hands(raw, *server);
  ASSERT_EQ(server->state(), TlsState::kOpen);
  char byte = 0;
  SSL_read(raw.ssl(), &byte, 1);
  SSL_SESSION* session = SSL_get1_session(raw.ssl());
  EXPECT_EQ(SSL_SESSION_is_resumable(session), 0);
  SSL_SESSION_free(session);
}

TEST(TlsClient, IgnoresARequestToAuthenticateAfterTheHandshake) {
  RawPeer raw(false);
  raw.use(certs::forge::good_gateway(cities().world, "hongkong"));
  raw.start();
  const auto client = TlsEngine::client(cities().shenzhen, {});
  testing::shake_hands(raw, *client);
  ASSERT_EQ(client->state(), TlsState::kOpen);
  // The client did not offer the extension, so OpenSSL's server refuses to ask at all.
  EXPECT_EQ(SSL_verify_client_post_handshake(raw.ssl()), 0);
}

TEST(TlsClient, RefusesAPeerOfAnotherRegionThanItDialled) {
  const auto client = TlsEngine::client(cities().shenzhen, {.region = "shenzhen"});
  const auto server = TlsEngine::server(cities().hongkong);
  testing::shake_hands(*client, *server);
  EXPECT_EQ(client->state(), TlsState::kFailed);
  EXPECT_EQ(client->failure()->reason, "wrong-peer");
  const auto named = TlsEngine::client(cities().shenzhen, {.region = "hongkong", .gateway = "gw-2"});
  const auto other = TlsEngine::server(cities().hongkong);
  testing::shake_hands(*named, *other);
  EXPECT_EQ(named->failure()->reason, "wrong-peer");
}

}  // namespace
}  // namespace hetao::io
