#!/usr/bin/env python3
"""validated.py BINARY: one table of requests to an application of each framework, with
wsgiref.validate around it and without.

The validator knows PEP 3333 and fails what a server or an application does against it. What it
says goes to the log, too, where each case looks for it: that an iterator was not closed is said
only there. Frameworks that are not installed are left out, and it says so.
"""

import contextlib
import hashlib
import http.client
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

BINARY = sys.argv.pop(1)
PATIENCE = 60

PIECES = [f"piece {i}\n".encode() for i in range(200)]

# What each application answers: / a greeting, /sum the length and the sum of the body, /upload
# those of the file f, /stream PIECES one by one, /cookies two cookies, /none 204, /same 304,
# /fail an exception, /half an exception after the first piece.
COMMON = """
import hashlib
PIECES = [f"piece {i}\\n".encode() for i in range(200)]
def told(data): return f"{len(data)} {hashlib.sha256(data).hexdigest()}"
def half():
    yield b"the first piece\\n"
    raise ValueError("it fails at half")
"""

HELLO = """
import cgi_free
from common import *
def application(environ, start_response):
    path = environ["PATH_INFO"]
    text = [("Content-Type", "text/plain")]
    if path == "/sum":
        read = iter(lambda: environ["wsgi.input"].read(1000), b"")
        answer = told(b"".join(read)).encode()
    elif path == "/upload":
        answer = told(cgi_free.file_of(environ)).encode()
    elif path in ("/stream", "/half"):
        start_response("200 OK", text)
        return iter(PIECES) if path == "/stream" else half()
    elif path == "/cookies":
        start_response("200 OK", text + [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        return [b"two"]
    elif path == "/none":
        start_response("204 No Content", [])
        return []
    elif path == "/same":
        start_response("304 Not Modified", [("ETag", '"x"')])
        return []
    elif path == "/fail":
        raise ValueError("it fails")
    elif path == "/write":
        write = start_response("200 OK", text)
        for piece in PIECES[:100]:
            write(piece)
        return PIECES[100:]
    else:
        answer = b"Hello"
    start_response("200 OK", text)
    return [answer]
"""

# A file out of a form, for who has no framework.
CGI_FREE = """
import email.parser
def file_of(environ):
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    head = ("Content-Type: " + environ["CONTENT_TYPE"] + "\\r\\n\\r\\n").encode()
    return email.parser.BytesParser().parsebytes(head + body).get_payload()[0].get_payload(decode=True)
"""

FLASK = """
from flask import Flask, request, Response
from common import *
application = Flask(__name__)
@application.get("/")
def hello(): return "Hello"
@application.post("/sum")
def sum_(): return told(request.get_data())
@application.post("/upload")
def upload(): return told(request.files["f"].read())
@application.get("/stream")
def stream(): return Response(iter(PIECES))
@application.get("/half")
def half_(): return Response(half())
@application.get("/cookies")
def cookies():
    answer = Response("two")
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer
@application.get("/none")
def none():
    answer = Response(status=204)
    del answer.headers["Content-Type"]
    return answer
@application.get("/same")
def same():
    answer = Response(status=304, headers={"ETag": '"x"'})
    del answer.headers["Content-Type"]
    return answer
@application.get("/fail")
def fail(): raise ValueError("it fails")
"""

BOTTLE = """
import bottle
from common import *
application = bottle.Bottle()
@application.get("/")
def hello(): return "Hello"
@application.post("/sum")
def sum_(): return told(bottle.request.body.read())
@application.post("/upload")
def upload(): return told(bottle.request.files["f"].file.read())
@application.get("/stream")
def stream(): return iter(PIECES)
@application.get("/half")
def half_(): return half()
@application.get("/cookies")
def cookies():
    bottle.response.set_cookie("a", "1")
    bottle.response.set_cookie("b", "2")
    return "two"
@application.get("/none")
def none(): return bottle.HTTPResponse(status=204)
@application.get("/same")
def same(): return bottle.HTTPResponse(status=304, ETag='"x"')
@application.get("/fail")
def fail(): raise ValueError("it fails")
"""

