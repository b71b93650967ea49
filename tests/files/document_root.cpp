#include "gatehouse/files/document_root.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <set>
#include <system_error>
#include <thread>

#include "../refuse_call.hpp"
#include "../temporary_directory.hpp"

using namespace gatehouse;
using namespace gatehouse::files;
using gatehouse::tests::temporary_directory;

namespace {

// A root "www" with files of every kind, beside things that lie outside.
void fill(temporary_directory const& dir) {
  dir.file("www/a.txt", "a");
  dir.file("www/sub/b.txt", "b");
  dir.file("www/cgi-bin/script", "#!/bin/sh");
  dir.file("www/cgi-bin/deep/script", "#!/bin/sh");
  dir.file("www/cgi-bin-2/c.txt", "c");
  dir.file("outside/o.txt", "o");
  dir.fifo("www/fifo");
  dir.link("www/link", "a.txt");
  dir.link("www/absolute", dir / "www/sub");
  dir.link("www/sub/up", "../a.txt");
  dir.link("www/out", "../outside/o.txt");
  dir.link("www/outdir", dir / "outside");
  dir.link("www/around", "../www/a.txt");
  dir.link("www/to-scripts", "cgi-bin");
  dir.link("www/to-script", "cgi-bin/script");
  dir.link("www/to-deep", dir / "www/cgi-bin/deep");
  dir.link("www/loop", "loop");
  dir.link("www/dangling", "nowhere");
  dir.link("www/magic", "/proc/self/fd/0");
}

document_root::settings settings_for(temporary_directory const& dir) {
  return {.directory = dir / "www", .follow_symlinks = false, .hidden = {dir / "www/cgi-bin"}};
}

// "file NAME", "directory NAME" or "STATUS reason".
std::string shown(http::result<open_file> const& opened) {
  if (opened.has_error()) {
    return std::to_string(opened.error().status) + " " + std::string(opened.error().reason);
  }
  return (opened->is_directory() ? "directory " : "file ") + opened->real_name;
}

// The limit on open descriptors, lowered until the end of the case.
class lowered_file_limit {
 public:
  lowered_file_limit() {
    ::getrlimit(RLIMIT_NOFILE, &saved_);
    rlimit none = saved_;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~lowered_file_limit() { ::setrlimit(RLIMIT_NOFILE, &saved_); }

 private:
  rlimit saved_{};
};

// Whether it becomes true before long.
template <class Condition>
bool eventually(Condition condition) {
  auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

// How often this thread asks for the state of a file; it is not told from now on.
class counted_looks {
 public:
  counted_looks() {
    count = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { count = count + 1; };
    ::sigaction(SIGSYS, &action, &before_);
    REQUIRE(tests::on_call(SYS_newfstatat, SECCOMP_RET_TRAP));
  }
  ~counted_looks() { ::sigaction(SIGSYS, &before_, nullptr); }
  int so_far() const { return count; }

 private:
  static inline volatile std::sig_atomic_t count = 0;
  struct sigaction before_ {};
};

}  // namespace

TEST_CASE("a path opens what lies beneath the root, or is refused with its reason") {
  temporary_directory dir;
  fill(dir);
  document_root const strict(settings_for(dir));
  auto following = settings_for(dir);
  following.follow_symlinks = true;
  document_root const loose(following);
  struct row {
    std::string_view label;
    std::string path;
    std::string expected;
    std::string following;  // empty: the same with follow_symlinks
  };
  row const rows[] = {
      {"a file", "/a.txt", "file a.txt", ""},
      {"the root", "/", "directory ", ""},
      {"the root, no slash", "", "directory ", ""},
      {"a directory", "/sub", "directory sub", ""},
      {"a directory with its slash", "/sub/", "directory sub", ""},
      {"below", "/sub/b.txt", "file b.txt", ""},
      {"doubled slashes", "//sub///b.txt", "file b.txt", ""},
      {"a dot segment", "/./sub/./b.txt", "file b.txt", ""},
      {"a file as a directory", "/a.txt/", "404 file-not-found", ""},
      {"below a file", "/a.txt/b", "404 file-not-found", ""},
      {"missing", "/none", "404 file-not-found", ""},
      {"another case", "/A.txt", "404 file-not-found", ""},
      {"up", "/../outside/o.txt", "400 bad-path", ""},
      {"up from below", "/sub/../a.txt", "400 bad-path", ""},
      {"NUL", std::string("/a.txt\0.png", 11), "400 bad-path", ""},
      {"a long name", "/" + std::string(300, 'a'), "404 file-not-found", ""},
      {"a long path",
       [] {
         std::string path;
         for (int i = 0; i < 3000; ++i) path += "/a";
         return path;
       }(),
       "404 file-not-found", ""},
      {"a FIFO", "/fifo", "403 not-a-file", ""},
      {"a link", "/link", "file a.txt", ""},
      {"a link as a directory", "/link/", "404 file-not-found", ""},
      {"an absolute link that stays inside", "/absolute/b.txt", "file b.txt", ""},
      {"a link upwards that stays inside", "/sub/up", "file a.txt", ""},
      {"a link out and back in", "/around", "file a.txt", ""},
      {"a link out", "/out", "403 symlink-leaves-root", "file o.txt"},
      {"through a link out", "/outdir/o.txt", "403 symlink-leaves-root", "file o.txt"},
      {"a linked directory outside", "/outdir/", "403 symlink-leaves-root", "directory outside"},
      {"a dangling link", "/dangling", "404 file-not-found", ""},
      {"a link to itself", "/loop", "404 symlink-loop", ""},
      {"a link by way of /proc", "/magic", "404 symlink-loop", ""},
      {"the scripts", "/cgi-bin", "403 script-source", ""},
      {"the scripts with a slash", "/cgi-bin/", "403 script-source", ""},
      {"a script", "/cgi-bin/script", "403 script-source", ""},
      {"a script further down", "/cgi-bin/deep/script", "403 script-source", ""},
      {"a missing script", "/cgi-bin/none", "403 script-source", ""},
      {"doubled slashes before a script", "//cgi-bin//script", "403 script-source", ""},
      {"a dot before a script", "/./cgi-bin/./script", "403 script-source", ""},
      {"a script by a linked directory", "/to-scripts/script", "403 script-source", ""},
      {"a linked script", "/to-script", "403 script-source", ""},
      {"a script by a linked subdirectory", "/to-deep/script", "403 script-source", ""},
      {"a subdirectory of the scripts", "/to-deep", "403 script-source", ""},
      {"a name that begins so", "/cgi-bin-2/c.txt", "file c.txt", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(shown(strict.open(r.path)) == r.expected);
    CHECK(shown(loose.open(r.path)) == (r.following.empty() ? r.expected : r.following));
  }
}

TEST_CASE("hidden directories stay hidden wherever the root lies") {
  temporary_directory dir;
  fill(dir);
  SUBCASE("the root is one of them") {
    document_root const root({.directory = dir / "www/cgi-bin", .hidden = {dir / "www/cgi-bin"}});
    CHECK(shown(root.open("/script")) == "403 script-source");
    CHECK(shown(root.open("/")) == "403 script-source");
  }
  SUBCASE("the root lies below one of them") {
    document_root const root(
        {.directory = dir / "www/cgi-bin/deep", .hidden = {dir / "www/cgi-bin"}});
    CHECK(shown(root.open("/script")) == "403 script-source");
  }
  SUBCASE("the root is reached by a link") {
    dir.link("entrance", "www/to-scripts");
    document_root const root({.directory = dir / "entrance", .hidden = {dir / "www/cgi-bin"}});
    CHECK(shown(root.open("/script")) == "403 script-source");
  }
  SUBCASE("the hidden directory is given by a link") {
    document_root const root({.directory = dir / "www", .hidden = {dir / "www/to-scripts"}});
    CHECK(shown(root.open("/cgi-bin/script")) == "403 script-source");
  }
  SUBCASE("the hidden directory lies outside and links lead there") {
    document_root const root(
        {.directory = dir / "www", .follow_symlinks = true, .hidden = {dir / "outside"}});
    CHECK(shown(root.open("/out")) == "403 script-source");
    CHECK(shown(root.open("/outdir/o.txt")) == "403 script-source");
    CHECK(shown(root.open("/cgi-bin/script")) == "file script");
  }
  SUBCASE("the hidden directory is made anew later") {
    document_root const root(settings_for(dir));
    std::filesystem::rename(dir / "www/cgi-bin", dir / "before");  // keeps its inode from reuse
    dir.file("www/cgi-bin/script", "#!/bin/sh");
    CHECK(shown(root.open("/cgi-bin/script")) == "403 script-source");
    CHECK(shown(root.open("/to-script")) == "403 script-source");
  }
  SUBCASE("the hidden directory has another name now") {
    document_root const root(settings_for(dir));
    std::filesystem::rename(dir / "www/cgi-bin", dir / "www/moved");
    CHECK(shown(root.open("/moved/script")) == "403 script-source");
    CHECK(shown(root.open("/moved/deep/script")) == "403 script-source");
    CHECK(shown(root.open("/moved")) == "403 script-source");
    CHECK(shown(root.open("/moved/none")) == "404 file-not-found");
  }
}

TEST_CASE("of a path that leads nowhere no directory above is looked at") {
  temporary_directory dir;
  fill(dir);
  document_root const root(settings_for(dir));
  std::string deep = "/sub";
  for (int i = 0; i < 2000; ++i) deep += "/a";
  std::string missing;
  int looks_for_missing = -1;
  int looks_for_file = 0;
  std::thread([&] {
    counted_looks const counted;
    missing = shown(root.open(deep));
    looks_for_missing = counted.so_far();
    static_cast<void>(root.open("/sub/b.txt"));
    looks_for_file = counted.so_far() - looks_for_missing;
  }).join();
  CHECK(missing == "404 file-not-found");
  CHECK(looks_for_missing == 0);
  CHECK(looks_for_file > 0);  // they are counted
}

TEST_CASE("a directory that takes the root's place is the root from then on") {
  temporary_directory dir;
  fill(dir);
  dir.file("next/new.txt", "new");
  dir.file("next/cgi-bin/script", "#!/bin/sh");
  document_root const root(settings_for(dir));
  std::filesystem::rename(dir / "www", dir / "before");
  CHECK(shown(root.open("/a.txt")) == "file a.txt");  // there is no other
  std::filesystem::rename(dir / "next", dir / "www");
  CHECK(eventually([&] { return shown(root.open("/new.txt")) == "file new.txt"; }));
  CHECK(shown(root.open("/a.txt")) == "404 file-not-found");
  CHECK(shown(root.open("/cgi-bin/script")) == "403 script-source");
  SUBCASE("its scripts are hidden by another name, too") {
    std::filesystem::rename(dir / "www/cgi-bin", dir / "www/moved");
    CHECK(shown(root.open("/moved/script")) == "403 script-source");
  }
  SUBCASE("and so are those that were scripts before") {
    std::filesystem::rename(dir / "before/cgi-bin", dir / "www/old-scripts");
    CHECK(shown(root.open("/old-scripts/script")) == "403 script-source");
  }
}

TEST_CASE("scripts that take others' place are hidden by another name, and so are the others") {
  temporary_directory dir;
  fill(dir);
  dir.file("next/script", "#!/bin/sh");
  document_root const root(settings_for(dir));
  std::filesystem::rename(dir / "www/cgi-bin", dir / "www/cgi-bin.old");
  std::filesystem::rename(dir / "next", dir / "www/cgi-bin");
  // Known by another name once it was looked at in its place.
  CHECK(eventually([&] {
    static_cast<void>(root.open("/a.txt"));
    std::filesystem::rename(dir / "www/cgi-bin", dir / "www/moved");
    auto const seen = shown(root.open("/moved/script"));
    std::filesystem::rename(dir / "www/moved", dir / "www/cgi-bin");
    return seen == "403 script-source";
  }));
  CHECK(shown(root.open("/cgi-bin.old/script")) == "403 script-source");
}

TEST_CASE("a file that is replaced while a link to it is followed is known by its own name") {
  temporary_directory dir;
  dir.file("www/page.cgi", "#!/bin/sh");
  dir.link("www/page.txt", "page.cgi");
  document_root const root({.directory = dir / "www", .follow_symlinks = true, .hidden = {}});
  std::atomic<bool> done = false;
  std::thread replacing([&] {
    while (!done) {
      dir.file("www/new", "#!/bin/sh");
      std::filesystem::rename(dir / "www/new", dir / "www/page.cgi");
    }
  });
  std::set<std::string> names;
  for (int i = 0; i < 20'000; ++i) {
    if (auto const opened = root.open("/page.txt")) names.insert(opened->real_name);
  }
  done = true;
  replacing.join();
  CHECK(names == std::set<std::string>{"page.cgi"});
}

TEST_CASE("a file without permission is refused as such") {
  temporary_directory dir;
  dir.file("www/private", "p");
  ::chmod((dir / "www/private").c_str(), 0);
  document_root const root({.directory = dir / "www"});
  if (::geteuid() == 0) return;  // everything is readable
  CHECK(shown(root.open("/private")) == "403 file-not-readable");
}

TEST_CASE("a socket is not a file") {
  temporary_directory dir;
  dir.directory("www");
  base::unique_fd const listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (dir / "www/socket").c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  document_root const root({.directory = dir / "www"});
  CHECK(shown(root.open("/socket")) == "403 not-a-file");
}

TEST_CASE("without descriptors the answer is to come back later") {
  temporary_directory dir;
  fill(dir);
  document_root const root(settings_for(dir));
  lowered_file_limit const limit;
  CHECK(shown(root.open("/a.txt")) == "503 too-many-open-files");
  CHECK(shown(root.open("/link")) == "503 too-many-open-files");
}

TEST_CASE("a root that is not there cannot be made") {
  temporary_directory dir;
  dir.file("file", "");
  CHECK_THROWS_AS(document_root({.directory = dir / "none"}), std::system_error);
  CHECK_THROWS_AS(document_root({.directory = dir / "file"}), std::system_error);
}

TEST_CASE("where openat2 is missing, the error names what may stand in its way") {
  temporary_directory const dir;
  for (int const error : {ENOSYS, EPERM}) {
    CAPTURE(error);
    std::string told = "nothing";
    std::thread([&] {
      if (!gatehouse::tests::refuse_call(SYS_openat2, static_cast<std::uint32_t>(error))) return;
      try {
        document_root const root({.directory = dir / "."});
      } catch (std::system_error const& e) {
        told = e.what();
      }
    }).join();
    for (std::string_view const part :
         {"openat2", "Linux is older than 5.6", "RestrictSUIDSGID=", "DynamicUser="}) {
      CAPTURE(part);
      CHECK_MESSAGE(told.find(part) != std::string::npos, told);
    }
  }
}

TEST_CASE("the root of the file system can be served") {
  temporary_directory dir;
  dir.file("a.txt", "a");
  document_root const root({.directory = "/"});
  CHECK(shown(root.open((dir / "a.txt").string())) == "file a.txt");
}

TEST_CASE("a path has one slash where there were several") {
  CHECK_FALSE(with_single_slashes("/").has_value());
  CHECK_FALSE(with_single_slashes("/a/b/").has_value());
  CHECK(with_single_slashes("//") == "/");
  CHECK(with_single_slashes("//a///b//") == "/a/b/");
}

TEST_CASE("dotfiles are told by any segment of their path") {
  struct row {
    std::string_view path;
    bool expected;
  };
  row const rows[] = {
      {"/a", false},
      {"/", false},
      {"", false},
      {"/.git", true},
      {"/.git/config", true},
      {"/a/.htpasswd", true},
      {"//.git", true},
      {"/...", true},
      {"/a.b", false},
      {"/.well-known", false},
      {"/.well-known/", false},
      {"/.well-known/acme-challenge/x", false},
      {"//.well-known/x", false},
      {"/.well-known/.secret", true},
      {"/.well-known-2/x", true},
      {"/a/.well-known/x", true},
  };
  for (row const& r : rows) {
    CAPTURE(r.path);
    CHECK(names_dotfile(r.path) == r.expected);
  }
}
