#pragma once
// The body of one request, read from the client's stream as it is asked for (RFC 9112, 6).

#include "gatehouse/http/body_source.hpp"
#include "gatehouse/http/chunk_decoder.hpp"
#include "gatehouse/http/request.hpp"
#include "gatehouse/net/client_stream.hpp"

namespace gatehouse::net {

class request_body final : public http::body_source {
 public:
  // Both outlive the body. A chunked body that grows over body_limit ends with
  // errc::body_too_large.
  request_body(client_stream& client, http::request const& request, std::uint64_t body_limit_bytes,
               duration progress_limit);

  // The first call sends 100 (Continue) if the client waits for it (RFC 9110, 10.1.1).
  base::task<base::result<std::size_t>> read_some(boost::asio::mutable_buffer buffer) override;
  // Only what is left of a large counted body is moved, never a byte of what follows it.
  base::task<base::result<std::size_t>> splice_some(int pipe) override;
  std::size_t available() const override;

  // A final response is on its way: 100 (Continue) must not follow it.
  void response_began() { interim_allowed_ = false; }

  // Whether drain() is worth trying: for the head of a response, which says if the connection
  // stays.
  bool can_be_drained() const;

  // How much of its content was read.
  std::uint64_t received() const { return received_; }

  // Whether all of it was read; true for a request without a body.
  bool at_end() const;

  // Reads and drops what is left. Gives true if the body is then at its end and the connection can
  // go on; false at once if the client waits for a 100 that it never got or more than
  // limits::drain_bytes would have to be read, and later if the body takes longer than the progress
  // limit in all.
  base::task<bool> drain();

 private:
  base::task<base::result<std::size_t>> read_counted(boost::asio::mutable_buffer buffer);
  base::task<base::result<std::size_t>> read_chunked(boost::asio::mutable_buffer buffer);

  client_stream& client_;
  std::uint64_t remaining_;  // of a counted body
  std::uint64_t received_ = 0;
  std::optional<http::chunk_decoder> chunks_;
  duration progress_limit_;
  bool continue_wanted_;  // the client waits for a 100 before it sends the body
  bool interim_allowed_ = true;
  bool failed_ = false;
};

}  // namespace gatehouse::net
