#include "gatehouse/files/file_cache.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>

#include "gatehouse/base/limits.hpp"

using namespace gatehouse;
using namespace gatehouse::files;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<cached_file const> file_of(std::size_t bytes) {
  auto const file = std::make_shared<cached_file>();
  file->forms.push_back({{}, {}, std::string(bytes, 'x'), {}});
  file->states.emplace_back();
  return file;
}

constexpr file_cache::time start{1h};

struct stat changed_at(std::time_t modified, std::time_t changed) {
  struct stat state {};
  state.st_mtim.tv_sec = modified;
  state.st_ctim.tv_sec = changed;
  return state;
}

}  // namespace

TEST_CASE("what was looked at is trusted for a while, and then known but not trusted") {
  file_cache cache(1'000'000);
  auto const file = file_of(10);
  CHECK_FALSE(cache.find("/a", start).has_value());
  cache.keep("/a", file, start);
  struct row {
    std::string_view label;
    file_cache::time at;
    bool trusted;
  };
  row const rows[] = {
      {"at once", start, true},
      {"at the end of the trust", start + base::limits::cached_file_trust, true},
      {"after it", start + base::limits::cached_file_trust + 1ns, false},
      {"much later", start + 24h, false},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const known = cache.find("/a", r.at);
    REQUIRE(known.has_value());
    CHECK(known->file == file);
    CHECK(known->trusted == r.trusted);
  }
  cache.keep("/a", file, start + 24h);  // found unchanged
  CHECK(cache.find("/a", start + 24h)->trusted);
}

TEST_CASE("a file that was replaced takes the place of the old one") {
  file_cache cache(1'000'000);
  cache.keep("/a", file_of(1000), start);
  auto const before = cache.size_bytes();
  auto const next = file_of(3000);
  cache.keep("/a", next, start);
  CHECK(cache.find("/a", start)->file == next);
  CHECK(cache.size_bytes() == before + 2000);
}

TEST_CASE("the cache keeps to its limit, and what is asked for stays longest") {
  file_cache cache(100'000);
  cache.keep("/wanted", file_of(20'000), start);
  for (int i = 0; i < 50; ++i) {
    REQUIRE(cache.find("/wanted", start).has_value());
    cache.keep("/" + std::to_string(i), file_of(20'000), start);
    CHECK(cache.size_bytes() <= 100'000);
  }
  CHECK_FALSE(cache.find("/10", start).has_value());
  CHECK(cache.find("/49", start).has_value());
}

TEST_CASE("a file over the limit is not taken, and drives nothing out") {
  file_cache cache(100'000);
  cache.keep("/small", file_of(20'000), start);
  cache.keep("/large", file_of(100'000), start);
  CHECK_FALSE(cache.find("/large", start).has_value());
  CHECK(cache.find("/small", start).has_value());
}

TEST_CASE("any change shows in the state of a file") {
  struct stat const before = changed_at(100, 100);
  struct row {
    std::string_view label;
    void (*change)(struct stat&);
  };
  row const rows[] = {
      {"another device", [](struct stat& s) { s.st_dev = 9; }},
      {"another inode", [](struct stat& s) { s.st_ino = 9; }},
      {"another kind or permission", [](struct stat& s) { s.st_mode = S_IFDIR; }},
      {"another size", [](struct stat& s) { s.st_size = 9; }},
      {"written", [](struct stat& s) { s.st_mtim.tv_nsec = 1; }},
      {"written, with the old time put back", [](struct stat& s) { s.st_ctim.tv_nsec = 1; }},
  };
  CHECK(same_state(before, before));
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto after = before;
    r.change(after);
    CHECK_FALSE(same_state(before, after));
  }
}

TEST_CASE("a file settles when both of its times are old enough") {
  auto const now = std::chrono::system_clock::time_point(1000s);
  CHECK(is_settled(changed_at(100, 998), now));
  CHECK(is_settled(changed_at(998, 100), now));
  CHECK_FALSE(is_settled(changed_at(100, 999), now));
  CHECK_FALSE(is_settled(changed_at(999, 100), now));
  CHECK_FALSE(is_settled(changed_at(5000, 100), now));
}

TEST_CASE("no more files are held open than the limit, and what is dropped is closed") {
  file_cache cache(1'000'000);
  std::weak_ptr<cached_file const> first;
  for (std::size_t i = 0; i <= base::limits::cached_open_files; ++i) {
    auto const file = std::make_shared<cached_file>();
    file->forms.push_back({{}, {}, {}, base::unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
    file->states.emplace_back();
    if (i == 0) first = file;
    cache.keep("/" + std::to_string(i), file, start);
    CHECK(cache.open_files() == std::min(i + 1, base::limits::cached_open_files));
  }
  CHECK(first.expired());
  CHECK_FALSE(cache.find("/0", start).has_value());
  CHECK(cache.find("/1", start).has_value());
}
