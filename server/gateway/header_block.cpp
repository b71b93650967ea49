#include "gatehouse/gateway/header_block.hpp"

#include <algorithm>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::gateway {
namespace {

// Status = "Status:" status-code SP reason-phrase (RFC 3875, 6.3.3); the phrase may be left out.
bool parse_status(std::string_view value, response_head& head) {
  auto const code = value.substr(0, 3);
  auto const number = http::parse_decimal(code);
  if (code.size() != 3 || !number || *number < 200) return false;
  if (value.size() > 3 && value[3] != ' ') return false;
  head.status = static_cast<unsigned>(*number);
  head.phrase = http::trim_ows(value.substr(3));
  return true;
}

std::string_view meaning_of(line_use use) {
  switch (use) {
    case line_use::status:
      return "Becomes the status line of the response (RFC 3875, 6.3.3).";
    case line_use::length:
      return "Says how much content follows: the response is framed by it.";
    case line_use::type:
      return "Handed on: the type of the content (RFC 3875, 6.3.1).";
    case line_use::local_location:
      return "The server answers with that path itself; the client is not told (RFC 3875, 6.2.2).";
    case line_use::client_location:
      return "Handed on: the client goes there (RFC 3875, 6.2.3).";
    case line_use::coding:
      return "Taken off: the content is decoded, and framed anew for the client (RFC 9112, 7.1).";
    case line_use::overridden:
      return "Not used: the last header of this name counts.";
    case line_use::counts_as_none:
      return "Not used: a value of this kind says nothing.";
    case line_use::of_server:
      return "Dropped: the server sends its own (RFC 9110, 6.6.1 and 10.2.4).";
    case line_use::of_connection:
      return "Dropped: the connection to the client is the server's business (RFC 9110, 7.6.1).";
    case line_use::of_other_coding:
      return "Not used: the content says itself where it ends (RFC 9112, 6.3).";
    case line_use::other:
      break;
  }
  return "Handed on as it is (RFC 3875, 6.3.4).";
}

// Whether a line says something that would be lost in a local redirect.
bool counts_beside_location(line_use use) {
  return use == line_use::type || use == line_use::length || use == line_use::other ||
         use == line_use::coding;
}

bool is_handed_on(line_use use) {
  return use == line_use::type || use == line_use::other || use == line_use::client_location ||
         use == line_use::local_location;
}

bool is_absolute_uri(std::string_view where) {
  auto const colon = where.find(':');
  return colon != std::string_view::npos && http::is_token(where.substr(0, colon));
}

}  // namespace

http::http_error malformed(std::string_view reason, std::string detail, std::string explanation) {
  http::http_error error{.status = 502, .reason = reason};
  error.detail = std::move(detail);
  error.help.explanation = std::move(explanation);
  return error;
}

// Adds the number of the line of output that the error is about.
http::http_error at_line(http::http_error error, std::size_t number) {
  error.help.marked_line = number;
  error.detail += " (line " + std::to_string(number) + ")";
  return error;
}

std::optional<http::http_error> header_block::add(http::field const& field,
                                                  std::size_t line_number) {
  if (lines_.size() == base::limits::script_fields) {
    return malformed("script-head-too-large", "too many header fields",
                     "The script printed more header fields than the server takes.");
  }
  lines_.push_back({field, line_number, line_use::other});
  if (http::iequals(field.name, "Connection")) connection_.append(",").append(field.value);
  return std::nullopt;
}

http::result<response_head> header_block::head() {
  named_ = http::list_elements(connection_);
  note_last();
  response_head out;
  if (auto error = read_status(out)) return std::move(*error);
  if (auto error = read_coding(out)) return std::move(*error);
  read_length(out);
  read_other();
  classify(out);
  out.has_content_type = type_ != nullptr;
  for (auto const& l : lines_) {
    if (is_handed_on(l.use)) out.fields.add(l.field.name, l.field.value);
  }
  out.deviations = std::move(deviations_);
  return out;
}

std::string_view header_block::meaning(std::size_t index) const {
  return meaning_of(lines_[index].use);
}

void header_block::note_deviation(std::string_view reason, std::string text) {
  auto const told = std::any_of(deviations_.begin(), deviations_.end(),
                                [&](deviation const& s) { return s.text == text; });
  if (!told) deviations_.push_back({reason, std::move(text)});
}

header_block::printed_line** header_block::slot(std::string_view name) {
  if (http::iequals(name, "Status")) return &status_;
  if (http::iequals(name, "Location")) return &location_;
  if (http::iequals(name, "Content-Type")) return &type_;
  if (http::iequals(name, "Content-Length")) return &length_;
  return nullptr;
}

// If a field that CGI gives a meaning to is repeated, the last one counts, because other servers do
// so and programs rely on it.
void header_block::note_last() {
  for (auto& l : lines_) {
    auto** const place = slot(l.field.name);
    if (place == nullptr) continue;
    if (*place != nullptr) {
      (*place)->use = line_use::overridden;
      note_deviation("script-repeated-header",
                     std::string(l.field.name) + " comes more than once; the last one counts");
    }
    *place = &l;
  }
}

