#pragma once
// A request as it is typed on a command line, with curl's options, made into the bytes that go over
// the connection. Nothing is encoded or tidied: what is typed is sent. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gatehouse/config/options.hpp"

namespace gatehouse::show {

struct typed_request {
  std::string target;  // a request-target, or an http: URL, which also says the Host
  std::optional<std::string> method = {};  // else GET, or POST with a body
  std::vector<std::string> fields = {};    // "NAME: VALUE", in their order
  std::optional<std::string> body = {};
  std::uint16_t port = 80;  // of the Host field localhost:PORT, if there is no other
};

// Head and body. Added unless typed: Host in front of the other fields; with a body, Content-Length
// and the Content-Type of a form. The error tells of what would make it another request or none: a
// space in the target, a line end in a field, a Content-Length that is not the body's.
std::variant<std::string, config::usage_error> request_bytes(typed_request const& typed);

}  // namespace gatehouse::show
