#include "gateway/io/tls/tls_engine.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <algorithm>

#include "certs/verify_x509.h"
#include "gateway/base/check.h"
#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/io/tls/tls_callbacks.h"
#include "gateway/io/tls/verdict_cache.h"

namespace hetao::io {

namespace {

// As a ClientHello of one protocol alone has it.
constexpr std::string_view kOldHttpAlpn("\x08http/1.0", 9);

// Messages after the handshake that a well-behaved peer sends rarely: key updates, tickets.
constexpr uint64_t kOddMessagesFree = 32;
constexpr uint64_t kOddMessagesPerBytes = uint64_t{1} << 20U;
// Room that a record of any kind may need beyond what write() was given.
constexpr size_t kRecordOverhead = 1024;
constexpr size_t kRecordBytes = 16384;

// The BIO under SSL: reads from one flat buffer and writes to another. No copy but that of the bytes.
int bio_read(BIO* bio, char* out, size_t wanted, size_t* taken) {
  auto* input = static_cast<FlatBuffer*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (input->empty()) {
    BIO_set_retry_read(bio);
    return 0;
  }
  *taken = std::min(wanted, input->size());
  std::memcpy(out, input->view().data(), *taken);
  input->consume(*taken);
  return 1;
}

int bio_write(BIO* bio, const char* bytes, size_t size, size_t* written) {
  static_cast<FlatBuffer*>(BIO_get_data(bio))->append({reinterpret_cast<const uint8_t*>(bytes), size});
  *written = size;
  return 1;
}

long bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

using BioMethodPtr = std::unique_ptr<BIO_METHOD, certs::Freer<BIO_meth_free>>;

BIO* new_bio(FlatBuffer* buffer) {
  // Made once a process, never changed: OpenSSL asks for a table of functions that outlives every BIO.
  static const BioMethodPtr kMethod = [] {
    BioMethodPtr method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hetao flat buffer"));
    HETAO_CHECK(method != nullptr);
    BIO_meth_set_read_ex(method.get(), &bio_read);
    BIO_meth_set_write_ex(method.get(), &bio_write);
    BIO_meth_set_ctrl(method.get(), &bio_control);
    return method;
  }();
  BIO* bio = BIO_new(kMethod.get());
  HETAO_CHECK(bio != nullptr);
  BIO_set_data(bio, buffer);
  BIO_set_init(bio, 1);
  return bio;
}

Error tls_error(std::string why, std::string hint = {}) {
  return {ErrorCode::kUnreachable, "TLS connection", std::move(why), std::move(hint)};
}

TlsFailure failure_of(const certs::Refusal& refusal) {
  return {certs::to_word(refusal.reason), refusal.error};
}

}  // namespace

int TlsCallbacks::verify(X509_STORE_CTX* store, void* /*unused*/) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsEngine* engine = engine_of(ssl);
  if (engine->judge_peer(X509_STORE_CTX_get0_cert(store), X509_STORE_CTX_get0_untrusted(store))) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  // One alert, bad_certificate, for every reason: a refused peer learns nothing.
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

int TlsCallbacks::select_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                              const unsigned char* in, unsigned in_size, void* context) {
  const auto* owner = static_cast<const TlsContext*>(context);
  const std::string_view ours = owner->kind() == TlsKind::kTunnel ? kTunnelAlpn : kHttpAlpn;
  const std::string_view offered(reinterpret_cast<const char*>(in), in_size);
  for (size_t at = 0; at < offered.size();) {
    const size_t size = static_cast<unsigned char>(offered[at]);
    if (offered.substr(at + 1, size) == ours) {
      *out = in + at + 1;
      *out_size = static_cast<unsigned char>(size);
      return SSL_TLSEXT_ERR_OK;
    }
    at += 1 + size;
  }
  // An old client of HTTP says what it speaks in its request; between gateways there is one protocol.
  if (owner->kind() != TlsKind::kTunnel && offered == kOldHttpAlpn) return SSL_TLSEXT_ERR_NOACK;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int TlsCallbacks::client_hello(SSL* ssl, int* alert, void* context) {
  const unsigned char* bytes = nullptr;
  size_t size = 0;
  const bool has_alpn =
      SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &bytes, &size) == 1;
  if (has_alpn || static_cast<const TlsContext*>(context)->kind() != TlsKind::kTunnel)
    return SSL_CLIENT_HELLO_SUCCESS;
  engine_of(ssl)->fail_with({"alpn", tls_error("the peer offered no protocol: it is no gateway",
                                               "check the address: this port is for tunnels")});
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

void TlsCallbacks::message(int is_write, int /*version*/, int content, const void* bytes, size_t size,
                           SSL* ssl, void* /*unused*/) {
  if (is_write != 0 || content != SSL3_RT_HANDSHAKE || size == 0) return;
  engine_of(ssl)->note_message(*static_cast<const uint8_t*>(bytes));
}

TlsEngine::TlsEngine(std::shared_ptr<const TlsContext> context, bool is_client, TlsTarget target)
    : context_(std::move(context)), is_client_(is_client), target_(std::move(target)) {
  ssl_.reset(SSL_new(context_->native()));
  HETAO_CHECK(ssl_ != nullptr);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_bio(ssl_.get(), new_bio(&input_), new_bio(&output_));
  if (!is_client_) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  // RFC 6066, section 3: addresses are not sent as server names.
  const bool is_address = target_.server_name.find(':') != std::string::npos ||
                          target_.server_name.find_first_not_of("0123456789.") == std::string::npos;
  if (!target_.server_name.empty() && !is_address)
    SSL_set_tlsext_host_name(ssl_.get(), target_.server_name.c_str());
}

TlsEngine::~TlsEngine() = default;

std::unique_ptr<TlsEngine> TlsEngine::client(std::shared_ptr<const TlsContext> context, TlsTarget target) {
  HETAO_CHECK(context != nullptr && context->kind() != TlsKind::kHttpsServer);
  return std::unique_ptr<TlsEngine>(new TlsEngine(std::move(context), true, std::move(target)));
}

std::unique_ptr<TlsEngine> TlsEngine::server(std::shared_ptr<const TlsContext> context) {
  HETAO_CHECK(context != nullptr && context->kind() != TlsKind::kHttpsClient);
  return std::unique_ptr<TlsEngine>(new TlsEngine(std::move(context), false, {}));
}

std::span<uint8_t> TlsEngine::input_space(size_t want) {
  const bool is_open = state_ == TlsState::kOpen;
  if (state_ == TlsState::kFailed || state_ == TlsState::kEnded || input_ended_) return {};
  const size_t bound = is_open ? limits::kTlsInputBytesMax : limits::kTlsHandshakeBytesMax;
  const size_t room = bound - std::min(bound, input_.size());
  const size_t size = std::min(want, room);
  return size == 0 ? std::span<uint8_t>() : input_.prepare(size);
}

void TlsEngine::input_filled(size_t size) {
  input_.commit(size);
}

size_t TlsEngine::feed(ByteView ciphertext) {
  const auto space = input_space(ciphertext.size());
  if (space.empty()) return 0;
  std::memcpy(space.data(), ciphertext.data(), space.size());
  input_filled(space.size());
  return space.size();
}

void TlsEngine::input_ended() {
  input_ended_ = true;
}

void TlsEngine::fail_with(TlsFailure failure) {
  if (failure_) return;  // the first reason is the true one
  failure_ = std::move(failure);
  state_ = TlsState::kFailed;
}

// The peer's alert in words, or what OpenSSL found wrong with its bytes.
void TlsEngine::fail_from_openssl(std::string_view doing) {
  constexpr int kAlertBase = 1000;  // OpenSSL counts received alerts from here
  const auto code = ERR_peek_last_error();
  const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  const std::string words = certs::openssl_reason();
  if (reason > kAlertBase) {
    const char* name = SSL_alert_desc_string_long(reason - kAlertBase);
    fail_with({"peer-alert", tls_error("the peer ended it: " + std::string(name != nullptr ? name : words),
                                       "look into the peer's log")});
  } else if (reason == SSL_R_NO_APPLICATION_PROTOCOL) {
    fail_with({"alpn", tls_error("the peer speaks another protocol", "check address and port")});
  } else if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    fail_with({certs::to_word(certs::Reason::kNoCertificate),
               tls_error("the peer gave no certificate", "give it one of its region's CA")});
  } else {
    fail_with({"protocol", tls_error(std::string(doing) + ": " + words)});
  }
}

