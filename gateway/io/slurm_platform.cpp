#include "gateway/io/slurm_platform.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "gateway/base/text.h"
#include "gateway/io/shared_spool.h"

namespace hetao::io {

namespace {

namespace slurm = platforms::slurm;
using federation::PlatformReply;
using platforms::ReplyKind;

// Between an acknowledged submission and its release no crash and restart of slurmctld fits.
constexpr auto kFreshFor = std::chrono::milliseconds(250);
constexpr auto kFirstLook = std::chrono::seconds(2);
constexpr int64_t kTimeMarginSeconds = 120;  // so that the runner's own limit comes first

Result<std::pair<uid_t, gid_t>> user_of(const std::string& name) {
  if (name.empty()) return std::pair{::geteuid(), ::getegid()};
  std::array<char, 4'096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  // Slurm takes a name that does not exist, and its job then never starts.
  if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return fail(ErrorCode::kUsage, "user " + printable(name), "is not known on this machine",
                "name one that this machine and the nodes know");
  return std::pair{found->pw_uid, found->pw_gid};
}

}  // namespace

std::string SlurmPlatform::print(const JobName& name) {
  return std::to_string(name.id) + "@" + name.user;
}

Result<SlurmPlatform::JobName> SlurmPlatform::parse(const std::string& text) {
  JobName name;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), name.id);
  if (error != std::errc() || name.id <= 0 || end == text.data() + text.size() || *end != '@')
    return fail(ErrorCode::kFailed, "Slurm job \"" + printable(text) + "\"", "is no name of one");
  name.user = std::string(end + 1);
  return name;
}

SlurmPlatform::SlurmPlatform(SlurmPlatformConfig config, runner::Spool spool, std::unique_ptr<SlurmLink> link,
                             std::map<std::string, std::pair<uid_t, gid_t>> users, std::string mark,
                             BlobStore& blobs)
    : config_(std::move(config)),
      spool_(std::move(spool)),
      link_(std::move(link)),
      users_(std::move(users)),
      mark_(std::move(mark)),
      blobs_(blobs),
      list_(fail(ErrorCode::kFailed, "list", "not asked for yet")) {}

Result<std::unique_ptr<SlurmPlatform>> SlurmPlatform::open(SlurmPlatformConfig config, BlobStore& blobs) {
  std::map<std::string, std::pair<uid_t, gid_t>> users;
  std::vector<std::string> names = {config.route.user};
  for (const auto& [tenant, route] : config.tenants) names.push_back(route.user);
  for (const std::string& name : names) {
    const auto user = user_of(name);
    if (!user) return fail(user.error());
    if (user->first != ::geteuid() && ::geteuid() != 0)
      return fail(ErrorCode::kUsage, "user " + printable(name), "is another than this gateway's own",
                  "run the gateway as root to let jobs run as several users, or leave `user` out");
    users[name] = *user;
  }
  auto link = config.endpoint.empty() ? open_slurm_commands(config) : open_slurm_rest(config);
  if (!link) return fail(link.error());
  runner::SpoolConfig spool_config;
  spool_config.folder = config.spool;
  spool_config.runner = config.runner;
  spool_config.elsewhere = true;
  spool_config.sandbox.host_root_images = config.host_root_images;
  spool_config.sandbox.host_paths = config.host_paths;
  spool_config.sandbox.containers = config.containers;
  auto spool = runner::Spool::open(std::move(spool_config));
  if (!spool) return fail(spool.error());
  auto mark = spool_mark(config.region, config.spool);
  if (!mark) return fail(mark.error());
  return std::unique_ptr<SlurmPlatform>(new SlurmPlatform(
      std::move(config), std::move(*spool), std::move(*link), std::move(users), std::move(*mark), blobs));
}

slurm::Route SlurmPlatform::route_of(const std::string& tenant) const {
  slurm::Route route = config_.route;
  const auto own = config_.tenants.find(tenant);
  if (own == config_.tenants.end()) return route;
  const auto take = [](std::string& to, const std::string& from) {
    if (!from.empty()) to = from;
  };
  take(route.user, own->second.user);
  take(route.partition, own->second.partition);
  take(route.account, own->second.account);
  take(route.qos, own->second.qos);
  take(route.reservation, own->second.reservation);
  take(route.constraint, own->second.constraint);
  return route;
}

RunFolder SlurmPlatform::folder(const std::string& run, const std::string& user) const {
  std::vector<uid_t> owners = {::geteuid()};
  if (const auto known = users_.find(user); known != users_.end()) owners.push_back(known->second.first);
  return RunFolder(spool_.folder_of(run), std::move(owners));
}

