#include "gatehouse/files/listing_page.hpp"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <limits>

using namespace gatehouse::files;

namespace {

constexpr std::chrono::sys_seconds noon =
    std::chrono::sys_days(std::chrono::year(2026) / 5 / 1) + std::chrono::hours(12);

listing sample() {
  listing list;
  list.entries = {{"docs", true, 0, noon},
                  {"a<b>&\"c'.txt", false, 1536, noon},
                  {"x:y z?#%.txt", false, 0, noon},
                  {"bad\xFF.txt", false, 1, noon}};
  return list;
}

bool has(std::string const& page, std::string_view part) {
  return page.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the page shows names, sizes and dates, and escapes them") {
  auto const page = render_html(sample(), {}, "/files/");
  CHECK(has(page, "href=\"./docs/\""));
  CHECK(has(page, "a&lt;b&gt;&amp;&quot;c&#39;.txt"));
  CHECK_FALSE(has(page, "<b>&\"c"));
  CHECK(has(page, "href=\"./a%3Cb%3E&amp;%22c&#39;.txt\""));
  CHECK(has(page, "href=\"./x:y%20z%3F%23%25.txt\""));
  CHECK(has(page, "href=\"./bad%FF.txt\""));
  CHECK(has(page, "bad\xEF\xBF\xBD.txt"));
  CHECK(has(page, "1.5 KiB"));
  CHECK(has(page, "<time datetime=\"2026-05-01T12:00:00Z\">2026-05-01<span> 12:00</span></time>"));
  CHECK(has(page, "1 directory, 3 files, 1.5 KiB"));
  CHECK_FALSE(has(page, "<script"));
}

TEST_CASE("the page has a link for every directory on the way") {
  auto const page = render_html(sample(), {}, "/a b//c\"/d/");
  CHECK(has(page, "<a href=\"/\">/</a>"));
  CHECK(has(page, "<a href=\"/a%20b/\">a b</a>"));
  CHECK(has(page, "<a href=\"/a%20b/c%22/\">c&quot;</a>"));
  CHECK(has(page, "<b>d</b>"));
  CHECK(has(page, "href=\"../\""));
  CHECK(has(page, "<title>d/</title>"));
  auto const root = render_html(sample(), {}, "/");
  CHECK_FALSE(has(root, "href=\"../\""));
  CHECK(has(root, "<title>/</title>"));
}

TEST_CASE("the heads of the columns are links that sort") {
  auto const by_name = render_html(sample(), {}, "/");
  CHECK(has(by_name, "aria-sort=\"ascending\"><a href=\"?sort=name&amp;order=desc\">Name"));
  CHECK(has(by_name, "<th scope=\"col\"><a href=\"?sort=size&amp;order=desc\">Size"));
  CHECK(has(by_name, "<th scope=\"col\"><a href=\"?sort=date&amp;order=desc\">Modified"));
  auto const by_size = render_html(sample(), {sort_key::size, true}, "/");
  CHECK(has(by_size, "aria-sort=\"descending\"><a href=\"?sort=size&amp;order=asc\">Size"));
  CHECK(has(by_size, "<th scope=\"col\"><a href=\"?sort=name&amp;order=asc\">Name"));
}

TEST_CASE("the page says when there is nothing, or more than it shows") {
  CHECK(has(render_html({}, {}, "/a/"), "There is nothing in this directory."));
  CHECK_FALSE(has(render_html(sample(), {}, "/"), "There is nothing"));
  auto list = sample();
  CHECK_FALSE(has(render_html(list, {}, "/"), "class=\"note\""));
  list.truncated = true;
  CHECK(has(render_html(list, {}, "/"), "class=\"note\""));
}

TEST_CASE("programs get the same as JSON") {
  auto const page = boost::json::parse(render_json(sample(), "/files/")).as_object();
  CHECK(page.at("path").as_string() == "/files/");
  CHECK_FALSE(page.at("truncated").as_bool());
  auto const& entries = page.at("entries").as_array();
  REQUIRE(entries.size() == 4);
  auto const& directory = entries[0].as_object();
  CHECK(directory.at("type").as_string() == "directory");
  CHECK(directory.at("href").as_string() == "./docs/");
  CHECK_FALSE(directory.contains("size"));
  auto const& file = entries[1].as_object();
  CHECK(file.at("name").as_string() == "a<b>&\"c'.txt");
  CHECK(file.at("type").as_string() == "file");
  CHECK(file.at("size").to_number<int>() == 1536);
  CHECK(file.at("modified").as_string() == "2026-05-01T12:00:00Z");
  CHECK(entries[3].as_object().at("name").as_string() == "bad\xEF\xBF\xBD.txt");
  CHECK(entries[3].as_object().at("href").as_string() == "./bad%FF.txt");
}

TEST_CASE("sizes are short") {
  struct row {
    std::uint64_t bytes;
    char const* expected;
  };
  row const rows[] = {
      {0, "0 B"},
      {1023, "1023 B"},
      {1024, "1.0 KiB"},
      {1536, "1.5 KiB"},
      {10 * 1024, "10 KiB"},
      {10187, "9.9 KiB"},
      {10189, "10 KiB"},
      {1024 * 1024 - 1, "1.0 MiB"},
      {12'000'000, "11 MiB"},
      {std::numeric_limits<std::uint64_t>::max(), "16 EiB"},
  };
  for (row const& r : rows) CHECK(human_size(r.bytes) == r.expected);
}
