"""Checks that no room of the house includes what it may not: layers.py [CHECKOUT].

Reads the #include lines of include/ and server/ and prints every one that the table forbids.
Exit status 0 when there is none, 1 otherwise.
"""

import re
import sys
from pathlib import Path

# Room -> the other rooms that it may include. This is the table of ARCHITECTURE.md.
ROOMS = {
    "base": set(),
    "http": {"base"},
    "trace": {"base", "http"},
    "process": {"base"},
    "files": {"base", "http", "trace"},
    "gateway": {"base", "http", "trace", "process"},
    "upstream": {"base", "http", "trace"},
    "fastcgi": {"base"},
    "scgi": {"base"},
    "remote": {"base", "http", "trace", "process", "gateway", "upstream", "fastcgi", "scgi"},
    "cgi": {"base", "http", "trace", "process", "gateway"},
    "wsgi": {"base", "http", "trace", "process", "gateway"},
    "net": {"base", "http", "trace"},
    "config": {"base", "http"},
    "show": {"base", "http", "trace", "gateway", "net", "config"},
    "life": {"base", "http", "trace", "process", "cgi", "net", "config"},
    "app": {"base", "http", "trace", "process", "files", "gateway", "upstream", "fastcgi", "scgi", "remote", "cgi", "wsgi", "net", "config", "show", "life"},
    "commands": {"base", "http", "trace", "process", "files", "gateway", "upstream", "fastcgi", "scgi", "remote", "cgi", "wsgi", "net", "config", "show", "life", "app"},
    "main": {"base", "config", "app", "commands"},
}

# Where rooms are found, and the sources directly in server/ that belong to one. The others there
# (Boost's own sources, the precompiled header) belong to none and include nothing of ours.
ROOFS = ("include/gatehouse", "server")
ROOM_OF_SOURCE = {"server/main.cpp": "main"}

INCLUDE = re.compile(r'^\s*#\s*(?:include|import)\s*([<"])([^>"]+)[>"]')


def room_of(path):
    """The room of a path relative to the checkout; None for one that is in no room."""
    if path in ROOM_OF_SOURCE:
        return ROOM_OF_SOURCE[path]
    for roof in ROOFS:
        if path.startswith(roof + "/"):
            room, slash, _ = path[len(roof) + 1 :].partition("/")
            return room if slash else None
    return None


def included_path(checkout, source, quote, name):
    """The path, relative to the checkout, of a file of ours that is included; None for others."""
    if name.startswith("gatehouse/"):
        return "include/" + name
    if quote == "<":
        return None
    neighbour = (source.parent / name).resolve()
    root = checkout.resolve()
    return str(neighbour.relative_to(root)) if neighbour.is_relative_to(root) else None


def fault(room, path):
    """What is wrong with a file of this room (None: of no room) including path; None if nothing."""
    other = room_of(path)
    if other is None:
        return f"{path} is in no room" if room is not None else None
    if other not in ROOMS:
        return f"no such room: {other}"
    if room is None:
        return "a file outside the rooms may include none of them"
    if other != room and other not in ROOMS[room]:
        return f"{room} may not include {other}"
    return None


def faults_of(checkout, source):
    path = str(source.relative_to(checkout))
    room = room_of(path)
    if room is not None and room not in ROOMS:
        yield f"{path}: no such room: {room}"
        return
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), start=1):
        include = INCLUDE.match(line)
        if include is None:
            continue
        included = included_path(checkout, source, *include.groups())
        wrong = included and fault(room, included)
        if wrong:
            yield f"{path}:{number}: {wrong}"


def sources(checkout):
    for roof in ROOFS:
        for source in sorted((checkout / roof).rglob("*")):
            if source.suffix in (".hpp", ".cpp", ".h", ".c", ".ipp"):
                yield source


def check(checkout):
    """(every fault as a line of text, how many files were read)"""
    files = list(sources(checkout))
    return [line for source in files for line in faults_of(checkout, source)], len(files)


def main():
    checkout = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    faults, count = check(checkout)
    for line in faults:
        print(line)
    if count == 0:
        print(f"{checkout}: no sources found")
    else:
        print(f"{count} files, {len(faults)} forbidden includes")
    return 1 if faults or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
