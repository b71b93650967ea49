#include "gatehouse/http/error.hpp"

#include <algorithm>
#include <array>
#include <boost/throw_exception.hpp>
#include <stdexcept>
#include <utility>

namespace gatehouse::http {
namespace {

// Status codes and their phrases (RFC 9110, 15, and the IANA registry of status codes).
struct known_status {
  unsigned code;
  std::string_view phrase;
};
constexpr known_status known_statuses[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {511, "Network Authentication Required"},
};

// Phrases by status code, because every response asks for one.
constexpr auto phrases = [] {
  std::array<std::string_view, 512> out{};
  out.fill("Unknown");
  for (auto const& known : known_statuses) out[known.code] = known.phrase;
  return out;
}();

std::string_view sentence_for_status(unsigned status) {
  switch (status) {
    case 400:
      return "The server does not understand this request.";
    case 401:
      return "This address asks for a name and a password.";
    case 403:
      return "The server may not give this out.";
    case 404:
      return "There is nothing at this address.";
    case 405:
      return "This address does not take requests of this kind.";
    case 406:
      return "There is no form of this that the client accepts.";
    case 408:
      return "The request did not arrive in time.";
    case 411:
      return "The request has to say how long its content is.";
    case 412:
      return "A condition that the request sets is not met.";
    case 413:
      return "The content of the request is larger than the server takes.";
    case 414:
      return "The address is longer than the server takes.";
    case 415:
      return "The content of the request is of a kind that is not taken here.";
    case 416:
      return "The part that was asked for does not exist.";
    case 417:
      return "The server cannot meet what the request expects of it.";
    case 431:
      return "The header fields of the request are larger than the server takes.";
    case 500:
      return "Something went wrong on the server.";
    case 501:
      return "The server does not know how to do this.";
    case 502:
      return "The program at this address did not give a proper answer.";
    case 503:
      return "The server is busy. Try again in a moment.";
    case 504:
      return "The program at this address took too long to answer.";
    case 505:
      return "The server does not speak this version of HTTP.";
    default:
      return status < 500 ? "The request cannot be answered." : "The server cannot answer.";
  }
}

}  // namespace

void throw_exception_from_error(http_error const& e, boost::source_location const& where) {
  boost::throw_exception(std::logic_error("value() of an error: " + std::string(e.reason)), where);
}

http_error try_again_later(std::string_view reason, std::string detail,
                           std::chrono::steady_clock::duration after) {
  http_error error{.status = 503, .reason = reason};
  error.detail = std::move(detail);
  add_retry_after(error, after);
  return error;
}

void add_retry_after(http_error& error, std::chrono::steady_clock::duration after) {
  if (error.fields.contains("Retry-After")) return;
  auto const seconds = std::chrono::ceil<std::chrono::seconds>(after);
  error.fields.add("Retry-After",
                   std::to_string(std::max(seconds, std::chrono::seconds(1)).count()));
}

std::string_view reason_phrase(unsigned status) {
  return status < phrases.size() ? phrases[status] : "Unknown";
}

// What a program that cannot be run comes to for its client is not what the status says.
std::string_view sentence_for(http_error const& error) {
  if (error.reason == "script-not-executable" || error.reason == "script-not-readable")
    return "The server cannot run the program at this address.";
  if (error.reason == "script-start-failed")
    return "The program at this address cannot be started.";
  return sentence_for_status(error.status);
}

}  // namespace gatehouse::http
