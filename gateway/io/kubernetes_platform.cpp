#include "gateway/io/kubernetes_platform.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <filesystem>

#include "gateway/base/limits.h"
#include "gateway/base/text.h"
#include "gateway/io/durable_file.h"
#include "gateway/io/shared_spool.h"
#include "gateway/platforms/json_value.h"
#include "gateway/platforms/kubernetes/names.h"
#include "gateway/runner/files.h"
#include "gateway/runner/scratch.h"

namespace hetao::io {

namespace {

namespace kubernetes = platforms::kubernetes;
using federation::PlatformReply;
using platforms::ReplyKind;

constexpr auto kFirstLook = std::chrono::seconds(5);
constexpr auto kPolicyAge = std::chrono::seconds(60);
constexpr int64_t kNobody = 65'534;
constexpr size_t kBodyBytesMax = size_t{2} << 20U;  // etcd takes 1.5 MiB
constexpr std::string_view kStepPath = "/.bin/hetao-step";
constexpr std::string_view kJobFile = "/job.json";

runner::SpoolConfig spool_config_of(const KubernetesPlatformConfig& config) {
  runner::SpoolConfig spool;
  spool.folder = config.spool;
  spool.runner = config.step;
  spool.elsewhere = true;
  spool.sandbox.containers.images = config.images;  // a container of an image, as podman's is
  return spool;
}

// The program lies where pods can mount it: in the spool, under one name for all builds.
Result<void> install_step(const std::string& step, const std::string& spool) {
  const std::string folder = spool + "/.bin";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (::chmod(folder.c_str(), 0755) != 0) return fail_errno(folder, "can't be made");
  const std::string next = folder + "/.next";
  ::unlink(next.c_str());
  const auto from = open_file(step, O_RDONLY);
  if (!from) return fail(from.error());
  const auto to = open_file(next, O_WRONLY | O_CREAT | O_EXCL, 0755);
  if (!to) return fail(to.error());
  if (auto copied = runner::copy_file(from->get(), to->get()); !copied) return copied;
  if (::fchmod(to->get(), 0755) != 0 || ::fsync(to->get()) != 0) return fail_errno(next, "can't be synced");
  const std::string path = spool + std::string(kStepPath);
  if (::rename(next.c_str(), path.c_str()) != 0) return fail_errno(path, "can't be put in place");
  return {};
}

// To the user of the containers: what lies there is ours so far, and no link is among it.
Result<void> give_tree(const std::string& folder, int64_t user, int64_t group) {
  std::error_code error;
  const auto give = [&](const std::string& path) {
    return ::lchown(path.c_str(), static_cast<uid_t>(user), static_cast<gid_t>(group)) == 0;
  };
  if (!give(folder)) return fail_errno(folder, "can't be handed over");
  for (std::filesystem::recursive_directory_iterator at(folder, error), end; at != end; at.increment(error)) {
    if (error || !give(at->path().string())) return fail_errno(at->path().string(), "can't be handed over");
  }
  return {};
}

}  // namespace

Result<KubernetesPlatform::JobName> KubernetesPlatform::parse(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size() || !check_names(text))
    return fail(ErrorCode::kFailed, "Kubernetes job \"" + printable(text) + "\"", "is no name of one");
  return JobName{text.substr(0, slash), text.substr(slash + 1)};
}

// Both go into paths of URLs.
bool KubernetesPlatform::check_names(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '/' || c == '.';
  });
}

KubernetesPlatform::KubernetesPlatform(KubernetesPlatformConfig config, runner::Spool spool,
                                       std::unique_ptr<KubernetesLink> link, std::string mark,
                                       BlobStore& blobs)
    : config_(std::move(config)),
      spool_(std::move(spool)),
      link_(std::move(link)),
      mark_(std::move(mark)),
      blobs_(blobs) {}

