// Programs that other people wrote, run as CGI by the server. A program that is not installed is a
// failure and not a skip.

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "client.hpp"
#include "program.hpp"
#include "server.hpp"
#include "site.hpp"

using namespace wire;
namespace fs = std::filesystem;

namespace {

std::string bytes(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 7;
  for (char& c : out) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24U);
  }
  return out;
}

// multipart/form-data with one text and one file.
std::string const boundary = "----a-boundary-of-our-own";
std::string const multipart_type =
    "Content-Type: multipart/form-data; boundary=" + boundary + "\r\n";

std::string multipart(std::string const& text, std::string const& file) {
  return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n" + text +
         "\r\n--" + boundary +
         "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.bin\"\r\n"
         "Content-Type: application/octet-stream\r\n\r\n" +
         file + "\r\n--" + boundary + "--\r\n";
}

// A bare repository on the server with many branches, and git as its client.
class repository {
 public:
  repository() : projects_(files_.base() / "projects"), home_(files_.base() / "home") {
    fs::create_directories(projects_);
    fs::create_directories(home_);
    std::string commits;
    for (int i = 0; i < 80; ++i) {
      auto const name = std::to_string(i);
      commits += "commit refs/heads/branch-" + name +
                 "\ncommitter A <a@example.org> 1000000000 +0000\ndata 1\n" + name.substr(0, 1) +
                 "\nM 644 inline file\ndata " + std::to_string(name.size()) + "\n" + name + "\n\n";
    }
    files_.write(home_ / "commits", commits);
    git({"init", "--quiet", "--bare", bare()});
    git({"-C", bare(), "config", "http.receivepack", "true"});
    git({"-C", bare(), "symbolic-ref", "HEAD", "refs/heads/branch-0"});
    auto const imported = run({"sh", "-c", "git -C \"$1\" fast-import --quiet <\"$2\"", "sh",
                               bare(), (home_ / "commits").string()},
                              environment());
    REQUIRE_MESSAGE(imported.code() == 0, imported.err);
  }

  site const& files() const { return files_; }
  std::string bare() const { return (projects_ / "project.git").string(); }
  fs::path clone() const { return home_ / "clone"; }

  arguments server_options() const {
    return {"--map", "/git cgi:/usr/lib/git-core/git-http-backend",
            "--env", "GIT_PROJECT_ROOT=" + projects_.string(),
            "--env", "GIT_HTTP_EXPORT_ALL=1"};
  }

  // Runs git and REQUIREs that it succeeds.
  outcome git(arguments options) const {
    options.insert(options.begin(), "git");
    auto result = run(options, environment());
    REQUIRE_MESSAGE(result.code() == 0, result.err);
    return result;
  }

  std::string head_of(std::string const& directory, std::string const& branch) const {
    return git({"-C", directory, "rev-parse", branch}).out;
  }

 private:
  arguments environment() const {
    arguments out = plain_environment();
    out.push_back("HOME=" + home_.string());
    out.push_back("GIT_CONFIG_NOSYSTEM=1");
    out.push_back("GIT_TERMINAL_PROMPT=0");
    out.push_back("GIT_TRACE_CURL=1");
    out.push_back("GIT_TRACE_CURL_NO_DATA=1");
    for (std::string const who : {"AUTHOR", "COMMITTER"}) {
      out.push_back(std::string("GIT_") + who + "_NAME=A");
      out.push_back(std::string("GIT_") + who + "_EMAIL=a@example.org");
    }
    return out;
  }

  site files_;
  fs::path projects_;
  fs::path home_;
};

}  // namespace

TEST_SUITE_BEGIN("programs");

TEST_CASE("git clones and pushes through git-http-backend") {
  repository const r;
  server const s(r.files(), r.server_options());
  auto const url = "http://127.0.0.1:" + std::to_string(s.port()) + "/git/project.git";
  auto const clone = r.clone().string();

  auto const cloned = r.git({"clone", "--quiet", url, clone});
  CHECK(cloned.err.find("Content-Encoding: gzip") != std::string::npos);
  CHECK(r.head_of(clone, "origin/branch-79") == r.head_of(r.bare(), "branch-79"));

  r.files().write(r.clone() / "small", "small");
  r.git({"-C", clone, "add", "small"});
  r.git({"-C", clone, "commit", "--quiet", "-m", "small"});
  r.git({"-C", clone, "push", "--quiet", "origin", "HEAD:refs/heads/small"});
  CHECK(r.head_of(clone, "HEAD") == r.head_of(r.bare(), "small"));

  r.files().write(r.clone() / "large", bytes(3'000'000));
  r.git({"-C", clone, "add", "large"});
  r.git({"-C", clone, "commit", "--quiet", "-m", "large"});
  auto const pushed = r.git({"-C", clone, "-c", "http.postBuffer=1", "push", "--quiet", "origin",
                             "HEAD:refs/heads/large"});
  CHECK(pushed.err.find("Transfer-Encoding: chunked") != std::string::npos);
  CHECK(r.head_of(clone, "HEAD") == r.head_of(r.bare(), "large"));
  r.git({"-C", r.bare(), "fsck", "--full"});
}

