// What a request becomes in the environment of a script (RFC 3875, 4.1), variable by variable.

#include <doctest/doctest.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "client.hpp"
#include "plays.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
using namespace std::string_literals;

namespace {

using variables = std::map<std::string, std::string>;

// A site with the script /cgi-bin/env and a server for it.
struct stage {
  explicit stage(arguments const& options = {}, arguments const& environment = {})
      : script(files.play("env", "env")), s(files, options, environment) {}

  // The environment that this request, complete as it is sent, gave to the script.
  variables send(std::string const& bytes) const {
    client c(s.port());
    c.send(bytes);
    auto const answer = c.read_reply();
    CHECK(answer.status == 200);
    return entries(answer.body, '\0');
  }

  variables get(std::string const& target, std::string const& fields = {}) const {
    return send(request("GET", target, fields));
  }

  site files;
  std::filesystem::path script;
  server s;
};

std::string value(variables const& all, std::string const& name) {
  auto const at = all.find(name);
  return at == all.end() ? "(unset)" : at->second;
}

}  // namespace

TEST_SUITE_BEGIN("cgi_meta_variables");

TEST_CASE("GATEWAY_INTERFACE, SERVER_SOFTWARE and REQUEST_SCHEME are constant") {
  stage const t;
  auto const v = t.get("/cgi-bin/env");
  CHECK(value(v, "GATEWAY_INTERFACE") == "CGI/1.1");
  CHECK(value(v, "SERVER_SOFTWARE") == "gatehouse/"s + GATEHOUSE_VERSION);
  CHECK(value(v, "REQUEST_SCHEME") == "http");
  CHECK(value(v, "REDIRECT_STATUS") == "200");
}

