#pragma once
// FastCGI 1.0 on the wire: a request as records, and records as an answer. The role is RESPONDER,
// and a connection carries one request at a time, so that the request's id is always 1. Pure: bytes
// in, bytes out.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace gatehouse::fastcgi {

// FastCGI 1.0, 8
enum class record_type : std::uint8_t {
  begin_request = 1,
  abort_request = 2,
  end_request = 3,
  params = 4,
  standard_input = 5,
  standard_output = 6,
  standard_error = 7,
};

// "FCGI_PARAMS"; "type 42" for a number that is none of them.
std::string name_of(record_type type);

inline constexpr std::size_t header_bytes = 8;
// Of every request.
inline constexpr unsigned own_request_id = 1;
// What one record of ours holds at most: the largest size that needs no padding.
inline constexpr std::size_t record_bytes = 65'528;

// The header of a record with so much content, at most 65,535 bytes, and the padding behind it that
// makes a multiple of 8.
struct record_frame {
  std::array<char, header_bytes> header;
  std::size_t padding;
};
record_frame frame_of(record_type type, std::size_t content_bytes);

// What a record of ours is, by the first bytes of it, at least header_bytes.
struct own_record {
  record_type type;
  std::size_t content_bytes;
  std::size_t whole_bytes;  // with its header and padding
};
own_record read_own_header(std::string_view bytes);

// Appends BEGIN_REQUEST for a RESPONDER, with FCGI_KEEP_CONN.
void append_begin(std::string& out);

// Appends a part of a stream as records, with their padding. Nothing for no bytes: an empty record
// ends the stream, see append_end().
void append_stream(std::string& out, record_type type, std::string_view bytes);
void append_end(std::string& out, record_type type);

void append_abort(std::string& out);

// Appends a name-value pair (3.4), whose lengths take 1 byte, or 4 from 128 on.
void append_pair(std::string& out, std::string_view name, std::string_view value);

// FCGI_END_REQUEST (5.5)
enum class protocol_status : std::uint8_t {
  request_complete = 0,
  cant_mpx_conn = 1,
  overloaded = 2,
  unknown_role = 3,
};
struct end_request {
  std::uint32_t app_status = 0;
  protocol_status status = protocol_status::request_complete;
};

// appStatus, the exit status that a CGI program would have (5.5), as wait(2) gives that.
int wait_status_of(end_request const& end);

// What is wrong with a record that came.
enum class fault {
  version,        // not 1
  type,           // none that an application may send
  request_id,     // not that of the request
  length,         // an END_REQUEST that has not 8 bytes
  status,         // an END_REQUEST whose protocol status is none
  after_the_end,  // anything behind END_REQUEST
};
std::string_view text_of(fault what);

// What came, in the order in which it came. Content of a record may come in several pieces.
struct piece {
  enum class kind { record, output, errors, end };
  kind what;
  record_type type{};        // of a record whose header came
  std::size_t length = 0;    // and what it says of its content
  std::string_view bytes{};  // of output and errors; never empty
  end_request ended{};       // of the end
};

class record_decoder {
 public:
  // Takes bytes off the front up to the next piece of news, and gives that; nothing when all of
  // them were taken. A fault is for good.
  boost::system::result<std::optional<piece>, fault> next(std::string_view& bytes);

  // END_REQUEST has come.
  bool ended() const { return state_ == state::ended; }
  // The record that was begun last is not whole.
  bool within_record() const { return state_ != state::header || taken_ > 0; }

 private:
  enum class state { header, content, padding, ended };
  boost::system::result<piece, fault> read_header();
  boost::system::result<std::optional<piece>, fault> read_end(std::string_view& bytes);
  void end_content();

  state state_ = state::header;
  std::array<unsigned char, header_bytes> kept_{};  // of a header or an END_REQUEST, in parts
  std::size_t taken_ = 0;                           // of kept_
  record_type type_{};
  std::size_t content_left_ = 0;
  std::size_t padding_left_ = 0;
  end_request end_{};
  bool has_end_ = false;
};

}  // namespace gatehouse::fastcgi
