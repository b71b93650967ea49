"""Runs a Python web application (WSGI, PEP 3333) for the server that started this process.

The server speaks HTTP. A worker gets each request over a socket that it has with the server, calls
the application, and sends back what it answers. What goes over the socket are frames: a letter, a
length in 4 bytes, and so many bytes.

    server -> worker   R  a request: the size of the environ in 4 bytes, the environ, and as much of
                          the request's body as the server has at hand
                       B  more of the body, as an answer to P; nothing: that was all of it
                       C  nobody waits for the answer any more
    worker -> server   P  asks for more of the body: at most so many bytes
                       D  the next bytes of the answer, which begins with its header as in CGI
                       E  the answer is whole
                       T  it is not, and why: a code, a sentence and a traceback, with NUL between

One request at a time goes over a socket, and each ends with E or T. The end of the socket is the
end of the worker. Its standard output and standard error are the server's log.
"""

import array
import fcntl
import functools
import gc
import os
import re
import select
import signal
import socket
import stat
import struct
import sys
import threading
import traceback

FRAME = struct.Struct(">cI")
END = FRAME.pack(b"E", 0)
PIECE = 256 * 1024  # the most that is asked for at once
FRAME_LIMIT = 16 * 1024 * 1024
TRACEBACK_LIMIT = 48 * 1024

FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z").match
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
STATUS = re.compile(r"[1-9][0-9][0-9](?: |\Z)").match


class Fault(Exception):
    """The application did what PEP 3333 does not allow."""


class ServerGone(BaseException):
    """There is nobody to work for."""


class Channel:
    """One socket to the server, as frames."""

    def __init__(self, connection):
        self.connection = connection
        self.rest = b""  # what came behind the last frame that was read
        self.lock = threading.Lock()  # of the turns that this channel is used for

    def read(self):
        """The next frame: its letter and its bytes."""
        data = self.rest
        while len(data) < FRAME.size:
            more = self.connection.recv(65536)
            if not more:
                raise ServerGone
            data += more
        kind, length = FRAME.unpack_from(data)
        end = FRAME.size + length
        if len(data) < end:
            pieces = [data]
            missing = end - len(data)
            while missing > 0:
                more = self.connection.recv(min(missing, PIECE))
                if not more:
                    raise ServerGone
                pieces.append(more)
                missing -= len(more)
            data = b"".join(pieces)
        self.rest = data[end:]
        return kind, data[FRAME.size : end]

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError:
            raise ServerGone from None

    def has_input(self):
        return bool(self.rest) or bool(select.select([self.connection], [], [], 0)[0])


class Turn:
    """The use of a channel for one request: `channel`, and None when the answer is whole.

    A thread that the application left running may still write to that answer or read that
    request's body: it gets an error then, and nothing of the next request.
    """

    __slots__ = ("channel",)

    def taken(self):
        """The channel, with its lock held: nobody else sends within what is sent now."""
        channel = self.channel
        if channel is not None:
            channel.lock.acquire()
            if self.channel is not None:
                return channel
            channel.lock.release()
        raise OSError("the request that this belongs to has ended")

    def send(self, *parts):
        """Sends parts that belong together."""
        channel = self.taken()
        try:
            for part in parts:
                channel.send(part)
        finally:
            channel.lock.release()

    def send_last(self, data):
        channel = self.taken()
        self.channel = None
        try:
            channel.send(data)
        finally:
            channel.lock.release()

    def send_file(self, fd, at, size):
        """Sends so many bytes of a file as one frame, through the kernel."""
        channel = self.taken()
        try:
            channel.send(FRAME.pack(b"D", size))
            while size > 0:
                try:
                    sent = os.sendfile(channel.connection.fileno(), fd, at, size)
                except OSError:
                    raise ServerGone from None
                if sent == 0:
                    raise ServerGone  # the file became shorter within a frame
                at += sent
                size -= sent
        finally:
            channel.lock.release()

    def pull(self, size):
        """Asks for at most so many bytes of the request's body. Gives the frame that comes."""
        channel = self.taken()
        try:
            channel.send(FRAME.pack(b"P", 4) + struct.pack(">I", size))
            return channel.read()
        finally:
            channel.lock.release()

    def is_unwanted(self):
        """Whether the server has said that the client has left."""
        channel = self.taken()
        try:
            return channel.has_input() and channel.read()[0] == b"C"
        finally:
            channel.lock.release()


