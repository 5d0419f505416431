// Threads for work that blocks: disks, hashing, processes. A coroutine of the io thread hands work over and
// goes on when it is done; the io thread itself never waits for a disk. Work already begun is finished before
// destruction ends.
#pragma once

#include <functional>
#include <memory>

#include "gateway/io/awaitable.h"

namespace hetao::io {

class Workers {
 public:
  explicit Workers(size_t threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Called on the io thread; `work` must not throw and must not touch what belongs to the io thread.
  Awaitable<void> run(std::function<void()> work);
  // The same, before all that waits by run() and post(): for what ends something that was begun.
  Awaitable<void> run_first(std::function<void()> work);
  // The same for whoever does not wait. Any thread.
  void post(std::function<void()> work);
  // Drops what has not begun, waits for the rest. Nobody who waited is resumed any more.
  void stop();

 private:
  struct Pool;
  Awaitable<void> wait_for(std::function<void()> work, bool is_first);

  std::unique_ptr<Pool> pool_;
};

}  // namespace hetao::io
