// Python applications (WSGI) in workers that the server keeps.

#include <doctest/doctest.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client.hpp"
#include "patience.hpp"
#include "program.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

std::string const application =
    "import os, sys, time\n"
    "def application(environ, start_response):\n"
    "    path = environ['PATH_INFO']\n"
    "    def text(*more): return start_response('200 OK', [('Content-Type', 'text/plain'), "
    "*more])\n"
    "    if path == '/environ':\n"
    "        text()\n"
    "        return [''.join(f'{k}={v!r}\\n' for k, v in sorted(environ.items())).encode()]\n"
    "    if path == '/pid':\n"
    "        text()\n"
    "        return [str(os.getpid()).encode()]\n"
    "    if path == '/os':\n"
    "        text()\n"
    "        links = []\n"
    "        for fd in os.listdir('/proc/self/fd'):\n"
    "            try: links.append(os.readlink('/proc/self/fd/' + fd))\n"
    "            except OSError: pass\n"
    "        return [(repr(sorted(os.environ)) + repr(links) + os.getcwd()).encode()]\n"
    "    if path == '/echo':\n"
    "        text(('X-Length', environ.get('CONTENT_LENGTH', 'none')))\n"
    "        body = environ['wsgi.input']\n"
    "        return iter(lambda: body.read(65536), b'')\n"
    "    if path == '/stream':\n"
    "        def pieces():\n"
    "            yield b'one\\n'\n"
    "            while not os.path.exists('go'): time.sleep(0.01)\n"
    "            yield b'two\\n'\n"
    "        text()\n"
    "        return pieces()\n"
    "    if path == '/redirect':\n"
    "        start_response('302 Found', [('Location', '/pid')])\n"
    "        return []\n"
    "    if path == '/raise': raise ValueError('on purpose')\n"
    "    if path == '/raise-late':\n"
    "        def pieces():\n"
    "            yield b'x' * 100\n"
    "            time.sleep(0.3)\n"
    "            raise ValueError('later')\n"
    "        text()\n"
    "        return pieces()\n"
    "    if path == '/split':\n"
    "        text(('X', 'a\\r\\nSet-Cookie: b'))\n"
    "        return [b'x']\n"
    "    if path == '/str':\n"
    "        text()\n"
    "        return ['text']\n"
    "    if path == '/silent': return []\n"
    "    if path == '/sleep':\n"
    "        open('begun', 'w').close()\n"
    "        time.sleep(1000)\n"
    "    if path == '/exit': os._exit(3)\n"
    "    if path == '/large':\n"
    "        text()\n"
    "        return (b'x' * 65536 for i in range(int(environ['QUERY_STRING'])))\n"
    "    if path == '/file':\n"
    "        text()\n"
    "        return environ['wsgi.file_wrapper'](open('content', 'rb'))\n"
    "    if path == '/endless':\n"
    "        class endless:\n"
    "            def __iter__(self): return self\n"
    "            def __next__(self):\n"
    "                time.sleep(0.01)\n"
    "                return b'x' * 1000\n"
    "            def close(self): open('closed', 'w').close()\n"
    "        text()\n"
    "        return endless()\n"
    "    if path == '/print':\n"
    "        print('printed')\n"
    "        environ['wsgi.errors'].write('an error line\\n')\n"
    "    text()\n"
    "    return [b'hello from ' + path.encode('latin-1')]\n";

// A site with the application in app/site1.py.
struct served {
  explicit served(std::string const& text = application) { module("site1", text); }
  fs::path directory() const { return files.base() / "app"; }
  void module(std::string const& name, std::string const& text) const {
    // Another size and time, so that Python does not take what it has compiled before.
    files.write(directory() / (name + ".py"), text);
    fs::remove_all(directory() / "__pycache__");
  }
  arguments options(std::string const& more = {}, arguments others = {}) const {
    arguments out{"--map", "/ wsgi:site1 dir=" + directory().string() + " " + more};
    out.insert(out.end(), others.begin(), others.end());
    return out;
  }
  site files;
};

pid_t pid_of(server const& s) {
  return std::atoi(ask(s.port(), "GET", "/pid").body.c_str());
}

bool has(std::string const& text, std::string const& part) {
  return text.find(part) != std::string::npos;
}

// An application that answers so.
std::string version(std::string const& text) {
  return "def app(environ, start_response):\n"
         "    start_response('200 OK', [])\n"
         "    return [b'" +
         text + "']\n";
}