class Input:
    """wsgi.input: the request's body, which is asked for as the application reads it."""

    __slots__ = ("_at", "_buffer", "_missing", "_turn")

    def __init__(self, turn, first, length):
        self._turn = turn
        self._buffer = first
        self._at = 0  # how much of the buffer was read
        self._missing = length - len(first)  # what the server still has

    def _fill(self):
        """Puts more into the buffer; whether there was more."""
        if self._missing <= 0:
            return False
        kind, data = self._turn.pull(min(self._missing, PIECE))
        if kind != b"B" or not data:
            self._missing = 0
            raise OSError("the client left before its request's body was whole")
        self._missing -= len(data)
        rest = self._buffer[self._at :]
        self._buffer = rest + data if rest else data
        self._at = 0
        return True

    def _take(self, size):
        data = self._buffer[self._at : self._at + size]
        self._at += len(data)
        return data

    def read(self, size=-1):
        if size is None or size < 0:
            size = len(self._buffer) - self._at + max(0, self._missing)
        pieces = []
        while size > 0:
            if self._at == len(self._buffer) and not self._fill():
                break
            pieces.append(self._take(size))
            size -= len(pieces[-1])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readline(self, size=-1):
        if size is None or size < 0:
            size = len(self._buffer) - self._at + max(0, self._missing)
        pieces = []
        while size > 0:
            if self._at == len(self._buffer) and not self._fill():
                break
            end = self._buffer.find(b"\n", self._at) + 1
            pieces.append(self._take(min(size, end - self._at) if end > 0 else size))
            size -= len(pieces[-1])
            if end > 0 and pieces[-1].endswith(b"\n"):
                break
        return b"".join(pieces)

    def readlines(self, hint=-1):
        lines = []
        size = 0
        for line in self:
            lines.append(line)
            size += len(line)
            if hint is not None and 0 < hint <= size:
                break
        return lines

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line


class FileWrapper:
    """wsgi.file_wrapper: what the application gives back to have a file sent."""

    def __init__(self, file, block_size=65536):
        self.file = file
        self.block_size = block_size
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self):
        return iter(lambda: self.file.read(self.block_size), b"")

    def regular_file(self):
        """The descriptor of a file on a disk, where in it to begin, and how much follows."""
        try:
            fd = self.file.fileno()
            at = self.file.tell()
            status = os.fstat(fd)
        except (AttributeError, OSError, ValueError):
            return None
        return (fd, at, max(0, status.st_size - at)) if stat.S_ISREG(status.st_mode) else None


@functools.lru_cache(maxsize=64)
def is_status(text):
    return bool(STATUS(text)) and not CONTROL(text)


@functools.lru_cache(maxsize=256)
def in_lower_case(name):
    """The name of a header field; nothing if it is none."""
    return name.lower() if FIELD_NAME(name) else ""


