#include "gatehouse/gateway/meta_variables.hpp"

#include <doctest/doctest.h>

#include <map>

#include "gatehouse/http/request_parser.hpp"

using namespace gatehouse;
using boost::asio::ip::make_address;

namespace {

using variables = std::map<std::string, std::string>;

struct asked {
  std::string head;
  gateway::script_target target{"/cgi-bin/s", std::nullopt, "/srv/cgi-bin/s", {}};
  http::peer client{{make_address("192.0.2.1"), 5555}, {make_address("192.0.2.9"), 8000}};
  bool pass_auth = false;
  std::optional<std::uint64_t> length = {};
  std::string redirect_url = {};
  std::vector<gateway::meta_variable> more_environment = {};
};

variables ask(asked const& a) {
  auto const request = http::parse_request(a.head, 1 << 20);
  REQUIRE(request.has_value());
  gateway::variable_rules rules;
  rules.document_root = "/srv/www";
  rules.pass_auth = a.pass_auth;
  rules.environment = {{"PATH", "/bin", "server's environment", "configuration", {}}};
  for (auto const& given : a.more_environment) rules.environment.push_back(given);
  variables out;
  for (auto const& v :
       gateway::meta_variables(*request, a.target, a.client, rules, a.length, a.redirect_url)) {
    CHECK_MESSAGE(out.emplace(v.name, v.value).second, v.name, " comes twice");
    CHECK_FALSE(v.from.empty());
    CHECK_FALSE(v.clause.empty());
  }
  return out;
}

}  // namespace

TEST_CASE("a plain request gives these variables and no others") {
  CHECK(ask({.head = "GET /cgi-bin/s HTTP/1.1\r\nHost: Example.org:81\r\n\r\n"}) ==
        variables{{"GATEWAY_INTERFACE", "CGI/1.1"},
                  {"SERVER_SOFTWARE", "gatehouse/" GATEHOUSE_VERSION},
                  {"SERVER_NAME", "example.org"},
                  {"SERVER_PORT", "8000"},
                  {"SERVER_PROTOCOL", "HTTP/1.1"},
                  {"REQUEST_METHOD", "GET"},
                  {"SCRIPT_NAME", "/cgi-bin/s"},
                  {"QUERY_STRING", ""},
                  {"REMOTE_ADDR", "192.0.2.1"},
                  {"REMOTE_HOST", "192.0.2.1"},
                  {"HTTP_HOST", "Example.org:81"},
                  {"REQUEST_URI", "/cgi-bin/s"},
                  {"SCRIPT_FILENAME", "/srv/cgi-bin/s"},
                  {"DOCUMENT_ROOT", "/srv/www"},
                  {"REMOTE_PORT", "5555"},
                  {"SERVER_ADDR", "192.0.2.9"},
                  {"REQUEST_SCHEME", "http"},
                  {"REDIRECT_STATUS", "200"},
                  {"PATH", "/bin"}});
}

