#pragma once
// Frames a response and sends it (RFC 9112, 6 and 7): Content-Length, chunked or until close; Date,
// Server and Connection; no body for HEAD, 204 and 304.

#include "gatehouse/http/exchange.hpp"
#include "gatehouse/http/request.hpp"
#include "gatehouse/http/response.hpp"
#include "gatehouse/net/client_stream.hpp"

namespace gatehouse::net {

enum class framing { none, counted, chunked, until_close };

struct response_plan {
  framing how = framing::none;
  std::optional<std::uint64_t> length;  // for Content-Length
  bool keep_alive = true;               // as the head will say
};

// How a response to this request is framed. request may be null (no head could be parsed). Pure.
response_plan plan_response(http::response const& response, http::request const* request,
                            bool keep_alive);

// The response head with its empty line. Pure but for the date.
std::string response_head(http::response const& response, response_plan const& plan,
                          http::request const* request, std::string_view date);

// A response that has begun to be sent.
struct begun_response {
  std::string head;           // empty for a raw one
  std::uint64_t written = 0;  // of the head and a content at hand
  bool whole = false;         // nothing is left to be sent
};

// Sends the head and a content that is in memory, as far as the socket takes them now, in one
// write; of a file or a stream nothing. Does not suspend. Errors show in finish_response().
begun_response begin_response(client_stream& client, http::response const& response,
                              response_plan const& plan, http::request const* request,
                              http::exchange_context& context);

// Sends what is left. Suspends. Gives an error if the connection cannot go on: the client is gone,
// a deadline passed, or the body ended before its length. A stream's source is read to its end even
// if its bytes are not sent, so that no script is left blocked. Both note what was sent in the
// context's record.
base::task<base::error_code> finish_response(client_stream& client, begun_response const& begun,
                                             http::response& response, response_plan const& plan,
                                             http::exchange_context& context,
                                             duration progress_limit);

// Both in one.
base::task<base::error_code> write_response(client_stream& client, http::response& response,
                                            response_plan const& plan, http::request const* request,
                                            http::exchange_context& context,
                                            duration progress_limit);

}  // namespace gatehouse::net
