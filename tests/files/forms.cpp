#include "gatehouse/files/forms.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../temporary_directory.hpp"
#include "gatehouse/base/limits.hpp"

using namespace gatehouse;
using namespace gatehouse::files;
using gatehouse::tests::temporary_directory;
using namespace std::chrono_literals;

namespace {

constexpr std::time_t settled = 1'700'000'000;

// A root with a file of so many bytes that was made long ago.
struct place {
  explicit place(std::size_t bytes = 10) {
    dir.file("a.css", std::string(bytes, 'a'));
    dir.touch("a.css", settled);
  }
  known_forms open() const {
    document_root const root({.directory = dir.path()});
    auto bare = root.open("/a.css");
    REQUIRE(bare.has_value());
    return open_forms(root, "/a.css", std::move(*bare));
  }
  temporary_directory dir;
};

// Long enough after its last change for the cache.
void wait_until_settled(place const& p) {
  auto const end = std::chrono::steady_clock::now() + 30s;
  while (!is_settled(p.open().forms.back().file.status, std::chrono::system_clock::now())) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    std::this_thread::sleep_for(10ms);
  }
}

std::string codings(known_forms const& known) {
  std::string out;
  for (auto const& form : known.forms) {
    out.append(out.empty() ? "" : " ").append(form.coding.empty() ? "bare" : form.coding);
  }
  return out;
}

}  // namespace

TEST_CASE("a file's forms are what lies compressed beside it and is not older") {
  place const p;
  CHECK(codings(p.open()) == "bare");
  p.dir.file("a.css.gz", "z");
  CHECK(codings(p.open()) == "gzip bare");
  p.dir.file("a.css.br", "b");
  CHECK(codings(p.open()) == "br gzip bare");
  p.dir.touch("a.css.br", settled);
  CHECK(codings(p.open()) == "br gzip bare");
  p.dir.touch("a.css.gz", settled - 1);
  CHECK(codings(p.open()) == "br bare");
  std::filesystem::remove(p.dir / "a.css.gz");
  p.dir.directory("a.css.gz");
  CHECK(codings(p.open()) == "br bare");
  CHECK(p.open().all);
}

TEST_CASE("a form that cannot be opened now is not known to be missing") {
  place const p;
  p.dir.link("a.css.gz", "nowhere");
  CHECK(p.open().all);
  std::filesystem::remove(p.dir / "a.css.gz");
  p.dir.link("a.css.gz", "/etc/passwd");  // refused with 403, as a file without permission is
  CHECK(codings(p.open()) == "bare");
  CHECK_FALSE(p.open().all);
}

TEST_CASE("what was changed a moment ago is not kept, and stays open") {
  place const fresh;
  fresh.dir.file("a.css", "new");
  auto forms = fresh.open().forms;
  CHECK(kept_forms(forms, "text/css") == nullptr);
  CHECK(forms.back().file.file);
}

TEST_CASE(
    "the cache keeps a small file's bytes, a larger one's descriptor, nothing of a huge one") {
  place const small;
  place const larger(base::limits::cached_file_bytes + 1);
  place const huge(base::limits::cached_open_file_bytes + 1);
  wait_until_settled(huge);

  auto forms = small.open().forms;
  auto const in_memory = kept_forms(forms, "text/css");
  REQUIRE(in_memory != nullptr);
  CHECK(in_memory->forms.back().content == std::string(10, 'a'));
  CHECK_FALSE(in_memory->forms.back().file);
  CHECK(forms.back().file.file);

  auto opened = larger.open().forms;
  auto const held = kept_forms(opened, "text/css");
  REQUIRE(held != nullptr);
  CHECK(held->forms.back().content.empty());
  CHECK(held->forms.back().file);
  CHECK_FALSE(opened.back().file.file);

  auto too_large = huge.open().forms;
  CHECK(kept_forms(too_large, "text/css") == nullptr);
  CHECK(too_large.back().file.file);

  CHECK(is_same(*in_memory, small.open().forms));
  small.dir.touch("a.css", settled);
  CHECK_FALSE(is_same(*in_memory, small.open().forms));
}
