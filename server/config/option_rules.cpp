#include "gatehouse/config/option_rules.hpp"

#include <algorithm>
#include <map>

#include "gatehouse/config/option_values.hpp"
#include "gatehouse/http/grammar.hpp"
#include "gatehouse/http/target.hpp"

namespace gatehouse::config {
namespace {

complaint is_not(std::string_view text, std::string_view what) {
  return in_quotes(text) + " is not " + std::string(what);
}

template <class T>
complaint set_count(T& to, std::string_view text, std::uint64_t least, std::uint64_t most) {
  auto const count = parse_count(text, least, most);
  if (!count) {
    return is_not(text, "a number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  to = static_cast<T>(*count);
  return std::nullopt;
}

complaint set_switch(bool& to, std::string_view text) {
  auto const value = parse_switch(text);
  if (!value) return is_not(text, "on or off");
  to = *value;
  return std::nullopt;
}

complaint set_time(std::chrono::milliseconds& to, std::string_view text) {
  auto const value = parse_time(text);
  if (!value) return is_not(text, "a time such as 500ms, 30s, 5m or 2h");
  to = *value;
  return std::nullopt;
}

complaint set_time_over_zero(std::chrono::milliseconds& to, std::string_view text) {
  auto wrong = set_time(to, text);
  if (!wrong && to.count() == 0) return "must be more than 0";
  return wrong;
}

complaint set_size(std::uint64_t& to, std::string_view text) {
  auto const value = parse_size(text);
  if (!value) return is_not(text, "a size such as 4096, 64k, 10M or 1G");
  to = *value;
  return std::nullopt;
}

complaint set_name(std::string& to, std::string_view text) {
  if (text.empty()) return "the name is empty";
  to = text;
  return std::nullopt;
}

complaint set_path(std::filesystem::path& to, std::string_view text) {
  if (text.empty()) return "the path is empty";
  to = text;
  return std::nullopt;
}

// Puts an entry into a list that has one entry for each key; a later one takes the earlier's place.
template <class Entry, class Key>
void put(std::vector<Entry>& list, Entry entry, Key Entry::*key) {
  auto const same =
      std::find_if(list.begin(), list.end(), [&](Entry const& e) { return e.*key == entry.*key; });
  if (same != list.end()) {
    *same = std::move(entry);
  } else {
    list.push_back(std::move(entry));
  }
}

complaint set_port(options& o, std::string_view text) {
  auto const port = parse_count(text, 0, 65535);
  if (!port) return is_not(text, "a port number (0 to 65535)");
  o.port = static_cast<std::uint16_t>(*port);
  return std::nullopt;
}

complaint set_bind(options& o, std::string_view text) {
  auto const bare =
      text.starts_with('[') && text.ends_with(']') ? text.substr(1, text.size() - 2) : text;
  boost::system::error_code ec;
  o.bind = boost::asio::ip::make_address(std::string(bare), ec);
  if (ec) return is_not(text, "an IPv4 or IPv6 address such as 127.0.0.1, 0.0.0.0 or ::1");
  return std::nullopt;
}

complaint set_cgi_bin(options& o, std::string_view text) {
  o.cgi_bin_off = text == "off";
  o.cgi_bin.clear();
  return o.cgi_bin_off ? std::nullopt : set_path(o.cgi_bin, text);
}

complaint set_map_prefix(mapping& m, std::string_view prefix) {
  if (!prefix.starts_with('/'))
    return "the prefix " + in_quotes(prefix) + " does not start with \"/\"";
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!prefix.empty() && http::without_dot_segments(prefix) != prefix) {
    return "the prefix " + in_quotes(prefix) + " has a \".\" or \"..\" segment";
  }
  m.prefix = prefix;
  return std::nullopt;
}

complaint set_map_target(mapping& m, std::string_view text) {
  auto const colon = text.find(':');
  auto const kind = text.substr(0, colon);
  if (kind == "static") {
    m.what = mapping::kind::static_files;
  } else if (kind == "cgi") {
    m.what = mapping::kind::cgi;
  } else {
    return is_not(kind, "a kind of target (static or cgi)");
  }
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return "there is no path after " + in_quotes(kind);
  }
  return set_path(m.target, text.substr(colon + 1));
}

complaint set_map(options& o, std::string_view text) {
  auto const blank = text.find_first_of(" \t");
  if (blank == std::string_view::npos) {
    return is_not(text, "PREFIX KIND:TARGET, such as '/app cgi:/srv/app'");
  }
  mapping m;
  if (auto wrong = set_map_prefix(m, text.substr(0, blank))) return wrong;
  if (auto wrong = set_map_target(m, http::trim_ows(text.substr(blank)))) return wrong;
  put(o.mappings, std::move(m), &mapping::prefix);
  return std::nullopt;
}

complaint set_index(options& o, std::string_view text) {
  for (auto const name : split_list(text)) {
    if (name.empty() || name.find('/') != std::string_view::npos || name == "." || name == "..") {
      return is_not(name, "a file name");
    }
    o.index.emplace_back(name);
  }
  return std::nullopt;
}

complaint set_cgi_ext(options& o, std::string_view text) {
  for (auto const extension : split_list(text)) {
    if (!is_extension(extension)) return is_not(extension, "an extension such as .cgi");
    o.cgi_extensions.emplace_back(extension);
  }
  return std::nullopt;
}

complaint set_interpreter(options& o, std::string_view text) {
  auto const equals = text.find('=');
  if (equals == std::string_view::npos) {
    return is_not(text, ".EXT=PROGRAM, such as .php=/usr/bin/php-cgi");
  }
  auto words = split_words(text.substr(equals + 1));
  if (!words) return "a quote is not closed in " + in_quotes(text);
  if (words->empty()) words->emplace_back();
  interpreter entry{std::string(http::trim_ows(text.substr(0, equals))), std::move(words->front())};
  words->erase(words->begin());
  entry.arguments = std::move(*words);
  if (!is_extension(entry.extension)) return is_not(entry.extension, "an extension such as .php");
  if (!entry.program.is_absolute()) {
    return is_not(entry.program.native(), "an absolute path such as /usr/bin/php-cgi");
  }
  put(o.interpreters, std::move(entry), &interpreter::extension);
  return std::nullopt;
}

complaint set_env(options& o, std::string_view text) {
  auto const equals = text.find('=');
  environment_entry entry{std::string(text.substr(0, equals)), std::nullopt};
  if (equals != std::string_view::npos) entry.value = text.substr(equals + 1);
  if (!is_environment_name(entry.name)) {
    return is_not(entry.name, "the name of an environment variable");
  }
  put(o.environment, std::move(entry), &environment_entry::name);
  return std::nullopt;
}

complaint set_header_limit(options& o, std::string_view text) {
  if (auto wrong = set_size(o.header_limit_bytes, text)) return wrong;
  if (o.header_limit_bytes < 1024 || o.header_limit_bytes > 16 * 1024 * 1024) {
    return "must be from 1k to 16M";
  }
  return std::nullopt;
}

complaint set_access_log(options& o, std::string_view text) {
  if (text.empty()) return "the path is empty";
  o.access_log = text;
  return std::nullopt;
}

complaint set_log_format(options& o, std::string_view text) {
  if (text != "combined" && text != "json") return is_not(text, "combined or json");
  o.log_format = text == "json" ? log_format::json : log_format::combined;
  return std::nullopt;
}

complaint set_log_level(options& o, std::string_view text) {
  using base::log::level;
  static std::map<std::string_view, level> const levels = {
      {"trace", level::trace}, {"debug", level::debug}, {"info", level::info},
      {"warn", level::warn},   {"error", level::error}, {"off", level::off}};
  auto const found = levels.find(text);
  if (found == levels.end()) return is_not(text, "one of trace, debug, info, warn, error, off");
  o.log_level = found->second;
  return std::nullopt;
}

// A token is a secret of a URL and a cookie.
complaint set_inspect_token(options& o, std::string_view text) {
  bool const fits = text.size() >= 16 && std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                             (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
                    });
  if (!fits) return "must be at least 16 letters, digits, - or _";
  o.inspect = true;
  o.inspect_token = text;
  return std::nullopt;
}

// The system counts processor time in seconds.
complaint set_limit_cpu(options& o, std::string_view text) {
  if (auto wrong = set_time(o.limit_cpu, text)) return wrong;
  if (o.limit_cpu.count() == 0 || o.limit_cpu % std::chrono::seconds(1) != std::chrono::seconds(0))
    return "must be whole seconds, at least 1s";
  return std::nullopt;
}

complaint set_size_over_zero(std::uint64_t& to, std::string_view text) {
  auto wrong = set_size(to, text);
  if (!wrong && to == 0) return "must be more than 0";
  return wrong;
}

complaint add_path(std::vector<std::filesystem::path>& to, std::string_view text) {
  std::filesystem::path path;
  auto wrong = set_path(path, text);
  if (!wrong) to.push_back(std::move(path));
  return wrong;
}

constexpr std::string_view serving = "Serving", programs = "Programs", teaching = "Teaching",
                           limits = "Limits and times (sizes take k, M, G; times take ms, s, m, h)",
                           containment = "Containment of programs", logs = "Logs", other = "Other";
using view = std::string_view;

// In the order of --help.
constexpr option_rule rules[] = {
    {serving, 'p', "port", "N", false, set_port, nullptr,
     "port to listen on; 0 picks a free one (default 8000)"},
    {serving, 'b', "bind", "ADDRESS", false, set_bind, nullptr,
     "IPv4 or IPv6 address (default 127.0.0.1: this machine only)"},
    {serving, 0, "root", "DIR", false, [](options& o, view v) { return set_path(o.root, v); },
     nullptr, "the same as DIRECTORY"},
    {serving, 0, "map", "'PREFIX KIND:TARGET'", true, set_map, nullptr,
     "serve TARGET at the URL path PREFIX; KIND is static or cgi; the longest prefix wins; "
     "repeatable"},
    {serving, 0, "index", "NAME,...", true, set_index, [](options& o) { o.index.clear(); },
     "what answers for a directory, first found (default index.html)"},
    {serving, 0, "listing", "on|off", false,
     [](options& o, view v) { return set_switch(o.listing, v); }, nullptr,
     "list a directory without an index file (default on)"},
    {serving, 0, "follow-symlinks", "", false,
     [](options& o, view v) { return set_switch(o.follow_symlinks, v); }, nullptr,
     "follow symbolic links that lead out of DIRECTORY (default off)"},
    {serving, 0, "user", "NAME", false, [](options& o, view v) { return set_name(o.user, v); },
     nullptr, "once the port is open, become this user (needs root)"},
    {serving, 0, "group", "NAME", false, [](options& o, view v) { return set_name(o.group, v); },
     nullptr, "and this group (default: the user's own)"},
    {serving, 0, "takeover", "PATH", false,
     [](options& o, view v) { return set_path(o.takeover, v); }, nullptr,
     "take over from the server that listens at the Unix socket PATH, and listen there for the "
     "next"},

    {programs, 0, "cgi-bin", "DIR|off", false, set_cgi_bin, nullptr,
     "programs served at /cgi-bin/ (default DIRECTORY/cgi-bin, else ./cgi-bin, if there is one)"},
    {programs, 0, "cgi-ext", ".EXT,...", true, set_cgi_ext,
     [](options& o) { o.cgi_extensions.clear(); },
     "extensions that make a file a program anywhere (default none)"},
    {programs, 0, "interpreter", "'.EXT=PROGRAM [ARGUMENT...]'", true, set_interpreter, nullptr,
     "run files with this extension by PROGRAM, such as .php=/usr/bin/php-cgi, with the arguments "
     "before the file's path; repeatable"},
    {programs, 0, "env", "NAME[=VALUE]", true, set_env, nullptr,
     "pass this variable to programs, besides PATH; NAME alone passes the server's value; "
     "repeatable"},
    {programs, 0, "pass-auth", "", false,
     [](options& o, view v) { return set_switch(o.pass_auth, v); }, nullptr,
     "give programs the client's Authorization field (default off)"},

    {limits, 0, "threads", "N", false,
     [](options& o, view v) { return set_count(o.threads, v, 1, 1024); }, nullptr,
     "threads that serve connections (default 1 a core)"},
    {limits, 0, "max-connections", "N", false,
     [](options& o, view v) { return set_count(o.max_connections, v, 1, 1'000'000); }, nullptr,
     "open connections; idle ones make room, then more get 503 (default 16384)"},
    {limits, 0, "max-connections-per-address", "N", false,
     [](options& o, view v) { return set_count(o.max_connections_per_address, v, 0, 1'000'000); },
     nullptr, "of one IPv4 address or IPv6 /64; more get 503 (default 0: no limit)"},
    {limits, 0, "max-scripts", "N", false,
     [](options& o, view v) { return set_count(o.max_scripts, v, 1, 100'000); }, nullptr,
     "programs that run at once (default 4 a core, at least 16)"},
    {limits, 0, "queue", "N", false,
     [](options& o, view v) { return set_count(o.queue, v, 0, 1'000'000); }, nullptr,
     "requests that may wait for a program; more get 503 (default 128)"},
    {limits, 0, "queue-timeout", "TIME", false,
     [](options& o, view v) { return set_time(o.queue_timeout, v); }, nullptr,
     "longest wait in that queue, then 503 (default 10s)"},
    {limits, 0, "script-timeout", "TIME", false,
     [](options& o, view v) { return set_time_over_zero(o.script_timeout, v); }, nullptr,
     "stop a program that prints nothing for so long (default 60s)"},
    {limits, 0, "script-deadline", "TIME", false,
     [](options& o, view v) { return set_time(o.script_deadline, v); }, nullptr,
     "stop a program that runs so long in all (default 0: never)"},
    {limits, 0, "grace", "TIME", false, [](options& o, view v) { return set_time(o.grace, v); },
     nullptr, "between asking a program to end and killing it (default 5s)"},
    {limits, 0, "header-timeout", "TIME", false,
     [](options& o, view v) { return set_time_over_zero(o.header_timeout, v); }, nullptr,
     "longest time for a request's header fields to arrive (default 20s)"},
    {limits, 0, "idle-timeout", "TIME", false,
     [](options& o, view v) { return set_time_over_zero(o.idle_timeout, v); }, nullptr,
     "close a connection when nothing moves for so long (default 60s)"},
    {limits, 0, "min-rate", "SIZE", false,
     [](options& o, view v) { return set_size(o.min_rate_bytes, v); }, nullptr,
     "bytes a second that a client has to send or take while the server waits for it; one that "
     "falls 20 s behind is disconnected (default 500; 0: no such limit)"},
    {limits, 0, "drain-time", "TIME", false,
     [](options& o, view v) { return set_time(o.drain_time, v); }, nullptr,
     "how long a stop waits for running exchanges (default 10s)"},
    {limits, 0, "body-limit", "SIZE", false,
     [](options& o, view v) { return set_size(o.body_limit_bytes, v); }, nullptr,
     "largest request body; more is answered 413 (default 1G)"},
    {limits, 0, "spool-limit", "SIZE", false,
     [](options& o, view v) { return set_size(o.spool_limit_bytes, v); }, nullptr,
     "room on disk for request bodies that are chunked or come slowly, all together, and at least "
     "for one of --body-limit; without it a chunked body is answered 503 (default 4G)"},
    {limits, 0, "header-limit", "SIZE", false, set_header_limit, nullptr,
     "largest request head; more is answered 431 (default 32k)"},

    {containment, 0, "limit-cpu", "TIME", false, set_limit_cpu, nullptr,
     "stop each process of a program that has used so much processor time (default none)"},
    {containment, 0, "limit-memory", "SIZE", false,
     [](options& o, view v) { return set_size_over_zero(o.limit_memory_bytes, v); }, nullptr,
     "address space of each process of a program (default none)"},
    {containment, 0, "limit-processes", "N", false,
     [](options& o, view v) { return set_count(o.limit_processes, v, 1, 1'000'000); }, nullptr,
     "programs cannot start processes while their user has so many, the server's threads and all "
     "others counted; does not hold root (default the system's)"},
    {containment, 0, "limit-files", "N", false,
     [](options& o, view v) { return set_count(o.limit_files, v, 16, 1'000'000); }, nullptr,
     "files that a program can have open (default the system's)"},
    {containment, 0, "limit-file-size", "SIZE", false,
     [](options& o, view v) { return set_size_over_zero(o.limit_file_size_bytes, v); }, nullptr,
     "largest file that a program can write (default none)"},
    {containment, 0, "nice", "N", false,
     [](options& o, view v) { return set_count(o.nice, v, 0, 19); }, nullptr,
     "run programs at a priority so much lower, 0 to 19 (default 0)"},
    {containment, 0, "no-new-privs", "on|off", false,
     [](options& o, view v) { return set_switch(o.no_new_privs, v); }, nullptr,
     "programs gain no privileges by sudo or other set-user-ID programs (default on)"},
    {containment, 0, "sandbox", "", false,
     [](options& o, view v) { return set_switch(o.sandbox, v); }, nullptr,
     "programs read the system and their own directory, write nothing, have no network and leave "
     "nothing running (Landlock and seccomp; default off)"},
    {containment, 0, "sandbox-read", "PATH", true,
     [](options& o, view v) { return add_path(o.sandbox_read, v); },
     [](options& o) { o.sandbox_read.clear(); },
     "and may read this directory or file, and run it; repeatable"},
    {containment, 0, "sandbox-write", "DIR", true,
     [](options& o, view v) { return add_path(o.sandbox_write, v); },
     [](options& o) { o.sandbox_write.clear(); },
     "and may read and write this directory; repeatable"},
    {containment, 0, "sandbox-net", "", false,
     [](options& o, view v) { return set_switch(o.sandbox_net, v); }, nullptr,
     "and may use the network (default off)"},

    {logs, 0, "access-log", "PATH|-|off", false, set_access_log, nullptr,
     "a line for each request; - is standard error (default -)"},
    {logs, 0, "log-format", "FORMAT", false, set_log_format, nullptr,
     "combined or json (default combined; short on a terminal)"},
    {logs, 0, "log-level", "LEVEL", false, set_log_level, nullptr,
     "trace, debug, info, warn, error or off (default info)"},
    {logs, 0, "trace", "", false, [](options& o, view v) { return set_switch(o.trace, v); },
     nullptr, "print each step of every exchange, to watch (default off)"},

    {teaching, 0, "inspect", "", false, [](options& o, view v) { return set_switch(o.inspect, v); },
     nullptr, "show each exchange at /-/, to clients of this machine (default off)"},
    {teaching, 0, "inspect-token", "TOKEN", false, set_inspect_token, nullptr,
     "show it to whoever has the token instead: /-/?token=TOKEN"},

    {other, 0, "config", "FILE", false, nullptr, nullptr,
     "read lines such as `port = 8080` or `pass-auth = on`; the command line wins over them"},
    {other, 'V', "version", "", false, nullptr, nullptr, "print the version and exit"},
    {other, 'h', "help", "", false, nullptr, nullptr, "print this and exit"},
};

}  // namespace

std::span<option_rule const> option_rules() {
  return rules;
}

}  // namespace gatehouse::config
