"""What the soak's clients ask for, and how often."""

import http.client

from exchange import Request, Wrong
from site_content import FILES, MIB, ChangingFile

BODY_LIMIT = 4 * MIB


class Known:
    """What only the server can tell and may not change: asked once, at the start."""

    LISTING = "/list/?sort=name"

    def __init__(self, port):
        self._port = port
        self.etags = {name: self._get(f"/{name}").headers["ETag"]
                      for name in ("small.txt", "medium.bin", "large.bin")}
        self.modified = self._get("/small.txt").headers["Last-Modified"]
        self.listing = self._get(self.LISTING).body

    def _get(self, target):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        # As the mix asks for it: what is answered may depend on the fields.
        connection.request("GET", target, headers={"Host": "soak", "User-Agent": "first"})
        answer = connection.getresponse()
        answer.body = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{target}: {answer.status}")
        return answer


def hello(dice, _):
    word = f"{dice.randrange(10**9)}="
    return Request(f"/cgi-bin/hello?{word}", answer=f"GET {word}\n".encode())


def echo(most_bytes):
    def make(dice, _):
        body = dice.randbytes(dice.randrange(1, most_bytes))
        expects = ("Expect: 100-continue",) if dice.random() < 0.1 else ()
        return Request("/cgi-bin/echo", "POST", expects, body, chunked=dice.random() < 0.4,
                       answer=body)
    return make


def static(name, *fields, **rest):
    return lambda *_: Request(f"/{name}", fields=fields, **{"answer": FILES[name], **rest})


def script(name, answer, status=200, **rest):
    return lambda *_: Request(f"/cgi-bin/{name}", status=status, answer=answer, **rest)


def bad_script(name, reason, status=502):
    return script(name, None, status, reason=reason)


def one_range(dice, known):
    name = dice.choice(["medium.bin", "large.bin"])
    content = FILES[name]
    first = dice.randrange(len(content))
    last = dice.randrange(first, len(content))
    form, wanted = dice.choice([
        (f"{first}-{last}", content[first : last + 1]),
        (f"{first}-", content[first:]),
        (f"-{last + 1}", content[-(last + 1) :]),
    ])
    fields = [f"Range: bytes={form}"]
    if dice.random() < 0.3:
        fields.append(f"If-Range: {known.etags[name]}")
    return Request(f"/{name}", fields=tuple(fields), status=206, answer=wanted)


def some_ranges(*_):
    content = FILES["medium.bin"]
    wanted = [(0, 9), (5000, 70_000), (99_999, 99_999)]

    def check(fields, body):
        boundary = fields["content-type"].partition("boundary=")[2].strip('"').encode()
        parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
        bodies = [part.partition(b"\r\n\r\n")[2] for part in parts[1:-1]]
        if bodies != [content[first : last + 1] for first, last in wanted]:
            raise Wrong(f"{len(bodies)} parts that differ from the ranges asked for")
        if parts[-1] != b"--\r\n":
            raise Wrong(f"multipart content that ends in {parts[-1][:20]!r}")

    form = ",".join(f"{first}-{last}" for first, last in wanted)
    return Request("/medium.bin", fields=(f"Range: bytes={form}",), status=206, answer=check)


def conditional(dice, known):
    etag = known.etags["small.txt"]
    whole = FILES["small.txt"]
    fields, status, answer = dice.choice([
        ((f"If-None-Match: {etag}",), 304, b""),
        ((f"If-Modified-Since: {known.modified}",), 304, b""),
        (('If-None-Match: "another"',), 200, whole),
        ((f"If-Match: {etag}",), 200, whole),
        (('If-Match: "another"',), 412, None),
        (('If-Range: "another"', "Range: bytes=0-1"), 200, whole),
    ])
    return Request("/small.txt", fields=fields, status=status, answer=answer)


def listing(_, known):
    return Request(known.LISTING, answer=known.listing)


def changing(*_):
    def check(_, body):
        if not ChangingFile.is_one_of(body):
            raise Wrong(f"{len(body)} bytes that are not a whole content of the changing file")
    return Request(ChangingFile.TARGET, answer=check)


