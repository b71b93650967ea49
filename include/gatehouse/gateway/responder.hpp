#pragma once
// A program behind a gateway, while it answers one request: a CGI script, or an application behind
// FastCGI, SCGI or uwsgi, or a worker. What it prints is read from here, and what there is to say
// about it when it does not answer as it should (answer.hpp makes the response of both).

#include <boost/asio/buffer.hpp>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/http/error.hpp"

namespace gatehouse::gateway {

// How a program came to the end of its work for a request.
enum class ending {
  unknown,  // It goes on, or nobody can tell.
  well,
  failed,   // It said that it has failed: an exit status other than 0.
  broken,   // It was ended before it was done: a signal.
  stopped,  // The server ended it.
};

struct program_end {
  ending how = ending::unknown;
  std::string text = {};      // "exited with status 3"
  std::string remark = {};    // a sentence on what may have made it fail, or empty
  bool wrote_errors = false;  // on its standard error
};

class responder {
 public:
  responder() = default;
  responder(responder const&) = delete;
  responder& operator=(responder const&) = delete;
  virtual ~responder() = default;

  // Suspends until there are bytes of its output and gives how many were put into buffer (not
  // empty), 0 at the end of the output. After an error there is no more; failure() says what the
  // client is to be told then.
  virtual base::task<base::result<std::size_t>> read_output(boost::asio::mutable_buffer buffer) = 0;

  // The same, for at most `limit`: nothing when that time is over.
  virtual base::task<base::result<std::optional<std::size_t>>> read_output_within(
      boost::asio::mutable_buffer buffer, std::chrono::steady_clock::duration limit) = 0;

  // The same as far as it can be told without suspending; nothing if the program has to be awaited.
  virtual std::optional<std::size_t> read_output_at_once(boost::asio::mutable_buffer buffer) = 0;

  // Ends the work for this request and suspends until nothing of it touches the exchange any more.
  // To be awaited once, last. Never fails.
  virtual base::task<void> finish() = 0;

  // How it ended, as far as that is known now; and after suspending for a moment if it is just
  // about to end. Known when finish() is over, unless it goes on without us.
  virtual program_end end_now() = 0;
  virtual base::task<program_end> end() = 0;

  // The program and its process, for a line of the log: "/cgi-bin/x[123]".
  virtual std::string log_name() const = 0;

  // How the client is answered when read_output() gave this error.
  virtual http::http_error failure(base::error_code const& why) const = 0;

  // What is to be said about the program to whoever wrote it: how it ended, which limits it met,
  // what it wrote on its standard error. The explanation is made of whole sentences, and is empty
  // if there is nothing to say. Suspends for a moment if the program is just about to end.
  virtual base::task<http::diagnosis> diagnosis() = 0;
};

}  // namespace gatehouse::gateway