bool ends(pid_t pid) {
  return eventually([pid] { return !is_running(pid); });
}

}  // namespace

TEST_SUITE_BEGIN("wsgi");

TEST_CASE("an application answers every path, by --map and by --wsgi") {
  served app;
  server const s(app.files, app.options());
  auto const r = ask(s.port(), "GET", "/a%20b?c=d");
  CHECK(r.status == 200);
  CHECK(r.body == "hello from /a b");
  CHECK(r.field("Content-Length") == "15");
  CHECK(ask(s.port(), "HEAD", "/x").field("Content-Length") == "13");
  server const short_form(app.files,
                          {"--wsgi", "site1:application dir=" + app.directory().string()});
  CHECK(ask(short_form.port(), "GET", "/x").body == "hello from /x");
}

TEST_CASE("SCRIPT_NAME is the prefix and PATH_INFO the rest, always there") {
  served app;
  server const s(app.files, {"--map", "/m wsgi:site1 dir=" + app.directory().string()});
  CHECK(ask(s.port(), "GET", "/m").body == "hello from ");
  CHECK(ask(s.port(), "GET", "/m/").body == "hello from /");
  auto const seen = ask(s.port(), "GET", "/m/environ?q=1", "X-A: b\r\nProxy: no\r\n").body;
  CHECK(has(seen, "SCRIPT_NAME='/m'\n"));
  CHECK(has(seen, "PATH_INFO='/environ'\n"));
  CHECK(has(seen, "QUERY_STRING='q=1'\n"));
  CHECK(has(seen, "HTTP_X_A='b'\n"));
  CHECK_FALSE(has(seen, "HTTP_PROXY"));
  CHECK(has(seen, "wsgi.version=(1, 0)\n"));
  CHECK(has(seen, "wsgi.url_scheme='http'\n"));
  CHECK(has(seen, "wsgi.input_terminated=True\n"));
  CHECK(has(seen, "wsgi.multithread=False\n"));
  CHECK(has(seen, "wsgi.multiprocess=True\n"));
  CHECK(has(seen, "wsgi.run_once=False\n"));
  CHECK(ask(s.port(), "GET", "/").status == 200);  // the listing of the site beside it
}

TEST_CASE("bodies go through in both directions, of any size and framing") {
  served app;
  server const s(app.files, app.options());
  for (std::size_t const size : {0U, 1U, 5000U, 100'000U, 3'000'000U}) {
    std::string body(size, 'b');
    for (std::size_t i = 0; i < size; i += 97) body[i] = static_cast<char>('a' + i % 23);
    CAPTURE(size);
    CHECK(ask(s.port(), "POST", "/echo", {}, body).body == body);
    client c(s.port());
    c.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body));
    auto const r = c.read_reply("POST");
    CHECK(r.body == body);
    CHECK(r.field("X-Length") == std::to_string(size));
  }
  CHECK(ask(s.port(), "GET", "/large?100").body.size() == 100 * 65536);
  CHECK(ask(s.port(), "POST", "/pid", {}, std::string(2'000'000, 'x')).status == 200);
  CHECK(ask(s.port(), "GET", "/pid").status == 200);
}

TEST_CASE("a file is sent whole") {
  served app;
  std::string const content(1'000'000, 'f');
  app.files.write(app.directory() / "content", content);
  server const s(app.files, app.options());
  auto const r = ask(s.port(), "GET", "/file");
  CHECK(r.body == content);
  CHECK(r.field("Content-Length") == "1000000");
}

TEST_CASE("explain shows the variables with their origins, and asks the application with --run") {
  served app;
  auto const map = "/m wsgi:site1 dir=" + app.directory().string();
  arguments argv{binary(),  "explain", "--map", map, "--root", app.files.root().string(),
                 "/m/a?b=c"};
  auto const described = run(argv);
  CHECK(described.code() == 0);
  CHECK(has(described.out, "the application site1"));
  CHECK(has(described.out, "PATH_INFO"));
  CHECK(has(described.out, "RFC 3875, 4.1.5"));
  CHECK_FALSE(has(described.out, "hello from"));
  argv.insert(argv.begin() + 2, "--run");
  auto const answered = run(argv);
  CHECK(answered.code() == 0);
  CHECK(has(answered.out, "hello from /a"));
}

