#!/usr/bin/env python3
"""applications.py BINARY: applications of several frameworks, unchanged, in workers of the server.

Flask, Bottle, Werkzeug, Pyramid, and Django with its admin: log in, add a row, upload a file. Those
that are not installed are left out, and it says so. Each application is also run with
wsgiref.validate around it.
"""

import contextlib
import http.client
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
from pathlib import Path

BINARY = sys.argv.pop(1)

FLASK = """
from flask import Flask, request, Response, redirect, session
flask_app = app = Flask(__name__)
app.secret_key = "x"
@app.get("/")
def hello(): return "Hello from Flask"
@app.post("/upload")
def upload():
    f = request.files["f"]
    return f"{f.filename} {len(f.read())}"
@app.get("/login")
def login():
    session["name"] = "Ada"
    return redirect("/me")
@app.get("/me")
def me(): return session.get("name", "nobody")
@app.get("/stream")
def stream(): return Response((f"{i}\\n" for i in range(1000)), mimetype="text/plain")
@app.get("/fail")
def fail(): raise ValueError("flask fails")
"""

BOTTLE = """
import bottle
app = bottle.Bottle()
@app.get("/")
def hello(): return "Hello from Bottle"
@app.post("/upload")
def upload():
    f = bottle.request.files["f"]
    return f"{f.filename} {len(f.file.read())}"
@app.get("/file")
def file(): return bottle.static_file("content.txt", root=".")
"""

WERKZEUG = """
from werkzeug.wrappers import Request, Response
@Request.application
def application(request):
    if request.path == "/upload":
        f = request.files["f"]
        return Response(f"{f.filename} {len(f.read())}")
    return Response("Hello from Werkzeug")
"""

PYRAMID = """
from pyramid.config import Configurator
from pyramid.response import Response
def make_app():
    config = Configurator()
    config.add_route("hello", "/")
    config.add_view(lambda request: Response("Hello from Pyramid"), route_name="hello")
    config.add_route("upload", "/upload")
    def upload(request):
        f = request.POST["f"]
        return Response(f"{f.filename} {len(f.file.read())}")
    config.add_view(upload, route_name="upload")
    return config.make_wsgi_app()
"""

DJANGO_SETTINGS = """
import os
BASE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECRET_KEY = "x" * 50
DEBUG = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "mysite.urls"
INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                  "django.contrib.sessions", "django.contrib.messages", "papers"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware",
              "django.contrib.sessions.middleware.SessionMiddleware",
              "django.middleware.common.CommonMiddleware",
              "django.middleware.csrf.CsrfViewMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
  "OPTIONS": {"context_processors": ["django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]}}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(BASE, "db")}}
MEDIA_ROOT = os.path.join(BASE, "media")
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
"""
DJANGO = {
    "mysite/__init__.py": "",
    "mysite/settings.py": DJANGO_SETTINGS,
    "mysite/urls.py": "from django.contrib import admin\nfrom django.http import HttpResponse\n"
    "from django.urls import path\n"
    "urlpatterns = [path('admin/', admin.site.urls), path('', lambda r: HttpResponse('Hello from Django'))]\n",
    "mysite/wsgi.py": "import os\nfrom django.core.wsgi import get_wsgi_application\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n"
    "application = get_wsgi_application()\n",
    "papers/__init__.py": "",
    "papers/models.py": "from django.db import models\nclass Paper(models.Model):\n"
    "    title = models.CharField(max_length=100)\n    file = models.FileField(upload_to='papers')\n",
    "papers/admin.py": "from django.contrib import admin\nfrom .models import Paper\nadmin.site.register(Paper)\n",
}

VALIDATED = """
from wsgiref.validate import validator
import sys
from {module} import {name} as inner
class body:
    # The frameworks call read() without a size, which the validator does not allow.
    def __init__(self, of): self.of = of
    def read(self, size=-1): return self.of.read(1 << 30 if size is None or size < 0 else size)
    def __getattr__(self, name): return getattr(self.of, name)
    def __iter__(self): return iter(self.of)
def lenient(environ, start_response):
    environ["wsgi.input"] = body(environ["wsgi.input"])
    return inner(environ, start_response)
application = validator(lenient)
"""


