#include "gatehouse/gateway/script_response.hpp"

#include <algorithm>
#include <vector>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/grammar.hpp"

namespace gatehouse::gateway {
namespace {

http::http_error malformed(std::string_view reason, std::string detail, std::string explanation) {
  http::http_error error{.status = 502, .reason = reason};
  error.detail = std::move(detail);
  error.help.explanation = std::move(explanation);
  return error;
}

http::http_error head_too_large() {
  return malformed("script-head-too-large", "the header block is over the limit",
                   "The script printed more than " +
                       std::to_string(base::limits::script_head_bytes) +
                       " bytes without a blank line.");
}

http::http_error no_blank_line() {
  return malformed("script-no-blank-line",
                   "the output ended before the blank line that ends the headers",
                   "The script's output ended before the blank line that separates the headers "
                   "from the content.");
}

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// A header line without its line end: field-name ":" value. Checks all that makes a line unfit to
// be handed on.
http::result<http::field> parse_line(std::string_view line) {
  auto const is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7F';
  };
  if (std::any_of(line.begin(), line.end(), is_control)) {
    return malformed("script-bad-header", "a header line has a control character",
                     "The script printed a header line with a control character in it.");
  }
  auto const colon = line.find(':');
  if (colon == std::string_view::npos) {
    return malformed(
        "script-no-blank-line", "a line before the blank line is not a header",
        "The script printed a line that is not a header (Name: value) before the blank line. Every "
        "response starts with headers, such as Content-Type: text/html, and an empty line after "
        "them.");
  }
  auto const name = line.substr(0, colon);
  if (!http::is_token(name)) {
    return malformed(
        "script-bad-header", "a header's name has characters that no name has",
        "The script printed a header whose name is not a name (RFC 9110, 5.1). Is the blank line "
        "after the headers missing?");
  }
  return http::field{name, http::trim_ows(line.substr(colon + 1))};
}

// Status = "Status:" status-code SP reason-phrase (RFC 3875, 6.3.3); the phrase may be left out.
bool parse_status(std::string_view value, response_head& head) {
  auto const code = value.substr(0, 3);
  auto const number = http::parse_decimal(code);
  if (code.size() != 3 || !number || *number < 200 || *number > 599) return false;
  if (value.size() > 3 && value[3] != ' ') return false;
  head.status = static_cast<unsigned>(*number);
  head.phrase = http::trim_ows(value.substr(3));
  return true;
}

// Fields that concern one connection only and are the server's business (RFC 9110, 7.6.1).
bool is_hop_by_hop(std::string_view name, std::vector<std::string_view> const& named) {
  auto const is = [&](std::string_view other) { return http::iequals(name, other); };
  return is("Connection") || is("Keep-Alive") || is("Proxy-Connection") || is("TE") ||
         is("Trailer") || is("Upgrade") || std::any_of(named.begin(), named.end(), is);
}

// The fields that CGI gives a meaning to; each at most once.
struct cgi_fields {
  std::optional<std::string_view> status;
  std::optional<std::string_view> location;
  std::optional<std::string_view> content_type;
  std::optional<std::string_view> content_length;

  std::optional<std::string_view>* slot(std::string_view name) {
    if (http::iequals(name, "Status")) return &status;
    if (http::iequals(name, "Location")) return &location;
    if (http::iequals(name, "Content-Type")) return &content_type;
    if (http::iequals(name, "Content-Length")) return &content_length;
    return nullptr;
  }
};

// Which of the four kinds of response this is (RFC 3875, 6.2).
std::optional<http::http_error> classify(response_head& head, cgi_fields const& seen,
                                         bool other_fields) {
  if (!seen.location) {
    if (seen.status || seen.content_type) return std::nullopt;
    return malformed(
        "script-no-content-type", "neither Content-Type nor Status nor Location",
        "The script's headers have no Content-Type. A response with content needs one, such as "
        "Content-Type: text/html.");
  }
  auto const location = *seen.location;
  if (location.empty())
    return malformed("script-bad-location", "Location is empty",
                     "The script printed an empty Location.");
  if (seen.status) {
    head.kind = response_kind::client_redirect;
    return std::nullopt;
  }
  if (location.starts_with('/')) {
    if (other_fields || seen.content_type || seen.content_length) {
      return malformed(
          "script-bad-location", "a Location with a path has other headers beside it",
          "A Location with a path alone makes the server answer with that path (RFC 3875, 6.2.2) "
          "and "
          "goes with no other header. To send the browser there, print Status: 302 Found as well.");
    }
    head.kind = response_kind::local_redirect;
    head.location = location;
    return std::nullopt;
  }
  auto const scheme_end = location.find(':');
  auto const scheme = location.substr(0, std::min(scheme_end, location.size()));
  if (scheme_end == std::string_view::npos || !http::is_token(scheme)) {
    return malformed("script-bad-location", "Location is neither a path nor an absolute URI",
                     "A Location starts with / or with a scheme such as https: (RFC 3875, 6.3.2).");
  }
  head.kind = response_kind::client_redirect;
  head.status = 302;
  return std::nullopt;
}

// What the server does with a line of a head that is sound.
std::string_view meaning_of(std::string_view name, response_head const& head,
                            std::vector<std::string_view> const& named) {
  if (http::iequals(name, "Status"))
    return "Becomes the status line of the response (RFC 3875, 6.3.3).";
  if (http::iequals(name, "Content-Length"))
    return "Says how much content follows: the response is framed by it.";
  if (is_hop_by_hop(name, named))
    return "Dropped: the connection to the client is the server's business (RFC 9110, 7.6.1).";
  if (http::iequals(name, "Content-Type"))
    return "Handed on: the type of the content (RFC 3875, 6.3.1).";
  if (!http::iequals(name, "Location")) return "Handed on as it is (RFC 3875, 6.3.4).";
  if (head.kind == response_kind::local_redirect)
    return "The server answers with that path itself; the client is not told (RFC 3875, 6.2.2).";
  return "Handed on: the client goes there (RFC 3875, 6.2.3).";
}

}  // namespace

