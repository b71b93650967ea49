#pragma once
// A client made of one TCP connection: sends any bytes, and reads responses by their framing
// (RFC 9112, 6.3). Everything that waits has a deadline and throws when it passes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wire {

enum class framing { none, content_length, chunked, close };

struct reply {
  unsigned status = 0;
  std::string version;
  std::string phrase;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;  // decoded
  wire::framing framing = framing::none;
  bool whole = false;  // the body came to the end that its framing promised

  // The value of the first field of that name, in any case; empty if there is none.
  std::string field(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  bool has(std::string_view name) const { return count(name) > 0; }
};

class client {
 public:
  // Connects to 127.0.0.1. receive_buffer_bytes: SO_RCVBUF, 0 for the system's choice. from: an
  // address of this machine, if it is to be a certain one.
  explicit client(std::uint16_t port, int receive_buffer_bytes = 0, char const* from = nullptr);
  client(client const&) = delete;
  client& operator=(client const&) = delete;
  ~client();

  // Sends all bytes, or gives up when the server has closed; what it sends meanwhile is kept only
  // when it would otherwise block both sides. Gives whether all was sent.
  bool send(std::string_view bytes);

  // Ends our direction; the server's stays open.
  void half_close();

  // Closes with a reset (RST).
  void reset();
  void close();

  // The next response's head and body, or only its head. method: that of the request, since HEAD
  // has no body. Checks what holds for every response: Date and Server once, sound framing.
  reply read_reply(std::string_view method = "GET");
  reply read_head();
  // Reads the body of a response whose head was read.
  void read_body(reply& response, std::string_view method = "GET");

  // Whether something (bytes or the end) has come and was not read, without waiting for it.
  bool has_input() const;
  // Bytes up to and with the text.
  std::string read_until(std::string_view text);
  std::string read_exactly(std::size_t count);
  // What comes next, however much that is; empty at the end of the connection.
  std::string read_some();
  // Everything up to the end of the connection.
  std::string read_to_end();
  // Whether the server closes without sending one more byte.
  bool ends_here();
  // Whether the connection ended with a reset.
  bool was_reset() const { return was_reset_; }

 private:
  bool fill();
  std::string take(std::size_t count);
  void read_chunked(reply& response);

  int fd_ = -1;
  std::string buffer_;
  bool at_end_ = false;
  bool was_reset_ = false;
};

// A request in HTTP/1.1 with Host, these field lines (each with its CRLF), and Content-Length if
// there is a body.
std::string request(std::string_view method, std::string_view target, std::string_view fields = {},
                    std::string_view body = {});

// One request on its own connection.
reply ask(std::uint16_t port, std::string_view method, std::string_view target,
          std::string_view fields = {}, std::string_view body = {});

// A body in the chunked coding, in chunks of at most chunk_bytes.
std::string chunked(std::string_view body, std::size_t chunk_bytes = 4096);

}  // namespace wire