std::optional<http::http_error> header_block::read_status(response_head& out) {
  if (status_ == nullptr) return std::nullopt;
  if (!parse_status(status_->field.value, out)) {
    return at_line(
        malformed("script-bad-status", "Status: " + std::string(status_->field.value),
                  "A Status is three digits from 200 to 599, and may have a phrase after a "
                  "space."),
        status_->number);
  }
  status_->use = line_use::status;
  if (out.status > 599)
    note_deviation("script-odd-status",
                   "Status " + std::to_string(out.status) + " is none of HTTP's (200 to 599)");
  return std::nullopt;
}

// Some programs print chunks, as HTTP servers do, although CGI has no Transfer-Encoding.
std::optional<http::http_error> header_block::read_coding(response_head& out) {
  for (auto& l : lines_) {
    if (!http::iequals(l.field.name, "Transfer-Encoding")) continue;
    if (out.chunked || !http::iequals(l.field.value, "chunked")) {
      return at_line(
          malformed("script-transfer-encoding", "Transfer-Encoding: " + std::string(l.field.value),
                    "The script printed a Transfer-Encoding other than chunked. How "
                    "the content is sent to the client is the server's to say "
                    "(RFC 3875, 6.3.4): print the content as it is."),
          l.number);
    }
    out.chunked = true;
    l.use = line_use::coding;
    note_deviation(
        "script-transfer-encoding",
        "Transfer-Encoding is the server's to set (RFC 3875, 6.3.4); the chunks are decoded");
  }
  return std::nullopt;
}

void header_block::read_length(response_head& out) {
  if (length_ == nullptr) return;
  auto const value = length_->field.value;
  auto const number = http::parse_decimal(value);
  if (out.chunked) {
    length_->use = line_use::of_other_coding;
    note_deviation("script-repeated-framing",
                   "Content-Length stands beside Transfer-Encoding and is not used");
  } else if (number) {
    length_->use = line_use::length;
    out.content_length = number;
  } else {
    length_->use = line_use::counts_as_none;
    note_deviation("script-bad-content-length",
                   value.empty() ? "Content-Length is empty and counts as none"
                                 : "Content-Length is not a number of bytes and counts as none: " +
                                       std::string(value));
  }
}

// Drops the fields that concern only one connection (RFC 9110, 7.6.1) and those that each server
// sends itself. A field that the response is made of stays even if Connection names it.
void header_block::read_other() {
  for (auto& l : lines_) {
    auto const is = [&](std::string_view name) { return http::iequals(l.field.name, name); };
    if (l.use != line_use::other) continue;
    if (type_ == &l) {
      l.use = line_use::type;
    } else if (location_ == &l) {
      continue;
    } else if (is("Date") || is("Server")) {
      l.use = line_use::of_server;
    } else if (is("Connection") || is("Keep-Alive") || is("Proxy-Connection") || is("TE") ||
               is("Trailer") || is("Upgrade") || std::any_of(named_.begin(), named_.end(), is)) {
      l.use = line_use::of_connection;
      note_deviation(
          "script-connection-header",
          std::string(l.field.name) +
              " is about the connection, which is the server's (RFC 3875, 6.3.4); it is dropped");
    }
  }
}

// Decides which of the four kinds of response this is (RFC 3875, 6.2). A header that fits none of
// them is taken for the nearest one.
void header_block::classify(response_head& out) {
  if (location_ == nullptr) return;
  auto const where = location_->field.value;
  if (where.empty() && status_ == nullptr) {
    location_->use = line_use::counts_as_none;
    return note_deviation("script-location", "Location is empty and counts as none");
  }
  bool const path = where.starts_with('/') && !where.starts_with("//");
  bool const alone = std::all_of(lines_.begin(), lines_.end(), [&](printed_line const& l) {
    return &l == location_ || !counts_beside_location(l.use);
  });
  if (status_ == nullptr && path && alone && where.find('#') == std::string_view::npos) {
    location_->use = line_use::local_location;
    out.kind = response_kind::local_redirect;
    out.location = where;
    return;
  }
  location_->use = line_use::client_location;
  out.kind = response_kind::client_redirect;
  if (status_ != nullptr) return;
  out.status = 302;
  note_redirect(path);
}

// Notes how a redirect for the client deviates from what RFC 3875 asks for.
void header_block::note_redirect(bool path) {
  std::string_view const where = location_->field.value;
  if (path && where.find('#') == std::string_view::npos) {
    note_deviation(
        "script-location",
        "Location is a path and stands beside other headers; the client is sent there (302). "
        "Print Status: 302 Found as well (RFC 3875, 6.2.4)");
  } else if (!is_absolute_uri(where)) {
    note_deviation(
        "script-location",
        "Location is neither a path alone nor an absolute URI (RFC 3875, 6.3.2); the client is "
        "sent there (302)");
  } else if (type_ != nullptr) {
    note_deviation(
        "script-location",
        "Location stands beside a Content-Type without a Status; the client is sent there (302). "
        "Print Status: 302 Found as well (RFC 3875, 6.2.4)");
  }
}

}  // namespace gatehouse::gateway
