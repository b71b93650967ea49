// `gatehouse explain`: what the server does with a request, told without a network.

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "client.hpp"
#include "plays.hpp"
#include "program.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
using namespace std::string_literals;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

fs::path const examples = fs::path(GATEHOUSE_SOURCE_DIR) / "cgi-bin";
std::string const text_head = "printf 'Content-Type: text/plain\\n\\n'\n";

outcome explain(site const& files, arguments const& words) {
  arguments argv = {binary(), "explain", "--root", files.root().string()};
  argv.insert(argv.end(), words.begin(), words.end());
  return run(argv);
}

arguments operator+(arguments a, arguments const& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

json::value parsed(outcome const& o) {
  CAPTURE(o.err);
  json::error_code ec;
  auto value = json::parse(o.out, ec);
  REQUIRE_FALSE(ec.failed());
  return value;
}

std::string decoded(json::value const& bytes) {
  static std::string const digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  unsigned count = 0;
  for (char const c : json::value_to<std::string>(bytes.at("base64"))) {
    if (c == '=') break;
    bits = bits << 6U | static_cast<unsigned>(digits.find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFFU);
  }
  return out;
}

// What a shell prints for a command, without anything of this program's environment but PATH.
std::string printed_by(site const& files, std::string const& command) {
  auto const file = files.write(files.base() / "command", command);
  return run({"sh", file.string()}).out;
}

bool has_no_controls(std::string const& text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    auto const byte = static_cast<unsigned char>(c);
    return (byte < 0x20U && c != '\n') || byte == 0x7FU || byte == 0x9BU;
  });
}

}  // namespace

TEST_SUITE_BEGIN("explain");

TEST_CASE("every example prints under the shell command what it prints under the server") {
  site const files;
  // Time stands still for counter.sh.
  files.write(files.base() / "bin/date", "#!/bin/sh\necho 12:00:00\n", 0755);
  auto const upload = files.write(
      files.base() / "upload",
      "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a'b\"\r\n\r\n\0\xFF%s\\n'\r\n--X--\r\n"s);
  struct row {
    std::string_view name;
    arguments words;
    int status = 0;  // 1 where its answer is an error
  };
  row const rows[] = {
      {"calc", {"/cgi-bin/calc/6/times/7"}},
      {"cookie.pl", {"-H", "Cookie: visits=3", "/cgi-bin/cookie.pl"}},
      {"cost/nothing.pl", {"/cgi-bin/cost/nothing.pl"}},
      {"cost/nothing.py", {"/cgi-bin/cost/nothing.py"}},
      {"cost/nothing.sh", {"/cgi-bin/cost/nothing.sh"}},
      {"cost/work.py", {"/cgi-bin/cost/work.py"}},
      {"counter.sh", {"/cgi-bin/counter.sh?count=1"}},
      {"env.sh", {"/cgi-bin/env.sh/it's%20%22so%22%1b/$HOME?a=1&b='"}},
      {"env.sh", {"-H", "Cookie: a=1; b=\"$(id)\"", "-H", "X-Bytes: \xFF", "/cgi-bin/env.sh"}},
      {"environment.py", {"/cgi-bin/environment.py/%1b[31m?two+words"}},
      {"form.py", {"/cgi-bin/form.py?name=a&note=b"}},
      {"form.py", {"-d", "name=%3Cb%3E&note='100%'\n", "/cgi-bin/form.py"}},
      {"form.py", {"-X", "DELETE", "/cgi-bin/form.py"}, 1},
      {"nph-hello.pl", {"/cgi-bin/nph-hello.pl"}},
      {"redirect.pl", {"/cgi-bin/redirect.pl/client"}},
      {"redirect.pl", {"/cgi-bin/redirect.pl/local"}},
      {"redirect.pl", {"http://gate.example/cgi-bin/redirect.pl/moved"}},
      {"socket-server.py",
       {"-X", "POST", "/cgi-bin/socket-server.py?session=none.none&do=connect"},
       1},
      {"upload.py",
       {"-d", "@" + upload.string(), "-H", "Content-Type: multipart/form-data; boundary=X",
        "/cgi-bin/upload.py"}},
  };
  std::set<std::string> tried;
  for (row const& r : rows) {
    CAPTURE(r.words.back());
    tried.emplace(r.name);
    arguments const site_options = {"--cgi-bin", examples.string(), "--env",
                                    "PATH=" + (files.base() / "bin").string() + ":/usr/bin:/bin"};
    auto const told = parsed(explain(files, site_options + arguments{"--run", "--json"} + r.words));
    auto const shell = explain(files, site_options + arguments{"--run", "--as-shell"} + r.words);
    CHECK(shell.code() == r.status);
    CHECK(has_no_controls(shell.out));
    auto const printed = decoded(told.at("stdout"));
    CHECK(printed.size() > 20);
    CHECK(printed_by(files, shell.out) == printed);
    CHECK(json::value_to<std::string>(told.at("shell")) + "\n" == shell.out);
  }
  for (auto const& entry : fs::recursive_directory_iterator(examples)) {
    auto const permissions = entry.status().permissions();
    if ((permissions & fs::perms::owner_exec) == fs::perms::none || entry.is_directory()) continue;
    CAPTURE(entry.path().string());
    CHECK(tried.count(entry.path().lexically_relative(examples).string()) == 1);
  }
}

