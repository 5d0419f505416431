#include "gateway/io/kubernetes_link.h"

namespace hetao::io {

namespace {

namespace kubernetes = platforms::kubernetes;
using Clock = std::chrono::steady_clock;

constexpr auto kServerAge = std::chrono::minutes(10);

}  // namespace

Result<std::unique_ptr<KubernetesLink>> KubernetesLink::open(const KubernetesPlatformConfig& config) {
  HttpClientConfig client;
  client.endpoint = config.endpoint;
  client.ca = config.ca;
  client.patience = config.call_patience;
  auto opened = HttpClient::open(std::move(client));
  if (!opened) return fail(opened.error());
  return std::unique_ptr<KubernetesLink>(new KubernetesLink(config, std::move(*opened)));
}

Result<HttpClient::Headers> KubernetesLink::headers() {
  const std::lock_guard lock(mutex_);
  auto token = token_.read();
  if (!token) return fail(token.error());
  return HttpClient::Headers{{"Authorization", "Bearer " + *token}, {"Accept", "application/json"}};
}

platforms::HttpReply KubernetesLink::ask(const platforms::HttpCall& call) {
  const auto with = headers();
  // Not sent, so surely not done; but it is looked up all the same, once the token is good again.
  if (!with) return {0, {}, to_line(with.error())};
  return client_->send(call, *with);
}

platforms::HttpReply KubernetesLink::stream(const platforms::HttpCall& call, const HttpClient::Take& take,
                                            const std::atomic<bool>& stop, Duration patience) {
  const auto with = headers();
  if (!with) return {0, {}, to_line(with.error())};
  return client_->stream(call, *with, take, stop, patience);
}

Result<kubernetes::Server> KubernetesLink::server() {
  {
    const std::lock_guard lock(mutex_);
    if (asked_ != Clock::time_point{} && Clock::now() - asked_ < kServerAge) return server_;
  }
  kubernetes::Server server;
  const auto minor = kubernetes::read_version(ask(kubernetes::version_call()));
  if (!minor) return fail(minor.error());
  server.minor = *minor;
  if (scheduler_ != KubernetesPlatformConfig::Scheduler::kKubernetes) {
    const auto volcano = kubernetes::read_announced(ask(kubernetes::volcano_call()));
    if (!volcano) return fail(volcano.error());
    server.volcano = *volcano;
    if (!server.volcano && scheduler_ == KubernetesPlatformConfig::Scheduler::kVolcano)
      return fail(ErrorCode::kFailed, "Kubernetes", "the server does not announce batch.volcano.sh",
                  "install Volcano, or leave `scheduler` out");
  }
  const std::lock_guard lock(mutex_);
  server_ = server;
  asked_ = Clock::now();
  return server_;
}

}  // namespace hetao::io
