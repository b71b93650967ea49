#include "gatehouse/files/static_handler.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <exception>
#include <functional>
#include <initializer_list>
#include <thread>

#include "../quiet_context.hpp"
#include "../temporary_directory.hpp"
#include "gatehouse/base/limits.hpp"
#include "gatehouse/files/listing_page.hpp"
#include "gatehouse/http/date.hpp"
#include "gatehouse/http/percent.hpp"

using namespace gatehouse;
using gatehouse::tests::quiet_context;
using namespace gatehouse::files;
using gatehouse::tests::temporary_directory;
using namespace std::chrono_literals;

namespace {

struct field_row {
  char const* name;
  std::string value;
};
using field_rows = std::vector<field_row>;

// An outcome taken apart, with its body read to the end.
struct answer {
  unsigned status = 0;
  std::string reason;  // of an error; "local" for a local redirect
  http::fields fields;
  std::string body;
  std::optional<std::uint64_t> unsent_length;
  bool cached = false;  // the content came out of memory

  std::string field(std::string_view name) const { return fields.combined(name); }
};

// Field lines as they are sent, taken apart.
void add_lines(http::fields& fields, std::string_view lines) {
  while (!lines.empty()) {
    auto const end = lines.find("\r\n");
    auto const colon = lines.find(": ");
    REQUIRE((colon < end && end != std::string_view::npos));
    fields.add(lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2));
    lines.remove_prefix(end + 2);
  }
}

std::string slice_bytes(http::file_slice const& slice) {
  std::string bytes(slice.length, '\0');
  auto const count =
      ::pread(slice.file->get(), bytes.data(), bytes.size(), static_cast<off_t>(slice.offset));
  REQUIRE(count == static_cast<ssize_t>(bytes.size()));
  return bytes;
}

base::task<void> read_stream(http::body_source& source, std::string& out) {
  std::string buffer(100, '\0');
  while (true) {
    auto const read = co_await source.read_some(boost::asio::buffer(buffer));
    REQUIRE(read.has_value());
    if (*read == 0) co_return;
    out.append(buffer, 0, *read);
  }
}

base::task<void> read_body(http::body& body, std::string& out) {
  if (auto const* bytes = std::get_if<http::shared_buffer>(&body)) out = **bytes;
  if (auto const* slice = std::get_if<http::file_slice>(&body)) out = slice_bytes(*slice);
  if (auto* stream = std::get_if<http::stream>(&body)) {
    co_await read_stream(*stream->source, out);
    CHECK((!stream->length || stream->length == out.size()));
  }
}

http::request make_request(std::string const& method, std::string const& target,
                           field_rows const& fields) {
  http::request request;
  request.method = method;
  auto parsed = http::parse_target(method, target);
  REQUIRE(parsed.has_value());
  request.target = *parsed;
  for (auto const& f : fields) request.fields.add(f.name, f.value);
  return request;
}

base::task<void> exchange(http::handler& handler, http::request const& request,
                          http::exchange_context& context, answer& out) {
  http::empty_body no_body;
  auto outcome = co_await handler.handle(request, no_body, context);
  if (auto* error = std::get_if<http::http_error>(&outcome)) {
    out = {error->status, std::string(error->reason), error->fields, {}, {}};
  } else if (auto* redirect = std::get_if<http::local_redirect>(&outcome)) {
    out = {0, "local", {}, redirect->target, {}};
  } else {
    auto& response = std::get<http::response>(outcome);
    out = {response.status, {}, response.fields, {}, response.unsent_length};
    out.cached = response.field_lines != nullptr;
    if (response.field_lines) add_lines(out.fields, *response.field_lines);
    co_await read_body(response.body, out.body);
  }
}

// What the handler answers. The target is as on the wire.
answer ask(static_handler& handler, std::string const& method, std::string const& target,
           field_rows fields = {}) {
  auto const request = make_request(method, target, fields);
  boost::asio::io_context io(1);
  quiet_context context(io.get_executor());
  answer out;
  boost::asio::co_spawn(io.get_executor(), exchange(handler, request, context, out),
                        [](std::exception_ptr e) {
                          if (e) std::rethrow_exception(e);
                        });
  io.run();
  return out;
}

answer get(static_handler& handler, std::string const& target, field_rows fields = {}) {
  return ask(handler, "GET", target, fields);
}

// "STATUS", or "STATUS reason" of an error.
std::string shown(answer const& a) {
  return a.reason.empty() ? std::to_string(a.status) : std::to_string(a.status) + " " + a.reason;
}

