"""What is measured, and the bounds that it is held against: one row of the table a metric."""

import contextlib
import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import load
from servers import PEERS, EpollFloor, Gatehouse, Server, ServerFailed
from wsgi_servers import WSGI_PEERS, GatehouseWsgi

GIB = 1024 * 1024 * 1024
FLOOR_THREADS = 8
IDLE_CONNECTIONS = 3000
CROWD = 10_000
DESCRIPTORS_TO_SPARE = 200
SECONDS_TO_WARM = 4  # until a template has the script and its modules

Numbers = dict[str, float]


@dataclass(frozen=True)
class Bound:
    """gatehouse's number has to be at least (higher_is_better) or at most `factor` times that of
    `of`: "floor", a peer, "best" of the peers, or "" for an absolute bound."""

    factor: float
    of: str = ""


@dataclass(frozen=True)
class Metric:
    key: str
    unit: str
    higher_is_better: bool
    bounds: tuple[Bound, ...] = ()
    # Whether this is a number of its own or what `key` is above the floor's in the same round.
    above_floor: bool = False


@dataclass
class Place:
    """What every workload needs to know."""

    site: Path
    built: Path
    gatehouse: Path
    seconds: float
    workers: int = 2  # of each server: threads or processes
    before: Path | None = None  # another gatehouse
    peers: tuple[type[Server], ...] = PEERS


@dataclass
class Contender:
    """Somebody who takes part in a workload; measure is called once a round."""

    name: str
    measure: Callable[[], Numbers]
    start: Callable[[], None] = lambda: None
    stop: Callable[[], None] = lambda: None


@dataclass
class Workload:
    name: str
    title: str
    metrics: tuple[Metric, ...]
    contenders: Callable[[Place], list[Contender]] = field(repr=False)


def all_servers(place: Place, logged: bool = False, responder: Path | None = None) -> list[Server]:
    binaries = {"gatehouse": place.gatehouse} | ({"before": place.before} if place.before else {})
    ours = [Gatehouse(place.site, binary, logged, name=name) for name, binary in binaries.items()]
    out = [*ours, *(peer(place.site, logged) for peer in place.peers)]
    if responder:
        out = [server for server in out if server.asks_applications]
    for server in out:
        server.workers = place.workers
        server.responder = responder
    return out


def of_server(server: Server, measure: Callable[[Server], Numbers]) -> Contender:
    return Contender(server.name, lambda: measure(server), server.start, server.stop)


def with_cpu(server: Server, requests: Callable[[], Numbers]) -> Numbers:
    """Adds "cpu_us", the server's own processor time for each of the "requests"."""
    before = server.cpu_seconds()
    numbers = requests()
    used = server.cpu_seconds() - before
    return {**numbers, "cpu_us": used * 1e6 / numbers["requests"], "rate": numbers["requests"] / numbers["seconds"]}


# Scripts that start, print a line and end.


def script_floor(place: Place, program: str) -> Contender:
    def measure() -> Numbers:
        command = [place.built / "floor_spawn", place.site / "cgi-bin" / program, FLOOR_THREADS, place.seconds]
        run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if run.returncode != 0:
            raise ServerFailed(f"floor_spawn cannot run {program}")
        result = json.loads(run.stdout)
        return {"rate": result["starts"] / result["seconds"], "cpu_us": result["cpu"] * 1e6 / result["starts"]}

    return Contender("floor", measure)


def script(program: str, title: str, bounds: tuple[Bound, ...]) -> Workload:
    def measure(place: Place, server: Server) -> Numbers:
        return with_cpu(server, lambda: load.wrk(server, f"/cgi-bin/{program}", 8, place.seconds))

    def contenders(place: Place) -> list[Contender]:
        servers = [of_server(s, lambda s: measure(place, s)) for s in all_servers(place)]
        return [*servers, script_floor(place, program)]

    metrics = (
        Metric("rate", "requests/s", True, bounds),
        Metric("cpu_us", "server CPU µs/request", False),
        Metric("cpu_us", "the same beyond the floor's", False, (Bound(60),), above_floor=True),
    )
    return Workload("cgi-" + program.replace(".", "-"), title, metrics, contenders)


# Applications that stay in memory.


