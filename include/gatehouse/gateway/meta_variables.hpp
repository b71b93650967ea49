#pragma once
// The request meta-variables (RFC 3875, 4.1): the one place where a request becomes what a program
// reads from its environment. Pure. The teaching views print exactly this list.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/gateway/script_target.hpp"
#include "gatehouse/http/head_parts.hpp"
#include "gatehouse/http/peer.hpp"
#include "gatehouse/http/request.hpp"

namespace gatehouse::gateway {

struct meta_variable {
  std::string name;
  std::string value;
  std::string_view from;  // the part of the request, connection or configuration that it comes from
  std::string_view clause;   // of RFC 3875, or what else asks for it
  http::head_source source;  // the same part as bytes of the head; its name is the request's
};

// What is the same for every request of a gateway.
struct variable_rules {
  std::filesystem::path document_root;
  bool pass_auth = false;                  // hand on Authorization and Proxy-Authorization
  std::vector<meta_variable> environment;  // PATH and what --env names
};

// A field of a request that its program does not get, and why.
struct withheld_field {
  std::string name;
  std::string_view why;
};

// In the order of the request, each name once. Those that have variables of their own
// (Content-Length) or concern only the connection are not among them. pass_auth: as in
// variable_rules.
std::vector<withheld_field> withheld_fields(http::request const& request, bool pass_auth);

// In a fixed order, each name once: what rules.environment sets stands instead of what the request
// would have made of that name, and of two there the last counts. content_length: of the body as
// the program will read it, if there is one. redirect_url: see http::exchange_context.
std::vector<meta_variable> meta_variables(http::request const& request, script_target const& target,
                                          http::peer const& client, variable_rules const& rules,
                                          std::optional<std::uint64_t> content_length,
                                          std::string_view redirect_url);

}  // namespace gatehouse::gateway
