"""A server that is changed and replaced under load: reload.py BINARY CLIENT [--requests N].

CLIENT (requests.cpp) sends N requests and forgives nothing. Meanwhile the configuration is changed
and read again ten times by SIGHUP, and another process takes the server over three times. No request
may fail; each old process must end with status 0, and leave nothing.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from server import Server, eventually, heed_hangups

EVENTS = "HHHTHHHTHHHTH"  # SIGHUP or take-over, spread evenly over the requests
CLIENTS = 16
END_SECONDS = 60

SMALL = b"gatehouse\n" * 102
SCRIPTS = {"exact": "#!/bin/sh\nprintf 'Content-Type: text/plain\\nContent-Length: 6\\n\\nexact\\n'\n"}


class ReplaceableServer(Server):
    """A server whose configuration and process change."""

    def __init__(self, binary, home):
        self.config = home / "conf"
        self.change_file(0)
        options = ["--config", self.config, "--takeover", home / "takeover"]
        super().__init__(binary, {"small.txt": SMALL}, SCRIPTS, options)

    def change_file(self, number):
        limits = f"header-limit = {number + 8}k\nmax-scripts = {number + 8}\n"
        self.config.write_text(f"{limits}env = NUMBER={number}\n")

    def hang_up(self, number):
        """Another configuration, and a SIGHUP; returns when the log says that it is in use."""
        self.change_file(number)
        told = self._told()
        self.process.send_signal(signal.SIGHUP)
        if not eventually(lambda: self._told() > told, END_SECONDS):
            raise RuntimeError("the configuration was not read again:\n" + self.diagnostics())

    def _told(self):
        return sum(" reloaded: " in line for line in self.stderr_lines())

    def replace(self):
        """Another process with the same command line; returns the old one, which is to end by itself."""
        old = self.process
        self.process = subprocess.Popen(
            old.args,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._diagnostics,
            text=True,
            preexec_fn=heed_hangups,
        )
        try:
            if self._wait_until_ready() != self.port:
                raise RuntimeError("the new server has another port")
        except BaseException:
            old.kill()
            old.wait()
            raise
        return old


def run(binary, client, requests):
    problems = []
    with tempfile.TemporaryDirectory() as home, ReplaceableServer(binary, Path(home)) as server:
        load = subprocess.Popen(
            [client, str(server.port), str(requests), str(CLIENTS), server.tree / "www" / "small.txt"],
            stdout=subprocess.PIPE,
            text=True,
        )
        ended = []
        events = list(EVENTS)
        last = ""
        for last in load.stdout:
            done = int(last.split()[0])
            while events and done >= requests * (len(EVENTS) - len(events) + 1) / (len(EVENTS) + 1):
                number = len(EVENTS) - len(events)
                if events.pop(0) == "H":
                    server.hang_up(number)
                else:
                    ended.append(server.replace())
        if load.wait() != 0:
            problems.append("requests failed: " + last.strip())
        if events:
            problems.append(f"{len(events)} events came too late")
        for old in ended:
            status = old.wait(END_SECONDS)
            if status != 0:
                problems.append(f"an old server ended with {status}")
        if server.terminate() != 0:
            problems.append("the last server did not end with 0")
        if server.scripts():
            problems.append("scripts were left")
        problems += server.sanitizer_reports()
        print(f"{EVENTS.count('H')} SIGHUPs, {len(ended)} take-overs: {last.strip()}")
        if problems:
            print(server.diagnostics())
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("client")
    parser.add_argument("--requests", type=int, default=1_000_000)
    chosen = parser.parse_args()
    problems = run(chosen.binary, chosen.client, chosen.requests)
    for problem in problems:
        print("PROBLEM:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
