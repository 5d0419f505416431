// A few threads that share numbered pieces of work. They are started before the process is shut in, because
// afterwards it can start none.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hetao::inspector {

class ThreadTeam {
 public:
  explicit ThreadTeam(size_t threads);  // the caller's own counts as one
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  // work(0) to work(count - 1); returns when all are done. One caller at a time.
  void run(size_t count, const std::function<void(size_t)>& work);

 private:
  void help();
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void(size_t)>* work_ = nullptr;
  size_t count_ = 0;
  std::atomic<size_t> next_ = 0;
  size_t busy_ = 0;
  uint64_t round_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace hetao::inspector
