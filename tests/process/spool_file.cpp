#include "gatehouse/process/spool_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <string>

using gatehouse::process::spool_file;

TEST_CASE("a spool file gives back what was put in, from the start, and has no name") {
  auto file = spool_file::create();
  REQUIRE(file.has_value());
  CHECK_FALSE(file->append("hello "));
  CHECK_FALSE(file->append("world"));
  CHECK(file->size() == 11);
  auto const released = file->release();
  REQUIRE(released.has_value());
  char buffer[32];
  auto const got = ::read(released->get(), buffer, sizeof buffer);
  REQUIRE(got == 11);
  CHECK(std::string(buffer, 11) == "hello world");
  struct stat info {};
  CHECK(::fstat(released->get(), &info) == 0);
  CHECK(info.st_nlink == 0);
  CHECK((::fcntl(released->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a spool file that has no place gives the error") {
  ::setenv("TMPDIR", "/nonexistent", 1);
  auto const file = spool_file::create();
  ::unsetenv("TMPDIR");
  REQUIRE(file.has_error());
  CHECK(file.error() == boost::system::errc::no_such_file_or_directory);
}
