# A FastCGI program, or an SCGI program where its name ends in ".scgi", that is asked by the path what it is to do. It takes its connections
# from descriptor 0, one after the other.
import os, socket, struct, sys, time

listener = socket.socket(fileno=0)


def exactly(connection, size):
    out = b""
    while len(out) < size:
        piece = connection.recv(size - len(out))
        if not piece:
            raise EOFError
        out += piece
    return out


def take_record(connection):
    _, kind, _, size, padding, _ = struct.unpack(">BBHHBB", exactly(connection, 8))
    return kind, exactly(connection, size + padding)[:size]


def send_record(connection, kind, data=b""):
    connection.sendall(struct.pack(">BBHHBB", 1, kind, 1, len(data), 0, 0) + data)


def pairs(data):
    out, at = {}, 0
    while at < len(data):
        sizes = []
        for _ in range(2):
            size = data[at]
            at += 1
            if size > 127:
                size = (size & 127) << 24 | int.from_bytes(data[at:at + 3], "big")
                at += 3
            sizes.append(size)
        out[data[at:at + sizes[0]].decode()] = data[at + sizes[0]:at + sum(sizes)].decode()
        at += sum(sizes)
    return out


class FastCGI:
    def __init__(self, connection):
        self.connection = connection

    def begin(self):
        kind, data = take_record(self.connection)
        assert kind == 1, kind
        self.keep = data[2] & 1
        self.read_whole = False
        params = b""
        while True:
            kind, data = take_record(self.connection)
            if not data:
                return pairs(params)
            params += data

    def read(self):
        if self.read_whole:
            return b""
        kind, data = take_record(self.connection)
        if kind == 2:  # FCGI_ABORT_REQUEST
            raise EOFError
        assert kind == 5, kind
        self.read_whole = not data
        return data

    def write(self, data):
        for at in range(0, len(data), 65000):
            send_record(self.connection, 6, data[at:at + 65000])

    def complain(self, data):
        send_record(self.connection, 7, data)

    def end(self):
        body_of(self)
        send_record(self.connection, 3, struct.pack(">IB3x", 0, 0))
        return self.keep


class SCGI:
    def __init__(self, connection):
        self.connection = connection

    def begin(self):
        size = b""
        while not size.endswith(b":"):
            size += exactly(self.connection, 1)
        words = exactly(self.connection, int(size[:-1]) + 1)[:-2].decode().split("\0")
        out = dict(zip(words[::2], words[1::2]))
        self.left = int(out["CONTENT_LENGTH"])
        return out

    def read(self):
        data = self.connection.recv(min(self.left, 65536)) if self.left else b""
        self.left -= len(data)
        return data

    def write(self, data):
        self.connection.sendall(data)

    def complain(self, data):
        sys.stderr.buffer.write(data)

    def end(self):
        return False


def body_of(request):
    out = b""
    while True:
        piece = request.read()
        if not piece:
            return out
        out += piece


def wait_for(name):
    while not os.path.exists(name):
        time.sleep(0.01)


def answer(request, variables):
    path = variables.get("PATH_INFO", "")

    def text(data):
        request.write(b"Content-Type: text/plain\r\n\r\n" + data)

    if path == "/pid":
        text(str(os.getpid()).encode())
    elif path == "/variables":
        text("".join(f"{k}={v}\n" for k, v in sorted(variables.items())).encode())
    elif path == "/process":
        links = []
        for fd in os.listdir("/proc/self/fd"):
            try:
                links.append(fd + " " + os.readlink("/proc/self/fd/" + fd))
            except OSError:
                pass
        text(repr([sorted(os.environ), links, os.getcwd(), os.getpgrp() == os.getpid()]).encode())
    elif path == "/echo":
        text(body_of(request))
    elif path == "/ignore":
        text(b"not read")
    elif path == "/stream":
        text(b"one\n")
        wait_for("go")
        request.write(b"two\n")
    elif path == "/sleep":
        open("begun", "w").close()
        time.sleep(1000)
    elif path == "/exit":
        print("on its way out", file=sys.stderr, flush=True)
        os._exit(3)
    elif path == "/exit-within":
        text(b"x" * 1000)
        time.sleep(0.3)
        os._exit(0)
    elif path == "/last":
        text(str(os.getpid()).encode())
        return False
    elif path == "/large":
        text(b"x" * int(variables["QUERY_STRING"]))
    elif path == "/endless":
        try:
            text(b"x")
            while True:
                request.write(b"x" * 1000)
                time.sleep(0.01)
        finally:
            open("told", "w").close()
    elif path == "/stderr":
        print("printed", flush=True)
        request.complain(b"complained\n")
        text(b"x")
    elif path == "/read":
        try:
            text(open(variables["QUERY_STRING"], "rb").read())
        except OSError as error:
            text(type(error).__name__.encode())
    elif path == "/fork":
        child = os.fork()
        if child == 0:
            time.sleep(1000)
        text(str(child).encode())
    else:
        text(b"hello from " + path.encode())
    return True


kind = SCGI if sys.argv[0].endswith(".scgi") else FastCGI
more = True
while more:
    connection, _ = listener.accept()
    try:
        while more:
            request = kind(connection)
            more = answer(request, request.begin())
            if not request.end():
                break
    except (EOFError, OSError):
        pass
    connection.close()
