// The Slurm platform: a run is a batch job that executes hetao-runner on a node, in a folder that this
// machine and the nodes share. Slurm says whether the job waits, runs or is gone; the run's own status in
// that folder says what its program did.
//
// What keeps a run from being lost or started twice (reliability.md, 4.11):
//  - it is submitted held, under our key in comment and name, and released when its id is on record;
//  - an answer that did not come is looked up by the key before anything else is done;
//  - no id is believed without its comment, because ids are given again after a crash of slurmctld;
//  - absent is what Slurm's own number says, twice and some seconds apart; words and time-outs are not;
//  - whoever starts it first takes the token; a second start does nothing.
//
// Polling costs what has changed: nodes leave the names of runs whose status changed in the spool, and Slurm
// is asked about single jobs less and less often while nothing happens, or, when many are due, about all at
// once; both for at most a hundredth of a core. Calls block; thread-safe as platform.h says.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/io/blob_store.h"
#include "gateway/io/platform.h"
#include "gateway/io/run_folder.h"
#include "gateway/io/slurm_link.h"
#include "gateway/runner/spool.h"

namespace hetao::io {

class SlurmPlatform : public Platform {
 public:
  // Fails when the spool can't be used or a user is not known here. The cluster may be away.
  static Result<std::unique_ptr<SlurmPlatform>> open(SlurmPlatformConfig config, BlobStore& blobs);

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

  // "42@USER": Slurm's id, and as whom it is spoken of.
  struct JobName {
    int64_t id = 0;
    std::string user;
  };
  static std::string print(const JobName& name);
  static Result<JobName> parse(const std::string& text);

  struct Watched {
    JobName job;
    platforms::RunStatus told;  // as last told
    Clock::time_point released;
    Clock::time_point next_look;     // at Slurm
    Clock::duration pause{};         // until the look after that
    Clock::time_point gone_since{};  // Slurm first said that it is not there, or has ended
    int64_t submit_seconds = 0;      // of the job that the id means; 0: not seen yet
  };

  SlurmPlatform(SlurmPlatformConfig config, runner::Spool spool, std::unique_ptr<SlurmLink> link,
                std::map<std::string, std::pair<uid_t, gid_t>> users, std::string mark, BlobStore& blobs);

  platforms::slurm::Route route_of(const std::string& tenant) const;
  Result<platforms::slurm::JobRequest> request_of(const std::string& run, const pb::Run& spec,
                                                  platforms::RunSpec& wanted) const;
  Result<void> hand_over(const std::string& folder, const std::string& user) const;
  // The job of a run, among a list that was begun after the call; absent or unknown otherwise.
  platforms::slurm::JobReply find_job(const std::string& run);
  bool is_ours(const platforms::slurm::JobRecord& job, const std::string& run) const;
  void watch(const std::string& run, const JobName& job);
  RunFolder folder(const std::string& run, const std::string& user) const;
  void add_accounting(const std::string& run, const JobName& name, const platforms::RunStatus& status,
                      pb::Usage& usage);

  // slurm_poll.cpp: what a look at the spool or at Slurm means.
  void look_at_news(std::vector<federation::RunObserved>& changes);
  void look_at_slurm(std::vector<federation::RunObserved>& changes);
  void look_at_all(std::vector<federation::RunObserved>& changes);
  // Tells what the run's own status says, if that is new. True: it is over, and no longer watched.
  bool tell_status(const std::string& run, std::vector<federation::RunObserved>& changes);
  void weigh(const std::string& run, const platforms::slurm::JobReply& seen,
             std::vector<federation::RunObserved>& changes);
  void weigh_absent(const std::string& run, const Watched& watched, const platforms::RunStatus& status,
                    std::vector<federation::RunObserved>& changes);
  void end(const std::string& run, const platforms::slurm::JobEnd& end, platforms::RunStatus status,
           std::vector<federation::RunObserved>& changes);
  void sweep();
  bool is_twin(const platforms::slurm::JobRecord& job, const std::string& run) const;
  void doubt();
  void retry_removals();

  SlurmPlatformConfig config_;
  runner::Spool spool_;
  std::unique_ptr<SlurmLink> link_;
  std::map<std::string, std::pair<uid_t, gid_t>> users_;
  std::string mark_;  // "REGION.SPOOL": in our jobs' comments, so that another spool's are not ours
  BlobStore& blobs_;

  mutable std::mutex mutex_;  // of all below; not held during a call to Slurm
  std::map<std::string, Watched> watched_;
  std::map<std::string, Clock::time_point> fresh_;  // submitted just now: no crash lies between
  std::set<std::string> removing_;                  // could not be removed yet
  std::map<std::string, JobName> left_;  // jobs found at the start: whoever is not owned is cancelled
  Clock::duration usual_wait_{};         // between release and start, of the last runs
  Clock::time_point list_not_before_{};
  Clock::time_point looks_not_before_{};
  Clock::time_point removals_not_before_{};
  Clock::time_point sweep_at_{};  // nothing: no reason to

  std::mutex list_mutex_;  // one list at a time; whoever waits takes the one that began after it asked
  Clock::time_point list_began_{};
  Result<std::vector<platforms::slurm::JobRecord>> list_;
};

}  // namespace hetao::io