Result<slurm::JobRequest> SlurmPlatform::request_of(const std::string& run, const pb::Run& spec,
                                                    platforms::RunSpec& wanted) const {
  auto made = run_spec_of(run, spec, config_, blobs_);
  if (!made) return fail(made.error());
  wanted = std::move(*made);
  slurm::JobRequest request;
  request.key = run;
  request.comment = slurm::comment_of(mark_, run);
  request.work_folder = spool_.folder_of(run);
  request.output_file = request.work_folder + "/slurm.out";
  request.script = slurm::script_of(config_.runner, request.work_folder);
  request.route = route_of(spec.tenant().id());
  request.group = users_.at(request.route.user).second;
  request.cores = wanted.limits.cpu_cores;
  request.ram_bytes = wanted.limits.ram_bytes;
  request.minutes = (wanted.limits.wall_seconds + kTimeMarginSeconds + 59) / 60;
  if (spec.accelerator().empty()) return request;
  const auto known = config_.accelerators.find(spec.accelerator());
  if (known == config_.accelerators.end())
    return fail(ErrorCode::kUsage, "accelerator " + printable(spec.accelerator()), "is not on this platform");
  if (!known->second.partition.empty()) request.route.partition = known->second.partition;
  wanted.devices = known->second.devices;
  request.gres = known->second.gres + ":" + std::to_string(std::max<int64_t>(1, spec.accelerators()));
  return request;
}

Result<void> SlurmPlatform::hand_over(const std::string& folder, const std::string& user) const {
  const auto [uid, gid] = users_.at(user);
  if (uid == ::geteuid()) return {};
  const std::string spec = folder + "/spec.json";
  if (::chmod(spec.c_str(), 0444) != 0) return fail_errno(spec, "can't be handed over");
  if (::chown(folder.c_str(), uid, gid) != 0) return fail_errno(folder, "can't be handed over");
  return {};
}

federation::RunSubmitted SlurmPlatform::submit(const std::string& run, const pb::Run& spec) {
  platforms::RunSpec wanted;
  auto request = request_of(run, spec, wanted);
  if (!request) return {run, PlatformReply::kRefused, {}, to_line(request.error())};
  const std::string user = request->route.user;
  const auto unknown = [&](const Error& error) {
    return federation::RunSubmitted{run, PlatformReply::kUnknown, {}, to_line(error)};
  };
  const auto folder = spool_.prepare(run);
  if (!folder) return unknown(folder.error());
  if (!spool_.has_whole(run)) {
    const bool same_user = users_.at(user).first == ::geteuid();
    if (auto staged = stage_inputs(*folder, wanted, same_user); !staged) return unknown(staged.error());
    const platforms::Reply kept = spool_.submit_held(wanted);
    if (kept.kind != ReplyKind::kOk) {
      if (kept.kind == ReplyKind::kRefused) (void)spool_.remove(run);
      return {run, reply_of(kept.kind), {}, kept.why};
    }
  }
  if (auto given = hand_over(*folder, user); !given) return unknown(given.error());
  slurm::SubmitReply reply = link_->submit(*request);
  if (reply.doubtful) {
    const slurm::JobReply found = find_job(run);
    if (found.kind == ReplyKind::kAbsent) reply.kind = ReplyKind::kRefused;
    if (found.kind == ReplyKind::kOk) reply = {ReplyKind::kOk, found.job.id, {}, false};
  }
  if (reply.kind == ReplyKind::kRefused) (void)spool_.remove(run);
  if (reply.kind == ReplyKind::kUnknown) doubt();
  if (reply.kind != ReplyKind::kOk) return {run, reply_of(reply.kind), {}, reply.why};
  const std::lock_guard lock(mutex_);
  fresh_[run] = Clock::now();
  return {run, PlatformReply::kOk, print({reply.id, user}), {}};
}

bool SlurmPlatform::is_ours(const slurm::JobRecord& job, const std::string& run) const {
  return job.comment == slurm::comment_of(mark_, run);
}

slurm::JobReply SlurmPlatform::find_job(const std::string& run) {
  const auto asked = Clock::now();
  const std::lock_guard lock(list_mutex_);
  if (list_began_ < asked) {
    list_began_ = Clock::now();
    list_ = link_->list(slurm::comment_of(mark_, ""));
  }
  slurm::JobReply reply;
  if (!list_) {
    reply.why = to_line(list_.error());
    return reply;
  }
  reply.kind = ReplyKind::kAbsent;
  for (const slurm::JobRecord& job : *list_) {
    if (!is_ours(job, run)) continue;
    // Refused submissions leave a record behind, and so do runs that were cancelled before they were known.
    const bool better =
        reply.kind == ReplyKind::kAbsent || (slurm::is_over(reply.job.state) && !slurm::is_over(job.state));
    if (better) reply.job = job;
    reply.kind = ReplyKind::kOk;
  }
  if (reply.kind == ReplyKind::kOk && slurm::is_over(reply.job.state) && reply.job.reason == "BadConstraints")
    reply.kind = ReplyKind::kAbsent;
  return reply;
}