Result<std::unique_ptr<KubernetesPlatform>> KubernetesPlatform::open(KubernetesPlatformConfig config,
                                                                     BlobStore& blobs) {
  const bool root = ::geteuid() == 0;
  if (config.user < 0) config.user = root ? kNobody : ::geteuid();
  if (config.group < 0) config.group = root ? kNobody : ::getegid();
  if (config.user != int64_t{::geteuid()} && !root)
    return fail(ErrorCode::kUsage, "user " + std::to_string(config.user),
                "is another than this gateway's own, which could not read what jobs write",
                "run the gateway as root, or leave `user` out");
  auto link = KubernetesLink::open(config);
  if (!link) return fail(link.error());
  auto spool = runner::Spool::open(spool_config_of(config));
  if (!spool) return fail(spool.error());
  if (auto installed = install_step(config.step, config.spool); !installed) return fail(installed.error());
  auto mark = spool_mark(config.region, config.spool);
  if (!mark) return fail(mark.error());
  return std::unique_ptr<KubernetesPlatform>(new KubernetesPlatform(
      std::move(config), std::move(*spool), std::move(*link), std::move(*mark), blobs));
}

kubernetes::Route KubernetesPlatform::route_of(const std::string& tenant) const {
  kubernetes::Route route = config_.route;
  const auto own = config_.tenants.find(tenant);
  if (own == config_.tenants.end()) return route;
  const auto take = [](auto& to, const auto& from) {
    if (!from.empty()) to = from;
  };
  take(route.name_space, own->second.name_space);
  take(route.service_account, own->second.service_account);
  take(route.priority_class, own->second.priority_class);
  take(route.queue, own->second.queue);
  take(route.pull_secrets, own->second.pull_secrets);
  take(route.node_labels, own->second.node_labels);
  return route;
}

std::vector<std::string> KubernetesPlatform::name_spaces() const {
  std::set<std::string> all = {config_.route.name_space};
  for (const auto& [tenant, route] : config_.tenants) {
    if (!route.name_space.empty()) all.insert(route.name_space);
  }
  return {all.begin(), all.end()};
}

RunFolder KubernetesPlatform::folder(const std::string& run) const {
  return RunFolder(spool_.folder_of(run), {::geteuid(), static_cast<uid_t>(config_.user)});
}

// hetao-step keeps the streams there; at the end they are taken to where other platforms have them.
Result<Descriptor> KubernetesPlatform::open_log(const std::string& run, const std::string& /*id*/,
                                                const std::string& stream) const {
  const RunFolder its = folder(run);
  auto ended = its.open(stream);
  return ended ? std::move(ended) : its.open("log/" + stream);
}

