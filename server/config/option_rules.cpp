#include "gatehouse/config/option_rules.hpp"

#include "gatehouse/config/option_setters.hpp"

namespace gatehouse::config {
namespace {

constexpr std::string_view serving = "Serving", programs = "Programs", teaching = "Teaching",
                           limits = "Limits and times", containment = "Containment of programs",
                           logs = "Logs", other = "Other";

// In the order of --help all and of docs/options.md.
constexpr option_rule rules[] = {
    {serving, 'p', "port", "N", false, by(set_port), "8000",
     "port to listen on; 0 picks a free one", true},
    {serving, 'b', "bind", "ADDRESS", false, by(set_bind), "127.0.0.1",
     "IPv4 or IPv6 address, or a name such as `localhost`: every address of it; the default is for "
     "this machine only",
     true},
    {serving, 0, "root", "DIR", false, by(set<&site_options::root, read_path>), "./www, else .",
     "the same as DIRECTORY"},
    {serving, 0, "map", "'PREFIX KIND:TARGET'", true, by(set_map), "",
     "serve TARGET at the URL path PREFIX; KIND is {kinds}; repeatable, the longest prefix wins"},
    {serving, 0, "wsgi", "MODULE[:CALLABLE]", false, by(set_wsgi), "",
     "answer every path by this Python application (PEP 3333): short for `--map '/ wsgi:...'`"},
    {serving, 0, "index", "NAME,...", true, by(set_index, clear<&site_options::index>),
     "index.html", "what answers for a directory, of programs too; the first that is there"},
    {serving, 0, "listing", "on|off", false, by(set<&site_options::listing, read_switch>), "on",
     "list a directory without an index file: as a page of 1,000 entries (`?page=2`, "
     "`?sort=size&order=desc`), or all of it as JSON for clients that prefer that"},
    {serving, 0, "follow-symlinks", "", false,
     by(set<&server_options::follow_symlinks, read_switch>), "off",
     "follow symbolic links that lead out of DIRECTORY"},
    {serving, 0, "user", "NAME", false, by(set<&server_options::user, read_name>), "",
     "once the port is open, become this user (needs root)"},
    {serving, 0, "group", "NAME", false, by(set<&server_options::group, read_name>),
     "the user's own", "and this group"},
    {serving, 0, "takeover", "PATH", false, by(set<&server_options::takeover, read_path>), "",
     "take over from the server that listens at the Unix socket PATH, and listen there for the "
     "next"},

    {programs, 0, "cgi-bin", "DIR|off", false, by(set_cgi_bin), "DIRECTORY/cgi-bin, else ./cgi-bin",
     "programs served at `/cgi-bin/`; the default counts where there is such a directory", true},
    {programs, 0, "cgi-ext", ".EXT,...", true,
     by(set_cgi_ext, clear<&site_options::cgi_extensions>), "none",
     "extensions that make a file a program anywhere; a file with more behind the extension "
     "(`a.php.bak`) is a copy, and not given out",
     true},
    {programs, 0, "interpreter", "'.EXT=PROGRAM [ARGUMENT...]'", true, by(set_interpreter), "",
     "run files with this extension by PROGRAM (such as `/usr/bin/php-cgi`), with the arguments "
     "before the file's path, or by `fastcgi:ADDRESS` or `fastcgi:PROGRAM`; repeatable",
     true},
    {programs, 0, "env", "NAME[=VALUE]", true, by(set_env), "",
     "pass this variable to programs, besides PATH and instead of what the request would make of "
     "NAME; NAME alone passes the server's value; repeatable",
     true},
    {programs, 0, "warm", "NAME,...", true, by(set_warm, clear<&site_options::warm>), "off",
     "start scripts whose `#!` line names one of these interpreters (`python3`, `perl`) by fork, "
     "out of one that is there already"},
    {programs, 0, "warm-load", "NAME=MODULE,...", true,
     by(set_warm_load, clear<&site_options::warm_loads>), "",
     "modules that it has loaded then, besides those of its own library; repeatable"},
    {programs, 0, "warm-templates", "N", false,
     by(set_count<&site_options::warm_templates, 1, 1000>), "16",
     "such interpreters at most: there is one for each `#!` line"},
    {programs, 0, "pass-auth", "", false, by(set<&site_options::pass_auth, read_switch>), "off",
     "give programs the client's Authorization field"},
    {programs, 0, "workers", "N", false, by(set_count<&server_options::workers, 1, 1024>),
     "two, or one a core if that is more",
     "processes that are kept for each application that stays in memory"},
    {programs, 0, "reload", "", false, by(set<&server_options::reload, read_switch>), "off",
     "when a file of such an application changes, do as on SIGHUP; for development"},

    {limits, 0, "threads", "N", false, by(set_count<&server_options::threads, 1, 1024>),
     "one a core", "threads that serve connections"},
    {limits, 0, "max-connections", "N", false,
     by(set_count<&server_options::max_connections, 1, 1'000'000>),
     "16384, or as many as there are descriptors for",
     "open connections; those that wait for a request make room for new ones, and when all are "
     "busy more get 503"},
    {limits, 0, "max-connections-per-address", "N", false,
     by(set_count<&server_options::max_connections_per_address, 0, 1'000'000>), "0: no limit",
     "of one IPv4 address or IPv6 /64; more get 503"},
    {limits, 0, "max-scripts", "N", false, by(set_count<&site_options::max_scripts, 1, 100'000>),
     "4 a core, at least 16", "programs that run at once"},
    {limits, 0, "queue", "N", false, by(set_count<&server_options::queue, 0, 1'000'000>), "128",
     "requests that may wait for a program; more get 503"},
    {limits, 0, "queue-timeout", "TIME", false, by(set<&server_options::queue_timeout, read_time>),
     "10s", "longest wait in that queue, then 503"},
    {limits, 0, "script-timeout", "TIME", false,
     by(set<&server_options::script_timeout, read_time_over_zero>), "60s",
     "stop a program that prints nothing for so long"},
    {limits, 0, "script-deadline", "TIME", false,
     by(set<&server_options::script_deadline, read_time>), "0: never",
     "stop a program that runs so long in all"},
    {limits, 0, "grace", "TIME", false, by(set<&server_options::grace, read_time>), "5s",
     "between asking a program to end and killing it"},
    {limits, 0, "header-timeout", "TIME", false,
     by(set<&server_options::header_timeout, read_time_over_zero>), "20s",
     "longest time for a request head to arrive"},
    {limits, 0, "idle-timeout", "TIME", false,
     by(set<&server_options::idle_timeout, read_time_over_zero>), "60s",
     "close a connection when nothing moves for so long"},
    {limits, 0, "min-rate", "SIZE", false, by(set<&server_options::min_rate_bytes, read_size>),
     "500",
     "bytes a second that a client has to send or take while the server waits for it; a client "
     "that falls 20 s behind is disconnected; 0: no such limit"},
    {limits, 0, "drain-time", "TIME", false, by(set<&server_options::drain_time, read_time>), "10s",
     "how long a stop waits for running exchanges"},
    {limits, 0, "body-limit", "SIZE", false, by(set<&site_options::body_limit_bytes, read_size>),
     "1G", "largest request body; more is answered 413"},
    {limits, 0, "spool-limit", "SIZE", false,
     by(set<&server_options::spool_limit_bytes, read_size>), "4G",
     "disk space in `$TMPDIR` for request bodies that are stored until they are whole, because "
     "they are chunked or come slowly: for all of them together, and at least for one of "
     "`--body-limit`; without it a chunked body is answered 503"},
    {limits, 0, "header-limit", "SIZE", false, by(set_header_limit), "32k",
     "largest request head; more is answered 431"},

    {containment, 0, "limit-cpu", "TIME", false, by(set_limit_cpu), "none",
     "stop each process of a program that has used so much processor time"},
    {containment, 0, "limit-memory", "SIZE", false,
     by(set<&server_options::limit_memory_bytes, read_size_over_zero>), "none",
     "address space of each process of a program"},
    {containment, 0, "limit-processes", "N", false,
     by(set_count<&server_options::limit_processes, 1, 1'000'000>), "the system's",
     "programs cannot start processes while their user has so many, the server's threads and all "
     "others counted; does not hold root"},
    {containment, 0, "limit-files", "N", false,
     by(set_count<&server_options::limit_files, 16, 1'000'000>), "the system's",
     "files that a program can have open"},
    {containment, 0, "limit-file-size", "SIZE", false,
     by(set<&server_options::limit_file_size_bytes, read_size_over_zero>), "none",
     "largest file that a program can write"},
    {containment, 0, "nice", "N", false, by(set_count<&server_options::nice, 0, 19>), "0",
     "run programs at a priority so much lower, 0 to 19"},
    {containment, 0, "no-new-privs", "on|off", false,
     by(set<&server_options::no_new_privs, read_switch>), "on",
     "programs gain no privileges by sudo or other set-user-ID programs"},
    {containment, 0, "sandbox", "", false, by(set<&server_options::sandbox, read_switch>), "off",
     "programs read the system and their own directory, write nothing, have no network and leave "
     "nothing running (Landlock and seccomp)"},
    {containment, 0, "sandbox-read", "PATH", true,
     by(set<&server_options::sandbox_read, add_path>, clear<&server_options::sandbox_read>), "",
     "and may read this directory or file, and run it; repeatable"},
    {containment, 0, "sandbox-write", "DIR", true,
     by(set<&server_options::sandbox_write, add_path>, clear<&server_options::sandbox_write>), "",
     "and may read and write this directory; repeatable"},
    {containment, 0, "sandbox-net", "", false, by(set<&server_options::sandbox_net, read_switch>),
     "off", "and may use the network"},

    {logs, 0, "access-log", "PATH|-|off", false, by(set_access_log), "- (standard error)",
     "a line for each request"},
    {logs, 0, "log-format", "combined|json", false, by(set_log_format),
     "combined; short on a terminal", "the form of that line"},
    {logs, 0, "log-level", "LEVEL", false, by(set_log_level), "info",
     "trace, debug, info, warn, error or off"},
    {logs, 0, "trace", "", false, by(set<&server_options::trace, read_switch>), "off",
     "print each step of every exchange on standard error, to watch"},

    {teaching, 0, "inspect", "", false, by(set<&server_options::inspect, read_switch>), "off",
     "show each exchange at `/-/`, to clients of this machine", true},
    {teaching, 0, "inspect-token", "TOKEN", false, by(set_inspect_token), "",
     "show it to whoever has the token instead: `/-/?token=TOKEN`"},

    {other,
     0,
     "config",
     "FILE",
     false,
     {},
     "",
     "read `key = value` lines, such as `port = 8080` or `pass-auth = on`; the command line wins "
     "over them",
     true},
    {other, 'V', "version", "", false, {}, "", "print the version and exit"},
    {other,
     'h',
     "help",
     "",
     false,
     {},
     "",
     "print the options for every day and exit; `--help all` prints all of them",
     true},
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