TEST_CASE("every piece that is yielded goes out at once") {
  served app;
  server const s(app.files, app.options());
  client c(s.port());
  c.send(request("GET", "/stream"));
  CHECK(has(c.read_until("one\n"), "200 OK"));
  app.files.write(app.directory() / "go", "");
  CHECK(has(c.read_until("two\n"), "two"));
}

TEST_CASE("a Location that is a path goes to the client") {
  served app;
  server const s(app.files, app.options());
  auto const r = ask(s.port(), "GET", "/redirect");
  CHECK(r.status == 302);
  CHECK(r.field("Location") == "/pid");
}

TEST_CASE("what the application may not do is a 500 that says what it did") {
  served app;
  server const s(app.files, app.options());
  struct row {
    char const* path;
    char const* reason;
    char const* says;
  };
  row const rows[] = {{"/raise", "wsgi-exception", "ValueError: on purpose"},
                      {"/split", "wsgi-bad-answer", "line break"},
                      {"/str", "wsgi-bad-answer", "str for bytes"},
                      {"/silent", "wsgi-bad-answer", "start_response() was not called"}};
  for (auto const& one : rows) {
    CAPTURE(one.path);
    auto const r = ask(s.port(), "GET", one.path);
    CHECK(r.status == 500);
    CHECK(has(r.body, one.says));
    CHECK_FALSE(r.has("Set-Cookie"));
    CHECK(s.logged(one.reason));
  }
  CHECK(s.logged("in application"));
  CHECK(has(ask(s.port(), "GET", "/raise").body, "Traceback"));
  auto const first = pid_of(s);
  CHECK(first > 0);
}

TEST_CASE("an exception after the head cuts the connection") {
  served app;
  server const s(app.files, app.options());
  client c(s.port());
  c.send(request("GET", "/raise-late"));
  auto head = c.read_head();
  CHECK(head.status == 200);
  c.read_to_end();
  CHECK(s.logged("ValueError: later"));
  CHECK(ask(s.port(), "GET", "/x").status == 200);
}

TEST_CASE("print() and wsgi.errors are the log, and break no answer") {
  served app;
  server const s(app.files, app.options());
  CHECK(ask(s.port(), "GET", "/print").body == "hello from /print");
  CHECK(s.logged("printed"));
  CHECK(s.logged("an error line"));
}

TEST_CASE("an application that cannot be imported stops the start with its traceback") {
  served app("import nothing_of_this_name\n");
  for (auto const* const preload : {"on", "off"}) {
    auto argv = arguments{binary(), "--port", "0"};
    auto const options = app.options("preload="s + preload);
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back(app.files.root().string());
    auto const ended = run(argv);
    CHECK(ended.code() == 1);
    CHECK(has(ended.err, "Traceback"));
    CHECK(has(ended.err, "No module named 'nothing_of_this_name'"));
    CHECK(ended.out.empty());
  }
}

TEST_CASE("the Python of an application that lies among the files is not given out") {
  served app;
  app.files.write("shop/site1.py", application);
  app.files.write("shop/style.css", "body {}");
  app.files.write("download.py", "print()");
  auto const in_root = (app.files.root() / "shop").string();
  server const s(app.files, {"--map", "/app wsgi:site1 dir=" + in_root});
  CHECK(ask(s.port(), "GET", "/app/x").status == 200);
  CHECK(ask(s.port(), "GET", "/shop/style.css").status == 200);
  for (auto const* const path : {"/shop/site1.py", "/shop/site1.py.bak", "/shop/site1.py~"})
    CHECK(ask(s.port(), "GET", path).status != 200);
  CHECK(ask(s.port(), "GET", "/shop/site1.py").status == 403);
  // Elsewhere it is a file as any other.
  server const apart(app.files, {"--map", "/app wsgi:site1 dir=" + app.directory().string()});
  CHECK(ask(apart.port(), "GET", "/download.py").status == 200);
}

TEST_CASE("errors of --map wsgi: are one clear line") {
  served app;
  struct row {
    std::string map;
    char const* says;
  };
  row const rows[] = {{"/ wsgi:site1 threads=0", "threads"},
                      {"/ wsgi:site1 colour=red", "a key of wsgi"},
                      {"/ wsgi:site1 preload=perhaps", "on or off"},
                      {"/ wsgi:site1 python=/no/such/python", "cannot be run"},
                      {"/ wsgi:site1 dir=/no/such/directory", "cannot be read"},
                      {"/ wsgi:", "no target"}};
  for (auto const& one : rows) {
    CAPTURE(one.map);
    auto const ended = run({binary(), "--port", "0", "--map", one.map, app.files.root().string()});
    CHECK(ended.code() != 0);
    CHECK(has(ended.err, one.says));
    CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
  }
}

