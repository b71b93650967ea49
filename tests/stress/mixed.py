"""Mixed load from clients of whom a tenth hang up: mixed.py BINARY [--requests N] [--seed N].

Every answer that is read to its end must be exact. When all clients are gone, the server must be as
it was before: no zombie, no descriptor and no script left, its memory where it stood. Then it must
end on SIGTERM with status 0.
"""

import argparse
import asyncio
import random
import socket
import struct
import sys
import time
from dataclasses import dataclass

from server import Server, eventually

MIB = 1 << 20
SETTLE_SECONDS = 30  # for the server to notice that its last clients have gone
ANSWER_SECONDS = 60  # far more than any answer takes on a busy machine

FILES = {
    "index.html": b"<!DOCTYPE html><title>stress</title>\n",
    "empty.txt": b"",
    "small.txt": b"gatehouse\n" * 20,
    "large.bin": random.Random(1).randbytes(MIB),
}

SCRIPTS = {
    "hello": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s %s\\n' $REQUEST_METHOD \"$QUERY_STRING\"\n",
    "echo": "#!/bin/sh\nprintf 'Content-Type: application/octet-stream\\n\\n'\nexec cat\n",
    "exact": "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 6\\n\\nexact\\n'\n",
    "deaf": "#!/bin/sh\nexec <&-\nprintf 'Content-Type: text/plain\\n\\ndeaf\\n'\n",
    "long": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nyes gatehouse | head -c 300000\n",
    "slow": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\none\\n'\nsleep 0.1\necho two\n",
    "events": "#!/bin/sh\nprintf 'Content-Type: text/event-stream\\n\\n'\n"
    "for i in 1 2 3 4 5; do printf 'data: %s\\n\\n' $i; sleep 0.02; done\n",
    "gone": "#!/bin/sh\nprintf 'Status: 410 Gone\\nContent-Type: text/plain\\n\\ngone\\n'\n",
    "away": "#!/bin/sh\nprintf 'Location: /small.txt\\n\\n'\n",
    "broken": "#!/bin/sh\nexit 3\n",
    "descendant": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nleft one behind\\n'\n"
    "sleep 0.3 >/dev/null 2>&1 </dev/null &\n",
    # For clients that hang up: these would go on for minutes.
    "endless": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nexec yes gatehouse\n",
    "silent": "#!/bin/sh\nsleep 300\n",
    "stubborn": "#!/bin/sh\ntrap '' TERM\nprintf 'Content-Type: text/plain\\n\\n'\n"
    "while :; do echo here; sleep 0.05; done\n",
}


@dataclass
class Request:
    target: str
    method: str = "GET"
    body: bytes = b""
    chunked: bool = False
    status: int = 200
    answer: bytes | None = b""  # None: not compared

    def head(self, keep_alive):
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: stress"]
        if not keep_alive:
            lines.append("Connection: close")
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines + ["", ""]).encode()

    def framed_body(self):
        if not self.chunked:
            return self.body
        pieces = [self.body[i : i + 5000] for i in range(0, len(self.body), 5000)]
        return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def hello(dice):
    word = f"{dice.randrange(10**9)}="
    return Request(f"/cgi-bin/hello?{word}", answer=f"GET {word}\n".encode())


def echo(dice, most_bytes=200_000):
    body = dice.randbytes(dice.randrange(1, most_bytes))
    return Request("/cgi-bin/echo", "POST", body, chunked=dice.random() < 0.3, answer=body)


def static(name):
    return lambda dice: Request(f"/{name}", answer=FILES[name])


def script(name, answer, status=200):
    return lambda dice: Request(f"/cgi-bin/{name}", status=status, answer=answer)


