#!/usr/bin/env python3
"""hostile.py BINARY...: what hostile, slow and odd clients and scripts cost the others.

Each row does one thing to each of the binaries in turn, on servers of one thread, and prints what it
cost. Nothing is judged here: tests/wire/ has a case for each.
"""

import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HELLO = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello\\n'\n"
SINK = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nwc -c\n"
LATE = """#!/usr/bin/perl
$| = 1;
print "Content-Type: text/plain\\n\\nworking...\\n";
exit if fork;
sleep 1;
print "result: 42\\n";
"""


class Server:
    """One server of a tree of its own, until the end of the with statement."""

    def __init__(self, binary, *options, files=0):
        self.directory = tempfile.TemporaryDirectory()
        self.base = Path(self.directory.name)
        root = self.base / "www"
        programs = root / "cgi-bin"
        programs.mkdir(parents=True)
        (root / "a.txt").write_text("a")
        for name, text in {"hello": HELLO, "sink": SINK, "late": LATE}.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        (root / "many").mkdir()
        for i in range(files):
            (root / "many" / f"file-{i:05}.txt").touch()
        self.command = [binary, "--port", "0", "--threads", "1", "--access-log", "off", *options, root]
        self.process, self.port = start(self.command)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.directory.cleanup()

    def connect(self, receive_buffer=None):
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(60)
        client.connect(("127.0.0.1", self.port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def resident_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def start(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, int(re.search(r":(\d+)/", process.stdout.readline()).group(1))


def request(target, method="GET", fields="", body=b""):
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}{length}\r\n"
    return head.encode() + body


def status_of(client):
    """Reads one answer with a length, or to its end; 0 if none came."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(1 << 16)
        if not piece:
            return 0
        data += piece
    head, rest = data.split(b"\r\n\r\n", 1)
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(rest) < int(length.group(1)):
        rest += client.recv(1 << 16)
    return int(head.split()[1])


def ask(server, target):
    """The status, and how many milliseconds it took to come."""
    began = time.perf_counter()
    with server.connect() as client:
        client.sendall(request(target, fields="Connection: close\r\n"))
        return status_of(client), (time.perf_counter() - began) * 1000


@contextlib.contextmanager
def sampled(sample):
    """Takes samples beside what is done, as a list that grows."""
    taken, over = [], threading.Event()

    def take():
        while not over.is_set():
            taken.append(sample())
            time.sleep(0.002)

    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join()


def late_output(binary):
    with Server(binary) as server:
        whole = 0
        for _ in range(10):
            with server.connect() as client:
                client.sendall(request("/cgi-bin/late", fields="Connection: close\r\n"))
                answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
                whole += b"result: 42" in answer
    return f"{whole} of 10 whole"


def slow_uploads(binary):
    with Server(binary, "--max-scripts", "16") as server:
        uploads = [server.connect() for _ in range(16)]
        for each in uploads:
            each.sendall(request("/cgi-bin/sink", "POST", "Content-Length: 1000000\r\n"))
        over = threading.Event()

        def trickle():
            while not over.wait(0.1):
                for each in uploads:
                    with contextlib.suppress(OSError):
                        each.send(b"x" * 900)

        thread = threading.Thread(target=trickle)
        thread.start()
        time.sleep(1)
        answers = [ask(server, "/cgi-bin/hello") for _ in range(3)]
        over.set()
        thread.join()
        for each in uploads:
            each.close()
    return ", ".join(f"{status} after {took:.0f} ms" for status, took in answers)


def pipelined_listings(binary):
    with Server(binary, files=10_000) as server:
        time.sleep(2.5)  # what changed just now is not kept
        with server.connect() as client, sampled(lambda: ask(server, "/-/health")[1]) as beside:
            began = time.perf_counter()
            client.sendall(request("/many/", "HEAD") * 200)
            data, answers = b"", 0
            while answers < 200:
                data = data[-3:] + client.recv(1 << 16)
                answers += data.count(b"\r\n\r\n")
            took = time.perf_counter() - began
    return f"{took:.2f} s, /-/health beside it at most {max(beside):.1f} ms"


def deep_path(binary):
    with Server(binary) as server:
        took = [ask(server, "/a" * 3990)[1] for _ in range(200)]
        short = [ask(server, "/a")[1] for _ in range(200)]
    return f"{statistics.median(took):.2f} ms, a short path {statistics.median(short):.2f} ms"


def chunk_extensions(binary):
    body = (b"1;" + b"a" * 4000 + b"\r\nx\r\n") * 6000 + b"0\r\n\r\n"
    with Server(binary) as server, server.connect() as client:
        client.sendall(request("/cgi-bin/sink", "POST", "Transfer-Encoding: chunked\r\n"))
        with contextlib.suppress(OSError):
            client.sendall(body)
        return f"answered with {status_of(client)}"


def unread_streams(binary):
    with Server(binary, "--inspect") as server, server.connect() as client:
        asked = request("/a.txt?" + "x" * 8000) * 10
        streams = [server.connect(4096) for _ in range(40)]
        for each in streams:
            each.sendall(request("/-/events"))
        time.sleep(0.3)
        before = server.resident_mib()
        for _ in range(200):
            client.sendall(asked)
            for _ in range(10):
                status_of_next(client)
        after = server.resident_mib()
        for each in streams:
            each.close()
    return f"{before:.1f} to {after:.1f} MiB"


def status_of_next(client):
    """As status_of, of one among pipelined answers: byte by byte to the end of the head."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
    while length > 0:
        length -= len(client.recv(length))


def nested_sends(binary):
    nested = request("/x")
    while len(nested) < 900_000:
        nested = request("/-/send", "POST", "Gatehouse-Inspector: 1\r\n", nested)
    with Server(binary, "--inspect") as server, server.connect() as client:
        before = server.descriptors()
        with sampled(server.descriptors) as beside:
            status = "no answer in a minute"
            with contextlib.suppress(TimeoutError):
                client.sendall(nested)
                status = f"answered with {status_of(client)}"
    return f"{before} to {max(beside)} descriptors, {status}"


def takeover(binary):
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/takeover"
        with Server(binary, "--takeover", path) as server:
            ask(server, "/a.txt")
            before = server.descriptors()
            directory_twice = [os.open("/", os.O_RDONLY)] * 2
            for _ in range(300):
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
                    peer.connect(path)
                    socket.send_fds(peer, [b"gatehouse takeover 1"], directory_twice)
                    peer.recv(100)
            os.close(directory_twice[0])
            after = server.descriptors()
            silent = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(5)]
            for each in silent:
                each.connect(path)
            began = time.perf_counter()
            successor = subprocess.Popen(
                server.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            ready = bool(successor.stdout.readline())
            took = time.perf_counter() - began
            for each in silent:
                each.close()
            successor.terminate()
            successor.wait(30)
    how = "ready" if ready else "failed"
    return f"{before} to {after} descriptors; the successor {how} after {took:.2f} s"


ROWS = {
    "an answer that a background process ends": late_output,
    "a script beside 16 uploads of 9 kB/s": slow_uploads,
    "200 pipelined HEADs of 10,000 names": pipelined_listings,
    "8 kB of /a": deep_path,
    "24 MB of chunk extensions": chunk_extensions,
    "40 unread event streams, resident": unread_streams,
    "nested sends of the inspector": nested_sends,
    "300 bad messages to --takeover, then 5 silent peers": takeover,
}


def main():
    binaries = sys.argv[1:]
    if not binaries:
        sys.exit(__doc__)
    for name, measure in ROWS.items():
        print(name)
        for binary in binaries:
            print(f"  {binary}: {measure(binary)}", flush=True)


if __name__ == "__main__":
    main()
