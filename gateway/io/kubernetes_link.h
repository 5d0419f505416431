// How the gateway talks to one Kubernetes cluster: HTTPS with a service account's token, which is read again
// when it is renewed. Calls block; thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "gateway/base/result.h"
#include "gateway/io/http_client.h"
#include "gateway/io/shell_config.h"
#include "gateway/io/token_file.h"
#include "gateway/platforms/kubernetes/api.h"

namespace hetao::io {

class KubernetesLink {
 public:
  // kUsage if the configuration can't be meant so. Speaks to nobody yet: a cluster may be away at the start.
  static Result<std::unique_ptr<KubernetesLink>> open(const KubernetesPlatformConfig& config);

  // What the server is and announces; asked again from time to time, because clusters are upgraded.
  Result<platforms::kubernetes::Server> server();
  platforms::HttpReply ask(const platforms::HttpCall& call);
  platforms::HttpReply stream(const platforms::HttpCall& call, const HttpClient::Take& take,
                              const std::atomic<bool>& stop, Duration patience);

 private:
  KubernetesLink(const KubernetesPlatformConfig& config, std::unique_ptr<HttpClient> client)
      : scheduler_(config.scheduler),
        client_(std::move(client)),
        token_(config.token_file, TokenFile::Kind::kKubernetes) {}
  Result<HttpClient::Headers> headers();

  KubernetesPlatformConfig::Scheduler scheduler_;
  std::unique_ptr<HttpClient> client_;
  std::mutex mutex_;  // of all below
  TokenFile token_;
  platforms::kubernetes::Server server_;
  std::chrono::steady_clock::time_point asked_{};
};

}  // namespace hetao::io
