// What a shell is made from: checked values, no text. The daemon reads them from the configuration file.
// Plain values.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/time.h"
#include "gateway/federation/core.h"
#include "gateway/inspection/patterns.h"
#include "gateway/io/endpoint.h"
#include "gateway/io/event_forwarder.h"
#include "gateway/io/shared_folder.h"
#include "gateway/io/store_client.h"
#include "gateway/io/tls/tls_context.h"
#include "gateway/io/upload_store.h"
#include "gateway/io/witness_config.h"
#include "gateway/ledger/retention.h"
#include "gateway/platforms/kubernetes/job.h"
#include "gateway/platforms/local/sandbox.h"
#include "gateway/platforms/slurm/job.h"
#include "policy/policy.h"

namespace hetao::io {

struct PeerAddress {
  std::string region;
  Endpoint address;                   // port 0: this peer dials us
  uint64_t bytes_per_second_max = 0;  // of blobs that we send there; 0: no limit
};

// What the tunnels would else choose by themselves.
struct LinkTuning {
  uint32_t lanes = 0;              // bulk connections to a peer; 0: what pays
  std::string congestion_control;  // empty: BBR on long links, if the kernel has it
};

// What a platform gives to one job; 0: no bound.
struct JobBounds {
  int64_t cpu_cores = 0;
  int64_t ram_bytes = 0;
  int64_t disk_bytes = 0;
  Duration wall_time_max = Duration::seconds(86'400);
  std::vector<SharedFolder> shared_folders;  // which its machines see under the same path
};

struct LocalPlatformConfig : JobBounds {
  std::string name;
  std::string runner;                         // path of hetao-runner
  std::string runner_socket;                  // where systemd starts it for us; empty: we start it ourselves
  std::vector<std::string> host_root_images;  // globs: images that stand for the host's own root, read-only
  std::vector<std::string> host_paths;        // further host files and folders that such jobs may read
  platforms::ContainerConfig containers;      // what runs all other images, if anything does
  size_t runs_max = 64;                       // running at once; others wait
};

// How Slurm names an accelerator that jobs ask for, and what a job needs of the node to use it.
struct SlurmAccelerator {
  std::string gres;                  // "gpu:a800"
  std::string partition;             // where such jobs go, whatever the tenant's; empty: the tenant's
  std::vector<std::string> devices;  // globs below /dev that the sandbox shows
};

struct SlurmPlatformConfig : JobBounds {
  std::string name;
  std::string region;  // in the comment of every job
  std::string runner;  // path of hetao-runner, on the nodes
  std::vector<std::string> host_root_images;
  std::vector<std::string> host_paths;
  platforms::ContainerConfig containers;
  // slurmrestd: "http://HOST:PORT" or "unix:PATH"; empty: Slurm's own commands are run.
  std::string endpoint;
  std::string token_file;         // a JWT; "{user}" in its name: one for each user
  std::string slurm_conf;         // for the commands; empty: the usual place
  std::string commands;           // folder of sbatch and its kin; empty: found along PATH
  std::string spool;              // folder that this machine and all nodes share
  platforms::slurm::Route route;  // of tenants that are not named
  std::map<std::string, platforms::slurm::Route> tenants;  // what is empty here is the general one's
  std::map<std::string, SlurmAccelerator> accelerators;    // by the name that jobs use
  std::string completion_log;                              // of jobcomp/filetxt; empty: none
  bool sacct = false;                                      // ask sacct for what slurmctld has forgotten
  size_t connections = 16;                                 // calls under way at once
  Duration call_patience = Duration::seconds(30);
  Duration sweep_every =
      Duration::seconds(600);  // looks for jobs that nobody owns, while there are any of ours
};

// How a cluster names an accelerator that jobs ask for.
struct KubernetesAccelerator {
  std::string resource;                                          // "huawei.com/Ascend910"
  std::vector<std::pair<std::string, std::string>> node_labels;  // of the nodes that have it
};

struct KubernetesPlatformConfig : JobBounds {
  std::string name;
  std::string region;  // in the label of every object
  std::string endpoint;
  std::string ca;                              // file; empty: the system's
  std::string token_file;                      // of a service account
  std::string step;                            // path of hetao-step, here: it is copied into the spool
  std::string spool;                           // folder that this machine and all nodes share
  platforms::kubernetes::SharedVolume volume;  // the same, as pods see it
  std::vector<std::string> images;             // globs: what may run
  std::string pull = "IfNotPresent";
  enum class Scheduler {
    kAny,
    kKubernetes,
    kVolcano
  } scheduler = Scheduler::kAny;  // any: Volcano if it is there
  // The cluster's network plugin keeps policies; the operator says so. Else only jobs that may use the
  // network run there.
  bool network_policies_kept = false;
  int64_t user = -1;  // of the containers; -1: ours, or nobody's if we are root
  int64_t group = -1;
  Duration keep = Duration::seconds(3'600);          // Jobs, after their end
  Duration image_patience = Duration::seconds(300);  // until an image that can't be had is given up
  platforms::kubernetes::Route route;                // of tenants that are not named
  std::map<std::string, platforms::kubernetes::Route> tenants;  // what is empty here is the general one's
  std::map<std::string, KubernetesAccelerator> accelerators;    // by the name that jobs use
  size_t connections = 16;                                      // calls under way at once
  Duration call_patience = Duration::seconds(30);
};

struct PolicySource {
  std::shared_ptr<const policy::Policy> policy;
  std::string name;                            // pack name and version
  std::vector<policy::SourceFile> files = {};  // its texts: kept with the first activation
};

struct ShellConfig {
  std::string gateway;  // name of this gateway within its region
  std::string data_dir;
  std::string shared_dir;  // seen by every node of the region; empty: data_dir
  // Blobs, runs, the names of people, the witness's memory, policies: what every node of the region must find
  // again.
  const std::string& shared_folder() const { return shared_dir.empty() ? data_dir : shared_dir; }
  federation::CoreConfig core;
  PolicySource policy;  // the first one; later ones are activated by people
  Endpoint https_listen;
  Endpoint tunnel_listen;
  std::shared_ptr<const TlsContext> https_tls;
  std::shared_ptr<const TlsContext> tunnel_tls;
  std::vector<PeerAddress> peers;
  LinkTuning link_tuning;
  std::map<std::string, uint64_t> tenant_bytes_per_second_max;  // of blobs that cross for them
  std::vector<LocalPlatformConfig> platforms;
  std::vector<SlurmPlatformConfig> slurm_platforms;
  std::vector<KubernetesPlatformConfig> kubernetes_platforms;
  std::vector<std::string> simulated_platforms;          // names; they run nothing
  std::vector<std::string> staging_roots;                // absolute folders that file:// URLs may name
  std::vector<inspection::Pattern> inspection_patterns;  // looked for beside what is built in
  UploadLimits uploads;
  std::vector<StoreAccess> stores;                // how to reach those of core.stores
  Duration supply_every = Duration::seconds(30);  // between looks at what platforms have free
  size_t workers = 2;                             // threads of each pool for blocking work
  WitnessConfig witness;
  std::vector<ForwardTarget> forward;                      // to whom ledger entries are sent
  ledger::Retention retention{ledger::kRetentionDefault};  // of people's names
  bool sm2 = false;                                        // checkpoints are signed with SM2 as well
};

// What SIGHUP may change without a restart. What is null stays as it is.
struct ReloadedConfig {
  PolicySource policy;
  std::shared_ptr<const TlsContext> https_tls;
  std::shared_ptr<const TlsContext> tunnel_tls;
};

}  // namespace hetao::io
