"""That rules.py finds what it is there to find, on small checkouts made for it."""

import tempfile
import unittest
from pathlib import Path

import rules

CASE = 'TEST_CASE("a " "sentence") {}\n'
CMAKE = "add_executable(unit_tests\n  wire/a.cpp)\nadd_test(NAME b COMMAND b/b.py)\n"
RULE = "1. **One.** Text\n   of it.\n   - `tests/wire/a.cpp`: a sentence\n"


def faults(text):
    """What rules.check says of a checkout whose SECURITY.md has this text under "Rules"."""
    with tempfile.TemporaryDirectory() as directory:
        checkout = Path(directory)
        (checkout / "tests/wire").mkdir(parents=True)
        (checkout / "tests/b").mkdir()
        (checkout / "tests/wire/a.cpp").write_text(CASE, encoding="utf-8")
        (checkout / "tests/wire/unknown.cpp").write_text(CASE, encoding="utf-8")
        (checkout / "tests/b/b.py").touch()
        (checkout / "tests/CMakeLists.txt").write_text(CMAKE, encoding="utf-8")
        page = f"# Security\n\n## Rules\n\n{text}\n## More\n\n1. Not a rule.\n"
        (checkout / "SECURITY.md").write_text(page, encoding="utf-8")
        return rules.check(checkout)[0]


SOUND = {
    "one test": RULE,
    "a test over two lines": RULE.replace("a sentence", "a\n     sentence"),
    "a program of its own": "1. One.\n   - `tests/b/b.py`\n",
    "two rules": RULE + RULE.replace("1.", "2."),
}

UNSOUND = {
    "no rules": "",
    "a rule without a test": "1. One.\n",
    "a gap in the numbers": RULE + RULE.replace("1.", "3."),
    "a file that is not there": RULE.replace("a.cpp", "none.cpp"),
    "a case that is not there": RULE.replace("sentence", "phrase"),
    "a part of a case": RULE.replace("a sentence", "a"),
    "a source without a case": RULE.replace(": a sentence", ""),
    "a program with a case": "1. One.\n   - `tests/b/b.py`: a sentence\n",
    "a source that is not built": RULE.replace("a.cpp", "unknown.cpp"),
}


class Rules(unittest.TestCase):
    def test_passes_rules_whose_tests_are_there(self):
        for label, text in SOUND.items():
            with self.subTest(label):
                self.assertEqual(faults(text), [])

    def test_names_what_is_missing(self):
        for label, text in UNSOUND.items():
            with self.subTest(label):
                self.assertEqual(len(faults(text)), 1)


if __name__ == "__main__":
    unittest.main()