TEST_CASE("git is told of a repository that is not there") {
  repository const r;
  server const s(r.files(), r.server_options());
  auto const answer = ask(s.port(), "GET", "/git/none.git/info/refs?service=git-upload-pack");
  CHECK(answer.status == 404);
}

TEST_CASE("php-cgi serves pages, forms and uploads") {
  site const files;
  files.write("page.php",
              "<?php header('X-Page: yes'); echo $_SERVER['REQUEST_METHOD'], ' ', "
              "$_GET['name'] ?? '-', ' ', $_POST['name'] ?? '-', ' ', "
              "$_SERVER['PATH_INFO'] ?? '-', ' ', $_SERVER['SCRIPT_NAME'];");
  files.write("upload.php",
              "<?php header('Content-Type: application/octet-stream');"
              "echo $_POST['text'], '|', $_FILES['file']['name'], '|';"
              "readfile($_FILES['file']['tmp_name']);");
  files.write("status.php", "<?php http_response_code(418); echo 'short and stout';");
  files.write("away.php", "<?php header('Location: http://example.org/');");
  files.write("sub/index.php", "<?php echo 'the index of ', basename(getcwd());");
  server const s(files, {"--cgi-ext", ".php", "--interpreter", ".php=/usr/bin/php-cgi", "--index",
                         "index.html,index.php"});
  SUBCASE("a page") {
    auto const answer = ask(s.port(), "GET", "/page.php/more?name=J%C3%BCrgen");
    CHECK(answer.status == 200);
    CHECK(answer.field("X-Page") == "yes");
    CHECK(answer.body == "GET J\xC3\xBCrgen - /more /page.php");
  }
  SUBCASE("a form") {
    auto const answer = ask(s.port(), "POST", "/page.php?name=a",
                            "Content-Type: application/x-www-form-urlencoded\r\n", "name=b+c%26d");
    CHECK(answer.body == "POST a b c&d - /page.php");
  }
  SUBCASE("an upload") {
    auto const file = bytes(300'000);
    auto const answer =
        ask(s.port(), "POST", "/upload.php", multipart_type, multipart("hello", file));
    CHECK(answer.status == 200);
    CHECK((answer.body == "hello|a b.bin|" + file));
  }
  SUBCASE("an upload in chunks") {
    auto const file = bytes(300'000);
    client c(s.port());
    c.send(request("POST", "/upload.php", multipart_type + "Transfer-Encoding: chunked\r\n") +
           chunked(multipart("hello", file)));
    CHECK((c.read_reply().body == "hello|a b.bin|" + file));
  }
  SUBCASE("a status, a redirect and an index") {
    CHECK(ask(s.port(), "GET", "/status.php").status == 418);
    CHECK(ask(s.port(), "GET", "/away.php").field("Location") == "http://example.org/");
    CHECK(ask(s.port(), "GET", "/sub/").body == "the index of sub");
  }
  SUBCASE("no option from the query") {
    auto const answer = ask(s.port(), "GET", "/page.php?-s");
    CHECK(answer.body == "GET - - - /page.php");
  }
  SUBCASE("no page that is not there") {
    CHECK(ask(s.port(), "GET", "/none.php").status == 404);
  }
}

TEST_CASE("Perl's CGI.pm reads a form and an upload") {
  site const files;
  files.script("form.pl",
               "#!/usr/bin/perl\nuse strict;\nuse warnings;\nuse CGI;\nmy $q = CGI->new;\n"
               "binmode STDOUT;\nprint $q->header('application/octet-stream');\n"
               "print scalar $q->param('text'), '|', scalar $q->param('file'), '|';\n"
               "my $in = $q->upload('file');\nbinmode $in;\nlocal $/;\nprint <$in>;\n");
  server const s(files);
  auto const file = bytes(200'000);
  auto const answer =
      ask(s.port(), "POST", "/cgi-bin/form.pl", multipart_type, multipart("hello", file));
  CHECK_MESSAGE(answer.status == 200, s.log());
  CHECK((answer.body == "hello|a b.bin|" + file));
}

TEST_CASE("Python's CGIHandler runs a WSGI application") {
  site const files;
  files.script("app.py",
               "#!/usr/bin/python3\nfrom wsgiref.handlers import CGIHandler\n"
               "from wsgiref.validate import validator\n\n"
               "def app(environ, start_response):\n"
               "    body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))\n"
               "    start_response('202 Accepted', [('Content-Type', 'text/plain'),\n"
               "                                    ('X-Path', environ['PATH_INFO'])])\n"
               "    return [environ['REQUEST_METHOD'].encode(), b' ', body]\n\n"
               "CGIHandler().run(validator(app))\n");
  server const s(files);
  auto const posted = ask(s.port(), "POST", "/cgi-bin/app.py/a%20b", "", "the body");
  CHECK_MESSAGE(posted.status == 202, s.log());
  CHECK(posted.field("X-Path") == "/a b");
  CHECK(posted.body == "POST the body");
  auto const got = ask(s.port(), "GET", "/cgi-bin/app.py/");
  CHECK(got.body == "GET ");
}

TEST_SUITE_END();
