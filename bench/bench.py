#!/usr/bin/env python3
"""Measures gatehouse beside other servers, round by round, and prints one table. See README.md."""

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

import report
import workloads
from programs import PATH, is_installed
from servers import PEERS, ServerFailed
from workloads import Contender, Place, Workload

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent


def main() -> int:
    options = parse_arguments()
    workloads.raise_descriptor_limit()
    built = compile_programs(CHECKOUT / "build" / "bench")
    site = workloads.temporary_site(built, HERE / "scripts")
    rows = []
    try:
        place = Place(
            site, built, options.gatehouse.resolve(), options.seconds, options.workers,
            options.before and options.before.resolve(),
            tuple(p for p in PEERS if not options.peer or p.name in options.peer),
        )  # fmt: skip
        for workload in chosen(options.only):
            rows += report.rows_of(workload, run(workload, place, options.rounds))
    except KeyboardInterrupt:
        say("interrupted; what is done follows")
    finally:
        shutil.rmtree(site)
    print(report.table(rows))
    if options.json:
        options.json.write_text(json.dumps({**setting(options), "rows": report.as_json(rows)}, indent=1) + "\n")
    return 0 if rows else 1


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each workload (default 5)")
    parser.add_argument("--seconds", type=float, default=3, help="length of a measurement (default 3, at least 1)")
    parser.add_argument("--only", action="append", metavar="WORKLOAD", choices=[w.name for w in workloads.WORKLOADS],
                        help="only this workload; repeatable: %(choices)s")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample to FILE as well")
    parser.add_argument("--gatehouse", type=Path, default=CHECKOUT / "build/release/gatehouse", metavar="BINARY",
                        help="measure this binary instead of build/release/gatehouse")  # fmt: skip
    parser.add_argument("--before", type=Path, metavar="BINARY",
                        help="measure this gatehouse, too, in the same rounds: column `to before`")  # fmt: skip
    parser.add_argument("--peer", action="append", metavar="SERVER", choices=[p.name for p in PEERS] + ["none"],
                        help="measure beside these alone; repeatable: %(choices)s")  # fmt: skip
    parser.add_argument("--workers", type=int, default=2, help="threads or processes of each server (default 2)")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds start at 1")
    return options


def compile_programs(built: Path) -> Path:
    """The floors, the scripts and the ballast, as the compiler of this machine makes them."""
    built.mkdir(parents=True, exist_ok=True)
    jobs = [(HERE / f"{name}.c", built / name, ["-pthread"]) for name in ("floor_spawn", "floor_epoll")]
    jobs += [(HERE / "scripts" / f"{name}.c", built / name, []) for name in ("hello", "pour", "drain")]
    jobs.append((HERE / "ballast.c", built / "ballast.so", ["-shared", "-fPIC"]))
    if Path("/usr/include/fcgiapp.h").exists():
        jobs.append((HERE / "scripts" / "responder.c", built / "responder", ["-lfcgi"]))
    for source, target, flags in jobs:
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", str(source), "-o", str(target), *flags], check=True)
    return built


def chosen(only: list[str] | None) -> list[Workload]:
    return [w for w in workloads.WORKLOADS if not only or w.name in only]


def run(workload: Workload, place: Place, rounds: int) -> report.Samples:
    """A B C A B C: whatever else the machine does meets all of them alike. Whoever fails is left out
    of this workload, with a line that says why."""
    begin = time.monotonic()
    contenders = [c for c in workload.contenders(place) if started(workload, c)]
    samples: report.Samples = {c.name: [] for c in contenders}
    try:
        for _ in range(rounds):
            for contender in list(contenders):
                try:
                    samples[contender.name].append(contender.measure())
                except (ServerFailed, OSError, subprocess.SubprocessError, ValueError) as e:
                    say(f"{workload.name}: leaving {contender.name} out: {e}")
                    del samples[contender.name]
                    contenders.remove(contender)
                    contender.stop()
    finally:
        for contender in contenders:
            contender.stop()
    say(f"{workload.name}: {time.monotonic() - begin:.0f} s")
    return samples


def started(workload: Workload, contender: Contender) -> bool:
    try:
        contender.start()
    except (ServerFailed, OSError) as e:
        say(f"{workload.name}: leaving {contender.name} out: {e}")
        contender.stop()
        return False
    return True


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def setting(options: argparse.Namespace) -> dict:
    """What somebody needs to know who compares two of these files."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": first_line("git", "-C", str(CHECKOUT), "describe", "--always", "--dirty"),
        "kernel": platform.release(),
        "cores": len(os.sched_getaffinity(0)),
        "versions": {
            "gatehouse": first_line(str(options.gatehouse), "--version"),
            "nginx": first_line("nginx", "-v"),
            "lighttpd": first_line("lighttpd", "-v"),
            "apache": first_line("apache2", "-v"),
        },
        "rounds": options.rounds,
        "seconds": options.seconds,
    }


def first_line(*command: str) -> str:
    """What a command says first; nothing if there is no such command."""
    if not is_installed(command[0]):
        return ""
    run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": PATH})
    return (run.stdout + run.stderr).partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
