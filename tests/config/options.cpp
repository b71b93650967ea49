#include "gatehouse/config/options.hpp"

#include <doctest/doctest.h>

#include "../temporary_directory.hpp"
#include "gatehouse/config/option_rules.hpp"

using namespace gatehouse::config;
using namespace std::chrono_literals;

namespace {

complaint wants_digits(std::string_view value) {
  bool const good = value.find_first_not_of("0123456789") == std::string_view::npos;
  return good ? complaint() : "is no number";
}

complaint is_far(std::string_view target) {
  return target == "there" ? complaint() : "\"" + std::string(target) + "\" is far";
}

constexpr map_key pool_keys[] = {{"workers", wants_digits}, {"idle", wants_digits}};
constexpr map_syntax kinds[] = {{"static", map_target::directory},
                                {"cgi", map_target::directory_or_program},
                                {"pool", map_target::directory_or_program, pool_keys},
                                {"far", map_target::as_written, {}, is_far, true},
                                {"near", map_target::as_written, pool_keys, nullptr, true,
                                 [](std::string_view target) { return target.starts_with('/'); }}};

auto parse(std::vector<std::string> const& arguments) {
  std::vector<char const*> argv = {"gatehouse"};
  for (auto const& a : arguments) argv.push_back(a.c_str());
  return parse_options(static_cast<int>(argv.size()), argv.data(), kinds);
}

options parsed(std::vector<std::string> const& arguments) {
  auto const outcome = parse(arguments);
  if (auto const* wrong = std::get_if<usage_error>(&outcome)) FAIL(wrong->line);
  REQUIRE(std::holds_alternative<options>(outcome));
  return std::get<options>(outcome);
}

std::string error_of(std::vector<std::string> const& arguments) {
  auto const outcome = parse(arguments);
  auto const* wrong = std::get_if<usage_error>(&outcome);
  return wrong != nullptr ? wrong->line : "no error";
}

}  // namespace

TEST_CASE("without arguments every option has its default") {
  auto const o = parsed({});
  CHECK(o.server.bind == "127.0.0.1");
  CHECK(o.server.port == 8000);
  CHECK(o.site.root.empty());
  CHECK(o.site.cgi_bin.empty());
  CHECK(o.site.index == std::vector<std::string>{"index.html"});
  CHECK(o.site.listing);
  CHECK_FALSE(o.server.follow_symlinks);
  CHECK_FALSE(o.site.pass_auth);
  CHECK(o.server.threads >= 1);
  CHECK(o.server.max_connections == 16384);
  CHECK(o.server.max_connections_per_address == 0);
  CHECK(o.server.min_rate_bytes == 500);
  CHECK(o.site.max_scripts >= 16);
  CHECK(o.server.queue == 128);
  CHECK(o.server.script_deadline == 0ms);
  CHECK(o.site.body_limit_bytes == 1073741824);
  CHECK(o.server.spool_limit_bytes == 4294967296);
  CHECK(o.server.header_limit_bytes == 32768);
  CHECK(o.site.access_log == "-");
  CHECK(o.server.log_format == log_format::combined);
  CHECK(o.server.log_level == gatehouse::base::log::level::info);
}

