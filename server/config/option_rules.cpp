#include "gatehouse/config/option_rules.hpp"

#include "gatehouse/config/option_setters.hpp"

namespace gatehouse::config {
namespace {

constexpr std::string_view serving = "Serving", programs = "Programs", teaching = "Teaching",
                           limits = "Limits and times (sizes take k, M, G; times take ms, s, m, h)",
                           containment = "Containment of programs", logs = "Logs", other = "Other";

// In the order of --help.
constexpr option_rule rules[] = {
    {serving, 'p', "port", "N", false, by(set_port),
     "port to listen on; 0 picks a free one (default 8000)"},
    {serving, 'b', "bind", "ADDRESS", false, by(set_bind),
     "IPv4 or IPv6 address, or a name: every address of it (default 127.0.0.1: this machine only)"},
    {serving, 0, "root", "DIR", false, by(set<&site_options::root, read_path>),
     "the same as DIRECTORY"},
    {serving, 0, "map", "'PREFIX KIND:TARGET'", true, by(set_map),
     "serve TARGET at the URL path PREFIX; KIND is {kinds}; the longest prefix wins; "
     "repeatable"},
    {serving, 0, "index", "NAME,...", true, by(set_index, clear<&site_options::index>),
     "what answers for a directory, first found (default index.html)"},
    {serving, 0, "listing", "on|off", false, by(set<&site_options::listing, read_switch>),
     "list a directory without an index file (default on)"},
    {serving, 0, "follow-symlinks", "", false,
     by(set<&server_options::follow_symlinks, read_switch>),
     "follow symbolic links that lead out of DIRECTORY (default off)"},
    {serving, 0, "user", "NAME", false, by(set<&server_options::user, read_name>),
     "once the port is open, become this user (needs root)"},
    {serving, 0, "group", "NAME", false, by(set<&server_options::group, read_name>),
     "and this group (default: the user's own)"},
    {serving, 0, "takeover", "PATH", false, by(set<&server_options::takeover, read_path>),
     "take over from the server that listens at the Unix socket PATH, and listen there for the "
     "next"},

    {programs, 0, "cgi-bin", "DIR|off", false, by(set_cgi_bin),
     "programs served at /cgi-bin/ (default DIRECTORY/cgi-bin, else ./cgi-bin, if there is one)"},
    {programs, 0, "cgi-ext", ".EXT,...", true,
     by(set_cgi_ext, clear<&site_options::cgi_extensions>),
     "extensions that make a file a program anywhere (default none)"},
    {programs, 0, "interpreter", "'.EXT=PROGRAM [ARGUMENT...]'", true, by(set_interpreter),
     "run files with this extension by PROGRAM, such as .php=/usr/bin/php-cgi, with the arguments "
     "before the file's path; repeatable"},
    {programs, 0, "env", "NAME[=VALUE]", true, by(set_env),
     "pass this variable to programs, besides PATH; NAME alone passes the server's value; "
     "repeatable"},
    {programs, 0, "pass-auth", "", false, by(set<&site_options::pass_auth, read_switch>),
     "give programs the client's Authorization field (default off)"},

    {limits, 0, "threads", "N", false, by(set_count<&server_options::threads, 1, 1024>),
     "threads that serve connections (default 1 a core)"},
    {limits, 0, "max-connections", "N", false,
     by(set_count<&server_options::max_connections, 1, 1'000'000>),
     "open connections; idle ones make room, then more get 503 (default 16384)"},
    {limits, 0, "max-connections-per-address", "N", false,
     by(set_count<&server_options::max_connections_per_address, 0, 1'000'000>),
     "of one IPv4 address or IPv6 /64; more get 503 (default 0: no limit)"},
    {limits, 0, "max-scripts", "N", false, by(set_count<&site_options::max_scripts, 1, 100'000>),
     "programs that run at once (default 4 a core, at least 16)"},
    {limits, 0, "queue", "N", false, by(set_count<&server_options::queue, 0, 1'000'000>),
     "requests that may wait for a program; more get 503 (default 128)"},
    {limits, 0, "queue-timeout", "TIME", false, by(set<&server_options::queue_timeout, read_time>),
     "longest wait in that queue, then 503 (default 10s)"},
    {limits, 0, "script-timeout", "TIME", false,
     by(set<&server_options::script_timeout, read_time_over_zero>),
     "stop a program that prints nothing for so long (default 60s)"},
    {limits, 0, "script-deadline", "TIME", false,
     by(set<&server_options::script_deadline, read_time>),
     "stop a program that runs so long in all (default 0: never)"},
    {limits, 0, "grace", "TIME", false, by(set<&server_options::grace, read_time>),
     "between asking a program to end and killing it (default 5s)"},
    {limits, 0, "header-timeout", "TIME", false,
     by(set<&server_options::header_timeout, read_time_over_zero>),
     "longest time for a request's header fields to arrive (default 20s)"},
    {limits, 0, "idle-timeout", "TIME", false,
     by(set<&server_options::idle_timeout, read_time_over_zero>),
     "close a connection when nothing moves for so long (default 60s)"},
    {limits, 0, "min-rate", "SIZE", false, by(set<&server_options::min_rate_bytes, read_size>),
     "bytes a second that a client has to send or take while the server waits for it; one that "
     "falls 20 s behind is disconnected (default 500; 0: no such limit)"},
    {limits, 0, "drain-time", "TIME", false, by(set<&server_options::drain_time, read_time>),
     "how long a stop waits for running exchanges (default 10s)"},
    {limits, 0, "body-limit", "SIZE", false, by(set<&site_options::body_limit_bytes, read_size>),
     "largest request body; more is answered 413 (default 1G)"},
    {limits, 0, "spool-limit", "SIZE", false,
     by(set<&server_options::spool_limit_bytes, read_size>),
     "room on disk for request bodies that are chunked or come slowly, all together, and at least "
     "for one of --body-limit; without it a chunked body is answered 503 (default 4G)"},
    {limits, 0, "header-limit", "SIZE", false, by(set_header_limit),
     "largest request head; more is answered 431 (default 32k)"},

    {containment, 0, "limit-cpu", "TIME", false, by(set_limit_cpu),
     "stop each process of a program that has used so much processor time (default none)"},
    {containment, 0, "limit-memory", "SIZE", false,
     by(set<&server_options::limit_memory_bytes, read_size_over_zero>),
     "address space of each process of a program (default none)"},
    {containment, 0, "limit-processes", "N", false,
     by(set_count<&server_options::limit_processes, 1, 1'000'000>),
     "programs cannot start processes while their user has so many, the server's threads and all "
     "others counted; does not hold root (default the system's)"},
    {containment, 0, "limit-files", "N", false,
     by(set_count<&server_options::limit_files, 16, 1'000'000>),
     "files that a program can have open (default the system's)"},
    {containment, 0, "limit-file-size", "SIZE", false,
     by(set<&server_options::limit_file_size_bytes, read_size_over_zero>),
     "largest file that a program can write (default none)"},
    {containment, 0, "nice", "N", false, by(set_count<&server_options::nice, 0, 19>),
     "run programs at a priority so much lower, 0 to 19 (default 0)"},
    {containment, 0, "no-new-privs", "on|off", false,
     by(set<&server_options::no_new_privs, read_switch>),
     "programs gain no privileges by sudo or other set-user-ID programs (default on)"},
    {containment, 0, "sandbox", "", false, by(set<&server_options::sandbox, read_switch>),
     "programs read the system and their own directory, write nothing, have no network and leave "
     "nothing running (Landlock and seccomp; default off)"},
    {containment, 0, "sandbox-read", "PATH", true,
     by(set<&server_options::sandbox_read, add_path>, clear<&server_options::sandbox_read>),
     "and may read this directory or file, and run it; repeatable"},
    {containment, 0, "sandbox-write", "DIR", true,
     by(set<&server_options::sandbox_write, add_path>, clear<&server_options::sandbox_write>),
     "and may read and write this directory; repeatable"},
    {containment, 0, "sandbox-net", "", false, by(set<&server_options::sandbox_net, read_switch>),
     "and may use the network (default off)"},

    {logs, 0, "access-log", "PATH|-|off", false, by(set_access_log),
     "a line for each request; - is standard error (default -)"},
    {logs, 0, "log-format", "FORMAT", false, by(set_log_format),
     "combined or json (default combined; short on a terminal)"},
    {logs, 0, "log-level", "LEVEL", false, by(set_log_level),
     "trace, debug, info, warn, error or off (default info)"},
    {logs, 0, "trace", "", false, by(set<&server_options::trace, read_switch>),
     "print each step of every exchange, to watch (default off)"},

    {teaching, 0, "inspect", "", false, by(set<&server_options::inspect, read_switch>),
     "show each exchange at /-/, to clients of this machine (default off)"},
    {teaching, 0, "inspect-token", "TOKEN", false, by(set_inspect_token),
     "show it to whoever has the token instead: /-/?token=TOKEN"},

    {other,
     0,
     "config",
     "FILE",
     false,
     {},
     "read lines such as `port = 8080` or `pass-auth = on`; the command line wins over them"},
    {other, 'V', "version", "", false, {}, "print the version and exit"},
    {other, 'h', "help", "", false, {}, "print this and exit"},
};

}  // namespace

complaint option_setter::set(options& o, std::string_view text, map_syntaxes kinds) const {
  if (auto const* of_server = std::get_if<functions<server_options>>(&of_))
    return of_server->set(o.server, text);
  if (auto const* of_site = std::get_if<with_kinds>(&of_)) return (*of_site)(o.site, text, kinds);
  return std::get<functions<site_options>>(of_).set(o.site, text);
}

void option_setter::clear(options& o) const {
  if (auto const* of_server = std::get_if<functions<server_options>>(&of_)) {
    if (of_server->clear != nullptr) of_server->clear(o.server);
  } else if (auto const* of_site = std::get_if<functions<site_options>>(&of_)) {
    if (of_site->clear != nullptr) of_site->clear(o.site);
  }
}

std::span<option_rule const> option_rules() {
  return rules;
}

}  // namespace gatehouse::config
