#include "gatehouse/process/spool_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <memory>
#include <string>

using gatehouse::base::budget;
using gatehouse::process::spool_file;

namespace {

std::shared_ptr<budget> room(std::uint64_t bytes = 1000) {
  return std::make_shared<budget>(bytes);
}

}  // namespace

TEST_CASE("a spool file gives back what was put in, from the start, and has no name") {
  auto file = spool_file::create(room());
  REQUIRE(file.has_value());
  CHECK_FALSE(file->append("hello "));
  CHECK_FALSE(file->append("world"));
  CHECK(file->size() == 11);
  auto const released = file->release();
  REQUIRE(released.has_value());
  char buffer[32];
  auto const got = ::read(released->file.get(), buffer, sizeof buffer);
  REQUIRE(got == 11);
  CHECK(std::string(buffer, 11) == "hello world");
  struct stat info {};
  CHECK(::fstat(released->file.get(), &info) == 0);
  CHECK(info.st_nlink == 0);
  CHECK((::fcntl(released->file.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE(
    "what a spool file gives away can be read and not written, nor opened for writing again") {
  auto file = spool_file::create(room());
  REQUIRE(file.has_value());
  CHECK_FALSE(file->append("body"));
  auto const released = file->release();
  REQUIRE(released.has_value());
  int const fd = released->file.get();
  CHECK((::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
  CHECK(::write(fd, "x", 1) == -1);
  CHECK(errno == EBADF);
  CHECK(::ftruncate(fd, 100) == -1);
  struct stat info {};
  CHECK(::fstat(fd, &info) == 0);
  CHECK((info.st_mode & 0777) == S_IRUSR);
}

TEST_CASE("a spool file that has no place gives the error") {
  ::setenv("TMPDIR", "/nonexistent", 1);
  auto const file = spool_file::create(room());
  ::unsetenv("TMPDIR");
  REQUIRE(file.has_error());
  CHECK(file.error() == boost::system::errc::no_such_file_or_directory);
}

TEST_CASE("spool files together take no more than their room, until each is read") {
  auto const space = room(10);
  auto first = spool_file::create(space);
  auto second = spool_file::create(space);
  REQUIRE((first.has_value() && second.has_value()));
  CHECK_FALSE(first->append("123456"));
  CHECK(second->append("12345") == gatehouse::base::errc::spools_full);
  CHECK(second->size() == 0);
  CHECK_FALSE(second->append("1234"));
  {
    auto const released = first->release();
    REQUIRE(released.has_value());
    CHECK(second->append("5") == gatehouse::base::errc::spools_full);
  }
  CHECK_FALSE(second->append("567890"));
  CHECK(second->size() == 10);
}
