"""The worker by itself: worker_test.py WORKER.PY. Each case speaks to it over a socket, as the server does."""

import array
import contextlib
import importlib.util
import io
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from wsgiref.validate import validator

SOURCE = Path(sys.argv.pop(1)).resolve()
spec = importlib.util.spec_from_file_location("worker", SOURCE)
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)

START = (
    "import socket;c=socket.socket(fileno=0);"
    "exec(compile(c.recv(int(c.recv(8,256)),256),'gatehouse/wsgi/worker.py','exec'))"
)

PLAIN = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REQUEST_SCHEME": "http",
}


class Server:
    """The server's end of a worker's socket."""

    def __init__(self, application, checked=True, threads_known=True):
        self.connection, theirs = socket.socketpair()
        self.connection.settimeout(10)
        self.rest = b""
        constants = {
            "wsgi.version": (1, 0),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": worker.FileWrapper,
            "wsgi.input_terminated": True,
        }
        if checked:
            application = validator(application)
        self.thread = threading.Thread(target=worker.serve, args=(theirs, application, constants))
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.thread.join(10)
        assert not self.thread.is_alive()

    def send(self, kind, payload=b""):
        self.connection.sendall(struct.pack(">cI", kind, len(payload)) + payload)

    def request(self, first=b"", **variables):
        names = {**PLAIN, **variables}
        environ = b"".join(
            name.encode() + b"\0" + value.encode("latin-1") + b"\0" for name, value in names.items()
        )
        self.send(b"R", struct.pack(">I", len(environ)) + environ + first)

    def frame(self):
        while len(self.rest) < 5 or len(self.rest) < 5 + struct.unpack(">I", self.rest[1:5])[0]:
            more = self.connection.recv(1 << 20)
            if not more:
                raise EOFError
            self.rest += more
        end = 5 + struct.unpack(">I", self.rest[1:5])[0]
        kind, payload, self.rest = self.rest[:1], self.rest[5:end], self.rest[end:]
        return kind, payload

    def answer(self, body=b""):
        """All that the worker sends for a request: the output, and how it ended."""
        output = b""
        while True:
            kind, payload = self.frame()
            if kind == b"D":
                output += payload
            elif kind == b"P":
                size = struct.unpack(">I", payload)[0]
                self.send(b"B", body[:size])
                body = body[size:]
            elif kind == b"E":
                return output, None
            elif kind == b"T":
                return output, tuple(payload.decode().split("\0"))
            else:
                raise AssertionError(kind)


def ask(application, first=b"", body=b"", checked=True, **variables):
    with Server(application, checked) as server:
        server.request(first, **variables)
        return server.answer(body)


def text(start_response, status="200 OK", headers=()):
    return start_response(status, [("Content-Type", "text/plain"), *headers])


class Environ(unittest.TestCase):
    def seen(self, checked=True, **variables):
        out = {}

        def application(environ, start_response):
            out.update(environ)
            text(start_response)
            return [b"x"]

        ask(application, checked=checked, **variables)
        return out

    def test_holds_what_pep_3333_wants(self):
        environ = self.seen()
        self.assertEqual(environ["wsgi.version"], (1, 0))
        self.assertEqual(environ["wsgi.url_scheme"], "http")
        self.assertIs(environ["wsgi.input_terminated"], True)
        self.assertIs(environ["wsgi.run_once"], False)
        self.assertIs(type(environ), dict)

    def test_has_native_strings_of_latin_1(self):
        environ = self.seen(PATH_INFO="/\u00c3\u00a4", HTTP_X="\u00ff", HTTP_EMPTY="")
        self.assertEqual(environ["PATH_INFO"].encode("latin-1").decode(), "/\u00e4")
        self.assertEqual(environ["HTTP_X"], "\u00ff")
        self.assertEqual(environ["HTTP_EMPTY"], "")

    def test_a_client_sets_no_variable_of_the_server(self):
        environ = self.seen(False, **{"wsgi.run_once": "1", "wsgi.input": "1"})
        self.assertIs(environ["wsgi.run_once"], False)
        self.assertNotIsInstance(environ["wsgi.input"], str)


