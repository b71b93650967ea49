#!/usr/bin/env python3
"""docs.py BINARY: README names exactly the options that --help names, and its commands work.

The commands that are run are the lines of its shell blocks that make the first script, and those
that begin with `gatehouse explain`, `gatehouse new` or `gatehouse check`: each as it is written, in
a copy of the checkout's programs and pages. The others start servers, build or install.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent


def long_options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", text))


def faults_of_options(readme: str, binary: str):
    table = readme[readme.index("## Options") : readme.index("## Commands")]
    help_text = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True).stdout
    described, offered = long_options(table), long_options(help_text)
    for name in sorted(offered - described):
        yield f"README does not describe --{name}"
    for name in sorted(described - offered):
        yield f"README describes --{name}, which --help does not offer"


def commands(readme: str):
    """The first script's block as a whole, and each line that runs a command of gatehouse."""
    for block in re.findall(r"^```sh\n(.*?)^```", readme, re.DOTALL | re.MULTILINE):
        if "<<" in block:
            yield block
            continue
        for line in block.splitlines():
            if re.match(r"gatehouse (explain|new|check)\b", line):
                yield line


def faults_of_commands(readme: str, binary: str):
    with tempfile.TemporaryDirectory() as place:
        bin_directory = pathlib.Path(place, "bin")
        bin_directory.mkdir()
        (bin_directory / "gatehouse").symlink_to(os.path.abspath(binary))
        for name in ("www", "cgi-bin"):
            shutil.copytree(CHECKOUT / name, pathlib.Path(place, name))
        environment = os.environ | {"PATH": f"{bin_directory}:/usr/bin:/bin"}
        count = 0
        for command in commands(readme):
            count += 1
            done = subprocess.run(["/bin/sh", "-e", "-c", command], cwd=place, env=environment,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
            if done.returncode != 0:
                yield f"README: {command.strip()}\n  ends with {done.returncode}: {done.stderr.strip()}"
        if count < 6:
            yield f"README: only {count} commands were found"


def main() -> int:
    readme = (CHECKOUT / "README.md").read_text()
    binary = sys.argv[1]
    faults = [*faults_of_options(readme, binary), *faults_of_commands(readme, binary)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
