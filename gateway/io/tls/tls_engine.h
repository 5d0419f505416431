// One TLS connection as a transformer of bytes: ciphertext in and out, plaintext in and out, on flat buffers.
// No socket, no clock: whoever owns the connection pumps, and passes the time at which the peer is judged.
//
// Promises
// - No plaintext leaves read(), and none is taken by write(), before the handshake is done and the peer was
//   accepted (certs::verify_chain inside the handshake; ALPN checked).
// - A peer's orderly end (close_notify) and a cut are never mixed up: kEnded against kFailed "cut".
// - Memory stays under the bounds of limits.h: input_space() and write() push back.
// - A refused peer is told the same alert whatever the reason.
//
// The pump:  do { n = recv(input_space()); input_filled(n) or input_ended(); handshake(now) or read(plain);
//                 send(output()); output_sent(n); } while (...)
// Not thread-safe: one thread at a time. Not movable (OpenSSL points into it).
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "certs/verify.h"
#include "gateway/base/bytes.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/io/tls/flat_buffer.h"
#include "gateway/io/tls/tls_context.h"

namespace hetao::io {

enum class TlsState {
  kHandshake,  // call handshake() whenever input came
  kOpen,
  kEnded,   // the peer ended orderly; write() still works until close()
  kFailed,  // failure() says why; output() may hold an alert to send
};

struct TlsFailure {
  // Stable word: a certificate's reason (certs::to_word), or "cut", "alpn", "protocol", "peer-alert",
  // "key-update-flood", "handshake-too-large", "no-certificate".
  std::string reason;
  Error error;
};

// Whom a client wants to reach.
struct TlsTarget {
  std::string server_name = {};             // SNI, and for HTTPS the name or address that is verified
  std::optional<std::string> region = {};   // tunnels: the peer's region must be this one
  std::optional<std::string> gateway = {};  // tunnels: and its name this one
};

class TlsEngine {
 public:
  static std::unique_ptr<TlsEngine> client(std::shared_ptr<const TlsContext> context, TlsTarget target);
  static std::unique_ptr<TlsEngine> server(std::shared_ptr<const TlsContext> context);
  ~TlsEngine();
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  // Ciphertext from the wire. The space is where the next bytes go, at most `want` of them and perhaps none:
  // then read() first. The span is good until the next call of any other function.
  std::span<uint8_t> input_space(size_t want);
  void input_filled(size_t size);
  size_t feed(ByteView ciphertext);  // the same by copying; answers how much it took
  void input_ended();                // the transport is at its end

  // Ciphertext for the wire. The view is good until the next call of any other function.
  ByteView output() const { return output_.view(); }
  void output_sent(size_t size) { output_.consume(size); }
  // The same without a copy: all of it changes places with `empty`.
  void swap_output(FlatBuffer& empty) { std::swap(output_, empty); }

  // Goes on with the handshake. Does nothing in other states. A client calls it once to begin.
  TlsState handshake(Instant now);

  // Decrypts into `out`; answers how much. 0: look at state(), or more input is needed.
  size_t read(std::span<uint8_t> out);
  // Encrypts; answers how much was taken: less than all when the output is full, 0 when not open.
  size_t write(ByteView plaintext);
  // Sends close_notify. Reading goes on until the peer ends too.
  void close();

  TlsState state() const { return state_; }
  const std::optional<TlsFailure>& failure() const { return failure_; }
  // The accepted peer; none for HTTPS clients without a certificate, and for HTTPS servers.
  const std::optional<certs::PeerFacts>& peer() const { return peer_; }
  certs::Chain peer_chain() const;  // what it sent, DER, leaf first
  std::string_view alpn() const;
  std::string group() const;   // "x25519"
  std::string cipher() const;  // "TLS_AES_128_GCM_SHA256"

  // Judges the accepted peer again, with newer lists or a later time. A refusal fails the engine: the caller
  // closes the transport, which the peer sees as a cut, never as an orderly end.
  TlsState recheck(const certs::TrustStore& trust, Instant now);

 private:
  friend struct TlsCallbacks;
  TlsEngine(std::shared_ptr<const TlsContext> context, bool is_client, TlsTarget target);

  void fail_with(TlsFailure failure);
  void fail_from_openssl(std::string_view doing);
  bool finish_handshake();
  bool judge_peer(X509* leaf, STACK_OF(X509) * sent);
  using Judgement = tl::expected<std::optional<certs::PeerFacts>, certs::Refusal>;
  Judgement judge_chain(const certs::TrustStore* trust, Instant now) const;
  void note_message(int type);
  bool after_step(int result, std::string_view doing);

  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<SSL, certs::Freer<SSL_free>> ssl_;
  FlatBuffer input_;
  FlatBuffer output_;
  bool is_client_;
  bool input_ended_ = false;
  bool closed_ = false;
  TlsTarget target_;
  Instant now_;  // of the call of handshake() that is running
  TlsState state_ = TlsState::kHandshake;
  std::optional<TlsFailure> failure_;
  std::optional<certs::PeerFacts>
      judged_;  // its certificate is good; its possession of the key is not shown yet
  std::optional<certs::PeerFacts> peer_;
  std::vector<certs::X509Ptr> peer_certificates_;
  uint64_t plaintext_bytes_in_ = 0;
  uint64_t odd_messages_in_ = 0;
};

}  // namespace hetao::io
