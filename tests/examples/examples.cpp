// The example programs, each run by itself with an environment as the server gives it: what they
// print is sound CGI, whatever the request says.

#include <doctest/doctest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using variables = std::vector<std::string>;  // NAME=value

struct file_closer {
  void operator()(std::FILE* f) const { std::fclose(f); }
};
using file = std::unique_ptr<std::FILE, file_closer>;

file file_holding(std::string_view bytes) {
  file f{std::tmpfile()};
  REQUIRE(f != nullptr);
  if (!bytes.empty()) REQUIRE(std::fwrite(bytes.data(), 1, bytes.size(), f.get()) == bytes.size());
  std::fflush(f.get());
  std::rewind(f.get());
  return f;
}

std::string contents(file const& f) {
  std::string bytes;
  std::rewind(f.get());
  for (int c; (c = std::fgetc(f.get())) != EOF;) bytes += static_cast<char>(c);
  return bytes;
}

struct output {
  int exit_status = -1;
  std::string standard_output;
  std::string standard_error;
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

// Files stand in for the pipes, so that neither side can wait for the other.
output run(std::string const& name, variables environment, std::string_view body) {
  std::string const directory = GATEHOUSE_SOURCE_DIR "/cgi-bin";
  std::vector<std::string> arguments = {directory + "/" + name};
  file const in = file_holding(body);
  file const out = file_holding("");
  file const err = file_holding("");

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(in.get()), 0);
  posix_spawn_file_actions_adddup2(&actions, fileno(out.get()), 1);
  posix_spawn_file_actions_adddup2(&actions, fileno(err.get()), 2);
  posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  pid_t pid = 0;
  int const failure = posix_spawn(&pid, arguments[0].c_str(), &actions, nullptr,
                                  pointers(arguments).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  REQUIRE(failure == 0);

  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(out), contents(err)};
}

struct answer {
  std::string status = "200 OK";
  std::vector<std::string> fields;  // as printed, without the line end
  std::string content;

  std::string field(std::string_view name) const {
    for (std::string const& line : fields) {
      if (line.starts_with(name) && line.substr(name.size()).starts_with(": "))
        return line.substr(name.size() + 2);
    }
    return {};
  }
  bool contains(std::string_view text) const { return content.find(text) != std::string::npos; }
};

