#include "gatehouse/base/directory_stream.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "../temporary_directory.hpp"

using namespace gatehouse::base;

TEST_CASE("the names of a directory are read up to a number, and dotfiles count") {
  gatehouse::tests::temporary_directory const where;
  auto const names = [&](std::size_t most) {
    directory_stream const stream(::opendir(where.path().c_str()));
    return visible_names(stream, most);
  };
  for (auto const* const name : {"b", "a", "c"}) std::ofstream(where.path() / name) << name;
  for (int i = 0; i < 20; ++i) std::ofstream(where.path() / ("." + std::to_string(i))) << i;
  CHECK(names(100) == std::vector<std::string>{"a", "b", "c"});
  CHECK(names(2).size() <= 2);
  CHECK(names(0).empty());
  CHECK(visible_names(nullptr, 5).empty());
}
