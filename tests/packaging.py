#!/usr/bin/env python3
"""packaging.py BINARY: the files of packaging/ fit this binary, and systemd takes them.

The configuration holds options that --help names. The units are given to systemd-analyze, where it
is installed: no complaint, and an exposure of no more than EXPOSURE_LIMIT in tenths.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PACKAGING = pathlib.Path(__file__).resolve().parent.parent / "packaging"
INSTALLED = "/usr/local/bin/gatehouse"
EXPOSURE_LIMIT = 20


def wrong_keys(binary: str) -> list[str]:
    help_text = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True).stdout
    offered = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", help_text))
    lines = (PACKAGING / "gatehouse.conf").read_text().splitlines()
    given = [line.split("=")[0].strip() for line in lines if line and not line.startswith("#")]
    service = (PACKAGING / "gatehouse.service").read_text()
    command = re.search(r"^ExecStart=(.*)$", service, re.M).group(1)
    given += re.findall(r"--([a-z][a-z-]+)", command)
    return [f"gatehouse has no option {key}" for key in given if key not in offered]


def complaints_of_systemd(binary: str) -> list[str]:
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not installed: the units are not checked")
        return []
    with tempfile.TemporaryDirectory() as name:
        units = []
        for unit in sorted(PACKAGING.glob("gatehouse.s*")):
            text = unit.read_text()
            if unit.suffix == ".service" and INSTALLED not in text:
                return [f"{unit.name} does not start {INSTALLED}"]
            copy = pathlib.Path(name) / unit.name
            copy.write_text(text.replace(INSTALLED, str(pathlib.Path(binary).resolve())))
            units.append(str(copy))
        verify = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units]
        security = ["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_LIMIT}"]
        found = []
        for command in (verify, [*security, units[0]]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0 or (command is verify and done.stderr.strip()):
                found.append(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
        return found


def main() -> int:
    found = wrong_keys(sys.argv[1]) + complaints_of_systemd(sys.argv[1])
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
