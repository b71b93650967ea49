#include "gatehouse/base/log_output.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "../temporary_directory.hpp"
#include "gatehouse/base/limits.hpp"

using namespace gatehouse;
using base::log_output;

namespace {

std::string content_of(std::filesystem::path const& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Files of this process end at so many bytes: a disk that is full.
class full_disk {
 public:
  explicit full_disk(rlim_t size) : before_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    rlimit less = limit_;
    less.rlim_cur = size;
    ::setrlimit(RLIMIT_FSIZE, &less);
  }
  full_disk(full_disk const&) = delete;
  full_disk& operator=(full_disk const&) = delete;
  ~full_disk() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    ::signal(SIGXFSZ, before_);
  }

 private:
  rlimit limit_{};
  void (*before_)(int);
};

}  // namespace

TEST_CASE("lines are added to a file") {
  tests::temporary_directory const directory;
  auto const file = directory.write("log", "before\n");
  auto log = log_output::open(file);
  REQUIRE(log.has_value());
  CHECK_FALSE(log->write("one\n").failing.has_value());
  CHECK_FALSE(log->write("two\n").failing.has_value());
  CHECK(content_of(file) == "before\none\ntwo\n");
  CHECK(log->lost() == 0);
}

TEST_CASE("lines that cannot be written are counted, and the first one is told of") {
  auto log = log_output::open("/dev/full");
  REQUIRE(log.has_value());
  auto const first = log->write("x\n");
  REQUIRE(first.failing.has_value());
  CHECK(*first.failing == boost::system::errc::no_space_on_device);
  for (int i = 0; i < 9; ++i) CHECK_FALSE(log->write("x\n").failing.has_value());
  CHECK(log->lost() == 10);
  CHECK(log->unreported() == 10);
}

TEST_CASE("a line that was cut by a full disk is ended before the next one") {
  tests::temporary_directory const directory;
  auto const file = directory / "log";
  auto log = log_output::open(file);
  REQUIRE(log.has_value());
  {
    full_disk const disk(10);
    CHECK_FALSE(log->write("1234567\n").failing.has_value());
    CHECK(log->write("cut short\n").failing.has_value());
    log->write("lost\n");
  }
  log->write("whole\n");
  CHECK(content_of(file) == "1234567\ncu\nwhole\n");
  CHECK(log->lost() == 2);
}

TEST_CASE("when lines can be written again, it is told how many were lost") {
  tests::temporary_directory const directory;
  directory.fifo("pipe");
  int const reader = ::open((directory / "pipe").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(::fcntl(reader, F_SETPIPE_SZ, 4096) == 4096);
  auto log = log_output::open(directory / "pipe");
  REQUIRE(log.has_value());
  std::string const line(1023, 'x');
  for (int i = 0; i < 4; ++i) CHECK_FALSE(log->write(line + "\n").failing.has_value());
  CHECK(log->write(line + "\n").failing.has_value());
  CHECK(log->write(line + "\n").lost == 0);
  std::string buffer(8192, '\0');
  CHECK(::read(reader, buffer.data(), buffer.size()) == 4096);
  std::uint64_t told = 0;
  int written = 0;
  auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (told == 0 && std::chrono::steady_clock::now() < end) {
    told = log->write("y\n").lost;
    ++written;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(told == 2);
  CHECK(log->unreported() == 0);
  CHECK(log->lost() == 2);
  ::close(reader);
}

TEST_CASE("a named pipe that nobody reads is an error and not a wait") {
  tests::temporary_directory const directory;
  directory.fifo("pipe");
  auto const log = log_output::open(directory / "pipe");
  CHECK(log.has_error());
}

TEST_CASE("an output that was moved from writes nothing") {
  tests::temporary_directory const directory;
  auto opened = log_output::open(directory / "log");
  REQUIRE(opened.has_value());
  log_output const moved = std::move(*opened);
  opened->write("x\n");
  CHECK(content_of(directory / "log").empty());
}
