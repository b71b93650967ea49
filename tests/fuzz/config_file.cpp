// Config files (app/options.hpp): an error is one line; what was accepted keeps to its limits, and
// printed as a config file or as a command line it means the same.

#include <set>
#include <string>

#include "expect.hpp"
#include "gatehouse/config/option_values.hpp"
#include "gatehouse/config/options.hpp"
#include "gatehouse/http/target.hpp"
#include "memory_file.hpp"

namespace gatehouse::fuzz {
namespace {

using read_options =
    std::variant<config::options, config::help, config::version, config::usage_error>;
using lines = std::vector<std::string>;

config::complaint takes_all(std::string_view) {
  return std::nullopt;
}

constexpr config::map_key keyed_keys[] = {{"a", takes_all}, {"b", takes_all}};
constexpr config::map_syntax kinds[] = {
    {"static", config::map_target::directory},
    {"cgi", config::map_target::directory_or_program},
    {"keyed", config::map_target::directory_or_program, keyed_keys}};

read_options read_arguments(lines const& arguments) {
  std::vector<char const*> argv = {"gatehouse"};
  for (auto const& argument : arguments) argv.push_back(argument.c_str());
  return config::parse_options(static_cast<int>(argv.size()), argv.data(), kinds);
}

read_options read_file(std::string_view text) {
  static memory_file const file;
  file.write(text);
  return read_arguments({"--config", file.name()});
}

std::string milliseconds(std::chrono::milliseconds time) {
  return std::to_string(time.count()) + "ms";
}

std::string on_off(bool value) {
  return value ? "on" : "off";
}

std::string joined(std::vector<std::string> const& list) {
  std::string out;
  for (auto const& part : list) out.append(out.empty() ? "" : ",").append(part);
  return out;
}

// A word that keeps its blanks. A # behind one would begin a comment: it stands between quotes of
// its own.
std::string in_double_quotes(std::string_view word) {
  std::string out = "\"";
  for (char const c : word) out += c == '#' ? std::string("\"#\"") : std::string(1, c);
  return out + '"';
}

// As `key=value`, each option that has a value.
lines printed(config::options const& o) {
  static constexpr char const* levels[] = {"trace", "debug", "info", "warn", "error", "off"};
  lines out = {
      "bind=" + o.server.bind,
      "port=" + std::to_string(o.server.port),
      "index=" + joined(o.site.index),
      "listing=" + on_off(o.site.listing),
      "follow-symlinks=" + on_off(o.server.follow_symlinks),
      "pass-auth=" + on_off(o.site.pass_auth),
      "threads=" + std::to_string(o.server.threads),
      "workers=" + std::to_string(o.server.workers),
      "max-scripts=" + std::to_string(o.site.max_scripts),
      "queue=" + std::to_string(o.server.queue),
      "max-connections=" + std::to_string(o.server.max_connections),
      "max-connections-per-address=" + std::to_string(o.server.max_connections_per_address),
      "min-rate=" + std::to_string(o.server.min_rate_bytes),
      "queue-timeout=" + milliseconds(o.server.queue_timeout),
      "script-timeout=" + milliseconds(o.server.script_timeout),
      "script-deadline=" + milliseconds(o.server.script_deadline),
      "grace=" + milliseconds(o.server.grace),
      "header-timeout=" + milliseconds(o.server.header_timeout),
      "idle-timeout=" + milliseconds(o.server.idle_timeout),
      "drain-time=" + milliseconds(o.server.drain_time),
      "body-limit=" + std::to_string(o.site.body_limit_bytes),
      "spool-limit=" + std::to_string(o.server.spool_limit_bytes),
      "header-limit=" + std::to_string(o.server.header_limit_bytes),
      "access-log=" + o.site.access_log,
      std::string("log-format=") +
          (o.server.log_format == config::log_format::json ? "json" : "combined"),
      std::string("log-level=") + levels[static_cast<int>(o.server.log_level)],
      "trace=" + on_off(o.server.trace),
      "nice=" + std::to_string(o.server.nice),
      "no-new-privs=" + on_off(o.server.no_new_privs),
      "sandbox=" + on_off(o.server.sandbox),
      "sandbox-net=" + on_off(o.server.sandbox_net),
  };
  auto const add_unless_empty = [&](std::string const& key, std::string const& value) {
    if (!value.empty()) out.push_back(key + "=" + value);
  };
  add_unless_empty("root", o.site.root.native());
  add_unless_empty("user", o.server.user);
  add_unless_empty("group", o.server.group);
  add_unless_empty("cgi-bin", o.site.cgi_bin_off ? "off" : o.site.cgi_bin.native());
  add_unless_empty("cgi-ext", joined(o.site.cgi_extensions));
  add_unless_empty("warm", joined(o.site.warm));
  for (auto const& one : o.site.warm_loads)
    out.push_back("warm-load=" + one.interpreter + "=" + joined(one.modules));
  out.push_back("warm-templates=" + std::to_string(o.site.warm_templates));
  add_unless_empty("inspect-token", o.server.inspect_token);
  out.push_back("inspect=" + on_off(o.server.inspect));
  add_unless_empty("takeover", o.server.takeover.native());
  auto const add_unless_zero = [&](std::string const& key, std::uint64_t value) {
    if (value != 0) out.push_back(key + "=" + std::to_string(value));
  };
  if (o.server.limit_cpu.count() != 0)
    out.push_back("limit-cpu=" + milliseconds(o.server.limit_cpu));
  add_unless_zero("limit-memory", o.server.limit_memory_bytes);
  add_unless_zero("limit-processes", o.server.limit_processes);
  add_unless_zero("limit-files", o.server.limit_files);
  add_unless_zero("limit-file-size", o.server.limit_file_size_bytes);
  for (auto const& path : o.server.sandbox_read) out.push_back("sandbox-read=" + path.native());
  for (auto const& path : o.server.sandbox_write) out.push_back("sandbox-write=" + path.native());
  for (auto const& m : o.site.mappings) {
    bool const keyed = m.kind == "keyed";
    auto line = "map=" + (m.prefix.empty() ? "/" : m.prefix) + " " + m.kind + ":";
    line += keyed ? in_double_quotes(m.target.native()) : m.target.native();
    for (auto const& [key, value] : m.settings) line += ' ' + in_double_quotes(key + "=" + value);
    out.push_back(line);
  }
  for (auto const& i : o.site.interpreters) {
    auto words = in_double_quotes((i.kind.empty() ? "" : i.kind + ":") + i.program.native());
    for (auto const& argument : i.arguments) words += ' ' + in_double_quotes(argument);
    out.push_back("interpreter=" + i.extension + "=" + words);
  }
  for (auto const& e : o.site.environment) {
    out.push_back("env=" + e.name + (e.value ? "=" + *e.value : std::string()));
  }
  return out;
}

void expect_sound(config::options const& o) {
  expect(o.server.threads >= 1 && o.server.threads <= 1024, "threads");
  expect(o.site.max_scripts >= 1, "a script can run");
  expect(o.server.header_limit_bytes >= 1024 && o.server.header_limit_bytes <= 16U * 1024 * 1024,
         "header limit");
  expect(o.server.script_timeout.count() > 0 && o.server.header_timeout.count() > 0 &&
             o.server.idle_timeout.count() > 0,
         "waits that need a length have one");
  expect(!o.site.index.empty(), "there is an index");
  for (auto const& name : o.site.index) {
    expect(!name.empty() && name.find('/') == std::string::npos && name != "..", "a file name");
  }
  std::set<std::string> keys;
  for (auto const& m : o.site.mappings) {
    expect(m.prefix.empty() || (m.prefix.starts_with('/') && !m.prefix.ends_with('/')), "a prefix");
    expect(m.prefix.empty() || http::without_dot_segments(m.prefix) == m.prefix, "no dot segments");
    expect(keys.insert("map " + m.prefix).second && !m.target.empty(), "one target for a prefix");
  }
  for (auto const& i : o.site.interpreters) {
    expect(config::is_extension(i.extension) && (!i.kind.empty() || i.program.is_absolute()),
           "an interpreter");
    expect(keys.insert("interpreter " + i.extension).second, "one for an extension");
  }
  for (auto const& e : o.site.environment) {
    expect(config::is_environment_name(e.name), "a variable's name");
    expect(keys.insert("env " + e.name).second, "one value for a variable");
  }
  for (auto const& line : printed(o)) {
    expect(line.find_first_of(std::string_view("\0\n", 2)) == std::string::npos,
           "no value ends before its end");
  }
}

void expect_stable(config::options const& o) {
  auto const before = printed(o);
  std::string text;
  lines arguments;
  for (auto const& line : before) {
    text.append(line).append("\n");
    arguments.push_back("--" + line);
  }
  auto const from_file = read_file(text);
  auto const* const again = std::get_if<config::options>(&from_file);
  expect(again != nullptr && printed(*again) == before, "a printed file means the same");
  auto const from_arguments = read_arguments(arguments);
  auto const* const given = std::get_if<config::options>(&from_arguments);
  expect(given != nullptr && printed(*given) == before, "and so does a command line");
}

}  // namespace
}  // namespace gatehouse::fuzz

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace gatehouse;
  auto const read = fuzz::read_file(fuzz::text_of(data, size));
  if (auto const* wrong = std::get_if<config::usage_error>(&read)) {
    fuzz::expect(wrong->line.starts_with("gatehouse: ") && fuzz::is_one_line(wrong->line),
                 "an error is one line");
    return 0;
  }
  auto const* const chosen = std::get_if<config::options>(&read);
  fuzz::expect(chosen != nullptr, "a config file does not ask for help");
  fuzz::expect_sound(*chosen);
  fuzz::expect_stable(*chosen);
  return 0;
}
