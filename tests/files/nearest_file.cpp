#include "gatehouse/files/nearest_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "../temporary_directory.hpp"
#include "gatehouse/base/limits.hpp"

using namespace gatehouse::files;
namespace fs = std::filesystem;

namespace {

void put(fs::path const& file) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << "x";
}

bool is_php(std::string_view name) {
  return name.find(".php") != std::string_view::npos;
}

}  // namespace

TEST_CASE("of a path that names no file the nearest in the same directory is offered") {
  gatehouse::tests::temporary_directory const outer;
  fs::path const where = fs::canonical(outer.path()) / "www";
  put(where / "style.css");
  put(where / "docs" / "guide.html");
  put(where / "docs" / "page.php");
  put(where / "docs" / "page.php.bak");
  put(where / ".secret.txt");
  put(where / "programs" / "tool.sh");
  put(where.parent_path() / "outside.txt");
  fs::create_symlink(where.parent_path() / "outside.txt", where / "leaving.txt");
  fs::create_symlink("docs/page.php", where / "harmless.txt");
  document_root const root({.directory = where, .hidden = {where / "programs"}});
  struct row {
    std::string_view path;
    std::string_view near;  // empty: none
  };
  row const rows[] = {
      {"/stlye.css", "/style.css"},
      {"/style", "/style.css"},
      {"/docs/giude.html", "/docs/guide.html"},
      {"/dosc", "/docs/"},
      {"/dosc/", "/docs/"},
      {"/style.css/", "/style.css"},
      {"/dosc/guide.html", ""},   // its directory is not there
      {"/docs/page.ph", ""},      // a script's source and a copy of it
      {"/docs/page.php.bk", ""},  // the same
      {"/secret.txt", ""},        // hidden
      {"/leavin.txt", ""},        // leads out of the root
      {"/harmles.txt", ""},       // leads to a script
      {"/program", ""},           // a directory of programs
      {"/programs/tol.sh", ""},   // a program
      {"/quite-another-thing", ""},
      {"", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.path);
    CHECK(nearest_file(root, r.path, is_php).value_or("") == r.near);
  }
}

TEST_CASE("a large directory is not read to its end for the nearest name") {
  gatehouse::tests::temporary_directory const where;
  constexpr auto count = 2 * gatehouse::base::limits::names_compared;
  for (std::size_t i = 0; i < count; ++i) put(where.path() / ("name" + std::to_string(i) + ".txt"));
  document_root const root({.directory = where.path()});
  std::size_t looked_at = 0;
  nearest_file(root, "/another", [&](std::string_view) {
    ++looked_at;
    return false;
  });
  CHECK(looked_at > 0);
  CHECK(looked_at <= gatehouse::base::limits::names_compared);
}
