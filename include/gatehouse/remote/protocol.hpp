#pragma once
// The protocols by which applications that run elsewhere are asked: how a request is written, and
// how its answer is read. Pure.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gatehouse/fastcgi/records.hpp"
#include "gatehouse/gateway/meta_variables.hpp"
#include "gatehouse/http/error.hpp"
#include "gatehouse/trace/recorder.hpp"

namespace gatehouse::remote {

enum class protocol { fastcgi, scgi, uwsgi };

// "FastCGI"
std::string_view name_of(protocol which);

// A request up to its body. 400 or 431 where the variables cannot be written.
http::result<std::string> encode_head(protocol which,
                                      std::span<gateway::meta_variable const> variables,
                                      std::optional<std::uint64_t> content_length);

// Reports to the recorder what a request, or a piece of its body, is made of. bytes: what
// encode_head() or frame_body() gave, or both together; head_bytes: how many encode_head() gave.
void report_sent(protocol which, std::string_view bytes, std::size_t head_bytes,
                 trace::recorder const& trace);

// The name of what such an application answers, which has no records.
inline constexpr std::string_view unframed_answer = "answer";

// The id of every request over FastCGI, for the recorder; nothing for the other protocols.
std::optional<unsigned> request_id_of(protocol which);

// What a piece of the body is framed by. Of FastCGI a header stands before it, and padding and, of
// the last piece, the end of the stream behind it.
inline constexpr std::size_t most_before = fastcgi::header_bytes;
inline constexpr std::size_t most_behind = 7 + fastcgi::header_bytes;
inline constexpr std::size_t most_of_body = fastcgi::record_bytes;
// Frames a piece of at most most_of_body bytes, which has that much room around it, and gives the
// bytes that go over the wire. An empty piece is only an end.
enum class more_body { comes, ends };
std::string_view frame_body(protocol which, char* piece, std::size_t size, more_body next);

// What tells an application that its request is given up; empty: it learns that from the end of
// the connection.
std::string abort_of(protocol which);

}  // namespace gatehouse::remote
