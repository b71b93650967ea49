#include "gatehouse/app/sites.hpp"

#include <doctest/doctest.h>

#include "../quiet_context.hpp"
#include "../temporary_directory.hpp"
#include "gatehouse/http/request_parser.hpp"

using namespace gatehouse;
using gatehouse::tests::quiet_context;

namespace {

// The content of a file, or the status.
std::string ask(http::handler& handler, std::string const& path, std::string const& host) {
  auto const rest = host.empty() ? " HTTP/1.0\r\n" : " HTTP/1.1\r\nHost: " + host + "\r\n";
  auto const request = http::parse_request("GET " + path + rest + "\r\n", 1000);
  REQUIRE(request.has_value());
  boost::asio::io_context loop{1};
  quiet_context context(loop.get_executor());
  auto const got = handler.answer_at_once(*request, context);
  REQUIRE(got.has_value());
  if (auto const* const error = std::get_if<http::http_error>(&*got))
    return std::to_string(error->status);
  auto const& response = std::get<http::response>(*got);
  if (auto const* const bytes = std::get_if<http::shared_buffer>(&response.body)) return **bytes;
  auto const& slice = std::get<http::file_slice>(response.body);
  std::string text(slice.length, '\0');
  REQUIRE(::pread(slice.file->get(), text.data(), text.size(), slice.offset) ==
          static_cast<ssize_t>(text.size()));
  return text;
}

}  // namespace

TEST_CASE("sites stand side by side, each with its own directory, index and prefixes") {
  gatehouse::tests::temporary_directory const directory;
  directory.write("any/index.html", "any");
  directory.write("one/index.html", "not this");
  directory.write("one/start.html", "one");
  directory.write("other/a", "other");
  config::server_options const server;
  config::site_options any, one;
  any.root = directory.path() / "any";
  any.mappings = {{"/m", "static", directory.path() / "other"}};
  one.root = directory.path() / "one";
  one.index = {"start.html"};
  life::shared_resources shared({server, any});
  app::router routes(shared.answered_at_once());
  app::site const first(server, any, shared, routes);
  app::site const second(server, one, shared, routes, "one.example");
  CHECK(ask(routes, "/", "anything") == "any");
  CHECK(ask(routes, "/m/a", "anything") == "other");
  CHECK(ask(routes, "/", "one.example:8000") == "one");
  CHECK(ask(routes, "/m/a", "one.example") == "404");
  CHECK(ask(routes, "/-/health", "one.example") == "ok\n");
  CHECK(ask(routes, "/-/health", "anything") == "ok\n");
}

TEST_CASE("the site of the options answers for every host") {
  gatehouse::tests::temporary_directory const directory;
  directory.write("a", "a");
  config::options chosen;
  chosen.site.root = directory.path();
  life::shared_resources shared(chosen);
  app::sites all(chosen, shared);
  CHECK(ask(*all.service().handler, "/a", "anything") == "a");
  CHECK(ask(*all.service().handler, "/a", "") == "a");
}
