#!/usr/bin/env python3
"""Runs scripts cold and warm, and compares all that can be seen: standard output, standard error, how
they ended, and the files that they left.

    compare.py [-k WORDS] [-v] [python3|perl]

Speaks to the templates as the server does (server/cgi/warm/). Exit status 1 when any script differs.
"""

import argparse
import array
import itertools

import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import perl_cases
import python_cases

CHECKOUT = Path(__file__).resolve().parents[2]
TEMPLATES = CHECKOUT / "server/cgi/warm"
PATH = "/usr/local/bin:/usr/bin:/bin"
NUMBERS = {  # of system calls, as the server's own headers have them
    "x86_64": dict(clone=56, exit=231, prctl=157, recvmsg=47, dup3=292, close=3, prlimit64=302, write=1, sendto=44, tid=4),
    "aarch64": dict(clone=220, exit=94, prctl=167, recvmsg=212, dup3=24, close=57, prlimit64=261, write=64, sendto=206, tid=5),
}[os.uname().machine]
STARTS = {
    "python3": ["-c", "import posix; exec(posix.read(0, 262144))"],
    "perl": ["-M5;BEGIN{sysread STDIN,$_,262144;eval;die$@if$@}", "/dev/null"],
}
TEXTS = {"python3": "template.py", "perl": "template.pl"}
PATIENCE = 20


class Template:
    def __init__(self, line, kind, environment, load=""):
        words = line[2:].strip().split(None, 1)
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process = subprocess.Popen(
            [*words, *STARTS[kind]], stdin=its, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment, cwd="/", start_new_session=True,
        )
        its.close()
        self.socket = ours
        self.busy = False
        self.refused = 0
        ours.settimeout(PATIENCE)
        ours.send((TEMPLATES / TEXTS[kind]).read_bytes())
        named = [f"{name}={value}" for name, value in NUMBERS.items()]
        named += ["idle=60", "load=" + load, "limits="]
        entries = [f"{name}={value}" for name, value in environment.items()]
        ours.send("".join(word + "\0" for word in (*named, "", *entries)).encode())
        self.await_ready()

    def await_ready(self):
        """Until it is ready, or has ended."""
        while True:
            said = self.socket.recv(65536).decode()
            if not said:
                raise RuntimeError("template ended: " + self.process.stdout.read().decode())
            if said == "ready":
                self.busy = False
                return
            if said.startswith("failed"):
                raise RuntimeError(said)

    def start(self, script, arguments, environment, streams):
        """The process id, or None if the template did not start it."""
        ours, reply = socket.socketpair()
        if self.busy:
            self.await_ready()
        words = [str(len(arguments)), *arguments]
        words += [f"{name}={value}" for name, value in environment.items()]
        request = joined(words)
        ours.sendall(request)
        message = joined([str(script.parent), str(script), str(len(request))])
        fds = array.array("i", [*streams, reply.fileno()])
        self.socket.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        reply.close()
        ours.settimeout(PATIENCE)
        try:
            pid = ours.recv(32)
        except ConnectionResetError:
            pid = b""
        if not pid:  # the server would start it cold
            self.refused += 1
            return cold_start(script, arguments, environment, streams)
        while select.select([self.socket], [], [], 0)[0]:
            self.busy = self.socket.recv(65536) == b"busy"
        return int(pid)

    def end(self):
        self.socket.close()
        self.process.wait(PATIENCE)


def joined(words):
    return b"".join(os.fsencode(word) + b"\0" for word in words)


