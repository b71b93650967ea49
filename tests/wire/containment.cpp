// What a hostile script is kept from, and what the log says about it.

#include <doctest/doctest.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
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

std::string const text_head = "printf 'Content-Type: text/plain\\n\\n'\n";

// Runs what it is sent, and says whether the system let it.
std::string const tries =
    "#!/usr/bin/python3\n"
    "import ctypes, os, resource, signal, socket, subprocess, sys, time\n"
    "def call(number, *arguments):\n"
    "    return checked(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments))\n"
    "def checked(result):\n"
    "    if result >= 0: return result\n"
    "    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))\n"
    "print('Content-Type: text/plain\\n')\n"
    "try:\n"
    "    exec(sys.stdin.read())\n"
    "    print('done')\n"
    "except (OSError, MemoryError) as e:\n"
    "    print('refused')\n"
    "    print(type(e).__name__, e, file=sys.stderr)\n";

bool no_landlock() {
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0UL, LANDLOCK_CREATE_RULESET_VERSION) > 0)
    return false;
  MESSAGE("this kernel has no Landlock");
  return true;
}

int landlock_version() {
  return static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0UL, LANDLOCK_CREATE_RULESET_VERSION));
}

std::string attempt(server const& s, std::string const& code) {
  return ask(s.port(), "POST", "/cgi-bin/own/try.py", "", code).body;
}

// The same with a body whose length is not known before, which is kept in a file.
std::string attempt_spooled(server const& s, std::string const& code) {
  client c(s.port());
  c.send("POST /cgi-bin/own/try.py HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
         chunked(code));
  return c.read_reply().body;
}

// A call of the C library's, for a script.
std::string libc(std::string const& name, std::string const& arguments) {
  return "checked(ctypes.CDLL(None, use_errno=True)." + name + "(" + arguments + "))";
}

std::string quoted(fs::path const& path) {
  return "'" + path.string() + "'";
}

std::size_t occurrences(std::string const& text, std::string_view what) {
  std::size_t out = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++out;
  return out;
}

// Somebody with no other processes, for a server that is started as root.
uid_t nobody_else() {
  return 100'000 + static_cast<uid_t>(::getpid());
}

arguments with_user(arguments options) {
  auto const id = std::to_string(nobody_else());
  options.insert(options.end(), {"--user", id, "--group", id});
  return options;
}

// An ordinary user's leak check cannot attach to a process that was root's.
arguments const no_leak_check = {"ASAN_OPTIONS=detect_leaks=0"};

void open_to_all(site const& files) {
  fs::permissions(files.base(),
                  fs::perms::owner_all | fs::perms::others_exec | fs::perms::others_read);
}

// Processes of a user, by the owner of their entries.
std::size_t processes_of(uid_t user) {
  std::size_t out = 0;
  std::error_code gone;
  for (auto const& entry : fs::directory_iterator("/proc", gone)) {
    struct stat info {};
    pid_t const pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && ::stat(entry.path().c_str(), &info) == 0 && info.st_uid == user &&
        is_running(pid))
      ++out;
  }
  return out;
}

}  // namespace

TEST_SUITE_BEGIN("containment");