TEST_CASE("a worker that ends within a request costs that request alone") {
  served app;
  server const s(app.files, app.options("workers=1"));
  auto const first = pid_of(s);
  auto const r = ask(s.port(), "GET", "/exit");
  CHECK(r.status == 502);
  CHECK(has(r.body, "exited with status 3"));
  CHECK(s.logged("wsgi-worker-ended"));
  auto const second = pid_of(s);
  CHECK(second > 0);
  CHECK(second != first);
}

TEST_CASE("a worker that is killed while it is idle costs nothing") {
  for (auto const* const preload : {"on", "off"}) {
    served app;
    server const s(app.files, app.options("workers=1 preload="s + preload));
    for (int i = 0; i < 5; ++i) {
      auto const pid = pid_of(s);
      REQUIRE(pid > 0);
      ::kill(pid, SIGKILL);
      CHECK(ask(s.port(), "GET", "/x").status == 200);
    }
    CHECK(s.logged("program-ended"));
  }
}

TEST_CASE("a worker that is silent for --script-timeout is stopped and replaced") {
  served app;
  server const s(app.files,
                 app.options("workers=1", {"--script-timeout", "500ms", "--grace", "100ms"}));
  auto const pid = pid_of(s);
  CHECK(ask(s.port(), "GET", "/sleep").status == 504);
  CHECK(ends(pid));
  CHECK(ask(s.port(), "GET", "/x").status == 200);
}

TEST_CASE("requests wait for a worker, up to --queue and --queue-timeout") {
  served app;
  server const s(app.files,
                 app.options("workers=1", {"--queue", "1", "--log-format", "json",
                                           "--queue-timeout", "300ms", "--grace", "100ms"}));
  client busy(s.port());
  busy.send(request("GET", "/sleep"));
  CHECK(eventually([&] { return fs::exists(app.directory() / "begun"); }));
  auto const r = ask(s.port(), "GET", "/x");
  CHECK(r.status == 503);
  CHECK(r.has("Retry-After"));
  CHECK(s.logged("script-queue-timeout"));
  CHECK(s.logged("\"queued_ms\":"));
}

TEST_CASE("when the client leaves, close() runs and the worker lives") {
  served app;
  server const s(app.files, app.options("workers=1"));
  auto const pid = pid_of(s);
  {
    client c(s.port());
    c.send(request("GET", "/endless"));
    c.read_until("xxxx");
  }
  CHECK(eventually([&] { return fs::exists(app.directory() / "closed"); }));
  CHECK(pid_of(s) == pid);
}

TEST_CASE("a slow client holds no worker") {
  served app;
  server const s(app.files, app.options("workers=1"));
  client slow(s.port(), 4096);
  slow.send(request("GET", "/large?3"));  // 192 KiB, which nobody reads
  CHECK(ask(s.port(), "GET", "/x").status == 200);
  client sending(s.port());
  sending.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  CHECK(ask(s.port(), "GET", "/x").status == 200);
  CHECK(slow.read_reply().body.size() == 3 * 65536);
}

TEST_CASE("a worker gets a request when its body is whole or above 128 KiB") {
  served app;
  server const s(app.files, app.options("workers=1"));
  client sending(s.port());
  std::string const body(400'000, 'b');
  sending.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n" +
               body.substr(0, 127 * 1024));
  // Were the only worker waiting for the rest of that body, nobody would answer.
  for (int i = 0; i < 3; ++i) CHECK(ask(s.port(), "GET", "/x").status == 200);
  sending.send(body.substr(127 * 1024));
  CHECK((sending.read_reply("POST").body == body));
}