class Head:
    """A status and header fields that start_response() was called with, as CGI has them."""

    __slots__ = ("has_content", "length", "text")

    def __init__(self, status, headers):
        if type(status) is not str:
            raise Fault(f"start_response() got a status that is no str: {status!r}")
        if not is_status(status):
            raise Fault(f"start_response() got a status that is none: {status!r}")
        if not isinstance(headers, list):
            raise Fault(f"start_response() got headers that are no list: {headers!r}")
        self.length = None  # that the application promises
        self.has_content = status[:3] not in ("204", "304")
        lines = [f"Status: {status}\r\n"]
        for header in headers:
            if type(header) is not tuple or len(header) != 2:
                raise Fault(f"start_response() got a header that is no tuple of two: {header!r}")
            name, value = header
            if type(name) is not str or type(value) is not str:
                raise Fault(f"start_response() got a header that is not of str: {header!r}")
            known = in_lower_case(name)
            if not known:
                raise Fault(f"start_response() got a header whose name is none: {header!r}")
            if not value.isprintable() and CONTROL(value):
                raise Fault(f"start_response() got a header with a line break in it: {header!r}")
            if known == "status":
                raise Fault("start_response() got a Status header, which is for CGI alone")
            if known == "content-length":
                self.length = value
            if known != "transfer-encoding":  # of the connection, which is the server's
                lines.append(f"{name}: {value}\r\n")
        try:
            self.text = "".join(lines).encode("latin-1")
        except UnicodeEncodeError as wrong:
            raise Fault(f"start_response() got what latin-1 has not: {wrong.object!r}") from None

    def with_length(self, length):
        """The bytes to send. length: of the whole content, if that is known."""
        if length and self.length is None and self.has_content:
            return b"%sContent-Length: %d\r\n\r\n" % (self.text, length)
        return self.text + b"\r\n"


def bytes_of(piece):
    if type(piece) is not bytes and not isinstance(piece, bytes):
        raise Fault(f"the application gave {type(piece).__name__} for bytes: {piece!r:.80}")
    return piece


