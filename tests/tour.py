#!/usr/bin/env python3
"""tour.py [--write] [CHECKOUT]: checks the pages of www/.

- A source shown in a page (data-source) equals the file, or the lines of it that data-lines names;
  --write puts the files' text in. It has at most 12 lines, unless a page is about the whole of it.
- Every link, form and address in a script leads to a file in www/ or cgi-bin/ or to the inspector.
- Nothing is fetched from elsewhere, and nothing needs a page's policy to allow inline code or style.

Prints each fault; exit status 0 when there is none, 1 otherwise.
"""
import html
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

LINKS = {"href", "src", "action", "formaction", "data", "poster"}
# What the reader makes on the tour, and what the inspector serves.
MADE_BY_READER = {"/mine.txt", "/cgi-bin/hello.sh", "/cgi-bin/hello.sh/green", "/tour/nothing.txt"}
INSPECTOR = {"/-/", "/-/exchanges", "/-/send"}
COMPILED = {"/cgi-bin/calc": "/cgi-bin/calc.c"}

SOURCE = re.compile(r'(<pre\b[^>]*\bdata-source="([^"]+)"(?: data-lines="(\d+)-(\d+)")?[^>]*>)(.*?)(</pre>)',
                    re.DOTALL)
MOST_LINES = 12
WHOLE = {"www/tour/server.py"}
IN_SCRIPT = re.compile(r"""["'`](/(?:-|tour|cgi-bin)/[^"'`\s$]*)""")
IMPORT = re.compile(r"""^(?:import|export)(?:[^"';]*\bfrom)?\s*["']([^"']+)["']""", re.MULTILINE)
IN_SHEET = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
ELSEWHERE = re.compile(r"(?:https?:)?//(?!localhost\b|127\.0\.0\.1\b)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
NAMESPACE = "http://www.w3.org/2000/svg"


class page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.faults = [], set(), []
        self.count = {"title": 0, "h1": 0, "main": 0}
        self.open_script = False
        self.feed(text)
        for tag, count in self.count.items():
            if count != 1:
                self.faults.append(f"{count} <{tag}>")

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag in self.count:
            self.count[tag] += 1
        if tag == "style" or "style" in given:
            self.faults.append(f"inline style in <{tag}>")
        if any(name.startswith("on") for name in given):
            self.faults.append(f"inline handler in <{tag}>")
        if tag == "script" and "src" not in given:
            self.faults.append("inline script")
        if "id" in given:
            if given["id"] in self.ids:
                self.faults.append(f"the id {given['id']} twice")
            self.ids.add(given["id"])
        for name in ("for", "aria-labelledby", "aria-describedby"):
            self.links += ["#" + word for word in (given.get(name) or "").split()]
        self.links += [value for name, value in attributes if name in LINKS and value is not None]


def leads_somewhere(checkout, path):
    """Whether a path is one that the server answers with something other than 404."""
    if path in MADE_BY_READER or path in INSPECTOR or path.startswith("/-/exchanges/"):
        return True
    if path.startswith("/cgi-bin/"):
        words = path.split("/")
        scripts = ("/".join(words[:end]) for end in range(3, len(words) + 1))
        return any((checkout / COMPILED.get(script, script)[1:]).is_file() for script in scripts)
    file = checkout / "www" / path.lstrip("/")
    return (file / "index.html").is_file() if path.endswith("/") else file.is_file()


def target_faults(checkout, pages, base, link):
    if urlsplit(link).scheme or link.startswith("//"):
        yield f"leads elsewhere: {link}"
        return
    target = urlsplit(urljoin(base, link))
    path = unquote(target.path)
    if not leads_somewhere(checkout, path):
        yield f"leads nowhere: {link}"
    elif target.fragment:
        file = path + "index.html" if path.endswith("/") else path
        if file in pages and target.fragment not in pages[file].ids:
            yield f"no such place: {link}"


def source_text(checkout, name, first, last):
    lines = (checkout / name).read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(lines[int(first) - 1:int(last)] if first else lines)


def source_faults(checkout, text):
    for _, name, first, last, shown, _ in SOURCE.findall(text):
        if not (checkout / name).is_file():
            yield f"shows {name}, which there is not"
        elif html.unescape(shown) != source_text(checkout, name, first, last):
            yield f"shows another text than {name} has: run tests/tour.py --write"
        if name not in WHOLE and shown.count("\n") > MOST_LINES:
            yield f"shows {shown.count(chr(10))} lines of {name}; at most {MOST_LINES} can be taken in"
    if text.count("data-source=") != len(SOURCE.findall(text)):
        yield "a data-source that is not in a <pre>"


def code_faults(checkout, base, text):
    """Addresses in a script or a style sheet."""
    if base.endswith(".js"):
        # One that a variable is put into ends, here, where the variable begins.
        links = IMPORT.findall(text) + [link for link in IN_SCRIPT.findall(text) if link != "/cgi-bin/"]
    else:
        links = [address or sheet for address, sheet in IN_SHEET.findall(text)]
    for link in links:
        if not link.startswith("data:"):
            yield from target_faults(checkout, {}, base, link)
    if re.search(r"\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|document\.write\b|\beval\(", text):
        yield "makes markup or code from text"


def check(checkout):
    www = checkout / "www"
    texts = {"/" + str(file.relative_to(www)): file.read_text(encoding="utf-8")
             for file in sorted(www.rglob("*")) if file.suffix in (".html", ".css", ".js")}
    pages = {name: page(text) for name, text in texts.items() if name.endswith(".html")}
    for name, text in texts.items():
        faults = [f"names another server: {found}" for found in ELSEWHERE.findall(text.replace(NAMESPACE, ""))]
        if name in pages:
            faults += pages[name].faults + list(source_faults(checkout, text))
            for link in pages[name].links:
                faults += target_faults(checkout, pages, name, link)
        else:
            faults += code_faults(checkout, name, text)
        yield from (f"www{name}: {fault}" for fault in faults)
    if not pages:
        yield f"no pages in {www}"


def write_sources(checkout):
    def filled(match):
        text = source_text(checkout, *match.group(2, 3, 4))
        return match[1] + html.escape(text, quote=False) + match[6]

    for file in (checkout / "www").rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        file.write_text(SOURCE.sub(filled, text), encoding="utf-8")


def main():
    arguments = [word for word in sys.argv[1:] if word != "--write"]
    checkout = Path(arguments[0] if arguments else Path(__file__).parent.parent)
    if "--write" in sys.argv:
        write_sources(checkout)
    faults = list(check(checkout))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
