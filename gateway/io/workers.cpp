#include "gateway/io/workers.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <memory>
#include <mutex>

#include "gateway/io/asio.h"

namespace hetao::io {

struct Workers::Pool {
  explicit Pool(size_t count) : threads(count) {}

  void post(std::function<void()> work, bool is_first) {
    {
      const std::lock_guard lock(mutex);
      (is_first ? first : others).push_back(std::move(work));
    }
    asio::post(threads, [this] { work_on_next(); });
  }

  // As often as something was posted, so that there is always something.
  void work_on_next() {
    std::function<void()> work;
    {
      const std::lock_guard lock(mutex);
      std::deque<std::function<void()>>& from = first.empty() ? others : first;
      work = std::move(from.front());
      from.pop_front();
    }
    work();
  }

  std::mutex mutex;  // of the two
  std::deque<std::function<void()>> first;
  std::deque<std::function<void()>> others;
  asio::thread_pool threads;  // ends before they do
};

Workers::Workers(size_t threads) : pool_(std::make_unique<Pool>(threads)) {}

Workers::~Workers() {
  stop();
}

void Workers::stop() {
  pool_->threads.stop();
  pool_->threads.join();
}

void Workers::post(std::function<void()> work) {
  pool_->post(std::move(work), false);
}

Awaitable<void> Workers::run(std::function<void()> work) {
  return wait_for(std::move(work), false);
}

Awaitable<void> Workers::run_first(std::function<void()> work) {
  return wait_for(std::move(work), true);
}

Awaitable<void> Workers::wait_for(std::function<void()> work, bool is_first) {
  const auto here = co_await asio::this_coro::executor;
  const auto begin = [this, here, &work, is_first](auto handler) {
    // A function that can be copied holds the handler, which can't.
    auto done = std::make_shared<decltype(handler)>(std::move(handler));
    const auto work_and_tell = [here, work = std::move(work), done = std::move(done)] {
      work();
      asio::post(here, std::move(*done));
    };
    pool_->post(work_and_tell, is_first);
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(begin, asio::use_awaitable);
}

}  // namespace hetao::io
