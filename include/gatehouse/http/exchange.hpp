#pragma once
// One request and its response, which the server calls an exchange: what a handler may know of the
// connection, and the record that each step fills in for the access log.

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/base/task.hpp"
#include "gatehouse/http/peer.hpp"

namespace gatehouse::trace {
class sink;
}

namespace gatehouse::http {

using steady_time = std::chrono::steady_clock::time_point;

// How a client has left, as far as that can be seen.
struct departure {
  steady_time at;  // when it was seen
  // It closed the side by which it sends, and perhaps all of the connection, which looks the same.
  bool its_side = false;
};

// What the access log says of an exchange. Each step fills in its part. A time is unset until its
// event has happened.
struct exchange_record {
  std::chrono::system_clock::time_point received_at;  // first byte of the head
  steady_time started;                                // the same moment, for differences
  std::optional<steady_time> first_byte;              // the response head was written
  std::optional<steady_time> ended;
  unsigned status = 0;
  std::string_view reason;               // reason code of an error, else empty
  std::uint64_t body_bytes_sent = 0;     // response content, without head and framing
  bool complete = false;                 // the response was sent to its end
  bool client_left = false;              // before that
  std::optional<departure> departed;     // of a client that left, if the exchange is traced
  std::uint64_t request_body_bytes = 0;  // read of the request's content
  std::string script;                    // SCRIPT_NAME of the script that answers, if one does
  pid_t script_pid = 0;                  // 0: no script ran
  bool started_warm = false;             // it was forked by a template
  // An application in memory that answers, in words; as long as its handler lasts.
  std::string_view application;
  // How long it waited for a program that is kept in memory; unset if it did not.
  std::optional<std::chrono::steady_clock::duration> queued;
  std::optional<int> script_status;  // as from wait(2); unset while it runs on
};

// The script that answers, "/cgi-bin/calc[1234]: ", for lines of the log to begin with; empty where
// none does. Pure.
std::string script_prefix(exchange_record const& of);

// Lives as long as its owner wants to be called when something happens; see when_client_leaves().
class subscription {
 public:
  subscription() = default;
  subscription(subscription const&) = delete;
  subscription& operator=(subscription const&) = delete;
  virtual ~subscription() = default;
};

class exchange_context {
 public:
  exchange_context(base::executor executor, peer const& client)
      : executor_(executor), client_(client) {}
  exchange_context(exchange_context const&) = delete;
  exchange_context& operator=(exchange_context const&) = delete;
  virtual ~exchange_context() = default;

  base::executor get_executor() const { return executor_; }
  peer const& client() const { return client_; }

  // Calls action, on this thread and at most once, when the client closes or resets the connection,
  // for as long as the subscription lives. The exchange outlives the subscription.
  [[nodiscard]] virtual std::unique_ptr<subscription> when_client_leaves(
      std::function<void()> action) = 0;

  // Says that other requests may queue for what this exchange holds, such as a script's slot.
  // queue_length counts those that do, and outlives the exchange. While it is not 0, the time that
  // the server waits for a slow client is charged limits::contention_factor times. Null: the
  // exchange holds nothing any more.
  virtual void note_contention(std::atomic<std::size_t> const* queue_length) {
    static_cast<void>(queue_length);
  }

  exchange_record record;
  // Set while a local redirect is followed: the URL path that was asked for first.
  std::string redirect_url;
  std::uint64_t number = 0;  // of the traced exchanges of this process, from 1; 0: not traced
  // May be null; used through trace::recorder. Shared with a script that outlives the exchange.
  std::shared_ptr<trace::sink> trace_sink;

 private:
  base::executor executor_;
  peer client_;
};

}  // namespace gatehouse::http
