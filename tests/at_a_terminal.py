#!/usr/bin/env python3
"""at_a_terminal.py BINARY: what a person at a terminal sees of the server and of `gatehouse tour`.

Each case starts the binary with a terminal as its standard error and a port of its own.
"""
import os
import pathlib
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

BINARY = ""
PATIENCE = 60


def eventually(condition) -> bool:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def fetched(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(url, timeout=PATIENCE).read().decode()


class Server:
    """gatehouse WORDS..., in front of a terminal; ends as it should when the block is left."""

    def __init__(self, place: pathlib.Path, *words: str, **variables: str):
        self.screen = ""
        self.terminal, behind = os.openpty()
        environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
        self.process = subprocess.Popen([BINARY, *words, "--port", "0"], cwd=place, env=environment | variables,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=behind, text=True)
        os.close(behind)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.line = self.process.stdout.readline()
        self.url = next((word for word in self.line.split() if word.startswith("http://")), "")

    def read(self):
        try:
            while some := os.read(self.terminal, 4096):
                self.screen += some.decode().replace("\r\n", "\n")
        except OSError:  # the last who could write has gone
            pass

    def shows(self, text: str) -> bool:
        return eventually(lambda: text in self.screen)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        rest, _ = self.process.communicate(timeout=PATIENCE)
        self.reader.join()
        os.close(self.terminal)
        assert self.process.returncode == 0, f"ended with {self.process.returncode}: {self.screen}"
        assert rest == "", f"printed after the ready line: {rest}"


def children_of(pid: int) -> str:
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
    return "".join(task.read_text() for task in tasks)


class AtATerminal(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.place = pathlib.Path(directory.name).resolve()

    def write(self, name: str, text: str, mode: int = 0o644) -> pathlib.Path:
        file = self.place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def desktop(self) -> dict[str, str]:
        """An xdg-open that keeps what it was asked to open."""
        opened = self.place / "opened"
        self.write("bin/xdg-open", f'#!/bin/sh\necho "$1" >"{opened}.part"\nmv "{opened}.part" "{opened}"\n', 0o755)
        return {"DISPLAY": ":0", "PATH": f"{self.place}/bin:{os.environ['PATH']}"}

    def test_a_terminal_is_told_what_there_is_below_the_one_line(self):
        self.write("www/cgi-bin/one", "#!/bin/sh\n", 0o755)
        self.write("www/cgi-bin/notes.txt", "no program\n")
        with Server(self.place, "--inspect") as server:
            self.assertTrue(server.line.endswith("(Press CTRL+C to quit)\n"))
            guide = f"Programs  {server.url}cgi-bin/ (1)\nInspector {server.url}-/\n"
            self.assertTrue(server.shows(guide), server.screen)

    def test_the_tour_is_a_copy_of_the_examples_with_the_inspector(self):
        copy = self.place / "gatehouse-tour"
        with Server(self.place, "tour", "--no-open") as server:
            self.assertTrue(server.shows(f"Tour      {server.url}tour/\nInspector {server.url}-/\n"), server.screen)
            self.assertIn(f"Copied the examples to {copy}", server.screen)
            self.assertTrue((copy / "cgi-bin/env.sh").stat().st_mode & stat.S_IXUSR)
            for page in ("tour/", "cgi-bin/env.sh", "-/"):
                self.assertTrue(fetched(server.url + page))
        (copy / "www/mine.txt").write_text("changed")
        with Server(self.place, "tour", "--no-open", "./gatehouse-tour/") as server:
            self.assertEqual(fetched(server.url + "mine.txt"), "changed")
            self.assertTrue(server.shows(f"Using the copy of the examples in {copy} as it is\n"), server.screen)

    def test_the_tour_opens_a_browser_on_a_desktop_and_leaves_no_process_of_it(self):
        with Server(self.place, "tour", **self.desktop()) as server:
            opened = self.place / "opened"
            self.assertTrue(eventually(opened.exists))
            self.assertEqual(opened.read_text(), f"{server.url}tour/\n")
            self.assertTrue(eventually(lambda: children_of(server.process.pid) == ""))

    def test_the_tour_opens_no_browser_where_nobody_looks_or_wants_one(self):
        desktop = self.desktop()
        for words, variables in ((["--no-open"], desktop), ([], {"PATH": desktop["PATH"]})):
            with Server(self.place, "tour", *words, **variables) as server:
                self.assertTrue(fetched(server.url))
        self.assertFalse((self.place / "opened").exists())

    def test_a_tour_without_an_xdg_open_says_where_to_look(self):
        with Server(self.place, "tour", DISPLAY=":0", PATH=str(self.place)) as server:
            self.assertTrue(server.shows(f"open {server.url}tour/ in a browser"), server.screen)

    def test_a_tour_that_cannot_be_served_is_one_line(self):
        thesis = self.write("mine/thesis.txt", "precious")
        rows = (
            (["mine"], 1, "is no copy of the examples, and is left as it is"),
            (["/nowhere/at/all"], 1, 'cannot copy the examples to "/nowhere/at/all"'),
            (["--root", "x"], 2, "--root: the tour serves its own copy"),
            (["--cgi-bin=off"], 2, "--cgi-bin: the tour serves its own copy"),
            (["a", "b"], 2, "more than one DIRECTORY is given"),
        )
        for words, status, says in rows:
            with self.subTest(words=words):
                done = subprocess.run([BINARY, "tour", "--no-open", "--port", "0", *words], cwd=self.place,
                                      capture_output=True, text=True, timeout=PATIENCE)
                self.assertEqual(done.returncode, status)
                self.assertEqual(done.stdout, "")
                self.assertEqual(done.stderr.count("\n"), 1)
                self.assertIn(says, done.stderr)
        self.assertEqual(thesis.read_text(), "precious")


if __name__ == "__main__":
    BINARY = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
