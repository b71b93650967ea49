#pragma once
// The command line and the config file, understood once and kept as plain values: what the server
// is built on, and what a site is. Later steps read these and never the text. `--help` is made from
// the same table that parses.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "gatehouse/base/log.hpp"
#include "gatehouse/config/log_format.hpp"
#include "gatehouse/config/map_syntax.hpp"

namespace gatehouse::config {

// What a KEY=VALUE of a map says; the value is as its key wants it.
struct map_setting {
  std::string key;
  std::string value;
};

// --map 'PREFIX KIND:TARGET [KEY=VALUE ...]'
struct mapping {
  std::string prefix;  // decoded; starts with "/" and has no slash at its end; "" is the root
  std::string kind;    // the name of its map_syntax
  std::filesystem::path target;
  map_target form = map_target::directory;  // of the target
  std::vector<map_setting> settings{};      // one for each key
};

// --interpreter '.php=/usr/bin/php-cgi -q', or '.php=fastcgi:unix:/run/php/php-fpm.sock', or
// '.php=fastcgi:/usr/bin/php-cgi workers=4'
struct interpreter {
  std::string extension;                 // with its dot
  std::filesystem::path program;         // or what follows the colon of a kind
  std::vector<std::string> arguments{};  // before the script's path
  std::string kind{};                    // the name of a map_syntax that interprets; empty: none
  map_target form = map_target::as_written;  // of what follows the colon of a kind
  std::vector<map_setting> settings{};       // the same
};

// --env NAME=VALUE, or NAME alone: the server's own value, and nothing if it has none.
struct environment_entry {
  std::string name;
  std::optional<std::string> value;
};

inline unsigned cores() {
  return std::max(1U, std::thread::hardware_concurrency());
}

// --warm-load NAME=MODULE[,MODULE...]
struct warm_load {
  std::string interpreter;
  std::vector<std::string> modules{};
};

// What there is once in a process: where it listens, whom it becomes, its limits and times, how
// programs are held, and what it tells. Limits are inclusive. A time of 0 stands for itself unless
// it says otherwise.
struct server_options {
  using milliseconds = std::chrono::milliseconds;

  // Serving
  std::string bind = "127.0.0.1";  // an address, or a name: see bind_address.hpp
  std::uint16_t port = 8000;       // 0: any free one
  bool follow_symlinks = false;
  std::string user;                // name or number; empty: stay who we are
  std::string group;               // name or number; empty: the user's own group
  std::filesystem::path takeover;  // empty: none takes over from us, nor we from anyone

  // Limits and times
  unsigned threads = cores();
  unsigned workers = std::max(2U, cores());  // of each application that is kept
  bool reload = false;                       // when a file of one changes
  unsigned max_connections = 16'384;         // fewer if there are not enough descriptors
  unsigned max_connections_per_address = 0;  // 0: no limit
  std::uint64_t min_rate_bytes = 500;        // a second; 0: none
  unsigned queue = 128;
  milliseconds queue_timeout = std::chrono::seconds(10);
  milliseconds script_timeout = std::chrono::seconds(60);  // without output
  milliseconds script_deadline{0};                         // the whole run; 0: none
  milliseconds grace = std::chrono::seconds(5);            // between TERM and KILL
  milliseconds header_timeout = std::chrono::seconds(20);
  milliseconds idle_timeout = std::chrono::seconds(60);
  milliseconds drain_time = std::chrono::seconds(10);
  std::uint64_t spool_limit_bytes = std::uint64_t{4} << 30U;
  std::uint64_t header_limit_bytes = std::uint64_t{32} << 10U;

  // Containment of programs; 0: no such limit
  milliseconds limit_cpu{0};  // whole seconds
  std::uint64_t limit_memory_bytes = 0;
  std::uint64_t limit_processes = 0;
  std::uint64_t limit_files = 0;
  std::uint64_t limit_file_size_bytes = 0;
  unsigned nice = 0;  // added to the server's own
  bool no_new_privs = true;
  bool sandbox = false;
  std::vector<std::filesystem::path> sandbox_read;
  std::vector<std::filesystem::path> sandbox_write;
  bool sandbox_net = false;

  // Teaching
  bool inspect = false;
  std::string inspect_token;  // empty: the inspector is for clients of this machine alone

  // Logs
  config::log_format log_format = config::log_format::combined;
  base::log::level log_level = base::log::level::info;
  bool trace = false;  // print every exchange step by step
};

// What there may be several times in a process: what stands where, which of it are programs, and
// what their requests may take.
struct site_options {
  std::filesystem::path root;
  std::vector<mapping> mappings;  // one for each prefix, in the order given
  std::vector<std::string> index = {"index.html"};
  bool listing = true;

  bool cgi_bin_off = false;       // --cgi-bin off: none, also if the default directory exists
  std::filesystem::path cgi_bin;  // empty: none
  std::vector<std::string> cgi_extensions;     // with their dots
  std::vector<interpreter> interpreters;       // one for each extension
  std::vector<environment_entry> environment;  // one for each name
  bool pass_auth = false;
  std::vector<std::string> warm;      // interpreters whose scripts start out of templates
  std::vector<warm_load> warm_loads;  // one for each interpreter
  unsigned warm_templates = 16;

  unsigned max_scripts = std::max(16U, 4 * cores());
  std::uint64_t body_limit_bytes = std::uint64_t{1} << 30U;

  std::string access_log = "-";  // a path, "-" for standard error, or "off"
};

struct options {
  server_options server;
  site_options site;  // the one that answers whatever host a request names
};

// Print text to standard output and exit with 0.
struct help {
  std::string text;
};
struct version {
  std::string text = "gatehouse " GATEHOUSE_VERSION "\n";
};
// Print the line (it has no line feed) to standard error and exit with 2.
struct usage_error {
  std::string line;
};

// Reads the command line and the config file that it names; looks at nothing else. Values of the
// command line replace those of the file; repeatable options are merged by their key (prefix,
// extension, name). kinds: the kinds of map that there are. Never throws on bad input.
std::variant<options, help, version, usage_error> parse_options(int argc, char const* const* argv,
                                                                map_syntaxes kinds);

// The same from a command line that has been read already (command_line.hpp): the config file that
// it names, then its own assignments. Those without a setter are left to the caller.
struct assignment;
std::variant<options, usage_error> options_of(std::vector<assignment> const& given,
                                              map_syntaxes kinds);

}  // namespace gatehouse::config
