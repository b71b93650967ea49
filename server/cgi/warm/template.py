"""A template: a Python interpreter that starts CGI scripts by fork and not anew.

The server starts it with the words of a script's #! line, as

    python3 [FLAGS] -c "import posix; exec(posix.read(0, 262144))"

with a Unix socket (SOCK_SEQPACKET) as descriptor 0. The first message on it is this text, the second
one says what holds for all scripts (Settings), and each other one names a script to be started, with
four descriptors: its standard input, output and error, and a socket of this start. The template reads
nothing of the request. It forks the child by clone(CLONE_PARENT), so that the child is the server's own.
The child tells its process id on the socket of its start before it runs anything of the script. Then
the server sends arguments and environment there; where it has closed the other end, the child ends: no
script starts twice.

A script is to see what it sees when execve(2) starts it. docs/warm.md says what differs.
"""

import _frozen_importlib_external as loaders
import sys

BARE = frozenset(sys.modules)  # what a cold start has in memory, too

import _socket
import _thread
import _weakref
import array
import atexit
import builtins
import gc
import io
import os
import posix
import time

MESSAGE = 262144  # bytes of a message at most
CODE_KEPT = 64  # scripts whose code is kept
SOURCE_KEPT = 1 << 20  # bytes of a source that is compiled ahead
SETTLED = 2_000_000_000  # ns: what is younger may change again within a tick of the clock
OBJECTS_LOOKED_AT = 20_000  # at a script's end

# Library modules that are not imported ahead: they write, belong to one process, or look at the
# request or at a terminal.
NEVER = frozenset(
    "antigravity asyncio code concurrent curses distutils ensurepip fileinput getpass idlelib"
    " lib2to3 multiprocessing pdb pty readline rlcompleter site sitecustomize test this tkinter turtle"
    " turtledemo tty usercustomize venv webbrowser".split()
)


class Failure(Exception):
    """Why this interpreter cannot be a template."""


class Settings:
    """What holds for all scripts: words NAME=VALUE, an empty one, and the environment that the
    template was given. Each word ends in NUL."""

    def __init__(self, message):
        words = message.split(b"\0")[:-1]
        end = words.index(b"")
        named = dict(word.decode().split("=", 1) for word in words[:end])
        self.environment = dict(word.split(b"=", 1) for word in words[end + 1 :])
        self.clone = int(named["clone"])  # numbers of system calls
        self.prctl = int(named["prctl"])
        self.tid_before_tls = named["tid"] == "4"  # the order of clone's arguments
        self.idle = float(named["idle"])
        self.modules = named["load"].split()
        # What setrlimit(2) is told in the child: resource, soft and hard limit.
        self.limits = [tuple(map(int, limit.split(":"))) for limit in named["limits"].split()]


class Start:
    """What the template knows of a start."""

    def __init__(self, message, descriptors):
        directory, script, size, _ = message.split(b"\0")
        self.directory = directory
        self.script = os.fsdecode(script)
        self.size = int(size)  # of the request's words
        # What Python puts in front of sys.path, see compute_path_argv in its source.
        self.place = os.path.dirname(os.path.realpath(self.script))
        self.streams = descriptors[:3]
        self.socket = descriptors[3]