class Answers(unittest.TestCase):
    def test_one_piece_has_a_length_and_leaves_in_one_write(self):
        def application(environ, start_response):
            text(start_response)
            return [b"hello"]

        with Server(application, checked=False) as server:
            server.request()
            all_of_it = server.connection.recv(65536)
            self.assertTrue(all_of_it.endswith(b"\r\n\r\nhello" + b"E\0\0\0\0"))
            self.assertIn(b"Content-Length: 5\r\n", all_of_it)
            server.request()
            self.assertEqual(server.answer()[1], None)

    def test_a_length_that_the_application_gives_stays(self):
        def application(environ, start_response):
            text(start_response, headers=[("Content-length", "5")])
            return [b"hello"]

        output, _ = ask(application)
        self.assertEqual(output.lower().count(b"content-length"), 1)

    def test_no_length_for_204_and_304(self):
        for status in ("204 No Content", "304 Not Modified"):

            def application(environ, start_response):
                start_response(status, [])
                return []

            self.assertEqual(ask(application), (f"Status: {status}\r\n\r\n".encode(), None))

    def test_every_piece_goes_out_at_once(self):
        go = threading.Event()

        def application(environ, start_response):
            text(start_response)
            yield b"one"
            go.wait(10)
            yield b"two"

        with Server(application) as server:
            server.request()
            kind, payload = server.frame()
            self.assertTrue(kind == b"D" and payload.endswith(b"\r\n\r\none"))
            go.set()
            self.assertEqual(server.answer(), (b"two", None))

    def test_empty_pieces_do_not_send_the_header(self):
        def application(environ, start_response):
            text(start_response, "200 OK")
            yield b""
            try:
                raise ValueError("late")
            except ValueError:
                text(start_response, "500 Late", [])
            yield b"x"

        def replaced(environ, start_response):
            text(start_response)
            yield b""
            try:
                raise ValueError("late")
            except ValueError:
                start_response("500 Late", [("Content-Type", "text/plain")], sys.exc_info())
            yield b"x"

        self.assertTrue(ask(replaced)[0].startswith(b"Status: 500 Late\r\n"))
        self.assertIn("again without exc_info", ask(application, checked=False)[1][1])

    def test_exc_info_after_the_header_is_raised(self):
        def application(environ, start_response):
            text(start_response)
            yield b"x"
            try:
                raise ValueError("late")
            except ValueError:
                start_response("500 Late", [("Content-Type", "text/plain")], sys.exc_info())
            yield b"never"

        output, trouble = ask(application)
        self.assertTrue(output.endswith(b"x"))
        self.assertEqual(trouble[:2], ("wsgi-exception", "ValueError: late"))

    def test_write_and_the_iterable_make_one_answer(self):
        def application(environ, start_response):
            write = text(start_response)
            write(b"one ")
            write(b"")
            return [b"two"]

        self.assertTrue(ask(application)[0].endswith(b"\r\n\r\none two"))

    def test_an_answer_without_content_has_a_header(self):
        def application(environ, start_response):
            text(start_response)
            return iter(())

        self.assertEqual(ask(application, checked=False)[0], b"Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n")

    def test_large_pieces_come_whole(self):
        content = os.urandom(3_000_000)

        def application(environ, start_response):
            text(start_response)
            return [content, b"end"]

        output, trouble = ask(application)
        self.assertEqual(output.partition(b"\r\n\r\n")[2], content + b"end")
        self.assertIsNone(trouble)

    def test_a_framing_of_the_connection_is_the_servers(self):
        def application(environ, start_response):
            text(start_response, headers=[("Transfer-Encoding", "chunked"), ("X", "y")])
            return [b"x"]

        output, trouble = ask(application, checked=False)
        self.assertNotIn(b"chunked", output)
        self.assertIn(b"X: y\r\n", output)


