#!/usr/bin/env python3
"""differential.py BINARY [--verbose] [LABEL...]: the same bytes to gatehouse, nginx, lighttpd and Apache.

A server's reading is what its application saw up to the first request that is refused: method, path,
query, host and body, one request after the other. Two promises are checked of each case:

- where the others read the same bytes in different ways, gatehouse refuses them;
- gatehouse reads no bytes in a way in which none of the others reads them.

Cases where that would be the worse choice are named in DECIDED, each with its reason. A refusal has
a status from 400 on, or closes the connection. LABEL runs these cases alone; --verbose prints every
reading.
"""

import argparse
import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

from cases import CASES, PLAIN
from peers import PEERS, Gatehouse, Peer
from programs import is_installed

ANSWER_SECONDS = 30
NEXT = b"GET /r/next HTTP/1.1\r\nHost: next\r\nConnection: close\r\n\r\n"

Reading = tuple[tuple[bytes, ...], ...]

# Cases in which gatehouse reads as one side of a disagreement does, and why.
DECIDED = {
    "escape in the query": "QUERY_STRING is what was sent (RFC 3875, 4.1.7); lighttpd encodes the % anew",
    "doubled slash": "PATH_INFO is what was sent, decoded (RFC 3875, 4.1.5); the others make one slash of two",
}


def exchange(port: int, sent: bytes) -> bytes:
    """All that comes back, up to the end of the connection."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as s:
        try:
            s.sendall(sent)
            while piece := s.recv(65536):
                received += piece
        except ConnectionError:  # an answer and a reset
            pass
    return received


def statuses(received: bytes) -> list[int]:
    return [int(s) for s in re.findall(rb"HTTP/1\.[01] ([1-5]\d\d)[ \r]", received)]


def read_by(peer: Peer, sent: bytes) -> tuple[Reading, list[int]]:
    """What the server's application saw up to the first request that was refused, and all statuses."""
    peer.notes.write_bytes(b"")
    answers = statuses(exchange(peer.port, sent + NEXT))
    notes = peer.notes.read_text().splitlines()
    requests = [tuple(bytes.fromhex(word.rstrip(".")) for word in line.split()) for line in notes]
    taken = next((i for i, status in enumerate(answers) if status != 200), len(answers))
    return tuple(normal(r) for r in requests[:taken]), answers


def normal(request: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Hosts have no case, and an address of IPv6 has brackets."""
    method, path, query, host, body = request
    host = host.lower()
    return method, path, query, b"[" + host + b"]" if b":" in host and host[:1] != b"[" else host, body


def verdict(label: str, ours: Reading, others: dict[str, Reading]) -> str | None:
    """What is wrong with our reading; None if nothing is."""
    if not ours or label in DECIDED:
        return None
    if disagree(others):
        return "the others disagree, and gatehouse does not refuse"
    if not any(starts(ours, reading) for reading in others.values()):
        return "gatehouse alone reads it so"
    return None


def starts(first: Reading, whole: Reading) -> bool:
    return whole[: len(first)] == first


def disagree(others: dict[str, Reading]) -> bool:
    """Whether two read different things. One that has stopped earlier and closed has not."""
    readings = sorted(set(others.values()), key=len)
    return not all(starts(a, b) for a, b in zip(readings, readings[1:]))


def shown(reading: Reading, answers: list[int]) -> str:
    requests = "; ".join(b" ".join(r).decode("latin-1").encode("unicode_escape").decode() for r in reading)
    return f"{answers} {requests or '(refused)'}"


def check(servers: list[Peer], wanted: list[str], verbose: bool) -> int:
    """How many cases are wrong."""
    plain = {label for label, _ in PLAIN}
    wrong = disagreed = refused = count = 0
    with ThreadPoolExecutor(len(servers)) as pool:
        for label, sent in CASES:
            if wanted and label not in wanted:
                continue
            count += 1
            results = list(pool.map(lambda peer: read_by(peer, sent), servers))
            readings = {peer.name: reading for peer, (reading, _) in zip(servers, results)}
            ours = readings.pop("gatehouse")
            problem = verdict(label, ours, readings)
            if label in plain and len({ours, *readings.values()}) != 1:
                problem = "this is to be the same everywhere"
            disagreed += disagree(readings)
            refused += not ours
            wrong += problem is not None
            if problem or verbose:
                print(f"{label}: {problem or 'as it should be'}")
                for peer, (reading, answers) in zip(servers, results):
                    print(f"    {peer.name:10} {shown(reading, answers)}")
    print(f"{count} cases: the others read {disagreed} in different ways, gatehouse refuses {refused}, {wrong} wrong")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("labels", nargs="*")
    options = parser.parse_args()
    missing = [p for kind in PEERS for p in kind.programs if not is_installed(p)]
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 2
    unknown = [label for label in options.labels if label not in dict(CASES)]
    if unknown:
        print(f"no such case: {', '.join(unknown)}", file=sys.stderr)
        return 2
    with Gatehouse(options.binary) as ours, PEERS[0]() as a, PEERS[1]() as b, PEERS[2]() as c:
        return 1 if check([ours, a, b, c], options.labels, options.verbose) else 0


if __name__ == "__main__":
    sys.exit(main())