TEST_CASE("what explain runs answers as it does over a network") {
  site const files;
  server const s(files, {"--cgi-bin", examples.string()});
  struct row {
    std::string method, target, body;
  };
  std::string const form = "Content-Type: application/x-www-form-urlencoded\r\n";
  row const rows[] = {{"GET", "/cgi-bin/calc/6/times/7", ""},
                      {"GET", "/cgi-bin/calc/6/over/7", ""},
                      {"GET", "/cgi-bin/form.py?name=x", ""},
                      {"POST", "/cgi-bin/form.py", "name=%3Cb%3E&note=2"}};
  for (row const& r : rows) {
    CAPTURE(r.target);
    auto const real = ask(s.port(), r.method, r.target, r.body.empty() ? "" : form, r.body);
    arguments words = {"--cgi-bin", examples.string(), "--run", "--json", r.target};
    if (!r.body.empty()) words.insert(words.end(), {"-d", r.body});
    auto const told = parsed(explain(files, words));
    CHECK(told.at("response").at("status") == real.status);
    CHECK(decoded(told.at("response").at("body")) == real.body);
    auto const size = json::value_to<std::size_t>(told.at("stdout_head"));
    CHECK(decoded(told.at("stdout")).substr(size) == real.body);
  }
}

TEST_CASE("the environment of the shell command is the server's, to the last variable") {
  site const files;
  files.play("env", "env");
  arguments const words = {"--run", "--env", "ODD=it's\n\n$odd", "/cgi-bin/env/'$?x"};
  auto const told = parsed(explain(files, words + arguments{"--json"}));
  auto const shell = explain(files, words + arguments{"--as-shell"});
  CHECK(printed_by(files, shell.out) == decoded(told.at("stdout")));
}