class Files(unittest.TestCase):
    def send_file(self, content, seek=0, headers=(), opener=None):
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            closed = []

            def application(environ, start_response):
                text(start_response, headers=list(headers))
                opened = (opener or (lambda: open(file.name, "rb")))()
                opened.seek(seek)
                real = opened.close

                class Closing:
                    def __init__(self):
                        for name in ("read", "fileno", "tell"):
                            if hasattr(opened, name):
                                setattr(self, name, getattr(opened, name))

                    def close(self):
                        closed.append(True)
                        real()

                return environ["wsgi.file_wrapper"](Closing(), 1000)

            output, trouble = ask(application, checked=False)
        self.assertEqual((trouble, closed), (None, [True]))
        return output.partition(b"\r\n\r\n")

    def test_a_file_is_sent_from_where_it_stands(self):
        content = os.urandom(700_000)
        head, _, body = self.send_file(content, 100)
        self.assertEqual(body, content[100:])
        self.assertIn(b"Content-Length: 699900", head)

    def test_no_more_than_the_length_that_was_promised(self):
        self.assertEqual(self.send_file(b"0123456789", 0, [("Content-Length", "4")])[2], b"0123")

    def test_what_is_no_file_is_read(self):
        content = os.urandom(5000)
        self.assertEqual(self.send_file(b"", opener=lambda: io.BytesIO(content))[2], content)

    def test_an_empty_file(self):
        self.assertEqual(self.send_file(b"")[2], b"")


class Close(unittest.TestCase):
    class Result:
        def __init__(self, pieces):
            self.pieces = pieces
            self.closed = 0

        def __iter__(self):
            for piece in self.pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece

        def close(self):
            self.closed += 1

    def closed_after(self, *pieces, cancel=False, start=True):
        result = self.Result(pieces)

        def application(environ, start_response):
            if start:
                text(start_response)
            return result

        with Server(application, checked=False) as server:
            server.request()
            if cancel:
                server.frame()
                server.send(b"C")
            answer = server.answer()
            server.send(b"C")  # one that crosses the end is passed over
            server.request()
            if not cancel:
                server.answer()
            else:
                server.send(b"C")
                server.answer()
        return result.closed, answer

    def test_after_a_whole_answer(self):
        self.assertEqual(self.closed_after(b"x")[0], 2)

    def test_after_an_exception(self):
        closed, (_, trouble) = self.closed_after(b"x", ValueError("bad"))
        self.assertEqual((closed, trouble[1]), (2, "ValueError: bad"))

    def test_after_a_fault(self):
        closed, (_, trouble) = self.closed_after(b"x", start=False)
        self.assertEqual(closed, 2)
        self.assertIn("start_response() was not called", trouble[1])

    def test_when_the_client_left(self):
        class Endless:
            def __iter__(self):
                return self

            def __next__(self):
                time.sleep(0.001)
                return b"x" * 100

        result = self.Result(())
        endless = Endless()
        endless.close = result.close

        def application(environ, start_response):
            text(start_response)
            return endless

        with Server(application, checked=False) as server:
            server.request()
            server.frame()
            server.send(b"C")
            self.assertIsNone(server.answer()[1])
            self.assertEqual(result.closed, 1)
            server.request()  # the worker lives
            server.frame()
            server.send(b"C")
            self.assertIsNone(server.answer()[1])

    def test_an_exception_of_close_is_told(self):
        class Bad(self.Result):
            def close(self):
                raise ValueError("close")

        def application(environ, start_response):
            text(start_response)
            return Bad([b"x"])

        output, trouble = ask(application, checked=False)
        self.assertTrue(output.endswith(b"x"))
        self.assertEqual(trouble[1], "ValueError: close")


