"""A long run of everything at once: soak.py BINARY [--seconds N] [--seed S].

Clients of every kind (tests/soak/clients.py) ask for files, ranges, listings and scripts, good and
bad, send bodies, pipeline, dawdle, wait for deadlines and hang up at every stage. Every answer that
comes to its end must be exact. After each round, when all clients are gone, the server must hold no
zombie, no script and no descriptor more than at first; at the end, no more memory than after the
first round. Its log may hold no error that no client provoked, its access log one line for each
answer, and on SIGTERM it must end with status 0.
"""

import argparse
import asyncio
import collections
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

from clients import Asker, Dawdler, Pipeliner, Tally, Waiter, Watcher
from mix import BODY_LIMIT, Known
from site_content import FILES, MIB, SOURCES, ChangingFile, settle_times

sys.path.append(str(Path(__file__).resolve().parents[1] / "stress"))
from server import Server, eventually  # noqa: E402

SETTLE_SECONDS = 60  # for the server to notice that its last clients have gone
WARM_UP_SECONDS = 10  # caches and descriptors that are opened late are filled meanwhile
ROUND_SECONDS = 300
ROUNDS = 2  # at least
RELOAD_SECONDS = 2  # for the server to have read its configuration
CONFIGURATIONS = ["no-such-option = 1\n", "env = SOAK=1\n", "env = SOAK=2\nlisting = on\n"]
CHANGE_SECONDS = 0.05  # how often the changing file is replaced
LOG_LINE = re.compile(r"^\S+ \S+ (trace|debug|info|warning|error|critical) ([a-z-]+): ")

OPTIONS = [
    "--body-limit", str(BODY_LIMIT), "--max-scripts", "24", "--queue", "1000",
    # Long for a busy machine, and short enough for every deadline to be met in a minute.
    "--queue-timeout", "100s", "--script-timeout", "10s", "--script-deadline", "15s",
    "--header-timeout", "8s", "--idle-timeout", "12s", "--grace", "500ms",
    # Those who dawdle here are to be answered in the end, also while scripts queue.
    "--min-rate", "0",
    "--log-level", "warn",
]  # fmt: skip


class AccessLog:
    """The lines for clients that stay to the end, counted round by round."""

    NAME = "access.log"
    STAYS = b'"stays"'

    def __init__(self, tree):
        self._path = tree / self.NAME
        self._old = []
        self.lines = 0

    def set_aside(self):
        """Renames the file; the server makes a new one when it is told to."""
        self._old.append(self._path.rename(self._path.with_suffix(f".{len(self._old)}")))

    def count(self):
        """Adds up the lines since the last time. Nothing may be writing."""
        eventually(self._path.exists, SETTLE_SECONDS)
        for path in [*self._old, self._path]:
            with open(path, "rb") as lines:
                self.lines += sum(self.STAYS in line for line in lines)
        for path in self._old:
            path.unlink()
        self._old = []
        self._path.open("r+b").truncate(0)