// A site with files of every kind. Everything is from the same second.
class site {
 public:
  site() {
    dir.file("www/index.html", "<p>hello");
    dir.file("www/a.txt", "0123456789");
    dir.file("www/empty.txt", "");
    dir.file("www/sub dir/b.txt", "b");
    dir.file("www/with-index/index.html", "index");
    dir.file("www/.secret", "s");
    dir.file("www/.git/config", "g");
    dir.file("www/.well-known/security.txt", "w");
    dir.file("www/cgi-bin/script", "#!/bin/sh");
    dir.file("www/app.cgi", "#!/bin/sh");
    dir.file("www/app.tar.gz", "gz");
    dir.file("outside.txt", "o");
    dir.directory("www/evil.example");
    dir.fifo("www/fifo");
    dir.link("www/out", "../outside.txt");
    dir.link("www/to-scripts", "cgi-bin");
    dir.link("www/app.txt", "app.cgi");
    dir.touch("www/a.txt", modified);
  }

  static_options options() const {
    return {.root = dir / "www",
            .prefix = "",
            .index = {"index.html"},
            .listing = true,
            .follow_symlinks = false,
            .hidden = {dir / "www/cgi-bin"},
            .script_extensions = {".cgi"}};
  }

  temporary_directory dir;
  static constexpr std::time_t modified = 1'700'000'000;
};

}  // namespace

