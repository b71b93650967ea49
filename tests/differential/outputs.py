#!/usr/bin/env python3
"""outputs.py BINARY [--verbose] [LABEL...]: what a script prints, behind gatehouse, lighttpd and Apache.

The promise: what both others take of a script, gatehouse takes as well, with the same status. A
server takes an output if its answer is not an error page in its own words. Cases in which gatehouse
refuses or answers otherwise are named in DECIDED, each with its reason.
"""

import argparse
import re
import sys

from differential import exchange
from peers import Apache, Gatehouse, Lighttpd, Peer
from programs import is_installed

PRINTER = r"""#!/usr/bin/perl
if ($ENV{PATH_INFO} eq '/local') { print "Content-Type: text/plain\n\nlocal"; exit 0 }
open(my $output, '<', "$0.output") or die;
binmode STDOUT;
local $/;
print <$output>;
"""

TEXT = b"Content-Type: text/plain\n"

CASES: list[tuple[str, bytes]] = [
    ("a document", TEXT + b"\nbody"),
    ("CRLF", b"Content-Type: text/plain\r\n\r\nbody"),
    ("nothing", b""),
    ("an empty line", b"\n"),
    ("an empty line and content", b"\nhello"),
    ("an empty line and lines", b"\nhello\nworld\n"),
    ("two empty lines and content", b"\n\nhello"),
    ("an empty line and a header", b"\n" + TEXT + b"\nbody"),
    ("a header of its own", b"X-A: b\n\nbody"),
    ("a header of its own and no content", b"X-A: b\n\n"),
    ("a status and no type", b"Status: 200 OK\n\nbody"),
    ("a path", b"Location: /r/local\n\n"),
    ("a path and a type", b"Content-Type: text/html\nLocation: /r/local\n\n"),
    ("a path and a cookie", b"Set-Cookie: a=b\nLocation: /r/local\n\n"),
    ("a path and content", b"Location: /r/local\n\nbody"),
    ("a path with a fragment", b"Location: /r/local#x\n\n"),
    ("another host", b"Location: //other/r/local\n\n"),
    ("a relative reference", b"Location: local?x=1\n\n"),
    ("a query", b"Location: ?x=1\n\n"),
    ("an absolute URI", b"Location: http://h/x\n\n"),
    ("an absolute URI and a document", b"Location: http://h/x\n" + TEXT + b"\nbody"),
    ("an empty Location", b"Location:\n\n"),
    ("an empty Location and a document", b"Location:\n" + TEXT + b"\nbody"),
    ("a status and a path", b"Status: 303 See\nLocation: /r/local\n\n"),
    ("200 and a path", b"Status: 200\nLocation: /r/local\n" + TEXT + b"\nbody"),
    ("201 and an absolute URI", b"Status: 201\nLocation: http://h/x\n\n"),
    ("Status twice", b"Status: 404\nStatus: 403\n" + TEXT + b"\nbody"),
    ("Content-Type twice", TEXT + b"Content-Type: text/html\n\nbody"),
    ("Location twice", b"Location: http://a/\nLocation: http://b/\n\n"),
    ("Content-Length twice", TEXT + b"Content-Length: 40\nContent-Length: 4\n\nbody"),
    ("an empty Content-Length", TEXT + b"Content-Length:\n\nbody"),
    ("a Content-Length of letters", TEXT + b"Content-Length: x\n\nbody"),
    ("a negative Content-Length", TEXT + b"Content-Length: -1\n\nbody"),
    ("more than its length", TEXT + b"Content-Length: 2\n\nbody"),
    ("less than its length", TEXT + b"Content-Length: 20\n\nbody"),
    ("chunks", TEXT + b"Transfer-Encoding: chunked\n\n4\r\nbody\r\n0\r\n\r\n"),
    ("chunks without an end", TEXT + b"Transfer-Encoding: chunked\n\n4\r\nbody\r\n"),
    ("chunks that are none", TEXT + b"Transfer-Encoding: chunked\n\nbody"),
    ("another coding", TEXT + b"Transfer-Encoding: gzip\n\nbody"),
    ("Date and Server", TEXT + b"Date: now\nServer: mine\n\nbody"),
    ("Connection", TEXT + b"Connection: close\nKeep-Alive: 1\nUpgrade: x\n\nbody"),
    ("a bare CR", TEXT + b"X: a\rb\n\nbody"),
    ("a NUL", TEXT + b"X: a\0b\n\nbody"),
    ("a control character", TEXT + b"X: a\x01b\n\nbody"),
    ("a byte over 0x7F", TEXT + b"X: a\xe9b\n\nbody"),
    ("a space in a name", TEXT + b"X Y: z\n\nbody"),
    ("a space before the colon", b"Content-Type : text/plain\n\nbody"),
    ("a line without a colon", TEXT + b"nonsense\n\nbody"),
    ("a folded line", TEXT + b"X: a\n b\n\nbody"),
    ("text alone", b"hello, world\n"),
    ("markup alone", b"<html><body>x: y\n</html>\n"),
    ("a status line", b"HTTP/1.1 404 Not Found\n" + TEXT + b"\nbody"),
    ("a status of words", b"Status: OK\n" + TEXT + b"\nbody"),
    ("a status of two digits", b"Status: 20\n" + TEXT + b"\nbody"),
    ("a status of four digits", b"Status: 2000\n" + TEXT + b"\nbody"),
    ("an empty status", b"Status:\n" + TEXT + b"\nbody"),
    ("a status over 599", b"Status: 999 X\n" + TEXT + b"\nbody"),
    ("an interim status", b"Status: 100 C\n" + TEXT + b"\nbody"),
    ("a header without an end", TEXT),
    ("200 fields", TEXT + b"".join(b"X-%d: y\n" % i for i in range(200)) + b"\nbody"),
]

