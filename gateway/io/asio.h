// The part of Asio that coroutines of the shell need. Included by few .cpp files, and by no header but those
// of streams.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hetao::io {

namespace asio = boost::asio;
using asio::ip::tcp;

// Errors come back as values; exceptions are left for cancellation.
inline constexpr auto as_value = asio::as_tuple(asio::use_awaitable);

}  // namespace hetao::io
