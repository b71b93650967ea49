"""Prints how much of server/ was run: coverage.py BUILD_DIRECTORY [--least PERCENT].

Reads the counts that programs of the preset "coverage" left in its directory. Fails when the share of
all lines is below the least. Needs gcovr.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
WORST = 15  # files whose lines are named


def counted_files(build):
    """(path, lines that were run, lines that were not), for each source that has any."""
    command = ["gcovr", "--root", CHECKOUT, "--object-directory", build, "--json", "-",
               "--filter", "server/", "--exclude-throw-branches", "--gcov-ignore-parse-errors",
               "-j", str(len(os.sched_getaffinity(0))), build / "server"]  # fmt: skip
    report = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, check=True)
    for file in json.loads(report.stdout)["files"]:
        lines = [line for line in file["lines"] if not line["gcovr/noncode"]]
        run = {line["line_number"] for line in lines if line["count"]}
        missed = {line["line_number"] for line in lines} - run
        if run or missed:
            yield file["file"], run, missed


def as_ranges(numbers):
    """3, 5-7, 9"""
    ranges = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in ranges)


def percent(run, missed):
    return 100 * run / (run + missed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--least", type=float, default=0, metavar="PERCENT")
    arguments = parser.parse_args()

    files = sorted(counted_files(arguments.build.resolve()), key=lambda f: -len(f[2]))
    for path, run, missed in files[:WORST]:
        print(f"{percent(len(run), len(missed)):5.1f} % {path}: not run: {as_ranges(missed)}")
    run = sum(len(run) for _, run, _ in files)
    missed = sum(len(missed) for _, _, missed in files)
    share = percent(run, missed)
    print(f"{share:5.1f} % of {run + missed} lines in {len(files)} files of server/ were run")
    if share < arguments.least:
        print(f"at least {arguments.least} % were asked for")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