TEST_CASE("every option is read") {
  auto const o = parsed({"-p",
                         "0",
                         "-b",
                         "[::1]",
                         "--map",
                         "/a/b/  cgi:/srv/my app",
                         "--map=/ static:pub",
                         "--index",
                         "a.html,b.html",
                         "--listing",
                         "off",
                         "--follow-symlinks",
                         "--cgi-bin",
                         "bin",
                         "--cgi-ext",
                         ".cgi, .pl",
                         "--cgi-ext=.py",
                         "--interpreter",
                         ".php=/usr/bin/php-cgi -d  \"a=b c\"",
                         "--env",
                         "A=1=2",
                         "--env",
                         "HOME",
                         "--env=EMPTY=",
                         "--pass-auth",
                         "--warm",
                         "python3,perl",
                         "--warm-load=perl=CGI,Time::Piece",
                         "--warm-load",
                         "python3=json",
                         "--warm-load=python3=flask,os.path",
                         "--warm-templates",
                         "3",
                         "--threads",
                         "3",
                         "--max-connections",
                         "1000000",
                         "--max-connections-per-address",
                         "20",
                         "--min-rate",
                         "2k",
                         "--max-scripts",
                         "7",
                         "--queue",
                         "0",
                         "--queue-timeout",
                         "1s",
                         "--script-timeout",
                         "2s",
                         "--script-deadline",
                         "3m",
                         "--grace",
                         "4ms",
                         "--header-timeout",
                         "5s",
                         "--idle-timeout",
                         "6h",
                         "--drain-time",
                         "7s",
                         "--body-limit",
                         "8M",
                         "--spool-limit",
                         "16M",
                         "--header-limit",
                         "9k",
                         "--access-log",
                         "off",
                         "--log-format",
                         "json",
                         "--log-level",
                         "debug",
                         "--limit-cpu",
                         "1m",
                         "--limit-memory",
                         "10M",
                         "--limit-processes",
                         "11",
                         "--limit-files",
                         "16",
                         "--limit-file-size",
                         "12k",
                         "--nice",
                         "13",
                         "--sandbox",
                         "--sandbox-read",
                         "r",
                         "--sandbox-read=s",
                         "--sandbox-write",
                         "w",
                         "--sandbox-net",
                         "--user",
                         "u",
                         "--group",
                         "g",
                         "site"});
  CHECK(o.server.port == 0);
  CHECK(o.server.bind == "::1");
  CHECK(o.site.root == "site");
  REQUIRE(o.site.mappings.size() == 2);
  CHECK(o.site.mappings[0].prefix == "/a/b");
  CHECK(o.site.mappings[0].kind == "cgi");
  CHECK(o.site.mappings[0].target == "/srv/my app");
  CHECK(o.site.mappings[1].prefix.empty());
  CHECK(o.site.mappings[1].kind == "static");
  CHECK(o.site.index == std::vector<std::string>{"a.html", "b.html"});
  CHECK_FALSE(o.site.listing);
  CHECK(o.server.follow_symlinks);
  CHECK(o.site.cgi_bin == "bin");
  CHECK(o.site.cgi_extensions == std::vector<std::string>{".cgi", ".pl", ".py"});
  REQUIRE(o.site.interpreters.size() == 1);
  CHECK(o.site.interpreters[0].extension == ".php");
  CHECK(o.site.interpreters[0].program == "/usr/bin/php-cgi");
  CHECK(o.site.interpreters[0].arguments == std::vector<std::string>{"-d", "a=b c"});
  REQUIRE(o.site.environment.size() == 3);
  CHECK(o.site.environment[0].name == "A");
  CHECK(o.site.environment[0].value == "1=2");
  CHECK_FALSE(o.site.environment[1].value.has_value());
  CHECK(o.site.environment[2].value == "");
  CHECK(o.site.pass_auth);
  CHECK(o.site.warm == std::vector<std::string>{"python3", "perl"});
  REQUIRE(o.site.warm_loads.size() == 2);
  CHECK(o.site.warm_loads[0].interpreter == "perl");
  CHECK(o.site.warm_loads[0].modules == std::vector<std::string>{"CGI", "Time::Piece"});
  CHECK(o.site.warm_loads[1].modules == std::vector<std::string>{"flask", "os.path"});
  CHECK(o.site.warm_templates == 3);
  CHECK(o.server.threads == 3);
  CHECK(o.server.max_connections == 1'000'000);
  CHECK(o.server.max_connections_per_address == 20);
  CHECK(o.server.min_rate_bytes == 2048);
  CHECK(o.site.max_scripts == 7);
  CHECK(o.server.queue == 0);
  CHECK(o.server.queue_timeout == 1s);
  CHECK(o.server.script_timeout == 2s);
  CHECK(o.server.script_deadline == 3min);
  CHECK(o.server.grace == 4ms);
  CHECK(o.server.header_timeout == 5s);
  CHECK(o.server.idle_timeout == 6h);
  CHECK(o.server.drain_time == 7s);
  CHECK(o.site.body_limit_bytes == 8388608);
  CHECK(o.server.spool_limit_bytes == 16777216);
  CHECK(o.server.header_limit_bytes == 9216);
  CHECK(o.site.access_log == "off");
  CHECK(o.server.log_format == log_format::json);
  CHECK(o.server.log_level == gatehouse::base::log::level::debug);
  CHECK(o.server.limit_cpu == 1min);
  CHECK(o.server.limit_memory_bytes == 10 * 1024 * 1024);
  CHECK(o.server.limit_processes == 11);
  CHECK(o.server.limit_files == 16);
  CHECK(o.server.limit_file_size_bytes == 12 * 1024);
  CHECK(o.server.nice == 13);
  CHECK(o.server.no_new_privs);
  CHECK(o.server.sandbox);
  CHECK(o.server.sandbox_read == std::vector<std::filesystem::path>{"r", "s"});
  CHECK(o.server.sandbox_write == std::vector<std::filesystem::path>{"w"});
  CHECK(o.server.sandbox_net);
  CHECK(o.server.user == "u");
  CHECK(o.server.group == "g");
}

