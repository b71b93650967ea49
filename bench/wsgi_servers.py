"""Servers of Python applications (WSGI), each with the same application and as many workers."""

import os
from pathlib import Path

import processes
from servers import Server

HERE = Path(__file__).resolve().parent
APPLICATION = "wsgi_hello"
DIRECTORY = HERE / "scripts"
PYTHON = "/usr/bin/python3"  # the one that the others' Debian packages run


class GatehouseWsgi(Server):
    name = "gatehouse"

    def __init__(self, site: Path, binary: Path, name: str = "gatehouse"):
        super().__init__(site)
        self.name = name
        self.binary = binary

    def launch(self, room: Path) -> None:
        self.run(
            self.binary, "--port", self.port, "--threads", self.workers, "--root", self.site, "--access-log", "off",
            "--log-level", "error", "--idle-timeout", "10m",
            "--wsgi", f"{APPLICATION} dir={DIRECTORY} python={PYTHON} workers={self.workers}",
        )  # fmt: skip

    def worker_cpu_seconds(self) -> float:
        return processes.cpu_seconds(self.own[1:])


class Gunicorn(Server):
    name = "gunicorn"
    programs = ("gunicorn",)

    def bind(self, room: Path) -> str:
        return f"127.0.0.1:{self.port}"

    def launch(self, room: Path) -> None:
        self.run(
            "/usr/bin/gunicorn", "--workers", self.workers, "--bind", self.bind(room), "--chdir", DIRECTORY,
            "--log-level", "error", f"{APPLICATION}:application",
        )  # fmt: skip


def nginx(port: int, workers: int, room: Path, passed: str) -> str:
    return f"""daemon off;
{"user root;" if os.geteuid() == 0 else ""}
worker_processes {workers};
pid {room}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  client_body_temp_path {room}/client_body;
  proxy_temp_path {room}/proxy;
  fastcgi_temp_path {room}/fastcgi;
  uwsgi_temp_path {room}/uwsgi;
  scgi_temp_path {room}/scgi;
  access_log off;
  keepalive_timeout 600;
  keepalive_requests 1000000000;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      {passed}
    }}
  }}
}}
"""


class NginxGunicorn(Gunicorn):
    name = "nginx+gunicorn"
    programs = ("nginx", "gunicorn")

    def bind(self, room: Path) -> str:
        return f"unix:{room}/application"

    def launch(self, room: Path) -> None:
        super().launch(room)
        passed = f"proxy_pass http://unix:{room}/application;\n      proxy_set_header Host $http_host;"
        (room / "nginx.conf").write_text(nginx(self.port, self.workers, room, passed))
        self.run("nginx", "-e", "stderr", "-p", room, "-c", room / "nginx.conf")


class Uwsgi(Server):
    name = "uwsgi"
    programs = ("uwsgi",)

    def address(self, room: Path) -> list[object]:
        return ["--plugin", "http", "--http", f"127.0.0.1:{self.port}", "--http-keepalive", "--http-timeout", "600"]

    def launch(self, room: Path) -> None:
        self.run(
            "uwsgi", "--plugin", "python3", *self.address(room), "--master", "--processes", self.workers,
            "--chdir", DIRECTORY, "--module", APPLICATION, "--disable-logging", "--listen", "100", "--die-on-term",
        )  # fmt: skip


class NginxUwsgi(Uwsgi):
    name = "nginx+uwsgi"
    programs = ("nginx", "uwsgi")

    def address(self, room: Path) -> list[object]:
        return ["--socket", f"{room}/application"]

    def launch(self, room: Path) -> None:
        super().launch(room)
        passed = f"include /etc/nginx/uwsgi_params;\n      uwsgi_pass unix:{room}/application;"
        (room / "nginx.conf").write_text(nginx(self.port, self.workers, room, passed))
        self.run("nginx", "-e", "stderr", "-p", room, "-c", room / "nginx.conf")


WSGI_PEERS = (Gunicorn, NginxGunicorn, Uwsgi, NginxUwsgi)
