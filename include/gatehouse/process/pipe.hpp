#pragma once
// A pipe between the server and a script, and what is done with one end of it. Nothing here
// suspends. Errors are the system's.

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <optional>
#include <string_view>

#include "gatehouse/base/error.hpp"
#include "gatehouse/base/unique_fd.hpp"

namespace gatehouse::process {

struct pipe {
  base::unique_fd read;
  base::unique_fd write;
};

// Both ends are close-on-exec and block. Errors: EMFILE, ENFILE.
base::result<pipe> make_pipe();

// How many bytes a non-blocking pipe gave now; nothing when it has none yet, 0 at its end.
base::result<std::optional<std::size_t>> read_now(int end, boost::asio::mutable_buffer into);

// How many of the bytes a non-blocking pipe took now; nothing when it is full. Errors: EPIPE when
// nobody reads it any more.
base::result<std::optional<std::size_t>> write_now(int end, std::string_view bytes);

// All of the bytes into a file, or into an empty pipe that has room for them.
base::error_code write_whole(int end, std::string_view bytes);

// Makes a pipe hold limits::wide_pipe_bytes, if the system lets us: a user's pipes have a limit
// together.
void widen(int end);

// Whether any process can still write to a pipe, whose end for reading this is; true if the system
// does not tell.
bool has_writer(int end);

// How many bytes wait in a pipe; 0 if the system does not tell.
std::size_t waiting_in(int end);

}  // namespace gatehouse::process