// What a result of SSL_… means for the state; true if it succeeded.
bool TlsEngine::after_step(int result, std::string_view doing) {
  if (failure_) {
    ERR_clear_error();
    return false;
  }
  if (result == 1) return true;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      ERR_clear_error();
      if (input_ended_ && input_.empty()) {
        fail_with({"cut", tls_error("the connection was cut", "look at the link and at the peer's log")});
      }
      return false;
    case SSL_ERROR_ZERO_RETURN:
      if (state_ == TlsState::kHandshake) {
        fail_with({"cut", tls_error("the peer ended it before the handshake was done")});
      } else {
        state_ = TlsState::kEnded;
      }
      return false;
    default:
      fail_from_openssl(doing);
      return false;
  }
}

void TlsEngine::note_message(int type) {
  if (state_ == TlsState::kHandshake || (type != SSL3_MT_KEY_UPDATE && type != SSL3_MT_NEWSESSION_TICKET))
    return;
  ++odd_messages_in_;
  if (odd_messages_in_ > kOddMessagesFree + plaintext_bytes_in_ / kOddMessagesPerBytes) {
    fail_with({"key-update-flood", tls_error("the peer sends key updates or tickets without end")});
  }
}

TlsEngine::Judgement TlsEngine::judge_chain(const certs::TrustStore* trust, Instant now) const {
  std::vector<X509*> chain;
  for (const auto& certificate : peer_certificates_) chain.push_back(certificate.get());
  if (context_->kind() == TlsKind::kHttpsClient) {
    auto verdict = certs::verify_parsed_https_server(chain, context_->roots(), target_.server_name, now);
    if (!verdict) return tl::unexpected<certs::Refusal>(verdict.error());
    return std::nullopt;
  }
  HETAO_CHECK(trust != nullptr);
  certs::Expectation expected;
  if (context_->kind() == TlsKind::kTunnel) {
    expected.usage = is_client_ ? certs::Usage::kTunnelServer : certs::Usage::kTunnelClient;
    expected.region = target_.region;
    expected.name = target_.gateway;
  } else {
    expected.usage = certs::Usage::kApiClient;
  }
  // A recheck under newer trust has no cache, and needs none.
  VerdictCache* cache = trust == context_->trust() ? &VerdictCache::of(context_->native()) : nullptr;
  const Digest name = cache != nullptr ? VerdictCache::name_of(chain, expected.usage) : Digest{};
  if (auto known = cache != nullptr ? cache->find(name, now) : std::nullopt) {
    if (auto fits = certs::check_expected(known->identity, expected); !fits)
      return tl::unexpected<certs::Refusal>(fits.error());
    return known;
  }
  auto peer = certs::accept_parsed(chain, *trust, now, expected);
  if (!peer) return tl::unexpected<certs::Refusal>(peer.error());
  if (cache != nullptr) cache->keep(name, *peer, now);
  return std::optional<certs::PeerFacts>(std::move(peer->facts));
}

