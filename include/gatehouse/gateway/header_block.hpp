#pragma once
// The header lines that a script printed, and what they make together: which of them count, which
// are the server's to send, and which kind of response it is (RFC 3875, 6.2 and 6.3). Pure. Used by
// the parser in script_response.hpp.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/gateway/script_response.hpp"

namespace gatehouse::gateway {

// 502: nobody can make sense of the output.
http::http_error malformed(std::string_view reason, std::string detail, std::string explanation);

// The error is about this line of the output, from 1.
http::http_error at_line(http::http_error error, std::size_t number);

// What the server does with a header line.
enum class line_use {
  status,
  length,
  type,
  local_location,
  client_location,
  coding,
  other,
  overridden,       // a later line of the same name counts
  counts_as_none,   // the line is ignored, because its value is empty or malformed
  of_server,        // the server sends its own
  of_connection,    // hop-by-hop
  of_other_coding,  // a length beside Transfer-Encoding
};

class header_block {
 public:
  // Takes the next line, which is known to be well-formed. 502 if there are too many.
  std::optional<http::http_error> add(http::field const& field, std::size_t line_number);

  // Makes the head of all lines; to be called once, while the views of the fields are still valid.
  // 502 for a Status that is not one, and for an unknown coding of the content.
  http::result<response_head> head();

  // What the server does with a line, in words; to be called after head().
  std::string_view meaning(std::size_t index) const;

 private:
  struct printed_line {
    http::field field;
    std::size_t number;
    line_use use;
  };

  printed_line** slot(std::string_view name);
  void note_deviation(std::string_view reason, std::string text);
  void note_last();
  std::optional<http::http_error> read_status(response_head& out);
  std::optional<http::http_error> read_coding(response_head& out);
  void read_length(response_head& out);
  void read_other();
  void classify(response_head& out);
  void note_redirect(bool path);

  std::vector<printed_line> lines_;
  std::string connection_;
  std::vector<std::string_view> named_;  // by Connection
  printed_line* status_ = nullptr;       // of each of these the last line
  printed_line* location_ = nullptr;
  printed_line* type_ = nullptr;
  printed_line* length_ = nullptr;
  std::vector<deviation> deviations_;
};

}  // namespace gatehouse::gateway