class Forker:
    """clone(2) with CLONE_PARENT, done as the C library's fork does it."""

    CLONE_PARENT = 0x8000
    CLONE_CHILD_CLEARTID = 0x200000
    CLONE_CHILD_SETTID = 0x1000000
    PR_SET_PDEATHSIG = 1
    PR_GET_TID_ADDRESS = 40
    SIGKILL = 9
    SIGCHLD = 17

    def __init__(self, settings):
        try:
            import ctypes
        except ImportError as e:
            raise Failure(f"it has no ctypes: {e}")
        # PyDLL holds on to the interpreter's lock, which a child could not take again. All functions
        # are looked up here, so that a child makes nothing that it would have to finalize.
        python = ctypes.PyDLL(None)
        self.before = python.PyOS_BeforeFork
        self.after_in_child = python.PyOS_AfterFork_Child
        self.after_in_parent = python.PyOS_AfterFork_Parent
        self.keep = python.Py_IncRef
        self.keep.argtypes = [ctypes.py_object]
        self.run_any_file = python.PyRun_AnyFileExFlags
        c = ctypes.PyDLL(None, use_errno=True)
        self.system_call = c.syscall
        self.system_call.restype = ctypes.c_long
        self.open = c.fopen
        self.open.restype = ctypes.c_void_p
        self.flush = c.fflush
        self.pointer = ctypes.c_void_p
        self.address_of = python.PyBytes_AsString
        self.address_of.argtypes = [ctypes.py_object]
        self.address_of.restype = ctypes.c_void_p
        self.c_environment = ctypes.c_void_p.in_dll(c, "environ")
        # The C library keeps the thread's id there. Unless the kernel is told the address, it goes
        # on with the template's.
        tid = ctypes.c_void_p()
        if self.system_call(settings.prctl, self.PR_GET_TID_ADDRESS, ctypes.byref(tid), 0, 0, 0) != 0:
            raise Failure("prctl(PR_GET_TID_ADDRESS): " + os.strerror(ctypes.get_errno()))
        flags = self.CLONE_PARENT | self.CLONE_CHILD_SETTID | self.CLONE_CHILD_CLEARTID
        none = ctypes.c_void_p()
        last = (tid, none) if settings.tid_before_tls else (none, tid)
        self.call = (settings.clone, ctypes.c_long(flags | self.SIGCHLD), none, none, *last)
        # A template that hangs while the server is killed ends, too.
        self.system_call(settings.prctl, self.PR_SET_PDEATHSIG, self.SIGKILL, 0, 0, 0)

    def fork(self):
        """The child's process id, 0 in the child, -1 if there is none."""
        self.before()
        pid = self.system_call(*self.call)
        if pid == 0:
            self.after_in_child()
        else:
            self.after_in_parent()
        return pid

    def set_environment(self, message, words):
        """Makes what getenv(3) reads of the words that the message ends with: pointers into it. A call of
        setenv(3) for each costs more than all else that a child does."""
        at = self.address_of(message) + len(message) - sum(map(len, words)) - len(words)
        pointers = array.array("Q")
        for word in words:
            pointers.append(at)
            at += len(word) + 1
        pointers.append(0)
        self.keep(message)
        self.keep(pointers)
        self.c_environment.value, _ = pointers.buffer_info()

    def run_file(self, script):
        """Has the interpreter read, compile and run the script in __main__, which also prints the
        traceback and obeys SystemExit. Gives whether it ended without an exception."""
        file = self.open(os.fsencode(script), b"rb")
        if file is None:
            raise SystemExit(f"{sys.executable}: can't open file {script!r}")
        return self.run_any_file(self.pointer(file), os.fsencode(script), 1, None) == 0

    def flush_c(self):
        self.flush(None)


class Library:
    """The modules of the interpreter's library that are imported ahead."""

    def __init__(self):
        self.tried = set()
        self.listings = {}  # directory -> (its times, the names of modules that may be in it)
        named = "" if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "")
        # Where a cold start looks for a module before it comes to the library.
        self.before = named.split(os.pathsep) if named else []
        if not all(map(os.path.isabs, self.before)):
            raise Failure("PYTHONPATH names a relative directory")
        # With options for warnings, an import can warn elsewhere than the default shows it.
        self.learns = not sys.warnoptions and hasattr(sys, "stdlib_module_names")

    def names_in(self, directory):
        try:
            status = os.stat(directory)
            times = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            known = self.listings.get(directory)
            if known is None or known[0] != times or time.time_ns() - status.st_mtime_ns < SETTLED:
                names = frozenset(name.partition(".")[0] for name in os.listdir(directory))
                known = self.listings[directory] = (times, names)
            return known[1]
        except OSError:
            return frozenset()

    def hidden_by(self, directory):
        """The modules in memory whose names this directory has, too."""
        ahead = {name.partition(".")[0] for name in sys.modules.keys() - BARE}
        return ahead & self.names_in(directory)

    def learn(self, names, directory):
        """Imports those of the modules that are the library's own."""
        if not self.learns:
            return
        hidden = frozenset().union(*map(self.names_in, [directory, *self.before]))
        for name in names:
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names and top not in NEVER and top not in hidden:
                self.load(name, top, hidden)
                for late in names_imported_late(name):
                    self.load(late, top, hidden)

    def load(self, name, top, hidden):
        if name in self.tried:
            return
        self.tried.add(name)
        before = set(sys.modules)
        warned = import_quietly(name)
        new = sys.modules.keys() - before
        tops = {one.partition(".")[0] for one in new}
        if tops & hidden or tops & NEVER:
            forget(new)
        elif warned:
            # Each script that imports this runs it anew, and sees the warning; what it needs stays.
            forget([one for one in new if one.partition(".")[0] == top])


