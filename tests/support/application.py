"""What tests of applications share: those, and the server in front of them, are started, asked and stopped."""

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

GATEHOUSE = sys.argv[1] if len(sys.argv) > 1 else "gatehouse"
FPM = next((p for p in map(shutil.which, ("php-fpm", "php-fpm8.2", "/usr/sbin/php-fpm8.2")) if p), None)
PATIENCE = 30  # seconds


def wait_until(holds):
    until = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.02)


class Application(unittest.TestCase):
    """A case with a directory of its own, and a site in it. All that it starts ends with it."""

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="gatehouse-applications-"))
        os.chmod(self.dir, 0o755)
        self.site = self.dir / "site"
        self.site.mkdir()
        self.running = []

    def tearDown(self):
        for process in reversed(self.running):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.dir)

    def start(self, *argv, **how):
        process = subprocess.Popen([str(a) for a in argv], **how)
        self.running.append(process)
        return process

    def start_fpm(self, *lines):
        """Starts a php-fpm with two children and these lines of configuration. Returns the path of its socket."""
        address = self.dir / "fpm.sock"
        configuration = self.dir / "fpm.conf"
        # php-fpm has no children that run as root.
        user = ["user = nobody", "group = nogroup"] if os.geteuid() == 0 else []
        configuration.write_text("\n".join([
            "[global]", f"error_log = {self.dir}/fpm.log", "daemonize = no",
            "[www]", *user, f"listen = {address}", "listen.mode = 0666",
            "pm = static", "pm.max_children = 2", *lines, ""]))
        self.start(FPM, "-y", configuration, "-F", stderr=subprocess.DEVNULL)
        wait_until(address.exists)
        return address

    def serve(self, *options):
        """Starts the server, and waits until it is ready. Its log is self.log."""
        self.log = self.dir / "log"
        with self.log.open("w") as log:
            process = self.start(GATEHOUSE, "--port", "0", *options, self.site,
                                 stdout=subprocess.PIPE, stderr=log, text=True)
        line = process.stdout.readline()
        process.stdout.close()
        self.assertIn("http://", line, self.log.read_text())
        self.port = int(line.rsplit(":", 1)[1].split("/")[0].split()[0])
        return process

    def ask(self, path, method="GET", body=None, **fields):
        """The status, the content and the rest of the answer to one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer
        finally:
            connection.close()