TEST_CASE("a script that meets a limit is stopped, and the log says by which") {
  site const files;
  files.script("cpu", "#!/bin/sh\n" + text_head + "while :; do :; done\n");
  files.script("stubborn", "#!/bin/sh\ntrap '' XCPU\n" + text_head + "while :; do :; done\n");
  files.script("child", "#!/bin/sh\n" + text_head + "sh -c 'while :; do :; done'\nexit $?\n");
  files.script("file", "#!/bin/sh\n" + text_head + "exec head -c 100000 /dev/zero >big\n");
  files.script("own/try.py", tries);
  server const s(files, {"--limit-cpu", "1s", "--limit-memory", "512M", "--limit-files", "20",
                         "--limit-file-size", "64k"});
  struct row {
    std::string_view label;
    std::string target;
    std::string code;
    std::string logged;
  };
  row const rows[] = {
      {"deaf to the signal", "stubborn", "",
       "used more than 1 s of processor time (--limit-cpu) and ignored SIGXCPU"},
      {"processor time", "cpu", "", "used more than 1 s of processor time (--limit-cpu)\n"},
      {"a child of a shell", "child", "", "used more than 1 s of processor time (--limit-cpu)\n"},
      {"file size", "file", "", "wrote more than 65536 bytes to a file (--limit-file-size)\n"},
      {"memory", "own/try.py", "bytearray(1 << 30)",
       "seems to have met --limit-memory: it says MemoryError\n"},
      {"files", "own/try.py", "a = [open('/dev/null') for i in range(30)]",
       "seems to have met --limit-files: it says Too many open files\n"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    ask(s.port(), "POST", "/cgi-bin/" + r.target, "", r.code);
    CHECK(s.logged("script-limit: /cgi-bin/" + r.target + "["));
    CHECK(s.logged("] " + r.logged));
  }
  CHECK(fs::file_size(files.cgi_bin() / "big") == 65536);
  CHECK(children_of(s.pid()).empty());
}

TEST_CASE("a script cannot gain privileges, and has the priority that it is given") {
  site const files;
  files.script("self", "#!/bin/sh\n" + text_head +
                           "cut -d' ' -f19 /proc/self/stat\ngrep NoNewPrivs /proc/self/status\n");
  auto const own = ask(server(files).port(), "GET", "/cgi-bin/self").body;
  int const ours = ::getpriority(PRIO_PROCESS, 0);
  CHECK(own == std::to_string(ours) + "\nNoNewPrivs:\t1\n");
  server const lower(files, {"--nice", "7", "--no-new-privs", "off"});
  int const least = 19;
  CHECK(ask(lower.port(), "GET", "/cgi-bin/self").body ==
        std::to_string(std::min(ours + 7, least)) + "\nNoNewPrivs:\t0\n");
}

TEST_CASE("a script in the sandbox is kept from all but its own, and the log says by what") {
  if (no_landlock()) return;
  site const files;
  files.script("own/try.py", tries);
  files.script("own/neighbour", "#!/bin/sh\necho neighbour\n");
  files.script("other/secret.py", "#!/usr/bin/python3\npassword = 'x'\n");
  files.write("page.html", "page");
  server const open(files);
  server const boxed(files, {"--sandbox"});
  std::string const connect =
      "socket.create_connection(('127.0.0.1'," + std::to_string(open.port()) + "))";
  std::string const server_pid = std::to_string(boxed.pid());
  struct row {
    std::string_view label;
    std::string code;
    int since_version;
  };
  row const rows[] = {
      {"the password file", "open('/etc/shadow').read()", 1},
      {"another script's source", "open('../other/secret.py').read()", 1},
      {"another script", "subprocess.run(['../other/secret.py'])", 1},
      {"a file of the site", "open(" + quoted(files.root() / "page.html") + ").read()", 1},
      {"a file beside it", "open('new', 'w')", 1},
      {"a file in a directory for all", "open('/tmp/gatehouse-sandbox', 'w')", 1},
      {"its own source", "open('try.py', 'a')", 1},
      {"a neighbour's source", "os.rename('neighbour', 'gone')", 1},
      {"cutting a file", "os.truncate('neighbour', 0)", 3},
      {"TCP", connect, 1},
      {"UDP", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))", 1},
      {"UDP over IPv6", "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)", 1},
      {"the kernel's own protocols", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", 1},
      {"what a filter cannot look into", "call(425, 1, ctypes.create_string_buffer(120))", 1},
      {"a session of its own", "os.setsid()", 1},
      {"a group of its own", "os.setpgid(os.posix_spawn('/bin/true', ['true'], {}), 0)", 1},
      {"the server's memory", "open('/proc/" + server_pid + "/environ').read()", 1},
      {"memory that outlives it", libc("shmget", "0x6768, 4096, 0o1600"), 1},
      {"memory of others", libc("shmat", "0, None, 0"), 1},
      {"semaphores that outlive it", libc("semget", "0x6768, 1, 0o1600"), 1},
      {"a queue that outlives it", libc("msgget", "0x6768, 0o1600"), 1},
      {"a queue of POSIX that outlives it", libc("mq_open", "b'/gatehouse', 0o102, 0o600, None"),
       1},
      {"memory of POSIX that outlives it", libc("shm_open", "b'/gatehouse', 0o102, 0o600"), 1},
      {"a key that outlives it",
       "call(" + std::to_string(SYS_add_key) + ", b'user', b'gatehouse', b'x', 1, -4)", 1},
      {"to be traced by the server", libc("ptrace", "0, 0, None, None"), 1},
      {"a sibling",
       "call(" + std::to_string(SYS_clone) + ", 0x8000 | 17, 0, 0, 0, 0) or os._exit(0)", 1},
      {"the server's priority", "os.setpriority(os.PRIO_PROCESS, " + server_pid + ", 19)", 1},
      {"the server's priority, by its user", "os.setpriority(os.PRIO_USER, 0, 0)", 1},
      {"the server's scheduler",
       "os.sched_setscheduler(" + server_pid + ", os.SCHED_IDLE, os.sched_param(0))", 1},
      {"the server's processors", "os.sched_setaffinity(" + server_pid + ", {0})", 1},
      {"the server's priority for disks",
       "call(" + std::to_string(SYS_ioprio_set) + ", 1, " + server_pid + ", 3 << 13)", 1},
      {"the server's limits", "resource.prlimit(" + server_pid + ", resource.RLIMIT_CPU)", 1},
      {"a signal to the server", "os.kill(" + server_pid + ", 0)", 6},
  };
  std::size_t refusals = 0;
  for (row const& r : rows) {
    CAPTURE(r.label);
    if (r.since_version > landlock_version()) continue;
    CHECK(attempt(boxed, r.code) == "refused\n");
    ++refusals;
    CHECK(eventually([&] {
      return occurrences(boxed.log(), "seems to have met --sandbox: it says ") == refusals;
    }));
  }
  CHECK(boxed.log().find("sandbox: programs are held by Landlock") != std::string::npos);
  // What is refused is there to be had.
  for (std::string const& code :
       {"open('../other/secret.py').read()"s, "open(" + quoted(files.root() / "page.html") + ")",
        connect, "os.kill(" + server_pid + ", 0)"}) {
    CAPTURE(code);
    CHECK(attempt(open, code) == "done\n");
  }
  CHECK_FALSE(fs::exists(files.cgi_bin() / "own/new"));
}

TEST_CASE("a script in the sandbox can do its work") {
  if (no_landlock()) return;
  site const files;
  files.script("own/try.py", tries);
  files.script("own/neighbour", "#!/bin/sh\necho neighbour\n");
  fs::create_symlink("../../elsewhere/linked.py", files.cgi_bin() / "own/linked.py");
  auto const linked = files.write(files.root() / "elsewhere/linked.py", tries, 0755);
  auto const data = files.write(files.base() / "data/read", "data");
  auto const spool = files.base() / "spool";
  fs::create_directory(spool);
  server const s(files, {"--sandbox", "--sandbox-read", data.parent_path().string(),
                         "--sandbox-write", spool.string()});
  struct row {
    std::string_view label;
    std::string code;
  };
  row const rows[] = {
      {"read its own directory", "open('neighbour').read()"},
      {"run what is there", "subprocess.run(['./neighbour'], check=True, stdout=2)"},
      {"use the system's programs", "subprocess.run(['ls', '/usr'], check=True, stdout=2)"},
      {"load a library", "import sqlite3, ssl, json"},
      {"look up who is who", "import pwd; pwd.getpwuid(0)"},
      {"find out about itself", "open('/proc/self/status').read()"},
      {"throw away", "open('/dev/null', 'w').write('x')"},
      {"talk to itself", "socket.socketpair()"},
      {"start threads", "import threading; t = threading.Thread(target=int); t.start(); t.join()"},
      {"step back", "os.nice(1); os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))"},
      {"choose its processors", "os.sched_setaffinity(0, os.sched_getaffinity(0))"},
      {"read what it is allowed", "open(" + quoted(data) + ").read()"},
      {"write where it is allowed", "os.rename(" + quoted(spool / "a") + ", " +
                                        quoted(spool / "b") + ") if open(" + quoted(spool / "a") +
                                        ", 'w').write('kept') else 0"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(attempt(s, r.code) == "done\n");
  }
  CHECK(contents(spool / "b") == "kept");
  // A link's target is run and read, and nothing beside it.
  auto const by_link = [&](std::string const& code) {
    return ask(s.port(), "POST", "/cgi-bin/own/linked.py", "", code).body;
  };
  CHECK(by_link("open('neighbour').read()") == "done\n");
  CHECK(by_link("os.listdir(" + quoted(linked.parent_path()) + ")") == "refused\n");
}

TEST_CASE("a script can read a body that is kept in a file, and cannot write to it") {
  site const files;
  files.script("own/try.py", tries);
  std::string const writes[] = {"os.write(0, b'x')", "os.truncate(0, 1 << 20)",
                                "os.posix_fallocate(0, 0, 1 << 20)"};
  server const s(files);
  for (auto const& code : writes) CHECK(attempt_spooled(s, code) == "refused\n");
  CHECK(attempt_spooled(s, "os.lseek(0, 0, 0); assert os.read(0, 8) == b'os.lseek'") == "done\n");
  if (no_landlock()) return;
  server const boxed(files, {"--sandbox"});
  for (auto const& code : writes) CHECK(attempt_spooled(boxed, code) == "refused\n");
  // It owns the file, and may change its mode; but not open it again to write.
  CHECK(attempt_spooled(boxed, "os.fchmod(0, 0o600)\nopen('/proc/self/fd/0', 'r+')") ==
        "refused\n");
}

TEST_CASE("a server with a sandbox is taken over by one with a sandbox") {
  if (no_landlock()) return;
  site const files;
  files.script("peek",
               "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n"
               "cat ../page.html 2>/dev/null || echo kept out\n");
  files.write("page.html", "page");
  auto const path = (files.base() / "takeover").string();
  server first(files, {"--sandbox", "--takeover", path});
  CHECK(ask(first.port(), "GET", "/cgi-bin/peek").body == "kept out\n");
  server const second(files, {"--sandbox", "--takeover", path});
  CHECK(second.port() == first.port());
  CHECK(first.wait_for_end() == 0);
  CHECK(ask(second.port(), "GET", "/cgi-bin/peek").body == "kept out\n");
}

TEST_CASE("with --sandbox-net a script in the sandbox can connect") {
  if (no_landlock()) return;
  site const files;
  files.script("own/try.py", tries);
  server const peer(files);
  server const s(files, {"--sandbox", "--sandbox-net"});
  CHECK(attempt(s, "socket.create_connection(('127.0.0.1'," + std::to_string(peer.port()) + "))") ==
        "done\n");
  CHECK(attempt(s, "open('../../x', 'w')") == "refused\n");
}

TEST_CASE("what a script in the sandbox leaves running is killed when it ends") {
  if (no_landlock()) return;
  site const files;
  files.script("own/try.py", tries);
  server const s(files, {"--sandbox"});
  // Its outputs are closed, TERM is ignored, and its parent does not wait for it.
  auto const body = attempt(s,
                            "child = os.fork()\n"
                            "if child == 0:\n"
                            "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                            "    for fd in 0, 1, 2: os.close(fd)\n"
                            "    time.sleep(1000)\n"
                            "print(child)\n");
  pid_t const left = std::atoi(body.c_str());
  REQUIRE(left > 0);
  CHECK(eventually([&] { return !is_running(left); }));
  CHECK(s.logged("script-left-processes: /cgi-bin/own/try.py["));
}

TEST_CASE("the sandbox holds as well when the server has given up root") {
  if (no_landlock() || ::geteuid() != 0) return;
  site const files;
  files.script("own/try.py", tries);
  files.script("other/secret.py", "#!/usr/bin/python3\npassword = 'x'\n");
  open_to_all(files);
  server const s(files, with_user({"--sandbox"}), no_leak_check);
  CHECK(attempt(s, "open('../other/secret.py').read()") == "refused\n");
  CHECK(attempt(s, "open('/etc/shadow').read()") == "refused\n");
  CHECK(attempt(s, "open('/etc/passwd').read(); open('try.py').read()") == "done\n");
  CHECK(s.log().find("scripts-as-root") == std::string::npos);
}

TEST_CASE("a script that forks without end and ignores TERM is ended, with all that it started") {
  if (::geteuid() != 0) {
    MESSAGE("not run as root: the number of processes counts for a whole user");
    return;
  }
  site const files;
  files.script("own/try.py", tries);
  open_to_all(files);
  server const s(
      files, with_user({"--limit-processes", "60", "--script-timeout", "4s", "--grace", "100ms"}),
      no_leak_check);
  // Should the limit not hold, the bomb ends by itself.
  auto const answer = ask(s.port(), "POST", "/cgi-bin/own/try.py", "",
                          "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                          "for i in range(300):\n"
                          "    try:\n"
                          "        os.fork()\n"
                          "    except OSError as e:\n"
                          "        print(e, file=sys.stderr, flush=True)\n"
                          "        time.sleep(1000)\n");
  CHECK(answer.status == 504);
  CHECK(s.logged("Resource temporarily unavailable"));
  CHECK(s.logged("script-killed: /cgi-bin/own/try.py["));
  CHECK(s.logged("seems to have met --limit-processes: "));
  CHECK(eventually([] { return processes_of(nobody_else()) == 1; }));
  CHECK(ask(s.port(), "POST", "/cgi-bin/own/try.py", "", "pass").body == "done\n");
}

TEST_CASE("a program that cannot be run in the sandbox is answered with what it can run") {
  if (no_landlock()) return;
  site const files;
  auto const interpreter =
      files.write(files.base() / "bin/interpreter", "#!/bin/sh\nexec cat \"$1\"\n", 0755);
  files.script("a", "#!" + interpreter.string() + "\n");
  server const s(files, {"--sandbox"});
  auto const answer = ask(s.port(), "GET", "/cgi-bin/a");
  CHECK(answer.status == 500);
  CHECK(answer.body.find("--sandbox-read") != std::string::npos);
  server const allowed(files, {"--sandbox", "--sandbox-read", interpreter.parent_path().string()});
  CHECK(ask(allowed.port(), "GET", "/cgi-bin/a").status == 502);  // it runs, and prints its source
}

TEST_CASE("in the sandbox a program can read the files that its interpreter's arguments name") {
  if (no_landlock()) return;
  site const files;
  auto const runner = files.write(files.base() / "bin/runner", text_head + "cat \"$1\"\n");
  files.write("cgi-bin/a.xyz", "what it says");
  server const s(files, {"--sandbox", "--interpreter", ".xyz=/bin/sh " + runner.string()});
  CHECK(ask(s.port(), "GET", "/cgi-bin/a.xyz").body == "what it says");
}

TEST_CASE("SIGHUP changes what scripts in the sandbox may run and read") {
  if (no_landlock()) return;
  site const files;
  files.script("own/try.py", tries);
  files.write("cgi-bin/own/a.x", "Content-Type: text/plain\n\nrun by x\n");
  auto const x = files.write(files.base() / "bin/x", "#!/bin/sh\nexec cat \"$1\"\n", 0755);
  auto const data = files.write(files.base() / "data/read", "data");
  auto const config = files.write(files.base() / "config", "sandbox = on\n");
  server const s(files, {"--config", config.string()});
  std::size_t changes = 0;
  auto const change = [&](std::string const& options) {
    files.write(config, "sandbox = on\n" + options);
    s.signal(SIGHUP);
    ++changes;
    REQUIRE(eventually([&] { return occurrences(s.log(), "reloaded: ") == changes; }));
  };
  auto const read = "open(" + quoted(data) + ").read()";
  CHECK(ask(s.port(), "GET", "/cgi-bin/own/a.x").status == 403);
  CHECK(attempt(s, read) == "refused\n");

  change("interpreter = .x=" + x.string() + "\n");
  CHECK(ask(s.port(), "GET", "/cgi-bin/own/a.x").body == "run by x\n");
  CHECK(attempt(s, read) == "refused\n");
  change("sandbox-read = " + data.string() + "\n");
  CHECK(attempt(s, read) == "done\n");
  change("");
  CHECK(attempt(s, read) == "refused\n");
}

TEST_CASE("a SIGHUP with a sandbox that cannot be made changes nothing") {
  if (no_landlock()) return;
  site const files;
  files.script("own/try.py", tries);
  files.write("index.html", "served");
  auto const data = files.write(files.base() / "data/read", "data");
  auto const config =
      files.write(files.base() / "config", "sandbox = on\nsandbox-read = " + data.string() + "\n");
  server const s(files, {"--config", config.string()});
  files.write(config, "sandbox = on\nsandbox-read = /nonexistent\n");
  s.signal(SIGHUP);
  CHECK(s.logged("reload-refused: "));
  CHECK(attempt(s, "open(" + quoted(data) + ").read()") == "done\n");
  CHECK(ask(s.port(), "GET", "/").body == "served");
}

TEST_CASE("the commands run programs in the sandbox, too") {
  if (no_landlock()) return;
  site const files;
  files.script("own/a", "#!/bin/sh\n" + text_head + "cat ../other/secret || echo kept out\n");
  files.script("other/secret", "#!/bin/sh\necho told\n");
  arguments const explain{binary(), "explain", "--run", "--root", files.root().string()};
  auto boxed = explain;
  boxed.insert(boxed.end(), {"--sandbox", "/cgi-bin/own/a"});
  CHECK(run(boxed).out.find("kept out") != std::string::npos);
  auto open = explain;
  open.push_back("/cgi-bin/own/a");
  CHECK(run(open).out.find("echo told") != std::string::npos);
}

TEST_SUITE_END();
