"""How the soak's clients behave: most ask and listen, some hang up, dawdle, pipeline or wait."""

import asyncio
import collections
import random
import socket
import struct
import time
from dataclasses import dataclass, field

from exchange import Request, Wrong, read_answer
from mix import UNENDING, pick
from site_content import FILES, MIB

ANSWER_SECONDS = 120  # far more than any answer takes on a busy machine
FAULTS_KEPT = 100


@dataclass
class Tally:
    """What all clients together saw."""

    answers: int = 0
    bytes: int = 0
    hang_ups: int = 0
    statuses: collections.Counter = field(default_factory=collections.Counter)
    kinds: collections.Counter = field(default_factory=collections.Counter)
    logged: int = 0  # answers whose client is named in the access log
    # What is an error in the log, by its reason code: how often it was answered, and how often it
    # may have been logged.
    answered: collections.Counter = field(default_factory=collections.Counter)
    possible: collections.Counter = field(default_factory=collections.Counter)
    fault_count: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, line):
        self.fault_count += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(line)

    def note(self, request):
        self.answers += 1
        self.statuses[request.status] += 1
        self.logged += not request.unparsed
        if request.is_logged_error():
            self.provoke(request.reason)

    def provoke(self, reason):
        self.answered[reason] += 1
        self.possible[reason] += 1


