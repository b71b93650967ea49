"""Python scripts that are to do the same cold and warm."""

HEAD = "#!/usr/bin/env python3\n"

# Name -> what stands below the first line, or a table of it and what else the case needs.
TEXTS = {
    "hello": "print('Content-Type: text/plain\\n\\nHello')",
    "arguments and paths": """
import sys
print(sys.argv, sys.orig_argv, sys.path, sys.executable, sys.flags, sys.warnoptions, sep="\\n")
""",
    "names of main": """
import sys
print(dict(globals()), __name__, __file__, __doc__, __package__, __spec__, __cached__, __annotations__)
print(list(globals()), sys.modules["__main__"].__dict__ is globals(), type(__builtins__))
""",
    "environment": """
import os, posix, subprocess
for name, value in os.environ.items(): print(name, "=", value)
print(posix.environ == os.environ._data, flush=True)
subprocess.run(["env"])
os.system("env")
os.environ["NEW"] = "x"; del os.environ["PATH"]
subprocess.run(["/usr/bin/env"])
""",
    "process": """
import os, signal, resource
print(os.getpgrp() == os.getpid(), os.getppid() > 1, os.getcwd(), os.listdir("/proc/self/fd"))
print([(s, signal.getsignal(s)) for s in signal.valid_signals()])
print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
print([resource.getrlimit(i) for i in range(16)], os.getpriority(os.PRIO_PROCESS, 0))
print(os.umask(0o22), os.sched_getscheduler(0))
print(open("/proc/self/status").read().split("SigIgn")[0].split("SigPnd")[1], *open("/proc/self/status").read().split("SigCgt")[1].split()[:12])
""",
    "ids of the thread": """
import os, threading, _thread
print(os.getpid() == threading.get_native_id() == threading.main_thread().native_id)
print(threading.current_thread(), threading.active_count(), threading.main_thread().is_alive())
""",
    "streams": """
import sys, io
for s in (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__):
    print(s, s.encoding, s.errors, s.line_buffering, s.write_through, s.mode, s.name, s.isatty(),
          s.seekable(), s.buffer.seekable(), s.buffer.raw, s.buffer.raw.seekable(), s.newlines, s.fileno())
""",
    "streams unbuffered": {"line": "#!/usr/bin/env -S python3 -u", "text": """
import sys, os
for s in (sys.stdin, sys.stdout, sys.stderr):
    print(s, s.line_buffering, s.write_through, s.buffer, s.seekable())
print("a", end=""); os.write(1, b"b"); print("c")
"""},
    "reads a pipe": {"body": b"one\ntwo\nthree \xff\xe4", "text": """
import sys
print(sys.stdin, sys.stdin.seekable(), sys.stdin.buffer.raw.seekable(), sys.stdin.buffer.raw._blksize)
print(sys.stdin.readline(), repr(sys.stdin.buffer.read()))
"""},
    "reads text from a pipe": {"body": "schön\r\nzwei\n".encode(), "text": """
import sys
print(ascii(sys.stdin.read()), list(sys.stdin))
"""},
    "reads a file": {"body": b"one\ntwo\nthree", "spooled": True, "text": """
import sys
print(sys.stdin, sys.stdin.seekable(), sys.stdin.buffer.raw.seekable(), sys.stdin.tell())
print(sys.stdin.readline(), sys.stdin.seek(0), sys.stdin.read(), sys.stdin.buffer.tell())
"""},
    "reads nothing": "import sys; print(repr(sys.stdin.read()), sys.stdin.seekable())",
    "unbuffered input": {"line": "#!/usr/bin/python3 -u", "body": b"abc\ndef", "text": """
import sys
print(sys.stdin, sys.stdin.write_through, sys.stdin.buffer, sys.stdin.readline())
"""},
    "input with input()": {"body": b"Ann\nBob\n", "text": "print(input('name? '), input())"},
    "unicode output": "print('Content-Type: text/plain\\n\\nGrüße \\u263a \\U0001f600')",
    "surrogates": "import sys; print(ascii(sys.argv[1:])); print('\\udcff')",
    "unicode names": {"file": "grüße ☺.py", "arguments": ["ä", "b c", "☺"], "text": """
import sys, os
print(sys.argv, __file__, os.path.exists(__file__)); 1/0
"""},
    "arguments that are no text": {"arguments": ["\udcff\udcfe", "x"], "text": "import sys; print(ascii(sys.argv[1:]))"},
    "exit 3": "import sys; print('x'); sys.exit(3)",
    "exit in words": "import sys; print('x'); sys.exit('no such thing: \\u263a')",
    "exit none": "import sys; print('x'); sys.exit(None)",
    "exit true": "import sys; print('x'); sys.exit(True)",
    "exit 256 + 7": "import sys; sys.exit(263)",
    "exit -1": "import sys; sys.exit(-1)",
    "exit huge": "import sys; sys.exit(10**30)",
    "exit tuple": "import sys; sys.exit((1, 2))",
    "exit float": "import sys; sys.exit(2.0)",
    "exit()": "print('a'); exit(4)",
    "quit()": "print('a'); quit()",
    "raise SystemExit": "raise SystemExit",
    "a subclass of SystemExit": """
class Done(SystemExit): pass
print("a"); raise Done(5)
""",
    "SystemExit with an odd code": """
class Code:
    def __str__(self): return "odd"
    def __del__(self): print("gone")
raise SystemExit(Code())
""",
    "os._exit": "import os, sys; print('lost'); sys.stderr.write('kept'); os._exit(6)",
    "os.abort": "import os; print('lost'); os.abort()",
    "ends by a signal": "import os, signal; print('x', flush=True); os.kill(os.getpid(), signal.SIGTERM)",
    "KeyboardInterrupt": "print('x'); raise KeyboardInterrupt",
    "KeyboardInterrupt by a signal": "import os, signal; print('x'); os.kill(os.getpid(), signal.SIGINT)\nfor i in range(10**7): pass",
    "a subclass of KeyboardInterrupt": "class K(KeyboardInterrupt): pass\nraise K('x')",
    "uncaught": "print('x')\ndef f(n):\n    return 1 / n\nf(0)\n",
    "uncaught in a chain": """
try:
    {}["a"]
except KeyError as e:
    try:
        raise ValueError("second") from e
    except ValueError:
        [][1]
""",
    "uncaught deep": "def f(n): return f(n - 1) if n else {}['x']\nf(30)",
    "recursion": "import sys\nsys.tracebacklimit = 2\ndef f(n): return f(n + 1)\nf(0)",
    "exception group": "raise ExceptionGroup('g', [ValueError(1), KeyError(2)])",
    "exception with notes": "e = ValueError('x'); e.add_note('a note'); raise e",
    "excepthook": """
import sys
sys.excepthook = lambda t, v, tb: print("hook", t, v, tb.tb_lineno, tb.tb_frame.f_code.co_name, tb.tb_next)
1/0
""",
    "broken excepthook": """
import sys
def hook(*what): raise KeyError("hook")
sys.excepthook = hook
1/0
""",
    "excepthook that exits": """
import sys
def hook(*what): sys.exit(9)
sys.excepthook = hook
1/0
""",
    "cgitb": "import warnings; warnings.simplefilter('ignore')\nimport cgitb; cgitb.enable(format='text', context=1)\ndef f(): return 1/0\nf()",
    "traceback module": """
import traceback, sys
try: 1/0
except ZeroDivisionError: traceback.print_exc(); print(traceback.format_exc())
try: open("missing")
except OSError as e: print(e, file=sys.stderr)
""",
    "no output at all": "",
    "no newline at the end": b"print(1)",
    "compile error": "print('x')\nif True\n  pass\n",
    "indentation error": "if 1:\nprint(2)\n",
    "tabs": "if 1:\n\tprint(1)\n        print(2)\n",
    "bad encoding": b"# coding: nonsense\nprint(1)\n",
    "latin-1 source": b"# coding: latin-1\nprint(ascii('\xe4'))\n",
    "not utf-8": b"print('\xff')\n",
    "byte order mark": {"whole": b"#!/usr/bin/env python3\n\nprint('bom-less')\n"},
    "nul in the source": b"print(1)\0\nprint(2)\n",
    "crlf": b"print('a')\r\nprint('''b\r\nc''')\r\n",
    "warns when compiled": "print('\\d', 1 is 1)\nassert (1, 'x')",
    "future": "from __future__ import annotations\ndef f(a: undefined): pass\nprint(f.__annotations__)",
    "doc": "'''The text.'''\nprint(__doc__)",
    "annotations": "a: int = 1\nb: str\nprint(__annotations__)",
    "warnings": "import warnings; warnings.warn('careful'); warnings.warn('old', DeprecationWarning); print(1)",
    "deprecated import": "import cgi; print(cgi.escape if hasattr(cgi, 'escape') else 'none')",
    "deprecated import with a form": {"environment": {"QUERY_STRING": "x=1&y=2&x=3"}, "text": "import cgi\nf = cgi.FieldStorage()\nprint(sorted((k, f.getlist(k)) for k in f))"},
    "import this": "import this",
    "-W error": {"line": "#!/usr/bin/python3 -Werror", "text": "import warnings; print(1); warnings.warn('x')"},
    "-W always": {"line": "#!/usr/bin/env -S python3 -W always", "text": "import cgi, imp; open('/dev/null'); print(1)"},
    "-I": {"line": "#!/usr/bin/python3 -I", "files": {"own.py": "x = 1"}, "text": "import sys; print(sys.path, sys.flags)\nimport own"},
    "-E": {"line": "#!/usr/bin/python3 -E", "text": "import sys, os; print(sys.path, sys.flags, dict(os.environ))"},
    "-s -S": {"line": "#!/usr/bin/env -S python3 -s -S", "text": "import sys; print(sys.path, 'site' in sys.modules)"},
    "-B -O": {"line": "#!/usr/bin/env -S python3 -B -O", "files": {"own.py": "assert 0"}, "text": "import sys, own; print(sys.flags); assert False\nimport os; print(os.path.exists('__pycache__'))"},
    "-OO": {"line": "#!/usr/bin/python3 -OO", "text": "'doc'\nprint(__doc__)"},
    "-X utf8=0": {"line": "#!/usr/bin/env -S python3 -X utf8=0", "text": "import sys; print(sys.stdout.encoding, sys.flags, sys._xoptions)"},
    "locale": {"fixed": {"LANG": "C.UTF-8"}, "text": "import os, sys, locale; print(os.environ.get('LC_CTYPE'), locale.getlocale(), sys.stdout.errors)"},
    "C locale": {"fixed": {"LC_ALL": "C"}, "text": "import os, sys, locale; print(os.environ, locale.getlocale(), sys.stdout.errors, sys.stdout.encoding)"},
    "LC_CTYPE": {"fixed": {"LC_CTYPE": "C"}, "text": "import os, sys, locale; print(os.environ, sys.stdout.errors, sys.stdout.encoding)"},
    "PYTHONIOENCODING": {"fixed": {"PYTHONIOENCODING": "latin-1:replace"}, "text": "import sys; print('ä☺', sys.stdin.encoding, sys.stderr.errors)"},
    "TZ": {"fixed": {"TZ": "Asia/Tokyo"}, "text": "import time; print(time.tzname, time.localtime(0))"},
    "PYTHONPATH": {"fixed": {"PYTHONPATH": "/nowhere:/usr/share"}, "text": "import sys; print(sys.path)"},
    "PYTHONWARNINGS": {"fixed": {"PYTHONWARNINGS": "always"}, "text": "import cgi; f = open('/dev/null'); del f; print(1)"},
    "atexit": """
import atexit
atexit.register(print, "first"); atexit.register(print, "second")
@atexit.register
def f(): 1/0
print("body")
""",
    "atexit exits": "import atexit, sys\n@atexit.register\ndef f(): sys.exit(5)\nprint('body')",
    "atexit after an exception": "import atexit; atexit.register(print, 'end'); 1/0",
    "atexit sees names": "import atexit\natexit.register(lambda: print(sorted(globals())))",
    "del of main's objects": """
class Loud:
    def __init__(self, name): self.name = name
    def __del__(self): print("end of", self.name)
a = Loud("a"); b = Loud("b"); b.self = b
def f(): return a
print("body")
""",
    "del when finalizing": """
import sys
class Loud:
    def __del__(self):
        print(sys.is_finalizing() if sys else None, sys.modules.get("sys") if sys and sys.modules else None)
        import json
a = Loud(); a.cycle = a
""",
    "del in a library's module": """
import json, builtins, os
class Loud:
    def __init__(self, name): self.name = name
    def __del__(self): print("end of", self.name)
json.mine = Loud("json"); builtins.mine = Loud("builtins"); os.mine = Loud("os")
""",
    "weak references": """
import weakref
class C: pass
a, b = C(), C()
r = weakref.ref(a, lambda _: print("a is gone"))
weakref.finalize(b, print, "b is gone")
b.cycle = b
print("body")
""",
    "generator at the end": "def g():\n    try: yield 1\n    finally: print('closed')\nx = g(); next(x); print('body')",
    "open files": "f = open('out/a', 'w'); f.write('text'); g = open('out/b', 'wb'); g.write(b'x' * 5000); print('done')",
    "open file in a library's module": "import os; os.f = open('out/a', 'w'); os.f.write('text')",
    "open file with warnings": {"line": "#!/usr/bin/env -S python3 -X dev", "text": "f = open('out/a', 'w'); f.write('text')"},
    "temporary files": "import tempfile, os\nd = tempfile.TemporaryDirectory(dir='out'); open(d.name + '/x', 'w').write('1'); f = tempfile.NamedTemporaryFile(dir='out'); f.write(b'x'); print('x')",
    "replaced stdout": """
import sys, io, codecs
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="latin-1", errors="replace")
print("ä ☺")
""",
    "detached stdout": "import sys, codecs\nsys.stdout = codecs.getwriter('utf-8')(sys.stdout.detach())\nprint('ä')",
    "closed stdout": "import sys; print('x'); sys.stdout.close()",
    "closed descriptor": "import os; print('x'); os.close(1)",
    "stdout is None": "import sys; print('x'); sys.stdout = None",
    "stderr is None": "import sys; sys.stderr = None; 1/0",
    "writes bytes": "import sys; sys.stdout.write('a'); sys.stdout.buffer.write(b'b'); sys.stdout.write('c'); sys.stdout.flush(); sys.stdout.buffer.write(b'd')",
    "print and system": "import os; print('first'); os.system('echo second'); print('third')",
    "reconfigure": "import sys; sys.stdout.reconfigure(encoding='utf-16', newline='\\r\\n'); print('x'); sys.stdin.reconfigure(encoding='ascii'); print(sys.stdin)",
    "the client leaves": {"leave": True, "text": "import time; time.sleep(.2)\nfor i in range(3): print('x' * 100)"},
    "the client leaves early": {"leave": True, "text": "import time, sys; time.sleep(.2)\nprint('x', flush=True)"},
    "SIGPIPE": {"leave": True, "text": "import time, signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL); time.sleep(.2); print('x')"},
    "large output": "print('x' * 3_000_000)",
    "subprocess": "import subprocess; print(subprocess.check_output(['echo', 'hi'])); print(subprocess.run('exit 3; cat /proc/self/stat', shell=True).returncode); print(subprocess.run(['ls', '-l', '/proc/self/fd'], capture_output=True, text=True).stdout.count('\\n'))",
    "fork": "import os, sys\nprint('a'); sys.stdout.flush()\np = os.fork()\nif p == 0: print('child'); sys.exit(3)\nprint(os.waitpid(p, 0)[1], 'parent')",
    "fork without a flush": "import os\nprint('twice')\np = os.fork()\nif p: os.waitpid(p, 0)\nprint('end')",
    "at fork": "import os\nos.register_at_fork(after_in_child=lambda: print('forked'))\np = os.fork()\nif p: os.waitpid(p, 0)\n",
    "threads": "import threading, time\nbefore = None\ndef work(n, before): before.join() if before else time.sleep(.3); print('thread', n)\nfor n in range(3): before = threading.Thread(target=work, args=(n, before)); before.start()\nprint('main ends')",
    "daemon threads": "import threading, time\nthreading.Thread(target=time.sleep, args=(100,), daemon=True).start(); print('main ends')",
    "exception in a thread": "import threading\nt = threading.Thread(target=lambda: 1/0, name='T'); t.start(); t.join(); print('end')",
    "thread pool": "from concurrent.futures import ThreadPoolExecutor\ne = ThreadPoolExecutor(2); print(list(e.map(abs, [-1, -2]))); e.submit(print, 'late')",
    "process pool": "from concurrent.futures import ProcessPoolExecutor\nif __name__ == '__main__':\n    with ProcessPoolExecutor(2) as e: print(list(e.map(abs, [-1, -2])))",
    "multiprocessing": "import multiprocessing as m\ndef f(q): q.put(m.current_process().name)\nif __name__ == '__main__':\n    q = m.Queue(); p = m.Process(target=f, args=(q,)); p.start(); print(q.get()); p.join(); print(p.exitcode)",
    "multiprocessing by spawn": {"file": "spawned.py", "text": "import multiprocessing as m\ndef f(q): q.put((m.current_process().name, __name__))\nif __name__ == '__main__':\n    m.set_start_method('spawn'); q = m.Queue(); p = m.Process(target=f, args=(q,)); p.start(); print(q.get()); p.join(); print(p.exitcode)"},
    "asyncio": "import asyncio\nasync def f(): await asyncio.sleep(0.01); return 5\nprint(asyncio.run(f()))",
    "asyncio left open": "import asyncio\nloop = asyncio.new_event_loop()\nasync def f(): await asyncio.sleep(100)\nt = loop.create_task(f())\nloop.run_until_complete(asyncio.sleep(0)); print('x')",
    "logging": "import logging, sys\nlogging.warning('a'); logging.basicConfig(filename='out/log', level=10, format='%(module)s %(funcName)s %(lineno)d %(process)d %(message)s'); logging.getLogger('x').error('b')\nprint(logging.LogRecord('a', 1, '', 1, '', (), None).relativeCreated < 5000)",
    "logging with memory": "import logging, logging.handlers\nh = logging.FileHandler('out/log'); m = logging.handlers.MemoryHandler(100, target=h); logging.getLogger().addHandler(m); logging.error('kept until the end')",
    "random": "import random, uuid, secrets, tempfile\nprint(len({random.random(), random.random()}), random.Random(5).random(), uuid.uuid4().version)",
    "json and friends": "import json, sqlite3, email, email.message, html, urllib.parse, datetime\nc = sqlite3.connect('out/db'); c.execute('create table t(a)'); c.execute('insert into t values (1)'); print(json.dumps({'a': [1, None]}), email.message_from_string('A: b\\n\\nc')['a'])",
    "sqlite committed": "import sqlite3\nwith sqlite3.connect('out/db') as c: c.execute('create table t(a)'); c.execute('insert into t values (1)')\nprint(c.execute('select * from t').fetchall())",
    "shelve": "import shelve, dbm.dumb; s = shelve.Shelf(dbm.dumb.open('out/s')); s['a'] = [1]; print(list(s.items()))",
    "mmap": "import mmap; f = open('out/m', 'w+b'); f.write(b'x' * 100); f.flush(); m = mmap.mmap(f.fileno(), 100); m[0:3] = b'abc'; print(len(m))",
    "ctypes": "import ctypes; c = ctypes.CDLL(None); c.printf(b'by the C library\\n'); print(c.getpid() == __import__('os').getpid())",
    "atexit of C": "import ctypes; c = ctypes.CDLL(None); c.printf(b'buffered by C')",
    "own module": {"files": {"own.py": "import json\nprint('own', __name__)\nx = json.dumps([1])"}, "text": "import own; print(own.x, own.__file__)"},
    "own json": {"files": {"json.py": "dumps = lambda what: 'own json'"}, "text": "import json; print(json.dumps(1))"},
    "own re": {"files": {"re.py": "print('own re')"}, "text": "try:\n    import string, json\nexcept Exception as e: print(type(e), e)"},
    "own package": {"files": {"pack/__init__.py": "from . import part", "pack/part.py": "print(__name__, __package__)"}, "text": "import pack; from pack import part"},
    "path changed first": {"files": {"lib/helper.py": "print('helper')"}, "text": "import sys, os; sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib')); import helper"},
    "imports itself": {"file": "itself.py", "text": "import sys\nprint(__name__)\nif __name__ == '__main__': import itself; print(itself is sys.modules['__main__'])"},
    "pickle of main": "import pickle\nclass C:\n    def __init__(s): s.x = 1\nprint(pickle.loads(pickle.dumps(C())).x, C.__module__)",
    "inspect": "import inspect\ndef f():\n    '''doc'''\n    return 1\nprint(inspect.getsource(f), inspect.getfile(f), inspect.getmodule(f))",
    "main's loader": "import pkgutil; print(__loader__, __loader__.get_source('__main__')[:10], pkgutil.get_data('__main__', 'script')[:4])",
    "runpy": {"files": {"other.py": "print(__name__, __file__)"}, "text": "import runpy; runpy.run_path('other.py', run_name='__main__'); print(__name__)"},
    "exec": "exec(compile('print(__name__)', 'x', 'exec')); eval('print(__file__)')",
    "argparse": {"arguments": ["--nope"], "text": "import argparse; p = argparse.ArgumentParser(); p.add_argument('--x'); p.parse_args()"},
    "enum, dataclasses, typing": "import enum, dataclasses, typing\n@dataclasses.dataclass\nclass D: a: int = 1\nclass E(enum.Enum): A = 1\nT = typing.NamedTuple('T', [('x', int)])\nprint(D(), E.A, T(1), typing.Optional[D])",
    "namedtuple and abc": "import collections, abc\nP = collections.namedtuple('P', 'x y'); print(P(1, 2), P.__module__)\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\ntry: A()\nexcept TypeError as e: print(e)",
    "signals": "import signal, os\nsignal.signal(signal.SIGUSR1, lambda *a: print('got', a[0])); os.kill(os.getpid(), signal.SIGUSR1); signal.setitimer(signal.ITIMER_REAL, .05); signal.signal(signal.SIGALRM, lambda *a: print('alarm')); signal.pause()",
    "gc": "import gc; print(gc.isenabled(), gc.get_threshold(), gc.get_debug())",
    "switch interval": "import sys; print(sys.getswitchinterval(), sys.getrecursionlimit(), sys.getdlopenflags(), sys.dont_write_bytecode, sys.pycache_prefix, sys.is_finalizing())",
    "process time": "import time, resource; print(time.process_time() < 2, resource.getrusage(resource.RUSAGE_SELF).ru_utime < 2, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime)",
    "hash of numbers": "print(hash(1.5), hash((1, 2)), {1, 2, 3})",
    "sets the locale": "import locale; locale.setlocale(locale.LC_ALL, ''); print(locale.getlocale(), locale.localeconv()['decimal_point'])",
    "unraisable": "class C:\n    def __del__(self): 1/0\nC(); x = C(); print('end')",
    "threading local and lock": "import threading\nl = threading.local(); l.x = 1\nlock = threading.RLock()\nwith lock: print(l.x)\nprint(threading.main_thread() is threading.current_thread())",
    "http server classes": "import http.server, socketserver, urllib.request, xml.etree.ElementTree as e, csv, zipfile, hashlib, hmac, base64\nprint(e.fromstring('<a/>').tag, hashlib.md5(b'x').hexdigest())",
    "decimal and fractions": "from decimal import *; from fractions import Fraction\nprint(getcontext(), Decimal(1) / 3, Fraction(1, 3))",
    "sys attributes": "import sys; print([n for n in dir(sys) if n.startswith('last') or n == 'ps1'], sys.argv is sys.argv, sys.meta_path, sys.path_hooks)",
    "settrace": "import sys, threading\ndef t(f, e, a): print(e, f.f_code.co_name); return None\nsys.settrace(t)\ndef g(): pass\ng()",
    "a function in it imports": "def f():\n    import json, email.message as m\n    return json.dumps(m.Message().as_string())\nprint(f())",
    "an abstract class keeps a class": "import abc\nclass A(abc.ABC): pass\nclass B: pass\nA.register(B); print(issubclass(B, A), isinstance(B(), A))",
    "a weak reference calls back": "import weakref\nclass A: pass\na = A(); r = weakref.ref(a, lambda _: print('gone'))\nprint('end')",
    "cpu limit is not met by the template's work": "x = sum(range(10**6)); print(x)",
    "self is read": "print(open(__file__).read())",
    "main's names deleted": "del __file__, __builtins__\nprint(1)",
    "raises in atexit and main": "import atexit\natexit.register(lambda: {}['x']); [][0]",
    "stdin closed": "import sys; sys.stdin.close(); print('x')",
    "custom codec": "import codecs, sys; print(codecs.lookup('rot13').name, 'abc'.encode('utf-7'), b'abc'.decode('idna'))",
}


def case(value):
    out = dict(value) if isinstance(value, dict) else {"text": value}
    line = out.pop("line", HEAD.strip()) + "\n"
    if "whole" in out:
        out["text"] = out.pop("whole")
    elif isinstance(out["text"], bytes):
        out["text"] = line.encode() + out["text"]
    else:
        out["text"] = line + out["text"]
    return out


def cases(checkout):
    out = {name: case(value) for name, value in TEXTS.items()}
    for path in sorted((checkout / "cgi-bin").rglob("*.py")):
        out[f"example {path.name}"] = {"text": path.read_text(), "file": path.name}
        out[f"example {path.name} by POST"] = {
            "text": path.read_text(), "file": path.name, "body": b"name=Ann&note=x",
            "environment": {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "15",
                            "CONTENT_TYPE": "application/x-www-form-urlencoded"},
        }
    out.pop("example socket-server.py", None)
    out.pop("example socket-server.py by POST", None)
    return out
