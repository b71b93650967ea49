#include "gatehouse/files/copy_name.hpp"

#include <doctest/doctest.h>

using gatehouse::files::holds_script_extension;
using gatehouse::files::media_type_table;

TEST_CASE("a name that holds a script's extension is a script's or that of its copy") {
  auto known = media_type_table::built_in();
  known.add("application/x-httpd-php-source phps\napplication/x-python-code pyc\n");
  struct row {
    char const* name;
    char const* extension;
    bool holds;
  };
  row const rows[] = {
      {"a.cgi", ".cgi", true},
      {"a.CGI", ".cgi", true},
      {"a.cgi~", ".cgi", true},
      {"a.cgi.bak", ".cgi", true},
      {"a.cgi.BAK", ".cgi", true},
      {"a.cgi.orig.gz", ".cgi", true},
      {"a.cgi.~17~.zst", ".cgi", true},
      {"a.cgi. .", ".cgi", true},
      {"#a.cgi#", ".cgi", true},
      {"a.cgi.ucf-old", ".cgi", true},
      {"a.cgi.pacnew", ".cgi", true},
      {"a.cgi.new", ".cgi", true},
      {"a.cgi.copy", ".cgi", true},
      {"a.cgi.1", ".cgi", true},
      {"a.cgi1", ".cgi", true},
      {"a.cgi_bak", ".cgi", true},
      {"a.cgi,v", ".cgi", true},
      {"a.cgi (copy)", ".cgi", true},
      {"a.cgibak", ".cgi", true},
      {"a.cgi.txt", ".cgi", true},
      {"a.php.en.html", ".php", true},
      {"a.phps", ".php", true},
      {"a.php5", ".php", true},
      {"db.cpython-311.pyc", ".py", true},
      {"a.pyc", ".py", true},
      {"a.json", ".js", false},
      {"a.json.js", ".js", true},
      {"a.js.json", ".js", true},
      {"a.JSON~", ".js", false},
      {"a.json2", ".js", true},
      {"a.bak.cgi", ".cgi", true},
      {"cgi", ".cgi", false},
      {"acgi", ".cgi", false},
      {"a.txt", ".cgi", false},
      {"a.cg", ".cgi", false},
      {"", ".cgi", false},
      {"a.", ".", false},
      {"a", "", false},
  };
  for (row const& r : rows) {
    CAPTURE(std::string_view(r.name));
    CAPTURE(std::string_view(r.extension));
    CHECK(holds_script_extension(r.name, r.extension, known) == r.holds);
  }
}
