#!/usr/bin/env python3
"""sandbox.py BINARY [ROUNDS] [OPTION...]: what --sandbox costs.

Runs two servers side by side, one of them with --sandbox, loads them in turn with wrk, and prints for
each script the rate with the sandbox over the rate without: the median of the rounds, the lowest and
the highest. The options, such as --user and --group, are given to both.
"""

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent / "scripts"
SECONDS = 3
CONNECTIONS = 8


def start(binary, tree, options):
    server = subprocess.Popen(
        [binary, "--port", "0", "--access-log", "off", "--cgi-bin", tree, *options, tree],
        stdout=subprocess.PIPE,
        text=True,
    )
    return server, int(re.search(r":(\d+)/", server.stdout.readline()).group(1))


def rate(port, script):
    out = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", f"http://127.0.0.1:{port}/cgi-bin/{script}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in out:
        sys.exit(f"{script}: not all answers were good\n{out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


def compare(plain, boxed, script, rounds):
    ratios = []
    for turn in range(rounds):
        ports = (plain, boxed) if turn % 2 == 0 else (boxed, plain)
        rates = {port: rate(port, script) for port in ports}
        ratios.append(rates[boxed] / rates[plain])
    print(f"{script}: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})", flush=True)


def main():
    binary, *rest = sys.argv[1:]
    rounds = int(rest.pop(0)) if rest and rest[0].isdigit() else 5
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name)
        tree.chmod(0o755)
        subprocess.run(["cc", "-O2", "-o", tree / "hello.c", SCRIPTS / "hello.c"], check=True)
        shutil.copy(SCRIPTS / "hello.sh", tree)
        servers = []
        try:
            servers = [start(binary, tree, rest), start(binary, tree, ["--sandbox", *rest])]
            for script in ("hello.c", "hello.sh"):
                compare(servers[0][1], servers[1][1], script, rounds)
        finally:
            for process, _ in servers:
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main()
