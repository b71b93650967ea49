#include "gatehouse/show/text_page.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::show;

TEST_CASE("steps are numbered, with an empty line between them") {
  text_page page(false);
  page.step("One");
  page.say("a\tb\nc");
  page.step("Two");
  page.complain("\x1b[31m");
  CHECK(std::move(page).finished() == "1. One\n   a\\tb\\nc\n\n2. Two\n   \\x1b[31m\n");
}

TEST_CASE("the columns of a table are aligned, and a value that is too wide stands alone") {
  std::string const wide(50, 'w');
  text_page page(false);
  page.table({{"a", "1", "note", "after"}, {"long", "2"}, {"b", wide, "below"}});
  CHECK(std::move(page).finished() ==
        "   a     1  note   after\n"
        "   long  2\n"
        "   b     " +
            wide +
            "\n"
            "            below\n");
}

TEST_CASE("of a head every line end is shown, of content only CR LF") {
  text_page page(false);
  page.head("A: b\r\nC: d\n");
  page.content("x\r\ny\nz", 100);
  CHECK(std::move(page).finished() ==
        "     A: b\\r\\n\n     C: d\\n\n     x\\r\\n\n     y\n     z\n"
        "   ... the first 6 of 100 bytes\n");
}

TEST_CASE("colours are for whoever wants them") {
  text_page page(true);
  page.step("One");
  page.complain("no");
  CHECK(std::move(page).finished() == "\x1b[1m1. One\x1b[0m\n   \x1b[31mno\x1b[0m\n");
}
