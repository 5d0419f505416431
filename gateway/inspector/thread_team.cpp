#include "gateway/inspector/thread_team.h"

namespace hetao::inspector {

ThreadTeam::ThreadTeam(size_t threads) {
  for (size_t i = 1; i < threads; ++i) threads_.emplace_back([this] { help(); });
}

ThreadTeam::~ThreadTeam() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::help() {
  uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || round_ != seen; });
    if (stop_) return;
    seen = round_;
    const auto* work = work_;
    const size_t count = count_;
    if (work == nullptr) continue;
    ++busy_;
    lock.unlock();
    for (size_t i = next_++; i < count; i = next_++) (*work)(i);
    lock.lock();
    if (--busy_ == 0) changed_.notify_all();
  }
}

void ThreadTeam::run(size_t count, const std::function<void(size_t)>& work) {
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    count_ = count;
    next_ = 0;
    ++round_;
  }
  changed_.notify_all();
  for (size_t i = next_++; i < count; i = next_++) work(i);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return busy_ == 0; });
  work_ = nullptr;
}

}  // namespace hetao::inspector
