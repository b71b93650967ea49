#include "gatehouse/show/replay.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <memory>

#include "../temporary_directory.hpp"

using namespace gatehouse;

namespace {

// A program that runs in / with one variable.
trace::recording program(std::vector<std::string> arguments, std::string value = "v") {
  trace::recording r;
  r.program = trace::recorded_program{arguments.front(), arguments, "/"};
  r.variables.push_back({"NAME", std::move(value), "", "", {}});
  return r;
}

trace::recording with_input(trace::recording r, std::size_t size) {
  r.variables.push_back({"CONTENT_LENGTH", std::to_string(size), "", "", {}});
  return r;
}

std::string printed_by(std::string const& command) {
  tests::temporary_directory const scratch;
  auto const script = scratch.write("command", command);
  std::unique_ptr<FILE, int (*)(FILE*)> const pipe(
      ::popen(("/bin/sh " + script.string()).c_str(), "r"), ::pclose);
  REQUIRE(pipe != nullptr);
  std::string out;
  std::array<char, 4096> buffer;
  while (auto const got = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) {
    out.append(buffer.data(), got);
  }
  return out;
}

std::string all_bytes() {
  std::string out;
  for (int i = 0; i < 256; ++i) out += static_cast<char>(i);
  return out;
}

trace::recording asked(std::string method, std::string raw) {
  trace::recording r;
  r.server = "127.0.0.1:8000";
  r.request.emplace();
  r.request->method = std::move(method);
  r.request->target.raw = std::move(raw);
  return r;
}

trace::recording with_body(trace::recording r, std::string_view body) {
  r.request->content_length = body.size();
  r.standard_input.add(body, body.size());
  return r;
}

trace::recording with_field(trace::recording r, std::string_view name, std::string_view value) {
  r.request->fields.add(name, value);
  return r;
}

}  // namespace

TEST_CASE("the shell command reads like one typed by hand") {
  CHECK(show::shell_command(program({"/srv/a.sh"}, "x y"), "") ==
        "cd / && env -i NAME='x y' /srv/a.sh </dev/null");
  CHECK(
      show::shell_command(with_input(program({"/usr/bin/php-cgi", "/srv/a.php"}), 6), "a=b&c\n") ==
      "cd / && printf 'a=b&c\\n' | env -i NAME=v CONTENT_LENGTH=6 /usr/bin/php-cgi /srv/a.php");
  CHECK(show::shell_command(trace::recording(), "").empty());
}

TEST_CASE("a shell reads every word back as it was") {
  struct row {
    std::string_view label;
    std::string word;
  };
  row const rows[] = {
      {"nothing", ""},
      {"quotes", "it's \"so\""},
      {"what a shell would expand", "$HOME `id` $(id) * ~ \\ ! # ; & |"},
      {"a dash", "-n"},
      {"line feeds at the end", "a\n\n"},
      {"a terminal escape", "\x1B[31m"},
      {"a terminal escape and line feeds at the end", "\x1B\n\n"},
      {"a percent sign among escapes", "\x1B%s%%d\\n-'"},
      {"a dash before an escape", "-\x1B"},
      {"valid UTF-8", "caf\xC3\xA9"},
      {"all bytes", all_bytes().substr(1)},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const as_value = show::shell_command(program({"/usr/bin/env", "-0"}, r.word), "");
    CHECK(printed_by(as_value) == "NAME=" + r.word + '\0');
    auto const as_argument = show::shell_command(program({"/usr/bin/printf", "%s.", r.word}), "");
    CHECK(printed_by(as_argument) == r.word + ".");
    CHECK(as_argument.find('\x1B') == std::string::npos);
  }
}