class Answer(Turn):
    """What the application answers to one request."""

    __slots__ = ("head", "head_sent")

    def __init__(self, channel):
        self.channel = channel
        self.head = None
        self.head_sent = False

    def start_response(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.head_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # which refers to this frame
        elif self.head is not None:
            raise Fault("start_response() was called again without exc_info")
        self.head = Head(status, headers)
        return self.write

    def take_head(self, length=None):
        """The bytes of the header, which are to be sent with the content that follows."""
        if self.head_sent:
            return b""
        if self.head is None:
            raise Fault("start_response() was not called before the first bytes of the answer")
        self.head_sent = True
        return self.head.with_length(length)

    def write(self, data):
        data = bytes_of(data)
        if not data:
            return
        head = self.take_head()
        if len(data) <= PIECE:
            self.send(FRAME.pack(b"D", len(head) + len(data)) + head + data)
            return
        if head:
            self.send(FRAME.pack(b"D", len(head)) + head)
        for start in range(0, len(data), FRAME_LIMIT):
            piece = memoryview(data)[start : start + FRAME_LIMIT]
            self.send(FRAME.pack(b"D", len(piece)), piece)

    def write_whole(self, pieces):
        """All of the content, with the end of the answer."""
        content = bytes_of(pieces[0]) if len(pieces) == 1 else b"".join(map(bytes_of, pieces))
        if len(content) > PIECE:
            self.write(content)
            return self.end()
        head = self.take_head(len(content) if len(pieces) == 1 else None)
        size = len(head) + len(content)
        self.send_last(b"".join((FRAME.pack(b"D", size), head, content, END)))

    def write_file(self, wrapper):
        """Sends a file through the kernel; whether it is one that can be sent so."""
        file = wrapper.regular_file()
        if file is None:
            return False
        fd, at, left = file
        head = self.take_head(left)
        if (self.head.length or "").isdecimal():
            left = min(left, int(self.head.length))
        self.send(FRAME.pack(b"D", len(head)) + head)
        while left > 0 and not self.is_unwanted():
            wanted = min(left, PIECE)
            self.send_file(fd, at, wanted)
            at += wanted
            left -= wanted
        return True

    def end(self):
        head = self.take_head()
        frame = FRAME.pack(b"D", len(head)) + head if head else b""
        self.send_last(frame + END)

    def trouble(self, code, sentence, trace):
        text = "\0".join((code, sentence, trace[-TRACEBACK_LIMIT:]))
        text = text.encode("utf-8", "backslashreplace")
        self.send_last(FRAME.pack(b"T", len(text)) + text)


def traceback_text():
    """The traceback of the exception that is handled, without the frames of this file."""
    kind, exception, trace = sys.exc_info()
    while trace is not None and trace.tb_frame.f_globals is globals():
        trace = trace.tb_next
    return "".join(traceback.format_exception(kind, exception, trace))


def respond(application, environ, answer):
    """Calls the application and sends what it answers, but for the end. Whether that was sent."""
    result = application(environ, answer.start_response)
    if result is None:
        raise Fault("the application returned None, and nothing to iterate over")
    try:
        if (type(result) is list or type(result) is tuple) and not answer.head_sent:
            answer.write_whole(result)
            return True
        if type(result) is FileWrapper and answer.write_file(result):
            return False
        for piece in result:
            if answer.head_sent and answer.is_unwanted():
                break
            answer.write(piece)
    finally:
        if hasattr(result, "close"):
            result.close()
    return False


def serve_request(channel, application, constants, payload):
    size = int.from_bytes(payload[:4], "big") + 4
    words = payload[4:size].decode("latin-1").split("\0")
    environ = {**dict(zip(words[::2], words[1::2])), **constants}
    environ["wsgi.url_scheme"] = environ.get("REQUEST_SCHEME", "http")
    length = environ.get("CONTENT_LENGTH", "")
    answer = Answer(channel)
    environ["wsgi.input"] = Input(answer, payload[size:], int(length) if length.isdecimal() else 0)
    try:
        if not respond(application, environ, answer):
            answer.end()
    except Fault as wrong:
        answer.trouble("wsgi-bad-answer", str(wrong), traceback_text())
    except ServerGone:
        raise
    except BaseException as failure:
        kind = type(failure).__name__
        text = f"{kind}: {failure}" if str(failure) else kind
        answer.trouble("wsgi-exception", text, traceback_text())
        if not isinstance(failure, Exception):
            raise


def serve(connection, application, constants):
    channel = Channel(connection)
    try:
        while True:
            kind, payload = channel.read()
            if kind == b"R":  # a C may have crossed the end of the last answer
                serve_request(channel, application, constants, payload)
    except (ServerGone, OSError):
        connection.close()


def serve_all(connections, application, several_workers):
    """Serves each connection on a thread of its own, until the last has ended."""
    constants = {
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": len(connections) > 1,
        "wsgi.multiprocess": several_workers,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
    }
    if len(connections) == 1:
        return serve(connections[0], application, constants)
    threads = [
        threading.Thread(target=serve, args=(connection, application, constants), daemon=True)
        for connection in connections
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def imported(name):
    """The module of this name. Other than import_module(), this leaves no frames of the import
    itself in a traceback."""
    try:
        __import__(name)
    except ModuleNotFoundError as missing:
        if not f"{name}.".startswith(f"{missing.name}."):
            raise  # it is the application that misses a module
        why = f"there is no module {missing.name} in {os.getcwd()}, and none that {sys.executable} has installed"
        if name.endswith(".py"):
            raise Fault(f"{why}; a module is named without .py: {name[:-3]}") from None
        raise Fault(f"{why}; dir=PATH names another directory, python=PATH another interpreter") from None
    return sys.modules[name]


def found(target):
    """The application that MODULE[:CALLABLE] names."""
    module_name, _, name = target.partition(":")
    module = imported(module_name)
    if not name:
        for name in ("application", "app"):
            if hasattr(module, name):
                break
        else:
            raise Fault(f"{module_name} has neither `application` nor `app`; name it: {module_name}:NAME")
    factory = name.endswith("()")
    application = module
    for part in (name[:-2] if factory else name).split("."):
        application = getattr(application, part)
    if factory:
        application = application()
    if not callable(application):
        raise Fault(f"{target} is {type(application).__name__} and cannot be called")
    return application


SOURCES_LIMIT = 200 * 1024


def sources():
    """The files that the application is made of, for the server to watch: the Python below its
    directory, and the modules that it has loaded from elsewhere, but for what is installed."""
    installed = (sys.prefix + os.sep, sys.base_prefix + os.sep)
    found = {
        module.__file__: None
        for module in list(sys.modules.values())
        if isinstance(getattr(module, "__file__", None), str) and not module.__file__.startswith(installed)
    }
    for directory, below, files in os.walk(os.getcwd()):
        below[:] = [
            name
            for name in below
            if not name.startswith((".", "__pycache__", "node_modules"))
            and not os.path.exists(os.path.join(directory, name, "pyvenv.cfg"))
        ]
        found.update((os.path.join(directory, name), None) for name in files if name.endswith(".py"))
    text = "\0".join(path for path in found if os.path.isabs(path) and "\0" not in path)
    return text[: text.rfind("\0", 0, SOURCES_LIMIT)] if len(text) > SOURCES_LIMIT else text


def end_with(lifeline):
    """Has the kernel kill this process, with its group, when the server's end of a socket closes."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, getattr(fcntl, "F_SETSIG", 10), signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:
        os._exit(1)  # it has closed already


def receive(control):
    """What the server says next, a letter, and the descriptors that come with it."""
    size = array.array("i").itemsize
    word, ancillary, _, _ = control.recvmsg(1, socket.CMSG_SPACE(1024 * size))
    fds = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % size])
    for fd in fds:
        os.set_inheritable(fd, False)
    return word, list(fds)


def tell(control, kind, text=""):
    data = text.encode("utf-8", "backslashreplace")
    control.sendall(FRAME.pack(kind, len(data)) + data)


def connections_of(fds):
    return [socket.socket(fileno=fd) for fd in fds]


def fork_worker(ours, application, several_workers, fds):
    """Forks a worker with a log, a lifeline and connections of its own."""
    pid = os.fork()
    if pid != 0:
        for fd in fds:
            os.close(fd)
        return tell(ours[0], b"S", str(pid))
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for one in ours:
        one.close()
    os.setpgid(0, 0)
    os.dup2(fds[0], 1)
    os.dup2(fds[0], 2)
    os.close(fds[0])
    end_with(fds[1])
    serve_all(connections_of(fds[2:]), application, several_workers)
    sys.exit()


def reap(control):
    """Tells the server which workers have ended, and how."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        tell(control, b"D", f"{pid} {status}")


def fork_workers(control, lifeline, application, several_workers):
    """Forks a worker each time that the server asks for one, until it asks no more."""
    gc.freeze()  # what is there now is not written to by the workers' collectors
    woken, wake = socket.socketpair()
    woken.setblocking(False)
    wake.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            woken.recv(4096)
            reap(control)
        if control in ready:
            word, fds = receive(control)
            if not word:
                signal.set_wakeup_fd(-1)  # A worker may still end, and these sockets end now.
                return
            fork_worker((control, lifeline, woken, wake), application, several_workers, fds)


def main(target, several_workers, preload, watched):
    control = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout.reconfigure(line_buffering=True)
    sys.path[0] = os.getcwd()
    sys.argv = [target]
    word, fds = receive(control)
    if not word:
        return
    lifeline = connections_of(fds)[0]
    end_with(lifeline)
    try:
        application = found(target)
    except Fault as wrong:
        return tell(control, b"T", str(wrong))
    except BaseException:
        return tell(control, b"T", traceback_text())
    tell(control, b"R", sources() if watched else "")
    if preload:
        return fork_workers(control, lifeline, application, several_workers)
    word, fds = receive(control)
    if word:
        serve_all(connections_of(fds), application, several_workers)


if __name__ == "__main__":
    main(sys.argv[1], *(word in sys.argv[2:] for word in ("several", "preload", "watched")))