DECIDED = {
    "a bare CR": "it would begin another line for some clients",
    "a NUL": "no field has one (RFC 9110, 5.5)",
    "an interim status": "it would be read as an answer before the answer",
    "another coding": "its content cannot be decoded here; handed on, it would be read as what it is not",
    "chunks that are none": "lighttpd sends an empty page for them, Apache what was printed",
}


def answer(peer: Peer, output: bytes) -> tuple[int, bool]:
    """The status, and whether the answer is the script's own or what its Location leads to."""
    (peer.room / "note.output").write_bytes(output)
    received = exchange(peer.port, b"GET /r/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    match = re.match(rb"HTTP/1\.[01] (\d\d\d)", received)
    status = int(match[1]) if match else 0
    return status, status not in (0, 500, 502) or output.startswith(b"Status: 50")


def verdict(label: str, ours: tuple[int, bool], others: list[tuple[int, bool]]) -> str | None:
    """What is wrong with our answer; None if nothing is."""
    if label in DECIDED or not all(taken for _, taken in others):
        return None
    if not ours[1]:
        return "the others take it, and gatehouse does not"
    statuses = {status for status, _ in others}
    if len(statuses) == 1 and ours[0] not in statuses:
        return f"the others answer with {statuses.pop()}"
    return None


def printing(kind: type[Peer]) -> type[Peer]:
    return type(kind.__name__, (kind,), {"source": PRINTER})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("labels", nargs="*")
    options = parser.parse_args()
    missing = [p for kind in (Lighttpd, Apache) for p in kind.programs if not is_installed(p)]
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 2
    wrong = count = 0
    with printing(Gatehouse)(options.binary) as ours, printing(Lighttpd)() as a, printing(Apache)() as b:
        for label, output in CASES:
            if options.labels and label not in options.labels:
                continue
            count += 1
            results = {peer.name: answer(peer, output) for peer in (ours, a, b)}
            problem = verdict(label, results["gatehouse"], [results["lighttpd"], results["apache"]])
            wrong += problem is not None
            if problem or options.verbose:
                told = ", ".join(f"{name} {status}" for name, (status, _) in results.items())
                print(f"{label}: {problem or 'as it should be'} ({told})")
    print(f"{count} outputs, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
