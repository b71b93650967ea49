"""How each server is configured, started and stopped.

All get the same: as many workers (two, if nothing else is said), keep-alive without an end, sendfile, no access log unless asked for,
and a directory of files with a cgi-bin in it. What a server needs to be at its best (open_file_cache,
streaming instead of buffering) is on.
"""

import os
import sys
import time
from pathlib import Path

import processes

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))
from programs import NotReady, ProgramGroup, apache_user, free_port, is_installed  # noqa: E402

START_SECONDS = 10
STOP_SECONDS = 5
SCRIPTS_AT_ONCE = 16
RESPONDERS = 16
PHP = "/usr/bin/php-cgi"
PHP_SHARE = "PHP_FCGI_MAX_REQUESTS=1000000"


class ServerFailed(Exception):
    """A server that is missing, does not start or gives wrong answers; the text says which."""


class Server:
    """One server on a port of its own. `own` are its processes as they are before the first request:
    whatever appears later is a script."""

    name = ""
    programs: tuple[str, ...] = ()
    workers = 2
    asks_applications = False  # by FastCGI
    keeps_php = False  # it can start php-cgi and keep it

    def __init__(self, site: Path, logged: bool = False):
        self.site = site
        self.logged = logged
        self.responder: Path | None = None  # what is asked for all below /app
        self.php = False  # files that end in .php are run by as many php-cgi as there are workers, which the server starts
        self._application: ProgramGroup | None = None
        self.port = 0
        self.own: list[int] = []
        self._group: ProgramGroup | None = None

    def start(self) -> None:
        for program in self.programs:
            if not is_installed(program):
                raise ServerFailed(f"{program} is not installed")
        self._group = ProgramGroup(f"bench-{self.name}-", 0o755)
        self.port = free_port()
        try:
            self._start_application()
            self.launch(self._group.room)
            self._group.wait_until_accepting(self.port, START_SECONDS)
            self._wait_until_complete()
        except (OSError, NotReady) as e:
            self.stop()
            raise ServerFailed(f"{self.name} does not start: {e}") from e

    def launch(self, room: Path) -> None:
        """Writes the configuration into the room and runs what is needed."""
        raise NotImplementedError

    def _start_application(self) -> None:
        """One for each server, because a connection that a server keeps occupies one of its processes.
        They are no part of the server."""
        if not self.responder:
            return
        if not self.responder.exists():
            raise ServerFailed("libfcgi-dev is not installed")
        self._application = ProgramGroup("bench-application-", 0o755)
        self._application.run(self.responder, self.socket, RESPONDERS)
        self._application.wait_until(self.socket.exists, START_SECONDS)
        self.socket.chmod(0o666)

    @property
    def socket(self) -> Path:
        return self._application.room / "socket"

    def stop(self) -> None:
        if self._application:
            self._application.stop(STOP_SECONDS)
            self._application = None
        if self._group:
            self._group.stop(STOP_SECONDS)
            self._group = None

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def cpu_seconds(self) -> float:
        return processes.cpu_seconds(self.own)

    def memory_kib(self, kind: str) -> float:
        return processes.memory_kib(self.own, kind)

    def run(self, *command: object, environment: dict[str, str] | None = None) -> None:
        self._group.run(*command, environment=environment)

    def _wait_until_complete(self) -> None:
        """Workers appear a little after the port: wait until the family stops growing."""
        same = 0
        while same < 3:
            time.sleep(0.1)
            family = processes.with_descendants(self._group.pids)
            same = same + 1 if family == self.own else 0
            self.own = family


class Gatehouse(Server):
    name = "gatehouse"
    asks_applications = True
    keeps_php = True

    def __init__(
        self, site: Path, binary: Path, logged: bool = False, ballast: tuple[Path, int] | None = None, name: str = "gatehouse",
        options: tuple[str, ...] = (),
    ):  # fmt: skip
        super().__init__(site, logged)
        self.name = name
        self.binary = binary
        self.ballast = ballast
        self.options = options

    def command(self, log: str) -> list[object]:
        maps = ["--map", f"/app fastcgi:unix:{self.socket}"] if self.responder else []
        if self.php:
            maps += ["--cgi-ext", ".php", "--interpreter", f".php=fastcgi:{PHP} workers={self.workers}", "--env", PHP_SHARE]
        return [
            self.binary, "--port", self.port, "--threads", self.workers, "--root", self.site,
            "--cgi-bin", self.site / "cgi-bin", "--access-log", log, "--log-level", "error",
            "--max-scripts", SCRIPTS_AT_ONCE, "--idle-timeout", "10m", "--body-limit", "2G", *maps,
            *self.options,
        ]  # fmt: skip

    def launch(self, room: Path) -> None:
        environment = {}
        if self.ballast:
            library, mib = self.ballast
            environment = {"LD_PRELOAD": str(library), "BALLAST_MIB": str(mib)}
        self.run(*self.command(str(room / "access.log") if self.logged else "off"), environment=environment)


