"""Checks that no source and no function has too many lines: sizes.py [CHECKOUT].

Reads the sources of server/ and the headers of include/ and prints each file and each function
that is over its limit, and each exception that is not needed any more. Exit status 0 when there is
nothing to print, 1 otherwise.

A function counts from the first line of its declaration to its closing brace, with the lambdas in
it; a lambda outside of functions, as in a table, counts by itself. Functions are found by their
braces, which is enough for sources that are formatted alike.
"""

import re
import sys
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 50

# What is over a limit today, by the name of the file, or of the file and the function. Nothing is
# to be added here.
EXCEPTIONS = frozenset()

ROOFS = ("include/gatehouse", "server")
SUFFIXES = (".hpp", ".cpp", ".h", ".c", ".ipp")

# Where a brace or a parenthesis means nothing.
NOT_CODE = re.compile(
    r"""R"(?P<delimiter>[^\s()\\]*)\(.*?\)(?P=delimiter)"
      | "(?:\\.|[^"\\\n])*"
      | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'
      | //[^\n]*
      | /\*.*?\*/
      | ^[ \t]*\#(?:\\\n|[^\n])*""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)

# What stands before a function's body where a name would begin a member's initializer.
BEFORE_BODY = re.compile(r"[)}]$|\b(?:const|noexcept|override|final|mutable|try)$|\)\s*->[^;{}]*$")
LAMBDA = re.compile(r"\[[^\[\]]*\]\s*(?:\([^{}]*\))?[^(){}\[\];,=]*$")
SCOPE = re.compile(r"(?:inline )?namespace\b|(?:class|struct|union|enum)\b[^()]*$|extern\s*$")
NAME = re.compile(r"(operator[^\w\s]+|operator\s+[\w:<> ]+|~?\w+)\s*\(")


def blanked(text):
    """The text without strings, comments and directives; every line stays where it is."""
    return NOT_CODE.sub(lambda found: " " + "\n" * found.group().count("\n"), text)


def without_parentheses(text):
    """The text without what stands within parentheses."""
    depth = 0
    out = ""
    for letter in text:
        depth -= letter == ")"
        if depth == 0:
            out += letter
        depth += letter == "("
    return out


def kind_of(head):
    """What a brace outside of functions opens, by the text of its declaration before it."""
    head = re.sub(r"^template\s*<.*?>\s*(?=[\w\[])", "", head.strip(), flags=re.DOTALL)
    if SCOPE.match(head):
        return "scope"
    if LAMBDA.search(head):
        return "lambda"
    outside = without_parentheses(head)
    is_declared = "()" in outside.split("=")[0] or "operator" in outside
    return "function" if is_declared and BEFORE_BODY.search(head) else "value"


def functions(text):
    """(name, number of its first line, how many lines) of each function that the text defines."""
    code = blanked(text)
    open_braces = []  # (what it opened, where its declaration begins)
    begin = 0  # of the declaration that is being read
    for found in re.finditer(r"[{};]|\b(?:public|private|protected):", code):
        at = found.start()
        inner = open_braces[-1][0] if open_braces else "scope"
        if found.group() == "{":
            head = code[begin:at]
            kind = "block" if inner in ("function", "lambda", "block") else kind_of(head)
            start = begin + len(head) - len(head.lstrip())
            if kind == "lambda":
                start = begin + head.rindex("[", 0, LAMBDA.search(head).start() + 1)
            open_braces.append((kind, start))
            if kind == "scope":
                begin = at + 1
        elif found.group() == "}" and open_braces:
            kind, start = open_braces.pop()
            if kind in ("function", "lambda"):
                head = code[start:at]
                name = "a lambda" if kind == "lambda" else NAME.search(head).group(1)
                yield name, code.count("\n", 0, start) + 1, code.count("\n", start, at) + 1
            if kind in ("scope", "function"):
                begin = at + 1
        elif found.group() != "}" and inner == "scope":
            begin = found.end()


def too_long(checkout, source):
    """(what, where, why) of the source and each function in it that is over its limit."""
    path = str(source.relative_to(checkout))
    text = source.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield source.name, path, f"{lines} lines, {FILE_LINES} at the most"
    for name, number, count in functions(text):
        if count > FUNCTION_LINES:
            why = f"{name} has {count} lines, {FUNCTION_LINES} at the most"
            yield f"{source.name}: {name}", f"{path}:{number}", why


def sources(checkout):
    for roof in ROOFS:
        for source in sorted((checkout / roof).rglob("*")):
            if source.suffix in SUFFIXES:
                yield source


def check(checkout, exceptions=EXCEPTIONS):
    """(every fault as a line of text, how many files were read)"""
    files = list(sources(checkout))
    found = [each for source in files for each in too_long(checkout, source)]
    faults = [f"{where}: {why}" for what, where, why in found if what not in exceptions]
    needed = {what for what, _, _ in found}
    faults += [f"{what}: is an exception and needs none" for what in sorted(exceptions - needed)]
    return faults, len(files)


def main():
    checkout = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    faults, count = check(checkout)
    for line in faults:
        print(line)
    if count == 0:
        print(f"{checkout}: no sources found")
    else:
        print(f"{count} files, {len(faults)} faults, {len(EXCEPTIONS)} exceptions")
    return 1 if faults or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
