#!/usr/bin/env python3
"""The environment as a page: which variables there are and what each group of them is about.

Everything here came from outside, so every value is escaped before it goes into HTML.
"""
import html
import os
import sys

sys.stdout.reconfigure(encoding="utf-8", errors="replace")
os.environ.pop("LC_CTYPE", None)  # Python sets this for itself when it starts without a locale

GROUPS = {
    "The request line": ["REQUEST_METHOD", "REQUEST_URI", "SCRIPT_NAME", "PATH_INFO",
                         "QUERY_STRING", "SERVER_PROTOCOL"],
    "The body, on standard input": ["CONTENT_TYPE", "CONTENT_LENGTH"],
    "The fields of the request": sorted(n for n in os.environ if n.startswith("HTTP_")),
    "The client": ["REMOTE_ADDR", "REMOTE_HOST", "REMOTE_PORT", "REMOTE_USER", "AUTH_TYPE"],
    "The server": ["SERVER_NAME", "SERVER_ADDR", "SERVER_PORT", "SERVER_SOFTWARE",
                   "GATEWAY_INTERFACE", "REQUEST_SCHEME"],
    "Files": ["DOCUMENT_ROOT", "SCRIPT_FILENAME", "PATH_TRANSLATED"],
}
GROUPS["The rest"] = sorted(set(os.environ).difference(*GROUPS.values()))


def row(name, value):
    shown = "<em>not set</em>" if value is None else f"<code>{html.escape(value)}</code>"
    return f"<tr><th scope=row><code>{html.escape(name)}</code></th><td>{shown}</td></tr>"


print("""Content-Type: text/html; charset=utf-8

<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<title>The environment</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/style.css">
<nav><a href="/">Gatehouse</a></nav>
<main>
<h1>The environment</h1>
<p>What <code>environment.py</code> was started with for this request.</p>""")
for title, names in GROUPS.items():
    print(f"<h2>{title}</h2>\n<table>")
    print("\n".join(row(name, os.environ.get(name)) for name in names), "\n</table>")
print(f"<h2>The process</h2>\n<table>{row('arguments', ' '.join(sys.argv))}")
print(f"{row('working directory', os.getcwd())}</table>\n</main>")
