#!/usr/bin/env python3
"""A program that answers web requests (CGI). The server runs it anew for each request:

- about the request: environment variables, such as REQUEST_METHOD and QUERY_STRING
- the request's body: standard input, CONTENT_LENGTH bytes long
- what it prints: header lines, an empty line, then the page
- error messages: standard error (print(..., file=sys.stderr)), which goes to the server's log

It is a program like any other: try it by hand with words in the place of a request, name=Ada.
"""
import html
import os
import sys
from urllib.parse import parse_qs

# Whatever the server's locale is, the page is UTF-8.
sys.stdout.reconfigure(encoding="utf-8", errors="replace")

# What follows the ? in the address arrives in QUERY_STRING; what a form sends by POST, on standard
# input. Read as many bytes as were sent and no more, and look at the number first. Without a server
# there is no request; the words of the command line then stand for what follows the ?.
method = os.environ.get("REQUEST_METHOD", "GET")
if method == "POST":
    length = int(os.environ.get("CONTENT_LENGTH") or 0)
    if length > 65536:
        print("Status: 413 Content Too Large\nContent-Type: text/plain\n\nAt most 64 KiB, please.")
        sys.exit()
    sent = sys.stdin.buffer.read(length).decode("utf-8", "replace")
else:
    sent = os.environ.get("QUERY_STRING", "&".join(sys.argv[1:]))

# name=Ada&tea=green becomes {"name": ["Ada"], "tea": ["green"]}; a name may come more than once.
fields = parse_qs(sent)

# Never print what somebody sent as it is: <script> in it would run in the reader's browser.
name = html.escape(fields.get("name", ["world"])[-1])

# The header lines; the empty line ends them. Everything after it is the page.
print(f"""Content-Type: text/html; charset=utf-8

<!doctype html>
<html lang="en">
<title>Hello</title>
<h1>Hello, {name}!</h1>
<form>
<p><label>Name <input name="name" value="{name}"></label>
<button>Send by GET</button> <button formmethod="post">Send by POST</button></p>
</form>
<p>This came by {html.escape(method)}:</p>
<pre>{html.escape(sent)}</pre>""")
