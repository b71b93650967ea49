"""What the soaked server serves: files, a changing file, and scripts, good and bad."""

import gzip
import os
import random
from pathlib import Path

MIB = 1 << 20
CHANGED_AT = 1_600_000_000  # seconds since 1970: of every file, so that listings stay the same

FILES = {
    "index.html": b"<!DOCTYPE html><title>soak</title>\n",
    "empty.txt": b"",
    "small.txt": b"gatehouse\n" * 20,
    "medium.bin": random.Random(2).randbytes(100_000),
    "large.bin": random.Random(1).randbytes(MIB),
    "packed.txt": b"gatehouse\n" * 2000,
    "packed.txt.gz": gzip.compress(b"gatehouse\n" * 2000, mtime=0),
    "list/one.txt": b"1\n",
    "list/two & <three>.txt": b"23\n",
    "list/deeper/four.txt": b"4\n",
}

TEXT = "printf 'Content-Type: text/plain\\n\\n'\n"
BYTES = "printf 'Content-Type: application/octet-stream\\n\\n'\n"

# name -> the lines of a sh program
SCRIPTS = {
    "hello": "printf 'Content-Type: text/plain\\n\\n%s %s\\n' $REQUEST_METHOD \"$QUERY_STRING\"\n",
    "echo": BYTES + "exec cat\n",
    "exact": "printf 'Content-Type: text/plain\\nContent-Length: 6\\n\\nexact\\n'\n",
    "deaf": "exec <&-\n" + TEXT + "echo deaf\n",
    "long": TEXT + "yes gatehouse | head -c 300000\n",
    "slow": TEXT + "echo one\nsleep 0.1\necho two\n",
    "events": "printf 'Content-Type: text/event-stream\\n\\n'\n"
    "for i in 1 2 3 4 5; do printf 'data: %s\\n\\n' $i; sleep 0.02; done\n",
    "gone": "printf 'Status: 410 Gone\\nContent-Type: text/plain\\n\\ngone\\n'\n",
    "away": "printf 'Location: /small.txt\\n\\n'\n",
    "elsewhere": "printf 'Location: http://localhost/\\n\\n'\n",
    "nothing": "printf 'Status: 204 No Content\\n\\n'\n",
    "nph-raw": "printf 'HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\nraw\\n'\n",
    "talkative": "for i in 1 2 3; do echo line $i >&2; done\n" + TEXT + "echo said\n",
    # Processes that outlive their script, with and without its pipe in their hands.
    "descendant": TEXT + "echo left one behind\nsleep 0.3 >/dev/null 2>&1 </dev/null &\n",
    "holder": TEXT + "echo left one that holds on\nsleep 0.3 &\n",
    "brood": TEXT + "for i in 1 2 3 4 5 6; do (sleep 0.01; echo child) & done\nwait\n",
    # Bad ones.
    "empty": "exit 3\n",
    "crash": "kill -SEGV $$\n",
    "headless": "echo no header here\necho nor here\n",
    "endless-head": "yes 'X-More: of the same' | head -c 200000\n",
    "unending-line": "printf 'Content-Type: text/plain\\n'\n",
    "untyped": "printf 'Status: 200 OK\\n\\ncontent\\n'\n",
    "promises-more": "printf 'Content-Type: text/plain\\nContent-Length: 100\\n\\nshort\\n'\n",
    "prints-more": "printf 'Content-Type: text/plain\\nContent-Length: 5\\n\\nexact and more\\n'\n",
    "silent": "sleep 300\n",
    "drips": TEXT + "while :; do echo drop; sleep 0.2; done\n",
    "endless": TEXT + "exec yes gatehouse\n",
    "stubborn": "trap '' TERM\n" + TEXT + "while :; do echo here; sleep 0.05; done\n",
}

SOURCES = {name: "#!/bin/sh\n" + lines for name, lines in SCRIPTS.items()}


def settle_times(root):
    """Gives every file and directory below root the same old time."""
    for directory, _, names in os.walk(root):
        for path in [directory, *(os.path.join(directory, name) for name in names)]:
            os.utime(path, (CHANGED_AT, CHANGED_AT))


class ChangingFile:
    """One file in a directory of its own that is replaced again and again, each time by one of
    another size that is all of one letter."""

    TARGET = "/changing/file.txt"
    LETTERS = b"abcdefghij"

    def __init__(self, root):
        self._directory = Path(root) / "changing"
        self._directory.mkdir()
        self._changes = 0
        self.change()

    def change(self):
        self._changes += 1
        letter = self._changes % len(self.LETTERS)
        fresh = self._directory / "fresh"
        fresh.write_bytes(self.LETTERS[letter : letter + 1] * self._size_with(letter))
        fresh.rename(self._directory / "file.txt")

    @staticmethod
    def _size_with(letter):
        return 10_000 * (letter + 1)

    @classmethod
    def is_one_of(cls, body):
        """Whether a body is one of the file's contents, whole."""
        letter = cls.LETTERS.find(body[:1])
        return letter >= 0 and body == body[:1] * cls._size_with(letter)