http::result<std::optional<response_head>> script_response_parser::push(std::string_view bytes) {
  text_ += bytes;
  for (auto lf = text_.find('\n', line_start_); lf != std::string::npos;
       lf = text_.find('\n', line_start_)) {
    auto const line =
        without_line_end(std::string_view(text_).substr(line_start_, lf + 1 - line_start_));
    if (lf >= base::limits::script_head_bytes) return head_too_large();
    if (line.empty()) {
      body_start_ = lf + 1;
      auto head = parse_response_head(std::string_view(text_).substr(0, body_start_));
      if (head.has_error()) return head.error();
      return std::optional<response_head>(std::move(*head));
    }
    if (auto const field = parse_line(line); field.has_error()) return field.error();
    line_start_ = lf + 1;
  }
  if (text_.size() > base::limits::script_head_bytes) return head_too_large();
  return std::optional<response_head>();
}

http::http_error script_response_parser::ended() const {
  if (text_.empty())
    return malformed("script-no-output", "no output",
                     "The script ended without printing anything.");
  return no_blank_line();
}

std::string script_response_parser::excerpt() const {
  return text_.substr(0, base::limits::output_excerpt_bytes);
}

http::result<response_head> parse_response_head(std::string_view block,
                                                std::vector<header_use>* uses) {
  auto const* const begin = block.data();
  std::vector<http::field> lines;
  cgi_fields seen;
  std::string connection;
  while (true) {
    auto const lf = block.find('\n');
    if (block.empty()) return no_blank_line();
    auto const line = without_line_end(block.substr(0, lf));
    if (line.empty() && lf != std::string_view::npos) break;
    block.remove_prefix(lf == std::string_view::npos ? block.size() : lf + 1);
    if (uses != nullptr) {
      auto const start = static_cast<std::size_t>(line.data() - begin);
      uses->push_back({start, start + line.size(), "Read; the response is refused all the same."});
    }
    auto const field = parse_line(line);
    if (field.has_error()) return field.error();
    if (lines.size() == base::limits::fields)
      return malformed("script-head-too-large", "too many header fields",
                       "The script printed more header fields than the server takes.");
    if (http::iequals(field->name, "Transfer-Encoding")) {
      return malformed("script-transfer-encoding", "the script set Transfer-Encoding",
                       "Transfer-Encoding is the server's to set (RFC 3875, 6.3.4): print the "
                       "content as it is.");
    }
    if (http::iequals(field->name, "Connection")) connection.append(",").append(field->value);
    if (auto* const slot = seen.slot(field->name)) {
      if (*slot)
        return malformed("script-repeated-header",
                         std::string(field->name) + " comes more than once",
                         "The script printed " + std::string(field->name) + " more than once.");
      *slot = field->value;
    }
    lines.push_back(*field);
  }
  response_head head;
  if (seen.status && !parse_status(*seen.status, head)) {
    return malformed(
        "script-bad-status", "Status: " + std::string(*seen.status),
        "A Status is three digits from 200 to 599, and may have a phrase after a space.");
  }
  if (seen.content_length) {
    head.content_length = http::parse_decimal(*seen.content_length);
    if (!head.content_length) {
      return malformed("script-bad-content-length",
                       "Content-Length: " + std::string(*seen.content_length),
                       "A Content-Length is a number of bytes, in digits.");
    }
  }
  head.has_content_type = seen.content_type.has_value();
  auto named = http::list_elements(connection);
  // What the response is made of is not for Connection to take away.
  std::erase_if(named, [&](std::string_view name) { return seen.slot(name) != nullptr; });
  bool other_fields = false;
  for (auto const& field : lines) {
    bool const own =
        http::iequals(field.name, "Status") || http::iequals(field.name, "Content-Length");
    if (own || is_hop_by_hop(field.name, named)) continue;
    other_fields = other_fields || seen.slot(field.name) == nullptr;
    head.fields.add(field.name, field.value);
  }
  if (auto error = classify(head, seen, other_fields)) return std::move(*error);
  for (std::size_t i = 0; uses != nullptr && i < lines.size(); ++i) {
    (*uses)[i].meaning = meaning_of(lines[i].name, head, named);
  }
  return head;
}

}  // namespace gatehouse::gateway