TEST_CASE("a program reads every byte of its input back") {
  struct row {
    std::string_view label;
    std::string input;
  };
  row const rows[] = {
      {"text", "a=b\n"},
      {"a dash at the front", "-n"},
      {"digits after an escape", std::string("\0"
                                             "01",
                                             3)},
      {"formats and quotes", "%s%d'\\n\\c\"%"},
      {"all bytes", all_bytes()},
      {"much", std::string(300'000, '\0') + all_bytes()},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const of = with_input(program({"/bin/cat"}), r.input.size());
    CHECK(printed_by(show::shell_command(of, r.input)) == r.input);
  }
}

TEST_CASE("a path with an equals sign is no variable") {
  tests::temporary_directory const scratch;
  auto const script = scratch.write("a=b", "#!/bin/sh\necho \"$0 $NAME\"\n", 0755);
  auto of = program({script.string()});
  of.variables.push_back({"PATH", "/usr/bin:/bin", "", "", {}});
  CHECK(printed_by(show::shell_command(of, "")) == script.string() + " v\n");
}

TEST_CASE("of variables of one name the first counts, as for the program") {
  auto of = program({"/usr/bin/env"}, "first");
  of.variables.push_back({"NAME", "second", "", "", {}});
  CHECK(printed_by(show::shell_command(of, "")) == "NAME=first\n");
}

TEST_CASE("recorded input is used only if it is all there was") {
  auto of = with_input(program({"/bin/cat"}), 3);
  CHECK(show::shell_command(of).empty());
  of.standard_input.add("abc", 3);
  CHECK(show::shell_command(of).find("printf 'abc' |") != std::string::npos);
  of.standard_input.add("", 1);
  CHECK(show::shell_command(of).empty());
}

TEST_CASE("a program that a local redirect led to gets no input") {
  auto of = program({"/bin/cat"});
  of.standard_input.add("abc", 3);
  CHECK(show::shell_command(of) == "cd / && env -i NAME=v /bin/cat </dev/null");
}

TEST_CASE("curl sends the request again") {
  auto const get = asked("GET", "/a?b=c");
  struct row {
    std::string_view label;
    trace::recording of;
    char const* expected;
  };
  row const rows[] = {
      {"a GET", get, "curl -i 'http://127.0.0.1:8000/a?b=c'"},
      {"to the host that was typed", with_field(get, "Host", "localhost:8000"),
       "curl -i 'http://localhost:8000/a?b=c'"},
      {"never to another host", with_field(get, "Host", "example.org"),
       "curl -i -H 'Host: example.org' 'http://127.0.0.1:8000/a?b=c'"},
      {"fields", with_field(with_field(get, "Accept", "a/b"), "X-Empty", ""),
       "curl -i -H 'Accept: a/b' -H 'X-Empty;' 'http://127.0.0.1:8000/a?b=c'"},
      {"a HEAD", asked("HEAD", "/"), "curl -I http://127.0.0.1:8000/"},
      {"another method", asked("DELETE", "/"), "curl -i -X DELETE http://127.0.0.1:8000/"},
      {"what curl would change", asked("GET", "/../[a]"),
       "curl -i -g --path-as-is 'http://127.0.0.1:8000/../[a]'"},
      {"a form", with_body(with_field(asked("POST", "/"), "Content-Type", "x/y"), "@a='b'"),
       "curl -i -H 'Content-Type: x/y' --data-raw '@a='\\''b'\\''' http://127.0.0.1:8000/"},
      {"a body without a type", with_body(asked("POST", "/"), "a"),
       "curl -i -H Content-Type: --data-raw a http://127.0.0.1:8000/"},
      {"bytes", with_body(asked("PUT", "/"), std::string_view("\0a", 2)),
       "printf '\\000a' | curl -i -X PUT -H Content-Type: --data-binary @- "
       "http://127.0.0.1:8000/"},
      {"no head", trace::recording(), ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(show::curl_command(r.of) == r.expected);
  }
}

TEST_CASE("curl is not offered half a body") {
  auto of = asked("POST", "/");
  of.request->content_length = 5;
  CHECK(show::curl_command(of).empty());
}
