#include "exchanges.hpp"

#include <chrono>
#include <filesystem>

#include "../wire/client.hpp"

namespace fs = std::filesystem;

namespace fault {
namespace {

std::string pattern(std::size_t size) {
  std::string out;
  out.reserve(size);
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return out;
}

std::string const small = pattern(1000);
// Over what the server holds open of files that are asked for often.
std::string const large = pattern(1'500'000);
std::string const upload = pattern(200'000);

constexpr std::string_view plain = "printf 'Content-Type: text/plain\\n\\n'\n";

std::string script(std::string_view rest) {
  return "#!/bin/sh\n" + std::string(rest);
}

std::string get(std::string_view target, std::string_view fields = {}) {
  return wire::request("GET", target, fields);
}

std::string post(std::string_view target, std::string_view body) {
  return wire::request("POST", target, {}, body);
}

std::string post_chunked(std::string_view target, std::string_view body) {
  return wire::request("POST", target, "Transfer-Encoding: chunked\r\n") + wire::chunked(body);
}

std::string get_1_0(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.0\r\n\r\n";
}

answer is(std::string body) {
  return {.body = std::move(body)};
}

answer status(unsigned number) {
  return {.status = number, .body = std::nullopt};
}

// An entry that cannot be looked at is not listed.
answer listing() {
  return {.body = std::nullopt, .may_differ = true};
}

// A listing as JSON has no times of day in it but those of the files, which fill() sets.
constexpr std::string_view listing_fields = "Accept: application/json\r\n";

// A page in PHP that answers with what it is sent, or with a greeting.
constexpr std::string_view page =
    "<?php header('Content-Type: text/plain');\n"
    "if ($_SERVER['REQUEST_METHOD'] === 'POST') echo file_get_contents('php://input');\n"
    "else echo isset($_GET['long']) ? str_repeat('y', 100000) : 'in memory';\n";

// The same as an application in Python.
constexpr std::string_view application =
    "def application(environ, start_response):\n"
    "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
    "    if environ['REQUEST_METHOD'] == 'POST':\n"
    "        return [environ['wsgi.input'].read()]\n"
    "    if environ['QUERY_STRING'] == 'long':\n"
    "        return (b'z' * 25000 for piece in range(4))\n"
    "    if environ['QUERY_STRING'] == 'endless':\n"
    "        return iter(lambda: b'z' * 25000, None)\n"
    "    return [b'in a worker']\n";

fs::path application_directory(wire::site const& site) {
  return site.base() / "application";
}

}  // namespace

void fill(wire::site const& site) {
  site.write("small.txt", small);
  site.write("large.bin", large);
  site.write("page.html", "the page");
  site.write("page.html.gz", "not really gzip");
  site.write("dir/one.txt", "1");
  site.write("dir/two.txt", "22");
  site.write("dir/below/three.txt", "333");
  fs::create_symlink("one.txt", site.root() / "dir/link.txt");
  site.write("indexed/index.html", "an index");
  site.write("program.xcgi", script(std::string(plain) + "echo among files\n"), 0755);
  site.write("page.php", page);
  site.write(application_directory(site) / "faults.py", application);
  site.script("warm", "#!/usr/bin/python3\nprint('Content-Type: text/plain\\n\\nwarm', end='')\n");
  site.write("program.run", std::string(plain) + "echo interpreted\n");
  site.script("hello", script(std::string(plain) + "echo hello\n"));
  site.script("echo", script(std::string(plain) + "exec cat\n"));
  site.script("deaf", script("exec <&-\n" + std::string(plain) + "echo deaf\n"));
  site.script("long", script(std::string(plain) + "yes gatehouse | head -c 150000\n"));
  site.script("slow", script(std::string(plain) + "echo one\nsleep 0.12\necho two\n"));
  site.script("talks", script("echo a >&2\n" + std::string(plain) + "echo b >&2\necho c\n"));
  site.script("broken", script("echo why >&2\nexit 3\n"));
  site.script("no-type", script("printf 'X: y\\n\\ncontent'\n"));
  site.script("local", script("printf 'Location: /small.txt\\n\\n'\n"));
  site.script("away", script("printf 'Location: http://example.com/\\n\\n'\n"));
  site.script("counted",
              script("printf 'Content-Type: text/plain\\nContent-Length: 6\\n\\nexact\\n'\n"));
  site.script("nph-raw", script("printf 'HTTP/1.1 200 OK\\r\\nDate: x\\r\\nServer: y\\r\\n\\r\\n'\n"
                                "yes gatehouse | head -c 100000\n"));
  site.script("endless", script(std::string(plain) + "exec yes gatehouse\n"));
  site.script("missing-interpreter", "#!/nowhere/at/all\n");
  auto const old = fs::file_time_type::clock::now() - std::chrono::hours(24);
  for (auto const& entry : fs::recursive_directory_iterator(site.root())) {
    if (!entry.is_symlink()) fs::last_write_time(entry, old);
  }
}

fs::path php_socket(wire::site const& site) {
  return site.base() / "php";
}

std::vector<std::string> options_for(wire::site const& site) {
  return {"--threads",
          "1",
          "--idle-timeout",
          "2s",
          "--header-timeout",
          "2s",
          "--script-timeout",
          "3s",
          "--grace",
          "300ms",
          "--queue-timeout",
          "2s",
          "--listing",
          "on",
          "--cgi-ext",
          ".xcgi,.run,.php",
          "--interpreter",
          ".run=/bin/sh",
          "--interpreter",
          ".php=fastcgi:unix:" + php_socket(site).string(),
          "--warm",
          "python3",
          "--map",
          "/wsgi wsgi:faults workers=1 dir=" + application_directory(site).string(),
          "--access-log",
          (site.base() / "access").string(),
          "--body-limit",
          "1M"};
}

std::vector<exchange> exchanges() {
  auto const yes = [](std::size_t size) {
    std::string out;
    while (out.size() < size) out += "gatehouse\n";
    return out.substr(0, size);
  };
  return {
      {"small file", get("/small.txt"), {is(small)}},
      {"large file", get("/large.bin"), {is(large)}},
      {"part of a file",
       get("/large.bin", "Range: bytes=1000-150000\r\n"),
       {{.status = 206, .body = large.substr(1000, 149'001)}}},
      {"parts of a file", get("/large.bin", "Range: bytes=0-9,20-29\r\n"), {status(206)}},
      {"compressed form",
       get("/page.html", "Accept-Encoding: gzip\r\n"),
       {{.body = "not really gzip", .may_differ = true}}},
      {"HEAD", wire::request("HEAD", "/large.bin"), {{.method = "HEAD", .body = ""}}},
      {"index", get("/indexed/"), {is("an index")}},
      {"listing", get("/dir/", listing_fields), {listing()}},
      {"no such file", get("/missing"), {status(404)}},
      {"redirect to the slash", get("/dir"), {status(301)}},
      {"bad request", "GET / HTTP/1.1\r\n\r\n", {status(400)}},
      {"body too large",
       wire::request("POST", "/cgi-bin/echo", "Content-Length: 9000000\r\n"),
       {status(413)}},
      {"script", get("/cgi-bin/hello"), {is("hello\n")}},
      {"script over HTTP/1.0", get_1_0("/cgi-bin/long"), {is(yes(150'000))}},
      {"script among files", get("/program.xcgi"), {is("among files\n")}},
      {"interpreted script", get("/program.run"), {is("interpreted\n")}},
      {"long output", get("/cgi-bin/long"), {is(yes(150'000))}},
      {"counted output", get("/cgi-bin/counted"), {is("exact\n")}},
      {"slow script", get("/cgi-bin/slow"), {is("one\ntwo\n")}},
      {"script with stderr", get("/cgi-bin/talks"), {is("c\n")}},
      {"script that fails", get("/cgi-bin/broken"), {status(502)}},
      {"script without a type", get("/cgi-bin/no-type"), {is("content")}},
      {"script without its interpreter", get("/cgi-bin/missing-interpreter"), {status(500)}},
      {"no such script", get("/cgi-bin/missing"), {status(404)}},
      {"local redirect", get("/cgi-bin/local"), {is(small)}},
      {"client redirect", get("/cgi-bin/away"), {status(302)}},
      {"raw output", get("/cgi-bin/nph-raw"), {is(yes(100'000))}},
      {"small upload", post("/cgi-bin/echo", small), {is(small)}},
      {"large upload", post("/cgi-bin/echo", upload), {is(upload)}},
      {"small chunked upload", post_chunked("/cgi-bin/echo", small), {is(small)}},
      {"large chunked upload", post_chunked("/cgi-bin/echo", upload), {is(upload)}},
      {"unread upload", post("/cgi-bin/deaf", upload), {is("deaf\n")}},
      {"expected upload",
       wire::request("POST", "/cgi-bin/echo", "Expect: 100-continue\r\n", small),
       {{.status = 200, .body = small}}},
      {"several on one connection",
       get("/small.txt") + get("/cgi-bin/hello") + post("/cgi-bin/echo", small) +
           get("/dir/", listing_fields) + get("/large.bin"),
       {is(small), is("hello\n"), is(small), listing(), is(large)}},
      {"warm script", get("/cgi-bin/warm"), {is("warm")}},
      {"application behind FastCGI", get("/page.php"), {is("in memory")}},
      {"long output from behind FastCGI", get("/page.php?long=1"), {is(std::string(100'000, 'y'))}},
      {"small upload to behind FastCGI", post("/page.php", small), {is(small)}},
      {"large upload to behind FastCGI", post("/page.php", upload), {is(upload)}},
      {"application in Python", get("/wsgi"), {is("in a worker")}},
      {"long output of an application in Python",
       get("/wsgi?long"),
       {is(std::string(100'000, 'z'))}},
      {"small upload to an application in Python", post("/wsgi", small), {is(small)}},
      {"large upload to an application in Python", post("/wsgi", upload), {is(upload)}},
      {"chunked upload to an application in Python", post_chunked("/wsgi", upload), {is(upload)}},
      {"client that leaves an application in Python", get("/wsgi?endless"), {}, true},
      {"client that leaves a script", get("/cgi-bin/endless"), {}, true},
      {"client that leaves a file", get("/large.bin"), {}, true},
  };
}

}  // namespace fault