TEST_CASE("each part of a request reaches its variable") {
  struct row {
    std::string_view label;
    asked what;
    std::string name;
    std::string_view value;  // "-": unset
  };
  auto const get = [](std::string const& lines) {
    return asked{.head = "GET /cgi-bin/s?a=%20b&c HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n"};
  };
  auto with_path_info = get("");
  with_path_info.target.path_info = "/a b/../c";
  auto with_auth = get("Authorization: Basic eA==\r\nProxy-Authorization: Basic eQ==\r\n");
  auto passed_auth = with_auth;
  passed_auth.pass_auth = true;
  auto with_length = get("");
  with_length.length = 12;
  auto with_redirect = get("");
  with_redirect.redirect_url = "/first";
  auto over_ipv6 = asked{.head = "GET /cgi-bin/s HTTP/1.0\r\n\r\n"};
  over_ipv6.client = {{make_address("::1"), 1}, {make_address("::1"), 2}};
  auto mapped = get("");
  mapped.client = {{make_address("::ffff:192.0.2.7"), 5555}, {make_address("192.0.2.9"), 8000}};
  row const rows[] = {
      {"the query stays encoded", get(""), "QUERY_STRING", "a=%20b&c"},
      {"the target as sent", get(""), "REQUEST_URI", "/cgi-bin/s?a=%20b&c"},
      {"PATH_INFO", with_path_info, "PATH_INFO", "/a b/../c"},
      {"PATH_TRANSLATED", with_path_info, "PATH_TRANSLATED", "/srv/www/a b/../c"},
      {"no PATH_INFO, no PATH_TRANSLATED", get(""), "PATH_TRANSLATED", "-"},
      {"CONTENT_LENGTH is the body's", with_length, "CONTENT_LENGTH", "12"},
      {"CONTENT_LENGTH is not the field's", get("Content-Length: 5\r\n"), "CONTENT_LENGTH", "-"},
      {"CONTENT_TYPE", get("Content-Type: a/b; c=d\r\n"), "CONTENT_TYPE", "a/b; c=d"},
      {"no second CONTENT_TYPE", get("Content-Type: a/b\r\n"), "HTTP_CONTENT_TYPE", "-"},
      {"Content-Encoding, for git", get("Content-Encoding: gzip\r\n"), "HTTP_CONTENT_ENCODING",
       "gzip"},
      {"a field", get("X-My-Field: v\r\n"), "HTTP_X_MY_FIELD", "v"},
      {"repeated fields", get("X-A: 1\r\nB: 2\r\nx-a: 3\r\n"), "HTTP_X_A", "1, 3"},
      {"repeated cookies", get("Cookie: a=1\r\nCookie: b=2\r\n"), "HTTP_COOKIE", "a=1; b=2"},
      {"Authorization", with_auth, "HTTP_AUTHORIZATION", "-"},
      {"Proxy-Authorization", with_auth, "HTTP_PROXY_AUTHORIZATION", "-"},
      {"Authorization, passed", passed_auth, "HTTP_AUTHORIZATION", "Basic eA=="},
      {"Proxy-Authorization, passed", passed_auth, "HTTP_PROXY_AUTHORIZATION", "Basic eQ=="},
      {"Proxy (httpoxy)", get("Proxy: http://evil\r\n"), "HTTP_PROXY", "-"},
      {"Connection", get("Connection: close\r\n"), "HTTP_CONNECTION", "-"},
      {"what Connection names", get("Connection: close, X-Hop\r\nX-Hop: 1\r\n"), "HTTP_X_HOP", "-"},
      {"a name with an underscore", get("X_A: 1\r\n"), "HTTP_X_A", "-"},
      {"a name with a dot", get("X.A: 1\r\n"), "HTTP_X.A", "-"},
      {"a name that means something to a shell", get("X`$A': 1\r\n"), "HTTP_X`$A'", "-"},
      {"an underscore adds nothing to a hyphen", get("X-A: 1\r\nX_A: 2\r\n"), "HTTP_X_A", "1"},
      {"a local redirect", with_redirect, "REDIRECT_URL", "/first"},
      {"HTTP/1.0 without Host: the bound address", over_ipv6, "SERVER_NAME", "[::1]"},
      {"an IPv6 client", over_ipv6, "REMOTE_ADDR", "::1"},
      {"an IPv4 client on an IPv6 socket", mapped, "REMOTE_ADDR", "192.0.2.7"},
      {"the version", over_ipv6, "SERVER_PROTOCOL", "HTTP/1.0"},
      {"an IPv6 Host",
       {.head = "GET /cgi-bin/s HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"},
       "SERVER_NAME",
       "[::1]"},
      {"absolute-form wins over Host",
       {.head = "GET http://A.example:9/cgi-bin/s?q HTTP/1.1\r\nHost: b.example\r\n\r\n"},
       "SERVER_NAME",
       "a.example"},
      {"and replaces it",
       {.head = "GET http://A.example:9/cgi-bin/s?q HTTP/1.1\r\nHost: b.example\r\n\r\n"},
       "HTTP_HOST",
       "A.example:9"},
      {"any method", {.head = "bRew /cgi-bin/s HTTP/1.0\r\n\r\n"}, "REQUEST_METHOD", "bRew"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const got = ask(r.what);
    auto const found = got.find(r.name);
    CHECK((found == got.end() ? "-" : found->second) == r.value);
  }
}

TEST_CASE(
    "a name stands once, and what --env sets replaces what the request would have made of it") {
  auto const given = [](std::string name, std::string value) {
    return gateway::meta_variable{std::move(name), std::move(value), "--env", "configuration", {}};
  };
  auto const got = ask(
      {.head = "GET /cgi-bin/s?a HTTP/1.1\r\nHost: h\r\nX-Role: admin\r\n"
               "Content-Type: t\r\n\r\n",
       .more_environment = {given("HTTP_X_ROLE", "guest"), given("HTTP_HOST", "me"),
                            given("CONTENT_TYPE", "text/plain"), given("QUERY_STRING", ""),
                            given("PATH", "/opt/bin"), given("TWICE", "1"), given("TWICE", "2")}});
  CHECK(got.at("HTTP_X_ROLE") == "guest");
  CHECK(got.at("HTTP_HOST") == "me");
  CHECK(got.at("CONTENT_TYPE") == "text/plain");
  CHECK(got.at("QUERY_STRING").empty());
  CHECK(got.at("PATH") == "/opt/bin");
  CHECK(got.at("TWICE") == "2");
  CHECK(got.at("REQUEST_METHOD") == "GET");
}

TEST_CASE("a variable points at the bytes of the head that it was read from") {
  std::string const head =
      "POST /cgi-bin/s/a%20b?x=1 HTTP/1.1\r\nHost: h\r\nAccept: a\r\nContent-Type: t\r\n"
      "Content-Length: 3\r\naccept: b\r\n\r\n";
  auto const request = http::parse_request(head, 1000);
  REQUIRE(request.has_value());
  std::map<std::string, std::string> pointed;
  for (auto const& v : gateway::meta_variables(
           *request, {"/cgi-bin/s", "/a b", "/srv/cgi-bin/s", {}}, {}, {}, 3, "")) {
    for (auto const& span : http::find_source(head, v.source)) {
      auto& text = pointed[v.name];
      text.append(text.empty() ? "" : "|").append(head.substr(span.start, span.end - span.start));
    }
  }
  CHECK(pointed == std::map<std::string, std::string>{{"SERVER_NAME", "Host: h"},
                                                      {"SERVER_PROTOCOL", "HTTP/1.1"},
                                                      {"REQUEST_METHOD", "POST"},
                                                      {"SCRIPT_NAME", "/cgi-bin/s"},
                                                      {"PATH_INFO", "/a%20b"},
                                                      {"PATH_TRANSLATED", "/a%20b"},
                                                      {"QUERY_STRING", "x=1"},
                                                      {"CONTENT_LENGTH", "Content-Length: 3"},
                                                      {"CONTENT_TYPE", "Content-Type: t"},
                                                      {"HTTP_HOST", "Host: h"},
                                                      {"HTTP_ACCEPT", "Accept: a|accept: b"},
                                                      {"REQUEST_URI", "/cgi-bin/s/a%20b?x=1"},
                                                      {"SCRIPT_FILENAME", "/cgi-bin/s"}});
}
