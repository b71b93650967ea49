#include "gatehouse/upstream/address.hpp"

#include <doctest/doctest.h>
#include <sys/un.h>

using namespace gatehouse::upstream;

namespace {

// The addresses as they read, or what is wrong.
std::string read(std::string_view text) {
  auto const got = parse_addresses(text);
  if (got.has_error()) return "! " + got.error().text;
  std::string out;
  for (auto const& each : *got) out += (out.empty() ? "" : " ") + each.text();
  return out;
}

}  // namespace

TEST_CASE("addresses are read, or refused in one clear line") {
  struct row {
    std::string text;
    std::string told;
  };
  row const rows[] = {
      {"unix:/run/app.sock", "unix:/run/app.sock"},
      {"127.0.0.1:9000", "127.0.0.1:9000"},
      {"[::1]:9000", "[::1]:9000"},
      {"app.example:80", "app.example:80"},
      {"unix:/a,b:1,[fe80::1%lo]:2", "unix:/a b:1 [fe80::1%lo]:2"},
      {"", "! \"\" is not an address such as unix:/run/app.sock or 127.0.0.1:9000"},
      {"/run/app.sock",
       "! \"/run/app.sock\" is not an address such as unix:/run/app.sock or 127.0.0.1:9000"},
      {"unix:run", "! the path of \"unix:run\" does not start with \"/\""},
      {"localhost:0", "! the port of \"localhost:0\" is no number from 1 to 65535"},
      {"localhost:65536", "! the port of \"localhost:65536\" is no number from 1 to 65535"},
      {"localhost:80x", "! the port of \"localhost:80x\" is no number from 1 to 65535"},
      {"localhost:", "! the port of \"localhost:\" is no number from 1 to 65535"},
      {":80", "! the host of \":80\" is no name and no address"},
      {"::1:80", "! the host of \"::1:80\" is no name and no address"},
      {"a b:80", "! the host of \"a b:80\" is no name and no address"},
      {"a:1,", "! \"\" is not an address such as unix:/run/app.sock or 127.0.0.1:9000"},
  };
  for (auto const& r : rows) CHECK(read(r.text) == r.told);
  CHECK(read("unix:/" + std::string(106, 'x')) == "unix:/" + std::string(106, 'x'));
  CHECK(read("unix:/" + std::string(107, 'x')).ends_with("is longer than 107 bytes"));
}

TEST_CASE("an address becomes what the system takes") {
  auto const socket = resolve({.path = "/run/app", .host = {}});
  REQUIRE(socket.has_value());
  REQUIRE(socket->size() == 1);
  CHECK(socket->front().family() == AF_UNIX);
  CHECK(socket->front().text == "unix:/run/app");
  auto const here = resolve({.path = {}, .host = "127.0.0.1", .port = 9000});
  REQUIRE(here.has_value());
  REQUIRE(here->size() == 1);
  CHECK(here->front().family() == AF_INET);
  CHECK(resolve({.path = {}, .host = "no-such-host.invalid", .port = 1}).has_error());
}