class Soak:
    """A server, what is known of it, and what its clients saw."""

    def __init__(self, server, arguments):
        self.server = server
        self.arguments = arguments
        settle_times(server.tree / "www")
        self.changing = ChangingFile(server.tree / "www")
        self.access_log = AccessLog(server.tree)
        self.known = Known(server.port)
        self.tally = Tally()
        self.reloads = 0
        self.descriptors = sys.maxsize
        self.faults = []

    def run(self):
        """Everything that went wrong, as lines of text."""
        self.round("warm-up", WARM_UP_SECONDS)
        self.descriptors = len(self.held())
        left = max(0, self.arguments.seconds - WARM_UP_SECONDS)
        rounds = max(ROUNDS, round(left / ROUND_SECONDS))
        sizes = [self.round(number, left / rounds) for number in range(1, rounds + 1)]
        self.judge_memory(sizes)
        self.judge_logs()
        if (status := self.server.terminate()) != 0:
            self.faults.append(f"exit status after SIGTERM: {status}")
        self.faults += self.server.sanitizer_reports()
        return self.tally.faults + self.faults

    def round(self, name, seconds):
        """Lets all clients loose for so long; the server's resident size when they have gone."""
        started, answers = time.monotonic(), self.tally.answers
        asyncio.run(self.load(name, started + seconds))
        took = time.monotonic() - started
        self.note_what_is_left()
        self.access_log.count()
        resident = self.server.resident_bytes()
        print(f"round {name}: {took:.0f} s, {self.tally.answers - answers} answers, "
              f"{self.tally.hang_ups} hang-ups and {self.tally.fault_count} faults so far, "
              f"{self.reloads} reloads, {len(self.server.descriptors())} descriptors, "
              f"resident {resident / MIB:.1f} MiB", flush=True)
        return resident

    async def load(self, name, until):
        kinds = [Asker] * self.arguments.clients + [Pipeliner] * 2 + [Dawdler] * 6 + [Waiter] * 5
        if self.arguments.inspect:
            kinds += [Watcher] * 2
        clients = [kind(self.server.port, f"{self.arguments.seed}/{name}/{number}", self.known,
                        self.tally) for number, kind in enumerate(kinds)]
        chores = [self.change_file()]
        if self.arguments.reload_every:
            chores.append(self.reload())
        tasks = [asyncio.create_task(chore) for chore in chores]
        await asyncio.gather(*(client.run(until) for client in clients))
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if not isinstance(outcome, asyncio.CancelledError):
                self.faults.append(f"a chore ended: {outcome!r}")

    async def change_file(self):
        while True:
            self.changing.change()
            await asyncio.sleep(CHANGE_SECONDS)

    async def reload(self):
        """Has the server read its configuration again: one that is good, another one, and one that is
        not. With a good one it opens its access log anew, which is put aside before."""
        while True:
            await asyncio.sleep(self.arguments.reload_every)
            self.reloads += 1
            self.arguments.config.write_text(CONFIGURATIONS[self.reloads % len(CONFIGURATIONS)])
            if self.reloads % len(CONFIGURATIONS) == 0:
                self.tally.provoke("reload-refused")
            else:
                self.access_log.set_aside()
            self.server.process.send_signal(signal.SIGHUP)
            await asyncio.sleep(RELOAD_SECONDS)

    def note_what_is_left(self):
        """What the server still holds although its clients have gone."""
        server = self.server
        if not eventually(lambda: not server.scripts(), SETTLE_SECONDS):
            self.faults.append(f"scripts left running: {server.scripts()}")
        if not eventually(lambda: not server.zombies(), SETTLE_SECONDS):
            self.faults.append(f"zombies: {server.zombies()}")
        if not eventually(lambda: len(self.held()) <= self.descriptors, SETTLE_SECONDS):
            self.faults.append(f"{len(self.held())} descriptors, at first {self.descriptors}: "
                               f"{sorted(self.held())}")

    def held(self):
        """The server's descriptors, without the files that it holds open because they are wanted."""
        wanted = str(self.server.tree / "www") + "/"
        return [name for name in self.server.descriptors() if not name.startswith(wanted)]

    def judge_memory(self, sizes):
        growth = (sizes[-1] - sizes[0]) / MIB
        if self.arguments.growth_limit and growth > self.arguments.growth_limit:
            self.faults.append(f"memory grew by {growth:.1f} MiB after the first round")

    def judge_logs(self):
        counted = collections.Counter(
            (found.group(1), found.group(2))
            for line in self.server.stderr_lines() if (found := LOG_LINE.match(line)))
        print("the log:", ", ".join(f"{count} {level} {reason}"
                                    for (level, reason), count in sorted(counted.items())))
        errors = {reason: count for (level, reason), count in counted.items()
                  if level in ("error", "critical")}
        for reason in sorted(errors.keys() | self.tally.answered.keys()):
            least, most = self.tally.answered[reason], self.tally.possible[reason]
            if not least <= errors.get(reason, 0) <= most:
                self.faults.append(f"{errors.get(reason, 0)} errors {reason} in the log; clients "
                                   f"provoked {least} to {most}")
        if not self.tally.fault_count and self.access_log.lines != self.tally.logged:
            self.faults.append(f"{self.access_log.lines} lines in the access log for "
                               f"{self.tally.logged} answers")

    def summary(self):
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.tally.kinds.items()))
        statuses = ", ".join(f"{count} × {s}" for s, count in sorted(self.tally.statuses.items()))
        return (f"{self.tally.answers} answers ({statuses}), {self.tally.hang_ups} hang-ups, "
                f"{self.reloads} reloads\nturns: {kinds}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("binary")
    parser.add_argument("--seconds", type=float, default=60,
                        help="how long clients begin new things, all rounds together")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--clients", type=int, default=24, help="those who take from the mix")
    parser.add_argument("--inspect", action="store_true",
                        help="with the inspector on, and pages that watch it")
    parser.add_argument("--reload-every", type=float, default=0, metavar="SECONDS",
                        help="how often SIGHUP is sent; 0: never")
    parser.add_argument("--growth-limit", type=float, default=4, metavar="MIB",
                        help="how much memory may grow after the first round; 0: not checked")
    return parser.parse_args()


def configured(arguments, directory):
    """The options that name a configuration file, if there is to be one."""
    if not arguments.reload_every:
        return []
    arguments.config = Path(directory) / "soak.conf"
    arguments.config.write_text(CONFIGURATIONS[1])
    return ["--config", arguments.config]


def main():
    arguments = parse_arguments()
    options = OPTIONS + (["--inspect"] if arguments.inspect else [])
    with (tempfile.TemporaryDirectory(prefix="gatehouse-soak-") as directory,
          Server(arguments.binary, FILES, SOURCES, options + configured(arguments, directory),
                 AccessLog.NAME) as server):
        soak = Soak(server, arguments)
        faults = soak.run()
        print(soak.summary())
        for line in faults[:40]:
            print(line)
        if faults:
            print(f"{soak.tally.fault_count + len(soak.faults)} faults (seed {arguments.seed}); "
                  "the server's last words:")
            print(server.diagnostics())
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