class Soaker:
    """A client that does its own kind of thing over and over until the time is up."""

    turn_seconds = 0  # what it begins may take so long, and is not begun when less is left

    def __init__(self, port, seed, known, tally):
        self.port = port
        self.dice = random.Random(seed)
        self.known = known
        self.tally = tally

    async def run(self, until):
        while True:
            try:
                await asyncio.wait_for(self.once(), ANSWER_SECONDS)
                self.tally.kinds[type(self).__name__] += 1
            except (Wrong, OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
                self.tally.fault(f"{type(self).__name__}: {self.doing}: {error!r}")
                self.leave()
            if time.monotonic() + self.turn_seconds >= until:
                return self.leave()

    doing = ""  # the request, for the report of a fault

    async def once(self):
        raise NotImplementedError

    def leave(self):
        """Closes what the next turn would go on with."""

    async def connect(self, receive_buffer=0, limit=MIB):
        plain = socket.socket()
        plain.setblocking(False)
        if receive_buffer:
            # Small, so that what is unread piles up on the server's side.
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", self.port))
            return await asyncio.open_connection(sock=plain, limit=limit)
        except BaseException:
            plain.close()
            raise

    async def listen(self, reader, request):
        """Reads the answer; whether the connection can be used again."""
        reusable = await read_answer(reader, request)
        self.tally.note(request)
        return reusable


class Asker(Soaker):
    """Sends requests of the mix, keeps its connection mostly, and hangs up on every tenth."""

    connection = None
    before = ""  # the last request, which may have left the connection in a bad state

    async def once(self):
        request = pick(self.dice, self.known)
        self.doing = f"{request} (before: {self.before})"
        if self.dice.random() < 0.1:
            self.leave()
            await self.hang_up()
        else:
            await self.ask(request)
            self.before = str(request)

    async def ask(self, request):
        if self.connection is None:
            self.connection = await self.connect()
        reader, writer = self.connection
        keep_alive = self.dice.random() < 0.8
        writer.write(request.head(keep_alive))
        sending = asyncio.create_task(self.send_body(writer, request))
        try:
            reusable = await self.listen(reader, request)
            # What is refused need not be sent to its end.
            if request.status != 413:
                await sending
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        if not (keep_alive and reusable) or self.dice.random() < 0.02:
            self.leave()

    async def send_body(self, writer, request):
        writer.write(request.framed_body())
        await writer.drain()

    async def hang_up(self):
        """Leaves at a random moment: before, in or after the head, in the body or in the answer."""
        unending = self.dice.random() < 0.4
        request = self.dice.choice(UNENDING)(self.dice, self.known) if unending else pick(
            self.dice, self.known)
        moment = self.dice.choice(["before", "in head", "after head", "in body", "in answer"])
        self.doing = f"leaves {moment}: {request}"
        self.tally.hang_ups += 1
        if request.is_logged_error():
            self.tally.possible[request.reason] += 1
        try:
            await self.send_and_leave(request, moment)
        except (OSError, EOFError):
            pass  # the server may have closed first

    async def send_and_leave(self, request, moment):
        reader, writer = await self.connect()
        try:
            writer.write(self.part_until(moment, request))
            if moment != "in answer":
                await asyncio.sleep(self.dice.choice([0, 0, 0.01, 0.1]))
            elif "silent" not in request.target:
                await reader.read(self.dice.choice([1, 100, 20_000]))
        finally:
            if self.dice.random() < 0.5:
                reset_on_close(writer)
            writer.close()

    def part_until(self, moment, request):
        head = request.head(client="leaves")
        body = request.framed_body()
        return {
            "before": b"",
            "in head": head[: self.dice.randrange(1, len(head))],
            "after head": head,
            "in body": head + body[: self.dice.randrange(len(body) + 1)],
            "in answer": head + body,
        }[moment]

    def leave(self):
        if self.connection is not None:
            self.connection[1].close()
            self.connection = None


class Pipeliner(Soaker):
    """Sends many requests at once; the answers come in their order."""

    async def once(self):
        requests = [self.pick_short() for _ in range(self.dice.randrange(2, 20))]
        self.doing = " | ".join(map(str, requests))
        reader, writer = await self.connect()
        try:
            writer.write(b"".join(r.head() + r.framed_body() for r in requests))
            for request in requests:
                await self.listen(reader, request)
        finally:
            writer.close()

    def pick_short(self):
        while True:
            request = pick(self.dice, self.known)
            if (request.status in (200, 304, 404) and request.version == "1.1" and not request.cut
                    and len(request.body) < 10_000 and "nph-" not in request.target):
                return request


class Dawdler(Soaker):
    """Sends a few bytes at a time, or reads slowly, and still gets everything."""

    async def once(self):
        await self.dice.choice([self.send_slowly, self.send_slowly, self.read_slowly])()

    async def send_slowly(self):
        body = self.dice.randbytes(self.dice.randrange(1, 20_000))
        request = Request("/cgi-bin/echo", "POST", body=body, answer=body,
                          chunked=self.dice.random() < 0.5)
        self.doing = f"sends slowly: {request}"
        reader, writer = await self.connect()
        try:
            await self.trickle(writer, request.head(), 1 + len(request.head()) // 40)
            await self.trickle(writer, request.framed_body(), 1 + len(body) // 40)
            await self.listen(reader, request)
        finally:
            writer.close()

    async def trickle(self, writer, message, size):
        for i in range(0, len(message), size):
            writer.write(message[i : i + size])
            await writer.drain()
            await asyncio.sleep(0.02)

    async def read_slowly(self):
        request = self.dice.choice([
            Request("/large.bin", answer=FILES["large.bin"]),
            Request("/cgi-bin/long", answer=b"gatehouse\n" * 30_000),
        ])
        self.doing = f"reads slowly: {request}"
        reader, writer = await self.connect(receive_buffer=16 * 1024, limit=64 * 1024)
        try:
            writer.write(request.head())
            await self.listen(SlowReader(reader), request)
        finally:
            writer.close()


class SlowReader:
    """A stream of which a little is read at a time."""

    def __init__(self, reader):
        self._reader = reader

    async def readuntil(self, separator):
        return await self._reader.readuntil(separator)

    async def readexactly(self, size):
        pieces = []
        while size:
            await asyncio.sleep(0.02)
            pieces.append(await self._reader.readexactly(min(size, 16 * 1024)))
            size -= len(pieces[-1])
        return b"".join(pieces)


class Waiter(Soaker):
    """Waits for each of the server's deadlines."""

    turn_seconds = 16

    async def once(self):
        await self.dice.choice([self.wait_for_silence, self.wait_for_deadline, self.wait_in_head,
                                self.wait_in_body, self.wait_between])()

    async def wait_for_silence(self):
        await self.send(Request("/cgi-bin/silent", status=504, answer=None,
                                reason="script-timeout"))

    async def wait_for_deadline(self):
        await self.send(Request("/cgi-bin/drips", answer=None, cut=True))

    async def wait_in_head(self):
        request = Request("/small.txt", status=408, answer=None, reason="head-timeout",
                          unparsed=True)
        await self.send(request, request.head()[:-4])

    async def wait_in_body(self):
        request = Request("/cgi-bin/echo", "POST", body=b"the rest is missing", chunked=True,
                          status=408, answer=None, reason="body-timeout")
        await self.send(request, request.head() + request.framed_body()[:-5])

    async def send(self, request, message=None):
        self.doing = f"waits: {request}"
        reader, writer = await self.connect()
        try:
            writer.write(request.head() if message is None else message)
            await self.listen(reader, request)
        finally:
            writer.close()

    async def wait_between(self):
        request = Request("/small.txt", answer=FILES["small.txt"])
        self.doing = "waits for the end of an idle connection"
        reader, writer = await self.connect()
        try:
            writer.write(request.head())
            await self.listen(reader, request)
            if rest := await reader.read(-1):
                raise Wrong(f"{rest[:100]!r} on a connection that was idle")
        finally:
            writer.close()


class Watcher(Soaker):
    """A page of the inspector that follows the exchanges and is opened anew now and then."""

    async def once(self):
        self.doing = "watches the inspector's events"
        reader, writer = await self.connect()
        try:
            writer.write(Request("/-/events").head(client="leaves"))
            seconds = self.dice.choice([0.1, 1, 3])
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                try:
                    if not await asyncio.wait_for(reader.read(64 * 1024), left):
                        break
                except asyncio.TimeoutError:
                    break
        finally:
            writer.close()


def reset_on_close(writer):
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
