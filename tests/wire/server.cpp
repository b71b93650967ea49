#include "server.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "client.hpp"
#include "patience.hpp"

namespace wire {
namespace {

bool has_zombie(pid_t parent) {
  for (auto const& child : children_of(parent)) {
    if (child.state == 'Z') return true;
  }
  return false;
}

std::string orphans() {
  std::string names;
  for (auto const& child : adopted()) {
    names += child.name + " (" + std::to_string(child.pid) + ") ";
  }
  return names;
}

}  // namespace

std::vector<std::string> urls_in(std::string const& ready_line) {
  std::vector<std::string> out;
  std::istringstream in(ready_line);
  for (std::string word; in >> word;) {
    if (word.starts_with("http://")) out.push_back(word);
  }
  return out;
}

std::string fetched(std::string const& url) {
  return run({"/usr/bin/python3", "-c",
              "import sys, urllib.request\n"
              "print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode(), end='')\n",
              url},
             plain_environment())
      .out;
}

std::string binary() {
  return GATEHOUSE_BINARY;
}

server::server(site const& site, arguments const& options, arguments const& more_environment,
               arguments const& starter)
    : site_(site) {
  static int count = 0;
  log_file_ = site.base() / ("log-" + std::to_string(++count));
  arguments argv = starter;
  argv.insert(argv.end(), {binary(), "--port", "0"});
  argv.insert(argv.end(), options.begin(), options.end());
  argv.push_back(site.root().string());
  arguments environment = plain_environment();
  environment.insert(environment.end(), more_environment.begin(), more_environment.end());

  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  output_ = output[0];
  int const in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  int const err = ::open(log_file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  process_ = spawn(argv, environment, in, output[1], err);
  for (int const fd : {in, err, output[1]}) ::close(fd);
  try {
    read_ready_line();
  } catch (...) {
    ::kill(process_.pid, SIGKILL);
    wait_for_end();
    ::close(process_.pidfd);
    ::close(output_);
    throw;
  }
}

server::~server() {
  // FAIL_CHECK and not CHECK_MESSAGE: doctest shows the latter's text, true or not, when a case
  // ends with an exception.
  if (!ended_) stop_and_check();
  if (!eventually([] { return orphans().empty(); })) FAIL_CHECK("left running: ", orphans());
  ::close(process_.pidfd);
  ::close(output_);
}

void server::stop_and_check() {
  if (!eventually([&] { return !has_zombie(process_.pid); })) FAIL_CHECK("a zombie is left");
  signal(SIGTERM);
  auto const status = wait_for(process_);
  if (!status) {
    FAIL_CHECK("the server does not end; its log:\n", log());
    signal(SIGKILL);
    wait_for(process_);
    return;
  }
  if (*status != 0) FAIL_CHECK("the server ended with ", *status, "; its log:\n", log());
  auto const more = rest_of_output();
  if (!more.empty()) FAIL_CHECK("printed after the ready line: ", more);
}

std::size_t server::descriptors() const {
  std::filesystem::directory_iterator const all("/proc/" + std::to_string(pid()) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::string server::log() const {
  return contents(log_file_);
}

bool server::logged(std::string_view text) const {
  return eventually([&] { return log().find(text) != std::string::npos; });
}

bool server::refuses_connections() const {
  return eventually([&] {
    try {
      client const connected(port_);
      return false;
    } catch (std::runtime_error const&) {
      return true;
    }
  });
}

void server::signal(int number) const {
  ::kill(process_.pid, number);
}

std::optional<int> server::wait_for_end() {
  auto const status = wait_for(process_);
  if (status) ended_ = true;
  return status;
}

void server::read_ready_line() {
  auto const end = std::chrono::steady_clock::now() + patience;
  while (true) {
    pollfd waiting{output_, POLLIN, 0};
    if (std::chrono::steady_clock::now() > end) break;
    if (::poll(&waiting, 1, 100) != 1) continue;
    char c = 0;
    if (::read(output_, &c, 1) != 1) break;
    if (c == '\n') {
      auto const at = ready_line_.find("http://127.0.0.1:");
      if (at != std::string::npos) {
        port_ = static_cast<std::uint16_t>(std::atoi(ready_line_.c_str() + at + 17));
      }
      if (port_ == 0) break;
      return;
    }
    ready_line_ += c;
  }
  throw std::runtime_error("no ready line but \"" + ready_line_ + "\"; log: " + log());
}

std::string server::rest_of_output() const {
  std::string out;
  char buffer[4096];
  while (true) {
    auto const n = ::read(output_, buffer, sizeof buffer);
    if (n <= 0) return out;
    out.append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace wire
