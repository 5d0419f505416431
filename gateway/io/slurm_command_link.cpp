// Slurm by its own commands: sbatch, scontrol, scancel, sacct.
#include <unistd.h>

#include <fstream>

#include "gateway/base/text.h"
#include "gateway/io/run_command.h"
#include "gateway/io/slurm_link.h"
#include "gateway/platforms/slurm/commands.h"

namespace hetao::io {

namespace {

namespace slurm = platforms::slurm;

slurm::CommandOutcome carry_out(const SlurmPlatformConfig& config, slurm::Command command) {
  CommandCall call;
  call.words = std::move(command.words);
  if (!config.commands.empty()) call.words[0] = config.commands + "/" + call.words[0];
  call.input = std::move(command.input);
  call.patience = config.call_patience;
  call.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"SLURM_TIME_FORMAT", "%s"}, {"LANG", "C"}};
  if (!config.slurm_conf.empty()) call.environment.emplace_back("SLURM_CONF", config.slurm_conf);
  CommandResult result = run_command(call);
  return {result.exit_code, std::move(result.out), std::move(result.err), std::move(result.trouble)};
}

class CommandLink : public SlurmLink {
 public:
  explicit CommandLink(SlurmPlatformConfig config) : config_(std::move(config)) {}

  slurm::SubmitReply submit(const slurm::JobRequest& request) override {
    const bool as_user = ::geteuid() == 0 && !request.route.user.empty() && request.route.user != "root";
    return slurm::read_sbatch(carry_out(config_, slurm::sbatch_command(request, as_user)));
  }
  slurm::JobReply get(const std::string& /*user*/, int64_t id) override {
    return slurm::read_shown_job(carry_out(config_, slurm::show_job_command(id)), id);
  }
  platforms::Reply release(const std::string& /*user*/, int64_t id) override {
    return slurm::read_changed(carry_out(config_, slurm::release_command(id)));
  }
  platforms::Reply cancel(const std::string& /*user*/, int64_t id) override {
    return slurm::read_changed(carry_out(config_, slurm::cancel_command(id)));
  }
  Result<std::vector<slurm::JobRecord>> list(std::string_view comment_prefix) override {
    return slurm::read_shown_jobs(carry_out(config_, slurm::show_jobs_command()), comment_prefix);
  }
  Result<std::vector<slurm::NodeRecord>> nodes() override {
    return slurm::read_shown_nodes(carry_out(config_, slurm::show_nodes_command()));
  }
  slurm::QueueReply queue() override {
    return slurm::read_shown_queue(carry_out(config_, slurm::show_queue_command()));
  }

 private:
  SlurmPlatformConfig config_;
};

// The newest line of that job: an id may have been another's before.
slurm::JobReply look_into_log(const std::string& path, int64_t id, std::string_view key) {
  slurm::JobReply reply;
  std::ifstream file(path);
  if (!file) {
    reply.why = path + ": can't be read";
    return reply;
  }
  reply.kind = platforms::ReplyKind::kAbsent;
  for (std::string line; std::getline(file, line);) {
    if (auto job = slurm::read_completion_line(line, id, key)) {
      reply.kind = platforms::ReplyKind::kOk;
      reply.job = std::move(*job);
    }
  }
  return reply;
}

}  // namespace

Result<std::unique_ptr<SlurmLink>> open_slurm_commands(const SlurmPlatformConfig& config) {
  return std::make_unique<CommandLink>(config);
}

slurm::JobReply ask_slurm_accounting(const SlurmPlatformConfig& config, int64_t id, std::string_view key) {
  slurm::JobReply reply;
  reply.why = "neither sacct nor completion_log is configured";
  if (config.sacct) {
    reply = slurm::read_accounting(carry_out(config, slurm::accounting_command(id)), id, key);
    if (reply.kind == platforms::ReplyKind::kOk) return reply;
  }
  if (!config.completion_log.empty()) {
    slurm::JobReply logged = look_into_log(config.completion_log, id, key);
    if (logged.kind == platforms::ReplyKind::kOk || !config.sacct) return logged;
  }
  return reply;
}

}  // namespace hetao::io
