"""What is done to a server: wrk for rates, plain sockets for the rest."""

import json
import socket
import subprocess
from pathlib import Path

from servers import Server, ServerFailed

BLOCK = 1024 * 1024
TIMEOUT_SECONDS = 60
FAULTS_ALLOWED = 0.001


def _wrk_command(url: str, connections: int, threads: int, seconds: float) -> list[str]:
    script = Path(__file__).parent / "wrk.lua"
    whole = max(1, round(seconds))
    return ["wrk", f"-t{threads}", f"-c{connections}", f"-d{whole}s", "--timeout", "10s", "-s", str(script), url]


def _wrk_result(name: str, output: str) -> dict[str, float]:
    result = json.loads(output.strip().splitlines()[-1])
    if result["requests"] == 0 or result["errors"] > FAULTS_ALLOWED * result["requests"]:
        raise ServerFailed(f"{name}: {result['errors']} errors beside {result['requests']} answers")
    return result


def wrk(server: Server, path: str, connections: int, seconds: float, threads: int = 2) -> dict[str, float]:
    """requests, seconds, p50_ms and p99_ms of as many requests as that many connections can make."""
    command = _wrk_command(server.url(path), connections, threads, seconds)
    return _wrk_result(server.name, subprocess.run(command, capture_output=True, text=True, check=True).stdout)


class Background:
    """Load that goes on while something else is measured: `with Background(...) as b`; its result
    is in b.result afterwards."""

    def __init__(self, server: Server, path: str, connections: int, seconds: float):
        self._name = server.name
        self._command = _wrk_command(server.url(path), connections, 1, seconds)
        self.result: dict[str, float] = {}

    def __enter__(self) -> "Background":
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        output, _ = self._process.communicate()
        if kind is None:
            self.result = _wrk_result(self._name, output)


def connect(server: Server) -> socket.socket:
    s = socket.create_connection(("127.0.0.1", server.port), TIMEOUT_SECONDS)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def _expect(server: Server, fine: bool, what: str) -> None:
    if not fine:
        raise ServerFailed(f"{server.name}: {what}")


def read_whole(server: Server, path: str) -> int:
    """How many bytes the answer has, head and chunk framing included."""
    buffer = bytearray(BLOCK)
    with connect(server) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        total = s.recv_into(buffer)
        _expect(server, buffer.startswith(b"HTTP/1.1 200"), f"{path} is answered by {bytes(buffer[:40])!r}")
        while got := s.recv_into(buffer):
            total += got
    return total


def send_whole(server: Server, path: str, size: int) -> bytes:
    """The answer to a POST of that many bytes."""
    block = memoryview(bytes(BLOCK))
    with connect(server) as s:
        s.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {size}\r\n"
            "Content-Type: application/octet-stream\r\n\r\n".encode()
        )
        for _ in range(size // BLOCK):
            s.sendall(block)
        answer = b""
        while got := s.recv(65536):
            answer += got
    _expect(server, answer.startswith(b"HTTP/1.1 200"), f"{path} is answered by {answer[:40]!r}")
    return answer


def open_idle(server: Server, path: str, count: int) -> list[socket.socket]:
    """That many connections which were answered once and are kept open."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    held = []
    try:
        for _ in range(count):
            s = connect(server)
            held.append(s)
            s.sendall(request)
            got = s.recv(65536)
            _expect(server, got.startswith(b"HTTP/1.1 200"), f"an idle connection got {got[:40]!r}")
    except BaseException as e:
        close_all(held)
        if isinstance(e, OSError):
            raise ServerFailed(f"{server.name}: connection {len(held)} of {count}: {e}") from e
        raise
    return held


def close_all(held: list[socket.socket]) -> None:
    for s in held:
        s.close()
    held.clear()