federation::RunFound SlurmPlatform::find(const std::string& run) {
  // Nothing is sent to Slurm before it is whole in the spool.
  if (spool_.find(run).kind == ReplyKind::kAbsent) return {run, PlatformReply::kAbsent, {}};
  const slurm::JobReply found = find_job(run);
  if (found.kind != ReplyKind::kOk) return {run, reply_of(found.kind), {}};
  return {run, PlatformReply::kOk, print({found.job.id, found.job.user})};
}

void SlurmPlatform::watch(const std::string& run, const JobName& job) {
  const std::lock_guard lock(mutex_);
  fresh_.erase(run);
  Watched watched;
  watched.job = job;
  watched.released = Clock::now();
  watched.next_look = watched.released + kFirstLook;
  watched.pause = kFirstLook;
  watched_.try_emplace(run, std::move(watched));
  if (sweep_at_ == Clock::time_point{})
    sweep_at_ = Clock::now() + std::chrono::microseconds(config_.sweep_every.micros);
}

federation::RunReleased SlurmPlatform::release(const std::string& run, const std::string& id) {
  const auto job = parse(id);
  if (!job || spool_.find(run).kind == ReplyKind::kAbsent) return {run, PlatformReply::kAbsent, {}};
  bool fresh = false;
  {
    const std::lock_guard lock(mutex_);
    const auto at = fresh_.find(run);
    fresh = at != fresh_.end() && Clock::now() - at->second < kFreshFor;
    fresh_.erase(run);
  }
  if (!fresh) {
    const slurm::JobReply seen = link_->get(job->user, job->id);
    if (seen.kind == ReplyKind::kUnknown) return {run, PlatformReply::kUnknown, seen.why};
    if (seen.kind == ReplyKind::kRefused) return {run, PlatformReply::kUnknown, seen.why};
    const bool there = seen.kind == ReplyKind::kOk && is_ours(seen.job, run);
    const auto status = spool_.get(run);
    if (!status) return {run, PlatformReply::kUnknown, to_line(status.error())};
    const bool released = status->state != platforms::RunState::kHeld;
    const bool begun = released && status->state != platforms::RunState::kReleased;
    // Let go before; or forgotten since, or over: watching it tells which.
    if (begun || (there ? !seen.job.held : released)) {
      (void)spool_.release(run);
      watch(run, *job);
      return {run, PlatformReply::kOk, {}};
    }
    if (!there) return {run, PlatformReply::kAbsent, {}};
  }
  // First the mark that the runner looks for: the job may start the moment it is let go.
  if (const platforms::Reply marked = spool_.release(run); marked.kind != ReplyKind::kOk)
    return {run, reply_of(marked.kind), marked.why};
  const platforms::Reply reply = link_->release(job->user, job->id);
  // Perhaps released: from here on only watching tells.
  if (reply.kind == ReplyKind::kOk || reply.kind == ReplyKind::kUnknown) {
    if (reply.kind == ReplyKind::kOk) watch(run, *job);
    return {run, reply_of(reply.kind), reply.why};
  }
  return {run, reply_of(reply.kind), reply.why};
}

std::vector<federation::RunObserved> SlurmPlatform::cancel(const std::string& run, const std::string& id) {
  const platforms::Reply marked = spool_.cancel(run);
  const auto job = parse(id);
  if (marked.kind == ReplyKind::kAbsent || !job) {
    federation::RunObserved lost;
    lost.run = run;
    lost.lost = true;
    return {lost};
  }
  if (marked.kind != ReplyKind::kOk) return {};  // asked again by the core
  const slurm::JobReply seen = link_->get(job->user, job->id);
  if (seen.kind == ReplyKind::kUnknown) return {};
  if (seen.kind == ReplyKind::kOk && is_ours(seen.job, run) && !slurm::is_over(seen.job.state)) {
    if (link_->cancel(job->user, job->id).kind == ReplyKind::kUnknown) return {};
  }
  watch(run, *job);
  const std::lock_guard lock(mutex_);
  watched_[run].next_look = Clock::now();
  return {};
}

void SlurmPlatform::remove(const std::string& run) {
  JobName left;
  {
    const std::lock_guard lock(mutex_);
    watched_.erase(run);
    fresh_.erase(run);
    if (const auto at = left_.find(run); at != left_.end()) {
      left = at->second;
      left_.erase(at);
    }
  }
  if (left.id != 0) (void)link_->cancel(left.user, left.id);
  const platforms::Reply reply = spool_.remove(run);
  if (reply.kind == ReplyKind::kOk) return;
  // Its wrapper is on its way out.
  const std::lock_guard lock(mutex_);
  removing_.insert(run);
}

