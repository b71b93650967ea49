#include "gatehouse/app/map_kinds.hpp"

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>

#include "../quiet_context.hpp"
#include "../temporary_directory.hpp"
#include "gatehouse/app/make_generation.hpp"
#include "gatehouse/app/programs.hpp"
#include "gatehouse/app/sites.hpp"
#include "gatehouse/config/option_setters.hpp"
#include "gatehouse/http/request_parser.hpp"
#include "gatehouse/show/explanation.hpp"
#include "gatehouse/trace/recorder.hpp"

using namespace gatehouse;
using gatehouse::app::map_kind;
using gatehouse::tests::quiet_context;

namespace {

// Answers with what it was made from.
class greeter final : public http::handler {
 public:
  explicit greeter(std::string text) : text_(std::move(text)) {}
  std::optional<http::outcome> answer_at_once(http::request const&,
                                              http::exchange_context&) override {
    http::response response;
    response.body = http::make_buffer(text_);
    return response;
  }
  base::task<http::outcome> handle(http::request const& request, http::body_source&,
                                   http::exchange_context& context) override {
    co_return std::move(*answer_at_once(request, context));
  }

 private:
  std::string text_;
};

std::unique_ptr<http::handler> make_greeter(config::mapping const& what, app::site_parts const&) {
  std::string text = "hello " + what.target.native();
  for (auto const& [key, value] : what.settings) text.append(" ").append(key).append(value);
  return std::make_unique<greeter>(std::move(text));
}

std::vector<app::program> all_of(config::mapping const& what, config::server_options const&,
                                 config::site_options const&, std::size_t) {
  return {{what.target, what.prefix + "/program"}};
}

config::complaint takes_all(std::string_view) {
  return std::nullopt;
}

constexpr config::map_key greeting_keys[] = {{"times", takes_all}};

constexpr map_kind greeting{
    .syntax = {"greeting", config::map_target::as_written, greeting_keys},
    .serves = "greetings of",
    .runs_target = true,
    .make = make_greeter,
    .programs = all_of,
};

std::vector<map_kind> with_greeting() {
  auto const registered = app::registered_kinds();
  std::vector<map_kind> out(registered.begin(), registered.end());
  out.push_back(greeting);
  return out;
}

config::mapping greeting_of(std::string const& name) {
  return {"/hi", "greeting", name, config::map_target::as_written};
}

// A site with a directory, and somebody to greet at /hi.
struct fixture {
  fixture() {
    chosen.site.root = at.path();
    chosen.site.mappings = {greeting_of("Ada")};
  }

  std::string ask(http::handler& handler, std::string const& path) {
    auto const request = http::parse_request("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n", 1000);
    REQUIRE(request.has_value());
    boost::asio::io_context loop{1};
    quiet_context context(loop.get_executor());
    context.trace_sink = seen.begin(context, std::nullopt);
    trace::recorder const trace(context);
    trace(trace::request_parsed{*request});
    auto const got = handler.answer_at_once(*request, context);
    REQUIRE(got.has_value());
    if (auto const* const error = std::get_if<http::http_error>(&*got))
      return std::to_string(error->status) + " " + std::string(error->reason);
    return *std::get<http::shared_buffer>(std::get<http::response>(*got).body);
  }

  tests::temporary_directory at;
  config::options chosen;
  life::shared_resources shared{chosen};
  app::trace_targets targets;
  trace::latest_exchange seen;
};

}  // namespace

TEST_CASE("each kind of map is complete, and has a name of its own") {
  std::set<std::string_view> names;
  for (map_kind const& kind : app::registered_kinds()) {
    CAPTURE(kind.syntax.name);
    CHECK(app::is_complete(kind));
    CHECK(names.insert(kind.syntax.name).second);
  }
  CHECK(names.size() == app::registered_syntaxes().size());
}

TEST_CASE("a kind of map that lacks something is not complete") {
  static constexpr config::map_key unchecked[] = {{"times", nullptr}};
  struct row {
    std::string_view label;
    void (*take_away)(map_kind&);
  };
  row const rows[] = {
      {"its name", [](map_kind& k) { k.syntax.name = {}; }},
      {"its words", [](map_kind& k) { k.serves = {}; }},
      {"its words for one program",
       [](map_kind& k) { k.syntax.target = config::map_target::directory_or_program; }},
      {"what makes its handler", [](map_kind& k) { k.make = nullptr; }},
      {"what reads a key's value", [](map_kind& k) { k.syntax.keys = unchecked; }},
  };
  CHECK(app::is_complete(greeting));
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto lacking = greeting;
    r.take_away(lacking);
    CHECK_FALSE(app::is_complete(lacking));
  }
}

TEST_CASE("what a kind of map makes answers below its prefix, with what its keys say") {
  fixture f;
  auto const kinds = with_greeting();
  f.chosen.site.mappings.front().settings = {{"times", "3"}};
  app::sites all(f.chosen, f.shared, kinds);
  CHECK(f.ask(all.routes(), "/hi/there") == "hello Ada times3");
}

