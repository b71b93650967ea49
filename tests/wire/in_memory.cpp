// What the views show of programs that stay in memory: the inspector, explain, check, --trace, the
// access log and the error pages.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <filesystem>
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
namespace json = boost::json;

namespace {

bool has(std::string const& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string text_of(json::value const& value) {
  return json::value_to<std::string>(value);
}

std::string const application =
    "import os, signal, sys, time, traceback\n"
    "def application(environ, start_response):\n"
    "    path = environ['PATH_INFO']\n"
    "    print('asked for', path)\n"
    "    if path == '/raise': return [environ['NOTHING_OF_THIS_NAME']]\n"
    "    if path == '/kill': os.kill(os.getpid(), signal.SIGKILL)\n"
    "    if path == '/wait':\n"
    "        open('begun', 'w').close()\n"
    "        while not os.path.exists('go'): time.sleep(0.01)\n"
    "    if path == '/misuse':\n"
    "        start_response('fine', [])\n"
    "        return [b'']\n"
    "    if path == '/logged':\n"
    "        try: environ['NOTHING_OF_THIS_NAME']\n"
    "        except KeyError: traceback.print_exc()\n"
    "        start_response('500 Oh', [])\n"
    "        return [b'sorry']\n"
    "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
    "    if path == '/raise-late':\n"
    "        def pieces():\n"
    "            yield b'some'\n"
    "            time.sleep(0.3)\n"
    "            raise ValueError('later')\n"
    "        return pieces()\n"
    "    return [str(len(environ['wsgi.input'].read())).encode()]\n";

// A site with the application in app/seenapp.py.
struct served {
  explicit served(std::string const& text = application) {
    files.write(directory() / "seenapp.py", text);
  }
  fs::path directory() const { return files.base() / "app"; }
  std::string mapping(std::string const& more = "workers=1", std::string const& at = "/") const {
    return at + " wsgi:seenapp dir=" + directory().string() + " " + more;
  }
  arguments options(arguments const& others = {}) const {
    arguments out{"--inspect", "--map", mapping()};
    out.insert(out.end(), others.begin(), others.end());
    return out;
  }
  site files;
};

// What the inspector gives, which answers to a name of this machine alone.
json::value inspected(server const& s, std::string const& path) {
  client c(s.port());
  c.send("GET /-/" + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  auto const got = c.read_reply();
  CHECK(got.status == 200);
  return json::parse(got.body);
}

// All that the inspector knows of the last exchange for the target, once it is over.
json::value exchange(server const& s, std::string const& target) {
  json::value out;
  auto const is_over = [&] {
    auto const list = inspected(s, "exchanges");
    for (auto const& one : list.at("exchanges").as_array()) {
      if (text_of(one.at("target")) != target || text_of(one.at("state")) != "done") continue;
      auto const id = std::to_string(one.at("id").to_number<unsigned>());
      out = inspected(s, "exchanges/" + id);
    }
    return !out.is_null();
  };
  CHECK_MESSAGE(eventually(is_over), s.log());
  return out;
}

// "to request, from answer, from end"
std::string types_of(json::value const& seen) {
  std::string out;
  for (auto const& record : seen.at("asked").at("records").as_array()) {
    if (!out.empty()) out += ", ";
    out += (record.at("sent").as_bool() ? "to " : "from ") + text_of(record.at("type"));
  }
  return out;
}

std::string last_of(json::value const& lines) {
  auto const& all = lines.as_array();
  return all.empty() ? std::string() : text_of(all.back());
}

// An application at a Unix socket, which answers each request with "hello".
class peer {
 public:
  peer(site const& files, std::string const& protocol) : path_(files.base() / (protocol + ".s")) {
    auto const script = files.write(files.base() / "peer.py", source);
    auto const null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    process_ = spawn({"python3", script.string(), protocol, path_.string()}, plain_environment(),
                     null, null, null);
    ::close(null);
    CHECK(eventually([&] { return fs::exists(path_); }));
  }
  peer(peer const&) = delete;
  peer& operator=(peer const&) = delete;
  ~peer() {
    ::kill(process_.pid, SIGKILL);
    wait_for(process_);
    ::close(process_.pidfd);
  }
  std::string address() const { return "unix:" + path_.string(); }

 private:
  static constexpr char source[] =
      "import os, socket, struct, sys\n"
      "protocol, path = sys.argv[1:]\n"
      "listening = socket.socket(socket.AF_UNIX)\n"
      "listening.bind(path + '.new')\n"
      "listening.listen()\n"
      "os.rename(path + '.new', path)\n"
      "answer = b'Content-Type: text/plain\\n\\nhello'\n"
      "def record(kind, content):\n"
      "    return struct.pack('>BBHHBx', 1, kind, 1, len(content), 0) + content\n"
      "def fastcgi(c):\n"
      "    while True:\n"
      "        head = c.recv(8, socket.MSG_WAITALL)\n"
      "        if len(head) < 8: return\n"
      "        _, kind, _, size, padding = struct.unpack('>BBHHBx', head)\n"
      "        if size + padding: c.recv(size + padding, socket.MSG_WAITALL)\n"
      "        if kind == 5 and size == 0:\n"
      "            c.sendall(record(7, b'a warning\\n') + record(6, answer) + record(3, "
      "bytes(8)))\n"
      "def scgi(c):\n"
      "    digits = b''\n"
      "    while not digits.endswith(b':'): digits += c.recv(1)\n"
      "    words = c.recv(int(digits[:-1]) + 1, socket.MSG_WAITALL).split(b'\\0')\n"
      "    if int(words[1]): c.recv(int(words[1]), socket.MSG_WAITALL)\n"
      "    c.sendall(answer)\n"
      "while True:\n"
      "    c, _ = listening.accept()\n"
      "    with c: globals()[protocol](c)\n";

  fs::path path_;
  spawned process_;
};

// gatehouse COMMAND --root ROOT REST...
outcome command(std::string const& name, site const& files, arguments const& rest) {
  arguments argv{binary(), name, "--root", files.root().string()};
  argv.insert(argv.end(), rest.begin(), rest.end());
  return run(argv, {}, files.base());
}

}  // namespace

TEST_SUITE_BEGIN("in_memory");

TEST_CASE("the inspector shows the worker that answered, what it was told and what went over") {
  served app;
  server const s(app.files, app.options());
  CHECK(ask(s.port(), "POST", "/seen?a=b", {}, "12345").body == "5");
  auto const seen = exchange(s, "/seen?a=b");
  CHECK(text_of(seen.at("kind")) == "script");
  CHECK(text_of(seen.at("application").at("protocol")) == "WSGI");
  CHECK(text_of(seen.at("application").at("name")) == "seenapp");
  auto const pid = seen.at("asked").at("worker").to_number<pid_t>();
  CHECK(is_running(pid));
  CHECK(types_of(seen) == "to request, from answer, from end");
  CHECK(seen.at("queued_ms").is_null());
  CHECK(seen.at("times").at("asked").is_int64());
  auto const& variables = seen.at("variables").as_array();
  auto const query = std::find_if(variables.begin(), variables.end(), [](auto const& v) {
    return text_of(v.at("name")) == "QUERY_STRING";
  });
  REQUIRE(query != variables.end());
  CHECK(text_of(query->at("from")) == "request-target query");
  CHECK(seen.at("stdin").at("size") == 5);
  CHECK(last_of(seen.at("stderr").at("head")) == "asked for /seen");
  // Of the next request at the same worker it has that one's lines alone.
  ask(s.port(), "GET", "/next");
  auto const next = exchange(s, "/next");
  CHECK(next.at("stderr").at("lines") == 1);
  CHECK(last_of(next.at("stderr").at("head")) == "asked for /next");
}

TEST_CASE("each piece of a body that a worker asks for is seen") {
  served app;
  server const s(app.files, app.options());
  std::string const body(700'000, 'x');
  CHECK(ask(s.port(), "POST", "/large", {}, body).body == "700000");
  auto const seen = exchange(s, "/large");
  auto const types = types_of(seen);
  CHECK(types.starts_with("to request, from body wanted, to body, "));
  CHECK(types.ends_with("from answer, from end"));
  CHECK(seen.at("stdin").at("size") == 700'000);
}

TEST_CASE("an exception has its verdict in words and its traceback, everywhere") {
  served app;
  server const s(app.files, app.options());
  auto const page = ask(s.port(), "GET", "/raise", "Accept: text/html\r\n");
  CHECK(page.status == 500);
  CHECK(has(page.body, "<h2>Traceback</h2>"));
  CHECK(has(page.body, "<b>KeyError: &#39;NOTHING_OF_THIS_NAME&#39;</b>"));
  auto const seen = exchange(s, "/raise");
  auto const verdict = text_of(seen.at("verdict"));
  CHECK_MESSAGE(verdict.ends_with(": the application raised KeyError: 'NOTHING_OF_THIS_NAME'"),
                verdict);
  auto const& why = seen.at("why");
  CHECK(text_of(why.at("title")) == "Why 500");
  CHECK(text_of(why.at("reason")) == "wsgi-exception");
  CHECK(text_of(why.at("traceback").at(0)) == "Traceback (most recent call last):");
  CHECK(last_of(why.at("traceback")) == "KeyError: 'NOTHING_OF_THIS_NAME'");
  CHECK(last_of(why.at("stderr")) == "asked for /raise");
  CHECK(types_of(seen) == "to request, from exception");
}

TEST_CASE("an exception that the application has logged and answered for is told, too") {
  served app;
  server const s(app.files, app.options());
  CHECK(ask(s.port(), "GET", "/logged").body == "sorry");
  auto const seen = exchange(s, "/logged");
  CHECK(has(text_of(seen.at("verdict")), ": the application has logged KeyError: 'NOTHING_OF"));
  CHECK(last_of(seen.at("why").at("traceback")) == "KeyError: 'NOTHING_OF_THIS_NAME'");
}

TEST_CASE("what the application may not do is said in the verdict") {
  served app;
  server const s(app.files, app.options());
  CHECK(ask(s.port(), "GET", "/misuse").status == 500);
  auto const seen = exchange(s, "/misuse");
  CHECK(has(text_of(seen.at("verdict")), ": start_response() got a status that is none: 'fine'"));
  CHECK(seen.at("exception").at("misuse") == true);
}

TEST_CASE("an exception within the answer is told of, and what the client got") {
  served app;
  server const s(app.files, app.options());
  CHECK_FALSE(ask(s.port(), "GET", "/raise-late").whole);
  auto const seen = exchange(s, "/raise-late");
  CHECK(text_of(seen.at("verdict")) ==
        "200 OK, then failed: the application raised ValueError: later");
  CHECK(has(text_of(seen.at("why").at("sentence")), "The client got 4 bytes of content"));
  CHECK(last_of(seen.at("why").at("traceback")) == "ValueError: later");
}

TEST_CASE("a worker that is killed is named, with how it ended") {
  served app;
  server const s(app.files, app.options());
  auto const page = ask(s.port(), "GET", "/kill");
  CHECK(page.status == 502);
  CHECK(has(page.body, "was killed by signal 9"));
  auto const seen = exchange(s, "/kill");
  auto const pid = std::to_string(seen.at("asked").at("worker").to_number<pid_t>());
  CHECK(has(text_of(seen.at("verdict")),
            ": the worker seenapp[" + pid + "] ended (killed by SIGKILL) before it answered"));
  CHECK(seen.at("asked").at("worker_ended") == true);
}

TEST_CASE("the time in the queue is shown, also of a request that waited in vain") {
  served app;
  server const s(app.files, app.options({"--queue-timeout", "1s", "--log-format", "json"}));
  client first(s.port());
  first.send(request("GET", "/wait"));
  CHECK(eventually([&] { return fs::exists(app.directory() / "begun"); }));
  auto const refused = ask(s.port(), "GET", "/in-vain");
  CHECK(refused.status == 503);
  auto const seen = exchange(s, "/in-vain");
  CHECK(has(text_of(seen.at("verdict")), ": waited 1 s for a worker"));
  CHECK(seen.at("queued_ms").to_number<double>() > 0);
  CHECK(seen.at("asked").is_null());
  CHECK(has(text_of(seen.at("why").at("sentence")), "--queue-timeout"));
  app.files.write(app.directory() / "go", "");
  CHECK(first.read_reply().status == 200);
  CHECK(s.logged("\"application\":\"seenapp\""));
}

TEST_CASE("a worker that is silent too long is named") {
  served app;
  server const s(app.files, app.options({"--script-timeout", "1s"}));
  CHECK(ask(s.port(), "GET", "/wait").status == 504);
  auto const seen = exchange(s, "/wait");
  CHECK(has(text_of(seen.at("verdict")), ": the worker seenapp["));
  CHECK(has(text_of(seen.at("verdict")), "no output for 1 s"));
  CHECK(has(text_of(seen.at("why").at("sentence")), "was stopped and replaced"));
}

TEST_CASE("each record of FastCGI is seen with its type and request id, and its stderr by lines") {
  site const files;
  peer const application_there(files, "fastcgi");
  server const s(files, {"--inspect", "--map", "/app fastcgi:" + application_there.address()});
  CHECK(ask(s.port(), "POST", "/app/a", {}, "12345").body == "hello");
  auto const seen = exchange(s, "/app/a");
  CHECK(types_of(seen) ==
        "to FCGI_BEGIN_REQUEST, to FCGI_PARAMS, to FCGI_PARAMS, to FCGI_STDIN, to FCGI_STDIN, "
        "from FCGI_STDERR, from FCGI_STDOUT, from FCGI_END_REQUEST");
  for (auto const& record : seen.at("asked").at("records").as_array())
    CHECK(record.at("request_id") == 1);
  CHECK(seen.at("asked").at("records").at(3).at("length") == 5);
  CHECK(text_of(seen.at("application").at("name")) == application_there.address());
  CHECK(last_of(seen.at("stderr").at("head")) == "a warning");
  CHECK(seen.at("asked").at("worker").is_null());
}

TEST_CASE("of SCGI the bytes are seen by their kind") {
  site const files;
  peer const application_there(files, "scgi");
  server const s(files, {"--inspect", "--map", "/app scgi:" + application_there.address()});
  CHECK(ask(s.port(), "POST", "/app/a", {}, "12345").body == "hello");
  auto const seen = exchange(s, "/app/a");
  CHECK(types_of(seen) == "to netstring, to body, from answer");
  CHECK(seen.at("asked").at("records").at(1).at("length") == 5);
  CHECK(seen.at("asked").at("records").at(1).at("request_id").is_null());
}

TEST_CASE("an application that is not there is told in the verdict") {
  site const files;
  server const s(files, {"--inspect", "--map", "/app fastcgi:unix:/nowhere/socket"});
  CHECK(ask(s.port(), "GET", "/app").status == 502);
  CHECK(has(text_of(exchange(s, "/app").at("verdict")),
            ": FastCGI application at unix:/nowhere/socket: No such file or directory"));
}

TEST_CASE("a start says whether it was warm, what that saves, and why it was not") {
  site const files;
  files.script("how.py", "#!/usr/bin/python3\nprint('Content-Type: text/plain\\n')\n");
  files.script("how.sh", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n");
  server const s(files, {"--inspect", "--warm", "python3", "--log-format", "json"});
  ask(s.port(), "GET", "/cgi-bin/how.py?first");
  auto const cold = exchange(s, "/cgi-bin/how.py?first").at("process").at("start");
  CHECK(cold.at("warm_ms").is_null());
  CHECK(text_of(cold.at("why_cold")) == "its template is being started");
  CHECK(eventually([&] {
    ask(s.port(), "GET", "/cgi-bin/how.py?next");
    return s.log().find("\"warm\":true") != std::string::npos;
  }));
  ask(s.port(), "GET", "/cgi-bin/how.py?warm");
  auto const warm = exchange(s, "/cgi-bin/how.py?warm").at("process").at("start");
  CHECK(warm.at("warm_ms").to_number<double>() > 0);
  CHECK(warm.at("cold_output_ms").to_number<double>() > 0);
  ask(s.port(), "GET", "/cgi-bin/how.sh");
  auto const shell = exchange(s, "/cgi-bin/how.sh").at("process").at("start");
  CHECK(text_of(shell.at("why_cold")) == "--warm does not name sh, which its #! line does");
}

TEST_CASE("the access log names the application and its worker") {
  served app;
  server const s(app.files, app.options({"--log-format", "json"}));
  ask(s.port(), "GET", "/a");
  auto const pid = std::to_string(exchange(s, "/a").at("asked").at("worker").to_number<pid_t>());
  CHECK(s.logged("\"script\":{\"pid\":" + pid + "},\"application\":\"seenapp\""));
}

TEST_CASE("--trace prints the way to a worker") {
  served app;
  server const s(app.files, {"--trace", "--map", app.mapping()});
  ask(s.port(), "GET", "/raise");
  for (std::string_view const part :
       {"in memory  WSGI seenapp", "asked      by WSGI: seenapp", "sent       request",
        "came       exception", "exception  KeyError: 'NOTHING_OF_THIS_NAME'"}) {
    CAPTURE(part);
    CHECK_MESSAGE(s.logged(part), s.log());
  }
}

TEST_CASE("explain says which application answers, and what its workers are") {
  served app;
  auto const told = command("explain", app.files, {"--map", app.mapping("workers=3"), "/a"});
  CHECK(told.code() == 0);
  for (std::string_view const part : {"the application seenapp", "Which application", "WSGI",
                                      "workers      3", "The program was not run: --run does."}) {
    CAPTURE(part);
    CHECK_MESSAGE(has(told.out, part), told.out);
  }
  CHECK_FALSE(has(told.out, "How it is asked"));
}

TEST_CASE("explain --run asks an application, and leaves no worker behind") {
  served app;
  auto const good =
      command("explain", app.files, {"--run", "--map", app.mapping(), "-d", "12345", "/a"});
  CHECK_MESSAGE(good.code() == 0, good.out, good.err);
  for (std::string_view const part :
       {"worker  seenapp[", "to it    request", "from it  answer", "asked for /a",
        "HTTP/1.1 200 OK", "the application has it"}) {
    CAPTURE(part);
    CHECK_MESSAGE(has(good.out, part), good.out);
  }
  auto const bad = command("explain", app.files, {"--run", "--map", app.mapping(), "/raise"});
  CHECK(bad.code() == 1);
  CHECK(has(bad.out, "What it raised\n   KeyError: 'NOTHING_OF_THIS_NAME'\n"));
  CHECK(has(bad.out, "Verdict: 500 Internal Server Error after "));
  CHECK_MESSAGE(eventually([] { return adopted().empty(); }), "a worker has outlived explain");
}

TEST_CASE("explain --run of an application that cannot be imported shows its traceback") {
  served app("import no_module_of_this_name\n");
  auto const told = command("explain", app.files, {"--run", "--map", app.mapping(), "/a"});
  CHECK(told.code() == 1);
  CHECK(has(told.out, "has no module no_module_of_this_name"));
  CHECK(has(told.out, "ModuleNotFoundError: No module named 'no_module_of_this_name'\n"));
  CHECK(has(told.out, "Try: python3 -m pip install no_module_of_this_name\n"));
}

TEST_CASE("explain --run asks an application that runs elsewhere") {
  site const files;
  peer const there(files, "fastcgi");
  auto const told =
      command("explain", files, {"--run", "--map", "/app fastcgi:" + there.address(), "/app/x"});
  CHECK_MESSAGE(told.code() == 0, told.out, told.err);
  for (std::string_view const part :
       {"FCGI_PARAMS", "request id 1", "a warning", "hello", "What it answers"}) {
    CAPTURE(part);
    CHECK_MESSAGE(has(told.out, part), told.out);
  }
}

TEST_CASE("explain says how a script would start, and why it starts cold now") {
  site const files;
  files.script("how.py", "#!/usr/bin/python3\nprint('Content-Type: text/plain\\n')\n");
  auto const told = command("explain", files, {"--run", "--warm", "python3", "/cgi-bin/how.py"});
  CHECK(told.code() == 0);
  CHECK(has(told.out, "warm, out of a template (--warm)"));
  CHECK(has(told.out, "Cold: one run ends before a template is ready."));
}

TEST_CASE("check says why an application cannot be imported, and what mends it") {
  struct row {
    char const* label;
    std::string text;
    std::string target;
    std::string more;
    std::string reason;
    std::string says;
  };
  row const rows[] = {
      {"sound", application, "seenapp", "", "", "1 application: nothing wrong"},
      {"another module", application, "other", "", "wsgi-no-module",
       "dir=PATH names another directory"},
      {"what it imports", "import no_such_thing\n", "seenapp", "", "wsgi-module-missing",
       "$ python3"},
      {"an error in it", "raise RuntimeError('on purpose')\n", "seenapp", "", "wsgi-not-imported",
       "RuntimeError: on purpose"},
      {"no such name", application, "seenapp:nothing", "", "wsgi-not-imported",
       "has no attribute 'nothing'"},
      {"no such python", application, "seenapp", "python=/no/python", "application-not-started",
       "python=/no/python cannot be run"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    served app(r.text);
    auto const map = "/ wsgi:" + r.target + " dir=" + app.directory().string() + " " + r.more;
    auto const told = command("check", app.files, {"--map", map});
    CHECK(told.code() == (r.reason.empty() ? 0 : 1));
    if (!r.reason.empty()) CHECK_MESSAGE(has(told.out, "[" + r.reason + "]"), told.out, told.err);
    CHECK_MESSAGE(has(told.out, r.says), told.out, told.err);
  }
  CHECK_MESSAGE(eventually([] { return adopted().empty(); }), "a worker has outlived check");
}

TEST_CASE("check looks whether anybody listens, also for files that are run elsewhere") {
  site const files;
  files.write("page.php", "<?php echo 1;");
  peer const there(files, "fastcgi");
  auto const good = command(
      "check", files, {"--cgi-ext", ".php", "--interpreter", ".php=fastcgi:" + there.address()});
  CHECK_MESSAGE(good.code() == 0, good.out);
  auto const bad = command("check", files,
                           {"--cgi-ext", ".php", "--interpreter", ".php=fastcgi:unix:/no/s",
                            "--map", "/app scgi:127.0.0.1:1"});
  CHECK(bad.code() == 1);
  CHECK(has(bad.out, "--interpreter .php=fastcgi:unix:/no/s\n"));
  CHECK(has(bad.out, "There is no such socket: is it running"));
  CHECK(has(bad.out, "scgi:127.0.0.1:1  /app\n"));
  CHECK(has(bad.out, "Nothing listens there: is it running?"));
}

TEST_CASE("check --run asks an application, too") {
  served app;
  app.files.write(app.directory() / "seenapp.py",
                  "def application(environ, start_response):\n    raise ValueError('on GET')\n");
  auto const told = command("check", app.files, {"--run", "--map", app.mapping()});
  CHECK(told.code() == 1);
  CHECK_MESSAGE(has(told.out, "The application raised ValueError: on GET.  [wsgi-exception]"),
                told.out);
}

TEST_CASE("check says which scripts --warm does not start warm") {
  site const files;
  files.script("flag.py", "#!/usr/bin/python3 -i\n");
  auto const told = command("check", files, {"--warm", "python3,perl"});
  CHECK(told.code() == 0);
  CHECK(has(told.out, "It starts cold: no template has the flags of its #! line.  [warm-cold]"));
  CHECK(has(told.out, "--warm perl\n"));
  CHECK(has(told.out, "[warm-unused]"));
}

TEST_SUITE_END();
