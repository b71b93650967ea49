#pragma once
// The type of every coroutine. Each thread runs one io_context of its own, so a coroutine is bound
// to the plain executor of that context and not to a type-erased one, which would cost more.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gatehouse::base {

using executor = boost::asio::io_context::executor_type;

// A coroutine that runs when it is awaited and returns a T.
template <class T>
using task = boost::asio::awaitable<T, executor>;

// The completion token to await Asio's operations with: `auto [ec, n] = co_await op(...,
// base::as_result)`. It throws nothing.
inline constexpr boost::asio::as_tuple_t<boost::asio::use_awaitable_t<executor>> as_result{};

}  // namespace gatehouse::base
