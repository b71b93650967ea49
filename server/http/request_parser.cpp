#include "gatehouse/http/request_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "gatehouse/base/limits.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/http/silent_parser.hpp"
#include "gatehouse/http/target_parser.hpp"

namespace gatehouse::http {
namespace {

namespace beast_http = boost::beast::http;

// About as many as a browser sends, to reserve space for.
constexpr std::size_t usual_fields = 16;

http_error refusal(unsigned status, std::string_view reason, std::string detail) {
  return {.status = status, .reason = reason, .detail = std::move(detail), .close = true};
}

// How often the fields come that a request is framed and checked by.
struct field_counts {
  unsigned host = 0;
  unsigned content_length = 0;
  unsigned transfer_encoding = 0;
  unsigned connection = 0;
  unsigned expect = 0;
};

// Beast's parser, which puts what it finds into a request.
class head_parser final : public silent_parser {
 public:
  explicit head_parser(request& into) : parsed(into) {}

  std::string target_text;
  request& parsed;
  field_counts counts;
  bool too_many_fields = false;

 private:
  static std::string_view view(string_view text) { return {text.data(), text.size()}; }

  void on_request_impl(verb, string_view method, string_view target, int version,
                       error_code& ec) override {
    ec = {};
    parsed.method = view(method);
    target_text = view(target);
    parsed.minor_version = version == 10 ? 0U : 1U;
  }
  void on_field_impl(known_field known, string_view name, string_view value,
                     error_code& ec) override {
    ec = {};
    if (parsed.fields.size() == base::limits::fields) {
      too_many_fields = true;
      ec = beast_http::error::header_limit;
      return;
    }
    parsed.fields.add(view(name), view(value));
    count(known);
  }
  void count(known_field known) {
    switch (known) {
      case known_field::host:
        ++counts.host;
        break;
      case known_field::content_length:
        ++counts.content_length;
        break;
      case known_field::transfer_encoding:
        ++counts.transfer_encoding;
        break;
      case known_field::connection:
        ++counts.connection;
        break;
      case known_field::expect:
        ++counts.expect;
        break;
      default:
        break;
    }
  }
};

// HTTP-version = "HTTP" "/" DIGIT "." DIGIT (RFC 9112, 2.3), at the end of the request line. Beast
// refuses what does not have this form.
enum class version { served, of_a_later_minor, not_supported };

version version_of(std::string_view request_line) {
  if (request_line.size() < 9) return version::served;
  auto const text = request_line.substr(request_line.size() - 9);
  if (!text.starts_with(" HTTP/") || !is_digit(text[6]) || text[7] != '.' || !is_digit(text[8]))
    return version::served;
  if (text[6] != '1') return version::not_supported;
  return text[8] <= '1' ? version::served : version::of_a_later_minor;
}

// A later minor version is served as the latest one that the server knows (RFC 9110, 2.5). Beast
// would refuse it, so the head that Beast is given says HTTP/1.1.
std::string with_known_version(std::string_view head, std::size_t request_line_size) {
  std::string changed(head);
  changed[request_line_size - 1] = '1';
  return changed;
}

// obs-fold = OWS CRLF RWS (RFC 9112, 5.2), also behind a bare LF. Beast takes it for a part of the
// value.
bool has_folded_line(std::string_view lines) {
  while (true) {
    auto const lf = lines.find('\n');
    if (lf == std::string_view::npos) return false;
    lines.remove_prefix(lf + 1);
    if (lines.starts_with(' ') || lines.starts_with('\t')) return true;
  }
}

http_error beast_refusal(boost::beast::error_code const& ec) {
  using beast_http::error;
  auto const said = [&](std::string_view reason) { return refusal(400, reason, ec.message()); };
  switch (static_cast<error>(ec.value())) {
    case error::bad_method:
      return said("bad-method");
    case error::bad_target:
      return said("bad-target");
    case error::bad_version:
      return said("bad-version");
    case error::bad_field:
      return said("bad-field-name");
    case error::bad_value:
      return said("bad-field-value");
    case error::bad_content_length:
    case error::multiple_content_length:
      return said("bad-content-length");
    case error::bad_transfer_encoding:
      return said("bad-transfer-encoding");
    case error::header_limit:
      return refusal(431, "head-too-large", ec.message());
    default:
      return said("bad-request");
  }
}

// RFC 9110, 8.6 lets a recipient treat several equal lengths as one. Only one field with one number
// is accepted here, as by other servers, because a proxy in front may have counted them in another
// way.
std::optional<http_error> check_content_length(request const& request, field_counts const& counts) {
  if (counts.content_length == 0) return std::nullopt;
  auto const value = *request.fields.find("Content-Length");
  if (counts.content_length == 1 && parse_decimal(value)) return std::nullopt;
  return refusal(400, "bad-content-length", "Content-Length is not one number");
}

// RFC 9112, 6.1: chunked is the last coding and comes once. Other codings before it are not
// implemented. A list with an empty element is refused because servers disagree on what it means.
std::optional<http_error> check_transfer_encoding(request& request, field_counts const& counts) {
  if (counts.transfer_encoding == 0) return std::nullopt;
  auto const bad = [](std::string detail) {
    return refusal(400, "bad-transfer-encoding", std::move(detail));
  };
  if (counts.content_length > 0) return bad("together with Content-Length");
  if (request.minor_version == 0) return bad("in an HTTP/1.0 request");
  std::string const value = request.fields.combined("Transfer-Encoding");
  auto const codings = list_elements(value);
  if (codings.empty() || !iequals(codings.back(), "chunked")) {
    return bad("the last transfer coding is not chunked: " + value);
  }
  for (std::size_t i = 0; i + 1 < codings.size(); ++i) {
    if (iequals(codings[i], "chunked")) return bad("chunked more than once");
  }
  if (codings.size() > 1) {
    return refusal(501, "transfer-coding-not-implemented", value);
  }
  if (!iequals(value, "chunked")) return bad("an empty element beside chunked");
  request.chunked = true;
  return std::nullopt;
}

// RFC 9112, 9.3: close wins over keep-alive, and an HTTP/1.0 connection is kept only if the client
// asks for it. Beast would also obey Proxy-Connection, which was meant for a proxy that did not
// understand it.
bool is_to_go_on(request const& request, field_counts const& counts) {
  bool go_on = request.minor_version >= 1;
  if (counts.connection == 0) return go_on;
  auto const options = request.fields.combined("Connection");
  for (auto const option : list_elements(options)) {
    if (iequals(option, "close")) return false;
    if (iequals(option, "keep-alive")) go_on = true;
  }
  return go_on;
}

// RFC 9112, 3.2: exactly one Host field in HTTP/1.1, at most one in HTTP/1.0, and its value is
// valid.
std::optional<http_error> check_host(request const& request, field_counts const& counts) {
  if (counts.host == 0 && request.minor_version >= 1)
    return refusal(400, "host-missing", "no Host field");
  if (counts.host == 0) return std::nullopt;
  if (counts.host > 1) return refusal(400, "host-repeated", "more than one Host field");
  auto const value = *request.fields.find("Host");
  if (is_host(value)) return std::nullopt;
  return refusal(400, "bad-host", "Host: " + std::string(value));
}

// RFC 9110, 10.1.1; HTTP/1.0 knows no expectations.
std::optional<http_error> check_expect(request& request, field_counts const& counts) {
  if (request.minor_version == 0 || counts.expect == 0) return std::nullopt;
  std::string const value = request.fields.combined("Expect");
  if (!iequals(value, "100-continue"))
    return refusal(417, "expectation-unknown", "Expect: " + value);
  request.expects_continue = request.has_body();
  return std::nullopt;
}

// A resource of https must not be requested over a connection without TLS (RFC 9110, 7.4).
std::optional<http_error> check_scheme(request const& request) {
  if (request.target.scheme != target_scheme::https) return std::nullopt;
  return refusal(421, "https-on-plain-connection", "https://" + request.target.authority);
}

std::optional<http_error> check_body_limit(request const& request, std::uint64_t limit) {
  if (request.content_length.value_or(0) <= limit) return std::nullopt;
  return refusal(413, "body-too-large",
                 "Content-Length " + std::to_string(*request.content_length) +
                     " is over the body limit of " + std::to_string(limit) + " bytes");
}

}  // namespace

result<std::optional<std::size_t>> head_scanner::scan(std::string_view bytes) {
  if (!bytes.empty() && !is_token_char(bytes[0])) {
    return refusal(400, "bad-method", "the first byte starts no method");
  }
  while (true) {
    auto const lf = bytes.substr(0, limit_).find('\n', scanned_);
    if (lf == std::string_view::npos) break;
    if (lf == 0 || bytes[lf - 1] != '\r') {
      return refusal(400, "bare-lf", "a line of the head ends in LF without CR");
    }
    if (lf == line_start_ + 1) return std::optional<std::size_t>(lf + 1);
    line_start_ = scanned_ = lf + 1;
  }
  if (bytes.size() >= limit_) {
    bool const in_request_line = line_start_ == 0;
    return refusal(in_request_line ? 414U : 431U,
                   in_request_line ? "target-too-long" : "head-too-large",
                   "the head is over the limit of " + std::to_string(limit_) + " bytes");
  }
  scanned_ = bytes.size();
  return std::optional<std::size_t>();
}

std::optional<http_error> parse_request(std::string_view head, std::uint64_t body_limit_bytes,
                                        request& parsed) {
  auto const request_line = head.substr(0, head.find("\r\n"));
  auto const version = version_of(request_line);
  if (version == version::not_supported) {
    return refusal(505, "version-not-supported", std::string(request_line));
  }
  std::string changed;
  if (version == version::of_a_later_minor) {
    head = changed = with_known_version(head, request_line.size());
  }
  if (has_folded_line(head))
    return refusal(400, "obs-fold", "a field line begins with white space");

  head_parser parser(parsed);
  parsed.fields.reserve(usual_fields, head.size());
  parser.header_limit(static_cast<std::uint32_t>(head.size()));
  parser.body_limit(boost::none);
  boost::beast::error_code ec;
  parser.put(boost::asio::buffer(head), ec);
  if (parser.too_many_fields) {
    return refusal(431, "too-many-fields",
                   "more than " + std::to_string(base::limits::fields) + " header fields");
  }
  if (ec) return beast_refusal(ec);
  if (!parser.is_header_done()) return refusal(400, "bad-request", "the head is not complete");

  if (auto const length = parser.content_length()) parsed.content_length = *length;
  parsed.keep_alive = is_to_go_on(parsed, parser.counts);
  if (auto error = parse_target(parsed.method, parser.target_text, parsed.target)) return error;
  if (auto error = check_scheme(parsed)) return error;
  if (auto error = check_host(parsed, parser.counts)) return error;
  if (auto error = check_content_length(parsed, parser.counts)) return error;
  if (auto error = check_transfer_encoding(parsed, parser.counts)) return error;
  if (auto error = check_expect(parsed, parser.counts)) return error;
  return check_body_limit(parsed, body_limit_bytes);
}

result<request> parse_request(std::string_view head, std::uint64_t body_limit_bytes) {
  request parsed;
  if (auto error = parse_request(head, body_limit_bytes, parsed)) return std::move(*error);
  return parsed;
}

}  // namespace gatehouse::http
