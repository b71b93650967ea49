// What the diagnostics log says to the person who wrote a script, in a file and on a terminal.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "client.hpp"
#include "patience.hpp"
#include "program.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;

namespace {

// A terminal that nobody sits at. Its other side is read here.
class terminal {
 public:
  terminal() : side_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (side_ < 0 || ::grantpt(side_) != 0 || ::unlockpt(side_) != 0)
      throw std::runtime_error("no terminal can be made");
    name_ = ::ptsname(side_);
    kept_ = ::open(name_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);  // or a read fails at once
  }
  terminal(terminal const&) = delete;
  terminal& operator=(terminal const&) = delete;
  ~terminal() {
    ::close(kept_);
    ::close(side_);
  }

  // Starts what follows with this terminal as its standard error.
  arguments starter() const { return {"/bin/sh", "-c", "exec \"$@\" 2>" + name_, "sh"}; }

  // Waits until it shows this text.
  bool shows(std::string_view text) {
    return eventually([&] {
      pollfd ready{side_, POLLIN, 0};
      std::array<char, 4096> buffer{};
      while (::poll(&ready, 1, 0) == 1) {
        auto const got = ::read(side_, buffer.data(), buffer.size());
        if (got <= 0) break;
        shown_.append(buffer.data(), static_cast<std::size_t>(got));
      }
      return shown_.find(text) != std::string::npos;
    });
  }

  // What it has shown, line by line, without line ends and colours.
  std::vector<std::string> lines() const {
    std::vector<std::string> out(1);
    for (std::size_t i = 0; i < shown_.size(); ++i) {
      if (shown_[i] == '\x1b')
        i = shown_.find('m', i);
      else if (shown_[i] == '\n')
        out.emplace_back();
      else if (shown_[i] != '\r')
        out.back() += shown_[i];
    }
    return out;
  }

 private:
  int side_;
  int kept_ = -1;
  std::string name_;
  std::string shown_;
};

std::vector<std::string> lines_of(std::string const& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// The number of the first line with this text; all lines are counted where there is none.
std::size_t line_with(std::vector<std::string> const& lines, std::string_view text) {
  std::size_t i = 0;
  while (i < lines.size() && lines[i].find(text) == std::string::npos) ++i;
  return i;
}

constexpr std::string_view traceback =
    "#!/bin/sh\nprintf 'Traceback (most recent call last):\\n"
    "  File \"/srv/x.py\", line 3\\nZeroDivisionError: \\\\ \\033[2J\\n' >&2\n"
    "printf 'Content-Type: text/plain\\n\\nx'\n";

}  // namespace

TEST_SUITE_BEGIN("log");

TEST_CASE("a script's failure is told once in its line, and one that cannot run is a warning") {
  site const files;
  files.script("quiet", "#!/bin/sh\nexit 3\n");
  files.write("cgi-bin/plain.sh", "#!/bin/sh\n");
  server const s(files);
  CHECK(ask(s.port(), "GET", "/cgi-bin/quiet").status == 502);
  CHECK(s.logged(
      "]: The script ended without printing anything. The script exited with status 3.\n"));
  files.script("mute", "#!/bin/sh\n");
  CHECK(ask(s.port(), "GET", "/cgi-bin/mute").status == 502);
  CHECK(
      s.logged("printing anything. Every response starts with at least one header, such as "
               "Content-Type: text/plain, and an empty line.\n"));
  CHECK(ask(s.port(), "GET", "/cgi-bin/plain.sh").status == 403);
  CHECK(s.logged(
      "warning script-not-executable: 403 to 127.0.0.1: /cgi-bin/plain.sh: It has no execute bit. "
      "Try:\n"));
}

TEST_CASE("the command that mends a script works when it is pasted out of the log") {
  site const files;
  files.script("it's \\ \"mine\".sh", "#!/bin/sh\r\nprintf 'Content-Type: text/plain\\n\\nrun'\n");
  auto const target = "/cgi-bin/it's%20%5C%20%22mine%22.sh";
  server const s(files);
  CHECK(ask(s.port(), "GET", target).status == 500);
  REQUIRE(s.logged("sed -i"));
  auto const lines = lines_of(s.log());
  auto const at = line_with(lines, "sed -i");
  REQUIRE(at > 0);
  CHECK(lines[at].starts_with("    sed -i"));
  CHECK(lines[at - 1].find("script-start-failed: 500 to 127.0.0.1: ") != std::string::npos);
  CHECK(lines[at - 1].ends_with(" Try:"));
  CHECK(run({"/bin/sh", "-c", lines[at]}, plain_environment()).code() == 0);
  CHECK(ask(s.port(), "GET", target).body == "run");
}