class Warned:
    """A context that keeps the warnings given in it from being shown; `seen` has them: every one, or
    those that would be shown."""

    def __init__(self, every):
        self.every = every

    def __enter__(self):
        import warnings

        self.caught = warnings.catch_warnings(record=True)
        self.seen = self.caught.__enter__()
        if self.every:
            warnings.simplefilter("always")
        return self

    def __exit__(self, *failure):
        import warnings

        self.caught.__exit__(*failure)
        # The interpreter remembers the filters of the latest warning, and uses them at its end.
        warnings.warn_explicit("", ImportWarning, "template", 0)


def import_quietly(name):
    """Imports the module; gives whether it warned, or was not found or failed."""
    with Warned(every=True) as warned:
        try:
            __import__(name)
        except BaseException:
            return True
    return bool(warned.seen)


def forget(names):
    for name in names:
        sys.modules.pop(name, None)


def imported_names(code):
    """The modules that this code, or a function in it, imports."""
    import dis

    steps = list(dis.get_instructions(code))
    for index, step in enumerate(steps):
        if step.opname == "IMPORT_NAME" and steps[index - 2].argval == 0:  # not a relative one
            yield step.argval
    for inner in filter(is_code, code.co_consts):
        yield from imported_names(inner)


def is_code(constant):
    return isinstance(constant, type(imported_names.__code__))


def names_imported_late(name):
    """The modules of its own package that functions of this module import when they are called."""
    module = sys.modules.get(name)
    package = name.partition(".")[0]
    try:
        code = module.__spec__.loader.get_code(name)
        found = set(imported_names(code))
    except (AttributeError, ImportError, TypeError):
        return []
    return sorted(one for one in found if one.partition(".")[0] == package)


class Scripts:
    """The code of scripts that were started before."""

    def __init__(self):
        self.kept = {}  # path -> (what the file was, its code)

    @staticmethod
    def identity(script):
        s = os.stat(script)
        return (s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)

    def code_of(self, script):
        try:
            identity, code = self.kept[script]
            return code if identity == self.identity(script) else None
        except (KeyError, OSError):
            return None

    def keep(self, script):
        """Compiles the script for its next starts, and gives its code. One that has just changed is
        not kept, nor one that cannot be compiled or warns, because it is to say so at each start."""
        self.kept.pop(script, None)
        try:
            identity = self.identity(script)
            if identity[2] > SOURCE_KEPT or time.time_ns() - max(identity[3:]) < SETTLED:
                return None
            with open(script, "rb") as file, Warned(every=False) as warned:
                code = compile(file.read(), script, "exec", dont_inherit=True)
            if warned.seen or self.identity(script) != identity:
                return None
        except Exception:
            return None
        if len(self.kept) >= CODE_KEPT:
            del self.kept[next(iter(self.kept))]
        self.kept[script] = (identity, code)
        return code