def refused(dice, _):
    """Requests that are refused before or by their handler."""
    return dice.choice([
        Request("/missing", status=404, answer=None),
        Request("/cgi-bin/missing", status=404, answer=None, reason="script-not-found"),
        Request("/small.txt", "POST", body=b"x", status=405, answer=None,
                reason="method-not-allowed"),
        Request("/small.txt", "BREW", status=501, answer=None, reason="method-unknown"),
        Request("/small.txt", version="2.7", status=505, answer=None,
                reason="version-not-supported", unparsed=True),
        Request("/../../etc/passwd", status=400, answer=None, reason="target-escapes-root", unparsed=True),
        Request("/small.txt", fields=("Host: twice",), status=400, answer=None,
                reason="host-repeated", unparsed=True),
        Request("/small.txt", fields=("Bad Name: x",), status=400, answer=None,
                reason="bad-field-name", unparsed=True),
        Request("/small.txt", fields=("X: y",) * 200, status=431, answer=None,
                reason="too-many-fields", unparsed=True),
        Request("/large.bin", fields=("Range: bytes=2000000-",), status=416, answer=None),
        Request("/cgi-bin/echo", "POST", (f"Content-Length: {BODY_LIMIT + 1}",), status=413,
                answer=None, reason="body-too-large", unparsed=True),
    ])


def too_much(dice, _):
    """A chunked body beyond the limit: refused while it is still being sent."""
    return Request("/cgi-bin/echo", "POST", body=bytes(BODY_LIMIT + dice.randrange(1, 100_000)),
                   chunked=True, status=413, answer=None, reason="body-too-large")


# How often out of the sum, and what.
KINDS = [
    (20, static("small.txt")),
    (5, static("empty.txt")),
    (5, static("large.bin")),
    (5, static("medium.bin")),
    (3, static("small.txt", version="1.0")),
    (3, static("packed.txt", "Accept-Encoding: gzip", answer=FILES["packed.txt.gz"])),
    (3, static("packed.txt")),
    (3, lambda *_: Request("/", answer=FILES["index.html"])),
    (3, lambda *_: Request("/small.txt", "HEAD")),
    (2, lambda *_: Request("/small.txt", "OPTIONS", status=204)),
    (2, lambda *_: Request("/list", status=301, answer=None)),
    (4, listing),
    (8, one_range),
    (2, some_ranges),
    (8, conditional),
    (5, changing),
    (6, refused),
    (0.2, too_much),
    (20, hello),
    (4, lambda *_: Request("/cgi-bin/hello", "HEAD")),
    (8, echo(4_000)),
    (4, echo(200_000)),
    (0.3, echo(3_000_000)),
    (4, script("exact", b"exact\n")),
    (2, lambda dice, _: Request("/cgi-bin/deaf", "POST", body=dice.randbytes(50_000),
                                answer=b"deaf\n")),
    (2, script("long", b"gatehouse\n" * 30_000)),
    (3, script("slow", b"one\ntwo\n")),
    (2, script("events", b"".join(b"data: %d\n\n" % i for i in range(1, 6)))),
    (2, script("gone", b"gone\n", 410)),
    (2, script("away", FILES["small.txt"])),
    (1, script("elsewhere", None, 302)),
    (1, script("nothing", b"", 204)),
    (1, script("nph-raw", b"raw\n")),
    (1, script("talkative", b"said\n")),
    (1, script("descendant", b"left one behind\n")),
    (1, script("holder", b"left one that holds on\n")),
    (1, script("brood", b"child\n" * 6)),
    (1, bad_script("empty", "script-no-output")),
    (1, bad_script("crash", "script-no-output")),
    (1, bad_script("headless", "script-no-blank-line")),
    (0.5, bad_script("endless-head", "script-head-too-large")),
    (1, bad_script("unending-line", "script-no-blank-line")),
    (1, script("untyped", b"content\n")),
    (1, script("promises-more", None, cut=True)),
    (1, script("prints-more", b"exact")),
]

# What those who hang up ask for besides: the end would be long in coming.
UNENDING = [script(name, None) for name in ("endless", "silent", "stubborn", "drips")]


def pick(dice, known):
    weights = [weight for weight, _ in KINDS]
    return dice.choices([kind for _, kind in KINDS], weights)[0](dice, known)