def multipart(fields, files=()):
    boundary = "gatehouseboundary"
    out = b""
    for name, value in fields.items():
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, filename, content in files:
        out += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode() + content + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", out + f"--{boundary}--\r\n".encode()


class Browser:
    """A client that keeps its connection and its cookies."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookies = {}

    def ask(self, method, path, body=None, kind=None, **fields):
        if self.cookies:
            fields["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if kind:
            fields["Content-Type"] = kind
        self.connection.request(method, path, body, fields)
        answer = self.connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return answer, answer.read().decode()


class Applications(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        (self.root / "www").mkdir()

    def need(self, module):
        if importlib.util.find_spec(module) is None:
            self.skipTest(f"{module} is not installed")

    def write(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    @contextlib.contextmanager
    def serving(self, target, python=sys.executable, options=()):
        with open(self.root / "log", "w+") as log:
            process = subprocess.Popen(
                [BINARY, "--port", "0", *options, "--map", f"/ wsgi:{target} dir={self.root} python={python}", str(self.root / "www")],
                stdout=subprocess.PIPE, stderr=log, text=True,
            )
            try:
                ready = process.stdout.readline()
                self.assertTrue(ready, (self.root / "log").read_text())
                browser = Browser(int(re.search(r":(\d+)/", ready)[1]))
                yield browser
                browser.connection.close()
            finally:
                process.terminate()
                self.assertEqual(process.wait(30), 0)
                process.stdout.close()

    def both(self, module, name):
        """The application as it is, and with wsgiref.validate around it."""
        self.write({"validated.py": VALIDATED.format(module=module, name=name)})
        return [f"{module}:{name}", "validated"]

    def check_upload(self, browser):
        content = os.urandom(300_000)
        kind, body = multipart({}, [("f", "photo.jpg", content)])
        self.assertEqual(browser.ask("POST", "/upload", body, kind)[1], "photo.jpg 300000")

    def test_flask(self):
        self.need("flask")
        self.write({"flaskapp.py": FLASK})
        for target in self.both("flaskapp", "app") + ["flaskapp:flask_app.wsgi_app"]:
            with self.subTest(target), self.serving(target) as browser:
                self.assertEqual(browser.ask("GET", "/")[1], "Hello from Flask")
                self.check_upload(browser)
                answer, _ = browser.ask("GET", "/login")
                self.assertEqual((answer.status, answer.getheader("Location")), (302, "/me"))
                self.assertEqual(browser.ask("GET", "/me")[1], "Ada")
                self.assertEqual(browser.ask("GET", "/stream")[1], "".join(f"{i}\n" for i in range(1000)))
                self.assertEqual(browser.ask("GET", "/fail")[0].status, 500)
                self.assertEqual(browser.ask("HEAD", "/")[1], "")
                self.assertEqual(browser.ask("GET", "/nowhere")[0].status, 404)
            self.assertIn("flask fails", (self.root / "log").read_text())

    def test_bottle(self):
        self.need("bottle")
        self.write({"bottleapp.py": BOTTLE, "content.txt": "content " * 20_000})
        for target in self.both("bottleapp", "app"):
            with self.subTest(target), self.serving(target) as browser:
                self.assertEqual(browser.ask("GET", "/")[1], "Hello from Bottle")
                self.check_upload(browser)
                self.assertEqual(browser.ask("GET", "/file")[1], "content " * 20_000)
                answer, part = browser.ask("GET", "/file", Range="bytes=8-15")
                self.assertEqual((answer.status, part), (206, "content "))

    def test_werkzeug(self):
        self.need("werkzeug")
        self.write({"werkzeugapp.py": WERKZEUG})
        for target in self.both("werkzeugapp", "application"):
            with self.subTest(target), self.serving(target) as browser:
                self.assertEqual(browser.ask("GET", "/")[1], "Hello from Werkzeug")
                self.check_upload(browser)

    def test_pyramid(self):
        self.need("pyramid")
        self.write({"pyramidapp.py": PYRAMID + "\napp = make_app()\n"})
        for target in self.both("pyramidapp", "app") + ["pyramidapp:make_app()"]:
            with self.subTest(target), self.serving(target) as browser:
                self.assertEqual(browser.ask("GET", "/")[1], "Hello from Pyramid")
                self.check_upload(browser)

    def make_django(self):
        """A site with the admin, a model and a user."""
        self.need("django")
        self.write(DJANGO)
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "mysite.settings", "PYTHONPATH": str(self.root),
                       "DJANGO_SUPERUSER_PASSWORD": "secret-word"}
        for words in (["makemigrations", "papers"], ["migrate"],
                      ["createsuperuser", "--noinput", "--username", "ada", "--email", "a@example.org"]):
            subprocess.run([sys.executable, "-m", "django", *words], cwd=self.root, env=environment, check=True,
                           capture_output=True)

    def check_admin(self, browser, name):
        """Logs in, and adds a row with a file of this name."""
        self.assertEqual(browser.ask("GET", "/")[1], "Hello from Django")
        form = browser.ask("GET", "/admin/login/")[1]
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1]
        login = {"csrfmiddlewaretoken": token, "username": "ada", "password": "secret-word", "next": "/admin/"}
        answer, _ = browser.ask("POST", "/admin/login/", urllib.parse.urlencode(login), "application/x-www-form-urlencoded")
        self.assertEqual((answer.status, answer.getheader("Location")), (302, "/admin/"))
        form = browser.ask("GET", "/admin/papers/paper/add/")[1]
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1]
        content = os.urandom(3_000_000)
        kind, body = multipart({"csrfmiddlewaretoken": token, "title": "On engines", "_save": "Save"},
                               [("file", name, content)])
        answer, _ = browser.ask("POST", "/admin/papers/paper/add/", body, kind)
        self.assertEqual(answer.status, 302)
        self.assertIn("added successfully", browser.ask("GET", "/admin/papers/paper/")[1])
        self.assertEqual((self.root / "media/papers" / name).read_bytes(), content)

    def test_django_with_its_admin(self):
        self.make_django()
        for at, target in enumerate(self.both("mysite.wsgi", "application")):
            with self.subTest(target), self.serving(target) as browser:
                self.check_admin(browser, f"paper{at}.bin")

    def make_environment(self, *words):
        """A virtual environment with the module only_here. Returns its interpreter."""
        self.need("venv")
        environment = self.root / "venv"
        made = subprocess.run([sys.executable, "-m", "venv", "--without-pip", *words, str(environment)], capture_output=True)
        if made.returncode != 0:
            self.skipTest("no virtual environment can be made")
        library = next((environment / "lib").iterdir()) / "site-packages"
        (library / "only_here.py").write_text("")
        return environment / "bin/python"

    def test_django_in_a_virtual_environment_with_its_styles_as_files(self):
        self.make_django()
        python = self.make_environment("--system-site-packages")
        with open(self.root / "mysite/settings.py", "a") as settings:
            settings.write("import only_here\nSTATIC_ROOT = os.path.join(BASE, 'static')\n"
                           "INSTALLED_APPS.append('django.contrib.staticfiles')\n")
        subprocess.run([python, "-m", "django", "collectstatic", "--noinput"], cwd=self.root, check=True, capture_output=True,
                       env={**os.environ, "DJANGO_SETTINGS_MODULE": "mysite.settings", "PYTHONPATH": str(self.root)})
        options = ["--map", f"/static static:{self.root}/static"]
        with self.serving("mysite.wsgi", python, options) as browser:
            self.check_admin(browser, "paper.bin")
            styles = re.findall(r'href="(/static/[^"]*\.css)"', browser.ask("GET", "/admin/")[1])
            self.assertGreater(len(styles), 2)
            for style in styles:
                answer, _ = browser.ask("GET", style)
                self.assertEqual((answer.status, answer.getheader("Content-Type")), (200, "text/css; charset=utf-8"))

    def test_a_virtual_environment(self):
        python = self.make_environment()
        self.write({"venvapp.py": "import sys, only_here\ndef app(environ, start_response):\n"
                    "    start_response('200 OK', [])\n    return [sys.prefix.encode()]\n"})
        with self.serving("venvapp", python) as browser:
            self.assertEqual(browser.ask("GET", "/")[1], str(self.root / "venv"))


if __name__ == "__main__":
    unittest.main()
