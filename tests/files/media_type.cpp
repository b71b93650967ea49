#include "gatehouse/files/media_type.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::files;

TEST_CASE("a file's name tells its media type") {
  auto table = media_type_table::built_in();
  table.add(
      "# comment\n"
      "application/spdx+json  spdx.json\n"
      "application/x-thing\tone two\t three # four\n"
      "no-type                five\n"
      "a/b/c                  six\n"
      "text/nothing\n"
      "Application/X-Upper    SEVEN\r\n"
      "text/first             twice\n"
      "text/second            twice\n"
      "image/svg+xml          svg SVGZ\n"
      "application/x-last     last");
  struct row {
    std::string_view label;
    char const* name;
    char const* expected;
  };
  row const rows[] = {
      {"a page", "index.html", "text/html; charset=utf-8"},
      {"upper case", "INDEX.HTML", "text/html; charset=utf-8"},
      {"a script for the browser", "a.js", "text/javascript; charset=utf-8"},
      {"a module", "a.mjs", "text/javascript; charset=utf-8"},
      {"data", "a.json", "application/json; charset=utf-8"},
      {"XML", "a.xml", "application/xml; charset=utf-8"},
      {"a drawing", "a.svg", "image/svg+xml; charset=utf-8"},
      {"a picture", "a.png", "image/png"},
      {"WebAssembly", "a.wasm", "application/wasm"},
      {"the last ending", "a.min.css", "text/css; charset=utf-8"},
      {"an ending with a dot", "a.spdx.json", "application/spdx+json; charset=utf-8"},
      {"a compressed archive", "a.tar.gz", "application/gzip"},
      {"a compressed page", "a.html.gz", "application/gzip"},
      {"a compressed drawing", "a.svgz", "application/gzip"},
      {"several endings", "a.two", "application/x-thing"},
      {"the last of several", "a.three", "application/x-thing"},
      {"not in a comment", "a.four", "application/octet-stream"},
      {"a line without a type", "a.five", "application/octet-stream"},
      {"a type with two slashes", "a.six", "application/octet-stream"},
      {"a table in upper case", "a.seven", "application/x-upper"},
      {"the later line wins", "a.twice", "text/second; charset=utf-8"},
      {"a last line without its end", "a.last", "application/x-last"},
      {"no ending", "html", "application/octet-stream"},
      {"nothing after the dot", "a.", "application/octet-stream"},
      {"an unknown ending", "a.unknown", "application/octet-stream"},
      {"no name", "", "application/octet-stream"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(table.for_name(r.name) == r.expected);
  }
}

TEST_CASE("the system's table knows what every site needs") {
  CHECK(system_media_types().for_name("a.html") == "text/html; charset=utf-8");
  CHECK(system_media_types().for_name("a.css") == "text/css; charset=utf-8");
  CHECK(system_media_types().for_name("a.tar.gz") == "application/gzip");
}
