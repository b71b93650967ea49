#include "gatehouse/files/listing_page.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <limits>

#include "../allowed_script.hpp"
#include "gatehouse/base/limits.hpp"

using namespace gatehouse::files;
namespace base = gatehouse::base;

namespace {

constexpr std::chrono::sys_seconds noon =
    std::chrono::sys_days(std::chrono::year(2026) / 5 / 1) + std::chrono::hours(12);

listing sample() {
  listing list;
  list.entries = {{"docs", true, 0, noon},
                  {"a<b>&\"c'.txt", false, 1536, noon},
                  {"x:y z?#%.txt", false, 0, noon},
                  {"bad\xFF.txt", false, 1, noon}};
  list.directories = 1;
  list.size_bytes = 1537;
  return list;
}

std::string render_html(listing const& list, sorting order, std::string url_path,
                        std::size_t page = 1) {
  return whole_text(list, {std::move(url_path), order, page});
}

std::string render_json(listing const& list, std::string url_path) {
  return whole_text(list, {.url_path = std::move(url_path), .as_json = true});
}

// Of files with numbers for names.
listing long_sample(std::size_t count) {
  listing list;
  for (std::size_t i = 1; i <= count; ++i)
    list.entries.push_back({"n" + std::to_string(i) + ".txt", false, 1, noon});
  list.size_bytes = count;
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
  auto const script = gatehouse::tests::only_script(page);
  REQUIRE_FALSE(script.empty());
  CHECK(has(std::string(listing_page_policy), gatehouse::tests::script_source(script)));
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

TEST_CASE("the page says when there is nothing") {
  CHECK(has(render_html({}, {}, "/a/"), "There is nothing in this directory."));
  CHECK_FALSE(has(render_html(sample(), {}, "/"), "There is nothing"));
}

TEST_CASE("a page of many entries has a box that filters them, for whom scripts run") {
  constexpr auto most = base::limits::unfiltered_listing_entries;
  CHECK_FALSE(has(render_html(long_sample(most), {}, "/"), "<input"));
  auto const page = render_html(long_sample(most + 1), {}, "/");
  CHECK(has(page, "<form hidden><label>Filter<input type=\"search\""));
  auto const in_pages = long_sample(base::limits::listing_page_entries + 1);
  CHECK(has(render_html(in_pages, {}, "/", 1), "<label>Filter this page<input"));
  CHECK_FALSE(has(render_html(in_pages, {}, "/", 2), "<input"));
}

TEST_CASE("a long listing has pages, and each name is on one of them") {
  constexpr auto most = base::limits::listing_page_entries;
  auto const list = long_sample(2 * most + 1);
  std::string all;
  for (std::size_t page = 1; page <= 3; ++page) {
    CAPTURE(page);
    auto const text = render_html(list, {sort_key::size, true}, "/", page);
    CHECK(has(text, "Page " + std::to_string(page) + " of 3"));
    CHECK(has(text, std::to_string(2 * most + 1) + " files"));
    CHECK(has(text, "rel=\"prev\"") == (page > 1));
    CHECK(has(text, "rel=\"next\"") == (page < 3));
    all += text;
  }
  CHECK(has(all, "<a href=\"?sort=size&amp;order=desc&amp;page=3\" rel=\"next\">"));
  for (listing_entry const& entry : list.entries) {
    auto const link = "\"./" + entry.name + "\"";
    auto const at = all.find(link);
    REQUIRE(at != std::string::npos);
    REQUIRE(all.find(link, at + 1) == std::string::npos);
  }
  CHECK(has(render_html(list, {}, "/", 99), "Page 3 of 3"));
  CHECK_FALSE(has(render_html(long_sample(most), {}, "/"), "<nav>"));
}

TEST_CASE("programs get all names of a long listing at once") {
  constexpr auto count = 2 * base::limits::listing_page_entries + 1;
  auto const page = boost::json::parse(render_json(long_sample(count), "/")).as_object();
  auto const& entries = page.at("entries").as_array();
  REQUIRE(entries.size() == count);
  CHECK(entries.back().at("name").as_string() == "n" + std::to_string(count) + ".txt");
}

TEST_CASE("a text is made of pieces that are short") {
  auto const list = long_sample(base::limits::listing_page_entries);
  for (bool const as_json : {false, true}) {
    listing_text pieces(list, {.url_path = "/", .as_json = as_json});
    std::size_t longest = 0;
    std::string piece;
    while (pieces.append_next(piece)) {
      longest = std::max(longest, piece.size());
      piece.clear();
    }
    CHECK(longest < base::limits::stream_buffer_bytes);
  }
}

TEST_CASE("programs get the same as JSON") {
  auto const page = boost::json::parse(render_json(sample(), "/files/")).as_object();
  CHECK(page.at("path").as_string() == "/files/");
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
