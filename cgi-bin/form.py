#!/usr/bin/env python3
"""A form sent both ways: GET puts it into QUERY_STRING, POST onto standard input.

Read CONTENT_LENGTH bytes and no more, and look at the length before reading.
"""
import html
import os
import sys
from urllib.parse import parse_qsl

LIMIT = 64 * 1024
FORM = "application/x-www-form-urlencoded"
sys.stdout.reconfigure(encoding="utf-8", errors="replace")


def stop(status, text):
    print(f"Status: {status}\nContent-Type: text/plain; charset=utf-8\n\n{text}")
    sys.exit()


method = os.environ.get("REQUEST_METHOD", "GET")
if method == "POST":
    if not os.environ.get("CONTENT_TYPE", "").startswith(FORM):
        stop("415 Unsupported Media Type", f"Send this as {FORM}.")
    length = int(os.environ.get("CONTENT_LENGTH") or 0)
    if length > LIMIT:
        stop("413 Content Too Large", f"At most {LIMIT} bytes, please.")
    source = "on standard input"
    sent = sys.stdin.buffer.read(length).decode("utf-8", "replace")
elif method in ("GET", "HEAD"):
    source = "in QUERY_STRING"
    sent = os.environ.get("QUERY_STRING", "")
else:
    stop("405 Method Not Allowed\nAllow: GET, HEAD, POST", "Only GET, HEAD and POST.")

values = dict(parse_qsl(sent, keep_blank_values=True))
name, note = (html.escape(values.get(key, "")) for key in ("name", "note"))
print(f"""Content-Type: text/html; charset=utf-8

<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<title>A form</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/style.css">
<nav><a href="/">Gatehouse</a></nav>
<main>
<h1>A form</h1>
<form action="form.py">
<p><label>Name <input name="name" value="{name}"></label></p>
<p><label>Note <textarea name="note" rows="3">\n{note}</textarea></label></p>
<p><button>Send by GET</button> <button formmethod="post">Send by POST</button></p>
</form>
<h2>What arrived by {html.escape(method)}, {source}</h2>
<pre>{html.escape(sent) or "nothing yet"}</pre>
<h2>And decoded</h2>
<table>""")
for key, value in values.items():
    print(f"<tr><th scope=row>{html.escape(key)}</th><td>{html.escape(value)}</td></tr>")
print("</table>\n</main>")
