"""A Gatehouse under load: started on a free port with a tree of its own, and watched from outside."""

import collections
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

READY_LINE = re.compile(r"^Serving .* on http://127\.0\.0\.1:(\d+)/ ")
SANITIZER_REPORT = re.compile(r"(Address|Leak|Thread)Sanitizer|runtime error:")
START_SECONDS = 30
STOP_SECONDS = 30


def heed_hangups():
    """For a child to be: one that is started by nohup would not read its configuration again."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Server:
    """Use as a context manager; on leaving, the process is gone and the tree is deleted."""

    def __init__(self, binary, files, scripts, options=(), access_log="off"):
        """files: name -> bytes under the root; scripts: name -> source under /cgi-bin/; access_log:
        "off", or the name of a file in the tree."""
        # Leave through __exit__ also when the run is given up.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        self._directory = tempfile.TemporaryDirectory(prefix="gatehouse-stress-")
        self.tree = Path(self._directory.name)
        self._write_tree(files, scripts)
        self._diagnostics = open(self.tree / "stderr", "w+", encoding="utf-8", errors="replace")
        # In the environment of every script, so that it can be found wherever it ends up.
        self.mark = f"GATEHOUSE_STRESS={self.tree}"
        self.process = subprocess.Popen(
            [binary, "--port", "0", "--root", self.tree / "www"]
            + ["--cgi-bin", self.tree / "cgi-bin", "--env", self.mark]
            + ["--access-log", "off" if access_log == "off" else self.tree / access_log]
            + list(options),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._diagnostics,
            text=True,
            preexec_fn=heed_hangups,
        )
        try:
            self.port = self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise

    def _write_tree(self, files, scripts):
        (self.tree / "www").mkdir()
        (self.tree / "cgi-bin").mkdir()
        for name, content in files.items():
            path = self.tree / "www" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name, source in scripts.items():
            path = self.tree / "cgi-bin" / name
            path.write_text(source, encoding="utf-8")
            path.chmod(0o755)

    def _wait_until_ready(self):
        readable, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if readable else ""
        ready = READY_LINE.match(line)
        if not ready:
            raise RuntimeError(f"not ready, printed {line!r}; on stderr:\n{self.diagnostics()}")
        return int(ready.group(1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for script in self.scripts():
            try:
                os.kill(script, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.stdout.close()
        self._diagnostics.close()
        self._directory.cleanup()

    @property
    def pid(self):
        return self.process.pid

    def terminate(self):
        """Sends SIGTERM; the exit status, or None if the server is still there long after."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def diagnostics(self, lines=40):
        """The last lines that the server wrote to standard error."""
        return "\n".join(collections.deque(self.stderr_lines(), lines))

    def sanitizer_reports(self):
        return [line for line in self.stderr_lines() if SANITIZER_REPORT.search(line)]

    def stderr_lines(self):
        """What the server wrote to standard error, line by line."""
        with open(self.tree / "stderr", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                yield line.rstrip("\n")

    def resident_bytes(self):
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        """What each open descriptor points to."""
        found = []
        for name in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                found.append(os.readlink(f"/proc/{self.pid}/fd/{name}"))
            except FileNotFoundError:
                pass
        return found

    def zombies(self):
        """Ids of children that ended and were not waited for."""
        return [pid for pid, parent, state in processes() if parent == self.pid and state == "Z"]

    def scripts(self):
        """Ids of running processes that descend from a script of this server."""
        mark = self.mark.encode()
        return [pid for pid, _, _ in processes() if mark in environment(pid)]


def processes():
    """(id, parent's id, state letter) of every process."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path(f"/proc/{name}/stat").read_text(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            state, parent = stat.rpartition(")")[2].split()[:2]
            yield int(name), int(parent), state


def environment(pid):
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def eventually(condition, seconds):
    """Whether condition() comes true within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class ResidentPeak:
    """The highest resident size of a server while a `with` block runs."""

    def __init__(self, server):
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.bytes = server.resident_bytes()

    def _sample(self):
        while not self._over.wait(0.02):
            self.bytes = max(self.bytes, self._server.resident_bytes())

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self.bytes = max(self.bytes, self._server.resident_bytes())
