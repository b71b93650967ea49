#!/usr/bin/env python3
"""docs.py BINARY: README names exactly the options that --help names."""
import pathlib
import re
import subprocess
import sys


def long_options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", text))


def main() -> int:
    readme = (pathlib.Path(__file__).resolve().parent.parent / "README.md").read_text()
    table = readme[readme.index("## Options") : readme.index("## Commands")]
    help_text = subprocess.run([sys.argv[1], "--help"], capture_output=True, text=True, check=True).stdout
    described, offered = long_options(table), long_options(help_text)
    for name in sorted(offered - described):
        print(f"README does not describe --{name}")
    for name in sorted(described - offered):
        print(f"README describes --{name}, which --help does not offer")
    return 1 if described != offered else 0


if __name__ == "__main__":
    sys.exit(main())