TEST_CASE("each line of a script's standard error names the script in a file") {
  site const files;
  files.script("failing", traceback);
  server const s(files);
  ask(s.port(), "GET", "/cgi-bin/failing");
  REQUIRE(s.logged("ZeroDivisionError"));
  auto const lines = lines_of(s.log());
  auto const at = line_with(lines, "Traceback");
  REQUIRE(at + 2 < lines.size());
  for (auto i = at; i < at + 3; ++i)
    CHECK(lines[i].find(" warning script-stderr: /cgi-bin/failing[") != std::string::npos);
  CHECK(lines[at + 1].ends_with("]   File \"/srv/x.py\", line 3"));
  CHECK(lines[at + 2].ends_with("] ZeroDivisionError: \\ \\x1b[2J"));
}

TEST_CASE("each line about a script names the script and its process") {
  struct row {
    std::string_view reason;
    std::string_view script;  // behind its #! line
  };
  constexpr std::string_view deaf = "trap '' TERM\nwhile :; do sleep 1; done\n";
  row const rows[] = {
      {"script-stderr", "echo oh >&2\nprintf 'Content-Type: text/plain\\n\\nx'\n"},
      {"script-timeout", "sleep 1000\n"},
      {"script-killed", deaf},
      {"script-limit",
       "printf 'Content-Type: text/plain\\n\\n'\nexec head -c 9000 /dev/zero >file\n"},
      {"script-no-output", "exit 0\n"},
      {"script-bad-header", "printf 'bad\\tname: x\\n\\nx'\n"},
      {"script-no-blank-line", "printf 'no header\\n\\nx'\n"},
      {"script-bad-status", "printf 'Status: none\\n\\nx'\n"},
      {"script-failed", "printf 'Content-Type: text/plain\\n\\n'\nkill -KILL $$\n"},
      {"script-failed-late", "printf 'Content-Type: text/plain\\n\\nx'\nexit 3\n"},
      {"script-bad-chunks",
       "printf 'Transfer-Encoding: chunked\\nContent-Type: text/plain\\n\\nzz'\n"},
      {"script-repeated-header", "printf 'Content-Type: a/b\\nContent-Type: text/plain\\n\\nx'\n"},
      {"script-no-content-type", "printf 'X-A: b\\n\\nx'\n"},
      {"content-over-length", "printf 'Content-Length: 1\\nContent-Type: text/plain\\n\\nmore'\n"},
  };
  site const files;
  for (row const& r : rows) files.script(r.reason, "#!/bin/sh\n" + std::string(r.script));
  server const s(files,
                 {"--script-timeout", "300ms", "--grace", "100ms", "--limit-file-size", "1k"});
  for (row const& r : rows) {
    CAPTURE(r.reason);
    auto const name = "/cgi-bin/" + std::string(r.reason);
    client c(s.port());
    c.send(request("GET", name));
    auto const reason = " " + std::string(r.reason) + ": ";
    CHECK(eventually([&] {
      auto const lines = lines_of(s.log());
      return std::any_of(lines.begin(), lines.end(), [&](std::string const& line) {
        return line.find(reason) != std::string::npos &&
               line.find(": " + name + "[") != std::string::npos;
      });
    }));
  }
}

TEST_CASE("a traceback is one block on a terminal") {
  site const files;
  files.script("failing", traceback);
  terminal shown;
  server const s(files, {}, {}, shown.starter());
  for (char const* const query : {"?1", "?2"}) {
    ask(s.port(), "GET", std::string("/cgi-bin/failing") + query);
    REQUIRE(shown.shows(std::string("failing") + query));
  }
  ask(s.port(), "GET", "/last");
  REQUIRE(shown.shows("/last"));
  auto lines = shown.lines();
  for (int i = 0; i < 2; ++i) {
    CAPTURE(i);
    auto const at = line_with(lines, "Traceback");
    REQUIRE(at + 3 < lines.size());
    CHECK(lines[at].substr(8).starts_with(" warning script-stderr: /cgi-bin/failing["));
    CHECK(lines[at].ends_with("] Traceback (most recent call last):"));
    CHECK(lines[at + 1] == "      File \"/srv/x.py\", line 3");
    CHECK(lines[at + 2] == "    ZeroDivisionError: \\ \\x1b[2J");
    CHECK(lines[at + 3].find(" GET /cgi-bin/failing?") != std::string::npos);
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(at) + 4);
  }
}
