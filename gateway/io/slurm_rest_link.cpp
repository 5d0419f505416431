// slurmrestd: the version is asked for once, tokens are read again when their file changes, and one that has
// ended is noticed here, because slurmrestd's answer to it looks like a broken network.
#include <map>
#include <mutex>

#include "gateway/base/text.h"
#include "gateway/io/http_client.h"
#include "gateway/io/slurm_link.h"
#include "gateway/io/token_file.h"
#include "gateway/platforms/token.h"

namespace hetao::io {

namespace {

namespace slurm = platforms::slurm;
using platforms::HttpCall;
using platforms::HttpReply;

constexpr std::string_view kUserMark = "{user}";

class RestLink : public SlurmLink {
 public:
  RestLink(const SlurmPlatformConfig& config, std::unique_ptr<HttpClient> client)
      : token_file_(config.token_file), user_(config.route.user), client_(std::move(client)) {}

  slurm::SubmitReply submit(const slurm::JobRequest& request) override {
    return slurm::read_submit(
        ask(request.route.user, [&](int version) { return slurm::submit_call(version, request); }));
  }
  slurm::JobReply get(const std::string& user, int64_t id) override {
    return slurm::read_job(ask(user, [&](int version) { return slurm::get_call(version, id); }), id);
  }
  platforms::Reply release(const std::string& user, int64_t id) override {
    return slurm::read_change(ask(user, [&](int version) { return slurm::release_call(version, id); }));
  }
  platforms::Reply cancel(const std::string& user, int64_t id) override {
    return slurm::read_change(ask(user, [&](int version) { return slurm::cancel_call(version, id); }));
  }
  Result<std::vector<slurm::JobRecord>> list(std::string_view comment_prefix) override {
    return slurm::read_jobs(ask(user_, slurm::list_call), comment_prefix);
  }
  Result<std::vector<slurm::NodeRecord>> nodes() override {
    return slurm::read_nodes(ask(user_, slurm::nodes_call));
  }
  slurm::QueueReply queue() override { return slurm::read_queue(ask(user_, slurm::queue_call)); }

 private:
  template <class Make>
  HttpReply ask(const std::string& user, const Make& make) {
    const auto headers = headers_for(user.empty() ? user_ : user);
    // Not sent, so surely not done; but it is looked up all the same, once the token is good again.
    if (!headers) return {0, {}, to_line(headers.error())};
    const auto version = version_with(*headers);
    if (!version) return {0, {}, to_line(version.error())};
    HttpReply reply = client_->send(make(*version), *headers);
    if (reply.status == 404) forget_version();  // slurmrestd was replaced by another
    return reply;
  }

  Result<HttpClient::Headers> headers_for(const std::string& user) {
    const std::lock_guard lock(mutex_);
    std::string path = token_file_;
    if (const size_t at = path.find(kUserMark); at != std::string::npos)
      path.replace(at, kUserMark.size(), user);
    auto token = tokens_.try_emplace(path, path, TokenFile::Kind::kSlurm).first->second.read();
    if (!token) return fail(token.error());
    const std::string name = user.empty() ? platforms::token_word(*token, "sun") : user;
    return HttpClient::Headers{{"X-SLURM-USER-NAME", name}, {"X-SLURM-USER-TOKEN", std::move(*token)}};
  }

  Result<int> version_with(const HttpClient::Headers& headers) {
    {
      const std::lock_guard lock(mutex_);
      if (version_ != 0) return version_;
    }
    const HttpReply reply = client_->send(slurm::version_call(), headers);
    if (reply.status != 200)
      return fail(ErrorCode::kUnreachable, "slurmrestd",
                  reply.status == 0
                      ? reply.trouble
                      : "answered " + std::to_string(reply.status) + " when asked for its versions: " +
                            readable(std::string_view(reply.body).substr(0, 128), 128));
    const auto version = slurm::choose_version(reply.body);
    if (!version) return fail(version.error());
    const std::lock_guard lock(mutex_);
    version_ = *version;
    return version_;
  }

  void forget_version() {
    const std::lock_guard lock(mutex_);
    version_ = 0;
  }

  std::string token_file_;
  std::string user_;
  std::unique_ptr<HttpClient> client_;
  std::mutex mutex_;
  std::map<std::string, TokenFile> tokens_;
  int version_ = 0;
};

}  // namespace

Result<std::unique_ptr<SlurmLink>> open_slurm_rest(const SlurmPlatformConfig& config) {
  HttpClientConfig client;
  client.endpoint = config.endpoint;
  client.patience = config.call_patience;
  auto opened = HttpClient::open(std::move(client));
  if (!opened) return fail(opened.error());
  return std::make_unique<RestLink>(config, std::move(*opened));
}

}  // namespace hetao::io
