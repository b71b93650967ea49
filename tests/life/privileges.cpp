#include "gatehouse/life/privileges.hpp"

#include <doctest/doctest.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "../temporary_directory.hpp"

using namespace gatehouse;
using namespace gatehouse::life;

namespace {

std::string error_of(std::string const& user, std::string const& group) {
  auto const outcome = resolve_identity(user, group);
  auto const* wrong = std::get_if<config::usage_error>(&outcome);
  return wrong != nullptr ? wrong->line : "no error";
}

}  // namespace

TEST_CASE("names and numbers are resolved to ids") {
  auto const none = std::get<identity>(resolve_identity("", ""));
  CHECK_FALSE(none.user.has_value());
  CHECK_FALSE(none.group.has_value());
  auto const root = std::get<identity>(resolve_identity("root", ""));
  CHECK(root.user == 0U);
  CHECK(root.group == 0U);
  auto const numbers = std::get<identity>(resolve_identity("4000000000", "12345"));
  CHECK(numbers.user == 4000000000U);
  CHECK(numbers.group == 12345U);
  CHECK(error_of("no-such-user", "") == R"(gatehouse: --user: there is no user "no-such-user")");
  CHECK(error_of("", "no-such-group") ==
        R"(gatehouse: --group: there is no group "no-such-group")");
  CHECK(error_of("4294967295", "0") == R"(gatehouse: --user: there is no user "4294967295")");
  CHECK(
      error_of("4000000000", "") ==
      "gatehouse: --user: the number 4000000000 has no entry in passwd, so --group is needed too");
}

TEST_CASE("root becomes another user for good, without its groups") {
  if (::geteuid() != 0) return;
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    bool good = !drop_privileges({.user = 65534, .group = 65533}).failed();
    gid_t groups[64] = {};
    good = good && ::getuid() == 65534 && ::geteuid() == 65534 && ::getegid() == 65533;
    good = good && ::getgroups(64, groups) == 1 && groups[0] == 65533;
    good = good && ::setuid(0) != 0;
    good = good && drop_privileges({.user = 0, .group = 0}).failed();
    good = good && !drop_privileges({.user = 65534, .group = 65533}).failed();
    ::_exit(good ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("a file is made for whom the server becomes, and one that is there is left alone") {
  if (::geteuid() != 0) return;
  tests::temporary_directory const directory;
  auto const path = (directory.path() / "log").string();
  auto const mode_of = [&] {
    struct ::stat is {};
    REQUIRE(::stat(path.c_str(), &is) == 0);
    return std::to_string(is.st_uid) + ':' + std::to_string(is.st_gid) + ' ' +
           std::to_string(is.st_mode & 07777U);
  };
  CHECK_FALSE(make_file_for({}, path));
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(make_file_for({.user = 65534, .group = 65533}, path));
  CHECK(mode_of() == "65534:65533 416");  // 0640
  CHECK_FALSE(make_file_for({.user = 65532, .group = 65531}, path));
  CHECK(mode_of() == "65534:65533 416");
  CHECK(make_file_for({.user = 65534, .group = 65533}, path + "/no/such"));
}

TEST_CASE("who is not root is told what --user needs") {
  auto const refused = make_error_code(boost::system::errc::operation_not_permitted);
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    bool good = ::geteuid() != 0 || ::setuid(65534) == 0;
    auto const line = cannot_become("daemon", "", refused).line;
    good = good && line.starts_with("gatehouse: cannot become --user daemon: ");
    good = good &&
           line.find("start the server as root (sudo), or leave --user out") != std::string::npos;
    good = good && cannot_become("", "mail", refused).line.find("--group out") != std::string::npos;
    ::_exit(good ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