def fastcgi(name: str, title: str) -> Workload:
    def measure(place: Place, server: Server) -> Numbers:
        return with_cpu(server, lambda: load.wrk(server, "/app", 8, place.seconds))

    def contenders(place: Place) -> list[Contender]:
        servers = all_servers(place, responder=place.built / "responder")
        return [of_server(s, lambda s: measure(place, s)) for s in servers]

    metrics = (
        Metric("rate", "requests/s", True, (Bound(1, "best"),)),
        Metric("cpu_us", "server CPU µs/request", False, (Bound(18),)),
    )
    return Workload(name, title, metrics, contenders)


def php(name: str, title: str) -> Workload:
    def measure(place: Place, server: Server) -> Numbers:
        return with_cpu(server, lambda: load.wrk(server, "/hello.php", 8, place.seconds))

    def contenders(place: Place) -> list[Contender]:
        (place.site / "hello.php").write_text('<?php header("Content-Type: text/plain"); echo "hello\\n";')
        servers = [server for server in all_servers(place) if server.keeps_php]
        for server in servers:
            server.php = True
        return [of_server(s, lambda s: measure(place, s)) for s in servers]

    metrics = (
        Metric("rate", "requests/s", True, (Bound(1, "best"),)),
        Metric("cpu_us", "CPU µs/request, PHP's with it", False),
    )
    return Workload(name, title, metrics, contenders)


# Files.


def static(
    name: str, path: str, title: str, connections: int, metrics: tuple[Metric, ...], floor: bool = False, logged: bool = False
) -> Workload:
    def measure(place: Place, server: Server) -> Numbers:
        return with_cpu(server, lambda: load.wrk(server, path, connections, place.seconds))

    def contenders(place: Place) -> list[Contender]:
        servers = all_servers(place, logged)
        if floor:
            servers.append(EpollFloor(place.site, place.built / "floor_epoll"))
        return [of_server(s, lambda s: measure(place, s)) for s in servers]

    return Workload(name, title, metrics, contenders)


def file_metrics(rate: tuple[Bound, ...] = (), cpu: tuple[Bound, ...] = ()) -> tuple[Metric, ...]:
    return (Metric("rate", "requests/s", True, rate), Metric("cpu_us", "server CPU µs/request", False, cpu))


# A Python application that stays in memory.


def wsgi_hello(place: Place) -> list[Contender]:
    def measure(server: Server) -> Numbers:
        workers = getattr(server, "worker_cpu_seconds", None)
        before = workers() if workers else 0.0
        numbers = with_cpu(server, lambda: load.wrk(server, "/", 8, place.seconds))
        if workers:
            numbers["worker_us"] = (workers() - before) * 1e6 / numbers["requests"]
            numbers["front_us"] = numbers["cpu_us"] - numbers["worker_us"]
        return numbers

    binaries = {"gatehouse": place.gatehouse} | ({"before": place.before} if place.before else {})
    servers = [GatehouseWsgi(place.site, binary, name) for name, binary in binaries.items()]
    servers += [peer(place.site) for peer in (WSGI_PEERS if place.peers else ())]
    for server in servers:
        server.workers = place.workers
    return [of_server(s, measure) for s in servers]


# A lot of data through one script.


def stream(name: str, title: str, transfer: Callable[[Server], None]) -> Workload:
    def measure(server: Server) -> Numbers:
        cpu, begin = server.cpu_seconds(), time.monotonic()
        transfer(server)
        seconds = time.monotonic() - begin
        return {"rate": GIB / seconds / 1e9, "cpu_ms": (server.cpu_seconds() - cpu) * 1e3}

    metrics = (Metric("rate", "GB/s", True, (Bound(1, "best"),)), Metric("cpu_ms", "server CPU ms/GiB", False))
    return Workload(name, title, metrics, lambda place: [of_server(s, measure) for s in all_servers(place)])


def pour_out(server: Server) -> None:
    got = load.read_whole(server, "/cgi-bin/pour")
    if got < GIB:
        raise ServerFailed(f"{server.name}: only {got} bytes came out of the script")


def pour_in(server: Server) -> None:
    answer = load.send_whole(server, "/cgi-bin/drain", GIB)
    if str(GIB).encode() not in answer:
        raise ServerFailed(f"{server.name}: not all bytes went into the script: {answer[-60:]!r}")


# A file while scripts are busy.


def file_beside_scripts(place: Place, server: Server) -> Numbers:
    with load.Background(server, "/cgi-bin/hello", 16, place.seconds + 1) as scripts:
        time.sleep(0.3)
        files = load.wrk(server, "/1k", 4, place.seconds, threads=1)
    return {
        "p99_ms": files["p99_ms"],
        "rate": files["requests"] / files["seconds"],
        "scripts": scripts.result["requests"] / scripts.result["seconds"],
    }


