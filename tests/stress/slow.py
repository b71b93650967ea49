#!/usr/bin/env python3
"""Slow clients beside good ones: slow.py BINARY [--slow N] [--open N] [--seconds S] [--kinds K,...].

First the good clients alone; then beside N clients that are slow on purpose, each for ever: one byte
of a head, of a body, or of an answer at a time, and a new connection when it was let go; then beside
N open connections that were answered once, each of which must be answered again at the end. The p99
of the good ones must stay under twice what it was alone (and a millisecond).
"""

import argparse
import multiprocessing
import resource
import select
import socket
import sys
import time

from server import Server

SLOW_PAUSE = 5.0  # seconds between the bytes of a slow client
GOOD_CONNECTIONS = 4
FRESH_EVERY = 10  # so many requests, one on a connection of its own
PAUSE = 0.001  # of a good client between two requests
LIMIT = 2.0

SMALL = b"x" * 1024
LARGE = b"y" * (8 << 20)
SCRIPTS = {
    "hello": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello\\n'\n",
    "sink": "#!/bin/sh\ncat >/dev/null\nprintf 'Content-Type: text/plain\\n\\ndone\\n'\n",
}

HEAD = b"GET /small HTTP/1.1\r\nHost: h\r\nX-Slow: "
SLOW_STARTS = {
    "head": HEAD,
    "body": b"POST /cgi-bin/sink HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nFFFFF\r\n",
    "counted": b"POST /cgi-bin/sink HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n",
    "reader": b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n",
}


def request(target):
    return f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode()


