"""Long bodies in each direction: stream.py BINARY [--mib N] [--slow-mib N] [--growth-limit MIB].

Every body must arrive exact, by a hash at both ends, and the server's memory must not grow with it,
however slowly it is read. Sizes are for a release build; the resident size is sampled all along.
"""

import argparse
import hashlib
import http.client
import random
import socket
import sys
import threading
import time

from server import ResidentPeak, Server

MIB = 1 << 20
MEGABYTE = 1_000_000
PIECE = 1 << 16

# Prints QUERY_STRING MiB, no two of them alike.
SOURCE = """#!/usr/bin/python3
import os, random, sys
out = sys.stdout.buffer
out.write(b"Content-Type: application/octet-stream\\n\\n")
noise = random.Random(7).randbytes((1 << 20) - 8)
for number in range(int(os.environ["QUERY_STRING"].strip("="))):
    out.write(number.to_bytes(8, "big") + noise)
"""

# Answers with the hash and the length of its input, read at QUERY_STRING bytes a second (0: all out).
SINK = """#!/usr/bin/python3
import hashlib, os, sys, time
rate = int(os.environ["QUERY_STRING"].strip("="))
digest, length, started = hashlib.sha256(), 0, time.monotonic()
while piece := os.read(0, 1 << 16):
    digest.update(piece)
    length += len(piece)
    if rate:
        time.sleep(max(0, started + length / rate - time.monotonic()))
print("Content-Type: text/plain\\n")
print(digest.hexdigest(), length)
"""

ECHO = "#!/bin/sh\nprintf 'Content-Type: application/octet-stream\\n\\n'\nexec cat\n"

SCRIPTS = {"source": SOURCE, "sink": SINK, "echo": ECHO}

NOISE = random.Random(7).randbytes(MIB - 8)


def mebibyte(number):
    """The same bytes that SOURCE prints as its number-th MiB."""
    return number.to_bytes(8, "big") + NOISE


class Summed:
    """An iterable request body that hashes what it gives."""

    def __init__(self, mib):
        self.mib = mib
        self.digest = hashlib.sha256()

    def __iter__(self):
        for number in range(self.mib):
            piece = mebibyte(number)
            self.digest.update(piece)
            yield piece


def digest_of_source(mib):
    digest = hashlib.sha256()
    for number in range(mib):
        digest.update(mebibyte(number))
    return digest.hexdigest()


def digest_of_answer(answer, rate=0):
    """Reads an answer at so many bytes a second (0: all out); its hash."""
    digest, length, started = hashlib.sha256(), 0, time.monotonic()
    while piece := answer.read(PIECE):
        digest.update(piece)
        length += len(piece)
        if rate:
            time.sleep(max(0, started + length / rate - time.monotonic()))
    return digest.hexdigest()


def connect(server, receive_buffer=0):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    if receive_buffer:
        # Small, so that what is unread piles up on the server's side.
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.settimeout(120)
        plain.connect(("127.0.0.1", server.port))
        connection.sock = plain
    return connection


def download(server, mib, rate=0):
    connection = connect(server, receive_buffer=32 * 1024 if rate else 0)
    connection.request("GET", f"/cgi-bin/source?{mib}=")
    exact = digest_of_answer(connection.getresponse(), rate) == digest_of_source(mib)
    connection.close()
    return exact


def upload(server, mib, chunked=False, rate=0):
    body = Summed(mib)
    connection = connect(server)
    fields = {} if chunked else {"Content-Length": str(mib * MIB)}
    connection.request("POST", f"/cgi-bin/sink?{rate}=", body, fields, encode_chunked=chunked)
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer == f"{body.digest.hexdigest()} {mib * MIB}\n"


def round_trip(server, mib):
    """Sends and receives at once: the answer is read while the body is still being sent."""
    body = Summed(mib)
    connection = connect(server)
    connection.putrequest("POST", "/cgi-bin/echo")
    connection.putheader("Content-Length", str(mib * MIB))
    connection.endheaders()

    def send():
        for piece in body:
            connection.sock.sendall(piece)

    sender = threading.Thread(target=send, daemon=True)
    stream = connection.sock.makefile("rb")
    sender.start()
    answer = http.client.HTTPResponse(connection.sock, method="POST")
    answer.fp = stream
    answer.begin()
    received = digest_of_answer(answer)
    sender.join(120)
    connection.close()
    return received == body.digest.hexdigest()


def cases(mib, slow_mib):
    yield f"{mib} MiB from a script", lambda s: download(s, mib)
    yield f"{mib} MiB to a script", lambda s: upload(s, mib)
    yield f"{mib // 4} MiB to a script, chunked", lambda s: upload(s, mib // 4, chunked=True)
    yield f"{mib // 4} MiB there and back", lambda s: round_trip(s, mib // 4)
    yield f"{slow_mib} MiB to a reader of 1 MB/s", lambda s: download(s, slow_mib, rate=MEGABYTE)
    yield (f"{slow_mib} MiB to a script that reads 1 MB/s",
           lambda s: upload(s, slow_mib, rate=MEGABYTE))


def holds(case, server):
    try:
        return case(server)
    except (OSError, http.client.HTTPException) as error:
        print(repr(error))
        return False


def run_case(server, title, case, growth_limit):
    """Whether it held; prints one line."""
    before = server.resident_bytes()
    started = time.monotonic()
    with ResidentPeak(server) as peak:
        exact = holds(case, server)
    seconds = time.monotonic() - started
    growth = (peak.bytes - before) / MIB
    held = exact and (not growth_limit or growth < growth_limit)
    print(f"{'ok' if held else 'FAILED'}: {title}: {'exact' if exact else 'NOT exact'}, "
          f"{seconds:.1f} s, resident {before / MIB:.1f} MiB + {growth:.1f} MiB", flush=True)
    return held


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("binary")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--slow-mib", type=int, default=10, help="size at 1 MB/s")
    parser.add_argument("--growth-limit", type=float, default=4, metavar="MIB",
                        help="how much memory may grow in one case; 0: not checked")
    arguments = parser.parse_args()

    options = ["--body-limit", "2G", "--script-deadline", "60m"]
    with Server(arguments.binary, {}, SCRIPTS, options) as server:
        first = [lambda s: download(s, 1), lambda s: upload(s, 1), lambda s: upload(s, 1, True)]
        warm = [holds(case, server) for case in first]
        held = [run_case(server, title, case, arguments.growth_limit)
                for title, case in cases(arguments.mib, arguments.slow_mib)]
        status = server.terminate()
        if status != 0:
            print(f"exit status after SIGTERM: {status}")
        if not all(warm + held) or status != 0:
            print(server.diagnostics())
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