TEST_CASE("the directory may stand anywhere, and a switch does not take it for its value") {
  CHECK(parsed({"--follow-symlinks", "site"}).site.root == "site");
  CHECK(parsed({"site", "-p1"}).site.root == "site");
  CHECK(parsed({"--root=site"}).site.root == "site");
  CHECK(parsed({"--", "--pass-auth"}).site.root == "--pass-auth");
  CHECK_FALSE(parsed({"--follow-symlinks=off", "site"}).server.follow_symlinks);
  CHECK(parsed({"--cgi-bin", "off"}).site.cgi_bin_off);
}

TEST_CASE("a wrong argument is one line that says what is wrong") {
  struct row {
    std::vector<std::string> arguments;
    std::string_view line;
  };
  row const rows[] = {
      {{"--port", "80x"}, R"(--port: "80x" is not a port number (0 to 65535))"},
      {{"--port", "65536"}, R"(--port: "65536" is not a port number (0 to 65535))"},
      {{"--port", "-1"}, R"(--port: "-1" is not a port number (0 to 65535))"},
      {{"--port"}, "--port: needs a value, N"},
      {{"--port", "1", "-p2"}, "--port: is given twice"},
      {{"--prot", "1"}, "--prot: no such option (did you mean --port?); see gatehouse --help all"},
      {{"--directory", "x"},
       "--directory: no such option (the directory is given as it is: gatehouse DIRECTORY); see "
       "gatehouse --help all"},
      {{"--cgi"},
       "--cgi: no such option (programs in cgi-bin are run without an option); see gatehouse "
       "--help all"},
      {{"-x"}, "-x: no such option; see gatehouse --help all"},
      {{"--a\033[31m\n"}, R"(--a\x1b[31m\x0a: no such option; see gatehouse --help all)"},
      {{"a", "b"}, "more than one DIRECTORY is given; see gatehouse --help"},
      {{"chekc", "b"},
       "more than one DIRECTORY is given (did you mean the command `gatehouse check`?); see "
       "gatehouse --help"},
      {{"--root", "a", "b"}, "DIRECTORY: the directory is given twice"},
      {{""}, "DIRECTORY: the path is empty"},
      {{"--bind", "127.0.1"},
       R"(--bind: "127.0.1" is not an address such as 127.0.0.1, 0.0.0.0 or ::1, or a name such as localhost)"},
      {{"--bind", "127.0.0.1:80"},
       R"(--bind: "127.0.0.1:80" has a port, which goes to --port: --bind 127.0.0.1 --port 80)"},
      {{"--bind", "[::1]:80"},
       R"(--bind: "[::1]:80" has a port, which goes to --port: --bind [::1] --port 80)"},
      {{"--bind", "fe80::1"},
       R"(--bind: "fe80::1" is a link-local address and needs its interface: fe80::1%eth0, or whichever has it (`ip address`))"},
      {{"--bind", "fe80::1%none"},
       R"(--bind: "fe80::1%none" names no interface of this machine: `ip address` shows those that there are)"},
      {{"--inspect", "on"},
       "--inspect: its value stands behind a =, as in --inspect=on; a directory of that name is "
       "./on"},
      {{"--map", "/a"}, R"(--map: "/a" is not PREFIX KIND:TARGET, such as '/app cgi:/srv/app')"},
      {{"--map", "a cgi:/b"}, R"(--map: the prefix "a" does not start with "/")"},
      {{"--map", "/a/../b cgi:/b"}, R"(--map: the prefix "/a/../b" has a "." or ".." segment)"},
      {{"--map", "/a fcgi:/b"},
       R"(--map: "fcgi" is not a kind of target (static, cgi, pool, far or near))"},
      {{"--wsgi", ""}, R"(--wsgi: the name of the application is empty)"},
      {{"--workers", "0"}, R"(--workers: "0" is not a number from 1 to 1024)"},
      {{"--map", "/a cgi:"}, R"(--map: there is no path after "cgi")"},
      {{"--map", "/a pool:"}, R"(--map: there is no path after "pool")"},
      {{"--map", "/a pool:/b idle"}, R"(--map: "idle" is not KEY=VALUE)"},
      {{"--map", "/a pool:/b size=1"}, R"(--map: "size" is not a key of pool)"},
      {{"--map", "/a pool:/b idle=x"}, "--map: idle: is no number"},
      {{"--map", "/a pool:/b idle=1 idle=2"}, "--map: idle is given twice"},
      {{"--map", "/a pool:\"/b"}, R"(--map: a quote is not closed in "\"/b")"},
      {{"--listing", "yes"}, R"(--listing: "yes" is not on or off)"},
      {{"--pass-auth=1"}, R"(--pass-auth: "1" is not on or off)"},
      {{"--index", "a,,b"}, R"(--index: "" is not a file name)"},
      {{"--index", "../a"}, R"(--index: "../a" is not a file name)"},
      {{"--cgi-ext", "cgi"}, R"(--cgi-ext: "cgi" is not an extension such as .cgi)"},
      {{"--warm", "python3,ruby"}, R"(--warm: "ruby" is not python3 or perl)"},
      {{"--warm-load", "flask"},
       R"(--warm-load: "flask" is not NAME=MODULE,..., such as python3=flask)"},
      {{"--warm-load", "python3=os;x"}, R"(--warm-load: "os;x" is not the name of a module)"},
      {{"--warm-load", "python3="}, R"(--warm-load: "" is not the name of a module)"},
      {{"--interpreter", ".php"},
       R"(--interpreter: ".php" is not .EXT=PROGRAM, such as .php=/usr/bin/php-cgi)"},
      {{"--interpreter", ".php=php"},
       R"(--interpreter: "php" is not an absolute path such as /usr/bin/php-cgi, nor an address such as fastcgi:unix:/run/php/php-fpm.sock)"},
      {{"--interpreter", ".php="},
       R"(--interpreter: "" is not an absolute path such as /usr/bin/php-cgi, nor an address such as fastcgi:unix:/run/php/php-fpm.sock)"},
      {{"--interpreter", ".php=far:nowhere"}, R"(--interpreter: "nowhere" is far)"},
      {{"--interpreter", ".php=far:there -q"},
       R"(--interpreter: nothing may follow the address of an application: "-q")"},
      {{"--interpreter", ".php=cgi:/x"},
       R"(--interpreter: "cgi:/x" is not an absolute path such as /usr/bin/php-cgi, nor an address such as fastcgi:unix:/run/php/php-fpm.sock)"},
      {{"--map", "/x far:nowhere"}, R"(--map: "nowhere" is far)"},
      {{"--interpreter", ".php=/usr/bin/php-cgi \"-d"},
       R"(--interpreter: a quote is not closed in ".php=/usr/bin/php-cgi \"-d")"},
      {{"--env", "1A=b"}, R"(--env: "1A" is not the name of an environment variable)"},
      {{"--threads", "0"}, R"(--threads: "0" is not a number from 1 to 1024)"},
      {{"--max-connections", "0"}, R"(--max-connections: "0" is not a number from 1 to 1000000)"},
      {{"--max-connections-per-address", "many"},
       R"(--max-connections-per-address: "many" is not a number from 0 to 1000000)"},
      {{"--min-rate", "500/s"},
       R"(--min-rate: "500/s" is not a size such as 4096, 64k, 10M or 1G)"},
      {{"--grace", "1d"}, R"(--grace: "1d" is not a time such as 500ms, 30s, 5m or 2h)"},
      {{"--header-timeout", "0"}, "--header-timeout: must be more than 0"},
      {{"--body-limit", "x"}, R"(--body-limit: "x" is not a size such as 4096, 64k, 10M or 1G)"},
      {{"--header-limit", "10"}, "--header-limit: must be from 1k to 16M"},
      {{"--limit-cpu", "1500ms"}, "--limit-cpu: must be whole seconds, at least 1s"},
      {{"--limit-cpu", "0"}, "--limit-cpu: must be whole seconds, at least 1s"},
      {{"--limit-memory", "0"}, "--limit-memory: must be more than 0"},
      {{"--limit-processes", "0"}, R"(--limit-processes: "0" is not a number from 1 to 1000000)"},
      {{"--limit-files", "15"}, R"(--limit-files: "15" is not a number from 16 to 1000000)"},
      {{"--limit-file-size", "1x"},
       R"(--limit-file-size: "1x" is not a size such as 4096, 64k, 10M or 1G)"},
      {{"--nice", "20"}, R"(--nice: "20" is not a number from 0 to 19)"},
      {{"--nice", "-1"}, R"(--nice: "-1" is not a number from 0 to 19)"},
      {{"--sandbox-read", "a"}, "--sandbox-read: has no effect without --sandbox"},
      {{"--sandbox=off", "--sandbox-write", "a"},
       "--sandbox-write: has no effect without --sandbox"},
      {{"--sandbox-net"}, "--sandbox-net: has no effect without --sandbox"},
      {{"--sandbox", "--no-new-privs", "off"}, "--sandbox: goes with --no-new-privs on alone"},
      {{"--log-format", "xml"}, R"(--log-format: "xml" is not combined or json)"},
      {{"--log-level", "all"},
       R"(--log-level: "all" is not one of trace, debug, info, warn, error, off)"},
      {{"--access-log="}, "--access-log: needs a value, PATH|-|off"},
  };
  for (row const& r : rows) {
    CAPTURE(r.line);
    CHECK(error_of(r.arguments) == "gatehouse: " + std::string(r.line));
  }
}