def connect(port, number=0, receive_buffer=0):
    """A connection from an address that depends on the number: one has only so many ports."""
    plain = socket.socket()
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.settimeout(60)
    plain.bind((f"127.0.0.{2 + number % 50}", 0))
    plain.connect(("127.0.0.1", port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return plain


def read_answer(plain):
    """Status and body of an answer with a length or in one chunk."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = plain.recv(65536)
        if not piece:
            raise ConnectionError("closed")
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    fields = head.lower()
    if b"content-length: " in fields:
        length = int(fields.split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += plain.recv(65536)
    else:
        while not body.endswith(b"0\r\n\r\n"):
            body += plain.recv(65536)
    return int(head.split()[1]), body


class Latencies:
    """Milliseconds of each good request to one target."""

    def __init__(self, times, failed):
        self.times, self.failed = sorted(times), failed

    def at(self, part):
        return self.times[min(len(self.times) - 1, int(len(self.times) * part))] * 1000

    def __str__(self):
        return (f"{len(self.times)} requests, p50 {self.at(0.5):.2f} ms, p99 {self.at(0.99):.2f} ms, "
                f"longest {self.at(1):.1f} ms, {self.failed} failed")


def good_client(port, target, seconds, results):
    kept = [connect(port) for _ in range(GOOD_CONNECTIONS)]
    times, failed, count = [], 0, 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        fresh = count % FRESH_EVERY == 0
        try:
            plain = connect(port) if fresh else kept[count % GOOD_CONNECTIONS]
            plain.sendall(request(target))
            status, _ = read_answer(plain)
            failed += status != 200
            times.append(time.perf_counter() - began)
            if fresh:
                plain.close()
        except OSError:
            failed += 1
            if not fresh:
                kept[count % GOOD_CONNECTIONS] = connect(port)
        count += 1
        time.sleep(PAUSE)
    results.put((target, times, failed))


def good_ones(server, seconds):
    """Latencies by target, of clients in processes of their own."""
    results = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=good_client, args=(server.port, t, seconds, results))
               for t in ("/small", "/cgi-bin/hello")]
    for worker in workers:
        worker.start()
    found = {target: Latencies(times, failed)
             for target, times, failed in (results.get() for _ in workers)}
    for worker in workers:
        worker.join()
    return found


class SlowClients:
    """In a process of its own, for ever; counts how many are connected and how many were let go."""

    def __init__(self, port, count, kinds):
        self.connected = multiprocessing.Value("l", 0)
        self.let_go = multiprocessing.Value("l", 0)
        self._process = multiprocessing.Process(target=self._run, args=(port, count, kinds), daemon=True)
        self._process.start()

    def stop(self):
        self._process.kill()
        self._process.join()

    def _run(self, port, count, kinds):
        clients = {}
        due = []
        poll = select.epoll()

        def start(number):
            kind = kinds[number % len(kinds)]
            plain = connect(port, number, receive_buffer=4096)
            plain.setblocking(False)
            plain.send(SLOW_STARTS[kind])
            clients[plain.fileno()] = (plain, number, kind)
            poll.register(plain.fileno(), select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR)
            due.append((time.monotonic() + SLOW_PAUSE, plain.fileno(), plain))

        def restart(fd):
            plain, number, _ = clients.pop(fd)
            poll.unregister(fd)
            plain.close()
            self.let_go.value += 1
            start(number)

        for number in range(count):
            start(number)
            self.connected.value = len(clients)
        while True:
            for fd, _ in poll.poll(0.02):
                restart(fd)
            now = time.monotonic()
            while due and due[0][0] <= now:
                _, fd, plain = due.pop(0)
                if fd not in clients or clients[fd][0] is not plain:
                    continue
                try:
                    if clients[fd][2] == "reader":
                        plain.recv(100)
                    else:
                        plain.send(b"y")
                    due.append((now + SLOW_PAUSE, fd, plain))
                except BlockingIOError:
                    due.append((now + SLOW_PAUSE, fd, plain))
                except OSError:
                    restart(fd)


def report(title, found, alone=None):
    """Prints a line for each target; whether the p99 held."""
    held = True
    for target, latencies in found.items():
        line = f"{title}: {target}: {latencies}"
        if alone:
            was = alone[target].at(0.99)
            kept = latencies.at(0.99) < max(LIMIT * was, 1.0)
            held = held and kept and latencies.failed == 0
            line += f": {latencies.at(0.99) / was:.2f} x its p99 alone{'' if kept else ' FAILED'}"
        print(line, flush=True)
    return held


def beside_slow_ones(server, arguments, alone):
    slow = SlowClients(server.port, arguments.slow, arguments.kinds.split(","))
    until = time.monotonic() + 120
    while slow.connected.value < arguments.slow and time.monotonic() < until:
        time.sleep(0.1)
    held = report(f"beside {slow.connected.value} slow clients", good_ones(server, arguments.seconds), alone)
    print(f"  {slow.let_go.value} of them were let go and came again")
    slow.stop()
    return held and slow.connected.value == arguments.slow


def beside_open_ones(server, arguments, alone):
    before = server.resident_bytes()
    held_open = []
    for number in range(arguments.open):
        plain = connect(server.port, number)
        plain.sendall(request("/small"))
        held_open.append(plain)
        if read_answer(plain)[0] != 200:
            print(f"connection {number} was refused")
            return False
    each = (server.resident_bytes() - before) / arguments.open
    held = report(f"beside {arguments.open} open connections", good_ones(server, arguments.seconds), alone)
    answered = 0
    for plain in held_open:
        plain.sendall(request("/small"))
        answered += read_answer(plain) == (200, SMALL)
    print(f"  {answered} of {arguments.open} were there to be answered again; "
          f"{each / 1024:.2f} KiB of memory each")
    for plain in held_open:
        plain.close()
    return held and answered == arguments.open


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("binary")
    parser.add_argument("--slow", type=int, default=5000)
    parser.add_argument("--open", type=int, default=15000)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--kinds", default="head,body,reader", help=", ".join(SLOW_STARTS))
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    files = {"small": SMALL, "large": LARGE}
    options = ["--log-level", "error", "--idle-timeout", "10m"]
    with Server(arguments.binary, files, SCRIPTS, options) as server:
        good_ones(server, 1)
        alone = good_ones(server, arguments.seconds)
        report("alone", alone)
        held = beside_slow_ones(server, arguments, alone)
        time.sleep(1)
        held = beside_open_ones(server, arguments, alone) and held
        status = server.terminate()
        if status != 0:
            print(f"exit status after SIGTERM: {status}\n{server.diagnostics()}")
    return 0 if held and status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