TEST_CASE("a path by any spelling gives the file or is refused with its reason") {
  site const s;
  static_handler handler(s.options());
  struct row {
    std::string_view label;
    char const* target;
    char const* expected;
  };
  row const rows[] = {
      {"a file", "/a.txt", "200"},
      {"encoded", "/%61%2Etxt", "200"},
      {"doubled slashes", "//a.txt", "200"},
      {"dot segments", "/./sub%20dir/../a.txt", "200"},
      {"encoded dot segments", "/%2e/sub%20dir/%2e%2E/a.txt", "200"},
      {"a space", "/sub%20dir/b.txt", "200"},
      {"missing", "/none", "404 file-not-found"},
      {"a file with a slash", "/a.txt/", "404 file-not-found"},
      {"below a file", "/a.txt/x", "404 file-not-found"},
      {"a dotfile", "/.secret", "403 dotfile"},
      {"a dotfile, encoded", "/%2esecret", "403 dotfile"},
      {"a missing dotfile", "/.none", "403 dotfile"},
      {"below a dot directory", "/.git/config", "403 dotfile"},
      {"below a dot directory, doubled slashes", "//.git//config", "403 dotfile"},
      {"well-known", "/.well-known/security.txt", "200"},
      {"a FIFO", "/fifo", "403 not-a-file"},
      {"a link out of the root", "/out", "403 symlink-leaves-root"},
      {"a script", "/cgi-bin/script", "403 script-source"},
      {"a script, encoded", "/%63gi%2Dbin/script", "403 script-source"},
      {"a script, an encoded slash", "/cgi-bin%2Fscript", "403 script-source"},
      {"a script, doubled slashes", "//cgi-bin//script", "403 script-source"},
      {"a script, dot segments", "/sub%20dir/..//cgi-bin/./script", "403 script-source"},
      {"a script by a link", "/to-scripts/script", "403 script-source"},
      {"a script with a path after it", "/cgi-bin/script/x", "403 script-source"},
      {"the directory of scripts", "/cgi-bin/", "403 script-source"},
      {"the directory of scripts, no slash", "/cgi-bin", "403 script-source"},
      {"the linked directory of scripts", "/to-scripts/", "403 script-source"},
      {"a script by its ending", "/app.cgi", "403 script-source"},
      {"a script by its ending, encoded", "/app%2ecgi", "403 script-source"},
      {"a script behind a harmless name", "/app.txt", "403 script-source"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(shown(get(handler, r.target)) == r.expected);
  }
}

TEST_CASE("a script's ending counts in any case") {
  site const s;
  s.dir.file("www/OLD.CGI", "#!/bin/sh");
  static_handler handler(s.options());
  CHECK(shown(get(handler, "/OLD.CGI")) == "403 script-source");
}

TEST_CASE("a copy of a script is its source, by whatever ending") {
  site const s;
  s.dir.file("www/plain.txt", "plain");
  s.dir.file("www/plain.txt~", "copied");
  s.dir.file("www/cgi.gz", "no script's");
  static_handler handler(s.options());
  for (std::string const ending :
       {"~",         ".bak",     ".BAK",     ".orig",  ".swp",  ".~12~", ".gz",
        ".br",       ".orig.gz", ".",        "..",     " ",     "#",     ".ucf-old",
        ".ucf-dist", ".pacnew",  ".rpmorig", ".new",   ".copy", ".1",    "_bak",
        ",v",        "s",        ".txt",     " (copy)"}) {
    CAPTURE(ending);
    s.dir.file("www/app.cgi" + ending, "#!/bin/sh");
    auto const target = "/" + gatehouse::http::percent_encoded_path("app.cgi" + ending);
    CHECK(shown(get(handler, target)) == "403 script-source");
  }
  CHECK(shown(get(handler, "/plain.txt~")) == "200");
  CHECK(shown(get(handler, "/cgi.gz")) == "200");
}

TEST_CASE("a compressed form that is a link to a script is not sent") {
  site const s;
  s.dir.file("www/plain.txt", "plain");
  s.dir.file("www/secret.cgi", "#!/bin/sh");
  s.dir.link("www/plain.txt.gz", "secret.cgi");
  static_handler handler(s.options());
  auto const answer = get(handler, "/plain.txt", {{"Accept-Encoding", "gzip"}});
  CHECK(shown(answer) == "200");
  CHECK(answer.body == "plain");
}

TEST_CASE("only GET, HEAD and OPTIONS mean something here") {
  site const s;
  static_handler handler(s.options());
  struct row {
    char const* method;
    char const* expected;
    char const* allow;
  };
  row const rows[] = {
      {"OPTIONS", "204", "GET, HEAD, OPTIONS"},
      {"POST", "405 method-not-allowed", "GET, HEAD, OPTIONS"},
      {"DELETE", "405 method-not-allowed", "GET, HEAD, OPTIONS"},
      {"get", "501 method-unknown", ""},
      {"BREW", "501 method-unknown", ""},
  };
  for (row const& r : rows) {
    CAPTURE(std::string_view(r.method));
    auto const a = ask(handler, r.method, "/a.txt");
    CHECK(shown(a) == r.expected);
    CHECK(a.field("Allow") == r.allow);
  }
}

TEST_CASE("a file comes with its type and its validators") {
  site const s;
  static_handler handler(s.options());
  auto const a = get(handler, "/a.txt");
  CHECK(a.body == "0123456789");
  CHECK(a.field("Content-Type") == "text/plain; charset=utf-8");
  CHECK(a.field("Last-Modified") == "Tue, 14 Nov 2023 22:13:20 GMT");
  CHECK(a.field("ETag").starts_with("\"a-"));
  CHECK(a.field("Accept-Ranges") == "bytes");
  CHECK(a.field("X-Content-Type-Options") == "nosniff");
  CHECK_FALSE(a.fields.contains("Vary"));
  CHECK(get(handler, "/empty.txt").body.empty());
  auto const archive = get(handler, "/app.tar.gz");
  CHECK(archive.field("Content-Type") == "application/gzip");
  CHECK_FALSE(archive.fields.contains("Content-Encoding"));
}

TEST_CASE("the entity tag changes with the file") {
  site const s;
  static_handler handler(s.options());
  auto const etag = get(handler, "/a.txt").field("ETag");
  CHECK(get(handler, "//a.txt").field("ETag") == etag);
  s.dir.touch("www/a.txt", site::modified + 1);
  CHECK(get(handler, "/a.txt").field("ETag") != etag);
  s.dir.file("www/replacement", "9876543210");
  s.dir.touch("www/replacement", site::modified);
  std::filesystem::rename(s.dir / "www/replacement", s.dir / "www/a.txt");
  CHECK(get(handler, "/a.txt").field("ETag") != etag);
}

TEST_CASE("a time that lies ahead is not sent") {
  site const s;
  s.dir.touch("www/a.txt", 4'000'000'000);
  static_handler handler(s.options());
  auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto const sent = http::parse_date(get(handler, "/a.txt").field("Last-Modified"), now);
  REQUIRE(sent.has_value());
  CHECK((*sent <= now + std::chrono::hours(1)));
}

TEST_CASE("HEAD has the head of GET") {
  site const s;
  static_handler handler(s.options());
  for (char const* target : {"/a.txt", "/empty.txt", "/", "/sub%20dir/"}) {
    CAPTURE(std::string_view(target));
    auto const head = ask(handler, "HEAD", target, {{"Range", "bytes=0-1"}});
    auto const whole = get(handler, target);
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    CHECK((head.unsent_length == whole.body.size()));
    CHECK(head.field("Content-Type") == whole.field("Content-Type"));
    CHECK(head.field("ETag") == whole.field("ETag"));
    CHECK(head.fields.size() == whole.fields.size());
  }
  CHECK(shown(ask(handler, "HEAD", "/none")) == "404 file-not-found");
}

TEST_CASE("conditions are held against the file") {
  site const s;
  static_handler handler(s.options());
  auto const etag = get(handler, "/a.txt").field("ETag");
  std::string const at = "Tue, 14 Nov 2023 22:13:20 GMT";
  std::string const before = "Tue, 14 Nov 2023 22:13:19 GMT";
  struct row {
    std::string_view label;
    field_row field;
    char const* expected;
  };
  row const rows[] = {
      {"known", {"If-None-Match", etag}, "304"},
      {"another one", {"If-None-Match", "\"x\""}, "200"},
      {"not modified", {"If-Modified-Since", at}, "304"},
      {"modified", {"If-Modified-Since", before}, "200"},
      {"the expected one", {"If-Match", etag}, "200"},
      {"not the expected one", {"If-Match", "\"x\""}, "412 precondition-failed"},
      {"unmodified", {"If-Unmodified-Since", at}, "200"},
      {"modified since", {"If-Unmodified-Since", before}, "412 precondition-failed"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    CHECK(shown(get(handler, "/a.txt", {r.field})) == r.expected);
    CHECK(shown(ask(handler, "HEAD", "/a.txt", {r.field})) == r.expected);
  }
  auto const a = get(handler, "/a.txt", {{"If-None-Match", etag}});
  CHECK(a.body.empty());
  CHECK(a.field("ETag") == etag);
  CHECK_FALSE(a.fields.contains("Content-Type"));
  CHECK(shown(get(handler, "/none", {{"If-Match", "*"}})) == "404 file-not-found");
}

TEST_CASE("ranges give the parts that are asked for") {
  site const s;
  static_handler handler(s.options());
  auto const etag = get(handler, "/a.txt").field("ETag");
  struct row {
    std::string_view label;
    field_rows fields;
    char const* expected;
    char const* body;
    char const* content_range;
  };
  row const rows[] = {
      {"one", {{"Range", "bytes=2-4"}}, "206", "234", "bytes 2-4/10"},
      {"the tail", {{"Range", "bytes=-2"}}, "206", "89", "bytes 8-9/10"},
      {"one of two is there", {{"Range", "bytes=2-4,20-"}}, "206", "234", "bytes 2-4/10"},
      {"none is there", {{"Range", "bytes=20-"}}, "416 range-not-satisfiable", "", "bytes */10"},
      {"malformed", {{"Range", "bytes=x"}}, "200", "0123456789", ""},
      {"of this file", {{"Range", "bytes=0-0"}, {"If-Range", etag}}, "206", "0", "bytes 0-0/10"},
      {"of another", {{"Range", "bytes=0-0"}, {"If-Range", "\"x\""}}, "200", "0123456789", ""},
      {"known", {{"Range", "bytes=0-0"}, {"If-None-Match", etag}}, "304", "", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const a = get(handler, "/a.txt", r.fields);
    CHECK(shown(a) == r.expected);
    CHECK(a.body == r.body);
    CHECK(a.field("Content-Range") == r.content_range);
  }
  CHECK(shown(get(handler, "/empty.txt", {{"Range", "bytes=0-"}})) == "416 range-not-satisfiable");
}

TEST_CASE("several ranges come as parts of one body") {
  site const s;
  static_handler handler(s.options());
  auto const a = get(handler, "/a.txt", {{"Range", "bytes=0-1,8-"}});
  CHECK(a.status == 206);
  CHECK_FALSE(a.fields.contains("Content-Range"));
  auto const type = a.field("Content-Type");
  std::string const start = "multipart/byteranges; boundary=";
  REQUIRE(type.starts_with(start));
  auto const boundary = type.substr(start.size());
  auto const part = [&](char const* range, char const* bytes) {
    return "--" + boundary +
           "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes " + range +
           "/10\r\n\r\n" + bytes + "\r\n";
  };
  CHECK(a.body == part("0-1", "01") + part("8-9", "89") + "--" + boundary + "--\r\n");
}

TEST_CASE("a compressed sibling is sent to those who take it") {
  site const s;
  s.dir.file("www/a.txt.gz", "gzipped");
  s.dir.file("www/a.txt.br", "brotli");
  static_handler handler(s.options());
  struct row {
    std::string_view label;
    field_rows fields;
    char const* body;
    char const* coding;
  };
  row const rows[] = {
      {"none accepted", {}, "0123456789", ""},
      {"both", {{"Accept-Encoding", "gzip, br"}}, "brotli", "br"},
      {"gzip", {{"Accept-Encoding", "gzip"}}, "gzipped", "gzip"},
      {"refused", {{"Accept-Encoding", "gzip;q=0"}}, "0123456789", ""},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const a = get(handler, "/a.txt", r.fields);
    CHECK(a.body == r.body);
    CHECK(a.field("Content-Encoding") == r.coding);
    CHECK(a.field("Content-Type") == "text/plain; charset=utf-8");
    CHECK(a.field("Vary") == "Accept-Encoding");
  }
  auto const etag = get(handler, "/a.txt").field("ETag");
  auto const gzip_etag = get(handler, "/a.txt", {{"Accept-Encoding", "gzip"}}).field("ETag");
  CHECK(etag != gzip_etag);
  auto const known =
      get(handler, "/a.txt", {{"Accept-Encoding", "gzip"}, {"If-None-Match", gzip_etag}});
  CHECK(known.status == 304);
  CHECK(known.field("Vary") == "Accept-Encoding");
  CHECK(get(handler, "/a.txt", {{"Accept-Encoding", "gzip"}, {"If-None-Match", etag}}).status ==
        200);
  auto const part = get(handler, "/a.txt", {{"Accept-Encoding", "gzip"}, {"Range", "bytes=0-2"}});
  CHECK(part.body == "gzi");
  CHECK(part.field("Content-Range") == "bytes 0-2/7");
}

TEST_CASE("a sibling that is older, a directory or out of the root is passed over") {
  site const s;
  s.dir.file("www/a.txt.gz", "gzipped");
  s.dir.directory("www/a.txt.br");
  static_handler handler(s.options());
  SUBCASE("older") {
    s.dir.touch("www/a.txt.gz", site::modified - 1);
  }
  SUBCASE("out of the root") {
    std::filesystem::remove(s.dir / "www/a.txt.gz");
    s.dir.link("www/a.txt.gz", "../outside.txt");
  }
  auto const a = get(handler, "/a.txt", {{"Accept-Encoding", "gzip, br"}});
  CHECK(a.body == "0123456789");
  CHECK_FALSE(a.fields.contains("Vary"));
}

TEST_CASE("a sibling of the same time is current") {
  site const s;
  s.dir.file("www/a.txt.gz", "gzipped");
  s.dir.touch("www/a.txt.gz", site::modified);
  static_handler handler(s.options());
  CHECK(get(handler, "/a.txt", {{"Accept-Encoding", "gzip"}}).body == "gzipped");
}

TEST_CASE("a directory is redirected to its slash") {
  site const s;
  auto options = s.options();
  SUBCASE("at the root") {
    static_handler handler(options);
    struct row {
      std::string_view label;
      char const* target;
      char const* location;
    };
    row const rows[] = {
        {"encoded again", "/sub%20dir", "/sub%20dir/"},
        {"with its query", "/sub%20dir?a=%20b&c", "/sub%20dir/?a=%20b&c"},
        {"with an empty query", "/with-index?", "/with-index/?"},
        {"never to another host", "//evil.example", "/evil.example/"},
        {"never to another host, encoded", "/%2Fevil.example", "/evil.example/"},
    };
    for (row const& r : rows) {
      CAPTURE(r.label);
      auto const a = get(handler, r.target);
      CHECK(a.status == 301);
      CHECK(a.field("Location") == r.location);
      CHECK(a.body.empty());
    }
  }
  SUBCASE("at a prefix") {
    options.prefix = "/x";
    static_handler handler(options);
    CHECK(get(handler, "/x?q").field("Location") == "/x/?q");
    CHECK(get(handler, "/x/with-index").field("Location") == "/x/with-index/");
    CHECK(get(handler, "/x/a.txt").body == "0123456789");
    CHECK(get(handler, "//x//a.txt").body == "0123456789");
    CHECK(shown(get(handler, "/xa.txt")) == "404 not-below-prefix");
    CHECK(shown(get(handler, "/a.txt")) == "404 not-below-prefix");
    CHECK(shown(get(handler, "/x/cgi-bin/script")) == "403 script-source");
    CHECK(shown(get(handler, "/x/.secret")) == "403 dotfile");
  }
}

TEST_CASE("a directory shows its index file") {
  site const s;
  auto options = s.options();
  options.index = {"none.html", "index.html"};
  s.dir.directory("www/with-index/none.html");
  static_handler handler(options);
  auto const a = get(handler, "/with-index/");
  CHECK(a.body == "index");
  CHECK(a.field("Content-Type") == "text/html; charset=utf-8");
  CHECK(get(handler, "/with-index/", {{"If-None-Match", a.field("ETag")}}).status == 304);
}

TEST_CASE("an index file that is out of reach is not passed over") {
  site const s;
  s.dir.link("www/sub dir/index.html", "../../outside.txt");
  static_handler handler(s.options());
  CHECK(shown(get(handler, "/sub%20dir/")) == "403 symlink-leaves-root");
}

TEST_CASE("an index file that is a script is a local redirect") {
  site const s;
  auto options = s.options();
  options.index = {"index.cgi", "index.html"};
  s.dir.file("www/sub dir/index.cgi", "#!/bin/sh");
  static_handler handler(options);
  auto const a = get(handler, "/sub%20dir/?a=b");
  CHECK(a.reason == "local");
  CHECK(a.body == "/sub%20dir/index.cgi?a=b");
  CHECK(get(handler, "/with-index/").body == "index");
}

TEST_CASE("a directory without an index file is listed") {
  site const s;
  static_handler handler(s.options());
  s.dir.file("www/list/b<i>.txt", "1");
  s.dir.file("www/list/.dot", "1");
  s.dir.link("www/list/scripts", "../cgi-bin");
  auto const page = get(handler, "/list/");
  CHECK(page.status == 200);
  CHECK(page.field("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.field("Content-Security-Policy") == listing_page_policy);
  CHECK(page.field("Vary") == "Accept");
  CHECK(page.body.find("b&lt;i&gt;.txt") != std::string::npos);
  auto const data = get(handler, "/list/?sort=size", {{"Accept", "application/json"}});
  CHECK(data.field("Content-Type") == "application/json; charset=utf-8");
  CHECK(data.field("Vary") == "Accept");
  auto const json = boost::json::parse(data.body).as_object();
  CHECK(json.at("path").as_string() == "/list/");
  REQUIRE(json.at("entries").as_array().size() == 1);
  CHECK(json.at("entries").as_array()[0].as_object().at("name").as_string() == "b<i>.txt");
}

TEST_CASE("the listing of the root leaves out scripts and dotfiles") {
  site const s;
  auto options = s.options();
  options.index = {};
  static_handler handler(options);
  auto const data = get(handler, "/", {{"Accept", "application/json"}});
  auto const json = boost::json::parse(data.body).as_object();
  std::string names;
  for (auto const& entry : json.at("entries").as_array()) {
    names += std::string(entry.as_object().at("name").as_string()) + " ";
  }
  CHECK(names ==
        "evil.example sub dir with-index a.txt app.cgi app.tar.gz app.txt empty.txt "
        "index.html ");
}

TEST_CASE("the listing of a large directory is not made at once, comes whole, and is kept") {
  site const s;
  constexpr std::size_t count = 2 * base::limits::listing_page_entries + 1;
  s.dir.directory("www/long");
  for (std::size_t i = 1; i <= count; ++i) {
    base::unique_fd const made(::open((s.dir / "www/long" / std::to_string(i)).c_str(),
                                      O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(made);
  }
  static_handler handler(s.options());
  boost::asio::io_context io(1);
  quiet_context context(io.get_executor());
  auto const is_at_once = [&](std::string const& method, std::string const& target) {
    return handler.answer_at_once(make_request(method, target, {}), context).has_value();
  };
  CHECK_FALSE(is_at_once("GET", "/long/"));
  CHECK_FALSE(is_at_once("HEAD", "/long/"));
  CHECK(is_at_once("GET", "/sub%20dir/"));

  auto const data = get(handler, "/long/", {{"Accept", "application/json"}});
  auto const json = boost::json::parse(data.body).as_object();
  CHECK(json.at("entries").as_array().size() == count);
  CHECK(get(handler, "/long/?page=3").body.find("Page 3 of 3") != std::string::npos);
  auto const head = ask(handler, "HEAD", "/long/");
  CHECK(head.status == 200);
  CHECK(head.field("Content-Type") == "text/html; charset=utf-8");
  CHECK(head.body.empty());
  // Kept, so that it is there at once; made anew if that took longer than it is kept.
  bool kept = false;
  for (int tries = 0; tries < 20 && !kept; ++tries) {
    static_cast<void>(get(handler, "/long//"));
    kept = is_at_once("HEAD", "/long/");
  }
  CHECK(kept);
}

TEST_CASE("listings can be off") {
  site const s;
  auto options = s.options();
  options.listing = false;
  static_handler handler(options);
  CHECK(shown(get(handler, "/sub%20dir/")) == "403 listing-off");
  CHECK(shown(get(handler, "/with-index/")) == "200");
}

TEST_CASE("links may leave the root when that is asked for") {
  site const s;
  auto options = s.options();
  options.follow_symlinks = true;
  static_handler handler(options);
  CHECK(get(handler, "/out").body == "o");
  CHECK(shown(get(handler, "/to-scripts/script")) == "403 script-source");
}

namespace {

// Asks until the answer is as wanted; some things take a moment by design.
template <class Wanted>
answer eventually(static_handler& handler, std::string const& target, Wanted wanted,
                  field_rows fields = {}) {
  auto const until = std::chrono::steady_clock::now() + 20s;
  while (true) {
    auto got = get(handler, target, fields);
    if (wanted(got) || std::chrono::steady_clock::now() > until) return got;
    std::this_thread::sleep_for(10ms);
  }
}

bool is_cached(answer const& a) {
  return a.cached;
}

// A range is answered by opening the file; one in an unknown unit stands for the whole of it.
answer ask_uncached(static_handler& handler, std::string const& target, field_rows fields) {
  std::vector<field_row> all(fields);
  all.push_back({"Range", "lines=1-2"});
  return ask(handler, "GET", target, all);
}

std::string all_fields(answer const& a) {
  std::string lines;
  for (auto const& f : a.fields) lines.append(f.name).append(": ").append(f.value).append("\n");
  return lines;
}

}  // namespace

TEST_CASE("a file out of the cache is answered as one that is opened") {
  site const s;
  s.dir.file("www/b.txt", "0123456789");
  s.dir.file("www/b.txt.gz", "packed");
  std::string const large(base::limits::cached_file_bytes + 1, 'x');
  s.dir.file("www/c.txt", large + "c");
  s.dir.file("www/c.txt.br", large);
  s.dir.file("www/c.txt.gz", "packed");
  static_handler handler(s.options());
  struct row {
    std::string_view label;
    char const* target;
    field_rows fields;
  };
  row const rows[] = {
      {"a file", "/a.txt", {}},
      {"a file that is held open", "/c.txt", {}},
      {"its compressed form that is held open", "/c.txt", {{"Accept-Encoding", "br"}}},
      {"its compressed form in memory", "/c.txt", {{"Accept-Encoding", "gzip"}}},
      {"an empty file", "/empty.txt", {}},
      {"an index file", "/", {}},
      {"one with a compressed form", "/b.txt", {}},
      {"its compressed form", "/b.txt", {{"Accept-Encoding", "gzip, br"}}},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    auto const opened = ask_uncached(handler, r.target, r.fields);
    CHECK_FALSE(opened.cached);
    auto const cached = eventually(handler, r.target, is_cached, r.fields);
    REQUIRE(cached.cached);
    CHECK(cached.status == opened.status);
    CHECK(all_fields(cached) == all_fields(opened));
    CHECK(cached.body == opened.body);
    auto const head = ask(handler, "HEAD", r.target, r.fields);
    CHECK(all_fields(head) == all_fields(opened));
    CHECK((head.unsent_length == opened.body.size()));
    CHECK(head.body.empty());
  }
  auto const etag = get(handler, "/a.txt").field("ETag");
  CHECK(get(handler, "/a.txt", {{"If-None-Match", etag}}).status == 304);
  CHECK(get(handler, "/a.txt", {{"If-Match", "\"other\""}}).status == 412);
  auto const part = get(handler, "/a.txt", {{"Range", "bytes=2-4"}});
  CHECK(part.status == 206);
  CHECK(part.body == "234");
}

TEST_CASE("what happens to a file in the cache shows") {
  std::string filler;
  SUBCASE("in memory") {}
  SUBCASE("held open") {
    filler.assign(base::limits::cached_file_bytes, 'x');
  }
  site const s;
  s.dir.file("www/a.txt", "0123456789" + filler);
  s.dir.touch("www/a.txt", site::modified);
  static_handler handler(s.options());
  REQUIRE(eventually(handler, "/a.txt", is_cached).cached);
  struct row {
    std::string_view label;
    std::function<void()> change;
    std::function<bool(answer const&)> seen;
  };
  row const rows[] = {
      {"written, with as many bytes and the old time",
       [&] {
         s.dir.file("www/a.txt", "9876543210" + filler);
         s.dir.touch("www/a.txt", site::modified);
       },
       [&](answer const& a) { return a.body == "9876543210" + filler; }},
      {"replaced by another file",
       [&] {
         s.dir.file("www/next", "replaced" + filler);
         std::filesystem::rename(s.dir / "www/next", s.dir / "www/a.txt");
       },
       [&](answer const& a) { return a.body == "replaced" + filler; }},
      {"compressed", [&] { s.dir.file("www/a.txt.gz", "packed"); },
       [](answer const& a) { return a.field("Vary") == "Accept-Encoding"; }},
      {"gone",
       [&] {
         std::filesystem::remove(s.dir / "www/a.txt");
         std::filesystem::remove(s.dir / "www/a.txt.gz");
       },
       [](answer const& a) { return a.status == 404; }},
      {"a directory", [&] { s.dir.directory("www/a.txt"); },
       [](answer const& a) { return a.status == 301; }},
      {"a link out of the root",
       [&] {
         std::filesystem::remove(s.dir / "www/a.txt");
         s.dir.link("www/a.txt", "../outside.txt");
       },
       [](answer const& a) { return a.reason == "symlink-leaves-root"; }},
      {"a link to a script",
       [&] {
         std::filesystem::remove(s.dir / "www/a.txt");
         s.dir.link("www/a.txt", "app.cgi");
       },
       [](answer const& a) { return a.reason == "script-source"; }},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    r.change();
    CHECK(r.seen(eventually(handler, "/a.txt", r.seen)));
  }
}

TEST_CASE("all spellings of a path share what the cache knows of it") {
  site const s;
  s.dir.file("www/there/a.txt", "a");
  static_handler handler(s.options());
  REQUIRE(eventually(handler, "/there/a.txt", is_cached).cached);
  // What is trusted for a moment is given out although it is not there any more: by any spelling.
  auto const is_shared = [&](char const* spelling) {
    static_cast<void>(get(handler, "/there/a.txt"));
    std::filesystem::rename(s.dir / "www/there", s.dir / "www/elsewhere");
    auto const got = get(handler, spelling);
    std::filesystem::rename(s.dir / "www/elsewhere", s.dir / "www/there");
    return got.status == 200;
  };
  for (char const* const spelling : {"//there/a.txt", "/there///a.txt", "///there//./a.txt"}) {
    CAPTURE(spelling);
    bool shared = false;
    for (int tries = 0; tries < 100 && !shared; ++tries) shared = is_shared(spelling);
    CHECK(shared);
  }
}

TEST_CASE("a file that is held open is never sent with a head that is not its own") {
  site const s;
  std::string const filler(base::limits::cached_file_bytes, 'x');
  s.dir.file("www/a.txt", "old" + filler);
  static_handler handler(s.options());
  auto const before = eventually(handler, "/a.txt", is_cached);
  REQUIRE(before.cached);
  struct row {
    std::string_view label;
    std::function<void()> change;
    std::string body;
  };
  row const rows[] = {
      {"written over", [&] { s.dir.file("www/a.txt", "new" + filler); }, "new" + filler},
      {"replaced",
       [&] {
         s.dir.file("www/next", "next" + filler);
         std::filesystem::rename(s.dir / "www/next", s.dir / "www/a.txt");
       },
       "next" + filler},
      {"cut", [&] { s.dir.file("www/a.txt", "cut"); }, "cut"},
  };
  for (row const& r : rows) {
    CAPTURE(r.label);
    r.change();
    auto const at_once = get(handler, "/a.txt");
    CHECK((at_once.body == r.body));
    CHECK(at_once.field("ETag") != before.field("ETag"));
    REQUIRE(eventually(handler, "/a.txt", is_cached).cached);
  }
}

TEST_CASE("files that are large or changed just now are not kept") {
  site const s;
  s.dir.file("www/large.txt", std::string(base::limits::cached_open_file_bytes + 1, 'x'));
  s.dir.file("www/largest.txt", std::string(base::limits::cached_open_file_bytes, 'x'));
  static_handler handler(s.options());
  REQUIRE(eventually(handler, "/largest.txt", is_cached).cached);
  CHECK_FALSE(get(handler, "/large.txt").cached);
  s.dir.file("www/largest.txt", "new");
  CHECK_FALSE(
      eventually(handler, "/largest.txt", [](answer const& a) { return a.body == "new"; }).cached);
}
