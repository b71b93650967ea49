#include "program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>
#include <stdexcept>

#include "patience.hpp"
#include "site.hpp"

namespace fs = std::filesystem;

namespace wire {
namespace {

// What spawn() has started and wait_for() has not seen end.
std::set<pid_t>& ours() {
  static std::set<pid_t> pids;
  return pids;
}

std::vector<char*> pointers(arguments const& strings) {
  std::vector<char*> out;
  for (auto const& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

// The process_entry of /proc/PID/stat: pid (name) state ppid pgrp ...
std::optional<process_entry> entry_of(fs::path const& proc) {
  auto const text = contents(proc / "stat");
  auto const open = text.find('(');
  auto const close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  process_entry entry;
  entry.pid = std::atoi(text.c_str());
  entry.name = text.substr(open + 1, close - open - 1);
  int parent = 0;
  int group = 0;
  if (std::sscanf(text.c_str() + close + 1, " %c %d %d", &entry.state, &parent, &group) != 3) {
    return std::nullopt;
  }
  entry.parent = parent;
  entry.group = group;
  return entry;
}

}  // namespace

spawned spawn(arguments const& argv, arguments const& environment, int in, int out, int err,
              fs::path const& directory) {
  auto const argv_pointers = pointers(argv);
  auto const environment_pointers = pointers(environment);
  int failure[2];
  if (::pipe2(failure, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  pid_t const parent = ::getpid();
  pid_t const pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGHUP, SIG_DFL);  // also where the tests are run by nohup
    bool const ready = ::getppid() == parent && ::dup2(in, 0) == 0 && ::dup2(out, 1) == 1 &&
                       ::dup2(err, 2) == 2 &&
                       (directory.empty() || ::chdir(directory.c_str()) == 0);
    if (ready) ::execvpe(argv[0].c_str(), argv_pointers.data(), environment_pointers.data());
    int const why = errno;
    [[maybe_unused]] auto const n = ::write(failure[1], &why, sizeof why);
    ::_exit(127);
  }
  ::close(failure[1]);
  int why = 0;
  auto const got = ::read(failure[0], &why, sizeof why);
  ::close(failure[0]);
  if (pid < 0) throw std::runtime_error("fork failed");
  if (got > 0) {
    ::waitpid(pid, nullptr, 0);
    throw std::runtime_error("cannot start " + argv[0] + ": " + std::strerror(why));
  }
  int const pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) throw std::runtime_error("pidfd_open failed");
  ours().insert(pid);
  return {pid, pidfd};
}

std::optional<int> wait_for(spawned const& process) {
  // What becomes ours meanwhile is reaped: a server that stops waits until its groups are gone.
  bool const ended = eventually([&] {
    adopted();
    pollfd waiting{process.pidfd, POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
  });
  if (!ended) return std::nullopt;
  int status = 0;
  if (::waitpid(process.pid, &status, 0) != process.pid) return std::nullopt;
  ours().erase(process.pid);
  return status;
}

int outcome::code() const {
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

outcome run(arguments const& argv, arguments environment, fs::path const& directory) {
  site const scratch;
  auto const open_file = [&](char const* name) {
    return ::open((scratch.base() / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  };
  if (environment.empty()) environment = plain_environment();
  int const in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  int const out = open_file("out");
  int const err = open_file("err");
  auto const process = spawn(argv, environment, in, out, err, directory);
  auto status = wait_for(process);
  if (!status) {
    ::kill(process.pid, SIGKILL);
    status = wait_for(process);
  }
  for (int const fd : {in, out, err, process.pidfd}) ::close(fd);
  return {status.value_or(-1), contents(scratch.base() / "out"), contents(scratch.base() / "err")};
}

arguments plain_environment() {
  arguments out;
  for (char const* const name : {"PATH", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
    if (char const* const value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
  }
  return out;
}

std::vector<process_entry> children_of(pid_t parent) {
  std::vector<process_entry> out;
  std::error_code gone;
  for (auto const& proc : fs::directory_iterator("/proc", gone)) {
    if (!std::isdigit(static_cast<unsigned char>(proc.path().filename().string()[0]))) continue;
    auto const entry = entry_of(proc.path());
    if (entry && entry->parent == parent) out.push_back(*entry);
  }
  return out;
}

std::vector<process_entry> adopted() {
  std::vector<process_entry> out;
  for (auto const& child : children_of(::getpid())) {
    if (ours().count(child.pid) == 1) continue;
    if (::waitpid(child.pid, nullptr, WNOHANG) == 0) out.push_back(child);
  }
  return out;
}

bool is_running(pid_t pid) {
  auto const entry = entry_of("/proc/" + std::to_string(pid));
  return entry && entry->state != 'Z' && entry->state != 'X';
}

}  // namespace wire
