"""That layers.py finds what it is there to find, on small trees made for it."""

import tempfile
import unittest
from pathlib import Path

import layers


def faults(files):
    """What layers.check says of a tree with these files (path -> text)."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files.items():
            path = Path(directory, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return layers.check(Path(directory))[0]


HTTP = "include/gatehouse/http/request.hpp"
FIELDS = "server/http/fields.cpp"

ALLOWED = {
    "a room below": {FIELDS: '#include "gatehouse/base/error.hpp"\n'},
    "its own room": {HTTP: '#include "gatehouse/http/fields.hpp"\n'},
    "all rooms in the main source": {"server/main.cpp": '#include "gatehouse/config/options.hpp"\n'},
    "a neighbour": {FIELDS: '#include "table.hpp"\n', "server/http/table.hpp": ""},
    "a library": {FIELDS: "#include <boost/beast.hpp>\n#include <net/if.h>\n"},
    "a comment": {FIELDS: '// #include "gatehouse/config/options.hpp"\n'},
}

FORBIDDEN = {
    "a room above": {HTTP: '#include "gatehouse/trace/recorder.hpp"\n'},
    "a room beside": {"server/net/x.cpp": '#include "gatehouse/cgi/gateway.hpp"\n'},
    "with odd spaces": {FIELDS: ' #  include  "gatehouse/net/x.hpp"\n'},
    "in angle brackets": {FIELDS: "#include <gatehouse/net/x.hpp>\n"},
    "by way of the directory above": {FIELDS: '#include "../net/x.hpp"\n'},
    "an unknown room": {FIELDS: '#include "gatehouse/util/x.hpp"\n'},
    "a file in an unknown room": {"server/util/x.cpp": ""},
    "a header in no room": {FIELDS: '#include "gatehouse/x.hpp"\n'},
    "a room in the precompiled header": {
        "server/precompiled.hpp": '#include "gatehouse/http/request.hpp"\n'
    },
}


class Layers(unittest.TestCase):
    def test_passes_what_the_table_allows(self):
        for label, files in ALLOWED.items():
            with self.subTest(label):
                self.assertEqual(faults(files), [])

    def test_names_file_and_line_of_what_the_table_forbids(self):
        for label, files in FORBIDDEN.items():
            with self.subTest(label):
                found = faults(files)
                self.assertEqual(len(found), 1)
                self.assertTrue(found[0].startswith(next(iter(files)) + ":"))

    def test_every_room_of_the_table_may_include_known_rooms_only(self):
        for room, others in layers.ROOMS.items():
            self.assertNotIn(room, others)
            self.assertLessEqual(others, layers.ROOMS.keys())


if __name__ == "__main__":
    unittest.main()
