#!/usr/bin/env python3
"""Runs the tour's server in twenty lines, tour/server.py, and tells the page of each call it makes.

GET with ?run starts a session. The response lasts as long as the page reads it: a line of JSON for each
event. A plain GET is answered with what this is for.
POST with ?session=...&do=connect, send or hang-up has the client of a session act; it can connect to
that session's own server and to nothing else. For send, the body is what is sent.

The two meet at a Unix socket that has no file, so nothing is left behind however the program ends.
"""
import base64
import hmac
import json
import os
import secrets
import socket
import struct
import sys
import threading
import time
import types
from pathlib import Path
from urllib.parse import parse_qs

LIFE_S = 300
BEAT_S = 5  # an empty line this often, so that the server sees that the program is alive
PATIENCE_S = 5
LIMIT = 8 * 1024
CONNECTION_LIMIT = 256 * 1024  # what one connection can make the server keep
SITE = os.environ.get("DOCUMENT_ROOT") or Path(__file__).resolve().parent.parent / "www"

writing = threading.Lock()


def write_line(text):
    try:
        with writing:
            print(text, flush=True)
    except OSError:
        os._exit(0)  # nobody reads any more


def announce(**event):
    write_line(json.dumps({k: base64.b64encode(v).decode() if isinstance(v, bytes) else v
                           for k, v in event.items()}))


def told(name, after):
    """A method of a socket that says when it is called, in which line, and what comes of it."""
    def call(self, *given):
        line = sys._getframe(1).f_lineno
        announce(call=name, line=line, state="called")
        result = getattr(socket.socket, name)(self, *given)
        announce(call=name, line=line, state="returned", **after(self, given, result))
        return result
    return call


class watched(socket.socket):
    """The socket that the twenty lines get: a real one that announces its calls."""

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        if "fileno" not in named:
            announce(call="socket", line=sys._getframe(1).f_lineno, state="returned",
                     text=f"descriptor {self.fileno()}")

    def accept(self):
        line = sys._getframe(1).f_lineno
        announce(call="accept", line=line, state="called")
        plain, address = super().accept()
        connection = watched(fileno=plain.detach())
        announce(call="accept", line=line, state="returned",
                 text=f"descriptor {connection.fileno()}, client {address[0]}:{address[1]}")
        return connection, address

    bind = told("bind", lambda s, given, _: {"text": "{}:{}".format(*s.getsockname())})
    listen = told("listen", lambda s, given, _: the_client.may_connect(s.getsockname()))
    recv = told("recv", lambda s, given, result: {"bytes": result})
    sendall = told("sendall", lambda s, given, _: {"bytes": bytes(given[0])})
    close = told("close", lambda s, given, _: {})


class client:
    """Your side of the conversation."""
    address = end = None
    sent = 0

    def may_connect(self, address):
        self.address = address
        return {"port": address[1]}

    def connect(self, _):
        if self.end is not None or self.address is None:
            return "There is a connection already." if self.end else "The server does not listen yet."
        self.end = socket.create_connection(self.address, PATIENCE_S)
        self.end.settimeout(None)
        self.sent = 0
        announce(client="connected", port=self.end.getsockname()[1])
        threading.Thread(target=self.read, args=(self.end,), daemon=True).start()

    def send(self, content):
        if self.end is None:
            return "There is no connection."
        self.sent += len(content)
        if self.sent > CONNECTION_LIMIT:
            return "That is enough for one connection: hang up."
        announce(client="sent", bytes=content)
        self.end.sendall(content)

    def hang_up(self, _):
        if self.end is None:
            return "There is no connection."
        self.end.shutdown(socket.SHUT_RDWR)

    def read(self, end):
        try:
            while received := end.recv(4096):
                announce(client="received", bytes=received)
        except OSError:
            pass
        end.close()
        self.end = None
        announce(client="closed")


the_client = client()
ACTIONS = {"connect": client.connect, "send": client.send, "hang-up": client.hang_up}


def place_of(name):
    return f"\0gatehouse-tour-{name}"


def everything(peer):
    content = b""
    while len(content) <= LIMIT + 200 and (piece := peer.recv(4096)):
        content += piece
    return content


def obey(control, key):
    """Does what the page's other requests ask for, until the session is too old."""
    end = time.monotonic() + LIFE_S
    control.settimeout(BEAT_S)
    while time.monotonic() < end:
        write_line("")
        try:
            peer, _ = control.accept()
        except TimeoutError:
            continue
        with peer:
            try:
                peer.settimeout(PATIENCE_S)
                _, user, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
                given, action, content = everything(peer).split(b"\n", 2)
                if user != os.geteuid() or not hmac.compare_digest(given, key.encode()):
                    continue
                peer.sendall((ACTIONS[action.decode()](the_client, content) or "").encode() or b"ok")
            except (OSError, ValueError, KeyError) as error:
                announce(trouble=str(error))
    announce(ended="Five minutes are over.")
    os._exit(0)


def run():
    name, key = secrets.token_hex(8), secrets.token_hex(16)
    control = socket.socket(socket.AF_UNIX)
    control.bind(place_of(name))
    control.listen()
    print("Content-Type: text/plain; charset=utf-8\nX-Content-Type-Options: nosniff\nCache-Control: no-store\n")
    announce(session=f"{name}.{key}")
    threading.Thread(target=obey, args=(control, key), daemon=True).start()
    # What the twenty lines import as socket is the module of that name with another class in it.
    module = types.ModuleType("socket")
    module.__dict__.update(vars(socket), socket=watched)
    sys.modules["socket"] = module
    file = Path(SITE) / "tour" / "server.py"
    try:
        code = compile(file.read_bytes(), "server.py", "exec")
        exec(code, {"__name__": "__main__", "print": lambda text: announce(printed=text)})
    except PermissionError as error:
        announce(ended=f"The system does not let the program do this: {error}. With --sandbox it may not.")
    except Exception as error:
        announce(ended=f"The server ended: {error}")


def answer(status, text=""):
    print(f"Status: {status}\nContent-Type: text/plain; charset=utf-8\nCache-Control: no-store\n\n{text}")


def drive():
    asked = parse_qs(os.environ.get("QUERY_STRING", ""))
    name, _, key = asked.get("session", [""])[0].partition(".")
    action = asked.get("do", [""])[0]
    length = int(os.environ.get("CONTENT_LENGTH") or 0)
    if action not in ACTIONS or not (name.isalnum() and key.isalnum() and name.isascii() and len(name) == 16):
        return answer("400 Bad Request", "This wants ?session=...&do=connect, send or hang-up.")
    if length > LIMIT:
        return answer("413 Content Too Large", f"At most {LIMIT} bytes, please.")
    content = sys.stdin.buffer.read(length)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(PATIENCE_S)
        try:
            peer.connect(place_of(name))
            peer.sendall(f"{key}\n{action}\n".encode() + content)
            peer.shutdown(socket.SHUT_WR)
            result = peer.recv(1000).decode()
        except OSError:
            result = ""
    if result == "ok":
        answer("200 OK", "ok")
    elif result:
        answer("409 Conflict", result)
    else:
        answer("404 Not Found", "There is no such session any more.")


method = os.environ.get("REQUEST_METHOD", "GET")
if method == "POST":
    drive()
elif method == "GET" and os.environ.get("QUERY_STRING") == "run":
    run()
elif method == "GET":
    answer("200 OK", "The first step of the tour, /tour/1-server.html, runs its server in twenty lines by this.")
else:
    answer("405 Method Not Allowed\nAllow: GET, POST", "Only GET and POST.")