# How often out of the sum, and what.
KINDS = [
    (20, static("small.txt")),
    (5, static("empty.txt")),
    (5, static("large.bin")),
    (5, lambda dice: Request("/", answer=FILES["index.html"])),
    (5, lambda dice: Request("/small.txt", "HEAD")),
    (5, lambda dice: Request("/missing", status=404, answer=None)),
    (20, hello),
    (5, lambda dice: Request("/cgi-bin/hello", "HEAD")),
    (8, lambda dice: echo(dice, 4_000)),
    (4, echo),
    (4, script("exact", b"exact\n")),
    (2, lambda dice: Request("/cgi-bin/deaf", "POST", dice.randbytes(50_000), answer=b"deaf\n")),
    (2, script("long", (b"gatehouse\n" * 30_000))),
    (3, script("slow", b"one\ntwo\n")),
    (2, script("events", b"".join(b"data: %d\n\n" % i for i in range(1, 6)))),
    (2, script("gone", b"gone\n", 410)),
    (2, script("away", FILES["small.txt"])),
    (1, script("broken", None, 502)),
    (1, script("descendant", b"left one behind\n")),
]

# What those who hang up ask for besides.
UNENDING = [script(name, None) for name in ("endless", "silent", "stubborn")]


def pick(dice):
    return dice.choices([kind for _, kind in KINDS], [weight for weight, _ in KINDS])[0](dice)


class Wrong(Exception):
    """An answer that is not what it has to be."""