TEST_CASE("workers that are killed under load fail only the requests that they had begun") {
  served app;
  server const s(app.files, app.options("workers=2", {"--threads", "2"}));
  std::atomic<bool> done = false;
  std::atomic<int> answered = 0;
  std::atomic<int> cut = 0;
  std::atomic<int> other = 0;
  std::vector<std::thread> load;
  for (int i = 0; i < 4; ++i) {
    load.emplace_back([&] {
      while (!done) {
        auto const status = ask(s.port(), "GET", "/x").status;
        ++(status == 200 ? answered : status == 502 ? cut : other);
      }
    });
  }
  int killed = 0;
  for (int const wanted : {20, 40, 60, 80, 100, 120, 140, 160}) {
    CHECK(eventually([&] { return answered >= wanted; }));
    auto const pid = pid_of(s);
    if (pid > 0 && ::kill(pid, SIGKILL) == 0) ++killed;
  }
  done = true;
  for (auto& one : load) one.join();
  CHECK(killed > 0);
  CHECK(other == 0);
  CHECK(cut <= killed);
  CHECK(s.logged("program-ended"));
}

TEST_CASE("python= names the interpreter") {
  served app(
      "import os\n"
      "def app(environ, start_response):\n"
      "    start_response('200 OK', [])\n"
      "    return [os.environ.get('STARTED_BY', 'nobody').encode()]\n");
  auto const python = app.files.base() / "own-python";
  app.files.write(python, "#!/bin/sh\nSTARTED_BY=own-python exec python3 \"$@\"\n");
  fs::permissions(python, fs::perms::owner_all);
  for (auto const* const preload : {"on", "off"}) {
    server const s(app.files, app.options("python=" + python.string() + " preload=" + preload));
    CHECK(ask(s.port(), "GET", "/").body == "own-python");
  }
}

TEST_CASE("preload=on imports the application once, and preload=off once for each worker") {
  struct row {
    char const* preload;
    std::size_t imports;
  };
  for (auto const& [preload, imports] : {row{"on", 1}, row{"off", 3}}) {
    CAPTURE(preload);
    served app("open('imports', 'ab').write(b'i')\n" + application);
    server const s(app.files, app.options("workers=3 preload="s + preload));
    CHECK(pid_of(s) > 0);
    CHECK(fs::file_size(app.directory() / "imports") == imports);
  }
}

TEST_CASE("after its share of requests a worker is replaced, and no request fails") {
  served app;
  server const s(app.files, app.options("workers=1 requests=10"));
  std::set<pid_t> seen;
  for (int i = 0; i < 100; ++i) {
    auto const pid = pid_of(s);
    CHECK(pid > 0);
    seen.insert(pid);
  }
  CHECK(seen.size() >= 3);
}

TEST_CASE("threads=N answers so many requests at once in one worker") {
  served app;
  server const s(app.files, app.options("workers=1 threads=3"));
  client busy(s.port());
  busy.send(request("GET", "/stream"));
  busy.read_until("one\n");
  auto const seen = ask(s.port(), "GET", "/environ").body;
  CHECK(has(seen, "wsgi.multithread=True\n"));
  CHECK(has(seen, "wsgi.multiprocess=False\n"));
  app.files.write(app.directory() / "go", "");
  busy.read_until("two\n");
}

TEST_CASE("idle workers end, and the next request starts one") {
  served app;
  server const s(app.files, app.options("workers=2 idle=100ms"));
  auto const pid = pid_of(s);
  CHECK(ends(pid));
  auto const next = pid_of(s);
  CHECK(next > 0);
  CHECK(next != pid);
}

TEST_CASE("SIGHUP serves new code without a failed request, and keeps the old where it is broken") {
  served app(version("one"));
  server const s(app.files, app.options());
  std::atomic<bool> done = false;
  std::atomic<int> failed = 0;
  std::thread load([&] {
    while (!done) failed += ask(s.port(), "GET", "/").status != 200;
  });
  CHECK(ask(s.port(), "GET", "/").body == "one");
  app.module("site1", version("second"));
  s.signal(SIGHUP);
  CHECK(eventually([&] { return ask(s.port(), "GET", "/").body == "second"; }));
  app.module("site1", "import nothing_of_this_name\n");
  s.signal(SIGHUP);
  CHECK(s.logged("reload-refused"));
  CHECK(s.logged("nothing_of_this_name"));
  CHECK(ask(s.port(), "GET", "/").body == "second");
  done = true;
  load.join();
  CHECK(failed == 0);
}

