#include "gatehouse/gateway/meta_variables.hpp"

#include <algorithm>

#include "gatehouse/http/grammar.hpp"

namespace gatehouse::gateway {
namespace {

using part = http::head_part;

http::head_source whole(part what) {
  return {what, {}, 0};
}

http::head_source header(std::string_view name) {
  return {part::field, name, 0};
}

// The host in the request target or else in the Host field, without a port. Without both it is the
// address that the client has connected to.
meta_variable server_name(http::request const& request, http::peer const& client) {
  auto variable = [](std::string value, std::string_view from, http::head_source source) {
    return meta_variable{"SERVER_NAME", std::move(value), from, "4.1.14", source};
  };
  if (!request.target.authority.empty()) {
    if (auto parsed = http::parse_host(request.target.authority)) {
      return variable(std::move(parsed->host), "request-target authority", whole(part::authority));
    }
  }
  if (auto const host = request.fields.find("Host")) {
    if (auto parsed = http::parse_host(*host))
      return variable(std::move(parsed->host), "Host field", header("Host"));
  }
  return variable(client.server_host(), "bound address", {});
}

// Adds what the server says about itself, and where and in which protocol it was asked.
void add_server(std::vector<meta_variable>& out, http::request const& request,
                http::peer const& client) {
  out.push_back({"GATEWAY_INTERFACE", "CGI/1.1", "server", "4.1.4", {}});
  out.push_back({"SERVER_SOFTWARE", "gatehouse/" GATEHOUSE_VERSION, "server", "4.1.17", {}});
  out.push_back(server_name(request, client));
  out.push_back({"SERVER_PORT", std::to_string(client.server_port()), "connection", "4.1.15", {}});
  out.push_back({"SERVER_PROTOCOL", std::string(request.version()), "request line", "4.1.16",
                 whole(part::version)});
}

// The script's part of the target's path (part::path), or what follows it (part::path_rest).
http::head_source in_path(part what, std::string_view script_name) {
  return {
      what, {}, static_cast<std::size_t>(std::count(script_name.begin(), script_name.end(), '/'))};
}

// Adds the method, and the parts of the target.
void add_target(std::vector<meta_variable>& out, http::request const& request,
                script_target const& target, std::string const& root) {
  auto const script_path = in_path(part::path, target.script_name);
  auto const extra_path = in_path(part::path_rest, target.script_name);
  out.push_back({"REQUEST_METHOD", request.method, "request line", "4.1.12", whole(part::method)});
  out.push_back({"SCRIPT_NAME", target.script_name, "request-target path", "4.1.13", script_path});
  if (target.path_info) {
    out.push_back({"PATH_INFO", *target.path_info, "request-target path", "4.1.5", extra_path});
    out.push_back({"PATH_TRANSLATED", root + *target.path_info, "document root and PATH_INFO",
                   "4.1.6", extra_path});
  }
  out.push_back(
      {"QUERY_STRING", request.target.query, "request-target query", "4.1.7", whole(part::query)});
}

// Adds what describes the body.
void add_content(std::vector<meta_variable>& out, http::request const& request,
                 std::optional<std::uint64_t> content_length) {
  if (content_length) {
    out.push_back({"CONTENT_LENGTH", std::to_string(*content_length), "request body", "4.1.2",
                   header("Content-Length")});
  }
  if (auto const type = request.fields.find("Content-Type")) {
    out.push_back({"CONTENT_TYPE", std::string(*type), "Content-Type field", "4.1.3",
                   header("Content-Type")});
  }
}

// Adds the client's address. No name is looked up, so REMOTE_HOST is the address as well, as RFC
// 3875 allows.
void add_client(std::vector<meta_variable>& out, http::peer const& client) {
  auto const address = client.address();
  out.push_back({"REMOTE_ADDR", address, "connection", "4.1.8", {}});
  out.push_back({"REMOTE_HOST", address, "connection", "4.1.9", {}});
}

// "Accept-Language" -> "HTTP_ACCEPT_LANGUAGE"
std::string variable_name(std::string_view field_name) {
  std::string out = "HTTP_";
  for (char const c : field_name) {
    if (c == '-') {
      out += '_';
    } else if (c >= 'a' && c <= 'z') {
      out += static_cast<char>(c - ('a' - 'A'));
    } else {
      out += c;
    }
  }
  return out;
}

bool stands_in_variable(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

// Why a field never becomes a variable; empty if it may.
std::string_view why_withheld(std::string_view name, bool pass_auth) {
  auto const is = [&](std::string_view other) { return http::iequals(name, other); };
  // A client's Proxy field would become HTTP_PROXY, which many programs take for a setting of their
  // own ("httpoxy").
  if (is("Proxy")) return "HTTP_PROXY is a setting to many programs, which no client may make";
  // A-B and A_B would become the same variable, and a careful proxy lets only the first one
  // through. Other characters are left out of the names of variables because programs treat them in
  // different ways.
  if (name.find('_') != std::string_view::npos)
    return "with _ it could pass for the field with - in that place";
  if (!std::all_of(name.begin(), name.end(), stands_in_variable))
    return "its name has other characters than letters, digits and -";
  if (!pass_auth && (is("Authorization") || is("Proxy-Authorization")))
    return "the server keeps it to itself, unless --pass-auth is given";
  return {};
}

// Whether a field has a variable of its own, or concerns only this connection.
bool is_no_header_variable(std::string_view name) {
  auto const is = [&](std::string_view other) { return http::iequals(name, other); };
  return is("Content-Length") || is("Content-Type") || is("Connection") || is("Transfer-Encoding");
}

bool is_withheld(std::string_view name, bool pass_auth) {
  return is_no_header_variable(name) || !why_withheld(name, pass_auth).empty();
}

// Adds HTTP_*: each field name once, in the order of first appearance (RFC 3875, 4.1.18).
void add_fields(std::vector<meta_variable>& out, http::request const& request, bool pass_auth) {
  std::string const connection = request.fields.combined("Connection");
  auto const hop_by_hop = http::list_elements(connection);
  auto const is_hop_by_hop = [&](std::string_view name) {
    return std::any_of(hop_by_hop.begin(), hop_by_hop.end(),
                       [&](std::string_view named) { return http::iequals(named, name); });
  };
  auto const first = out.size();
  for (auto const& field : request.fields) {
    if (is_withheld(field.name, pass_auth) || is_hop_by_hop(field.name)) continue;
    std::string name = variable_name(field.name);
    auto const same = std::find_if(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
                                   [&](meta_variable const& v) { return v.name == name; });
    if (same != out.end()) {
      same->value.append(name == "HTTP_COOKIE" ? "; " : ", ").append(field.value);
    } else if (name == "HTTP_HOST" && !request.target.authority.empty()) {
      // RFC 9112, 3.2.2: an absolute-form target replaces Host.
      out.push_back({std::move(name), request.target.authority, "request-target authority",
                     "4.1.18", whole(part::authority)});
    } else {
      out.push_back({std::move(name), std::string(field.value), "header field", "4.1.18",
                     header(field.name)});
    }
  }
}

// Adds variables that are not in RFC 3875, but that programs expect.
void add_conventional(std::vector<meta_variable>& out, http::request const& request,
                      script_target const& target, http::peer const& client,
                      std::string const& root, std::string_view redirect_url) {
  constexpr std::string_view convention = "convention (php-cgi, git, Apache)";
  out.push_back(
      {"REQUEST_URI", request.target.raw, "request-target", convention, whole(part::target)});
  // An application that is mapped has no file.
  if (!target.file.empty()) {
    out.push_back({"SCRIPT_FILENAME", target.file.string(), "request-target path", convention,
                   in_path(part::path, target.script_name)});
  }
  out.push_back({"DOCUMENT_ROOT", root, "configuration", convention, {}});
  out.push_back({"REMOTE_PORT", std::to_string(client.port()), "connection", convention, {}});
  out.push_back({"SERVER_ADDR", client.server_address(), "connection", convention, {}});
  out.push_back({"REQUEST_SCHEME", std::string(client.scheme()), "connection", convention, {}});
  out.push_back({"REDIRECT_STATUS", "200", "server", convention, {}});
  if (!redirect_url.empty()) {
    out.push_back({"REDIRECT_URL", std::string(redirect_url), "local redirect", convention, {}});
  }
}

// Each name must be in an environment only once: if there are two, C and the shell read the first,
// and Python and Perl the last. So a variable of the configuration replaces the one that the
// request made, and a client cannot override what the server's owner has set.
void set(std::vector<meta_variable>& among, meta_variable const& given) {
  auto const same = std::find_if(among.begin(), among.end(),
                                 [&](meta_variable const& v) { return v.name == given.name; });
  if (same != among.end()) {
    *same = given;
  } else {
    among.push_back(given);
  }
}

}  // namespace

std::vector<withheld_field> withheld_fields(http::request const& request, bool pass_auth) {
  std::vector<withheld_field> out;
  for (auto const& field : request.fields) {
    auto const why = why_withheld(field.name, pass_auth);
    bool const told = std::any_of(out.begin(), out.end(), [&](withheld_field const& other) {
      return http::iequals(other.name, field.name);
    });
    if (!why.empty() && !told) out.push_back({std::string(field.name), why});
  }
  return out;
}

std::vector<meta_variable> meta_variables(http::request const& request, script_target const& target,
                                          http::peer const& client, variable_rules const& rules,
                                          std::optional<std::uint64_t> content_length,
                                          std::string_view redirect_url) {
  std::string const root = rules.document_root.string();
  std::vector<meta_variable> out;
  out.reserve(24 + request.fields.size() + rules.environment.size());
  add_server(out, request, client);
  add_target(out, request, target, root);
  add_content(out, request, content_length);
  add_client(out, client);
  add_fields(out, request, rules.pass_auth);
  add_conventional(out, request, target, client, root, redirect_url);
  for (auto const& given : rules.environment) set(out, given);
  return out;
}

}  // namespace gatehouse::gateway
