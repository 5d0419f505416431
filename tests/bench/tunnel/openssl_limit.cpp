// What OpenSSL alone does: full mutual TLS 1.3 handshakes in memory, both ends on one thread, with the same
// certificates, group and cipher as the tunnel's, and OpenSSL's own check of the chain. No socket, no region,
// no revocation list: the limit that the tunnel's handshakes are measured against.
//
//   bench_openssl PKI THREADS SECONDS      prints handshakes a second
//
// PKI is a folder with shenzhen/ and hongkong/ as `hetao certs init` and `issue` make them. Not a test.
#include <openssl/ssl.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct ContextFreer {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslFreer {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, ContextFreer>;
using SslPtr = std::unique_ptr<SSL, SslFreer>;

void must(bool is_so, const char* what) {
  if (is_so) return;
  std::fprintf(stderr, "bench_openssl: %s\n", what);
  std::exit(1);
}

ContextPtr context_of(const std::string& pki, const std::string& own, const std::string& other) {
  ContextPtr context(SSL_CTX_new(TLS_method()));
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
  must(SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256") == 1, "no AES-128-GCM");
  must(SSL_CTX_set1_groups_list(c, "X25519") == 1, "no X25519");
  SSL_CTX_set_num_tickets(c, 0);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  const std::string folder = pki + "/" + own + "/";
  must(SSL_CTX_use_certificate_chain_file(c, (folder + "gw-1.crt").c_str()) == 1, "own certificate");
  must(SSL_CTX_use_PrivateKey_file(c, (folder + "gw-1.key").c_str(), SSL_FILETYPE_PEM) == 1, "own key");
  must(SSL_CTX_load_verify_locations(c, (pki + "/" + other + "/ca.crt").c_str(), nullptr) == 1, "CA");
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

void shake_hands(SSL_CTX* client_context, SSL_CTX* server_context) {
  const SslPtr client(SSL_new(client_context));
  const SslPtr server(SSL_new(server_context));
  BIO* left = nullptr;
  BIO* right = nullptr;
  must(BIO_new_bio_pair(&left, 0, &right, 0) == 1, "memory");
  SSL_set_bio(client.get(), left, left);
  SSL_set_bio(server.get(), right, right);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  int steps = 0;
  while (SSL_is_init_finished(client.get()) == 0 || SSL_is_init_finished(server.get()) == 0) {
    SSL_do_handshake(client.get());
    SSL_do_handshake(server.get());
    must(++steps < 20, "a handshake failed");
  }
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) return std::fprintf(stderr, "usage: bench_openssl PKI THREADS SECONDS\n"), 2;
  const ContextPtr client = context_of(words[1], "shenzhen", "hongkong");
  const ContextPtr server = context_of(words[1], "hongkong", "shenzhen");
  std::vector<size_t> done(std::stoul(words[2]));
  const auto began = Clock::now();
  const auto end = began + std::chrono::seconds(std::stoi(words[3]));
  std::vector<std::thread> threads;
  threads.reserve(done.size());
  for (size_t& mine : done) {
    threads.emplace_back([&] {
      while (Clock::now() < end) shake_hands(client.get(), server.get()), ++mine;
    });
  }
  for (auto& thread : threads) thread.join();
  size_t total = 0;
  for (const size_t mine : done) total += mine;
  std::printf("%.1f\n",
              static_cast<double>(total) / std::chrono::duration<double>(Clock::now() - began).count());
  return 0;
}