TEST_CASE("a kind of map without keys takes all that follows for its target, blanks too") {
  auto const o = parsed({"--map", "/a static:/srv/a b=c"});
  REQUIRE(o.site.mappings.size() == 1);
  CHECK(o.site.mappings[0].target == "/srv/a b=c");
  CHECK(o.site.mappings[0].form == map_target::directory);
  CHECK(o.site.mappings[0].settings.empty());
}

TEST_CASE("a kind of map with keys takes them behind its target") {
  auto const o = parsed({"--map", "/a pool:\"/srv/a b\"  workers=4 idle=30"});
  REQUIRE(o.site.mappings.size() == 1);
  auto const& m = o.site.mappings[0];
  CHECK(m.kind == "pool");
  CHECK(m.target == "/srv/a b");
  CHECK(m.form == map_target::directory_or_program);
  REQUIRE(m.settings.size() == 2);
  CHECK(m.settings[0].key == "workers");
  CHECK(m.settings[0].value == "4");
  CHECK(m.settings[1].key == "idle");
  CHECK(m.settings[1].value == "30");
}

TEST_CASE("a target that may be a program or an address takes keys only as a program") {
  auto const o =
      parsed({"--map", "/a near:/srv/a workers=4", "--map", "/b near:there", "--interpreter",
              ".php=near:/bin/php idle=3", "--interpreter", ".pl=near:there"});
  REQUIRE(o.site.mappings.size() == 2);
  CHECK(o.site.mappings[0].form == map_target::program);
  CHECK(o.site.mappings[0].settings.size() == 1);
  CHECK(o.site.mappings[1].form == map_target::as_written);
  REQUIRE(o.site.interpreters.size() == 2);
  CHECK(o.site.interpreters[0].form == map_target::program);
  CHECK(o.site.interpreters[0].program == "/bin/php");
  CHECK(o.site.interpreters[0].arguments.empty());
  REQUIRE(o.site.interpreters[0].settings.size() == 1);
  CHECK(o.site.interpreters[0].settings[0].key == "idle");
  CHECK(o.site.interpreters[1].form == map_target::as_written);
  CHECK(error_of({"--map", "/b near:there workers=4"}) ==
        "gatehouse: --map: workers= is for a program that the server starts, and \"there\" is the "
        "address of one that runs elsewhere");
  CHECK(error_of({"--interpreter", ".php=near:/bin/php -q"}) ==
        "gatehouse: --interpreter: \"-q\" is not KEY=VALUE");
}