class Template:
    """The process that forks, until it is in a child."""

    def __init__(self, server):
        self.server = server
        null = posix.open("/dev/null", posix.O_RDONLY)
        posix.dup2(null, 0)
        posix.close(null)
        renew_standard_input()
        self.settings = Settings(self.server.recv(MESSAGE))
        self.server.settimeout(self.settings.idle)
        if sys.flags.interactive or sys.flags.inspect or sys.flags.verbose or sys.flags.debug:
            raise Failure("PYTHONINSPECT, PYTHONVERBOSE or PYTHONDEBUG is set")
        self.adds_directory = not (sys.flags.isolated or getattr(sys.flags, "safe_path", False))
        if self.adds_directory:
            del sys.path[0]  # of -c
        self.path = tuple(sys.path)  # what a script has behind its own directory
        self.coerced = self.check_environment()
        self.forker = Forker(self.settings)
        self.library = Library()
        self.scripts = Scripts()
        for name in self.settings.modules:
            if import_quietly(name) and name not in sys.modules:
                self.say(f"note {name} cannot be imported ahead")
        if len(posix.listdir("/proc/self/task")) > 1:
            raise Failure("a module that is imported ahead starts threads")
        self.freeze()

    def say(self, text):
        self.server.send(text.encode("utf-8", "replace"))

    def check_environment(self):
        """The LC_CTYPE that the interpreter has set by itself (PEP 538), else None."""
        now, given = os.environ._data, self.settings.environment
        changed = {name for name in now.keys() | given.keys() if now.get(name) != given.get(name)}
        if changed - {b"LC_CTYPE"}:
            name = os.fsdecode(min(changed - {b"LC_CTYPE"}))
            raise Failure(f"what the #! line starts is a wrapper that changes the environment ({name})")
        return now[b"LC_CTYPE"] if changed else None

    @staticmethod
    def freeze():
        """What is registered with atexit until now belongs to modules that the script may not have
        asked for: what the script traces ends before it.

        What there is now is left alone by the children's garbage collections: they would copy
        the memory that they share with the template."""
        for watch in (sys.settrace, sys.setprofile):
            atexit.unregister(watch)
            atexit.register(watch, None)
        for kind in set(map(type, gc.get_objects())):
            is_silent(kind)
        gc.enable()
        gc.collect()
        gc.disable()
        gc.freeze()

    def serve(self):
        """Forks until the server is gone or has asked for nothing for long. Returns in a child."""
        self.say("ready")
        while True:
            start = self.next_start()
            if start is None:
                posix._exit(0)
            hidden = self.adds_directory and self.library.hidden_by(start.place)
            if hidden:
                self.say(f"note {start.script}: its directory has a {min(hidden)}, too")
            else:
                code = self.scripts.code_of(start.script)
                if code is None:
                    self.say("busy")
                child = Child(self, start, code)
                if self.forker.fork() == 0:
                    return child
                del child
                sys.path[:] = self.path
                if code is None:
                    self.learn(start)
            for fd in (*start.streams, start.socket):
                posix.close(fd)

    def main_names(self, start):
        """The names of a new __main__, as the interpreter makes it for a script, which is also what
        sys.path is made for. (Here, because a child would copy the memory that this changes.)"""
        sys.path[:] = (start.place, *self.path) if self.adds_directory else self.path
        main = sys.modules["__main__"] = type(sys)("__main__")
        names = main.__dict__
        names["__loader__"] = loaders.SourceFileLoader("__main__", start.script)
        names["__annotations__"] = {}
        names["__builtins__"] = builtins
        return names

    def next_start(self):
        try:
            message, extra, _, _ = self.server.recvmsg(MESSAGE, 64, _socket.MSG_CMSG_CLOEXEC)
        except (TimeoutError, _socket.timeout):
            return None
        if not message:
            return None
        _, _, packed = extra[0]
        descriptors = [int.from_bytes(packed[i : i + 4], sys.byteorder) for i in range(0, 16, 4)]
        return Start(message, descriptors)

    def learn(self, start):
        """Makes the next start of the same script faster, when this one is under way."""
        code = self.scripts.keep(start.script)
        if code is not None:
            self.library.learn(imported_names(code), start.place)
            self.freeze()
        self.say("ready")


