#include "gatehouse/http/fields.hpp"

#include <doctest/doctest.h>

using namespace gatehouse::http;

namespace {

fields sample() {
  fields f;
  f.add("Host", "h");
  f.add("Accept", "a");
  f.add("accept", "b");
  f.add("Empty", "");
  return f;
}

std::string shown(fields const& list) {
  std::string out;
  for (field const f : list) out.append(f.name).append("=").append(f.value).append(";");
  return out;
}

}  // namespace

TEST_CASE("fields keep their order and the case of their names") {
  CHECK(shown(sample()) == "Host=h;Accept=a;accept=b;Empty=;");
  CHECK(sample().size() == 4);
  CHECK(sample()[2].name == "accept");
}

TEST_CASE("a field is found by its name in any case") {
  auto const f = sample();
  CHECK((f.find("ACCEPT") == "a"));
  CHECK((f.find("Empty") == ""));
  CHECK_FALSE(f.find("Accep").has_value());
  CHECK(f.contains("hOST"));
  CHECK(f.count("Accept") == 2);
  CHECK(f.count("none") == 0);
}

TEST_CASE("repeated fields are joined") {
  CHECK(sample().combined("accept") == "a, b");
  CHECK(sample().combined("host") == "h");
  CHECK(sample().combined("none").empty());
}

TEST_CASE("erase and set take every field of the name") {
  auto f = sample();
  CHECK(f.erase("ACCEPT") == 2);
  CHECK(f.erase("ACCEPT") == 0);
  CHECK(shown(f) == "Host=h;Empty=;");
  f = sample();
  f.set("Accept", "c");
  CHECK(shown(f) == "Host=h;Empty=;Accept=c;");
  f.clear();
  CHECK(f.empty());
  f.add("A", "1");
  CHECK(shown(f) == "A=1;");
}

TEST_CASE("a copy does not share bytes with its origin") {
  auto f = sample();
  fields const copy = f;
  f.clear();
  f.add("Other", "other");
  CHECK(shown(copy) == "Host=h;Accept=a;accept=b;Empty=;");
}

TEST_CASE("fields become lines of a head, in their order") {
  fields list;
  std::string head = "HTTP/1.1 200 OK\r\n";
  list.append_lines(head);
  CHECK(head == "HTTP/1.1 200 OK\r\n");
  list.add("A", "1");
  list.add("b", "");
  list.add("A", "2, 3");
  list.append_lines(head);
  CHECK(head == "HTTP/1.1 200 OK\r\nA: 1\r\nb: \r\nA: 2, 3\r\n");
}