TEST_CASE("a config file gives values, and the command line wins over it") {
  gatehouse::tests::temporary_directory const directory;
  auto const file = directory.write("site.conf",
                                    "# the site\r\n"
                                    "\n"
                                    "port = 9000   # not the default\n"
                                    "  root=www\n"
                                    "follow-symlinks = on\n"
                                    "index = a.html\n"
                                    "index = b.html\n"
                                    "env = COLOUR=#fff\n"
                                    "env = A=1\n"
                                    "map = /a static:/a\n"
                                    "map = /b cgi:/b");
  SUBCASE("alone") {
    auto const o = parsed({"--config", file.string()});
    CHECK(o.server.port == 9000);
    CHECK(o.site.root == "www");
    CHECK(o.server.follow_symlinks);
    CHECK(o.site.index == std::vector<std::string>{"a.html", "b.html"});
    REQUIRE(o.site.environment.size() == 2);
    CHECK(o.site.environment[0].value == "#fff");
    CHECK(o.site.mappings.size() == 2);
  }
  SUBCASE("with the command line") {
    auto const o = parsed({"-p1", "--config", file.string(), "--index", "c.html", "--env", "A=2",
                           "--map", "/b static:/c", "site"});
    CHECK(o.server.port == 1);
    CHECK(o.site.root == "site");
    CHECK(o.site.index == std::vector<std::string>{"c.html"});
    REQUIRE(o.site.environment.size() == 2);
    CHECK(o.site.environment[1].value == "2");
    REQUIRE(o.site.mappings.size() == 2);
    CHECK(o.site.mappings[1].kind == "static");
    CHECK(o.site.mappings[1].target == "/c");
  }
}