WERKZEUG = """
from werkzeug.wrappers import Request, Response
from common import *
@Request.application
def application(request):
    path = request.path
    if path == "/sum": return Response(told(request.get_data()))
    if path == "/upload": return Response(told(request.files["f"].read()))
    if path == "/stream": return Response(iter(PIECES))
    if path == "/half": return Response(half())
    if path == "/fail": raise ValueError("it fails")
    if path in ("/none", "/same"):
        answer = Response(status=204) if path == "/none" else Response(status=304, headers={"ETag": '"x"'})
        del answer.headers["Content-Type"]
        return answer
    answer = Response("Hello" if path == "/" else "two")
    if path == "/cookies":
        answer.set_cookie("a", "1")
        answer.set_cookie("b", "2")
    return answer
"""

PYRAMID = """
from pyramid.config import Configurator
from pyramid.response import Response
from common import *
def fail(request): raise ValueError("it fails")
def cookies(request):
    answer = Response("two")
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer
def bare(status, **fields):
    answer = Response(status=status, **fields)
    answer.content_type = None
    return answer
views = {
    "": lambda request: Response("Hello"),
    "sum": lambda request: Response(told(request.body)),
    "upload": lambda request: Response(told(request.POST["f"].file.read())),
    "stream": lambda request: Response(app_iter=iter(PIECES)),
    "half": lambda request: Response(app_iter=half()),
    "cookies": cookies,
    "none": lambda request: bare(204),
    "same": lambda request: bare(304, etag="x"),
    "fail": fail,
}
config = Configurator()
for name, view in views.items():
    config.add_route(name or "hello", "/" + name)
    config.add_view(view, route_name=name or "hello")
application = config.make_wsgi_app()
"""

DJANGO = """
import django
from django.conf import settings
settings.configure(DEBUG=False, ALLOWED_HOSTS=["*"], SECRET_KEY="x" * 50, ROOT_URLCONF=__name__, MIDDLEWARE=[],
                   DATA_UPLOAD_MAX_MEMORY_SIZE=None,
                   LOGGING={"version": 1, "handlers": {"console": {"class": "logging.StreamHandler"}},
                            "loggers": {"django": {"handlers": ["console"]}}})
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from common import *
def cookies(request):
    answer = HttpResponse("two")
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer
def bare(status, **fields):
    answer = HttpResponse(status=status, headers=fields)
    del answer["Content-Type"]
    return answer
def fail(request): raise ValueError("it fails")
urlpatterns = [
    path("", lambda request: HttpResponse("Hello")),
    path("sum", lambda request: HttpResponse(told(request.body))),
    path("upload", lambda request: HttpResponse(told(request.FILES["f"].read()))),
    path("stream", lambda request: StreamingHttpResponse(iter(PIECES))),
    path("half", lambda request: StreamingHttpResponse(half())),
    path("cookies", cookies),
    path("none", lambda request: bare(204)),
    path("same", lambda request: bare(304, ETag='"x"')),
    path("fail", fail),
]
application = get_wsgi_application()
"""

# Frameworks call read() without a size, which PEP 3333 has and the validator has not.
VALIDATED = """
from wsgiref.validate import validator
from {module} import application as inner
class Body:
    def __init__(self, of): self.of = of
    def read(self, size=-1): return self.of.read(1 << 30 if size is None or size < 0 else size)
    def __getattr__(self, name): return getattr(self.of, name)
    def __iter__(self): return iter(self.of)
def lenient(environ, start_response):
    environ["wsgi.input"] = Body(environ["wsgi.input"])
    return inner(environ, start_response)
application = validator(lenient)
"""


def told(data):
    return f"{len(data)} {hashlib.sha256(data).hexdigest()}"


def in_pieces(data):
    return (data[at : at + 30_000] for at in range(0, len(data), 30_000))


