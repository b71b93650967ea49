"""That sizes.py finds what it is there to find, on small trees made for it."""

import tempfile
import unittest
from pathlib import Path

import sizes

SOURCE = "server/http/fields.cpp"
HEADER = "include/gatehouse/http/fields.hpp"


def faults(files, exceptions=()):
    """What sizes.check says of a tree with these files (path -> text)."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files.items():
            path = Path(directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return sizes.check(Path(directory), frozenset(exceptions))[0]


def function(head, lines, end="}\n"):
    """A function of so many lines."""
    inner = lines - head.count("\n") - 2
    return head + "\n" + "  if (a) { b(); }\n" * inner + end


# A head, its last line open -> the function's name.
HEADS = {
    "int plain(int a) {": "plain",
    "long_type\nof_two_lines(int a,\n             int b) {": "of_two_lines",
    "base::task<void> room::method(int a) const noexcept {": "method",
    "room::room(int a) : a_(a), b_{a}, c_({a}) {": "room",
    "room::~room() {": "~room",
    "room& room::operator=(room const& other) {": "operator=",
    "bool operator==(room a, room b) {": "operator==",
    "void room::operator()(int a) {": "operator()",
    "room::operator bool() const {": "operator bool",
    "auto later(int a) -> std::vector<int> {": "later",
    "template <class T, int N = (3)>\nT of(T a) {": "of",
    "[[nodiscard]] int kept(int a = 3) {": "kept",
    "void quiet() noexcept try {": "quiet",
    "struct point where(struct point a) {": "where",
    "namespace {\nnamespace room {\n\nint inner() {": "inner",
    'extern "C" {\nint other() {': "other",
    "int before() {\n  return 1;\n}\n\nint after() {": "after",
}

# What is no function, or holds a brace that is none.
OTHERS = {
    "a class": "class room {\n public:\n" + "  int a_ = 0;\n" * 60 + "};\n",
    "a table": "constexpr row rows[] = {\n" + '    {"a", (1)},\n' * 60 + "};\n",
    "an enumeration": "enum class kind : int {\n" + "  one,\n" * 60 + "};\n",
    "a raw string": 'constexpr auto page = R"(\nint f() {\n' + "\n" * 60 + '})";\n',
    "a comment": "// int f() {\n" + "//\n" * 60 + "// }\n",
    "a block comment": "/* int f() {\n" + "\n" * 60 + "} */\n",
    "a macro": "#define X int f() { \\\n" + "  \\\n" * 60 + "\n",
    "braces in strings": "int f() {\n  g(\"{\", '{', '\\'', \"\\\"{\");\n}\n" + "int a;\n" * 60,
    "digits that are separated": "int f() {\n  g(1'000'000, 0xFF'FF);\n}\n" + "int a;\n" * 60,
    "short methods": "struct room {\n" + "  int f() const { return a_; }\n" * 60 + "};\n",
}


class Sizes(unittest.TestCase):
    def test_passes_files_and_functions_at_their_limit(self):
        self.assertEqual(faults({SOURCE: "int a;\n" * sizes.FILE_LINES}), [])
        self.assertEqual(faults({SOURCE: function("int f() {", sizes.FUNCTION_LINES)}), [])

    def test_names_a_file_that_is_too_long(self):
        for path in (SOURCE, HEADER):
            found = faults({path: "int a;\n" * (sizes.FILE_LINES + 1)})
            self.assertEqual(found, [f"{path}: 401 lines, 400 at the most"])

    def test_names_each_kind_of_function_that_is_too_long(self):
        for head, name in HEADS.items():
            with self.subTest(head):
                declared = head.rfind("\n\n") + 2 if "\n\n" in head else 0
                declared = head.find("{\n", 0) + 2 if head.startswith("extern") else declared
                text = head[:declared] + function(head[declared:], sizes.FUNCTION_LINES + 1)
                number = head.count("\n", 0, declared) + 1
                why = f"{name} has 51 lines, 50 at the most"
                self.assertEqual(faults({SOURCE: text}), [f"{SOURCE}:{number}: {why}"])
                text = head[:declared] + function(head[declared:], sizes.FUNCTION_LINES)
                self.assertEqual(faults({SOURCE: text}), [])

    def test_names_a_method_that_is_written_in_its_class(self):
        text = "struct room {\n  int a{3};\n" + function("  void f() {", 51, "  }\n") + "};\n"
        self.assertEqual(len(faults({HEADER: text})), 1)

    def test_names_a_lambda_in_a_table(self):
        text = "row const rows[] = {\n" + function("    {1, [](int a) {", 51, "    }},\n") + "};\n"
        found = faults({SOURCE: text})
        self.assertEqual(found, [f"{SOURCE}:2: a lambda has 51 lines, 50 at the most"])

    def test_counts_the_lambdas_of_a_function_with_it(self):
        inner = function("  auto g = [&] {", 40, "  };\n")
        text = "int f() {\n" + inner + "  g();\n" * 10 + "}\n"
        found = faults({SOURCE: text})
        self.assertEqual(found, [f"{SOURCE}:1: f has 52 lines, 50 at the most"])

    def test_takes_nothing_else_for_a_function(self):
        for label, text in OTHERS.items():
            with self.subTest(label):
                self.assertEqual(faults({SOURCE: text}), [])

    def test_an_exception_excuses_what_it_names_and_nothing_else(self):
        long = {SOURCE: function("int f() {", 51)}
        self.assertEqual(faults(long, ["fields.cpp: f"]), [])
        self.assertEqual(len(faults(long, ["fields.cpp: g"])), 2)
        self.assertEqual(len(faults(long, ["fields.cpp"])), 2)
        self.assertEqual(faults({SOURCE: "int a;\n" * 401}, ["fields.cpp"]), [])

    def test_an_exception_that_is_not_needed_any_more_is_a_fault(self):
        short = {SOURCE: function("int f() {", 50)}
        for exception in ("fields.cpp", "fields.cpp: f", "gone.cpp"):
            with self.subTest(exception):
                found = faults(short, [exception])
                self.assertEqual(found, [f"{exception}: is an exception and needs none"])


if __name__ == "__main__":
    unittest.main()