class Faults(unittest.TestCase):
    ROWS = [
        ("a line break in a header", "200 OK", [("X", "a\r\nSet-Cookie: b")], [b""], "line break"),
        ("a line feed", "200 OK", [("X", "a\nb")], [b""], "line break"),
        ("a name with a colon", "200 OK", [("X: y", "a")], [b""], "name is none"),
        ("an empty name", "200 OK", [("", "a")], [b""], "name is none"),
        ("a name with a line break", "200 OK", [("X\n", "a")], [b""], "name is none"),
        ("a header of bytes", "200 OK", [(b"X", b"a")], [b""], "not of str"),
        ("a header that is a list", "200 OK", [["X", "a"]], [b""], "no tuple"),
        ("headers in a tuple", "200 OK", (("X", "a"),), [b""], "no list"),
        ("a Status header", "200 OK", [("Status", "404 x")], [b""], "Status header"),
        ("no three digits", "20 OK", [], [b""], "a status that is none"),
        ("four digits", "2000 OK", [], [b""], "a status that is none"),
        ("digits of another script", "\u0662\u0660\u0660 OK", [], [b""], "a status that is none"),
        ("a line break in the status", "200 OK\r\nX: y", [], [b""], "a status that is none"),
        ("a status of bytes", b"200 OK", [], [b""], "no str"),
        ("not latin-1", "200 OK", [("X", "\u20ac")], [b""], "latin-1"),
        ("str for bytes", "200 OK", [], ["text"], "str for bytes"),
        ("str for bytes, yielded", "200 OK", [], iter(["text"]), "str for bytes"),
        ("None for an iterable", "200 OK", [], None, "returned None"),
    ]

    def test_are_told_with_what_the_application_did(self):
        for label, status, headers, result, expected in self.ROWS:

            def application(environ, start_response):
                start_response(status, headers)
                return result

            with self.subTest(label):
                output, trouble = ask(application, checked=False)
                self.assertEqual((output, trouble[0]), (b"", "wsgi-bad-answer"))
                self.assertIn(expected, trouble[1])

    def test_start_response_was_not_called(self):
        output, trouble = ask(lambda environ, start_response: [b"x"], checked=False)
        self.assertIn("start_response() was not called", trouble[1])

    def test_an_exception_comes_with_its_traceback(self):
        def application(environ, start_response):
            raise KeyError("missing")

        output, trouble = ask(application, checked=False)
        self.assertEqual((output, trouble[0], trouble[1]), (b"", "wsgi-exception", "KeyError: 'missing'"))
        self.assertIn("in application", trouble[2])
        self.assertNotIn("serve_request", trouble[2])

    def test_a_very_long_traceback_is_cut(self):
        def application(environ, start_response):
            raise ValueError("x" * 1_000_000)

        self.assertLess(len(ask(application, checked=False)[1][2]), 100_000)