# Memory and starting.


def descriptors_for(wanted: int) -> int:
    return min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - DESCRIPTORS_TO_SPARE)


def idle_connections(server: Server) -> Numbers:
    """A server of its own in each round, so that nothing is left of an earlier load; the first 100
    connections make it allocate what it needs in any case."""
    with running(server):
        count = descriptors_for(IDLE_CONNECTIONS)
        warm = load.open_idle(server, "/1k", 100)
        before = server.memory_kib("Pss")
        held = load.open_idle(server, "/1k", count)
        after = server.memory_kib("Pss")
        load.close_all(held)
        load.close_all(warm)
    return {"kib": (after - before) / count}


def at_rest(server: Server) -> Numbers:
    with running(server):
        return {"pss_mib": server.memory_kib("Pss") / 1024, "rss_mib": server.memory_kib("Rss") / 1024}


def time_to_ready(server: Gatehouse) -> Numbers:
    """From exec (and the fork before it) to the line on standard output."""
    server.port = 0
    begin = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in server.command("off")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, close_fds=False
    )
    line = process.stdout.readline()
    elapsed = time.monotonic() - begin
    process.terminate()
    process.communicate()
    if not line.startswith(b"Serving "):
        raise ServerFailed("gatehouse printed no ready line")
    return {"ms": elapsed * 1e3}


@contextlib.contextmanager
def running(server: Server):
    server.start()
    try:
        yield
    finally:
        server.stop()


def each_started_anew(measure: Callable[[Server], Numbers]) -> Callable[[Place], list[Contender]]:
    def contenders(place: Place) -> list[Contender]:
        return [Contender(s.name, lambda s=s: measure(s)) for s in all_servers(place)]

    return contenders


# How cost grows: gatehouse against itself.


def growth(name: str, title: str, contenders: Callable[[Place], list[Contender]]) -> Workload:
    return Workload(name, title, (Metric("rate", "scripts/s", True, (Bound(0.9, "small"),)),), contenders)


def scripts_rate(place: Place, server: Server) -> Numbers:
    return with_cpu(server, lambda: load.wrk(server, "/cgi-bin/hello", 8, place.seconds))


def beside_a_crowd(place: Place) -> list[Contender]:
    crowded, alone = (Gatehouse(place.site, place.gatehouse) for _ in range(2))
    held = []

    def gather() -> None:
        crowded.start()
        held.extend(load.open_idle(crowded, "/1k", descriptors_for(CROWD)))

    def dissolve() -> None:
        load.close_all(held)
        crowded.stop()

    return [
        Contender("gatehouse", lambda: scripts_rate(place, crowded), gather, dissolve),
        Contender("small", lambda: scripts_rate(place, alone), alone.start, alone.stop),
    ]


def with_ballast(place: Place) -> list[Contender]:
    library = place.built / "ballast.so"
    large, small = (Gatehouse(place.site, place.gatehouse, ballast=(library, mib)) for mib in (1024, 10))
    return [
        Contender("gatehouse", lambda: scripts_rate(place, large), large.start, large.stop),
        Contender("small", lambda: scripts_rate(place, small), small.start, small.stop),
    ]


def warm(program: str, title: str, factor: float, *load_ahead: str) -> Workload:
    """Scripts that are forked from a template, against the same ones started anew."""

    def contenders(place: Place) -> list[Contender]:
        options = ("--warm", "python3,perl", "--env", "PATH=/usr/bin:/bin")
        ours = Gatehouse(place.site, place.gatehouse, options=(*options, *load_ahead))
        cold = Gatehouse(place.site, place.gatehouse, name="cold", options=options[2:])
        path = f"/cgi-bin/{program}"

        def begin() -> None:
            ours.start()
            load.wrk(ours, path, 2, SECONDS_TO_WARM)

        def rate(server: Server) -> Numbers:
            return with_cpu(server, lambda: load.wrk(server, path, 8, place.seconds))

        return [
            Contender("gatehouse", lambda: rate(ours), begin, ours.stop),
            Contender("cold", lambda: rate(cold), cold.start, cold.stop),
        ]

    bounds = (Bound(factor, "cold"),)
    return Workload(f"warm-{program}", title, (Metric("rate", "scripts/s", True, bounds),), contenders)


