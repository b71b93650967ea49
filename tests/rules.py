#!/usr/bin/env python3
"""Checks the rules of SECURITY.md: rules.py [CHECKOUT].

They are numbered from 1 without a gap, and each names at least one test: a line
`- `tests/FILE`: name of the case` for a test program's, `- `tests/FILE`` for a test that is a
program of its own. Every file that is named exists and is known to CMake, and every case is in its
file. Prints what is wrong; exit status 0 when nothing is, 1 otherwise.
"""

import re
import sys
from pathlib import Path

RULE = re.compile(r"^(\d+)\. ", re.MULTILINE)
NAMED_TEST = re.compile(r"^ *- `tests/([^`]+)`(?:: (.+(?:\n {5,}\S.*)*))?$", re.MULTILINE)
TEST_CASE = re.compile(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def rules_section(text):
    """What lies between the heading "Rules" and the next one."""
    after = re.split(r"^## Rules$", text, maxsplit=1, flags=re.MULTILINE)
    return re.split(r"^## ", after[1], maxsplit=1, flags=re.MULTILINE)[0] if len(after) == 2 else ""


def rules(text):
    """(number, text) of each rule."""
    parts = RULE.split(rules_section(text))[1:]
    return list(zip(map(int, parts[::2]), parts[1::2]))


def named_tests(rule):
    """(file, case) of each test that a rule names; the case is None for a program of its own."""
    for file, case in NAMED_TEST.findall(rule):
        yield file, " ".join(case.split()) or None


def cases_of(source):
    """The names of a source's test cases."""
    return {"".join(LITERAL.findall(found)) for found in TEST_CASE.findall(source)}


def faults_of_test(checkout, file, case):
    path = checkout / "tests" / file
    if not path.is_file():
        yield f"tests/{file} does not exist"
    elif file not in (checkout / "tests/CMakeLists.txt").read_text(encoding="utf-8"):
        yield f"tests/{file} is no test that CMake knows"
    elif (case is None) == (path.suffix == ".cpp"):
        yield f"tests/{file} is named " + ("without a case" if case is None else "with a case")
    elif case is not None and case not in cases_of(path.read_text(encoding="utf-8")):
        yield f"tests/{file} has no case “{case}”"


def check(checkout):
    """(every fault as a line of text, how many tests are named)"""
    found = rules((checkout / "SECURITY.md").read_text(encoding="utf-8"))
    faults = []
    count = 0
    if not found:
        faults.append("SECURITY.md: no rules found")
    for expected, (number, text) in enumerate(found, start=1):
        tests = list(named_tests(text))
        count += len(tests)
        if number != expected:
            faults.append(f"SECURITY.md: rule {number} stands where {expected} is due")
        if not tests:
            faults.append(f"SECURITY.md: rule {number} names no test")
        for file, case in tests:
            faults += [f"SECURITY.md: rule {number}: {f}" for f in faults_of_test(checkout, file, case)]
    return faults, count


def main():
    checkout = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    faults, count = check(checkout)
    for line in faults:
        print(line)
    print(f"{count} tests named, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