async def read_answer(reader, request):
    """Reads one answer; gives whether the connection can be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    fields = {}
    for line in filter(None, head[1:]):
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    body = await read_body(reader, request, status, fields)
    if status != request.status:
        raise Wrong(f"{request.method} {request.target}: {status}, not {request.status}")
    if request.answer is not None and body != request.answer:
        raise Wrong(f"{request.method} {request.target}: {len(body)} bytes that differ from what "
                    f"was to come ({len(request.answer)} bytes)")
    return fields.get("connection", "").lower() != "close"


async def read_body(reader, request, status, fields):
    if request.method == "HEAD" or status in (204, 304):
        return b""
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return await read_chunks(reader)
    if "content-length" in fields:
        return await reader.readexactly(int(fields["content-length"]))
    return await reader.read(-1)


async def read_chunks(reader):
    body = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body.append(await reader.readexactly(size))
        if await reader.readexactly(2) != b"\r\n":
            raise Wrong("a chunk does not end in CRLF")
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return b"".join(body)


@dataclass
class Tally:
    answers: int = 0
    hang_ups: int = 0
    faults: list = None


class Client:
    """One of the many: sends its share of the requests, one after the other."""

    def __init__(self, port, dice, tally):
        self.port = port
        self.dice = dice
        self.tally = tally
        self.connection = None

    async def run(self, requests):
        for _ in range(requests):
            if self.dice.random() < 0.1:
                await self.hang_up()
            else:
                await self.ask(pick(self.dice))
        self.close()

    async def ask(self, request):
        try:
            await asyncio.wait_for(self.exchange(request), ANSWER_SECONDS)
            self.tally.answers += 1
        except (Wrong, OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            self.close()
            self.tally.faults.append(f"{request.method} {request.target}: {error!r}")

    async def exchange(self, request):
        if self.connection is None:
            self.connection = await asyncio.open_connection("127.0.0.1", self.port, limit=MIB)
        reader, writer = self.connection
        keep_alive = self.dice.random() < 0.8
        sending = asyncio.create_task(self.send(writer, request, keep_alive))
        try:
            reusable = await read_answer(reader, request)
            await sending
        finally:
            sending.cancel()
        if not (keep_alive and reusable):
            self.close()

    async def send(self, writer, request, keep_alive):
        writer.write(request.head(keep_alive) + request.framed_body())
        await writer.drain()

    async def hang_up(self):
        """Leaves at a random moment: before, in or after the head, in the body or in the answer."""
        self.close()
        self.tally.hang_ups += 1
        unending = self.dice.random() < 0.4
        request = self.dice.choice(UNENDING)(self.dice) if unending else pick(self.dice)
        message = request.head(True)
        moment = self.dice.choice(["before", "in head", "after head", "in body", "in answer"])
        if moment == "before":
            message = b""
        elif moment == "in head":
            message = message[: self.dice.randrange(1, len(message))]
        elif moment == "in body":
            body = request.framed_body()
            message += body[: self.dice.randrange(len(body) + 1)]
        elif moment == "in answer":
            message += request.framed_body()
        try:
            await asyncio.wait_for(self.send_and_leave(message, moment), ANSWER_SECONDS)
        except (OSError, EOFError):
            pass  # the server may have closed first
        except asyncio.TimeoutError:
            self.tally.faults.append(f"hanging up {moment}: {request.target}: no bytes came")

    async def send_and_leave(self, message, moment):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(message)
            if moment != "in answer":
                await asyncio.sleep(self.dice.choice([0, 0, 0.01, 0.1]))
            elif b"silent" not in message:
                await reader.read(self.dice.choice([1, 100, 20_000]))
        finally:
            if self.dice.random() < 0.5:
                reset_on_close(writer)
            writer.close()

    def close(self):
        if self.connection is not None:
            self.connection[1].close()
            self.connection = None


def reset_on_close(writer):
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


async def load(server, requests, clients, seed, tally):
    async def one(number):
        share = requests // clients + (number < requests % clients)
        await Client(server.port, random.Random(f"{seed}/{number}"), tally).run(share)

    await asyncio.gather(*(one(number) for number in range(clients)))


def run_load(server, requests, arguments, seed):
    tally = Tally(faults=[])
    started = time.monotonic()
    asyncio.run(load(server, requests, arguments.clients, seed, tally))
    print(f"{requests} requests in {time.monotonic() - started:.1f} s: {tally.answers} answers, "
          f"{tally.hang_ups} hang-ups, {len(tally.faults)} faults")
    return tally.faults


def what_is_left(server, descriptors):
    """What the server still holds although its clients have gone, as lines of text."""
    faults = []
    if not eventually(lambda: not server.scripts(), SETTLE_SECONDS):
        faults.append(f"scripts left running: {server.scripts()}")
    if not eventually(lambda: not server.zombies(), SETTLE_SECONDS):
        faults.append(f"zombies: {server.zombies()}")
    if not eventually(lambda: len(server.descriptors()) <= descriptors, SETTLE_SECONDS):
        faults.append(f"descriptors: {len(server.descriptors())}, at first {descriptors}: "
                      f"{sorted(server.descriptors())}")
    return faults


def stress(server, arguments):
    """Everything that went wrong, as lines of text."""
    # Caches and lazily opened descriptors are filled first.
    faults = run_load(server, min(200, arguments.requests), arguments, "warm-up")
    faults += what_is_left(server, sys.maxsize)
    descriptors = len(server.descriptors())
    start = server.resident_bytes()

    faults += run_load(server, arguments.requests // 4, arguments, f"{arguments.seed}/1")
    faults += what_is_left(server, descriptors)
    quarter = server.resident_bytes()

    rest = arguments.requests - arguments.requests // 4
    faults += run_load(server, rest, arguments, f"{arguments.seed}/2")
    faults += what_is_left(server, descriptors)
    end = server.resident_bytes()

    print(f"resident MiB: {start / MIB:.1f} at the start, {quarter / MIB:.1f} after a quarter, "
          f"{end / MIB:.1f} at the end")
    if arguments.growth_limit and end - quarter > arguments.growth_limit * MIB:
        faults.append(f"memory grew by {(end - quarter) / MIB:.1f} MiB after the first quarter")
    if (status := server.terminate()) != 0:
        faults.append(f"exit status after SIGTERM: {status}")
    return faults + server.sanitizer_reports()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("binary")
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--growth-limit", type=float, default=4, metavar="MIB",
                        help="how much memory may grow after the first quarter; 0: not checked")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    options = ["--grace", "500ms", "--max-scripts", "256", "--queue", "256"]
    with Server(arguments.binary, FILES, SCRIPTS, options) as server:
        faults = stress(server, arguments)
        for line in faults[:40]:
            print(line)
        if faults:
            print(f"{len(faults)} faults (seed {arguments.seed}); the server's last words:")
            print(server.diagnostics())
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