TEST_CASE("with --reload a file that changes is as good as a SIGHUP") {
  served app(version("one"));
  app.files.write(app.files.base() / "elsewhere" / "part.py", "text = b'part one'\n");
  app.module("site2",
             "import part\n"
             "def app(environ, start_response):\n"
             "    start_response('200 OK', [])\n"
             "    return [part.text]\n");
  for (auto const* const preload : {"on", "off"}) {
    app.module("site1", version("one"));
    app.files.write(app.files.base() / "elsewhere" / "part.py", "text = b'part one'\n");
    server const s(
        app.files,
        app.options("workers=2 preload="s + preload,
                    {"--reload", "--map",
                     "/two wsgi:site2 dir=" + app.directory().string() + " preload=" + preload,
                     "--env", "PYTHONPATH=" + (app.files.base() / "elsewhere").string(), "--env",
                     "PYTHONDONTWRITEBYTECODE=1"}));
    auto const becomes = [&s](char const* path, char const* body) {
      return eventually([&] { return ask(s.port(), "GET", path).body == body; });
    };
    CHECK(ask(s.port(), "GET", "/").body == "one");
    app.module("site1", version("second"));
    CHECK(becomes("/", "second"));
    CHECK(s.logged("source-changed"));
    app.module("site1", "import nothing_of_this_name\n");
    CHECK(s.logged("reload-refused"));
    CHECK(ask(s.port(), "GET", "/").body == "second");
    app.module("site1", version("the third"));
    CHECK(becomes("/", "the third"));
    CHECK(ask(s.port(), "GET", "/two").body == "part one");
    app.files.write(app.files.base() / "elsewhere" / "part.py", "text = b'part two'\n");
    CHECK(becomes("/two", "part two"));
  }
}

TEST_CASE("no worker outlives the server, also one that is busy when the server is killed") {
  for (auto const* const preload : {"on", "off"}) {
    served app;
    server s(app.files, app.options("workers=2 preload="s + preload));
    auto const idle = pid_of(s);
    client busy(s.port());
    busy.send(request("GET", "/sleep"));
    CHECK(eventually([&] { return fs::exists(app.directory() / "begun"); }));
    fs::remove(app.directory() / "begun");
    s.signal(SIGKILL);
    s.wait_for_end();
    CHECK(ends(idle));
    CHECK(eventually([&] { return adopted().empty(); }));
  }
}

TEST_CASE("SIGTERM lets a request end") {
  served app;
  server s(app.files, app.options());
  client c(s.port());
  c.send(request("GET", "/stream"));
  c.read_until("one\n");
  s.signal(SIGTERM);
  CHECK(s.refuses_connections());
  app.files.write(app.directory() / "go", "");
  CHECK(has(c.read_until("two\n"), "two"));
  CHECK(s.wait_for_end() == 0);
}

TEST_CASE("a worker has PATH and what --env names, and no descriptor of the server's") {
  for (auto const* const preload : {"on", "off"}) {
    served app;
    server const s(app.files, app.options("workers=1 preload="s + preload, {"--env", "COLOUR=red"}),
                   {"SECRET=1"});
    auto const seen = ask(s.port(), "GET", "/os").body;
    CHECK(has(seen, "'COLOUR'"));
    CHECK(has(seen, "'PATH'"));
    CHECK_FALSE(has(seen, "SECRET"));
    CHECK_FALSE(has(seen, "eventpoll"));
    CHECK_FALSE(has(seen, app.files.root().string() + "'"));
    CHECK(has(seen, app.directory().string()));
    // 0, the log twice, its control, lifeline and request sockets
    CHECK(std::count(seen.begin(), seen.end(), ':') <= 6);
  }
}

TEST_CASE("in the sandbox an application reads its directory and no other") {
  served app(
      "def application(environ, start_response):\n"
      "    start_response('200 OK', [])\n"
      "    try: return [open(environ['QUERY_STRING']).read().encode()]\n"
      "    except OSError as e: return [type(e).__name__.encode()]\n");
  app.files.write(app.directory() / "own", "own file");
  app.files.write(app.files.base() / "other", "other file");
  bool const landlock =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0UL, LANDLOCK_CREATE_RULESET_VERSION) > 0;
  if (!landlock || !fs::exists("/usr/bin/python3")) {
    MESSAGE("no Landlock, or no python3 of the system");
    return;
  }
  // A Python that belongs to the system.
  server const s(app.files, app.options("workers=1 python=/usr/bin/python3", {"--sandbox"}));
  CHECK(ask(s.port(), "GET", "/?" + (app.directory() / "own").string()).body == "own file");
  CHECK(ask(s.port(), "GET", "/?" + (app.files.base() / "other").string()).body ==
        "PermissionError");
}

TEST_SUITE_END();
