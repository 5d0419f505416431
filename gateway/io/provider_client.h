// Calls to identity providers: over libcurl, no redirects, bounded in time and bytes, connections kept open
// by host. What is asked and what answers mean is gateway/identity's. Blocking; thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gateway/identity/flow.h"
#include "gateway/io/http_client.h"

namespace hetao::io {

class ProviderClient {
 public:
  // `ca`: a file of certificates that provider's hosts are verified by; empty: the system's.
  explicit ProviderClient(std::string ca) : ca_(std::move(ca)) {}

  identity::ProviderReply call(const identity::ProviderCall& call);

 private:
  HttpClient* client_of(const std::string& origin, std::string& trouble);

  const std::string ca_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<HttpClient>> by_origin_;
};

}  // namespace hetao::io
