#include "gatehouse/base/columns.hpp"

#include <doctest/doctest.h>

using namespace gatehouse;

TEST_CASE("each character of a text takes one column, however many bytes it has") {
  CHECK(base::columns_of("") == 0);
  CHECK(base::columns_of("abc") == 3);
  CHECK(base::columns_of("größer") == 6);
  CHECK(base::columns_of("日本") == 2);
}

TEST_CASE("a number of bytes is said in words") {
  CHECK(base::bytes_text(0) == "0 bytes");
  CHECK(base::bytes_text(1) == "1 byte");
  CHECK(base::bytes_text(2) == "2 bytes");
}
