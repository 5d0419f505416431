// The Kubernetes platform: a run is a Job of one pod, whose containers are the run's executors. Inputs,
// outputs and logs lie in the run's folder of a spool that this machine and the nodes share; the pod's own
// state says how the executors ended.
//
// What keeps a run from being lost or started twice (reliability.md, 4.11):
//  - a Job's name follows from the run, so that a repeated create is answered 409 and finds the first;
//  - it is created suspended where the server can do that; else it is tried without being kept (dryRun), held
//    in the spool, and created when it is let go;
//  - whichever pod starts first takes the token in the run's folder; a second one does nothing;
//  - an answer that did not come is looked up before anything else is done.
//
// Pods are watched, so that polling costs what has changed; Jobs are asked for one by one, ever more rarely.
// Calls block; thread-safe as platform.h says.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/io/blob_store.h"
#include "gateway/io/kubernetes_link.h"
#include "gateway/io/kubernetes_watch.h"
#include "gateway/io/platform.h"
#include "gateway/io/run_folder.h"
#include "gateway/platforms/kubernetes/pod.h"
#include "gateway/platforms/kubernetes/supply.h"
#include "gateway/runner/run.h"
#include "gateway/runner/spool.h"

namespace hetao::io {

class KubernetesPlatform : public Platform {
 public:
  // Fails when the spool can't be used. The cluster may be away.
  static Result<std::unique_ptr<KubernetesPlatform>> open(KubernetesPlatformConfig config, BlobStore& blobs);

  const std::string& name() const override { return config_.name; }
  size_t calls_at_once() const override { return config_.connections; }
  federation::RunSubmitted submit(const std::string& run, const pb::Run& spec) override;
  federation::RunFound find(const std::string& run) override;
  federation::RunReleased release(const std::string& run, const std::string& id) override;
  std::vector<federation::RunObserved> cancel(const std::string& run, const std::string& id) override;
  void remove(const std::string& run) override;
  std::vector<federation::RunObserved> poll() override;
  bool is_watching() const override;
  std::vector<std::string> list() override;
  pb::Platform supply() override;
  Result<Descriptor> open_log(const std::string& run, const std::string& id,
                              const std::string& stream) const override;
  federation::RunCollected collect(const std::string& run, const pb::Run& spec) override;

 private:
  using Clock = std::chrono::steady_clock;
  using Pod = platforms::kubernetes::PodRecord;

  // "NAMESPACE/NAME"
  struct JobName {
    std::string name_space;
    std::string name;
  };
  static std::string print(const JobName& job) { return job.name_space + "/" + job.name; }
  static Result<JobName> parse(const std::string& text);
  static bool check_names(std::string_view text);

  struct SeenPod {
    Pod pod;
    bool gone = false;  // deleted; this is what it was last
  };

  struct Watched {
    JobName job;
    platforms::RunSpec spec;
    Clock::time_point released;
    Clock::time_point next_look;  // at the Job
    Clock::duration pause{};      // until the look after that
    Clock::time_point gone_since{};
    Clock::time_point stuck_since{};
    bool started = false;
    bool cancelling = false;
    std::string told_wait;  // why it waits, as last told
    std::string doomed;     // refused when it was to begin: it never will
  };

  KubernetesPlatform(KubernetesPlatformConfig config, runner::Spool spool,
                     std::unique_ptr<KubernetesLink> link, std::string mark, BlobStore& blobs);

  platforms::kubernetes::Route route_of(const std::string& tenant) const;
  Result<void> fits_a_node(const platforms::RunSpec& spec, const pb::Run& run) const;
  Result<platforms::RunSpec> wanted_of(const std::string& run, const pb::Run& spec) const;
  platforms::kubernetes::JobRequest request_of(const std::string& run, const pb::Run& spec,
                                               platforms::kubernetes::Route route) const;
  // The run's folder as its pod will find it, the body of its Job, and last the specification.
  Result<void> lay_down(const std::string& run, const pb::Run& spec, platforms::RunSpec& wanted,
                        const platforms::kubernetes::Server& server);
  Result<void> ensure_no_network(const std::string& name_space);
  // Creates it, or finds the one that is there and is ours.
  platforms::kubernetes::JobReply create(const platforms::kubernetes::Server& server, const JobName& job,
                                         const std::string& run, std::string body);
  bool is_ours(const platforms::kubernetes::JobRecord& job, const std::string& run) const;
  // The Job as it was made when the run was submitted: kept beside the run's specification.
  struct KeptJob {
    JobName name;
    bool held = false;  // the server has it, suspended
    std::string body;
  };
  Result<KeptJob> kept_job(const std::string& run) const;
  bool watch(const std::string& run, const JobName& job, const std::string& doomed);
  RunFolder folder(const std::string& run) const;
  std::vector<std::string> name_spaces() const;

  // kubernetes_poll.cpp: what pods and Jobs say, put together.
  void take_changes();
  void look_at_pods(const std::string& run, std::vector<federation::RunObserved>& changes);
  void look_at_job(const std::string& run, std::vector<federation::RunObserved>& changes);
  void tell_running(const std::string& run, const platforms::kubernetes::PodReading& reading,
                    std::vector<federation::RunObserved>& changes);
  void tell_waiting(const std::string& run, const std::string& why,
                    std::vector<federation::RunObserved>& changes);
  // Takes the token, so that it never starts, and tells why; nothing if somebody else has it.
  void give_up(const std::string& run, const std::string& why, std::vector<federation::RunObserved>& changes);
  void finish(const std::string& run, const Pod* pod, const platforms::kubernetes::PodReading& reading,
              std::vector<federation::RunObserved>& changes);
  Result<void> collect_outputs(const std::string& run, platforms::RunStatus& status);
  void take_logs(const std::string& run, const JobName& job, const Pod* pod, size_t executors);
  void tell_end(const std::string& run, const JobName& job, const platforms::RunStatus& status,
                std::vector<federation::RunObserved>& changes);
  void tell_cancelled(const std::string& run, std::vector<federation::RunObserved>& changes);
  void forget_pods(const std::string& run);
  void retry_removals();

  KubernetesPlatformConfig config_;
  runner::Spool spool_;
  std::unique_ptr<KubernetesLink> link_;
  std::string mark_;
  BlobStore& blobs_;

  mutable std::mutex mutex_;  // of all below; not held during a call to Kubernetes
  std::map<std::string, Watched> watched_;
  std::map<std::string, std::map<std::string, SeenPod>> pods_;  // by run and uid
  std::map<std::string, std::string> runs_of_pods_;             // by uid
  std::set<std::string> changed_;                               // runs to look at
  std::set<std::string> removing_;                              // could not be removed yet
  Clock::time_point removals_not_before_{};
  std::map<std::string, JobName> left_;                   // Jobs found at the start whose runs are not here
  std::map<std::string, Clock::time_point> guarded_;      // namespaces whose network policy was seen
  std::vector<platforms::kubernetes::NodeRecord> nodes_;  // as last seen
  Clock::duration usual_wait_{};
  std::map<std::string, std::unique_ptr<KubernetesWatch>> watches_;  // by namespace; the last: they use link_
};

}  // namespace hetao::io
