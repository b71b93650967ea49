#include "gatehouse/app/programs.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "../temporary_directory.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/config/directories.hpp"

using namespace gatehouse;
using namespace gatehouse::app;
namespace fs = std::filesystem;

namespace {

// "/cgi-bin/a /cgi-bin/b"
std::string paths_of(config::options const& given, fs::path const& at) {
  auto const resolved = config::resolve_directories(given, at);
  if (auto const* wrong = std::get_if<config::usage_error>(&resolved)) FAIL(wrong->line);
  std::string out;
  for (auto const& p : served_programs(std::get<config::options>(resolved))) {
    CHECK(fs::is_regular_file(p.file));
    out += (out.empty() ? "" : " ") + p.path;
  }
  return out;
}

config::mapping cgi_at(std::string prefix, fs::path const& target) {
  return {std::move(prefix), "cgi", target, config::map_target::directory_or_program};
}

}  // namespace

TEST_CASE("programs that are offered are those that are meant to be run, and not too many") {
  gatehouse::tests::temporary_directory const directory;
  auto const write = [&](std::string const& name, mode_t mode) {
    directory.write("www/cgi-bin/" + name, "#!/bin/sh\n");
    REQUIRE(::chmod((directory.path() / "www/cgi-bin" / name).c_str(), mode) == 0);
  };
  write("runs", 0755);
  write("old~", 0755);
  write("data.txt", 0644);
  write("read.php", 0644);
  config::options given;
  given.site.interpreters.push_back({".php", "/bin/sh", {}});
  auto const offered = [&] {
    auto const resolved = config::resolve_directories(given, directory.path());
    if (auto const* wrong = std::get_if<config::usage_error>(&resolved)) FAIL(wrong->line);
    return runnable_programs(std::get<config::options>(resolved));
  };
  CHECK(offered() == std::vector<std::string>{"/cgi-bin/read.php", "/cgi-bin/runs"});
  for (std::size_t i = 0; i <= base::limits::offered_programs; ++i)
    write("p" + std::to_string(i), 0755);
  CHECK(offered().size() == base::limits::offered_programs);
  for (std::size_t i = 0; i <= base::limits::offered_files; ++i)
    write("d" + std::to_string(i), 0644);
  CHECK(offered().size() <= base::limits::offered_programs);
}

TEST_CASE("the programs are those that a request would find") {
  gatehouse::tests::temporary_directory const directory;
  for (auto const* const name : {"www/cgi-bin/b", "www/cgi-bin/a", "www/cgi-bin/sub/c",
                                 "www/cgi-bin/.hidden", "www/cgi-bin/.git/config", "www/app/x.cgi",
                                 "www/app/y.txt", "www/.z.cgi", "other/d", "other/e.cgi"}) {
    directory.write(name, "");
  }
  directory.link("www/cgi-bin/round", ".");
  directory.link("www/cgi-bin/nowhere", "none");
  directory.link("www/app/out.cgi", "../../other/e.cgi");
  struct row {
    std::string_view label;
    config::options given;
    std::string_view paths;
  };
  config::options by_extension, mapped, single, shadowed, replaced, off, linked, in_files;
  by_extension.site.cgi_extensions = {".cgi"};
  mapped.site.mappings = {cgi_at("/run", "other")};
  single.site.mappings = {cgi_at("/one", "other/d")};
  shadowed.site.mappings = {cgi_at("/cgi-bin/sub", "other")};
  replaced.site.mappings = {cgi_at("/cgi-bin", "other")};
  off.site.cgi_bin_off = true;
  linked.site.cgi_extensions = {".cgi"};
  linked.server.follow_symlinks = true;
  in_files.site.cgi_bin_off = true;
  in_files.site.cgi_extensions = {".cgi"};
  in_files.site.mappings = {{"/files", "static", "other"}};
  row const rows[] = {
      {"cgi-bin alone", {}, "/cgi-bin/a /cgi-bin/b /cgi-bin/sub/c"},
      {"by extension", by_extension, "/app/x.cgi /cgi-bin/a /cgi-bin/b /cgi-bin/sub/c"},
      {"links that leave the root", linked,
       "/app/out.cgi /app/x.cgi /cgi-bin/a /cgi-bin/b /cgi-bin/sub/c"},
      {"a mapped directory", mapped, "/cgi-bin/a /cgi-bin/b /cgi-bin/sub/c /run/d /run/e.cgi"},
      {"a mapped program", single, "/cgi-bin/a /cgi-bin/b /cgi-bin/sub/c /one"},
      {"a longer prefix", shadowed, "/cgi-bin/a /cgi-bin/b /cgi-bin/sub/d /cgi-bin/sub/e.cgi"},
      {"the same prefix", replaced, "/cgi-bin/d /cgi-bin/e.cgi"},
      {"none", off, ""},
      {"among mapped files", in_files, "/app/x.cgi /files/e.cgi"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(paths_of(r.given, directory.path()) == r.paths);
  }
}