void SlurmPlatform::retry_removals() {
  std::set<std::string> some;
  {
    const std::lock_guard lock(mutex_);
    if (removing_.empty() || Clock::now() < removals_not_before_) return;
    removals_not_before_ = Clock::now() + std::chrono::seconds(1);
    some.swap(removing_);
  }
  for (const std::string& run : some) remove(run);
}

bool SlurmPlatform::is_watching() const {
  const std::lock_guard lock(mutex_);
  return !watched_.empty() || !removing_.empty() || sweep_at_ != Clock::time_point{};
}

std::vector<std::string> SlurmPlatform::list() {
  // Slurm first: a run that is submitted meanwhile has its folder before its job. A cluster that is away
  // keeps what nobody owns until the next start.
  const auto jobs = link_->list(slurm::comment_of(mark_, ""));
  std::vector<std::string> runs = spool_.list().value_or(std::vector<std::string>());
  if (!jobs) return runs;
  for (const slurm::JobRecord& job : *jobs) {
    const std::string run = slurm::key_of(job.comment, mark_);
    if (run.empty() || slurm::is_over(job.state)) continue;
    if (std::find(runs.begin(), runs.end(), run) == runs.end()) runs.push_back(run);
    const std::lock_guard lock(mutex_);
    left_[run] = {job.id, job.user};
  }
  return runs;
}

pb::Platform SlurmPlatform::supply() {
  pb::Platform supply;
  const auto nodes = link_->nodes();
  if (!nodes) {
    supply.set_trouble(to_line(nodes.error()));
    return supply;
  }
  std::map<std::string, std::string> kinds;
  for (const auto& [kind, accelerator] : config_.accelerators) kinds[accelerator.gres] = kind;
  slurm::add_nodes(*nodes, kinds, supply);
  const slurm::QueueReply queue = link_->queue();
  supply.set_running(static_cast<int32_t>(std::min<int64_t>(queue.running, INT32_MAX)));
  supply.set_waiting(static_cast<int32_t>(std::min<int64_t>(queue.waiting, INT32_MAX)));
  const std::lock_guard lock(mutex_);
  if (queue.waiting > 0)
    supply.set_wait_seconds(std::chrono::duration_cast<std::chrono::seconds>(usual_wait_).count());
  return supply;
}

Result<Descriptor> SlurmPlatform::open_log(const std::string& run, const std::string& id,
                                           const std::string& stream) const {
  const auto job = parse(id);
  return folder(run, job ? job->user : config_.route.user).open(stream);
}

federation::RunCollected SlurmPlatform::collect(const std::string& run, const pb::Run& spec) {
  const auto status = spool_.get(run);
  if (!status) return {run, {}, {"outputs: " + to_line(status.error())}, {}};
  const auto job = parse(spec.platform_id());
  const std::string user = job ? job->user : config_.route.user;
  auto collected = folder(run, user).collect(run, spec, *status, blobs_);
  collected.usage = usage_of(*status, spec, {.cpu_cores = 1, .ram_bytes = 0});
  if (job) add_accounting(run, *job, *status, collected.usage);
  return collected;
}

// Slurm's own books: what was allocated, and from when to when.
void SlurmPlatform::add_accounting(const std::string& run, const JobName& name,
                                   const platforms::RunStatus& status, pb::Usage& usage) {
  slurm::JobReply seen = link_->get(name.user, name.id);
  if (seen.kind == ReplyKind::kOk && !is_ours(seen.job, run)) seen.kind = ReplyKind::kAbsent;
  if (seen.kind == ReplyKind::kAbsent) seen = ask_slurm_accounting(config_, name.id, run);
  if (seen.kind != ReplyKind::kOk || seen.job.start_seconds == 0) return;
  const slurm::JobRecord& job = seen.job;
  // While its script is ending, Slurm's end is the limit that it set.
  const int64_t last_word = (status.ended.micros + 999'999) / 1'000'000;
  const int64_t end = slurm::is_over(job.state) ? job.end_seconds : std::max(last_word, job.start_seconds);
  usage.set_source("slurm");
  usage.set_seconds(std::max<int64_t>(0, end - job.start_seconds));
  if (job.cores > 0) usage.set_cores(job.cores);
  usage.set_core_seconds(usage.cores() * usage.seconds());
  if (job.ram_bytes > 0) usage.set_ram_byte_seconds(job.ram_bytes * usage.seconds());
  usage.set_accelerator_seconds(usage.accelerators() * usage.seconds());
}

}  // namespace hetao::io
