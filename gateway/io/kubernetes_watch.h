// Watches our pods of one namespace on a thread of its own: a list, then changes from there on; the same
// again when the server says that it no longer knows where we stand (410), or is away for a while.
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gateway/io/kubernetes_link.h"
#include "gateway/platforms/kubernetes/pod.h"

namespace hetao::io {

class KubernetesWatch {
 public:
  struct Change {
    platforms::kubernetes::PodRecord pod;
    bool deleted = false;
  };

  // Begins at once. Outlived by `link`.
  KubernetesWatch(KubernetesLink& link, std::string name_space, std::string mark);
  ~KubernetesWatch();
  KubernetesWatch(const KubernetesWatch&) = delete;
  KubernetesWatch& operator=(const KubernetesWatch&) = delete;

  // The last word on every pod that changed since the last call.
  std::vector<Change> take();

  // For people and tests.
  uint64_t lists() const { return lists_; }
  std::string trouble() const;

 private:
  void run();
  Result<std::string> list();  // the version to go on from
  // False: list again.
  bool follow(std::string& version);
  void note(platforms::kubernetes::PodRecord pod, bool deleted);
  void pause();

  KubernetesLink& link_;
  std::string name_space_;
  std::string mark_;
  std::map<std::string, std::string> known_;  // of the thread: name to uid
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> lists_ = 0;
  mutable std::mutex mutex_;  // of all below
  std::condition_variable stopped_;
  std::map<std::string, Change> changes_;  // by uid
  std::string trouble_;
  std::chrono::milliseconds pause_{};
  std::thread thread_;
};

}  // namespace hetao::io