TEST_CASE("every byte of a long body reaches the program, with and without a server") {
  site const files;
  files.play("echo", "echo");
  std::string body;
  for (int i = 0; i < 100'000; ++i) body += static_cast<char>(i % 251);
  auto const file = files.write(files.base() / "body", body);
  arguments const words = {"-d", "@" + file.string(), "/cgi-bin/echo"};
  auto const shell = explain(files, arguments{"--as-shell"} + words);
  CHECK(printed_by(files, shell.out) == "Content-Type: application/octet-stream\n\n" + body);
  auto const told = parsed(explain(files, arguments{"--run", "--json"} + words));
  CHECK(told.at("response").at("body").at("size") == body.size());
  CHECK(told.at("stdin").at("cut") == true);
  CHECK(told.at("shell") == "");
}

TEST_CASE("a program that is slow to read a long body is not taken for one whose client left") {
  site const files;
  files.script("late", "#!/bin/sh\nsleep 0.2\nprintf 'Content-Type: text/plain\\n\\n'\nwc -c\n");
  auto const file = files.write(files.base() / "body", std::string(300'000, 'x'));
  auto const told =
      parsed(explain(files, {"--run", "--json", "-d", "@" + file.string(), "/cgi-bin/late"}));
  CHECK(decoded(told.at("response").at("body")) == "300000\n");
}

TEST_CASE("the body can come from standard input, NUL and all") {
  site const files;
  files.play("echo", "echo");
  auto const told = parsed(run({"sh", "-c",
                                "printf 'a\\0b\\r\\n' | '" + binary() + "' explain --root '" +
                                    files.root().string() + "' --run --json -d @- /cgi-bin/echo"}));
  CHECK(decoded(told.at("response").at("body")) == "a\0b\r\n"s);
  CHECK(decoded(told.at("stdin")) == "a\0b\r\n"s);
}

TEST_CASE("without --run a program is described and not run") {
  site const files;
  files.script("mark", "#!/bin/sh\ntouch ran\n" + text_head);
  for (std::string const as : {"--json", "--as-shell", ""}) {
    CAPTURE(as);
    arguments words = {"-d", "a=b", "/cgi-bin/mark/x?y"};
    if (!as.empty()) words.push_back(as);
    CHECK(explain(files, words).code() == 0);
    CHECK_FALSE(fs::exists(files.cgi_bin() / "ran"));
  }
  auto const told = parsed(explain(files, {"--json", "-d", "a=b", "/cgi-bin/mark/x?y"}));
  CHECK(told.at("script").at("path_info") == "/x");
  CHECK(decoded(told.at("stdin")) == "a=b");
  CHECK(told.at("process").is_null());
  CHECK(told.at("error").is_null());
  CHECK(told.at("response").at("status") == 0);
  CHECK(explain(files, {"--run", "/cgi-bin/mark"}).code() == 0);
  CHECK(fs::exists(files.cgi_bin() / "ran"));
}

TEST_CASE("each way of a request is told, and how it ended is the exit status") {
  site const files;
  files.write("a.txt", "first");
  files.write("dir/index.html", "<p>");
  files.script("good", "#!/bin/sh\n" + text_head + "echo '<b>'; echo warning >&2\n");
  files.script("not-found", "#!/bin/sh\nprintf 'Status: 404 Gone Away\\n\\n'\n");
  files.script("late", "#!/bin/sh\n" + text_head + "echo x\nexit 3\n");
  files.script("more",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 1\\n\\nab'\n");
  files.script("nph-whole", "#!/bin/sh\nprintf 'HTTP/1.1 200 Fine\\r\\n\\r\\nx'\n");
  files.script("broken", "#!/bin/sh\necho 'no header'\nexit 3\n");
  files.script("away", "#!/bin/sh\nprintf 'Location: http://example.org/\\n\\n'\n");
  files.script("to-file", "#!/bin/sh\nprintf 'Location: /a.txt\\n\\n'\n");
  files.script("nowhere", "#!/nonexistent/interpreter\n");
  files.write("cgi-bin/plain", "#!/bin/sh\n", 0644);
  files.write("cgi-bin/page.xyz", "");
  struct row {
    std::string_view label;
    arguments words;
    int code;
    std::vector<std::string> says;
  };
  auto const root = files.root().string();
  row const rows[] = {
      {"a program", {"/cgi-bin/good"}, 0, {"RFC 3875, 4.1.12", "--run does"}},
      {"a run",
       {"--run", "/cgi-bin/good"},
       0,
       {"header block, 26 bytes", "<b>", "   warning\n", "exited with status 0", "HTTP/1.1 200 OK",
        "\nVerdict: 200 OK after ", "; it exited with status 0\n"}},
      {"fields that are withheld",
       {"-H", "Proxy: x", "-H", "A_B: c", "-H", "Authorization: Basic eA==", "/cgi-bin/good"},
       0,
       {"Fields of the request that it does not get:", "HTTP_PROXY is a setting", "A_B  ",
        "unless --pass-auth"}},
      {"an interpreter with arguments",
       {"--interpreter", ".xyz=/bin/sh -e", "/cgi-bin/page.xyz"},
       0,
       {"the interpreter", "-e ", "an argument of the interpreter", "the program"}},
      {"a file", {"/a.txt"}, 0, {"is longer than /: files of " + root, "200 OK", "text/plain"}},
      {"a file, asked for", {"--run", "/a.txt"}, 0, {"HTTP/1.1 200 OK", "     first\n"}},
      {"a redirect of the server's", {"/dir"}, 0, {"301 Moved Permanently", "/dir/"}},
      {"nothing there", {"/no"}, 1, {"404 Not Found: file-not-found"}},
      {"no such program", {"/cgi-bin/no"}, 1, {"404 Not Found: script-not-found"}},
      {"a source file", {"--cgi-bin", "off", "/cgi-bin/good"}, 1, {"403 Forbidden: script-source"}},
      {"not executable", {"/cgi-bin/plain"}, 1, {"403 Forbidden", "Try: chmod +x"}},
      {"a request that is refused", {"/a%zz"}, 1, {"400 Bad Request: bad-target"}},
      {"a method that files have not", {"-X", "DELETE", "/a.txt"}, 1, {"405 "}},
      {"a program that is broken",
       {"--run", "/cgi-bin/broken"},
       1,
       {"502 Bad Gateway", "exited with status 3", "without a sound header block",
        "   --> no header\n", "\nVerdict: 502 Bad Gateway after "}},
      {"a program that cannot start", {"--run", "/cgi-bin/nowhere"}, 1, {"script-start-failed"}},
      {"a program's own 404",
       {"--run", "/cgi-bin/not-found"},
       1,
       {"HTTP/1.1 404 Gone Away", "\nVerdict: 404 Gone Away after "}},
      {"a program that fails behind its answer",
       {"--run", "/cgi-bin/late"},
       1,
       {"\nVerdict: 200 OK, then failed: exit code 3."}},
      {"a program that prints more than it promises",
       {"--run", "/cgi-bin/more"},
       1,
       {"\nVerdict: 200 OK, but too much: promised 1 byte, printed 2."}},
      {"a program that writes the whole response",
       {"--run", "/cgi-bin/nph-whole"},
       0,
       {"\nVerdict: 200 Fine after ", "; the script writes the whole response itself"}},
      {"a HEAD of a program that fails",
       {"--run", "-X", "HEAD", "/cgi-bin/late"},
       1,
       {"The client got the head of the answer, which is all of it"}},
      {"a redirect",
       {"--run", "/cgi-bin/away"},
       0,
       {"Handed on: the client goes there", "HTTP/1.1 302 Found"}},
      {"a local redirect to a file",
       {"--run", "/cgi-bin/to-file"},
       0,
       {"After a local redirect from /cgi-bin/to-file:", "     first\n"}},
      {"a HEAD", {"--run", "-X", "HEAD", "/a.txt"}, 0, {"Content-Length: 5\\r\\n"}},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const o = explain(files, r.words);
    CAPTURE(o.out);
    CHECK(o.code() == r.code);
    CHECK(o.err.empty());
    for (auto const& text : r.says) {
      CAPTURE(text);
      CHECK(o.out.find(text) != std::string::npos);
    }
  }
}

TEST_CASE("no request and no program can command the terminal") {
  site const files;
  files.script("evil",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\nX-A: \\302\\233\\n\\n"
               "\\033]0;title\\007\\233\\302\\233'\nprintf '\\033[31mred\\n' >&2\n");
  files.script("evil-head", "#!/bin/sh\nprintf 'X-\\033[31m: a\\n\\n'\n");
  for (std::string const name : {"evil", "evil-head"}) {
    for (arguments const& as : {arguments{"--json"}, {"--as-shell"}, {}}) {
      CAPTURE(name);
      auto const o =
          explain(files, as + arguments{"--run", "-H", "X-B: \xC2\x9B\xFF", "-d", "\x1B[2J\x7F",
                                        "/cgi-bin/" + name + "/%1B[31m%9B"});
      CAPTURE(o.out);
      CHECK(o.out.size() > 100);
      CHECK(has_no_controls(o.out));
      CHECK(has_no_controls(o.err));
    }
  }
}

TEST_CASE("what cannot be asked is one line, and the exit status 2") {
  site const files;
  struct row {
    std::string_view label;
    arguments words;
    std::string says;
  };
  row const rows[] = {
      {"no target", {}, "TARGET is missing"},
      {"two targets", {"/a", "/b"}, "more than one TARGET"},
      {"a relative target", {"env.sh"}, "start with / or http://"},
      {"a space", {"/a b"}, "%20"},
      {"a field without a colon", {"-H", "Accept", "/"}, "NAME: VALUE"},
      {"a file that is not there", {"-d", "@/nonexistent", "/"}, "/nonexistent"},
      {"a directory for a body", {"-d", "@/", "/"}, "cannot be read"},
      {"two forms", {"--json", "--as-shell", "/"}, "--as-shell"},
      {"a directory that is not there", {"--cgi-bin", "/nonexistent", "/"}, "/nonexistent"},
      {"a user that is not there", {"--user", "no-such-user-here", "/"}, "no-such-user-here"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const o = explain(files, r.words);
    CHECK(o.code() == 2);
    CHECK(o.out.empty());
    CHECK(o.err.starts_with("gatehouse: "));
    CHECK(o.err.find(r.says) != std::string::npos);
    CHECK(std::count(o.err.begin(), o.err.end(), '\n') == 1);
  }
}

TEST_CASE("a file has no shell command") {
  site const files;
  files.write("a.txt", "first");
  auto const o = explain(files, {"--as-shell", "/a.txt"});
  CHECK(o.code() == 1);
  CHECK(o.out.empty());
  CHECK(o.err.find("no program") != std::string::npos);
}

TEST_SUITE_END();
