"""The servers that are compared, each running one script for every request below /r: how they are
configured, started and stopped.

The script notes what it was told of the request and of its body, so that all servers are read in
the same way: by what an application would have seen.
"""

import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))
from programs import NotReady, ProgramGroup, apache_user, free_port  # noqa: E402

START_SECONDS = 20
STOP_SECONDS = 10
# How long the servers wait for the rest of a request; each then ends the connection by itself.
WAIT_SECONDS = 2

SCRIPT = r"""#!/usr/bin/perl
my $body = '';
my $left = $ENV{CONTENT_LENGTH};
while (!defined $left || $left > 0) {
  my $size = read(STDIN, my $piece, defined $left ? $left : 65536);
  last unless $size;
  $body .= $piece;
  $left -= $size if defined $left;
}
open(my $notes, '>>', "$0.notes") or die;
my @told = map { defined $_ ? $_ : '' } @ENV{qw(REQUEST_METHOD PATH_INFO QUERY_STRING SERVER_NAME)};
syswrite($notes, join(' ', map { unpack('H*', $_) . '.' } @told, $body) . "\n");
print "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
"""


class Peer:
    """A running server; a context manager."""

    name = ""
    programs: tuple[str, ...] = ()
    source = SCRIPT

    def __init__(self) -> None:
        self._group = ProgramGroup(f"differential-{self.name}-", 0o777)
        self.room = self._group.room
        self.script = self.room / "note"
        self.script.write_text(self.source)
        self.script.chmod(0o755)
        self.notes = self.room / "note.notes"
        self.notes.touch()
        self.notes.chmod(0o666)
        self.port = free_port()

    def __enter__(self) -> "Peer":
        try:
            self.launch()
            self._group.wait_until_accepting(self.port, START_SECONDS)
        except NotReady as e:
            self.stop()
            raise NotReady(f"{self.name} does not start: {e}") from e
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def launch(self) -> None:
        raise NotImplementedError

    def run(self, *command: object) -> None:
        self._group.run(*command)

    def stop(self) -> None:
        self._group.stop(STOP_SECONDS)


class Gatehouse(Peer):
    name = "gatehouse"

    def __init__(self, binary: str) -> None:
        super().__init__()
        self.binary = binary

    def launch(self) -> None:
        self.run(
            self.binary, "--port", self.port, "--root", self.room, "--listing", "off", "--map", f"/r cgi:{self.script}",
            "--header-timeout", f"{WAIT_SECONDS}s", "--idle-timeout", f"{WAIT_SECONDS}s",
        )  # fmt: skip


class Nginx(Peer):
    name = "nginx"
    programs = ("nginx", "fcgiwrap")

    def launch(self) -> None:
        temporary = "".join(
            f"  {kind}_temp_path {self.room}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.room / "nginx.conf").write_text(
            f"""daemon off;
{"user root;" if os.geteuid() == 0 else ""}
worker_processes 1;
pid {self.room}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 100; }}
http {{
{temporary}
  access_log off;
  client_header_timeout {WAIT_SECONDS}s;
  client_body_timeout {WAIT_SECONDS}s;
  keepalive_timeout {WAIT_SECONDS}s;
  server {{
    listen 127.0.0.1:{self.port};
    location / {{
      fastcgi_split_path_info ^(/r)(.*)$;
      fastcgi_param SCRIPT_FILENAME {self.script};
      fastcgi_param SCRIPT_NAME $fastcgi_script_name;
      fastcgi_param PATH_INFO $fastcgi_path_info;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param SERVER_NAME $host;
      fastcgi_pass unix:{self.room}/fcgiwrap;
    }}
  }}
}}
"""
        )
        self.run("fcgiwrap", "-c", 2, "-s", f"unix:{self.room}/fcgiwrap")
        self.run("nginx", "-e", "stderr", "-p", self.room, "-c", self.room / "nginx.conf")


class Lighttpd(Peer):
    name = "lighttpd"
    programs = ("lighttpd",)

    def launch(self) -> None:
        (self.room / "lighttpd.conf").write_text(
            f"""server.modules = ("mod_cgi", "mod_alias")
server.document-root = "{self.room}"
server.bind = "127.0.0.1"
server.port = {self.port}
server.max-keep-alive-idle = {WAIT_SECONDS}
server.max-read-idle = {WAIT_SECONDS}
server.upload-dirs = ("{self.room}")
alias.url = ("/r" => "{self.script}")
cgi.assign = ("" => "")
"""
        )
        self.run("lighttpd", "-D", "-f", self.room / "lighttpd.conf")


class Apache(Peer):
    name = "apache"
    programs = ("apache2",)

    def launch(self) -> None:
        modules = "".join(
            f"LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n"
            for module in ("mpm_event", "authz_core", "alias", "cgid", "reqtimeout")
        )
        (self.room / "apache.conf").write_text(
            f"""ServerRoot {self.room}
DefaultRuntimeDir {self.room}
PidFile {self.room}/pid
{modules}
{apache_user()}
ServerName localhost
UseCanonicalName Off
Listen 127.0.0.1:{self.port}
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
ErrorLog {self.room}/errors
LogLevel crit
KeepAliveTimeout {WAIT_SECONDS}
RequestReadTimeout header={WAIT_SECONDS} body={WAIT_SECONDS}
ScriptSock {self.room}/cgid
DocumentRoot {self.room}
ScriptAlias /r {self.script}
<Directory {self.room}>
  Require all granted
</Directory>
"""
        )
        self.run("apache2", "-D", "FOREGROUND", "-d", self.room, "-f", self.room / "apache.conf")


PEERS = (Nginx, Lighttpd, Apache)
