#!/usr/bin/env python3
"""A file upload: what multipart/form-data looks like and how to take it apart, byte for byte.

The body is parts between lines of "--boundary"; each part has header lines of its own.
"""
import hashlib
import html
import os
import sys
from email import message_from_string

LIMIT = 8 * 1024 * 1024
sys.stdout.reconfigure(encoding="utf-8", errors="replace")


def files(length, boundary):
    body = b"\r\n" + sys.stdin.buffer.read(length)
    line = b"\r\n--" + boundary.encode("utf-8", "replace")
    for part in body.split(line)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        text = head.decode("utf-8", "replace").lstrip()
        head = message_from_string(text)
        name = head.get_param("filename", header="content-disposition")
        if name and isinstance(name, str):
            yield name, head.get_content_type(), content


def answer(text, status="200 OK"):
    print(f"""Status: {status}\nContent-Type: text/html; charset=utf-8

<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<title>An upload</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/style.css">
<nav><a href="/">Gatehouse</a></nav>
<main>
<h1>An upload</h1>
<form method="post" enctype="multipart/form-data" action="upload.py">
<p><label>Files <input type="file" name="file" multiple required></label></p>
<p><button>Upload</button> up to {LIMIT >> 20} MB, looked at and not kept</p>
</form>
{text}</main>""")


message = message_from_string(f"Content-Type: {os.environ.get('CONTENT_TYPE', '')}\n\n")
length = int(os.environ.get("CONTENT_LENGTH") or 0)
if os.environ.get("REQUEST_METHOD") != "POST":
    answer("")
elif length > LIMIT:
    answer("<p>That is too much.</p>", "413 Content Too Large")
elif message.get_content_type() != "multipart/form-data" or not message.get_boundary():
    answer("<p>That is not multipart/form-data.</p>", "415 Unsupported Media Type")
else:
    found = [f"""<h2>{html.escape(name)}</h2>
<table>
<tr><th scope=row>Type<td>{html.escape(kind)}
<tr><th scope=row>Size<td>{len(content)} bytes
<tr><th scope=row>SHA-256<td><code>{hashlib.sha256(content).hexdigest()}</code>
<tr><th scope=row>Begins<td><code>{content[:16].hex(" ")}</code>
</table>
""" for name, kind, content in files(length, message.get_boundary())]
    answer("".join(found) or "<p>There was no file in it.</p>")