class Validated(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="gatehouse-validated-")
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        (self.root / "www").mkdir()

    @contextlib.contextmanager
    def serving(self, module):
        self.log = self.root / "log"
        with self.log.open("w") as log:
            process = subprocess.Popen(
                [BINARY, "--port", "0", "--map", f"/ wsgi:{module} dir={self.root} python={sys.executable} workers=1",
                 str(self.root / "www")], stdout=subprocess.PIPE, stderr=log, text=True)
            try:
                ready = process.stdout.readline()
                self.assertTrue(ready, self.log.read_text())
                port = int(re.search(r":(\d+)/", ready)[1])
                self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
                yield
            finally:
                self.connection.close()
                process.terminate()
                self.assertEqual(process.wait(PATIENCE), 0)
                process.stdout.close()

    def ask(self, method, path, body=None, **fields):
        self.connection.request(method, path, body, fields)
        answer = self.connection.getresponse()
        return answer, answer.read()

    def wait_for_log(self, text):
        """What a framework itself prints may come to the log after its answer."""
        until = time.monotonic() + PATIENCE
        while text not in self.log.read_text():
            self.assertLess(time.monotonic(), until, f"{text} is not in the log")
            time.sleep(0.01)

    def check_answers(self):
        answer, body = self.ask("GET", "/")
        self.assertEqual((answer.status, body), (200, b"Hello"))
        length = answer.getheader("Content-Length")
        answer, body = self.ask("HEAD", "/")
        self.assertEqual((answer.status, body, answer.getheader("Content-Length")), (200, b"", length))
        self.assertEqual(self.ask("GET", "/stream")[1], b"".join(PIECES))
        self.assertEqual(self.ask("HEAD", "/stream")[1], b"")
        answer, body = self.ask("GET", "/cookies")
        self.assertEqual([c.split(";")[0] for c in answer.msg.get_all("Set-Cookie")], ["a=1", "b=2"])
        answer, body = self.ask("GET", "/none")
        self.assertEqual((answer.status, body, answer.getheader("Content-Length")), (204, b"", None))
        answer, body = self.ask("GET", "/same")
        self.assertEqual((answer.status, body, answer.getheader("ETag")), (304, b"", '"x"'))

    def check_bodies(self):
        for size in (0, 10, 1_000, 200_000, 2_000_000):
            body = os.urandom(size)
            self.assertEqual(self.ask("POST", "/sum", body)[1].decode(), told(body))
            self.assertEqual(self.ask("POST", "/sum", in_pieces(body))[1].decode(), told(body))
        content = os.urandom(300_000)
        form = (b'--edge\r\nContent-Disposition: form-data; name="f"; filename="p.jpg"\r\n'
                b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n--edge--\r\n")
        kind = {"Content-Type": "multipart/form-data; boundary=edge"}
        self.assertEqual(self.ask("POST", "/upload", form, **kind)[1].decode(), told(content))

    def check_failures(self):
        self.assertEqual(self.ask("GET", "/fail")[0].status, 500)
        self.wait_for_log("ValueError: it fails")
        try:
            answer, body = self.ask("GET", "/half")
            self.fail(f"{answer.status} {body!r} although the application failed at half")
        except http.client.IncompleteRead as cut:
            self.assertEqual(cut.partial, b"the first piece\n")
        self.connection.close()
        self.assertEqual(self.ask("GET", "/")[1], b"Hello")

    def check(self, framework, module, text):
        if framework and importlib.util.find_spec(framework) is None:
            self.skipTest(f"{framework} is not installed")
        files = {"common.py": COMMON, "cgi_free.py": CGI_FREE, f"{module}.py": text,
                 "validated.py": VALIDATED.format(module=module)}
        for name, content in files.items():
            (self.root / name).write_text(content)
        for target in (module, "validated"):
            with self.subTest(target), self.serving(target):
                self.check_answers()
                self.check_bodies()
                self.check_failures()
                if framework is None:
                    self.assertEqual(self.ask("GET", "/write")[1], b"".join(PIECES))
            said = [line for line in self.log.read_text().splitlines()
                    if re.search(r"AssertionError|garbage collected|WSGIWarning", line)]
            self.assertEqual(said[:3], [])

    def test_a_function(self):
        self.check(None, "plain_application", HELLO)

    def test_flask(self):
        self.check("flask", "flask_application", FLASK)

    def test_bottle(self):
        self.check("bottle", "bottle_application", BOTTLE)

    def test_werkzeug(self):
        self.check("werkzeug", "werkzeug_application", WERKZEUG)

    def test_pyramid(self):
        self.check("pyramid", "pyramid_application", PYRAMID)

    def test_django(self):
        self.check("django", "django_application", DJANGO)


if __name__ == "__main__":
    unittest.main()
