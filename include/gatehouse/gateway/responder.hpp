#pragma once
// A program behind a gateway, while it answers one request: a CGI script, or an application behind
// FastCGI, SCGI or uwsgi, or a worker. What it prints is read from here, and what there is to say
// about it when it does not answer as it should (answer.hpp makes the response of both).

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <optional>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/task.hpp"
#include "gatehouse/http/error.hpp"

namespace gatehouse::gateway {

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

  // The same as far as it can be told without suspending; nothing if the program has to be awaited.
  virtual std::optional<std::size_t> read_output_at_once(boost::asio::mutable_buffer buffer) = 0;

  // Ends the work for this request and suspends until nothing of it touches the exchange any more.
  // To be awaited once, last. Never fails.
  virtual base::task<void> finish() = 0;

  // How the client is answered when read_output() gave this error.
  virtual http::http_error failure(base::error_code const& why) const = 0;

  // What is to be said about the program to whoever wrote it: how it ended, which limits it met,
  // what it wrote on its standard error. The explanation is made of whole sentences, and is empty
  // if there is nothing to say. Suspends for a moment if the program is just about to end.
  virtual base::task<http::diagnosis> diagnosis() = 0;
};

}  // namespace gatehouse::gateway