TEST_CASE("explain says what a kind of map serves in the words of its row") {
  fixture f;
  auto const kinds = with_greeting();
  app::sites all(f.chosen, f.shared, kinds);
  f.ask(all.routes(), "/hi/there");
  auto const text = show::explanation(f.seen.kept(), std::nullopt, false);
  CHECK(text.find("/hi is the longest mapped prefix of /hi/there: greetings of Ada\n") !=
        std::string::npos);
}

TEST_CASE("the next generation makes its maps by the same table, and the last one keeps its own") {
  fixture f;
  auto const kinds = with_greeting();
  std::vector<boost::asio::ip::tcp::endpoint> const at = {
      {boost::asio::ip::address_v4::loopback(), 8000}};
  auto const first = app::make_generation(f.chosen, at, f.shared, f.targets, kinds);
  f.chosen.site.mappings = {greeting_of("Bob")};
  auto const second = app::make_generation(f.chosen, at, f.shared, f.targets, kinds);
  REQUIRE(std::holds_alternative<life::generation>(first));
  REQUIRE(std::holds_alternative<life::generation>(second));
  CHECK(f.ask(*std::get<life::generation>(first).service->handler, "/hi") == "hello Ada");
  CHECK(f.ask(*std::get<life::generation>(second).service->handler, "/hi") == "hello Bob");
}

TEST_CASE("what a kind of map runs is never given out as a file, and is found by check") {
  fixture f;
  auto const kinds = with_greeting();
  f.at.write("programs/a", "source");
  auto const form = config::map_target::directory_or_program;
  f.chosen.site.mappings = {{"/hi", "greeting", f.at / "programs", form}};
  app::sites all(f.chosen, f.shared, kinds);
  CHECK(f.ask(all.routes(), "/programs/a") == "403 script-source");
  auto const served = app::served_programs(f.chosen, kinds);
  REQUIRE(served.size() == 1);
  CHECK(served.front().path == "/hi/program");
  auto const directories = app::program_directories(f.chosen, kinds);
  REQUIRE(directories.size() == 1);
  CHECK(directories.front().prefix == "/hi");
}

TEST_CASE("what an application is there to run is no file, even if --cgi-ext does not name it") {
  fixture f;
  f.at.write("page.php", "<?php");
  f.at.write("page.php.bak", "<?php");
  f.chosen.site.mappings.clear();
  f.chosen.site.interpreters = {{".php", "unix:/nowhere", {}, "fastcgi"}};
  app::sites all(f.chosen, f.shared);
  CHECK(f.ask(all.routes(), "/page.php") == "403 script-source");
  CHECK(f.ask(all.routes(), "/page.php.bak") == "403 script-source");
}

TEST_CASE("a mapping of a kind that is not registered is a fault of the set-up") {
  fixture f;
  CHECK_THROWS_AS(app::sites(f.chosen, f.shared), std::logic_error);
}

TEST_CASE("the root and cgi-bin are mappings, unless others have taken their prefixes") {
  config::site_options chosen;
  chosen.root = "/r";
  chosen.cgi_bin = "/c";
  auto const text = [&] {
    std::string out;
    for (auto const& m : app::mappings_of(chosen))
      out += m.prefix + "=" + m.kind + ":" + m.target.native() + " ";
    return out;
  };
  CHECK(text() == "/cgi-bin=cgi:/c =static:/r ");
  chosen.mappings = {{"/cgi-bin/sub", "static", "/s"}, {"", "cgi", "/x"}};
  CHECK(text() == "/cgi-bin/sub=static:/s /cgi-bin=cgi:/c =cgi:/x ");
}

TEST_CASE(
    "applications that run elsewhere are mapped by an address, or refused in one clear line") {
  for (std::string const kind : {"fastcgi", "scgi", "uwsgi"}) {
    config::site_options chosen;
    auto const set = [&](std::string const& target) {
      return config::set_map(chosen, "/app " + kind + ":" + target, app::registered_syntaxes())
          .value_or("");
    };
    CHECK(set("unix:/run/app.sock,127.0.0.1:9000").empty());
    REQUIRE(chosen.mappings.size() == 1);
    CHECK(chosen.mappings[0].target == "unix:/run/app.sock,127.0.0.1:9000");
    bool const kept = kind != "uwsgi";
    CHECK(
        set("app") ==
        "\"app\" is not an address such as unix:/run/app.sock or 127.0.0.1:9000" +
            std::string(kept ? ", nor a program: the path of one has a slash, such as ./app" : ""));
    CHECK(set("/srv/app").empty() == kept);
    CHECK((chosen.mappings.back().form == config::map_target::program) == kept);
    CHECK(config::set_interpreter(chosen, ".php=" + kind + ":unix:/run/php.sock",
                                  app::registered_syntaxes()) == std::nullopt);
    CHECK(chosen.interpreters.back().kind == kind);
  }
}