class Child:
    """The process of one script."""

    def __init__(self, template, start, code):
        self.template = template
        self.start = start
        self.code = code  # None: it is to be compiled
        self.traced = (None, None)  # what the script has set to watch what runs, which is not ours
        self.modules = len(sys.modules)
        self.names = template.main_names(start)

    def take_over(self):
        """Tells the server the process id, and takes what belongs to the start."""
        start = self.start
        posix.setpgid(0, 0)
        try:
            posix.write(start.socket, b"%d" % posix.getpid())
            message = self.read_words()
        except OSError:
            posix._exit(127)
        posix.close(start.socket)
        self.template.server.close()
        for target, given in enumerate(start.streams):
            posix.dup2(given, target)
            posix.close(given)
        posix.chdir(start.directory)
        self.set_limits()
        count, *words = message.split(b"\0")
        arguments = int(count)
        self.arguments = [os.fsdecode(word) for word in words[:arguments]]
        del words[:arguments], words[-1]
        self.set_environment(message, words)
        if posix.fstat(0).st_rdev != NULL_DEVICE:
            renew_standard_input()
        self.streams = (sys.stdin, sys.stdout, sys.stderr)

    def read_words(self):
        message = posix.read(self.start.socket, self.start.size)
        while len(message) < self.start.size:
            more = posix.read(self.start.socket, self.start.size - len(message))
            if not more:
                raise OSError
            message += more
        return message

    def set_limits(self):
        if self.template.settings.limits:
            import resource

            for what, soft, hard in self.template.settings.limits:
                resource.setrlimit(what, (soft, hard))

    def set_environment(self, message, words):
        """The words NAME=VALUE, which the message ends with, in os.environ and for the C library."""
        entries = os.environ._data
        entries.clear()
        entries.update([word.split(b"=", 1) for word in words])
        self.template.forker.set_environment(message, words)
        if self.template.coerced is not None:
            entries[b"LC_CTYPE"] = self.template.coerced
            posix.putenv(b"LC_CTYPE", self.template.coerced)

    def set_process(self):
        """What else depends on the process and the request."""
        sys.argv = [self.start.script, *self.arguments]
        if hasattr(sys, "orig_argv"):
            sys.orig_argv = sys.orig_argv[:-2] + sys.argv  # without -c and what follows
        if "threading" in sys.modules:
            sys.modules["threading"].main_thread()._set_native_id()
        if "logging" in sys.modules:
            logging = sys.modules["logging"]
            in_ns = isinstance(logging._startTime, int)
            logging._startTime = time.time_ns() if in_ns else time.time()

    def run(self):
        """Runs the script. Gives the status to exit with at once; raises what the interpreter is to
        end by if it has something to do at its end."""
        self.set_process()
        names, self.names = self.names, None
        gc.enable()
        if self.code is None:
            gc.unfreeze()
            ended_well = self.template.forker.run_file(self.start.script)
            self.traced = sys.gettrace(), sys.getprofile()
            sys.settrace(None)
            sys.setprofile(None)
            return self.end(0 if ended_well else 1)
        names["__file__"] = self.start.script
        names["__cached__"] = None
        status = self.run_code(names)
        del names  # the interpreter has no reference to them, either
        return self.end(status)

    def run_code(self, names):
        """What PyRun_SimpleFile does with code; gives the exit status."""
        uncaught = False
        try:
            try:
                exec(self.code, names)
            finally:
                self.traced = sys.gettrace(), sys.getprofile()
                sys.settrace(None)
                sys.setprofile(None)
        except SystemExit as e:
            flush_both()
            if not is_plain_exit(e):
                gc.unfreeze()
                raise
            return (e.code or 0) & 0xFF
        except BaseException as e:
            flush_both()
            e.__traceback__ = e.__traceback__.tb_next  # without this frame
            print_uncaught(e)
            uncaught = True
        else:
            flush_both()
        names.pop("__file__", None)
        names.pop("__cached__", None)
        return 1 if uncaught else 0

    def end(self, status):
        watched = self.traced != (None, None)
        interrupted = status == 1 and getattr(sys, "last_type", None) is KeyboardInterrupt
        if not interrupted and not watched and self.may_end_at_once():
            self.template.forker.flush_c()
            posix._exit(status)
        gc.unfreeze()
        if watched:
            sys.setprofile(self.traced[1]), sys.settrace(self.traced[0])
        if interrupted:
            sys.excepthook = lambda *_: None  # it has been printed
            raise KeyboardInterrupt
        raise SystemExit(status)

    def may_end_at_once(self):
        """Whether nobody can tell that the interpreter finalizes what is left, which costs more than
        most scripts do: nothing that was made since the fork may have an effect when it ends. Calls
        what is registered with atexit, and flushes standard output and error, as it would."""
        if _thread._count() > 0 or has_thread_exits() or sys.version_info < (3, 10):
            return False
        atexit._run_exitfuncs()
        if (sys.stdin, sys.stdout, sys.stderr) != self.streams or _thread._count() > 0:
            return False
        try:
            for stream in self.streams[1:]:
                if not stream.closed:
                    stream.flush()
        except BaseException:
            return False  # The interpreter says why, and exits with 120.
        return not self.has_new_extension() and self.all_is_silent()

    def has_new_extension(self):
        """Whether the script has loaded a library of machine code, which may have an end of its own."""
        new = list(sys.modules.values())[self.modules :] if len(sys.modules) > self.modules else ()
        return any(
            isinstance(getattr(module, "__loader__", None), loaders.ExtensionFileLoader)
            for module in new
        )

    def all_is_silent(self):
        objects = gc.get_objects()
        if len(objects) > OBJECTS_LOOKED_AT:
            return False
        kinds = set(map(type, objects))
        if _weakref.ref in kinds:
            kinds.remove(_weakref.ref)
            if not all(map(has_silent_callback, objects)):
                return False
        loud = [kind for kind in kinds if not is_silent(kind)]
        if not loud:
            return True
        stdin = self.streams[0]
        own = (stdin, stdin.buffer, stdin.buffer.raw) if stdin is not None else ()
        return all(any(one is o for o in own) for one in objects if type(one) in loud)


