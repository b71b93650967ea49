#pragma once
// How requests are answered, for all connections of a server.

#include <chrono>
#include <cstdint>
#include <functional>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/handler.hpp"
#include "gatehouse/net/allowance.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::net {

using duration = std::chrono::steady_clock::duration;

struct connection_limits {
  std::size_t header_limit_bytes = 32 * 1024;
  std::uint64_t body_limit_bytes = std::uint64_t{1} << 30U;
  duration header_timeout = std::chrono::seconds(20);
  duration idle_timeout = std::chrono::seconds(60);
  duration linger_silence = base::limits::linger_silence;
  duration linger_time = base::limits::linger_time;
  rate_rule least_rate;  // its grace is at most the idle timeout
};

// Connections share the ownership: when another service takes its place, each goes on with the old
// one to the end of its exchange.
struct service {
  http::handler* handler = nullptr;
  // Renders an error; the request is null if its head could not be parsed. exchange: its number, 0
  // if it is not traced.
  std::function<http::response(http::http_error const&, http::request const*, bool loopback,
                               std::uint64_t exchange)>
      render_error;
  // One line of the access log; the request is null if its head could not be parsed. May be empty.
  std::function<void(http::request const*, http::exchange_context const&)> log_exchange;
  trace::tracer* tracer = nullptr;  // who is told of every exchange; may be null
  connection_limits limits;
};

}  // namespace gatehouse::net
