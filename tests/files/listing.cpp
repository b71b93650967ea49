#include "gatehouse/files/listing.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "../temporary_directory.hpp"

using namespace gatehouse;
using namespace gatehouse::files;
using gatehouse::tests::temporary_directory;

namespace {

std::string names(listing const& list) {
  std::string out;
  for (listing_entry const& entry : list.entries) {
    if (!out.empty()) out += ' ';
    out += entry.name + (entry.is_directory ? "/" : "");
  }
  return out;
}

listing read(document_root const& root, std::string_view path) {
  auto directory = root.open(path);
  REQUIRE(directory.has_value());
  listing_reader reader(root, *directory, std::string(path));
  while (true) {
    auto const state = reader.read_some(2);
    REQUIRE(state.has_value());
    if (*state == listing_reader::progress::at_end) return reader.take();
  }
}

}  // namespace

TEST_CASE("a listing has what can be got, and nothing else") {
  temporary_directory dir;
  dir.file("www/b.txt", "12345");
  dir.file("www/a.cgi", "");
  dir.file("www/sub/x", "");
  dir.file("www/.hidden", "");
  dir.directory("www/.git");
  dir.file("www/cgi-bin/script", "");
  dir.file("outside", "o");
  dir.fifo("www/fifo");
  dir.link("www/to-file", "b.txt");
  dir.link("www/to-sub", "sub");
  dir.link("www/to-scripts", "cgi-bin");
  dir.link("www/out", "../outside");
  dir.link("www/dangling", "none");
  dir.touch("www/b.txt", 1'700'000'000);
  document_root const root({.directory = dir / "www", .hidden = {dir / "www/cgi-bin"}});
  auto list = read(root, "/");
  sort_entries(list, {});
  CHECK(names(list) == "sub/ to-sub/ a.cgi b.txt to-file");
  CHECK(list.directories == 2);
  CHECK(list.size_bytes == 10);
  CHECK(list.entries[3].size_bytes == 5);
  CHECK(list.entries[3].modified.time_since_epoch().count() == 1'700'000'000);
  CHECK(list.entries[4].size_bytes == 5);
  CHECK(read(root, "/sub").entries.size() == 1);

  document_root const following(
      {.directory = dir / "www", .follow_symlinks = true, .hidden = {dir / "www/cgi-bin"}});
  auto more = read(following, "/");
  sort_entries(more, {});
  CHECK(names(more) == "sub/ to-sub/ a.cgi b.txt out to-file");
}

TEST_CASE("a listing is read as far as its reader has time for") {
  temporary_directory dir;
  for (int i = 0; i < 10; ++i) dir.file("www/" + std::to_string(i), "");
  document_root const root({.directory = dir / "www"});
  auto const directory = root.open("/");
  REQUIRE(directory.has_value());
  listing_reader reader(root, *directory, "/");
  CHECK((reader.read_some(5).value() == listing_reader::progress::unfinished));
  CHECK(reader.size_bytes() > 0);
  CHECK((reader.read_some(100).value() == listing_reader::progress::at_end));
  CHECK(reader.take().entries.size() == 10);
}

TEST_CASE("the query says which page") {
  struct row {
    std::string_view query;
    std::size_t expected;
  };
  row const rows[] = {
      {"", 1},
      {"page=3", 3},
      {"sort=size&page=12&order=desc", 12},
      {"page=0", 1},
      {"page=-1", 1},
      {"page=x", 1},
      {"page=", 1},
      {"xpage=2", 1},
      {"page=2&page=3", 3},
      {"page=99999999999999999999", 1},
  };
  for (row const& r : rows) {
    CAPTURE(r.query);
    CHECK(parse_page(r.query) == r.expected);
  }
}

TEST_CASE("the query says how to sort") {
  struct row {
    std::string_view query;
    sorting expected;
  };
  row const rows[] = {
      {"", {sort_key::name, false}},
      {"sort=size&order=desc", {sort_key::size, true}},
      {"order=desc&sort=date", {sort_key::modified, true}},
      {"sort=name", {sort_key::name, false}},
      {"order=desc", {sort_key::name, true}},
      {"sort=color&order=up", {sort_key::name, false}},
      {"&&sort=size&x", {sort_key::size, false}},
      {"sort=size&sort=date", {sort_key::modified, false}},
      {"xsort=size", {sort_key::name, false}},
  };
  for (row const& r : rows) {
    CAPTURE(r.query);
    CHECK((parse_sorting(r.query) == r.expected));
  }
}

TEST_CASE("entries are sorted as people count") {
  auto const file = [](char const* name, std::uint64_t size, int modified) {
    return listing_entry{name, false, size,
                         std::chrono::sys_seconds(std::chrono::seconds(modified))};
  };
  auto const directory = [](char const* name, int modified) {
    return listing_entry{name, true, 0, std::chrono::sys_seconds(std::chrono::seconds(modified))};
  };
  listing list;
  list.entries = {file("img10", 3, 1),  file("img9", 1, 2),  file("IMG9", 1, 3),
                  file("Beta", 7, 4),   file("alpha", 2, 5), file("img", 1, 6),
                  file("img010", 9, 7), directory("z", 9),   directory("a", 8)};
  struct row {
    std::string_view label;
    sorting order;
    char const* expected;
  };
  row const rows[] = {
      {"by name", {sort_key::name, false}, "a/ z/ alpha Beta img IMG9 img9 img010 img10"},
      {"by name, backwards", {sort_key::name, true}, "z/ a/ img10 img010 img9 IMG9 img Beta alpha"},
      {"by size", {sort_key::size, false}, "a/ z/ img IMG9 img9 alpha img10 Beta img010"},
      {"by size, backwards", {sort_key::size, true}, "a/ z/ img010 Beta img10 alpha img IMG9 img9"},
      {"by date", {sort_key::modified, false}, "a/ z/ img10 img9 IMG9 Beta alpha img img010"},
      {"by date, backwards",
       {sort_key::modified, true},
       "z/ a/ img010 img alpha Beta IMG9 img9 img10"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    sort_entries(list, r.order);
    CHECK(names(list) == r.expected);
    std::reverse(list.entries.begin(), list.entries.end());
    sort_entries(list, r.order);
    CHECK(names(list) == r.expected);
  }
}
