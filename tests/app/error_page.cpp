#include "gatehouse/app/error_page.hpp"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <set>
#include <vector>

#include "../allowed_script.hpp"

using namespace gatehouse;
using namespace gatehouse::app;

namespace {

http::request accepting(std::string_view accept) {
  http::request request;
  request.fields.add("Accept", accept);
  return request;
}

http::http_error failed_script() {
  http::http_error error{.status = 502, .reason = "no-header-end", .detail = "secret <detail>"};
  error.help.explanation = "It printed no <blank> line & \"ended\".";
  error.help.command = "cat 'it'\\''s' <b>";
  error.help.output_excerpt = "Hello <script>alert(1)</script>\r\n\x1b[31mred\xff";
  error.help.stderr_lines = {"Traceback:", "  <module> \x1b[2J"};
  return error;
}

std::string text_of(http::response const& response) {
  return *std::get<http::shared_buffer>(response.body);
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("the form of an error follows Accept") {
  struct row {
    std::string_view accept;
    error_form form;
  };
  row const rows[] = {
      {"", error_form::plain},
      {"*/*", error_form::plain},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", error_form::html},
      {"TEXT/HTML;q=0.1", error_form::html},
      {"application/json", error_form::json},
      {"text/plain, application/json; charset=utf-8", error_form::json},
      {"application/json, text/html", error_form::html},
      {"image/png", error_form::plain},
      {"text/htmlx", error_form::plain},
  };
  for (row const& r : rows) {
    CAPTURE(r.accept);
    CHECK(preferred_error_form(r.accept) == r.form);
  }
}

TEST_CASE("an error keeps its status, its fields and whether the connection closes") {
  http::http_error error{.status = 405, .reason = "method-not-allowed"};
  error.fields.add("Allow", "GET, HEAD");
  error.fields.add("Content-Type", "text/x");
  error.close = true;
  auto const response = render_error(error, nullptr, true);
  CHECK(response.status == 405);
  CHECK(response.close);
  CHECK(response.fields.find("Allow") == "GET, HEAD");
  CHECK(response.fields.count("Content-Type") == 1);
  CHECK(response.fields.find("Content-Type") == "text/plain; charset=utf-8");
  CHECK(response.fields.find("X-Content-Type-Options") == "nosniff");
  CHECK(response.fields.find("Cache-Control") == "no-store");
  CHECK(response.fields.find("Content-Security-Policy") ==
        "default-src 'none'; style-src 'unsafe-inline'");
  CHECK(text_of(response) ==
        "405 Method Not Allowed\nThis address does not take requests of this kind.\n"
        "\n(method-not-allowed)\n");
}

TEST_CASE("another machine is told neither the detail nor the diagnosis, in any form") {
  for (std::string_view const accept : {"*/*", "text/html", "application/json"}) {
    CAPTURE(accept);
    auto const request = accepting(accept);
    auto const text = text_of(render_error(failed_script(), &request, false));
    CHECK(contains(text, "502"));
    CHECK(contains(text, "no-header-end"));
    for (std::string_view const secret :
         {"secret", "blank", "cat", "Hello", "Traceback", "shown to clients"}) {
      CAPTURE(secret);
      CHECK_FALSE(contains(text, secret));
    }
  }
}

TEST_CASE("a client behind a proxy on this machine is not of this machine") {
  auto request = accepting("text/html");
  request.fields.add("X-Forwarded-For", "192.0.2.1");
  CHECK_FALSE(contains(text_of(render_error(failed_script(), &request, true)), "blank"));
}

TEST_CASE("a page whose name was resolved to this machine is told no details") {
  struct row {
    std::string_view host;
    bool told;
  };
  row const rows[] = {
      {"localhost:8000", true},     {"app.localhost", true},       {"127.0.0.1:8000", true},
      {"192.168.1.2", true},        {"[::1]:8000", true},          {"mybox:8000", true},
      {"rebound.example", false},   {"rebound.example:80", false}, {"127.0.0.1.example", false},
      {"localhost.example", false}, {"rebound.example.", false},
  };
  for (row const& r : rows) {
    CAPTURE(r.host);
    auto request = accepting("text/html");
    request.fields.add("Host", r.host);
    CHECK(contains(text_of(render_error(failed_script(), &request, true)), "blank") == r.told);
    request.fields.set("Host", "localhost");
    request.target.authority = r.host;
    CHECK(contains(text_of(render_error(failed_script(), &request, true)), "blank") == r.told);
  }
}

TEST_CASE("the HTML page escapes all that a script has said") {
  auto const request = accepting("text/html");
  auto const text = text_of(render_error(failed_script(), &request, true));
  CHECK(contains(text, "<title>502 Bad Gateway</title>"));
  CHECK(contains(text, "It printed no &lt;blank&gt; line &amp; &quot;ended&quot;."));
  CHECK(contains(text, "cat &#39;it&#39;\\&#39;&#39;s&#39; &lt;b&gt;</pre>"));
  CHECK(contains(text, "Hello &lt;script&gt;alert(1)&lt;/script&gt;\n\xEF\xBF\xBD[31mred"));
  CHECK(contains(text, "Traceback:\n<b>  &lt;module&gt; \xEF\xBF\xBD[2J</b>\n</pre>"));
  CHECK_FALSE(contains(text, "<script>alert"));
  CHECK(text.find_first_of("\r\x1b") == std::string::npos);
}

TEST_CASE("what would turn the letters of a line round is shown by its numbers in every form") {
  auto error = failed_script();
  error.help.output_excerpt =
      "ab\xE2\x80\xAE"
      "cd\n";
  error.help.stderr_lines = {
      "\xE2\x81\xA6"
      "ef"};
  for (char const* const accept : {"text/html", "text/plain", "application/json"}) {
    CAPTURE(accept);
    auto const request = accepting(accept);
    auto const text = text_of(render_error(error, &request, true));
    CHECK_FALSE(contains(text, "\xE2\x80\xAE"));
    CHECK_FALSE(contains(text, "\xE2\x81\xA6"));
    CHECK(contains(text, "xe2"));
  }
}

TEST_CASE("the line of stderr that tells the most stands out, also before env's hint") {
  struct row {
    std::vector<std::string> lines;
    std::string_view shown;
  };
  std::string const hint = "/usr/bin/env: use -[v]S to pass options in shebang lines";
  row const rows[] = {{{"one", "two"}, "one\n<b>two</b>\n</pre>"},
                      {{"env: no file", hint}, "<b>env: no file</b>\n/usr/bin/env: use -[v]S"},
                      {{hint}, "<b>/usr/bin/env: use"}};
  auto const request = accepting("text/html");
  for (row const& r : rows) {
    CAPTURE(r.shown);
    auto error = failed_script();
    error.help.stderr_lines = r.lines;
    CHECK(contains(text_of(render_error(error, &request, true)), r.shown));
  }
}

TEST_CASE("a traceback stands by itself, with what was raised as its last line") {
  http::http_error error{.status = 500, .reason = "wsgi-exception"};
  error.help.explanation = "The application raised KeyError: 'x'.";
  error.help.traceback = {"Traceback (most recent call last):", "KeyError: <'x'>"};
  auto const html = accepting("text/html");
  auto const page = text_of(render_error(error, &html, true));
  CHECK(contains(page, "<h2>Traceback</h2>"));
  CHECK(contains(page, "<b>KeyError: &lt;&#39;x&#39;&gt;</b>"));
  CHECK_FALSE(contains(page, "standard error"));
  auto const json = accepting("application/json");
  CHECK(contains(text_of(render_error(error, &json, true)),
                 R"("traceback":["Traceback (most recent call last):","KeyError: <'x'>"])"));
  auto const plain = accepting("text/plain");
  CHECK(contains(text_of(render_error(error, &plain, true)),
                 "\nTraceback:\n    Traceback (most recent call last):\n    KeyError: <'x'>\n"));
  CHECK_FALSE(contains(text_of(render_error(error, &plain, false)), "KeyError"));
}

TEST_CASE("the page runs the script that copies the command, and no other") {
  auto const request = accepting("text/html");
  auto const with_command = render_error(failed_script(), &request, true);
  auto const script = tests::only_script(text_of(with_command));
  REQUIRE_FALSE(script.empty());
  CHECK(with_command.fields.find("Content-Security-Policy") ==
        "default-src 'none'; style-src 'unsafe-inline'; " + tests::script_source(script));
  auto const without = render_error(failed_script(), &request, false);
  CHECK_FALSE(contains(text_of(without), "<script"));
  CHECK(without.fields.find("Content-Security-Policy") ==
        "default-src 'none'; style-src 'unsafe-inline'");
}

TEST_CASE("the page leads home, and to its exchange where the inspector shows it") {
  auto const request = accepting("text/html");
  auto const text = text_of(render_error(failed_script(), &request, false));
  CHECK(contains(text, "<a href=\"/\">Home</a>"));
  CHECK_FALSE(contains(text, "inspector"));
  CHECK(contains(text_of(render_error(failed_script(), &request, true, "/-/#12")),
                 "<a href=\"/-/#12\">This exchange in the inspector</a>"));
}

TEST_CASE("the address that was probably meant is a link") {
  http::http_error error{.status = 404, .reason = "file-not-found", .detail = "/srv/www/a"};
  error.help = {.explanation = "No such file. Did you mean /b%20&c?",
                .file = "/srv/www/<a>",
                .nearest = "/b%20&c"};
  auto const shown = [&](char const* accept) {
    auto const request = accepting(accept);
    return text_of(render_error(error, &request, true));
  };
  auto const html = shown("text/html");
  CHECK(
      contains(html, "<p>No such file. Did you mean <a href=\"/b%20&amp;c\">/b%20&amp;c</a>?</p>"));
  CHECK(contains(html, "<p class=\"file\">/srv/www/&lt;a&gt;</p>"));
  CHECK(contains(shown("*/*"), "Did you mean /b%20&c?\n\nFile: /srv/www/<a>\n"));
  auto const json = boost::json::parse(shown("application/json")).at("diagnosis");
  CHECK(json.at("nearest") == "/b%20&c");
  CHECK(json.at("file") == "/srv/www/<a>");
}

TEST_CASE("people are told that a program does not run, and not that a file is withheld") {
  for (std::string_view const reason : {"script-not-executable", "script-not-readable"}) {
    auto const text = text_of(render_error({.status = 403, .reason = reason}, nullptr, false));
    CHECK(contains(text, "403 Forbidden\nThe server cannot run the program at this address.\n"));
  }
  CHECK(contains(
      text_of(render_error({.status = 500, .reason = "script-start-failed"}, nullptr, false)),
      "The program at this address cannot be started."));
}

TEST_CASE("the plain text is safe to print on a terminal") {
  CHECK(text_of(render_error(failed_script(), nullptr, true)) ==
        "502 Bad Gateway\n"
        "The program at this address did not give a proper answer.\n"
        "\n"
        "It printed no <blank> line & \"ended\".\n"
        "\n"
        "Try this:\n"
        "    cat 'it'\\''s' <b>\n"
        "\n"
        "What it printed first:\n"
        "    Hello <script>alert(1)</script>\n"
        "    \\x1b[31mred\\xff\n"
        "\n"
        "Its last lines on standard error:\n"
        "    Traceback:\n"
        "      <module> \\x1b[2J\n"
        "\n"
        "(no-header-end)\n");
}

TEST_CASE("the JSON form is an object with the diagnosis in it") {
  auto const request = accepting("application/json");
  auto const response = render_error(failed_script(), &request, true);
  CHECK(response.fields.find("Content-Type") == "application/json");
  boost::system::error_code ec;
  auto const value = boost::json::parse(text_of(response), ec);
  REQUIRE_FALSE(ec);
  CHECK(value.at("status").as_int64() == 502);
  CHECK(value.at("reason").as_string() == "no-header-end");
  CHECK(value.at("detail").as_string() == "secret <detail>");
  auto const& help = value.at("diagnosis");
  CHECK(help.at("output").as_string() == "Hello <script>alert(1)</script>\n\\x1b[31mred\\xff\n");
  CHECK(help.at("stderr").as_array().size() == 2);
}

TEST_CASE("without a diagnosis a loopback client gets the detail") {
  http::http_error const error{
      .status = 404, .reason = "no-such-file", .detail = "/srv/www/<x> does not exist"};
  auto const request = accepting("text/html");
  CHECK(contains(text_of(render_error(error, &request, true)),
                 "<p>/srv/www/&lt;x&gt; does not exist</p>"));
  CHECK(contains(text_of(render_error(error, nullptr, true)), "\n/srv/www/<x> does not exist\n"));
}

TEST_CASE("every status that the server answers with has a sentence of its own") {
  std::set<std::string> sentences;
  std::vector<unsigned> const known = {400, 401, 403, 404, 405, 406, 408, 411, 412, 413, 414,
                                       415, 416, 417, 431, 500, 501, 502, 503, 504, 505};
  for (unsigned const status : known) {
    auto const text = text_of(render_error({.status = status, .reason = "x"}, nullptr, false));
    auto const first_line_end = text.find('\n');
    sentences.insert(text.substr(first_line_end + 1));
  }
  CHECK(sentences.size() == known.size());
  auto const of = [](unsigned status) {
    return text_of(render_error({.status = status, .reason = "x"}, nullptr, false));
  };
  CHECK(contains(of(418), "The request cannot be answered."));
  CHECK(contains(of(599), "The server cannot answer."));
}

TEST_CASE("the line that is at fault is marked in every form") {
  auto error = failed_script();
  error.help.output_excerpt = "X: y\r\nno <header>\r\nZ: z\r\n";
  error.help.excerpt_line = 7;
  error.help.marked_line = 8;
  auto const shown = [&](char const* accept) {
    auto const request = accepting(accept);
    return text_of(render_error(error, &request, true));
  };
  auto const text = shown("text/plain");
  CHECK(contains(text, "What it printed, from line 7:\n    X: y\n--> no <header>\n    Z: z\n"));
  auto const html = shown("text/html");
  CHECK(contains(html, "X: y\n<mark>no &lt;header&gt;</mark>\nZ: z\n"));
  auto const json = boost::json::parse(shown("application/json")).at("diagnosis");
  CHECK(json.at("output_line") == 7);
  CHECK(json.at("marked_line") == 8);

  error.help.excerpt_line = 1;
  error.help.marked_line = 0;
  CHECK(contains(shown("text/plain"), "What it printed first:\n    X: y\n    no <header>\n"));
  CHECK_FALSE(contains(shown("text/html"), "<mark>"));
}
