"""A Debian with systemd as its first process, in a container of its own, for a few seconds.

Its root is made once of Debian's packages, which are unpacked and not set up: systemd needs no more.
It is booted with a layer in memory over it, so that every boot begins with the same files.
"""

import ctypes
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

PACKAGES = "base-files base-passwd coreutils dash libc-bin mount systemd systemd-sysv util-linux".split()
COMMANDS = "curl mmdebstrap nsenter systemd-nspawn".split()

ROOT_SECONDS = 300
BOOT_SECONDS = 60
COMMAND_SECONDS = 60
END_SECONDS = 30

PR_SET_PDEATHSIG = 1


class Unable(Exception):
    """This system cannot run such a container; the text says why."""


class Failure(Exception):
    """Something did not come out as it should."""


def check_ability():
    """Raises Unable where no container can be run."""
    if os.geteuid() != 0:
        raise Unable("only root can run a container")
    missing = [command for command in COMMANDS if not shutil.which(command)]
    if missing:
        raise Unable(f"not installed: {', '.join(missing)} (tools/install test boot installs them)")


def until(true, seconds, what):
    """Waits until true() gives something that counts, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def suite():
    """The name of the release of Debian that this system is."""
    words = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    if words.get("ID", "").strip('"') != "debian":
        raise Unable("not a Debian system: the program's libraries would not fit a root made of Debian's packages")
    return words["VERSION_CODENAME"].strip('"')


def make_root(where):
    """Unpacks the packages below `where`, unless that was done before, and returns the root."""
    release = suite()
    key = hashlib.sha256(" ".join([release, *PACKAGES, Path(__file__).read_text()]).encode()).hexdigest()[:12]
    root = where / f"root-{key}"
    if root.exists():
        return root
    where.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=where) as made:
        half = Path(made) / "root"
        mirror = f"deb http://deb.debian.org/debian {release} main"
        command = ["mmdebstrap", "--mode=root", "--variant=extract", f"--include={','.join(PACKAGES)}"]
        done = subprocess.run(
            [*command, release, half, mirror], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ROOT_SECONDS
        )
        if done.returncode != 0:
            raise Failure(f"mmdebstrap ended with status {done.returncode}:\n{done.stderr}")
        # What the set-up of the packages would have made.
        for name in ("passwd", "group"):
            shutil.copy(half / f"usr/share/base-passwd/{name}.master", half / "etc" / name)
        (half / "etc/machine-id").write_text(uuid.uuid4().hex + "\n")
        half.rename(root)
    return root


def libraries_of(binary, root):
    """The libraries of this system that the program needs and the root does not have."""
    listed = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    paths = [words[2] for words in map(str.split, listed.splitlines()) if len(words) > 2 and words[1] == "=>"]
    return [path for path in paths if not (root / path.lstrip("/")).exists()]


class Machine:
    """The container while it runs. A context: at its end nothing of it is left."""

    def __init__(self, root, binary, installed):
        """The program is seen at the path `installed`, with its libraries."""
        seen = [f"{binary}:{installed}", *libraries_of(binary, root)]
        self._output = tempfile.TemporaryFile()
        self._nspawn = subprocess.Popen(
            [
                "systemd-nspawn",
                "--quiet",
                f"--directory={root}",
                "--volatile=overlay",
                "--register=no",
                "--keep-unit",
                "--system-call-filter=@known",
                "--private-network",
                "--console=pipe",
                *(f"--bind-ro={path}" for path in seen),
                "--boot",
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM),
        )
        self.leader = None

    def __enter__(self):
        try:
            self.leader = until(self._first_process, BOOT_SECONDS, "the container starts")
            until(self._has_booted, BOOT_SECONDS, "systemd has booted")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        self._end()

    def path(self, path):
        """A path of the container as this system sees it."""
        return Path(f"/proc/{self.leader}/root{path}")

    def write(self, path, text, mode=0o644):
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def start(self, *command, namespaces="--all"):
        return subprocess.Popen(
            ["nsenter", f"--target={self.leader}", namespaces, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command, namespaces="--all", statuses=(0,)):
        """Runs a command in the container and returns what it printed."""
        running = self.start(*command, namespaces=namespaces)
        try:
            printed, _ = running.communicate(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired as late:
            running.kill()
            running.communicate()
            raise Failure(f"{' '.join(command)}: not done within {COMMAND_SECONDS} s") from late
        if statuses and running.returncode not in statuses:
            raise Failure(f"{' '.join(command)}: status {running.returncode}\n{printed}")
        return printed

    def ask(self, target):
        """The content that the server in the container answers with; its port is 80."""
        url = f"http://127.0.0.1{target}"
        return self.run("curl", "--silent", "--show-error", "--fail", "--max-time", "30", url, namespaces="--net")

    def console(self):
        self._output.seek(0)
        return self._output.read().decode(errors="replace")

    def _first_process(self):
        if self._nspawn.poll() is not None:
            raise Failure(f"systemd-nspawn ended with status {self._nspawn.returncode}:\n{self.console()}")
        pid = self._nspawn.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                return int(child)
        return None

    def _has_booted(self):
        state = self.run("systemctl", "is-system-running", statuses=()).strip()
        return state in ("running", "degraded")

    def _end(self):
        """Switches the machine off; one that does not end in time is killed."""
        if self.leader and self._nspawn.poll() is None:
            self.run("systemctl", "poweroff", "--no-block", statuses=())
        elif self._nspawn.poll() is None:
            self._nspawn.terminate()
        try:
            self._nspawn.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
