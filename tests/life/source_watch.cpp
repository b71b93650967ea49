#include "gatehouse/life/source_watch.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "../temporary_directory.hpp"

using gatehouse::life::source_watch;
using gatehouse::tests::temporary_directory;
namespace fs = std::filesystem;

namespace {

struct files {
  std::string write(std::string const& name, std::string const& text) const {
    auto const path = directory.path() / name;
    std::ofstream(path) << text;
    return path.string();
  }
  temporary_directory directory;
};

}  // namespace

TEST_SUITE_BEGIN("source_watch");

TEST_CASE("a change is told once, when nothing has changed since the look before") {
  files in;
  std::vector<std::string> const all{in.write("a.py", "1"), in.write("b.py", "1")};
  source_watch watch;
  CHECK_FALSE(watch.look(all));
  CHECK_FALSE(watch.look(all));
  in.write("a.py", "22");
  CHECK_FALSE(watch.look(all));
  in.write("b.py", "22");
  CHECK_FALSE(watch.look(all));
  CHECK(watch.look(all) == all[1]);
  CHECK_FALSE(watch.look(all));
}

TEST_CASE("a file that is gone or replaced has changed, one that is new has not") {
  files in;
  std::vector<std::string> all{in.write("a.py", "1")};
  source_watch watch;
  CHECK_FALSE(watch.look(all));
  fs::remove(all[0]);
  CHECK_FALSE(watch.look(all));
  CHECK(watch.look(all) == all[0]);
  all.push_back(in.write("new.py", "1"));
  CHECK_FALSE(watch.look(all));
  CHECK_FALSE(watch.look(all));
  // As editors save: another file takes the place.
  auto const saved = in.write("new.py~", "2");
  fs::last_write_time(saved, fs::last_write_time(all[1]));
  fs::rename(saved, all[1]);
  CHECK_FALSE(watch.look(all));
  CHECK(watch.look(all) == all[1]);
}

TEST_SUITE_END();
