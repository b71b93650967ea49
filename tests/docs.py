#!/usr/bin/env python3
"""docs.py BINARY: the pages name the options that there are, and their commands work.

docs/options.md is what the binary prints of its options, and README names those for every day.

Every line of README's shell blocks is run as it is written, from its top to its end, in a copy of
what the checkout tracks, as a fresh clone has it. The build directory of BINARY stands in the place of
what tools/serve builds. A line that serves is given a free port, and stopped when it is ready. Of
docs/commands.md the lines are run by the program that README has installed.
"""
import os
import pathlib
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
# It runs every test, this one too.
NOT_RUN = {"tools/test"}
SERVES = re.compile(r"(tools/serve|\S*gatehouse tour)\b")
PATIENCE = 60


def long_options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", text))


def printed(binary: str, *words: str) -> str:
    return subprocess.run([binary, *words], capture_output=True, text=True, check=True).stdout


def faults_of_options(binary: str):
    if (CHECKOUT / "docs/options.md").read_text() != printed(binary, "--help", "markdown"):
        yield "docs/options.md is not what `gatehouse --help markdown > docs/options.md` makes of it"
    readme = (CHECKOUT / "README.md").read_text()
    table = readme[readme.index("## Options for every day") : readme.index("## Install")]
    everyday = printed(binary, "--help").split("Options for every day")[1]
    shown = set(re.findall(r"^ .*?--([a-z][a-z-]+)", everyday, re.MULTILINE)) - {"help"}
    described = set(re.findall(r"^\| .*?`(?:-. )?--([a-z][a-z-]+)", table, re.MULTILINE))
    for name in sorted(shown ^ described):
        yield f"--{name} is for every day either in README or in --help, and not in both"


def commands(page: str):
    """The lines of the shell blocks; a block with a here-document is one command."""
    for block in re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        if "<<" in block:
            yield block
        else:
            yield from block.splitlines()


def tracked_files() -> list[str]:
    """What a clone would have; all but the builds where this is no repository."""
    listed = subprocess.run(["git", "-c", f"safe.directory={CHECKOUT}", "ls-files", "-z"], cwd=CHECKOUT,
                            capture_output=True, text=True)
    if listed.returncode == 0:
        return [name for name in listed.stdout.split("\0") if name]
    return [str(file.relative_to(CHECKOUT)) for file in CHECKOUT.rglob("*")
            if file.is_file() and file.relative_to(CHECKOUT).parts[0] not in (".git", "build")]


def make_clone(place: pathlib.Path, binary: str):
    for name in tracked_files():
        if (CHECKOUT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, place / name)
    (place / "build").mkdir()
    (place / "build" / "release").symlink_to(pathlib.Path(binary).resolve().parent)
    shutil.copy2(CHECKOUT / "cgi-bin/calc", place / "cgi-bin/calc")
    for step in ("install", "build"):
        (place / "tools" / step).write_text("#!/bin/sh\n")


def fault_of_server(command: str, place: pathlib.Path, environment: dict[str, str]):
    """Why the line does not serve; None if it does, and ends well."""
    server = subprocess.Popen(["/bin/sh", "-c", f"exec {command} --port 0"], cwd=place, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with selectors.DefaultSelector() as waiting:
        waiting.register(server.stdout, selectors.EVENT_READ)
        ready = waiting.select(PATIENCE) and server.stdout.readline().startswith(b"Serving ")
    server.send_signal(signal.SIGTERM)
    try:
        _, errors = server.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        return "does not end"
    if not ready or server.returncode != 0:
        return f"does not serve; it ends with {server.returncode}: {errors.decode().strip()}"
    return None


def fault_of(command: str, place: pathlib.Path, environment: dict[str, str]):
    if SERVES.match(command):
        return fault_of_server(command, place, environment)
    done = subprocess.run(["/bin/sh", "-e", "-c", command], cwd=place, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE)
    return f"ends with {done.returncode}: {done.stderr.strip()}" if done.returncode != 0 else None


def faults_of_commands(binary: str):
    with tempfile.TemporaryDirectory() as name:
        place, home = pathlib.Path(name, "clone"), pathlib.Path(name, "home")
        home.mkdir()
        make_clone(place, binary)
        environment = os.environ | {"HOME": str(home), "PATH": f"{home}/.local/bin:/usr/bin:/bin"}
        for page, least in (("README.md", 6), ("docs/commands.md", 6)):
            found = [c for c in commands((place / page).read_text()) if c not in NOT_RUN]
            if len(found) < least:
                yield f"{page}: only {len(found)} commands were found"
            for command in found:
                if why := fault_of(command, place, environment):
                    yield f"{page}: {command.strip()}\n  {why}"


def main() -> int:
    faults = [*faults_of_options(sys.argv[1]), *faults_of_commands(sys.argv[1])]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