TEST_CASE("a wrong line of a config file is named with its number") {
  struct row {
    std::string_view content;
    std::string_view line;
  };
  row const rows[] = {
      {"\nport = 9x", R"(2: port: "9x" is not a port number (0 to 65535))"},
      {"prot = 1", R"(1: no such key "prot" (did you mean port?))"},
      {"config = a", R"(1: no such key "config")"},
      {"help = on", R"(1: no such key "help")"},
      {"port", R"(1: "port" is not a `key = value` line)"},
      {"port = 1\nport = 2", "2: port: is given twice"},
      {"port =", R"(1: port: "" is not a port number (0 to 65535))"},
      {std::string_view("port = 1\nroot = a\0b", 19), "2: the line has a NUL"},
      {"port = 1\r\nroot = a\r\r\n", "2: the line has a carriage return before its end"},
  };
  for (row const& r : rows) {
    CAPTURE(r.line);
    gatehouse::tests::temporary_directory const directory;
    auto const file = directory.write("c", r.content).string();
    CHECK(error_of({"--config", file}) == "gatehouse: " + file + ":" + std::string(r.line));
  }
  CHECK(error_of({"--config", "/nonexistent"}) ==
        R"(gatehouse: --config: cannot read "/nonexistent": No such file or directory)");
  CHECK(error_of({"--config", "/"}) == R"(gatehouse: --config: cannot read "/": Is a directory)");
}

TEST_CASE("help wins over other options, and over what is wrong with them") {
  CHECK(std::holds_alternative<help>(parse({"--port", "x", "-h"})));
  CHECK(std::holds_alternative<help>(parse({"--help", "all"})));
  CHECK(std::holds_alternative<version>(parse({"--version"})));
}

TEST_CASE("a site has these options of its own, and the server all others") {
  std::string of_sites;
  for (option_rule const& r : option_rules()) {
    if (r.setter.is_of_site()) of_sites.append(of_sites.empty() ? "" : " ").append(r.name);
  }
  CHECK(of_sites ==
        "root map wsgi index listing cgi-bin cgi-ext interpreter env warm warm-load warm-templates "
        "pass-auth max-scripts body-limit access-log");
}