// Said at once, and not by a pod that waits for ever.
Result<void> KubernetesPlatform::fits_a_node(const platforms::RunSpec& spec, const pb::Run& run) const {
  const std::lock_guard lock(mutex_);
  const auto most = [&](std::string_view resource) {
    int64_t value = 0;
    for (const kubernetes::NodeRecord& node : nodes_) {
      const auto at = node.allocatable.find(resource);
      if (at != node.allocatable.end()) value = std::max(value, at->second);
    }
    return value;
  };
  if (nodes_.empty()) return {};
  const auto check = [&](const std::string& what, int64_t asked, int64_t there) -> Result<void> {
    if (asked <= there) return {};
    return fail(ErrorCode::kUsage, what,
                "the job asks for " + std::to_string(asked) + ", and no node of this cluster has more than " +
                    std::to_string(there));
  };
  if (auto ok = check("cpu_cores", spec.limits.cpu_cores, most("cpu") / 1'000); !ok) return ok;
  if (auto ok = check("ram", spec.limits.ram_bytes, most("memory")); !ok) return ok;
  const auto known = config_.accelerators.find(run.accelerator());
  if (known == config_.accelerators.end()) return {};
  return check(run.accelerator(), run.accelerators(), most(known->second.resource));
}

Result<platforms::RunSpec> KubernetesPlatform::wanted_of(const std::string& run, const pb::Run& spec) const {
  auto wanted = run_spec_of(run, spec, config_, blobs_);
  if (!wanted) return wanted;
  if (!spec.accelerator().empty() && !config_.accelerators.contains(spec.accelerator()))
    return fail(ErrorCode::kUsage, "accelerator " + printable(spec.accelerator()), "is not on this platform");
  if (!wanted->network && !config_.network_policies_kept)
    return fail(ErrorCode::kForbidden, "network",
                "this cluster is not said to keep network policies, so that it can't cut a job off",
                "the operator sets network_policies: kept once its network plugin does");
  if (auto fits = fits_a_node(*wanted, spec); !fits) return fail(fits.error());
  return wanted;
}

kubernetes::JobRequest KubernetesPlatform::request_of(const std::string& run, const pb::Run& spec,
                                                      kubernetes::Route route) const {
  kubernetes::JobRequest request;
  request.run = run;
  request.mark = mark_;
  request.route = std::move(route);
  request.volume = config_.volume;
  request.pull = config_.pull;
  request.user = config_.user;
  request.group = config_.group;
  request.keep_seconds = config_.keep.micros / 1'000'000;
  request.spool = config_.spool;
  if (const auto known = config_.accelerators.find(spec.accelerator()); known != config_.accelerators.end()) {
    request.accelerator_resource = known->second.resource;
    request.accelerators = std::max<int64_t>(1, spec.accelerators());
    for (const auto& label : known->second.node_labels) request.route.node_labels.push_back(label);
  }
  return request;
}

Result<void> KubernetesPlatform::ensure_no_network(const std::string& name_space) {
  {
    const std::lock_guard lock(mutex_);
    const auto at = guarded_.find(name_space);
    if (at != guarded_.end() && Clock::now() - at->second < kPolicyAge) return {};
  }
  const auto there = kubernetes::read_policy(link_->ask(kubernetes::policy_call(name_space)));
  if (!there) return fail(there.error());
  if (!*there) {
    auto made = link_->ask(kubernetes::create_policy_call(name_space));
    if (made.status == 409) made = link_->ask(kubernetes::replace_policy_call(name_space));
    if (made.status != 200 && made.status != 201)
      return fail(ErrorCode::kUnreachable, "network policy of " + name_space,
                  "can't be made: " + kubernetes::failure_of(made));
  }
  const std::lock_guard lock(mutex_);
  guarded_[name_space] = Clock::now();
  return {};
}

bool KubernetesPlatform::is_ours(const kubernetes::JobRecord& job, const std::string& run) const {
  return job.mark == mark_ && job.run == run;
}

kubernetes::JobReply KubernetesPlatform::create(const kubernetes::Server& server, const JobName& job,
                                                const std::string& run, std::string body) {
  auto made = kubernetes::read_created(
      link_->ask(kubernetes::create_call(server, job.name_space, std::move(body), false)));
  if (made.exists) {
    made = kubernetes::read_job(link_->ask(kubernetes::get_call(server, job.name_space, job.name)));
    // It went in between: whoever asks again finds out.
    if (made.kind == ReplyKind::kAbsent) made.kind = ReplyKind::kUnknown;
  }
  if (made.kind != ReplyKind::kOk || is_ours(made.job, run)) return made;
  kubernetes::JobReply refused;
  refused.kind = ReplyKind::kRefused;
  refused.why = "namespace " + job.name_space + " has a Job " + job.name + " that is not this run's";
  return refused;
}

// What is refused, is for good: kUsage or kForbidden.
Result<void> KubernetesPlatform::lay_down(const std::string& run, const pb::Run& spec,
                                          platforms::RunSpec& wanted, const kubernetes::Server& server) {
  const platforms::SandboxConfig sandbox = spool_config_of(config_).sandbox;
  if (auto allowed = platforms::check(sandbox, wanted); !allowed) return allowed;
  const auto path = spool_.prepare(run);
  if (!path) return fail(path.error());
  if (auto staged = stage_inputs(*path, wanted, config_.user == int64_t{::geteuid()}); !staged) return staged;
  const auto folder = runner::open_folder(*path);
  if (!folder) return fail(folder.error());
  if (auto log = runner::make_folder_at(folder->get(), "log"); !log) return fail(log.error());
  const auto scratch =
      runner::Scratch::prepare(folder->get(), *path, sandbox, wanted, config_.spool + std::string(kStepPath));
  auto binds = scratch ? scratch->binds_for(platforms::Engine::kPodman) : fail(scratch.error());
  if (!binds) return fail(binds.error());
  kubernetes::JobRequest request = request_of(run, spec, route_of(spec.tenant().id()));
  request.binds = std::move(*binds);
  const auto body = kubernetes::job_body(server, request, wanted, true);
  if (!body) return fail(body.error());
  if (auto kept = write_durably(*path + std::string(kJobFile), as_bytes(*body)); !kept) return kept;
  if (config_.user != int64_t{::geteuid()}) {
    if (auto given = give_tree(*path, config_.user, config_.group); !given) return given;
  }
  const platforms::Reply held = spool_.submit_held(wanted);
  if (held.kind == ReplyKind::kOk) return {};
  return fail(held.kind == ReplyKind::kRefused ? ErrorCode::kUsage : ErrorCode::kFailed, "run", held.why);
}

Result<KubernetesPlatform::KeptJob> KubernetesPlatform::kept_job(const std::string& run) const {
  auto body = read_text(spool_.folder_of(run) + std::string(kJobFile), kBodyBytesMax);
  if (!body) return fail(body.error());
  const auto value = parse_json(*body, "job.json", kBodyBytesMax);
  if (!value || !value->is_object()) return fail(ErrorCode::kFailed, "job.json of " + run, "can't be read");
  const json::object* meta = platforms::object_in(value->get_object(), "metadata");
  const json::object* spec = platforms::object_in(value->get_object(), "spec");
  if (meta == nullptr || spec == nullptr)
    return fail(ErrorCode::kFailed, "job.json of " + run, "is no Job of ours");
  KeptJob kept;
  kept.name = {platforms::text(*meta, "namespace"), platforms::text(*meta, "name")};
  kept.held = platforms::flag(*spec, "suspend");
  kept.body = std::move(*body);
  return kept;
}

federation::RunSubmitted KubernetesPlatform::submit(const std::string& run, const pb::Run& spec) {
  const auto unknown = [&](const Error& error) {
    return federation::RunSubmitted{run, PlatformReply::kUnknown, {}, to_line(error)};
  };
  auto wanted = wanted_of(run, spec);
  if (!wanted) return {run, PlatformReply::kRefused, {}, to_line(wanted.error())};
  const auto server = link_->server();
  if (!server) return unknown(server.error());
  if (!spool_.has_whole(run)) {
    if (auto laid = lay_down(run, spec, *wanted, *server); !laid) {
      const ErrorCode code = laid.error().code;
      if (code != ErrorCode::kUsage && code != ErrorCode::kForbidden) return unknown(laid.error());
      (void)spool_.remove(run);
      return {run, PlatformReply::kRefused, {}, to_line(laid.error())};
    }
  }
  const auto kept = kept_job(run);
  if (!kept) return unknown(kept.error());
  if (!wanted->network) {
    if (auto guarded = ensure_no_network(kept->name.name_space); !guarded) return unknown(guarded.error());
  }
  // Held: suspended at the server, or tried there and kept here.
  kubernetes::JobReply reply = kept->held ? create(*server, kept->name, run, kept->body)
                                          : kubernetes::read_created(link_->ask(kubernetes::create_call(
                                                *server, kept->name.name_space, kept->body, true)));
  if (!kept->held && reply.exists) reply.kind = ReplyKind::kOk;  // whose it is shows when it is let go
  if (reply.kind == ReplyKind::kRefused) (void)spool_.remove(run);
  if (reply.kind != ReplyKind::kOk) return {run, reply_of(reply.kind), {}, reply.why};
  return {run, PlatformReply::kOk, print(kept->name), {}};
}

federation::RunFound KubernetesPlatform::find(const std::string& run) {
  // Nothing is sent before it is whole in the spool.
  if (spool_.find(run).kind == ReplyKind::kAbsent) return {run, PlatformReply::kAbsent, {}};
  const auto kept = kept_job(run);
  if (!kept) return {run, PlatformReply::kUnknown, {}};
  if (!kept->held) return {run, PlatformReply::kOk, print(kept->name)};
  const auto server = link_->server();
  if (!server) return {run, PlatformReply::kUnknown, {}};
  const auto seen =
      kubernetes::read_job(link_->ask(kubernetes::get_call(*server, kept->name.name_space, kept->name.name)));
  if (seen.kind == ReplyKind::kOk && !is_ours(seen.job, run)) return {run, PlatformReply::kAbsent, {}};
  return {run, reply_of(seen.kind), seen.kind == ReplyKind::kOk ? print(kept->name) : std::string()};
}

// False: the run's specification can't be read just now.
bool KubernetesPlatform::watch(const std::string& run, const JobName& job, const std::string& doomed) {
  const auto opened = runner::open_folder(spool_.folder_of(run));
  const auto text = opened ? runner::read_file_at(opened->get(), "spec.json", limits::kRunSpecBytesMax)
                           : fail(opened.error());
  auto submission = text ? runner::parse_submission(*text) : fail(text.error());
  if (!submission) return false;
  const std::lock_guard lock(mutex_);
  auto& its_watch = watches_[job.name_space];
  if (!its_watch) its_watch = std::make_unique<KubernetesWatch>(*link_, job.name_space, mark_);
  Watched watched;
  watched.job = job;
  watched.spec = std::move(submission->spec);
  watched.released = Clock::now();
  watched.next_look = watched.released + kFirstLook;
  watched.pause = kFirstLook;
  watched.doomed = doomed;
  watched_.try_emplace(run, std::move(watched));
  changed_.insert(run);
  return true;
}

federation::RunReleased KubernetesPlatform::release(const std::string& run, const std::string& id) {
  const auto job = parse(id);
  if (!job || spool_.find(run).kind == ReplyKind::kAbsent) return {run, PlatformReply::kAbsent, {}};
  const auto unknown = [&](std::string why) {
    return federation::RunReleased{run, PlatformReply::kUnknown, std::move(why)};
  };
  const auto status = spool_.get(run);
  if (!status) return unknown(to_line(status.error()));
  const bool begun =
      status->state != platforms::RunState::kHeld && status->state != platforms::RunState::kReleased;
  if (begun) {
    if (!watch(run, *job, {})) return unknown("its specification can't be read");
    return {run, PlatformReply::kOk, {}};
  }
  const auto server = link_->server();
  if (!server) return unknown(to_line(server.error()));
  const auto kept = kept_job(run);
  if (!kept) return unknown(to_line(kept.error()));
  // First the mark that the pod looks for: it may start the moment it is let go.
  if (const platforms::Reply marked = spool_.release(run); marked.kind != ReplyKind::kOk)
    return {run, reply_of(marked.kind), marked.why};
  platforms::Reply reply;
  if (kept->held) {
    reply = kubernetes::read_change(link_->ask(kubernetes::release_call(job->name_space, job->name)));
  } else {
    const auto made = create(*server, *job, run, kept->body);
    reply = {made.kind, {}, made.why};
  }
  // It would be refused again, and again: its end is told instead.
  const bool refused = reply.kind == ReplyKind::kRefused;
  if (refused) reply.kind = ReplyKind::kOk;
  if (reply.kind == ReplyKind::kOk && !watch(run, *job, refused ? reply.why : std::string()))
    return unknown("its specification can't be read");
  return {run, reply_of(reply.kind), reply.why};
}

std::vector<federation::RunObserved> KubernetesPlatform::cancel(const std::string& run,
                                                                const std::string& id) {
  const platforms::Reply marked = spool_.cancel(run);
  const auto job = parse(id);
  if (marked.kind == ReplyKind::kAbsent || !job) {
    federation::RunObserved lost;
    lost.run = run;
    lost.lost = true;
    return {lost};
  }
  if (marked.kind != ReplyKind::kOk) return {};  // asked again by the core
  const auto server = link_->server();
  if (!server) return {};
  const auto seen =
      kubernetes::read_job(link_->ask(kubernetes::get_call(*server, job->name_space, job->name)));
  if (seen.kind == ReplyKind::kUnknown) return {};
  if (seen.kind == ReplyKind::kOk && is_ours(seen.job, run)) {
    const auto gone =
        kubernetes::read_change(link_->ask(kubernetes::delete_call(*server, job->name_space, job->name)));
    if (gone.kind == ReplyKind::kUnknown) return {};
  }
  if (!watch(run, *job, {})) return {};
  std::vector<std::string> pods;
  {
    const std::lock_guard lock(mutex_);
    Watched& watched = watched_.at(run);
    watched.cancelling = true;
    watched.next_look = Clock::now();
    for (const auto& [uid, seen_pod] : pods_[run]) {
      if (!seen_pod.gone) pods.push_back(seen_pod.pod.name);
    }
  }
  // The cluster's own collector would come to them, by and by.
  for (const std::string& pod : pods) (void)link_->ask(kubernetes::delete_pod_call(job->name_space, pod));
  return {};
}

void KubernetesPlatform::remove(const std::string& run) {
  JobName job;
  {
    const std::lock_guard lock(mutex_);
    watched_.erase(run);
    if (const auto at = left_.find(run); at != left_.end()) job = at->second;
  }
  if (const auto kept = kept_job(run)) job = kept->name;
  bool removed = true;
  if (!job.name.empty()) {
    const auto server = link_->server();
    const auto gone =
        server
            ? kubernetes::read_change(link_->ask(kubernetes::delete_call(*server, job.name_space, job.name)))
            : platforms::Reply{};
    removed = gone.kind != ReplyKind::kUnknown;
  }
  // A Job that can't be deleted just now keeps its folder, by which it is found again.
  if (removed) removed = spool_.remove(run).kind == ReplyKind::kOk;
  const std::lock_guard lock(mutex_);
  if (removed) {
    left_.erase(run);
  } else {
    removing_.insert(run);
  }
}

bool KubernetesPlatform::is_watching() const {
  const std::lock_guard lock(mutex_);
  return !watched_.empty() || !removing_.empty();
}

std::vector<std::string> KubernetesPlatform::list() {
  std::vector<std::string> runs;
  const auto server = link_->server();
  // Kubernetes first: a run that is submitted meanwhile has its folder before its Job. A cluster that is away
  // keeps what nobody owns until the next start.
  std::map<std::string, JobName> jobs;
  for (const std::string& name_space : server ? name_spaces() : std::vector<std::string>()) {
    std::string go_on;
    do {
      const auto page =
          kubernetes::read_jobs(link_->ask(kubernetes::jobs_call(*server, name_space, mark_, go_on)));
      if (!page) break;
      for (const kubernetes::JobRecord& job : page->jobs) {
        if (!job.run.empty() && platforms::check_key(job.run)) jobs[job.run] = {name_space, job.name};
      }
      go_on = page->go_on;
    } while (!go_on.empty());
  }
  runs = spool_.list().value_or(std::vector<std::string>());
  for (const auto& [run, job] : jobs) {
    if (std::find(runs.begin(), runs.end(), run) != runs.end()) continue;
    runs.push_back(run);
    const std::lock_guard lock(mutex_);
    left_[run] = job;
  }
  return runs;
}

pb::Platform KubernetesPlatform::supply() {
  pb::Platform supply;
  const auto server = link_->server();
  if (!server) {
    supply.set_trouble(to_line(server.error()));
    return supply;
  }
  std::vector<kubernetes::NodeRecord> nodes;
  std::string go_on;
  do {
    const auto reply = link_->ask(kubernetes::nodes_call(go_on));
    // A service account of some namespaces alone sees no nodes: then the configuration says what there is.
    if (reply.status == 403) break;
    auto page = kubernetes::read_nodes(reply);
    if (!page) {
      supply.set_trouble(to_line(page.error()));
      return supply;
    }
    for (kubernetes::NodeRecord& node : page->nodes) nodes.push_back(std::move(node));
    go_on = page->go_on;
  } while (!go_on.empty());
  kubernetes::Requested requested;
  bool known = !nodes.empty();
  go_on.clear();
  while (known) {
    const auto page = kubernetes::add_pods(link_->ask(kubernetes::all_pods_call(go_on)), requested);
    known = page.has_value();
    if (!known || page->empty()) break;
    go_on = *page;
  }
  std::map<std::string, std::string> kinds;
  for (const auto& [kind, accelerator] : config_.accelerators) kinds[kind] = accelerator.resource;
  kubernetes::add_supply(nodes, known ? &requested : nullptr, kinds, supply);
  for (const std::string& name_space : name_spaces()) supply.add_partitions(name_space);
  const std::lock_guard lock(mutex_);
  std::erase_if(nodes, [](const kubernetes::NodeRecord& node) { return !node.up; });
  nodes_ = std::move(nodes);
  if (supply.waiting() > 0)
    supply.set_wait_seconds(std::chrono::duration_cast<std::chrono::seconds>(usual_wait_).count());
  return supply;
}

federation::RunCollected KubernetesPlatform::collect(const std::string& run, const pb::Run& spec) {
  const auto status = spool_.get(run);
  if (!status) return {run, {}, {"outputs: " + to_line(status.error())}, {}};
  auto collected = folder(run).collect(run, spec, *status, blobs_);
  // Requests and limits are alike: what the pod asked for is what it had, from its start on its node on.
  collected.usage = usage_of(*status, spec, {.cpu_cores = 1, .ram_bytes = 0});
  if (!spec.platform_id().empty()) collected.usage.set_source("kubernetes");
  return collected;
}

}  // namespace hetao::io