bool is_field_line(std::string_view line) {
  std::size_t const colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  return std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

// Header lines, an empty line, the content (RFC 3875, 6.2).
answer parsed(std::string const& printed) {
  answer result;
  std::istringstream lines(printed);
  std::string line;
  while (std::getline(lines, line) && !line.empty()) {
    CAPTURE(line);
    CHECK(is_field_line(line));
    result.fields.push_back(line);
  }
  REQUIRE(line.empty());
  result.content.assign(std::istreambuf_iterator<char>(lines), {});
  if (std::string const status = result.field("Status"); !status.empty()) result.status = status;
  return result;
}

bool names(variables const& all, std::string const& name) {
  return std::any_of(all.begin(), all.end(),
                     [&](std::string const& v) { return v.starts_with(name + "="); });
}

variables surroundings(variables more) {
  variables all = {"GATEWAY_INTERFACE=CGI/1.1", "SERVER_NAME=gate.example",
                   "SERVER_PORT=8000",          "SERVER_PROTOCOL=HTTP/1.1",
                   "REQUEST_SCHEME=http",       "REMOTE_ADDR=192.0.2.1"};
  all.insert(all.end(), more.begin(), more.end());
  if (!names(all, "PATH")) all.push_back("PATH=/usr/local/bin:/usr/bin:/bin");
  return all;
}

// One exchange with a program. None of them may fail or complain, whatever it is asked.
answer ask(std::string const& name, variables more, std::string_view body = {}) {
  CAPTURE(name);
  output const ran = run(name, surroundings(std::move(more)), body);
  CHECK(ran.exit_status == 0);
  CHECK(ran.standard_error == "");
  return parsed(ran.standard_output);
}

answer get(std::string const& name, variables more = {}) {
  more.insert(more.begin(), "REQUEST_METHOD=GET");
  if (!names(more, "QUERY_STRING")) more.push_back("QUERY_STRING=");
  return ask(name, std::move(more));
}

answer post(std::string const& name, std::string const& type, std::string_view body) {
  return ask(name,
             {"REQUEST_METHOD=POST", "QUERY_STRING=", "CONTENT_TYPE=" + type,
              "CONTENT_LENGTH=" + std::to_string(body.size())},
             body);
}

std::string const plain = "text/plain; charset=utf-8";
std::string const page = "text/html; charset=utf-8";
std::string const form_type = "application/x-www-form-urlencoded";
std::string const script_tag = "<script>alert(1)</script>";
std::string const escaped_tag = "&lt;script&gt;alert(1)&lt;/script&gt;";

int occurrences(std::string_view text, std::string_view what) {
  int count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

std::string part(std::string const& disposition, std::string const& type, std::string_view bytes) {
  return "--XX\r\nContent-Disposition: form-data; name=\"file\"" + disposition +
         "\r\nContent-Type: " + type + "\r\n\r\n" + std::string(bytes) + "\r\n";
}

}  // namespace

TEST_CASE("every program answers a bare GET with a content type that names its charset") {
  struct row {
    char const* name;
    std::string type;
  };
  row const rows[] = {{"env.sh", plain},   {"environment.py", page}, {"form.py", page},
                      {"upload.py", page}, {"redirect.pl", plain},   {"calc", plain},
                      {"cookie.pl", plain}};
  for (row const& r : rows) {
    CAPTURE(r.name);
    answer const a = get(r.name);
    CHECK(a.field("Content-Type") == r.type);
    CHECK(!a.content.empty());
  }
}

TEST_CASE("env.sh prints the environment and nothing of its shell") {
  answer const a = get("env.sh", {"PATH_INFO=/x y", "QUERY_STRING=a=1&b=%3C"});
  CHECK(a.contains("PATH_INFO=/x y\n"));
  CHECK(a.contains("QUERY_STRING=a=1&b=%3C\n"));
  CHECK(!a.contains("PWD="));
  CHECK(a.field("X-Content-Type-Options") == "nosniff");
}

TEST_CASE("environment.py shows what there is, what is missing and nothing of Python") {
  answer const a = get("environment.py", {"HTTP_X_ONE=1", "SPECIAL=2"});
  CHECK(a.contains("HTTP_X_ONE</code></th><td><code>1</code>"));
  CHECK(a.contains("SPECIAL</code></th><td><code>2</code>"));
  CHECK(a.contains("PATH_INFO</code></th><td><em>not set</em>"));
  CHECK(!a.contains("LC_CTYPE"));
}

TEST_CASE("environment.py escapes names and values, and survives bytes that are not UTF-8") {
  answer const a = get("environment.py",
                       {"HTTP_X=" + script_tag, "<b>=1", "PATH_INFO=/\xFF", "QUERY_STRING=\"&"});
  CHECK(!a.contains("<script"));
  CHECK(!a.contains("<b>"));
  CHECK(a.contains(escaped_tag));
  CHECK(a.contains("&quot;&amp;"));
}

TEST_CASE("form.py takes the same values from the query and from standard input") {
  std::string const sent = "name=Ada+L&note=a%20%C3%A9";
  answer const by_get = get("form.py", {"QUERY_STRING=" + sent});
  answer const by_post = post("form.py", form_type, sent);
  CHECK(by_get.contains("arrived by GET, in QUERY_STRING"));
  CHECK(by_post.contains("arrived by POST, on standard input"));
  for (answer const* a : {&by_get, &by_post}) {
    CHECK(a->status == "200 OK");
    CHECK(a->contains("value=\"Ada L\""));
    CHECK(a->contains("<td>a \xC3\xA9</td>"));
    CHECK(a->contains("<pre>name=Ada+L&amp;note=a%20%C3%A9</pre>"));
  }
}

TEST_CASE("form.py escapes what it shows") {
  std::string const encoded = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
  struct row {
    std::string_view label;
    std::string sent;
  };
  row const rows[] = {{"in an attribute", "name=" + encoded},
                      {"in a textarea", "note=%3C/textarea%3E" + encoded},
                      {"in a key", encoded + "=1"},
                      {"not encoded", "name=" + script_tag}};
  for (row const& r : rows) {
    CAPTURE(r.label);
    for (answer const& a :
         {get("form.py", {"QUERY_STRING=" + r.sent}), post("form.py", form_type, r.sent)}) {
      CHECK(!a.contains("<script"));
      CHECK(a.contains("&lt;script&gt;"));
    }
  }
}

TEST_CASE("form.py refuses what it cannot take") {
  struct row {
    std::string_view label;
    variables request;
    char const* status;
  };
  row const rows[] = {
      {"another method", {"REQUEST_METHOD=DELETE"}, "405 Method Not Allowed"},
      {"another type",
       {"REQUEST_METHOD=POST", "CONTENT_TYPE=text/xml", "CONTENT_LENGTH=1"},
       "415 Unsupported Media Type"},
      {"no type", {"REQUEST_METHOD=POST"}, "415 Unsupported Media Type"},
      {"too much",
       {"REQUEST_METHOD=POST", "CONTENT_TYPE=" + form_type, "CONTENT_LENGTH=99999999999"},
       "413 Content Too Large"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(ask("form.py", r.request).status == r.status);
  }
  CHECK(ask("form.py", {"REQUEST_METHOD=DELETE"}).field("Allow") == "GET, HEAD, POST");
}

TEST_CASE("form.py takes an empty body for an empty form") {
  CHECK(ask("form.py", {"REQUEST_METHOD=POST", "CONTENT_TYPE=" + form_type}).status == "200 OK");
}

TEST_CASE("upload.py gives size, hash and first bytes of exactly what was sent") {
  struct row {
    std::string_view label;
    std::string type;
    std::string bytes;
    char const* size;
    char const* sha256;
    char const* begins;
  };
  row const rows[] = {
      {"text", "text/plain", "abc", "3 bytes",
       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "61 62 63"},
      {"nothing", "text/plain", "", "0 bytes",
       "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ""},
      {"line ends, NUL and dashes", "application/octet-stream",
       std::string("\r\n\r\n--X\r\0\n\xFF", 11), "11 bytes",
       "36b745114bf79677cd4268c4a2980889a35d03f55f4bfdbc7417b31ba3f10ccb",
       "0d 0a 0d 0a 2d 2d 58 0d 00 0a ff"},
      {"a message with a head of its own", "message/rfc822", "A: b\r\n\r\nc", "9 bytes",
       "e0c234eac0498732d25f52f51e62522222973c90613ecdd6134a33ca65dcd598",
       "41 3a 20 62 0d 0a 0d 0a 63"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    answer const a = post("upload.py", "multipart/form-data; boundary=XX",
                          part("; filename=\"f.bin\"", r.type, r.bytes) + "--XX--\r\n");
    CHECK(a.status == "200 OK");
    CHECK(a.contains("<h2>f.bin</h2>"));
    CHECK(a.contains("<td>" + r.type));
    CHECK(a.contains(r.size));
    CHECK(a.contains(r.sha256));
    CHECK(a.contains("<code>" + std::string(r.begins) + "</code>"));
  }
}

TEST_CASE("upload.py shows every file, and fields that are not files not at all") {
  answer const a =
      post("upload.py", "multipart/form-data; boundary=\"XX\"",
           part("; filename=\"one\"", "text/plain", "1") + part("", "text/plain", "a field") +
               part("; filename=\"zw\xC3\xB6lf\"", "text/plain", "12") + "--XX--\r\n");
  CHECK(a.contains("<h2>one</h2>"));
  CHECK(a.contains("<h2>zw\xC3\xB6lf</h2>"));
  CHECK(!a.contains("7 bytes"));
}

TEST_CASE("upload.py escapes the names and types that it shows") {
  answer const a =
      post("upload.py", "multipart/form-data; boundary=XX",
           part("; filename=\"" + script_tag + "\"", "a/<script>", "x") + "--XX--\r\n");
  CHECK(!a.contains("<script"));
  CHECK(a.contains(escaped_tag));
}

TEST_CASE("upload.py refuses what it cannot take, and answers broken bodies") {
  std::string const multipart = "multipart/form-data; boundary=XX";
  struct row {
    std::string_view label;
    variables request;
    std::string body;
    char const* status;
  };
  row const rows[] = {
      {"too much",
       {"CONTENT_TYPE=" + multipart, "CONTENT_LENGTH=99999999999"},
       "",
       "413 Content Too Large"},
      {"another type",
       {"CONTENT_TYPE=" + form_type, "CONTENT_LENGTH=3"},
       "a=b",
       "415 Unsupported Media Type"},
      {"no boundary",
       {"CONTENT_TYPE=multipart/form-data", "CONTENT_LENGTH=3"},
       "a=b",
       "415 Unsupported Media Type"},
      {"no type and no body", {}, "", "415 Unsupported Media Type"},
      {"a type that is not UTF-8", {"CONTENT_TYPE=\xFF"}, "", "415 Unsupported Media Type"},
      {"a boundary that is not UTF-8",
       {"CONTENT_TYPE=" + multipart + "\xFF", "CONTENT_LENGTH=3"},
       "a=b",
       "200 OK"},
      {"no part", {"CONTENT_TYPE=" + multipart, "CONTENT_LENGTH=3"}, "a=b", "200 OK"},
      {"a part without an end",
       {"CONTENT_TYPE=" + multipart, "CONTENT_LENGTH=6"},
       "--XX\r\n",
       "200 OK"},
      {"parts without heads",
       {"CONTENT_TYPE=" + multipart, "CONTENT_LENGTH=20"},
       "--XX\r\n\r\na\r\n--XX--\r\n",
       "200 OK"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    variables request = r.request;
    request.push_back("REQUEST_METHOD=POST");
    answer const a = ask("upload.py", request, r.body);
    CHECK(a.status == r.status);
    CHECK(!a.contains("SHA-256"));
  }
}

TEST_CASE("counter.sh prints a comment at once, its events, and that it is done") {
  answer const a = get("counter.sh", {"QUERY_STRING=count=1", "HTTP_ACCEPT=text/event-stream"});
  CHECK(a.field("Content-Type") == "text/event-stream; charset=utf-8");
  CHECK(a.field("Cache-Control") == "no-store");
  CHECK(a.content.starts_with(": counting\n\nid: 1\ndata: 1 of 1 at "));
  CHECK(a.content.ends_with("\n\nevent: done\ndata: 1\n\n"));
}

TEST_CASE("counter.sh is plain text for whoever opens its address") {
  answer const a =
      get("counter.sh", {"QUERY_STRING=count=1", "HTTP_ACCEPT=text/html,application/xhtml+xml"});
  CHECK(a.field("Content-Type") == plain);
}

TEST_CASE("counter.sh counts to what it is asked for, from 1 to 60") {
  // A sleep that does not sleep, found before the real one.
  std::string directory = (std::filesystem::temp_directory_path() / "gatehouse-XXXXXX").string();
  REQUIRE(mkdtemp(directory.data()) != nullptr);
  std::filesystem::create_symlink("/bin/true", directory + "/sleep");

  struct row {
    char const* query;
    int events;
  };
  row const rows[] = {
      {"", 10},           {"count=2", 2},      {"count=60", 60}, {"count=61", 60},
      {"count=0", 1},     {"count=00", 1},     {"count=08", 8},  {"count=99999999999999999999", 60},
      {"count=-1", 10},   {"count=", 10},      {"count=3&x", 3}, {"other=5", 10},
      {"count=1;ls", 10}, {"count=$(ls)", 10}, {"count=*", 10},
  };
  for (row const& r : rows) {
    CAPTURE(std::string_view(r.query));
    answer const a = ask("counter.sh", {"PATH=" + directory + ":/usr/bin:/bin",
                                        "QUERY_STRING=" + std::string(r.query)});
    CHECK(occurrences(a.content, "\nid: ") == r.events);
    CHECK(a.content.ends_with("event: done\ndata: " + std::to_string(r.events) + "\n\n"));
  }
  std::filesystem::remove_all(directory);
}

TEST_CASE("redirect.pl prints each kind of redirect") {
  auto const choose = [&](std::string const& choice) {
    return get("redirect.pl", {"SCRIPT_NAME=/cgi-bin/redirect.pl", "PATH_INFO=/" + choice});
  };

  answer const local = choose("local");
  CHECK(local.fields == variables{"Location: /cgi-bin/env.sh?sent-by=local-redirect"});
  CHECK(local.content.empty());

  answer const client = choose("client");
  CHECK(client.fields ==
        variables{"Location: http://gate.example:8000/cgi-bin/env.sh?sent-by=client-redirect"});
  CHECK(client.content.empty());

  answer const moved = choose("moved");
  CHECK(moved.status == "301 Moved Permanently");
  CHECK(moved.field("Location") == "http://gate.example:8000/");
  CHECK(moved.field("Content-Type") == plain);
  CHECK(!moved.content.empty());
}

TEST_CASE("redirect.pl goes nowhere else, whatever its input says") {
  for (std::string const choice : {"/http://evil.example/", "//evil.example/", "/local/", "/"}) {
    CAPTURE(choice);
    answer const a =
        get("redirect.pl", {"PATH_INFO=" + choice, "QUERY_STRING=to=http://evil.example/"});
    CHECK(a.status == "404 Not Found");
    CHECK(a.field("Location") == "");
  }
}

TEST_CASE("cookie.pl counts the visits that the browser remembers") {
  struct row {
    std::string_view label;
    char const* cookies;
    char const* visits;
  };
  row const rows[] = {
      {"none", "", "1"},
      {"its own", "visits=7", "8"},
      {"among others", "a=b; visits=41; c=d", "42"},
      {"of another name", "revisits=7", "1"},
      {"inside of another", "a=visits=7", "1"},
      {"not a number", "visits=seven", "1"},
      {"markup", "visits=7<script>", "1"},
      {"a line end", "visits=7\r\nX: y", "1"},
      {"negative", "visits=-1", "1"},
      {"too large", "visits=99999999999999999999", "1"},
      {"the largest", "visits=999999", "1000000"},
      {"one more", "visits=1000000", "1"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    answer const a = get(
        "cookie.pl", {"SCRIPT_NAME=/cgi-bin/cookie.pl", "HTTP_COOKIE=" + std::string(r.cookies)});
    CHECK(a.content == "Visit number " + std::string(r.visits) + ".\n");
    CHECK(a.field("Set-Cookie") ==
          "visits=" + std::string(r.visits) +
              "; Path=/cgi-bin/cookie.pl; Max-Age=86400; HttpOnly; SameSite=Lax");
    CHECK(a.field("Cache-Control") == "no-store");
  }
}

TEST_CASE("cookie.pl takes its cookie back") {
  answer const a = get(
      "cookie.pl", {"SCRIPT_NAME=/cgi-bin/cookie.pl", "PATH_INFO=/forget", "HTTP_COOKIE=visits=7"});
  CHECK(a.field("Set-Cookie").starts_with("visits=0; Path=/cgi-bin/cookie.pl; Max-Age=0;"));
  CHECK(a.content == "Forgotten.\n");
}

TEST_CASE("the programs whose cost is measured print the same in each language") {
  for (std::string const name : {"cost/nothing.sh", "cost/nothing.pl", "cost/nothing.py"}) {
    answer const a = get(name);
    CHECK(a.fields == variables{"Content-Type: " + plain});
    CHECK(a.content == "done\n");
  }
  CHECK(get("cost/work.py").content == "1229 primes below 10,000\n");
}

TEST_CASE("nph-hello.pl writes the whole response, and no content for HEAD") {
  std::string const head =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n";
  output const by_get = run("nph-hello.pl", surroundings({"REQUEST_METHOD=GET"}), "");
  CHECK(by_get.standard_output.starts_with(head));
  CHECK(by_get.standard_output.size() > head.size());
  CHECK(by_get.standard_error == "");
  CHECK(run("nph-hello.pl", surroundings({"REQUEST_METHOD=HEAD"}), "").standard_output == head);
}

TEST_CASE("calc computes what is in its path") {
  struct row {
    char const* path;
    char const* result;
  };
  row const rows[] = {
      {"/6/times/7", "42\n"},     {"/1/plus/2", "3\n"},
      {"/1/minus/2", "-1\n"},     {"/7/divided-by/2", "3.5\n"},
      {"/0.1/plus/0.2", "0.3\n"}, {"/-1/times/0", "0\n"},
      {"/+1/plus/-1", "0\n"},     {"/999999999/times/999999999", "9.99999998e+17\n"},
  };
  for (row const& r : rows) {
    CAPTURE(std::string_view(r.path));
    answer const a = get("calc", {"PATH_INFO=" + std::string(r.path)});
    CHECK(a.status == "200 OK");
    CHECK(a.content == r.result);
  }
}

TEST_CASE("calc refuses what it cannot compute, in words") {
  std::string const long_number(4000, '9');
  for (std::string const& path : {std::string("/"),
                                  std::string("/6"),
                                  std::string("/6/times"),
                                  std::string("/6/times/"),
                                  std::string("/6/times/7/"),
                                  std::string("/6/times/7/8"),
                                  std::string("//times/7"),
                                  std::string("/6/over/7"),
                                  std::string("/six/times/7"),
                                  std::string("/1/divided-by/0"),
                                  std::string("/1/divided-by/-0"),
                                  std::string("/inf/plus/1"),
                                  std::string("/nan/plus/1"),
                                  std::string("/0x10/plus/1"),
                                  std::string("/1e9/plus/1"),
                                  std::string("/1-1/plus/1"),
                                  std::string("/./plus/1"),
                                  "/" + long_number + "/plus/1",
                                  "/1/" + long_number + "/1",
                                  std::string("/%n/times/%s"),
                                  "/" + script_tag + "/plus/1"}) {
    CAPTURE(path);
    answer const a = get("calc", {"PATH_INFO=" + path});
    CHECK(a.status == "400 Bad Request");
    CHECK(a.field("Content-Type") == plain);
    CHECK(!a.content.empty());
    CHECK(!a.contains("<script"));
  }
}
