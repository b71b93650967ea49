// Files and directories over the wire: exact bytes, ranges, conditions, listings, and what is never
// given.

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "client.hpp"
#include "patience.hpp"
#include "program.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
namespace fs = std::filesystem;

namespace {

// Bytes of all values that do not repeat with a short period.
std::string bytes(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 1;
  for (char& c : out) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24U);
  }
  return out;
}

std::string const secret = "the source of a script";

}  // namespace

TEST_SUITE_BEGIN("static");

TEST_CASE("a file is given byte for byte") {
  site const files;
  server const s(files);
  client c(s.port());
  for (std::size_t const size : {std::size_t{0}, std::size_t{1}, std::size_t{4096},
                                 std::size_t{65'537}, std::size_t{9'000'001}}) {
    CAPTURE(size);
    auto const content = bytes(size);
    auto const name = "file-" + std::to_string(size) + ".bin";
    files.write(name, content);
    for (int round = 0; round < 3; ++round) {
      c.send(request("GET", "/" + name));
      auto const answer = c.read_reply();
      CHECK(answer.status == 200);
      CHECK(answer.framing == framing::content_length);
      CHECK((answer.body == content));
    }
  }
}

TEST_CASE("a file has its media type, its validators and its age") {
  site const files;
  files.write("page.html", "<p>");
  files.write("style.css", "p{}");
  files.write("unknown.zzz", "?");
  server const s(files);
  auto const page = ask(s.port(), "GET", "/page.html");
  CHECK(page.field("Content-Type").starts_with("text/html"));
  CHECK(page.field("ETag").starts_with("\""));
  CHECK(page.has("Last-Modified"));
  CHECK(page.field("Accept-Ranges") == "bytes");
  CHECK(ask(s.port(), "GET", "/style.css").field("Content-Type").starts_with("text/css"));
}

TEST_CASE("a changed file is given as it is now") {
  site const files;
  server const s(files);
  client c(s.port());
  std::string last_tag;
  for (std::string const content : {"one", "two, longer", "three", ""}) {
    CAPTURE(content);
    files.write("a.txt", content);
    c.send(request("GET", "/a.txt"));
    auto const answer = c.read_reply();
    CHECK(answer.body == content);
    CHECK(answer.field("ETag") != last_tag);
    last_tag = answer.field("ETag");
  }
  fs::remove(files.root() / "a.txt");
  c.send(request("GET", "/a.txt"));
  CHECK(c.read_reply().status == 404);
}

TEST_CASE("a range of a file is given alone") {
  site const files;
  files.write("abc.txt", "abcdefghijklmnopqrstuvwxyz");
  server const s(files);
  struct row {
    std::string_view label;
    std::string range;
    unsigned status;
    std::string body;
    std::string content_range;
  };
  row const rows[] = {
      {"from the start", "bytes=0-4", 206, "abcde", "bytes 0-4/26"},
      {"inside", "bytes=5-5", 206, "f", "bytes 5-5/26"},
      {"open", "bytes=23-", 206, "xyz", "bytes 23-25/26"},
      {"the last", "bytes=-2", 206, "yz", "bytes 24-25/26"},
      {"more than there is", "bytes=20-99", 206, "uvwxyz", "bytes 20-25/26"},
      {"the last, more than there is", "bytes=-99", 206, "abcdefghijklmnopqrstuvwxyz",
       "bytes 0-25/26"},
      {"behind the end", "bytes=26-", 416, {}, "bytes */26"},
      {"the last nothing", "bytes=-0", 416, {}, "bytes */26"},
      {"backwards", "bytes=5-4", 200, "abcdefghijklmnopqrstuvwxyz", ""},
      {"another unit", "lines=1-2", 200, "abcdefghijklmnopqrstuvwxyz", ""},
      {"no number", "bytes=a-b", 200, "abcdefghijklmnopqrstuvwxyz", ""},
  };
  client c(s.port());
  for (row const& r : rows) {
    CAPTURE(r.label);
    c.send(request("GET", "/abc.txt", "Range: " + r.range + "\r\n"));
    auto const answer = c.read_reply();
    CHECK(answer.status == r.status);
    if (r.status < 400) CHECK(answer.body == r.body);
    CHECK(answer.field("Content-Range") == r.content_range);
  }
}

TEST_CASE("several ranges are parts of one answer") {
  site const files;
  files.write("abc.txt", "abcdefghijklmnopqrstuvwxyz");
  server const s(files);
  auto const answer = ask(s.port(), "GET", "/abc.txt", "Range: bytes=0-1,24-25\r\n");
  REQUIRE(answer.status == 206);
  std::string const type = answer.field("Content-Type");
  auto const at = type.find("boundary=");
  REQUIRE(type.starts_with("multipart/byteranges"));
  REQUIRE(at != std::string::npos);
  auto boundary = type.substr(at + 9);
  if (boundary.starts_with('"')) boundary = boundary.substr(1, boundary.size() - 2);
  CHECK(answer.body.find("--" + boundary + "\r\n") != std::string::npos);
  CHECK(answer.body.find("Content-Range: bytes 0-1/26\r\n") != std::string::npos);
  CHECK(answer.body.find("\r\n\r\nab\r\n") != std::string::npos);
  CHECK(answer.body.find("Content-Range: bytes 24-25/26\r\n") != std::string::npos);
  CHECK(answer.body.find("\r\n\r\nyz\r\n") != std::string::npos);
  CHECK(answer.body.find("\r\n--" + boundary + "--") != std::string::npos);
}

TEST_CASE("many ranges do not multiply a file") {
  site const files;
  files.write("a.bin", bytes(100'000));
  server const s(files);
  std::string ranges = "Range: bytes=0-";
  for (int i = 1; i < 1000; ++i) ranges += "," + std::to_string(i) + "-";
  auto const answer = ask(s.port(), "GET", "/a.bin", ranges + "\r\n");
  CHECK(answer.body.size() <= 200'000);
}

TEST_CASE("a condition that holds saves the body") {
  site const files;
  files.write("a.txt", "first");
  server const s(files);
  client c(s.port());
  c.send(request("GET", "/a.txt"));
  auto const whole = c.read_reply();
  auto const tag = whole.field("ETag");
  auto const date = whole.field("Last-Modified");
  struct row {
    std::string_view label;
    std::string fields;
    unsigned status;
  };
  row const rows[] = {
      {"its tag", "If-None-Match: " + tag, 304},
      {"its tag, weak", "If-None-Match: W/" + tag, 304},
      {"its tag among others", "If-None-Match: \"x\", " + tag, 304},
      {"any", "If-None-Match: *", 304},
      {"another tag", "If-None-Match: \"x\"", 200},
      {"its date", "If-Modified-Since: " + date, 304},
      {"an older date", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", 200},
      {"no date", "If-Modified-Since: yesterday", 200},
      {"another tag and its date", "If-None-Match: \"x\"\r\nIf-Modified-Since: " + date, 200},
      {"must match and does", "If-Match: " + tag, 200},
      {"must match and does not", "If-Match: \"x\"", 412},
      {"unmodified since long ago", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", 412},
      {"a range of this one", "Range: bytes=0-0\r\nIf-Range: " + tag, 206},
      {"a range of another one", "Range: bytes=0-0\r\nIf-Range: \"x\"", 200},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    c.send(request("GET", "/a.txt", r.fields + "\r\n"));
    auto const answer = c.read_reply();
    CHECK(answer.status == r.status);
    if (r.status == 304) {
      CHECK(answer.field("ETag") == tag);
      CHECK_FALSE(answer.has("Content-Type"));
    }
    c.send(request("HEAD", "/a.txt", r.fields + "\r\n"));
    CHECK(c.read_reply("HEAD").field("ETag") == answer.field("ETag"));
  }
}

TEST_CASE("a compressed sibling is given to who accepts it") {
  site const files;
  files.write("page.html", "plain plain plain");
  REQUIRE(run({"gzip", "-kn", (files.root() / "page.html").string()}).code() == 0);
  auto const packed = contents(files.root() / "page.html.gz");
  server const s(files);
  auto const accepted = ask(s.port(), "GET", "/page.html", "Accept-Encoding: br, gzip\r\n");
  CHECK(accepted.field("Content-Encoding") == "gzip");
  CHECK(accepted.field("Content-Type").starts_with("text/html"));
  CHECK(accepted.field("Vary") == "Accept-Encoding");
  CHECK((accepted.body == packed));
  auto const refused = ask(s.port(), "GET", "/page.html", "Accept-Encoding: gzip;q=0\r\n");
  CHECK_FALSE(refused.has("Content-Encoding"));
  CHECK(refused.body == "plain plain plain");
  CHECK(refused.field("Vary") == "Accept-Encoding");
  CHECK(refused.field("ETag") != accepted.field("ETag"));
}

TEST_CASE("a directory is listed, as a page and as JSON") {
  site const files;
  files.write("sub/b & <c>.txt", "x");
  files.write("sub/d/e.txt", "x");
  files.write("sub/.hidden", secret);
  server const s(files);
  auto const page = ask(s.port(), "GET", "/sub/", "Accept: text/html\r\n");
  CHECK(page.status == 200);
  CHECK(page.field("Content-Type").starts_with("text/html"));
  CHECK(page.body.find("b &amp; &lt;c&gt;.txt") != std::string::npos);
  CHECK(page.body.find("b%20") != std::string::npos);
  CHECK(page.body.find("d/") != std::string::npos);
  CHECK(page.body.find(".hidden") == std::string::npos);
  auto const json = ask(s.port(), "GET", "/sub/", "Accept: application/json\r\n");
  CHECK(json.status == 200);
  CHECK(json.field("Content-Type").starts_with("application/json"));
  CHECK(json.body.find("\"b & <c>.txt\"") != std::string::npos);
  CHECK(json.body.find(".hidden") == std::string::npos);
}

TEST_CASE("a directory with an index page shows it") {
  site const files;
  files.write("sub/index.html", "the index");
  files.write("other/start.htm", "the start");
  server const s(files, {"--index", "start.htm,index.html"});
  CHECK(ask(s.port(), "GET", "/sub/").body == "the index");
  CHECK(ask(s.port(), "GET", "/other/").body == "the start");
}

TEST_CASE("the listing of a large directory comes whole to programs, and in pages to people") {
  site const files;
  constexpr int count = 2500;
  for (int i = 1; i <= count; ++i) files.write("many/" + std::to_string(i), "");
  server const s(files);
  auto const data = ask(s.port(), "GET", "/many/", "Accept: application/json\r\n");
  CHECK(data.status == 200);
  CHECK(data.framing == framing::chunked);
  CHECK(data.whole);
  CHECK(data.body.find("\"name\":\"2500\"") != std::string::npos);
  std::size_t names = 0;
  for (auto at = data.body.find("\"name\""); at != std::string::npos;
       at = data.body.find("\"name\"", at + 1))
    ++names;
  CHECK(names == count);
  auto const page = ask(s.port(), "GET", "/many/?page=3");
  CHECK(page.whole);
  CHECK(page.body.find("Page 3 of 3") != std::string::npos);
  CHECK(page.body.find("./2500\"") != std::string::npos);
  client c(s.port());
  c.send(request("HEAD", "/many/") + request("GET", "/many/1"));
  CHECK(c.read_reply("HEAD").status == 200);
  CHECK(c.read_reply().status == 200);
}

// Puts another tree in the place of a site's root, as deployments do: `deploy` is told the old
// directory and the new one, and lets the root's path lead to the new one.
template <class Deploy>
void check_deployment(site const& files, fs::path const& old_tree, Deploy deploy) {
  files.write("a.txt", "old");
  files.printing("s", "Content-Type: text/plain\n\nold");
  server const s(files);
  CHECK(ask(s.port(), "GET", "/a.txt").body == "old");
  CHECK(ask(s.port(), "GET", "/cgi-bin/s").body == "old");
  auto const next = files.base() / "next";
  fs::copy(old_tree, next, fs::copy_options::recursive);
  files.write(next / "a.txt", "new");
  files.write(next / "b.txt", "only here");
  fs::copy_file(files.printing("t", "Content-Type: text/plain\n\nnew"), next / "cgi-bin/s",
                fs::copy_options::overwrite_existing);
  deploy(next);
  CHECK(eventually([&] { return ask(s.port(), "GET", "/a.txt").body == "new"; }));
  CHECK(ask(s.port(), "GET", "/b.txt").body == "only here");
  CHECK(ask(s.port(), "GET", "/cgi-bin/s").body == "new");
  auto const source = ask(s.port(), "GET", "/cgi-bin/../cgi-bin/s");
  CHECK(source.body == "new");
}

TEST_CASE("a tree that is put in the root's place is served as a whole") {
  site const files;
  SUBCASE("a directory is renamed into its place") {
    check_deployment(files, files.root(), [&](fs::path const& next) {
      fs::rename(files.root(), files.base() / "before");
      fs::rename(next, files.root());
    });
  }
  SUBCASE("a symbolic link is led elsewhere") {
    auto const first = files.base() / "first";
    fs::rename(files.root(), first);
    fs::create_directory_symlink(first, files.root());
    check_deployment(files, first, [&](fs::path const& next) {
      fs::create_directory_symlink(next, files.base() / "link");
      fs::rename(files.base() / "link", files.root());
    });
  }
}

TEST_CASE(
    "programs stay hidden behind a root that is a symbolic link, before and after it is led "
    "elsewhere") {
  site const files;
  auto const first = files.base() / "first";
  fs::rename(files.root(), first);
  fs::create_directory_symlink(first, files.root());
  auto const second = files.base() / "second";
  for (auto const& tree : {first, second}) {
    files.write(tree / "cgi-bin/s", "secret", 0755);
    files.write(tree / "a.txt", tree.filename().string());
    fs::create_directory_symlink(tree / "cgi-bin", tree / "way");
  }
  server const s(files, {"--cgi-bin", "off"});
  for (std::string const expected : {"first", "second"}) {
    CAPTURE(expected);
    CHECK(eventually([&] { return ask(s.port(), "GET", "/a.txt").body == expected; }));
    for (std::string const target : {"/cgi-bin/s", "/way/s"})
      CHECK(ask(s.port(), "GET", target).status == 403);
    fs::create_directory_symlink(second, files.base() / "link");
    fs::rename(files.base() / "link", files.root());
  }
}

TEST_CASE("an unknown name among the files offers the nearest, to this machine") {
  site const files;
  files.write("index.html", "x");
  files.write("a b/style.css", "x");
  files.write("form.cgi.bak", "x");
  files.write(".form.txt", "x");
  server const s(files, {"--cgi-ext", ".cgi"});
  auto const offer = [&](std::string const& target, std::string const& fields = "") {
    auto const answer = ask(s.port(), "GET", target, fields);
    CHECK(answer.status == 404);
    auto const at = answer.body.find("Did you mean ");
    return at == std::string::npos ? "" : answer.body.substr(at, answer.body.find('\n', at) - at);
  };
  CHECK(offer("/a%20b/stile.css") == "Did you mean /a%20b/style.css?");
  CHECK(offer("//a%20b//stile.css?x") == "Did you mean /a%20b/style.css?");
  CHECK(offer("/indx.html") == "Did you mean /index.html?");
  CHECK(offer("/a%20c") == "Did you mean /a%20b/?");
  CHECK(offer("/form.txt").empty());
  CHECK(offer("/form.bak").empty());
  CHECK(offer("/indx.html", "X-Forwarded-For: 192.0.2.1\r\n").empty());
  CHECK(offer("/indx.html", "Accept: text/html\r\n") ==
        "Did you mean <a href=\"/index.html\">/index.html</a>?</p>");
  server const silent(files, {"--listing", "off"});
  CHECK(ask(silent.port(), "GET", "/indx.html").body.find("index.html?") == std::string::npos);
}

TEST_CASE("a listing can be turned off") {
  site const files;
  files.write("sub/a.txt", "x");
  server const s(files, {"--listing", "off"});
  auto const status = ask(s.port(), "GET", "/sub/").status;
  CHECK((status == 403 || status == 404));
}

TEST_CASE("a directory without its slash is redirected, query and all") {
  site const files;
  files.write("sub dir/a.txt", "x");
  server const s(files);
  auto const answer = ask(s.port(), "GET", "/sub%20dir?q=a%20b");
  CHECK((answer.status == 301 || answer.status == 308));
  CHECK(answer.field("Location") == "/sub%20dir/?q=a%20b");
}

TEST_CASE("a redirect does not lead to another host") {
  site const files;
  files.write("example.org/a.txt", "x");
  server const s(files);
  for (std::string const target : {"//example.org", "///example.org", "/%2fexample.org"}) {
    CAPTURE(target);
    auto const answer = ask(s.port(), "GET", target);
    CHECK_FALSE(answer.field("Location").starts_with("//"));
  }
}

TEST_CASE("what is hidden or outside is not there") {
  site const files;
  files.write("a.txt", "first");
  files.write(".secret", secret);
  files.write(".git/config", secret);
  files.write(files.base() / "outside.txt", secret);
  fs::create_symlink(files.base() / "outside.txt", files.root() / "link.txt");
  fs::create_symlink("../outside.txt", files.root() / "relative.txt");
  fs::create_directory_symlink(files.base(), files.root() / "up");
  ::mkfifo((files.root() / "pipe").c_str(), 0644);
  server const s(files);
  for (std::string const target :
       {"/.secret", "/.git/config", "/.git/", "/.git", "/%2esecret", "/link.txt", "/relative.txt",
        "/up/outside.txt", "/up/", "/pipe", "/a.txt/", "/a.txt/b", "/none", "/A.TXT"}) {
    CAPTURE(target);
    auto const answer = ask(s.port(), "GET", target);
    CHECK((answer.status == 403 || answer.status == 404));
    CHECK(answer.body.find(secret) == std::string::npos);
  }
}

TEST_CASE("links that leave the root are followed when asked to") {
  site const files;
  files.write(files.base() / "outside.txt", "outside");
  fs::create_symlink(files.base() / "outside.txt", files.root() / "link.txt");
  server const s(files, {"--follow-symlinks"});
  CHECK(ask(s.port(), "GET", "/link.txt").body == "outside");
}

TEST_CASE("the source of a script is never given") {
  site const files;
  files.write("a.txt", "first");
  files.script("run", "#!/bin/sh\n# " + secret + "\nprintf 'Content-Type: text/plain\\n\\nran'\n");
  files.write("cgi-bin/data.txt", secret);
  files.write("page.php", secret);
  fs::create_symlink("cgi-bin/run", files.root() / "inside.txt");
  fs::create_directory_symlink("cgi-bin", files.root() / "bin");
  server const s(files, {"--cgi-ext", ".php"});
  for (std::string const target : {"/cgi-bin/run",
                                   "/cgi-bin//run",
                                   "//cgi-bin/run",
                                   "/./cgi-bin/./run",
                                   "/x/../cgi-bin/run",
                                   "/cgi%2dbin/run",
                                   "/cgi-bin%2frun",
                                   "/%63gi-bin/run",
                                   "/cgi-bin/run/",
                                   "/cgi-bin/run%00",
                                   "/cgi-bin/run%20",
                                   "/cgi-bin/run.",
                                   "/cgi-bin/",
                                   "/cgi-bin",
                                   "/CGI-BIN/run",
                                   "/cgi-bin/data.txt",
                                   "/cgi-bin/%2e/data.txt",
                                   "/page.php",
                                   "/page%2ephp",
                                   "/page.php/",
                                   "/page.php/x",
                                   "/inside.txt",
                                   "/bin/run",
                                   "/bin/data.txt",
                                   "/bin/",
                                   "/a.txt/../cgi-bin/run"}) {
    CAPTURE(target);
    for (std::string const method : {"GET", "POST"}) {
      auto const answer = ask(s.port(), method, target, "Range: bytes=0-\r\n");
      CHECK(answer.body.find(secret) == std::string::npos);
      CHECK(answer.status != 206);
    }
  }
}

TEST_CASE(
    "a cgi-bin in the root is no directory of files, even where its programs are not served") {
  site const files;
  files.write("cgi-bin/run", secret);
  server const s(files, {"--cgi-bin", "off"});
  for (std::string const target : {"/cgi-bin/run", "/cgi-bin/", "//cgi-bin//run"}) {
    CAPTURE(target);
    CHECK(ask(s.port(), "GET", target).status == 403);
  }
  server const mapped(files, {"--cgi-bin", "off", "--map",
                              "/cgi-bin static:" + (files.root() / "cgi-bin").string()});
  CHECK(ask(mapped.port(), "GET", "/cgi-bin/run").body == secret);
}

TEST_CASE("a file that shrinks while it is sent ends the connection") {
  site const files;
  auto const file = files.write("big.bin", "start");
  constexpr std::uint64_t size = 64U << 20U;
  fs::resize_file(file, size);
  server const s(files);
  client c(s.port(), 4096);
  c.send(request("GET", "/big.bin") + request("GET", "/none"));
  auto answer = c.read_head();
  CHECK(answer.field("Content-Length") == std::to_string(size));
  fs::resize_file(file, 1000);
  c.read_body(answer);
  CHECK_FALSE(answer.whole);
  CHECK(answer.body.size() < size);
  CHECK(c.ends_here());
}

TEST_CASE("a file that grows while it is sent is given as long as it was") {
  site const files;
  auto const file = files.write("big.bin", bytes(20'000'000));
  files.write("a.txt", "first");
  server const s(files);
  client c(s.port(), 4096);
  c.send(request("GET", "/big.bin") + request("GET", "/a.txt"));
  auto answer = c.read_head();
  fs::resize_file(file, 30'000'000);
  c.read_body(answer);
  CHECK(answer.whole);
  CHECK(answer.body.size() == 20'000'000);
  CHECK(c.read_reply().body == "first");
}

TEST_CASE("a slow reader does not hold up the others") {
  site const files;
  fs::resize_file(files.write("big.bin", "start"), 64U << 20U);
  files.write("a.txt", "first");
  server const s(files, {"--threads", "1"});
  client slow(s.port(), 4096);
  slow.send(request("GET", "/big.bin"));
  slow.read_head();
  for (int i = 0; i < 20; ++i) CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
}

TEST_CASE("a client that leaves in the middle of a file does no harm") {
  site const files;
  fs::resize_file(files.write("big.bin", "start"), 64U << 20U);
  files.write("a.txt", "first");
  server const s(files, {"--threads", "1"});
  for (int i = 0; i < 5; ++i) {
    client c(s.port(), 4096);
    c.send(request("GET", "/big.bin"));
    c.read_head();
    if (i % 2 == 0) c.reset();
  }
  CHECK(ask(s.port(), "GET", "/a.txt").body == "first");
}

TEST_SUITE_END();
