"""DokuWiki through php-fpm: php_application.py GATEHOUSE.

A large PHP application as other people wrote it, unchanged: a copy of the files of Debian's package is installed by its own
installer, a user logs in, edits a page, uploads a file and fetches it again. Where dokuwiki or php-fpm is not installed, the
status is 77 (skipped).
"""

import html
import http.client
import os
import re
import shutil
import sys
import unittest
import urllib.parse
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "support"))
from application import FPM, PATIENCE, Application

DOKUWIKI = Path("/usr/share/dokuwiki")
ITS_DEFAULTS = Path("/etc/dokuwiki")
FOLDERS = ("attic", "cache", "index", "locks", "log", "media", "media_attic", "media_meta", "meta", "pages", "tmp")
PASSWORD = "a secret word"


def hidden_fields(page):
    """The hidden fields of the forms of a page."""
    found = {}
    for field in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', field), re.search(r'value="([^"]*)"', field)
        if value or name[1] not in found:
            found[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
    return found


class Visitor:
    """A client that keeps its connection and its cookies, and follows what it is told to."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.cookies = {}

    def ask(self, path, method="GET", body=None, **fields):
        if self.cookies:
            fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.connection.request(method, path, body, fields)
        answer = self.connection.getresponse()
        content = answer.read()
        for cookie in answer.msg.get_all("Set-Cookie") or ():
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
            if self.cookies[name] == "deleted":
                del self.cookies[name]
        if answer.status in (301, 302, 303):
            url = urllib.parse.urlsplit(answer.getheader("Location"))
            return self.ask(url.path + ("?" + url.query if url.query else ""))
        return answer, content

    def send_form(self, path, **fields):
        return self.ask(path, "POST", urllib.parse.urlencode(fields).encode(),
                        **{"Content-Type": "application/x-www-form-urlencoded"})


def other_languages(folder, names):
    return [name for name in names if name != "en"] if Path(folder).name == "lang" else []


def copy_of_dokuwiki(to):
    """Its files as they are unpacked from its own archive: Debian keeps the configuration and the data elsewhere."""
    shutil.copytree(DOKUWIKI, to, ignore=other_languages)
    (to / "inc/preload.php").unlink(missing_ok=True)
    (to / "conf").mkdir()
    for file in ITS_DEFAULTS.iterdir():
        if file.is_file() and not file.is_symlink() and file.name not in ("local.php", "preload.php"):
            shutil.copy(file, to / "conf")
    defaults = to / "conf/dokuwiki.php"
    defaults.write_text(defaults.read_text().replace("/var/lib/dokuwiki/data", "./data"))
    for folder in FOLDERS:
        (to / "data" / folder).mkdir(parents=True)
    if os.geteuid() == 0:
        for at, folders, files in os.walk(to):
            for name in (".", *folders, *files):
                shutil.chown(Path(at) / name, "nobody", "nogroup")


class DokuWiki(Application):
    def setUp(self):
        super().setUp()
        self.wiki = self.site / "wiki"
        copy_of_dokuwiki(self.wiki)
        address = self.start_fpm("php_admin_value[upload_max_filesize] = 16M", "php_admin_value[post_max_size] = 16M")
        self.serve("--cgi-ext", ".php", "--index", "index.php", "--interpreter", f".php=fastcgi:unix:{address}")
        self.visitor = Visitor(self.port)
        self.addCleanup(self.visitor.connection.close)

    def page(self, path, of=None):
        answer, content = of or self.visitor.ask(path)
        self.assertEqual(answer.status, 200, f"{path}: {content[-2000:]!r}\n{self.log.read_text()[-2000:]}")
        return content.decode()

    def install(self):
        self.assertIn("d[superuser]", self.page("/wiki/install.php"))
        done = self.page("/wiki/install.php", self.visitor.send_form("/wiki/install.php", **{
            "l": "en", "d[title]": "Engines", "d[acl]": "on", "d[superuser]": "ada", "d[fullname]": "Ada Lovelace",
            "d[email]": "ada@example.org", "d[password]": PASSWORD, "d[confirm]": PASSWORD, "d[policy]": "1",
            "d[license]": "0", "submit": "Save"}))
        self.assertIn("finished successfully", done)
        self.assertIn("ada:", (self.wiki / "conf/users.auth.php").read_text())

    def log_in(self):
        form = hidden_fields(self.page("/wiki/doku.php?id=start&do=login"))
        sent = self.visitor.send_form("/wiki/doku.php?id=start", **{**form, "do": "login", "u": "ada", "p": PASSWORD})
        self.assertIn("Ada Lovelace", self.page("after the login", sent))
        self.assertIn("Ada Lovelace", self.page("/wiki/doku.php?id=start"))

    def edit(self, text):
        form = hidden_fields(self.page("/wiki/doku.php?id=engines:difference&do=edit"))
        sent = self.visitor.send_form("/wiki/doku.php?id=engines:difference", **{
            **form, "wikitext": text, "summary": "written", "do[save]": "Save"})
        self.page("after saving", sent)

    def upload(self, name, content):
        form = hidden_fields(self.page("/wiki/doku.php?id=start&do=edit"))
        sent = self.visitor.ask(
            "/wiki/lib/exe/ajax.php?" + urllib.parse.urlencode({"call": "mediaupload", "sectok": form["sectok"], "ns": "",
                                                               "qqfile": name, "ow": "0"}),
            "POST", content, **{"Content-Type": "application/octet-stream"})
        self.assertIn('"success":true', self.page("after the upload", sent))

    def upload_by_form(self, name, content):
        form = hidden_fields(self.page("/wiki/lib/exe/mediamanager.php?ns="))
        parts = "".join(f'--edge\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
                        for key, value in {**form, "mediaid": name, "ns": ""}.items()).encode()
        parts += (f'--edge\r\nContent-Disposition: form-data; name="upload"; filename="{name}"\r\n'
                  "Content-Type: application/pdf\r\n\r\n").encode() + content + b"\r\n--edge--\r\n"
        self.page("after the upload", self.visitor.ask("/wiki/lib/exe/mediamanager.php", "POST", parts,
                                                       **{"Content-Type": "multipart/form-data; boundary=edge"}))

    def test_it_is_installed_edited_and_filled(self):
        self.install()
        self.assertIn("Engines", self.page("/wiki/"))
        self.assertNotIn("Ada Lovelace", self.page("/wiki/doku.php?id=start"))
        self.log_in()

        self.edit("====== Zahnräder ======\n\n**two** hundred & more — " + "wheels " * 30_000)
        page = self.page("/wiki/doku.php?id=engines:difference")
        self.assertIn("Zahnräder", page)
        self.assertIn("<strong>two</strong> hundred &amp; more", page)
        self.assertGreaterEqual(page.count("wheels"), 30_000)
        self.assertIn("Zahnräder", self.page("/wiki/doku.php?do=search&q=Zahnr%C3%A4der&id=start"))

        content = b"%PDF-1.4\n" + os.urandom(3_000_000)
        for send, name in ((self.upload, "plan.pdf"), (self.upload_by_form, "drawing.pdf")):
            with self.subTest(name):
                send(name, content)
                answer, fetched = self.visitor.ask(f"/wiki/lib/exe/fetch.php?media={name}")
                self.assertEqual((answer.status, answer.getheader("Content-Type")), (200, "application/pdf"))
                self.assertEqual(fetched, content)
                answer, part = self.visitor.ask(f"/wiki/lib/exe/fetch.php?media={name}", Range="bytes=1000-1999")
                self.assertEqual((answer.status, part), (206, content[1000:2000]))
                tag = answer.getheader("ETag")
                answer, _ = self.visitor.ask(f"/wiki/lib/exe/fetch.php?media={name}", **{"If-None-Match": tag})
                self.assertEqual(answer.status, 304)

        for path in ("/wiki/lib/exe/css.php?t=dokuwiki", "/wiki/lib/exe/js.php?t=dokuwiki", "/wiki/feed.php"):
            self.assertGreater(len(self.page(path)), 500)
        self.assertNotRegex(self.log.read_text(), "(?m)^[0-9].* error ")


if __name__ == "__main__":
    if not FPM or not (DOKUWIKI / "doku.php").exists():
        print("skipped: php-fpm or dokuwiki is not installed")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
