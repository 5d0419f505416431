#include "gateway/io/workers.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/thread_pool.hpp>

#include "gateway/io/asio.h"

namespace hetao::io {

struct Workers::Pool {
  explicit Pool(size_t threads) : threads(threads) {}
  asio::thread_pool threads;
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
  asio::post(pool_->threads, std::move(work));
}

Awaitable<void> Workers::run(std::function<void()> work) {
  const auto here = co_await asio::this_coro::executor;
  const auto begin = [this, here, &work](auto handler) {
    asio::post(pool_->threads, [here, work = std::move(work), done = std::move(handler)]() mutable {
      work();
      asio::post(here, std::move(done));
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(begin, asio::use_awaitable);
}

}  // namespace hetao::io
