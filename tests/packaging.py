#!/usr/bin/env python3
"""packaging.py BINARY: the files of packaging/ fit this binary, and systemd takes them.

The configuration holds options that --help all names, and the service's user is one that is made. The
units are given to systemd-analyze, where it is installed: no complaint, and an exposure of no more
than EXPOSURE_LIMIT in tenths. Whether they start is tried by systemd/boot.py.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PACKAGING = pathlib.Path(__file__).resolve().parent.parent / "packaging"
INSTALLED = "/usr/local/bin/gatehouse"
UNITS = ("gatehouse.service", "gatehouse.socket")
EXPOSURE_LIMIT = 16
# systemd refuses openat2 altogether for these, and the server does not start without it.
UNUSABLE = ("DynamicUser", "RestrictSUIDSGID")


def wrong_keys(binary: str) -> list[str]:
    help_text = subprocess.run([binary, "--help", "all"], capture_output=True, text=True, check=True).stdout
    offered = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", help_text))
    lines = (PACKAGING / "gatehouse.conf").read_text().splitlines()
    given = [line.split("=")[0].strip() for line in lines if line and not line.startswith("#")]
    service = (PACKAGING / "gatehouse.service").read_text()
    command = re.search(r"^ExecStart=(.*)$", service, re.M).group(1)
    given += re.findall(r"--([a-z][a-z-]+)", command)
    return [f"gatehouse has no option {key}" for key in given if key not in offered]


def wrong_settings() -> list[str]:
    service = (PACKAGING / "gatehouse.service").read_text()
    set_here = dict(re.findall(r"^(\w+)=(.*)$", service, re.M))
    found = [f"gatehouse.service sets {name}=" for name in UNUSABLE if name in set_here]
    made = re.findall(r"^u (\S+)", (PACKAGING / "gatehouse.sysusers").read_text(), re.M)
    if set_here.get("User") not in made:
        found.append(f"gatehouse.service runs as {set_here.get('User')}, and gatehouse.sysusers makes {made}")
    return found


def complaints_of_systemd(binary: str) -> list[str]:
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not installed: the units are not checked")
        return []
    with tempfile.TemporaryDirectory() as name:
        units = []
        for unit in (PACKAGING / name for name in UNITS):
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
    found = wrong_keys(sys.argv[1]) + wrong_settings() + complaints_of_systemd(sys.argv[1])
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
