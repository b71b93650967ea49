"""One request and what has to come back for it."""

from collections.abc import Callable
from dataclasses import dataclass


class Wrong(Exception):
    """An answer that is not what it has to be."""


@dataclass
class Request:
    target: str
    method: str = "GET"
    fields: tuple[str, ...] = ()
    body: bytes = b""
    chunked: bool = False
    version: str = "1.1"
    status: int = 200
    answer: bytes | Callable | None = b""  # exact, or raises Wrong for (fields, body), or anything
    reason: str = ""  # the code of the refusal: in its page, and in the log
    cut: bool = False  # the answer breaks off, and the client can tell
    unparsed: bool = False  # refused before the server knows who asks

    def head(self, keep_alive=True, client="stays"):
        lines = [f"{self.method} {self.target} HTTP/{self.version}", "Host: soak",
                 f"User-Agent: {client}", *self.fields]
        if not keep_alive:
            lines.append("Connection: close")
        elif self.version == "1.0":
            lines.append("Connection: keep-alive")
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def framed_body(self):
        if not self.chunked:
            return self.body
        pieces = [self.body[i : i + 5000] for i in range(0, len(self.body), 5000)]
        return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"

    def is_logged_error(self):
        return bool(self.reason) and self.status >= 500

    def __str__(self):
        return f"{self.method} {self.target} {' '.join(self.fields)}".rstrip()


async def read_answer(reader, request):
    """Reads one answer and judges it; gives whether the connection can be used again."""
    status, fields = await read_head(reader)
    while status == 100:
        status, fields = await read_head(reader)
    try:
        body = await read_body(reader, request, status, fields)
    except EOFError:
        if request.cut and status == request.status:
            return False
        raise
    if request.cut:
        raise Wrong(f"an answer of {len(body)} bytes that was to break off")
    judge(request, status, fields, body)
    return fields.get("connection", "").lower() != "close" and is_framed(request, status, fields)


def judge(request, status, fields, body):
    if status != request.status:
        raise Wrong(f"{status}, not {request.status}: {body[:300]!r}")
    if request.reason and request.method != "HEAD" and request.reason.encode() not in body:
        raise Wrong(f"the page does not name {request.reason}: {body[:300]!r}")
    if callable(request.answer):
        request.answer(fields, body)
    elif request.answer is not None and body != request.answer:
        raise Wrong(f"{len(body)} bytes that differ from what was to come "
                    f"({len(request.answer)} bytes): {body[:100]!r}")


async def read_head(reader):
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = {}
    for line in filter(None, lines[1:]):
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return int(lines[0].split(" ")[1]), fields


def is_framed(request, status, fields):
    """Whether the end of the answer's body can be told without the connection's end."""
    if request.version != "1.1":
        return False
    return (request.method == "HEAD" or status in (204, 304) or "content-length" in fields
            or "transfer-encoding" in fields)


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
