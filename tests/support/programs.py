"""The programs that make up a server: started, waited for and stopped. For the tests and for bench/."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

POLL_SECONDS = 0.01

# PATH of those who run this may lack where servers are.
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


class NotReady(Exception):
    """A server that does not come up; the text says why."""


def is_installed(program: str) -> bool:
    return shutil.which(program, path=PATH) is not None


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on; another process may take it meanwhile."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def accepts(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def apache_user() -> str:
    """A line for Apache's configuration: it refuses to serve as root."""
    if os.geteuid() != 0:
        return ""
    name = next((u.pw_name for u in pwd.getpwall() if u.pw_name in ("www-data", "nobody")), "nobody")
    return f"User {name}"


class ProgramGroup:
    """Programs that are started and stopped together, and a directory that goes with them."""

    def __init__(self, prefix: str, mode: int):
        self.room = Path(tempfile.mkdtemp(prefix=prefix))
        self.room.chmod(mode)
        self._started: list[subprocess.Popen] = []

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._started]

    def run(self, *command: object, environment: dict[str, str] | None = None) -> None:
        """Starts one of them, in a session of its own. What it says on standard error is kept."""
        with open(self.room / "errors", "ab") as errors:
            self._started.append(
                subprocess.Popen(
                    [str(word) for word in command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    start_new_session=True,
                    env={**os.environ, "PATH": PATH, **(environment or {})},
                )
            )

    def wait_until_accepting(self, port: int, seconds: float) -> None:
        """Raises NotReady when one of them ends before, or when the time is over."""
        self.wait_until(lambda: accepts(port), seconds)

    def wait_until(self, listens: Callable[[], bool], seconds: float) -> None:
        """The same, of something that listens elsewhere."""
        end = time.monotonic() + seconds
        while not listens():
            if any(process.poll() is not None for process in self._started):
                raise NotReady(self.said())
            if time.monotonic() > end:
                raise NotReady(f"nothing listens after {seconds} s; {self.said()}")
            time.sleep(POLL_SECONDS)

    def said(self) -> str:
        """What they wrote to standard error so far."""
        errors = self.room / "errors"
        text = errors.read_text(errors="replace").strip() if errors.exists() else ""
        return text or "it said nothing"

    def stop(self, seconds: float) -> None:
        """SIGTERM, and after so many seconds SIGKILL to whatever is left of their groups."""
        for process in self._started:
            process.send_signal(signal.SIGTERM)
        for process in self._started:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        self._started.clear()
        shutil.rmtree(self.room, ignore_errors=True)