HEAP_TYPE = 1 << 9
OF_C = (type(object.__init__), type(str.join), type(dict.__dict__["fromkeys"]))
# Modules whose types in C end without an effect, unless they are generators or the like.
SILENT = frozenset(
    "array builtins _abc collections _collections datetime decimal functools itertools operator re _sre"
    " _functools _operator _struct _json types random _random string".split()
)
silent_types = {_weakref.ProxyType: False, _weakref.CallableProxyType: False, io.BytesIO: True, io.StringIO: True}


def has_silent_callback(one):
    """Whether it is no weak reference with a callback, or one that an abstract class keeps of the
    classes that were registered with it."""
    if type(one) is not _weakref.ref or one.__callback__ is None:
        return True
    callback = one.__callback__
    return type(callback) is type(len) and callback.__name__ == "_destroy"


def is_silent(kind):
    """Whether the end of an object of this type has no effect by itself."""
    known = silent_types.get(kind)
    if known is None:
        known = silent_types[kind] = is_silent_by_nature(kind)
    return known


def is_silent_by_nature(kind):
    if hasattr(kind, "__del__"):
        return False
    if kind.__flags__ & HEAP_TYPE and (kind.__dictoffset__ != 0 or "__slots__" in vars(kind)):
        made_in_c = any(isinstance(value, OF_C) for value in vars(kind).values())
        if not made_in_c:
            return all(map(is_silent, kind.__bases__))
    return kind.__module__ in SILENT


def is_plain_exit(e):
    if type(e) is not SystemExit or type(e.code) not in (int, bool, type(None)):
        return False
    return e.code is None or abs(e.code) < 1 << 31


def has_thread_exits():
    return bool(getattr(sys.modules.get("threading"), "_threading_atexits", ()))


def flush_both():
    for stream in (sys.stderr, sys.stdout):
        try:
            stream.flush()
        except BaseException:
            pass


def print_uncaught(e):
    """What PyErr_Print does."""
    sys.last_type, sys.last_value, sys.last_traceback = type(e), e, e.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = e
    try:
        sys.excepthook(type(e), e, e.__traceback__)
    except SystemExit:
        raise
    except BaseException as again:
        again.__traceback__ = again.__traceback__.tb_next
        again.__context__ = None
        print("Error in sys.excepthook:", file=sys.stderr)
        sys.__excepthook__(type(again), again, again.__traceback__)
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(type(e), e, e.__traceback__)


def renew_standard_input():
    """Makes sys.stdin as the interpreter does: the one that there is knows already what kind of file
    it reads."""
    old = sys.stdin
    if old is None:
        return
    buffered = io.open(0, "rb", -1, None, None, None, False)
    buffered.raw.name = "<stdin>"
    new = io.TextIOWrapper(buffered, old.encoding, old.errors, "\n", False, old.write_through)
    new.mode = "r"
    sys.stdin = sys.__stdin__ = new


NULL_DEVICE = os.stat("/dev/null").st_rdev


def begin():
    """Gives the child, in the child; the template does not come back."""
    server = _socket.socket(fileno=posix.dup(0))
    try:
        return Template(server).serve()
    except Failure as e:
        server.send(f"failed {e}".encode("utf-8", "replace"))
        posix._exit(1)


child = begin()
child.take_over()
child.run()
