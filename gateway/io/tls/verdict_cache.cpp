#include "gateway/io/tls/verdict_cache.h"

#include <memory>

#include "gateway/base/check.h"
#include "gateway/ledger/sha256.h"

namespace hetao::io {

namespace {

void free_cache(void* /*parent*/, void* cache, CRYPTO_EX_DATA* /*data*/, int /*index*/, long /*argl*/,
                void* /*argp*/) {
  delete static_cast<VerdictCache*>(cache);
}

// OpenSSL's own way to let something live as long as a context.
int place_in_context() {
  static const int kIndex = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_cache);
  return kIndex;
}

}  // namespace

void VerdictCache::attach_to(SSL_CTX* context) {
  auto cache = std::make_unique<VerdictCache>();
  HETAO_CHECK(SSL_CTX_set_ex_data(context, place_in_context(), cache.get()) == 1);
  HETAO_CHECK(cache.release() != nullptr);  // free_cache() has it
}

VerdictCache& VerdictCache::of(SSL_CTX* context) {
  auto* cache = static_cast<VerdictCache*>(SSL_CTX_get_ex_data(context, place_in_context()));
  HETAO_CHECK(cache != nullptr);
  return *cache;
}

Digest VerdictCache::name_of(certs::X509Chain chain, certs::Usage usage) {
  Bytes text = {static_cast<uint8_t>(usage)};
  for (X509* certificate : chain) {
    const Digest one = certs::fingerprint_of(certificate);
    text.insert(text.end(), one.bytes.begin(), one.bytes.end());
  }
  return ledger::sha256(text);
}

std::optional<certs::PeerFacts> VerdictCache::find(const Digest& chain, Instant now) const {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(chain);
  if (at == entries_.end() || now < at->second.judged || now >= at->second.peer.good_until)
    return std::nullopt;
  return at->second.peer.facts;
}

void VerdictCache::keep(const Digest& chain, const certs::AcceptedPeer& peer, Instant judged) {
  const std::lock_guard lock(mutex_);
  // Few peers fill it: when it is full, most of what it has is of certificates that were rotated away.
  if (entries_.size() >= kEntriesMax && !entries_.contains(chain)) entries_.clear();
  entries_.insert_or_assign(chain, Entry{peer, judged});
}

}  // namespace hetao::io
