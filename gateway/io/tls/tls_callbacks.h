// How OpenSSL reaches an engine: the callbacks that a context installs. Internal to the engine.
#pragma once

#include <openssl/ssl.h>

namespace hetao::io {

class TlsEngine;

struct TlsCallbacks {
  // Judges the peer's chain inside the handshake.
  static int verify(X509_STORE_CTX* store, void* unused);
  // A server picks ours among the client's protocols, or ends with no_application_protocol.
  static int select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                         const unsigned char* in, unsigned in_size, void* context);
  // A tunnel's client must offer a protocol at all.
  static int client_hello(SSL* ssl, int* alert, void* context);
  // Counts what a peer may send legally but too often.
  static void message(int is_write, int version, int content, const void* bytes, size_t size, SSL* ssl,
                      void* unused);

  static TlsEngine* engine_of(SSL* ssl) { return static_cast<TlsEngine*>(SSL_get_app_data(ssl)); }
};

}  // namespace hetao::io
