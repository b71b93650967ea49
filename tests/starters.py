#!/usr/bin/env python3
"""starters.py BINARY: each starter of `gatehouse new` runs by hand, with words in the place of a request."""
import pathlib
import subprocess
import sys
import tempfile

ROWS = (  # what is made, and what runs it
    ("a.sh", ["cgi-bin/a.sh"]),
    ("a.py", ["cgi-bin/a.py"]),
    ("a.pl", ["cgi-bin/a.pl"]),
    ("b.c", ["cgi-bin/b"]),
    ("a.php", ["php-cgi", "cgi-bin/a.php"]),
)


def run(words: list[str], place: pathlib.Path) -> subprocess.CompletedProcess:
    return subprocess.run(words, cwd=place, env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)


def faults_of(answer: subprocess.CompletedProcess, wanted: list[str]):
    if answer.returncode != 0 or answer.stderr:
        yield f"ends with {answer.returncode}: {answer.stderr}"
    for text in wanted:
        if text not in answer.stdout:
            yield f"does not print {text!r}:\n{answer.stdout}"


def faults(binary: str, place: pathlib.Path):
    for file, command in ROWS:
        made = run([binary, "new", "--root", ".", file], place)
        by_hand = " ".join([*command[:-1], str(place / command[-1])])
        for fault in faults_of(made, [f"\n  {by_hand} name=Ada\n"]):
            yield f"new {file}: {fault}"
        answer = ["Content-Type: text/html; charset=", "<p>This came by GET:</p>"]
        asked = run([*command, "x=1", "name=Ada+%3Cb%3E"], place)
        shown = ["<h1>Hello, Ada &lt;b&gt;!</h1>"] + (["<pre>x=1&amp;name=Ada+%3Cb%3E</pre>"] if file != "a.php" else [])
        bare = run(command, place)
        for fault in [*faults_of(asked, answer + shown), *faults_of(bare, [*answer, "<h1>Hello, world!</h1>"])]:
            yield f"{file} by hand: {fault}"


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name).resolve()
        (place / "cgi-bin").mkdir()
        found = list(faults(str(pathlib.Path(sys.argv[1]).resolve()), place))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