class Body(unittest.TestCase):
    def read_by(self, reader, first, rest):
        got = []

        def application(environ, start_response):
            got.append(reader(environ["wsgi.input"]))
            text(start_response)
            return [b"x"]

        whole = first + rest
        _, trouble = ask(application, first, rest, CONTENT_LENGTH=str(len(whole)), CONTENT_TYPE="x/y")
        self.assertIsNone(trouble)
        return got[0]

    READERS = {
        "read(n)": lambda body: b"".join(iter(lambda: body.read(1000), b"")),
        "one read(n)": lambda body: body.read(10_000_000),
        "lines": lambda body: b"".join(body),
        "readline(n)": lambda body: b"".join(iter(lambda: body.readline(7), b"")),
        "readlines": lambda body: b"".join(body.readlines()),
    }

    def test_each_way_to_read_gives_all_of_it(self):
        whole = b"".join(b"%d\n" % i for i in range(40_000)) + b"no line end"
        for name, reader in self.READERS.items():
            for first in (0, 1, 70_000, len(whole)):
                with self.subTest(name, first=first):
                    self.assertEqual(self.read_by(reader, whole[:first], whole[first:]), whole)

    def test_lines_end_where_they_end(self):
        self.assertEqual(self.read_by(lambda body: list(body), b"a\nb", b"c\n\nd"), [b"a\n", b"bc\n", b"\n", b"d"])
        self.assertEqual(self.read_by(lambda body: body.readlines(2), b"a\nb\nc\n", b""), [b"a\n"])

    def test_gives_nothing_at_its_end(self):
        self.assertEqual(self.read_by(lambda body: (body.read(5), body.read(5), body.readline()), b"abc", b""), (b"abc", b"", b""))

    def test_read_without_a_size_gives_all(self):
        def application(environ, start_response):
            body = environ["wsgi.input"]
            content = body.read()
            text(start_response)
            return [content]

        output, _ = ask(application, b"abc", b"def", checked=False, CONTENT_LENGTH="6")
        self.assertTrue(output.endswith(b"abcdef"))

    def test_a_body_that_nobody_reads_is_not_asked_for(self):
        def application(environ, start_response):
            text(start_response)
            return [b"x"]

        with Server(application, checked=False) as server:
            for _ in range(3):
                server.request(b"first", CONTENT_LENGTH="1000000")
                self.assertEqual([server.frame()[0], server.frame()[0]], [b"D", b"E"])

    def test_a_client_that_leaves_within_the_body_is_an_error_to_the_application(self):
        seen = []

        def application(environ, start_response):
            try:
                environ["wsgi.input"].read(100)
            except OSError as left:
                seen.append(left)
                raise

        with Server(application, checked=False) as server:
            server.request(b"first", CONTENT_LENGTH="1000")
            self.assertEqual(server.frame()[0], b"P")
            server.send(b"C")
            self.assertEqual(server.frame()[0], b"T")
        self.assertEqual(len(seen), 1)


