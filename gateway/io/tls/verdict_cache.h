// Chains that were accepted under one TrustStore, so that a peer that connects again (a lane, a reconnect)
// costs no second check of the same signatures. An acceptance holds from when it was judged until the first
// end of a certificate or revocation list that it rests on; refusals are never kept. A reload makes a new
// store, and with it a new cache. What is asked of a peer beyond its chain is not in here. Thread-safe.
#pragma once

#include <openssl/ssl.h>

#include <map>
#include <mutex>
#include <optional>

#include "certs/verify_x509.h"

namespace hetao::io {

class VerdictCache {
 public:
  // The one of this context: made with it, and gone with it.
  static VerdictCache& of(SSL_CTX* context);
  static void attach_to(SSL_CTX* context);

  // A chain is named by its certificates and the usage that it was judged for.
  static Digest name_of(certs::X509Chain chain, certs::Usage usage);

  std::optional<certs::PeerFacts> find(const Digest& chain, Instant now) const;
  void keep(const Digest& chain, const certs::AcceptedPeer& peer, Instant judged);

 private:
  struct Entry {
    certs::AcceptedPeer peer;
    Instant judged;
  };
  static constexpr size_t kEntriesMax = 256;

  mutable std::mutex mutex_;
  std::map<Digest, Entry> entries_;
};

}  // namespace hetao::io
