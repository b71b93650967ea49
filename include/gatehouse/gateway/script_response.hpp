#pragma once
// What a script prints, up to the empty line (RFC 3875, 6). A push parser, pure: bytes in, a head
// or an error out. Shared by every gateway whose programs answer in CGI's form.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/http/error.hpp"
#include "gatehouse/http/fields.hpp"

namespace gatehouse::gateway {

enum class response_kind {
  document,         // RFC 3875, 6.2.1
  local_redirect,   // 6.2.2: location is a path, with or without a query
  client_redirect,  // 6.2.3 and 6.2.4: the status is 302 unless the script gave another
};

// Where a script's output deviates from RFC 3875 in a way that other servers accept, and this one
// too. The script's author is told of it.
struct deviation {
  std::string_view reason;  // a literal such as "script-repeated-header"; stable
  std::string text;         // one sentence
};

struct response_head {
  response_kind kind = response_kind::document;
  unsigned status = 200;
  std::string phrase;    // as the script gave it; may be empty
  std::string location;  // of a local redirect
  http::fields fields;   // for the client: without those that are the server's to send
  std::optional<std::uint64_t> content_length;
  bool chunked = false;  // the content is in the chunked coding, which is to be taken off
  bool has_content_type = false;
  std::vector<deviation> deviations;
};

// A header line of a script, and what the server did with it.
struct header_use {
  std::size_t start;  // offsets in the header block, without the line end
  std::size_t end;
  std::string_view meaning;
};

class script_response_parser {
 public:
  // Takes the next bytes that the script printed. Gives the head once its empty line is there,
  // nothing while more is needed. 502 with a reason code and a diagnosis for anything malformed, as
  // soon as it shows. After a head or an error it is not called again.
  http::result<std::optional<response_head>> push(std::string_view bytes);

  // For an output that has ended before push() gave a head: that of an output which is nothing but
  // content behind an empty line, else the error.
  http::result<response_head> ended();

  // What followed the head in the bytes that were pushed: the first part of the body.
  std::string_view rest() const { return std::string_view(text_).substr(body_start_); }

  // All that was pushed up to the end of the head, or everything while there is none.
  std::string_view head() const {
    return std::string_view(text_).substr(0, body_start_ > 0 ? body_start_ : text_.size());
  }

  // Puts what was pushed, or the part of it around the line that is at fault, into a diagnosis.
  // `more`: what the script printed behind it. Headers that come there tell why there is other
  // output before them, and the error says so.
  void explain(http::http_error& error, std::string_view more) const;

 private:
  http::result<std::optional<response_head>> end_head(std::size_t body_start);

  enum class stage { first_line, behind_empty_line, in_fields };
  stage stage_ = stage::first_line;
  std::string text_;
  std::size_t line_start_ = 0;
  std::size_t line_number_ = 1;
  std::size_t body_start_ = 0;
};

// The head in a whole header block, with its empty line (502 without one); used by the parser
// above. uses, unless null, gets every line that was read, also if the block is malformed further
// on.
http::result<response_head> parse_response_head(std::string_view block,
                                                std::vector<header_use>* uses = nullptr);

}  // namespace gatehouse::gateway