bool TlsEngine::judge_peer(X509* leaf, STACK_OF(X509) * sent) {
  peer_certificates_.clear();
  const auto keep = [this](X509* certificate) {
    X509_up_ref(certificate);
    peer_certificates_.emplace_back(certificate);
  };
  if (leaf != nullptr) keep(leaf);
  // What was sent holds the leaf too.
  for (int i = 1; i < sk_X509_num(sent); ++i) keep(sk_X509_value(sent, i));
  auto verdict = judge_chain(context_->trust(), now_);
  if (!verdict) {
    fail_with(failure_of(verdict.error()));
    return false;
  }
  judged_ = std::move(*verdict);
  return true;
}

bool TlsEngine::finish_handshake() {
  const std::string_view wanted = context_->kind() == TlsKind::kTunnel ? kTunnelAlpn : kHttpAlpn;
  const bool is_tunnel = context_->kind() == TlsKind::kTunnel;
  // HTTPS works without ALPN; a tunnel does not.
  if (alpn() != wanted && (is_tunnel || !alpn().empty())) {
    fail_with(
        {"alpn", tls_error("the peer chose no protocol that is spoken here", "check address and port")});
    return false;
  }
  // Only now has the peer shown that it holds the key of what it presented.
  peer_ = std::move(judged_);
  HETAO_CHECK(!is_tunnel || peer_.has_value());
  state_ = TlsState::kOpen;
  return true;
}

TlsState TlsEngine::handshake(Instant now) {
  if (state_ != TlsState::kHandshake) return state_;
  now_ = now;
  ERR_clear_error();
  if (after_step(SSL_do_handshake(ssl_.get()), "handshake")) finish_handshake();
  return state_;
}

size_t TlsEngine::read(std::span<uint8_t> out) {
  size_t total = 0;
  while (state_ == TlsState::kOpen && total < out.size()) {
    size_t size = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), out.data() + total, out.size() - total, &size);
    if (!after_step(result, "reading")) break;
    total += size;
    plaintext_bytes_in_ += size;
  }
  return total;
}

size_t TlsEngine::write(ByteView plaintext) {
  const bool may_write = state_ == TlsState::kOpen || state_ == TlsState::kEnded;
  if (!may_write || closed_) return 0;
  size_t total = 0;
  while (total < plaintext.size()) {
    const size_t size = std::min(plaintext.size() - total, kRecordBytes);
    if (output_.size() + size + kRecordOverhead > limits::kTlsOutputBytesMax) break;
    size_t written = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_.get(), plaintext.data() + total, size, &written);
    if (!after_step(result, "writing")) break;
    total += written;
  }
  return total;
}

void TlsEngine::close() {
  if (closed_ || state_ == TlsState::kHandshake || state_ == TlsState::kFailed) return;
  closed_ = true;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

certs::Chain TlsEngine::peer_chain() const {
  certs::Chain chain;
  for (const auto& certificate : peer_certificates_) chain.push_back(certs::to_der(certificate.get()));
  return chain;
}

std::string_view TlsEngine::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsEngine::group() const {
  const char* name = SSL_group_to_name(ssl_.get(), static_cast<int>(SSL_get_negotiated_group(ssl_.get())));
  return name != nullptr ? name : "";
}

std::string TlsEngine::cipher() const {
  const char* name = SSL_get_cipher_name(ssl_.get());
  return name != nullptr ? name : "";
}

TlsState TlsEngine::recheck(const certs::TrustStore& trust, Instant now) {
  const bool is_up = state_ == TlsState::kOpen || state_ == TlsState::kEnded;
  if (!is_up || !peer_) return state_;
  if (auto verdict = judge_chain(&trust, now); !verdict) fail_with(failure_of(verdict.error()));
  return state_;
}

}  // namespace hetao::io
