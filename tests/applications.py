"""Applications that run elsewhere, as other people wrote them: applications.py GATEHOUSE.

php-fpm and a C program on libfcgi are started here, asked through the server, and stopped. A program that is not installed is named, and its part left
out; where none is there, the status is 77 (skipped).
"""

import concurrent.futures
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "support"))
from application import FPM, PATIENCE, Application, wait_until

LIBFCGI = Path("/usr/include/fcgi_stdio.h").exists() and shutil.which("cc")

ECHO_C = r"""
#include <fcgi_stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(void) {
  while (FCGI_Accept() >= 0) {
    char const* what = getenv("PATH_INFO");
    if (what && strcmp(what, "/die") == 0) _exit(7);
    if (what && strcmp(what, "/fail") == 0) {
      fputs("it went wrong\n", stderr);
      printf("Content-Type: text/plain\r\n\r\n");
      FCGI_SetExitStatus(3);
      continue;
    }
    printf("Content-Type: application/octet-stream\r\n\r\n");
    static char buffer[65536];
    size_t got;
    while ((got = fread(buffer, 1, sizeof buffer, stdin)) > 0) fwrite(buffer, 1, got, stdout);
  }
  return 0;
}
"""


@unittest.skipUnless(FPM, "php-fpm is not installed")
class PhpFpm(Application):
    def setUp(self):
        super().setUp()
        self.serve("--cgi-ext", ".php", "--index", "index.php", "--interpreter",
                   f".php=fastcgi:unix:{self.start_fpm()}")

    def page(self, name, text):
        (self.site / name).write_text("<?php " + text)

    def test_pages_see_their_variables(self):
        self.page("v.php", "foreach (['SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_INFO', 'QUERY_STRING'] as $n)"
                           " echo $_SERVER[$n] ?? 'none', '|';")
        self.assertEqual(self.ask("/v.php/a%20b?c=d")[1].decode(),
                         f"/v.php|{self.site}/v.php|/a b|c=d|")

    def test_bodies_come_whole(self):
        self.page("h.php", "echo hash('sha256', file_get_contents('php://input'));")
        body = os.urandom(3_000_000)
        wanted = hashlib.sha256(body).hexdigest()
        self.assertEqual(self.ask("/h.php", "POST", body)[1].decode(), wanted)
        pieces = (body[i:i + 100_000] for i in range(0, len(body), 100_000))
        self.assertEqual(self.ask("/h.php", "POST", pieces)[1].decode(), wanted)

    def test_errors_are_in_the_log(self):
        self.page("e.php", "error_log('so it goes'); http_response_code(503); echo 'x';")
        self.assertEqual(self.ask("/e.php")[0], 503)
        wait_until(lambda: "so it goes" in self.log.read_text())
        self.assertIn("script-stderr: /e.php[unix:", self.log.read_text())

    def test_no_path_runs_a_file_that_is_none(self):
        (self.site / "upload.txt").write_text("<?php echo 'ran'; ?>")
        for path in ("/upload.txt/x.php", "/upload.txt%00.php", "/none.php"):
            status, body, _ = self.ask(path)
            self.assertGreaterEqual(status, 400)
            self.assertNotIn(b"ran", body)

    def test_more_clients_than_children_wait_no_longer_than_they_must(self):
        self.page("s.php", "usleep(100000); echo 'x';")
        with concurrent.futures.ThreadPoolExecutor(6) as clients:
            answers = list(clients.map(lambda _: self.ask("/s.php")[0], range(18)))
        self.assertEqual(answers, [200] * 18)

    def test_children_that_end_after_each_answer_cost_no_request(self):
        self.page("k.php", "echo getmypid();")
        for _ in range(5):
            status, pid, _ = self.ask("/k.php")
            self.assertEqual(status, 200)
            os.kill(int(pid), signal.SIGKILL)
            wait_until(lambda: not Path(f"/proc/{int(pid)}").exists())


@unittest.skipUnless(FPM, "php-fpm is not installed")
class PhpFpmThatRenewsItsChildren(Application):
    def test_costs_no_request(self):
        (self.site / "p.php").write_text("<?php echo strlen(file_get_contents('php://input'));")
        self.serve("--cgi-ext", ".php", "--interpreter", f".php=fastcgi:unix:{self.start_fpm('pm.max_requests = 5')}")

        def ask(body):
            return self.ask("/p.php", "POST" if body else "GET", body)[:2]

        for body in (b"", b"x" * 50_000):
            wanted = (200, str(len(body)).encode())
            self.assertEqual([ask(body) for _ in range(25)], [wanted] * 25)
            with concurrent.futures.ThreadPoolExecutor(4) as clients:
                self.assertEqual(list(clients.map(ask, [body] * 200)), [wanted] * 200)


@unittest.skipUnless(LIBFCGI, "libfcgi-dev is not installed")
class LibFcgi(Application):
    def setUp(self):
        super().setUp()
        source = self.dir / "echo.c"
        source.write_text(ECHO_C)
        program = self.dir / "echo"
        subprocess.run(["cc", "-O1", "-o", program, source, "-lfcgi"], check=True)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(self.dir / "echo.sock"))
        self.listening.listen(64)
        for _ in range(2):
            self.start(program, stdin=self.listening)
        self.listening.close()
        self.serve("--map", f"/echo fastcgi:unix:{self.dir}/echo.sock")

    def test_bodies_come_back(self):
        file = self.dir / "body"
        for size in (1, 4096, 65_536, 1_000_003, 20_000_000):
            file.write_bytes(os.urandom(size))
            # The answer begins before the body is whole, so the client has to read while it sends.
            echoed = subprocess.run(["curl", "-sS", "--fail", "--data-binary", f"@{file}",
                                     f"http://127.0.0.1:{self.port}/echo"],
                                    check=True, capture_output=True, timeout=PATIENCE).stdout
            self.assertEqual(echoed, file.read_bytes())

    def test_a_program_that_fails_is_told_of(self):
        status, body, _ = self.ask("/echo/fail")
        self.assertEqual(status, 502)
        self.assertIn(b"it went wrong", body)
        self.assertIn(b"status 3", body)

    def test_a_program_that_dies_costs_its_request_alone(self):
        self.assertEqual(self.ask("/echo")[0], 200)
        status, body, _ = self.ask("/echo/die")
        self.assertEqual(status, 502)
        self.assertIn(b"closed the connection", body)
        for _ in range(5):
            self.assertEqual(self.ask("/echo")[0], 200)

    def test_clients_that_leave_hold_nobody_up(self):
        for _ in range(4):
            with socket.create_connection(("127.0.0.1", self.port)) as client:
                client.sendall(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 300_000)
                client.recv(1000)
        for _ in range(5):
            self.assertEqual(self.ask("/echo")[0], 200)


if __name__ == "__main__":
    if not FPM and not LIBFCGI:
        print("skipped: neither php-fpm nor libfcgi-dev is installed")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