WORKLOADS = (
    warm("hello.py", "warm Python hello, to cold", 7),
    warm("modules.py", "warm Python with json, sqlite3, email, to cold", 14),
    warm("hello.pl", "warm Perl hello, to cold", 1.8),
    warm("cgi.pl", "warm Perl with CGI.pm, to cold", 5.5, "--warm-load", "perl=CGI"),
    script("hello", "CGI, small C program, 8 connections", (Bound(0.92, "floor"), Bound(1.2, "lighttpd"))),
    script("hello.pl", "CGI, Perl one-liner, 8 connections", (Bound(0.95, "floor"),)),
    script("hello.sh", "CGI, sh one-liner, 8 connections", (Bound(0.95, "floor"),)),
    fastcgi("fastcgi", "FastCGI, small C program on libfcgi, 8 connections"),
    php("php-hello", "PHP, one line, php-cgi kept by the server, 8 connections"),
    static(
        "static-1k", "/1k", "static 1 KiB, 64 connections", 64,
        file_metrics(cpu=(Bound(1.2, "floor"), Bound(1, "lighttpd"), Bound(1, "nginx"))), floor=True,
    ),  # fmt: skip
    static("static-1k-logged", "/1k", "static 1 KiB, access log on", 64, file_metrics(), logged=True),
    static("static-100k", "/100k", "static 100 KiB, 64 connections", 64, file_metrics((Bound(1, "best"),))),
    static("static-10m", "/10m", "static 10 MiB, 8 connections", 8, file_metrics((Bound(1, "best"),))),
    Workload(
        "wsgi-hello",
        "WSGI, an application that answers at once, 8 connections",
        (
            Metric("rate", "requests/s", True, (
                Bound(2.5, "gunicorn"), Bound(2.5, "nginx+gunicorn"), Bound(1.5, "uwsgi"), Bound(1, "nginx+uwsgi"),
            )),
            Metric("cpu_us", "CPU µs/request, server and workers", False),
            Metric("worker_us", "of it the workers'", False, (Bound(14),)),
            Metric("front_us", "of it the server's", False, (Bound(13),)),
        ),
        wsgi_hello,
    ),
    stream("stream-out", "1 GiB out of a script", pour_out),
    stream("stream-in", "1 GiB into a script", pour_in),
    Workload(
        "file-beside-scripts",
        "static 1 KiB while 16 clients keep scripts busy",
        (
            Metric("p99_ms", "p99 ms", False, (Bound(1, "best"),)),
            Metric("rate", "files/s", True),
            Metric("scripts", "scripts/s meanwhile", True),
        ),
        lambda place: [of_server(s, lambda s: file_beside_scripts(place, s)) for s in all_servers(place)],
    ),
    Workload(
        "idle-connections",
        f"{IDLE_CONNECTIONS} idle keep-alive connections",
        (Metric("kib", "KiB (PSS) each", False, (Bound(2),)),),
        each_started_anew(idle_connections),
    ),
    Workload(
        "at-rest",
        "memory before the first request",
        (Metric("rss_mib", "MiB resident", False, (Bound(8),)), Metric("pss_mib", "MiB, shared pages in parts", False)),
        each_started_anew(at_rest),
    ),
    Workload(
        "ready",
        "from exec to the ready line",
        (Metric("ms", "ms", False, (Bound(20),)),),
        lambda place: [
            Contender("gatehouse", lambda s=Gatehouse(place.site, place.gatehouse): time_to_ready(s))
        ],
    ),
    growth("crowd", f"scripts beside {CROWD} open connections, to none", beside_a_crowd),
    growth("large", "scripts of a server of 1 GiB, to one of 10 MiB", with_ballast),
)


def make_site(site: Path, built: Path, scripts: Path) -> None:
    """The directory that every server serves."""
    cgi_bin = site / "cgi-bin"
    cgi_bin.mkdir(parents=True)
    for name, size in (("1k", 1024), ("100k", 100 * 1024), ("10m", 10 * 1024 * 1024)):
        (site / name).write_bytes(b"x" * size)
    written = ("hello.sh", "hello.pl", "cgi.pl", "hello.py", "modules.py")
    for source in (built / "hello", built / "pour", built / "drain", *(scripts / name for name in written)):
        target = cgi_bin / source.name
        target.write_bytes(source.read_bytes())
        target.chmod(0o755)
    for directory in (site, cgi_bin):
        directory.chmod(0o755)


def temporary_site(built: Path, scripts: Path) -> Path:
    site = Path(tempfile.mkdtemp(prefix="bench-site-"))
    make_site(site, built, scripts)
    return site


def raise_descriptor_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