class Nginx(Server):
    name = "nginx"
    asks_applications = True
    programs = ("nginx", "fcgiwrap")

    def launch(self, room: Path) -> None:
        temporary = "".join(
            f"  {kind}_temp_path {room}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        upstream = application = ""
        if self.responder:
            upstream = f"upstream application {{ server unix:{self.socket}; keepalive {RESPONDERS // 2}; }}"
            application = "include /etc/nginx/fastcgi_params; fastcgi_keep_conn on; fastcgi_pass application;"
        (room / "nginx.conf").write_text(
            f"""daemon off;
{"user root;" if os.geteuid() == 0 else ""}
worker_processes {self.workers};
worker_rlimit_nofile 16384;
pid {room}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 12000; }}
http {{
{temporary}
  access_log {f"{room}/access.log combined" if self.logged else "off"};
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 600;
  keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=60s;
  open_file_cache_valid 1s;
  client_max_body_size 0;
  {upstream}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    root {self.site};
    location /cgi-bin/ {{
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_buffer_size 64k;
      fastcgi_buffers 16 64k;
      fastcgi_max_temp_file_size 0;
      fastcgi_request_buffering off;
      fastcgi_pass unix:{room}/fcgiwrap;
    }}
    {f"location /app {{ {application} }}" if application else ""}
  }}
}}
"""
        )
        self.run("fcgiwrap", "-c", SCRIPTS_AT_ONCE, "-s", f"unix:{room}/fcgiwrap")
        self.run("nginx", "-e", "stderr", "-p", room, "-c", room / "nginx.conf")


class Lighttpd(Server):
    name = "lighttpd"
    asks_applications = True
    keeps_php = True
    programs = ("lighttpd",)

    def launch(self, room: Path) -> None:
        # Each of its workers starts processes of its own.
        name, _, share = PHP_SHARE.partition("=")
        php = (
            f'fastcgi.server = (".php" => (("bin-path" => "{PHP}", "socket" => "{room}/php", "max-procs" => 1,'
            f' "bin-environment" => ("PHP_FCGI_CHILDREN" => "0", "{name}" => "{share}"))))'
        )
        (room / "lighttpd.conf").write_text(
            f"""server.modules = ("mod_cgi", "mod_fastcgi"{', "mod_accesslog"' if self.logged else ""})
server.document-root = "{self.site}"
server.bind = "127.0.0.1"
server.port = {self.port}
server.max-worker = {self.workers if self.workers > 1 else 0}
server.max-fds = 16384
server.max-connections = 12000
server.max-keep-alive-requests = 65535
server.max-keep-alive-idle = 600
server.listen-backlog = 4096
server.network-backend = "sendfile"
server.stream-request-body = 0
server.stream-response-body = 2
server.upload-dirs = ("{room}")
{f'accesslog.filename = "{room}/access.log"' if self.logged else ""}
$HTTP["url"] =~ "^/cgi-bin/" {{ cgi.assign = ("" => "") }}
{php if self.php else ""}
{f'fastcgi.server = ("/app" => (("socket" => "{self.socket}", "check-local" => "disable")))' if self.responder else ""}
"""
        )
        self.run("lighttpd", "-D", "-f", room / "lighttpd.conf")


class Apache(Server):
    name = "apache"
    programs = ("apache2",)

    def launch(self, room: Path) -> None:
        modules = "".join(
            f"LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n"
            for module in ("mpm_event", "authz_core", "alias", "cgid")
        )
        (room / "apache.conf").write_text(
            f"""ServerRoot {room}
DefaultRuntimeDir {room}
PidFile {room}/pid
{modules}
{apache_user()}
ServerName localhost
Listen 127.0.0.1:{self.port}
ListenBacklog 4096
StartServers {self.workers}
ServerLimit {self.workers}
ThreadsPerChild 64
ThreadLimit 64
MaxRequestWorkers 128
MinSpareThreads 1
MaxSpareThreads 128
AsyncRequestWorkerFactor 100
ErrorLog {room}/errors
LogLevel crit
{f'CustomLog {room}/access.log "%h %l %u %t %r %>s %b"' if self.logged else ""}
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 600
EnableSendfile On
Timeout 60
ScriptSock {room}/cgid
DocumentRoot {self.site}
ScriptAlias /cgi-bin/ {self.site}/cgi-bin/
<Directory {self.site}>
  AllowOverride None
  Require all granted
  Options FollowSymLinks ExecCGI
</Directory>
"""
        )
        self.run("apache2", "-D", "FOREGROUND", "-d", room, "-f", room / "apache.conf")


class EpollFloor(Server):
    """The least that a response can cost: see floor_epoll.c."""

    name = "floor"

    def __init__(self, site: Path, program: Path):
        super().__init__(site)
        self.program = program

    def launch(self, room: Path) -> None:
        self.run(self.program, self.port)


PEERS = (Nginx, Lighttpd, Apache)