class Late(unittest.TestCase):
    """A thread that an application left running when its request had ended."""

    def after(self, act, result=(b"x",)):
        """Has a thread act within the second request by what the first one left. Gives what became of that, and the second answer."""
        left, became = [], []

        def late():
            try:
                became.append(act(*left))
            except OSError as refused:
                became.append(refused)

        def application(environ, start_response):
            write = text(start_response)
            if left:
                thread = threading.Thread(target=late)
                thread.start()
                thread.join(10)
                return [environ["wsgi.input"].read(1000)]
            left.extend((environ["wsgi.input"], write))
            return list(result) if type(result) is tuple else result

        with Server(application, checked=False) as server:
            server.request(b"first", CONTENT_LENGTH="1000000")
            self.assertIsNone(server.answer()[1])
            server.request(b"", CONTENT_LENGTH="6")
            output, trouble = server.answer(b"second")
        self.assertIsNone(trouble)
        return became[0], output

    def check_refused(self, act, **how):
        became, output = self.after(act, **how)
        self.assertIn("has ended", str(became))
        self.assertTrue(output.startswith(b"Status: 200 OK"), output)
        self.assertTrue(output.endswith(b"\r\n\r\nsecond"), output)

    def test_writes_nothing_into_the_next_answer(self):
        def write(_, write):
            return write(b"Content-Type: text/html\r\n\r\na secret")

        self.check_refused(write)
        self.check_refused(write, result=iter((b"x", b"y")))
        self.check_refused(lambda _, write: write(b"a secret" * 1_000_000))

    def test_reads_nothing_of_the_next_body(self):
        self.check_refused(lambda body, _: body.read(100))
        self.check_refused(lambda body, _: body.readline())

    def test_several_threads_of_one_request_write_whole_frames(self):
        def application(environ, start_response):
            write = text(start_response)
            write(b"first")
            threads = [threading.Thread(target=write, args=(letter * 3_000_000,)) for letter in (b"a", b"b", b"c")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return []

        output, trouble = ask(application, checked=False)
        self.assertIsNone(trouble)
        content = output.partition(b"\r\n\r\n")[2]
        self.assertEqual([content.count(letter) for letter in (b"a", b"b", b"c")], [3_000_000] * 3)


class Process(unittest.TestCase):
    """The whole program, as the server starts it."""

    APPLICATION = """
import os, sys, threading, time
print("imported", flush=True)
def application(environ, start_response):
    if environ["PATH_INFO"] == "/sleep":
        time.sleep(100)
    if environ["PATH_INFO"] == "/spin":
        while True: pass
    start_response("200 OK", [])
    print("from the application")
    fds = sorted(int(fd) for fd in os.listdir("/proc/self/fd"))
    return [repr((os.getpid(), os.getppid(), os.getpgrp(), sys.path[0], os.getcwd(), fds, environ["wsgi.multithread"])).encode()]
app2 = application
class group: inner = staticmethod(application)
def make(): return application
number = 3
"""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        Path(self.directory.name, "site1.py").write_text(self.APPLICATION)
        Path(self.directory.name, "bad.py").write_text("import nothing_of_this_name\n")
        Path(self.directory.name, "none.py").write_text("x = 1\n")

    @contextlib.contextmanager
    def started(self, target, preload=False):
        control, theirs = socket.socketpair()
        control.settimeout(10)
        log = tempfile.TemporaryFile()
        process = subprocess.Popen(
            [sys.executable, "-c", START, target, "several", "preload" if preload else "each"],
            stdin=theirs, stdout=log, stderr=log, cwd=self.directory.name, start_new_session=True,
        )
        theirs.close()
        source = SOURCE.read_bytes()
        control.sendall(b"%8d" % len(source) + source)
        lifeline = self.hand_over(control, b"L", 1)[0]
        self.control, self.process, self.log = control, process, log
        try:
            yield
        finally:
            control.close()
            lifeline.close()
            process.wait(10)
            log.seek(0)
            self.logged = log.read()
            log.close()

    def hand_over(self, control, word, count, *others):
        pairs = [socket.socketpair() for _ in range(count)]
        fds = [*others, *(theirs.fileno() for _, theirs in pairs)]
        control.sendmsg([word], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
        for _, theirs in pairs:
            theirs.close()
        return [ours for ours, _ in pairs]

    def told(self):
        kind, size = struct.unpack(">cI", self.control.recv(5, socket.MSG_WAITALL))
        return kind, self.control.recv(size, socket.MSG_WAITALL).decode()

    def talk(self, connection):
        server = Server.__new__(Server)
        server.connection, server.rest = connection, b""
        connection.settimeout(10)
        return server

    def asked(self, connection, **variables):
        server = self.talk(connection)
        server.request(**variables)
        output, trouble = server.answer()
        self.assertIsNone(trouble)
        return eval(output.partition(b"\r\n\r\n")[2])

    def test_finds_the_application_in_each_form(self):
        for target in ("site1", "site1:app2", "site1:group.inner", "site1:make()"):
            with self.subTest(target), self.started(target):
                self.assertEqual(self.told(), (b"R", ""))

    def test_says_why_an_application_cannot_be_imported(self):
        for target, expected in (
            ("bad", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
            ("missing", f"there is no module missing in {self.directory.name}"),
            ("missing", "dir=PATH names another directory"),
            ("missing.wsgi:app", "there is no module missing in"),
            ("site1.py", "a module is named without .py: site1"),
            ("none", "neither `application` nor `app`"),
            ("site1:absent", "absent"),
            ("site1:number", "cannot be called"),
        ):
            with self.subTest(target), self.started(target):
                kind, why = self.told()
                self.assertEqual(kind, b"T")
                self.assertIn(expected, why)
                self.assertNotIn("importlib", why)

    def test_serves_in_its_directory_with_its_descriptors_and_no_others(self):
        with self.started("site1"):
            self.assertEqual(self.told()[0], b"R")
            (channel,) = self.hand_over(self.control, b"W", 1)
            pid, parent, group, path, directory, fds, threads = self.asked(channel)
            self.assertEqual((pid, group, threads), (self.process.pid, pid, False))
            self.assertEqual(path, directory)
            self.assertEqual(os.path.realpath(directory), os.path.realpath(self.directory.name))
            # 0 to 2, control, lifeline, channel, and the one that listdir has open
            self.assertLessEqual(len(fds), 7)
            channel.close()
            self.assertEqual(self.process.wait(10), 0)
        self.assertEqual(self.logged, b"imported\nfrom the application\n")

    def test_several_connections_are_served_by_threads(self):
        with self.started("site1"):
            self.told()
            channels = self.hand_over(self.control, b"W", 3)
            for channel in channels:
                self.assertIs(self.asked(channel)[6], True)
            for channel in channels:
                channel.close()
            self.assertEqual(self.process.wait(10), 0)

    def fork_one(self, log):
        made = self.hand_over(self.control, b"W", 2, log.fileno())
        kind, pid = self.told()
        self.assertEqual(kind, b"S")
        return int(pid), made[0], made[1]

    def test_forks_workers_that_have_imported_already(self):
        with self.started("site1", preload=True), tempfile.TemporaryFile() as log:
            self.assertEqual(self.told()[0], b"R")
            first, life1, channel1 = self.fork_one(log)
            second, life2, channel2 = self.fork_one(log)
            for pid, channel in ((first, channel1), (second, channel2)):
                seen = self.asked(channel)
                self.assertEqual(seen[:3], (pid, self.process.pid, pid))
            channel1.close()
            self.assertEqual(self.told(), (b"D", f"{first} 0"))
            os.kill(second, signal.SIGKILL)
            self.assertEqual(self.told(), (b"D", f"{second} 9"))
            log.seek(0)
            self.assertEqual(log.read(), b"from the application\n" * 2)
            for one in (life1, life2, channel2):
                one.close()

    def test_says_nothing_of_workers_that_end_while_it_ends_itself(self):
        Path(self.directory.name, "late.py").write_text(
            "import atexit, os, signal\natexit.register(os.kill, os.getpid(), signal.SIGCHLD)\ndef application(*_): pass\n")
        with self.started("late", preload=True):
            self.assertEqual(self.told()[0], b"R")
            self.control.close()
            self.assertEqual(self.process.wait(10), 0)
        self.assertEqual(self.logged, b"")

    def ends(self, pid):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    return True
            except (FileNotFoundError, ProcessLookupError):
                return True
            time.sleep(0.01)
        return False

    def test_a_busy_worker_ends_when_its_lifeline_does(self):
        for path in ("/sleep", "/spin"):
            with self.subTest(path), self.started("site1", preload=True), tempfile.TemporaryFile() as log:
                self.told()
                pid, lifeline, channel = self.fork_one(log)
                self.talk(channel).request(PATH_INFO=path)
                lifeline.close()
                self.assertTrue(self.ends(pid))
                channel.close()

    def test_a_program_that_imports_ends_when_its_lifeline_does(self):
        Path(self.directory.name, "slow.py").write_text("import time\nprint('here')\ntime.sleep(100)\n")
        control, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(
                [sys.executable, "-c", START, "slow", "one", "each"],
                stdin=theirs, stdout=log, stderr=log, cwd=self.directory.name, start_new_session=True,
            )
            theirs.close()
            source = SOURCE.read_bytes()
            control.sendall(b"%8d" % len(source) + source)
            lifeline = self.hand_over(control, b"L", 1)[0]
            lifeline.close()
            self.assertIn(process.wait(10), (-signal.SIGKILL, 1))  # 1: closed before it began
        control.close()


if __name__ == "__main__":
    unittest.main()
