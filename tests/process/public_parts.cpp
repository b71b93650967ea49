#include "gatehouse/process/public_parts.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "../temporary_directory.hpp"

using namespace gatehouse;
namespace fs = std::filesystem;

TEST_CASE("a directory in which all is public stands for what is in it") {
  tests::temporary_directory const at;
  at.write("private", "", 0640);
  at.write("public", "");
  at.write("all/public", "");
  at.write("some/public", "");
  at.write("some/inner/public", "");
  at.write("some/private", "", 0600);
  at.write("closed/public", "");
  fs::permissions(at / "closed", fs::perms::owner_all);
  at.link("link", at / "private");
  at.fifo("fifo");
  auto parts = process::public_parts_of(at.path());
  std::sort(parts.paths.begin(), parts.paths.end());
  CHECK(parts.paths ==
        std::vector{at / "all", at / "public", at / "some/inner", at / "some/public"});
}

TEST_CASE("what is as it was has not changed") {
  CHECK_FALSE(process::has_changed(process::public_parts_of("/bin")));
}

TEST_CASE("a change anywhere in what was looked at is noticed") {
  tests::temporary_directory const at;
  at.write("all/inner/public", "");
  at.write("private", "", 0600);
  at.write("new", "");
  auto const parts = process::public_parts_of(at.path());
  fs::rename(at / "new", at / "all/inner/public");
  CHECK(process::has_changed(parts));
}