TEST_CASE("SERVER_NAME is the host that was asked for, without its port") {
  stage const t;
  struct row {
    std::string_view label;
    std::string text;
    std::string name;
  };
  row const rows[] = {
      {"a name", "GET /cgi-bin/env HTTP/1.1\r\nHost: example.org\r\n\r\n", "example.org"},
      {"a name and a port", "GET /cgi-bin/env HTTP/1.1\r\nHost: example.org:81\r\n\r\n",
       "example.org"},
      {"IPv6", "GET /cgi-bin/env HTTP/1.1\r\nHost: [::1]:81\r\n\r\n", "[::1]"},
      {"IPv4", "GET /cgi-bin/env HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n", "10.0.0.1"},
      {"the target wins", "GET http://a.example/cgi-bin/env HTTP/1.1\r\nHost: b.example\r\n\r\n",
       "a.example"},
      {"HTTP/1.0 with Host", "GET /cgi-bin/env HTTP/1.0\r\nHost: example.org\r\n\r\n",
       "example.org"},
      {"HTTP/1.0 without Host", "GET /cgi-bin/env HTTP/1.0\r\n\r\n", "127.0.0.1"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(value(t.send(r.text), "SERVER_NAME") == r.name);
  }
}

TEST_CASE("SERVER_PORT is the port of the server, whatever Host says") {
  stage const t;
  auto const port = std::to_string(t.s.port());
  CHECK(value(t.send("GET /cgi-bin/env HTTP/1.1\r\nHost: h:1\r\n\r\n"), "SERVER_PORT") == port);
  CHECK(value(t.send("GET http://h:1/cgi-bin/env HTTP/1.1\r\nHost: h\r\n\r\n"), "SERVER_PORT") ==
        port);
}

TEST_CASE("SERVER_PROTOCOL is the version that the request is served as") {
  stage const t;
  CHECK(value(t.send("GET /cgi-bin/env HTTP/1.2\r\nHost: h\r\n\r\n"), "SERVER_PROTOCOL") ==
        "HTTP/1.1");
  CHECK(value(t.get("/cgi-bin/env"), "SERVER_PROTOCOL") == "HTTP/1.1");
  CHECK(value(t.send("GET /cgi-bin/env HTTP/1.0\r\n\r\n"), "SERVER_PROTOCOL") == "HTTP/1.0");
}

TEST_CASE("REQUEST_METHOD is any token, as sent") {
  stage const t;
  for (std::string const method : {"GET", "POST", "PUT", "DELETE", "PROPFIND", "get", "M-SEARCH"}) {
    CAPTURE(method);
    CHECK(value(t.send(request(method, "/cgi-bin/env")), "REQUEST_METHOD") == method);
  }
}

TEST_CASE("SCRIPT_NAME and PATH_INFO share the decoded path") {
  stage const t;
  t.files.play("sub/deep", "env");
  t.files.play("two words", "env");
  struct row {
    std::string_view label;
    std::string target;
    std::string script_name;
    std::string path_info;
  };
  row const rows[] = {
      {"no rest", "/cgi-bin/env", "/cgi-bin/env", "(unset)"},
      {"a slash", "/cgi-bin/env/", "/cgi-bin/env", "/"},
      {"a rest", "/cgi-bin/env/a/b", "/cgi-bin/env", "/a/b"},
      {"its case is kept", "/cgi-bin/env/A/b", "/cgi-bin/env", "/A/b"},
      {"decoded", "/cgi-bin/env/a%20b%3F", "/cgi-bin/env", "/a b?"},
      {"decoded once", "/cgi-bin/env/%2541", "/cgi-bin/env", "/%41"},
      {"an encoded slash", "/cgi-bin/env/a%2Fb", "/cgi-bin/env", "/a/b"},
      {"a plus is a plus", "/cgi-bin/env/a+b", "/cgi-bin/env", "/a+b"},
      {"bytes over 0x7F", "/cgi-bin/env/%C3%A9", "/cgi-bin/env", "/\xC3\xA9"},
      {"dot segments", "/cgi-bin/env/a/../b", "/cgi-bin/env", "/b"},
      {"an encoded script name", "/cgi-bin/%65nv/x", "/cgi-bin/env", "/x"},
      {"a space in the script name", "/cgi-bin/two%20words/x", "/cgi-bin/two words", "/x"},
      {"a deeper script", "/cgi-bin/sub/deep/x", "/cgi-bin/sub/deep", "/x"},
      {"a doubled slash in the rest", "/cgi-bin/env/a//b", "/cgi-bin/env", "/a//b"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const v = t.get(r.target);
    CHECK(value(v, "SCRIPT_NAME") == r.script_name);
    CHECK(value(v, "PATH_INFO") == r.path_info);
  }
  CHECK(ask(t.s.port(), "GET", "/cgi-bin/env/a%00b").status == 400);
}

TEST_CASE("PATH_TRANSLATED is PATH_INFO under the document root") {
  stage const t;
  auto const root = t.files.root().string();
  CHECK(value(t.get("/cgi-bin/env"), "PATH_TRANSLATED") == "(unset)");
  CHECK(value(t.get("/cgi-bin/env/"), "PATH_TRANSLATED") == root + "/");
  CHECK(value(t.get("/cgi-bin/env/a/b%20c"), "PATH_TRANSLATED") == root + "/a/b c");
}

TEST_CASE("QUERY_STRING is always there and as sent") {
  stage const t;
  CHECK(value(t.get("/cgi-bin/env"), "QUERY_STRING") == "");
  CHECK(value(t.get("/cgi-bin/env?"), "QUERY_STRING") == "");
  CHECK(value(t.get("/cgi-bin/env/x?a=%20+b&c=%2f?d"), "QUERY_STRING") == "a=%20+b&c=%2f?d");
}

TEST_CASE("CONTENT_LENGTH is there with a body, and exact") {
  stage const t;
  CHECK(value(t.get("/cgi-bin/env"), "CONTENT_LENGTH") == "(unset)");
  CHECK(value(t.send(request("POST", "/cgi-bin/env", "", "12345")), "CONTENT_LENGTH") == "5");
  CHECK(value(t.send(request("POST", "/cgi-bin/env", "Transfer-Encoding: chunked\r\n") +
                     chunked(std::string(100'000, 'x'), 999)),
              "CONTENT_LENGTH") == "100000");
  auto const v =
      t.send(request("POST", "/cgi-bin/env", "Transfer-Encoding: chunked\r\n") + chunked("abc"));
  CHECK(value(v, "HTTP_TRANSFER_ENCODING") == "(unset)");
}

TEST_CASE("CONTENT_TYPE is there if the client sent it") {
  stage const t;
  CHECK(value(t.send(request("POST", "/cgi-bin/env", "", "x")), "CONTENT_TYPE") == "(unset)");
  auto const v =
      t.send(request("POST", "/cgi-bin/env", "content-TYPE: text/plain;  a=\"B\"\r\n", "x"));
  CHECK(value(v, "CONTENT_TYPE") == "text/plain;  a=\"B\"");
  CHECK(value(v, "HTTP_CONTENT_TYPE") == "(unset)");
  CHECK(value(v, "HTTP_CONTENT_LENGTH") == "(unset)");
}

TEST_CASE("REMOTE_ADDR and REMOTE_HOST are the client's address") {
  stage const t;
  auto const v = t.get("/cgi-bin/env");
  CHECK(value(v, "REMOTE_ADDR") == "127.0.0.1");
  CHECK(value(v, "REMOTE_HOST") == "127.0.0.1");
  CHECK(value(v, "SERVER_ADDR") == "127.0.0.1");
  CHECK(std::atoi(value(v, "REMOTE_PORT").c_str()) > 0);
}

TEST_CASE("AUTH_TYPE and REMOTE_USER are not taken from the client") {
  stage const t({"--pass-auth"});
  auto const v = t.get("/cgi-bin/env", "Authorization: Basic dTpw\r\nRemote-User: root\r\n");
  CHECK(value(v, "AUTH_TYPE") == "(unset)");
  CHECK(value(v, "REMOTE_USER") == "(unset)");
}

TEST_CASE("the other fields become HTTP_ variables") {
  stage const t;
  struct row {
    std::string_view label;
    std::string fields;
    std::string name;
    std::string value;
  };
  row const rows[] = {
      {"upper case and underscores", "X-Some-thing: y", "HTTP_X_SOME_THING", "y"},
      {"an empty value", "X-Empty:", "HTTP_X_EMPTY", ""},
      {"repeated fields are joined", "X-A: 1\r\nX-B: -\r\nx-a: 2", "HTTP_X_A", "1, 2"},
      {"cookies are joined with semicolons", "Cookie: a=1\r\nCookie: b=2", "HTTP_COOKIE",
       "a=1; b=2"},
      {"Host", "X: y", "HTTP_HOST", "h"},
      {"Content-Encoding", "Content-Encoding: gzip", "HTTP_CONTENT_ENCODING", "gzip"},
      {"no Authorization", "Authorization: Basic dTpw", "HTTP_AUTHORIZATION", "(unset)"},
      {"no Proxy-Authorization", "Proxy-Authorization: Basic dTpw", "HTTP_PROXY_AUTHORIZATION",
       "(unset)"},
      {"no Connection", "Connection: keep-alive", "HTTP_CONNECTION", "(unset)"},
      {"nor what it names", "X-Hop: 1\r\nConnection: x-hop", "HTTP_X_HOP", "(unset)"},
      {"no Keep-Alive", "Keep-Alive: 1\r\nConnection: keep-alive", "HTTP_KEEP_ALIVE", "(unset)"},
      {"no TE", "TE: trailers\r\nConnection: TE", "HTTP_TE", "(unset)"},
      {"never Proxy", "Proxy: http://evil/", "HTTP_PROXY", "(unset)"},
      {"never Proxy in another case", "pROXY: http://evil/", "HTTP_PROXY", "(unset)"},
      {"an underscore drops the field", "X_Under: 1", "HTTP_X_UNDER", "(unset)"},
      {"a dot drops the field", "X.Under: 1", "HTTP_X.UNDER", "(unset)"},
      {"and does not join another one", "X-Under: 1\r\nX_Under: 2", "HTTP_X_UNDER", "1"},
      {"Content_Length is no length", "Content_Length: 7", "HTTP_CONTENT_LENGTH", "(unset)"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(value(t.get("/cgi-bin/env", r.fields + "\r\n"), r.name) == r.value);
  }
}

TEST_CASE("credentials are passed when asked to") {
  stage const t({"--pass-auth"});
  auto const v = t.get("/cgi-bin/env", "Authorization: Basic dTpw\r\n");
  CHECK(value(v, "HTTP_AUTHORIZATION") == "Basic dTpw");
}

TEST_CASE("trailers never become variables") {
  stage const t;
  auto const v = t.send(request("POST", "/cgi-bin/env", "Transfer-Encoding: chunked\r\n") +
                        "3\r\nabc\r\n0\r\nX-Late: 1\r\nHost: evil\r\n\r\n");
  CHECK(value(v, "HTTP_X_LATE") == "(unset)");
  CHECK(value(v, "HTTP_HOST") == "h");
}

TEST_CASE("what php-cgi and git expect is there") {
  stage const t;
  auto const v = t.get("/cgi-bin/env/a%20b?c=d%20e");
  CHECK(value(v, "REQUEST_URI") == "/cgi-bin/env/a%20b?c=d%20e");
  CHECK(value(v, "SCRIPT_FILENAME") == t.script.string());
  CHECK(value(v, "DOCUMENT_ROOT") == t.files.root().string());
  CHECK(value(v, "REDIRECT_STATUS") == "200");
}

TEST_CASE("the environment has these names and no others") {
  stage const t({"--env", "GIVEN=by value", "--env", "INHERITED", "--env", "ABSENT"},
                {"INHERITED=from outside", "SECRET=not for scripts", "HOME=/nowhere", "LANG=C",
                 "LD_PRELOAD_X=1"});
  auto const v = t.get("/cgi-bin/env", "X-Y: z\r\n");
  std::set<std::string> names;
  for (auto const& entry : v) names.insert(entry.first);
  std::set<std::string> const expected = {
      "DOCUMENT_ROOT",   "GATEWAY_INTERFACE", "GIVEN",       "HTTP_HOST",
      "HTTP_X_Y",        "INHERITED",         "PATH",        "QUERY_STRING",
      "REDIRECT_STATUS", "REMOTE_ADDR",       "REMOTE_HOST", "REMOTE_PORT",
      "REQUEST_METHOD",  "REQUEST_SCHEME",    "REQUEST_URI", "SCRIPT_FILENAME",
      "SCRIPT_NAME",     "SERVER_ADDR",       "SERVER_NAME", "SERVER_PORT",
      "SERVER_PROTOCOL", "SERVER_SOFTWARE"};
  for (auto const& name : names) CHECK_MESSAGE(expected.count(name) == 1, "unexpected: ", name);
  for (auto const& name : expected) CHECK_MESSAGE(names.count(name) == 1, "missing: ", name);
  CHECK(value(v, "GIVEN") == "by value");
  CHECK(value(v, "INHERITED") == "from outside");
  CHECK_FALSE(value(v, "PATH").empty());
}

TEST_CASE("a client cannot choose a variable of the server's") {
  stage const t({"--env", "HTTP_PROXY=http://ours/"});
  auto const v = t.get("/cgi-bin/env", "Proxy: http://evil/\r\n");
  CHECK(value(v, "HTTP_PROXY") == "http://ours/");
}

TEST_CASE("a name stands once in the environment, and --env replaces what the request made of it") {
  site const files;
  auto const script = files.play("env", "env");
  files.write("page.env", "for the interpreter");
  server const s(files, {"--env", "HTTP_X_ROLE=guest", "--env", "CONTENT_TYPE=text/plain", "--env",
                         "TWICE=1", "--env", "TWICE=2", "--map", "/one cgi:" + script.string(),
                         "--cgi-ext", ".env", "--interpreter", ".env=" + script.string()});
  for (std::string const target : {"/cgi-bin/env", "/one/x", "/page.env"}) {
    CAPTURE(target);
    auto const answer = ask(s.port(), "POST", target,
                            "X-Role: admin\r\nx-role: root\r\nContent-Type: image/png\r\n", "body");
    std::map<std::string, int> counts;
    for (auto const& entry : words(answer.body, '\0')) ++counts[entry.substr(0, entry.find('='))];
    for (auto const& [name, count] : counts) CHECK_MESSAGE(count == 1, name);
    auto const v = entries(answer.body, '\0');
    CHECK(value(v, "HTTP_X_ROLE") == "guest");
    CHECK(value(v, "CONTENT_TYPE") == "text/plain");
    CHECK(value(v, "TWICE") == "2");
    CHECK(value(v, "CONTENT_LENGTH") == "4");
  }
}

TEST_CASE("the variables put together lead to the same script with the same values") {
  stage const t;
  auto const encoded = [](std::string const& text) {
    std::string out;
    for (char const c : text) {
      if (std::isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '-') {
        out += c;
      } else {
        char hex[4];
        std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
        out += hex;
      }
    }
    return out;
  };
  for (std::string const target :
       {"/cgi-bin/env", "/cgi-bin/env/", "/cgi-bin/env/a%2Fb/%25?q=%2F&r=a+b", "/cgi-bin//env//x",
        "/cgi-bin/env/a/./b/../c?", "/%63gi-bin/env/%3F?%3F"}) {
    CAPTURE(target);
    auto const first = t.get(target);
    std::string again = encoded(value(first, "SCRIPT_NAME"));
    if (first.count("PATH_INFO") == 1) again += encoded(value(first, "PATH_INFO"));
    again += "?" + value(first, "QUERY_STRING");
    CAPTURE(again);
    auto const second = t.get(again);
    for (std::string const name : {"SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SCRIPT_FILENAME"}) {
      CAPTURE(name);
      CHECK(value(second, name) == value(first, name));
    }
  }
}

TEST_SUITE_END();
