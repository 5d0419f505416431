// The coroutine type of the shell, named without Asio's headers: a header may declare coroutines with this
// alone; the file that writes `co_await` includes gateway/io/asio.h.
//
// Everything that returns an Awaitable runs on the shell's io thread. A caller that goes away while it waits
// makes the wait end with boost::system::system_error (operation_aborted): don't catch it.
#pragma once

namespace boost::asio {
class any_io_executor;
template <class T, class Executor>
class awaitable;
}  // namespace boost::asio

namespace hetao::io {

template <class T>
using Awaitable = boost::asio::awaitable<T, boost::asio::any_io_executor>;

}  // namespace hetao::io