def cold_start(script, arguments, environment, streams):
    return os.posix_spawn(
        script, [str(script), *arguments], {k: os.fsencode(v) for k, v in environment.items()},
        file_actions=[(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(streams)],
        setpgroup=0,
        setsigdef=[13],
    )


def run(start, case, script, environment):
    """What can be seen of one run."""
    out = script.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    for name, text in case.get("files", {}).items():
        pass
    body = case.get("body")
    if body is None:
        stdin, feed = os.open("/dev/null", os.O_RDONLY), None
    elif case.get("spooled"):
        file = tempfile.TemporaryFile()
        file.write(body)
        file.seek(0)
        stdin, feed = os.dup(file.fileno()), None
    else:
        stdin, feed = os.pipe()
        os.write(feed, body)
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    before = os.getcwd()
    os.chdir(script.parent)
    began = time.perf_counter()
    try:
        pid = start(script, case.get("arguments", []), environment, (stdin, out_write, err_write))
    finally:
        os.chdir(before)
    for fd in (stdin, out_write, err_write, *([feed] if feed is not None else [])):
        os.close(fd)
    if case.get("leave"):  # the client leaves
        os.close(out_read)
        out_read = None
    seen = {"output": b"", "errors": b""}
    open_ends = {fd: key for fd, key in ((out_read, "output"), (err_read, "errors")) if fd is not None}
    while open_ends:
        ready, _, _ = select.select(list(open_ends), [], [], PATIENCE)
        if not ready:
            os.kill(-pid, 9)
            seen["errors"] += b"<took too long>"
            break
        for fd in ready:
            got = os.read(fd, 65536)
            seen[open_ends[fd]] += got
            if not got:
                del open_ends[fd]
    _, status, usage = os.wait4(pid, 0)
    took = time.perf_counter() - began
    for fd in (out_read, err_read):
        if fd is not None:
            os.close(fd)
    seen["ended"] = status
    seen["files"] = {
        str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()
    }
    return {key: masked(value, pid) for key, value in seen.items()}, took


def masked(value, pid):
    """Without what differs from one cold start to the next."""
    if isinstance(value, dict):
        return {name: masked(content, pid) for name, content in value.items()}
    if not isinstance(value, bytes):
        return value
    value = re.sub(rb"0x[0-9a-f]{6,}", b"0x...", value)
    value = re.sub(rb"\d\d:\d\d:\d\d(\.\d+)?", b"TIME", value)
    value = re.sub(rb"\(eval \d+\)", b"(eval N)", value)
    value = re.sub(rb"started \d+", b"started ID", value)
    return re.sub(rb"\b%d\b" % pid, b"PID", value)


def difference(cold, warm):
    """The first lines that differ."""
    if isinstance(cold, bytes):
        pairs = itertools.zip_longest(cold.splitlines(), warm.splitlines())
        cold, warm = next((pair for pair in pairs if pair[0] != pair[1]), (cold, warm))
    return f"cold {cold!r:.1500}", f"warm {warm!r:.1500}"


def write_cases(cases, root):
    scripts = {}
    for name, case in cases.items():
        directory = root / re.sub(r"\W+", "-", name)
        directory.mkdir()
        for file, text in case.get("files", {}).items():
            (directory / file).parent.mkdir(parents=True, exist_ok=True)
            (directory / file).write_text(text)
        script = directory / case.get("file", "script")
        text = case["text"]
        script.write_bytes(text if isinstance(text, bytes) else text.encode())
        script.chmod(0o755)
        scripts[name] = script
    return scripts


def compare(kind, cases, root, verbose):
    scripts = write_cases(cases, root)
    time.sleep(2.2)  # a file that has just changed is not kept by a template
    fixed = {"PATH": PATH}
    request = {
        "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "QUERY_STRING": "a=b",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "PATH": PATH, "HTTP_ACCEPT": "*/*",
    }
    templates, failures, times = {}, 0, {"cold": 0.0, "new": 0.0, "warm": 0.0}
    for name, case in cases.items():
        script = scripts[name]
        first = script.read_bytes().split(b"\n", 1)[0].decode("latin-1")
        given = {**fixed, **case.get("fixed", {})}
        environment = {**request, **case.get("fixed", {}), **case.get("environment", {})}
        key = (first, tuple(given.items()))
        try:
            if key not in templates:
                templates[key] = Template(first, kind, given)
            template = templates[key]
            cold, t = run(cold_start, case, script, environment)
            times["cold"] += t
            for way in ("new", "warm", "warm"):
                warm, t = run(template.start, case, script, environment)
                times[way] += t
                if cold != warm:
                    failures += 1
                    print(f"FAIL {name} ({way})")
                    for part in cold:
                        if cold[part] != warm[part]:
                            print(f"  {part}:", *difference(cold[part], warm[part]), sep="\n    ")
                    break
            else:
                if verbose:
                    print(f"ok   {name}", cold["output"][:60], cold["errors"][-60:], cold["ended"])
        except (RuntimeError, OSError) as e:
            failures += 1
            templates.pop(key, None)
            print(f"FAIL {name}: {e}")
    for template in templates.values():
        template.end()
    print(f"{kind}: {len(cases)} scripts, {failures} differ; "
          + f"{sum(t.refused for t in templates.values())} starts were refused; "
          + ", ".join(f"{way} {t:.2f} s" for way, t in times.items()))
    return failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-k", default="")
    parser.add_argument("-v", action="store_true")
    parser.add_argument("kinds", nargs="*")
    chosen = parser.parse_args()
    os.closerange(3, 1024)
    failures = 0
    for kind, table in (("python3", python_cases), ("perl", perl_cases)):
        if chosen.kinds and kind not in chosen.kinds:
            continue
        cases = {name: case for name, case in table.cases(CHECKOUT).items() if chosen.k in name}
        with tempfile.TemporaryDirectory() as root:
            failures += compare(kind, cases, Path(root), chosen.v)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
