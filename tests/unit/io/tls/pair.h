// Two ends of a TLS connection in memory: engines, or a raw OpenSSL peer that does what an engine never
// would.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "gateway/io/tls/tls_engine.h"
#include "tests/unit/certs/forge.h"

namespace hetao::io::testing {

using certs::forge::kNow;

inline TlsFiles files_of(const certs::forge::Presented& presented) {
  TlsFiles files;
  for (const auto& certificate : presented.chain)
    files.certificate_pem += certs::forge::pem_of(certificate.get());
  files.key_pem = certs::forge::pem_of(presented.key.get());
  return files;
}

// Both regions' gateways, and the trust they share.
struct Cities {
  certs::forge::World world = certs::forge::world();
  std::shared_ptr<const certs::TrustStore> trust = trust_of(world);
  std::shared_ptr<const TlsContext> shenzhen = gateway("shenzhen");
  std::shared_ptr<const TlsContext> hongkong = gateway("hongkong");

  static std::shared_ptr<const certs::TrustStore> trust_of(const certs::forge::World& world) {
    auto trust = std::make_shared<certs::TrustStore>();
    for (const auto* region : {&world.shenzhen, &world.hongkong}) {
      EXPECT_TRUE(trust->pin_ca(region->name, region->ca.certificate_pem));
      EXPECT_TRUE(trust->add_crl(region->name, region->crl_pem));
    }
    return trust;
  }
  std::shared_ptr<const TlsContext> gateway(std::string_view region) const {
    return TlsContext::tunnel(files_of(certs::forge::good_gateway(world, region)), trust).value();
  }
};

// Moves what `from` has to say to `to`; true if there was something.
inline bool carry(TlsEngine& from, TlsEngine& to) {
  bool moved = false;
  while (!from.output().empty()) {
    const size_t taken = to.feed(from.output());
    if (taken == 0) break;
    from.output_sent(taken);
    moved = true;
  }
  return moved;
}

inline void shake_hands(TlsEngine& client, TlsEngine& server, Instant now = kNow) {
  client.handshake(now);
  for (int turn = 0; turn < 20; ++turn) {
    const bool to_server = carry(client, server);
    server.handshake(now);
    const bool to_client = carry(server, client);
    client.handshake(now);
    if (!to_server && !to_client) break;
  }
}

inline std::string read_text(TlsEngine& engine) {
  std::string text(100'000, '\0');
  text.resize(engine.read({reinterpret_cast<uint8_t*>(text.data()), text.size()}));
  return text;
}

// A peer made of OpenSSL alone, at security level 0, that verifies nobody.
class RawPeer {
 public:
  explicit RawPeer(bool is_client) : context_(SSL_CTX_new(TLS_method())), is_client_(is_client) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
    static constexpr unsigned char kAlpn[] = "\x07hetao/1";
    SSL_CTX_set_alpn_protos(context_.get(), kAlpn, 8);
    SSL_CTX_set_alpn_select_cb(context_.get(), &select, nullptr);
    SSL_CTX_set_num_tickets(context_.get(), 0);
  }
  SSL_CTX* context() { return context_.get(); }
  bool use(const certs::forge::Presented& presented) {
    const bool is_used = SSL_CTX_use_certificate(context(), presented.chain[0].get()) == 1 &&
                         SSL_CTX_use_PrivateKey(context(), presented.key.get()) == 1;
    for (size_t i = 1; i < presented.chain.size(); ++i)
      SSL_CTX_add1_chain_cert(context(), presented.chain[i].get());
    if (is_client_) SSL_CTX_set_verify(context(), SSL_VERIFY_NONE, nullptr);
    return is_used;
  }
  SSL* start() {
    ssl_.reset(SSL_new(context()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    is_client_ ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
    return ssl_.get();
  }
  bool step() { return SSL_do_handshake(ssl_.get()) == 1; }
  SSL* ssl() { return ssl_.get(); }
  void give(ByteView bytes) { BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())); }
  Bytes take() {
    Bytes bytes(BIO_ctrl_pending(out_));
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }

 private:
  static int select(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned,
                    void*) {
    *out = in + 1;
    *size = in[0];
    return SSL_TLSEXT_ERR_OK;
  }

  std::unique_ptr<SSL_CTX, certs::Freer<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, certs::Freer<SSL_free>> ssl_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  bool is_client_;
};

// Runs the handshake as far as it goes. What the raw peer sends early (`eager`) goes along with its last
// flight.
inline void shake_hands(RawPeer& raw, TlsEngine& engine, std::string_view eager = {}) {
  bool was_eager = false;
  for (int turn = 0; turn < 20; ++turn) {
    const bool is_done = raw.step();
    if (is_done && !eager.empty() && !was_eager) {
      was_eager = true;
      SSL_write(raw.ssl(), eager.data(), static_cast<int>(eager.size()));
    }
    const Bytes sent = raw.take();
    engine.feed(sent);
    engine.handshake(kNow);
    const Bytes answer(engine.output().begin(), engine.output().end());
    engine.output_sent(answer.size());
    raw.give(answer);
    if (turn > 1 && sent.empty() && answer.empty()) break;
  }
}

}  // namespace hetao::io::testing
