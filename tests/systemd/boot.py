#!/usr/bin/env python3
"""boot.py BINARY [--roots DIRECTORY]: the units of packaging/ under a systemd that runs.

Boots a Debian in a container (machine.py), installs the binary and the files of packaging/ as
docs/life-cycle.md says, and looks at what systemd makes of them: the server starts as its own user,
serves a file and a script, reads its configuration again, is restarted without a request that fails,
and stops. Needs root, and the packages of `tools/install test boot`. Exit status: 0, 1 when something
is not as it should be, 77 when no container can be run here, with the reason on standard error.

DIRECTORY (build/systemd of this checkout if it is not named) keeps the root that is booted.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from machine import Failure, Machine, Unable, check_ability, make_root, until

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PACKAGING = CHECKOUT / "packaging"
UNITS = Path("/etc/systemd/system")
INSTALLED = "/usr/local/bin/gatehouse"
CONFIGURATION = "/etc/gatehouse.conf"
UNABLE_STATUS = 77
STATE_SECONDS = 30

HEAD = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n"
SCRIPTS = {
    "user.sh": "id --user --name\n",
    "shown.sh": 'echo "$SHOWN"\n',
    # Where the unit lets scripts write, and --sandbox does not.
    "write.sh": 'if (: >"/var/lib/gatehouse/$$") 2>/dev/null; then echo wrote; else echo held; fi\n',
}
# What a build with sanitizers needs in a unit: its search for leaks would have to trace the server.
SANITIZED = "[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0 GCOV_ERROR_FILE=/dev/null\n"

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def expect(value, wanted, what):
    if value != wanted:
        raise Failure(f"{what}: {value!r}, and not {wanted!r}")


def state(machine, unit="gatehouse.service"):
    names = "ActiveState,Result,ExecMainStatus,NRestarts,MainPID"
    lines = machine.run("systemctl", "show", f"--property={names}", unit).splitlines()
    return dict(line.split("=", 1) for line in lines)


def journal(machine):
    return machine.run("journalctl", "--unit=gatehouse.service", "--no-pager", "--output=cat")


def configure(machine, more=""):
    machine.write(CONFIGURATION, (PACKAGING / "gatehouse.conf").read_text() + more)


def install(machine):
    """What docs/life-cycle.md tells to do, and a site."""
    for unit in ("gatehouse.service", "gatehouse.socket"):
        machine.write(str(UNITS / unit), (PACKAGING / unit).read_text())
    machine.write(str(UNITS / "gatehouse.service.d/sanitized.conf"), SANITIZED)
    machine.write("/usr/lib/sysusers.d/gatehouse.conf", (PACKAGING / "gatehouse.sysusers").read_text())
    configure(machine)
    machine.write("/srv/www/a.txt", "a file\n")
    for name, text in SCRIPTS.items():
        machine.write(f"/srv/cgi-bin/{name}", HEAD + text, 0o755)
    machine.run("systemd-sysusers")
    machine.run("systemctl", "daemon-reload")


@check
def the_units_start(machine):
    install(machine)
    machine.run("systemctl", "enable", "--now", "gatehouse.socket", "gatehouse.service")
    found = state(machine)
    expect(found["ActiveState"], "active", "the service")
    expect(found["NRestarts"], "0", "restarts")
    told = journal(machine)
    for level in ("warning", "error"):
        if f" {level} " in told:
            raise Failure(f"the server has a {level} to tell of its own unit:\n{told}")


@check
def the_server_is_a_user_of_its_own_without_capabilities(machine):
    pid = state(machine)["MainPID"]
    status = machine.run("cat", f"/proc/{pid}/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    user = machine.run("id", "--user", "gatehouse").strip()
    expect(fields["Uid"].split(), [user] * 4, "its user")
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        expect(int(fields[name], 16), 0, name)
    expect(fields["NoNewPrivs"].strip(), "1", "NoNewPrivs")
    expect(fields["Seccomp"].strip(), "2", "Seccomp")


@check
def a_file_and_a_script_are_served(machine):
    expect(machine.ask("/a.txt"), "a file\n", "the file")
    expect(machine.ask("/cgi-bin/user.sh"), "gatehouse\n", "the script's user")
    expect(machine.ask("/cgi-bin/write.sh"), "wrote\n", "a script in /var/lib/gatehouse")
    until(
        lambda: "GET /a.txt" in machine.path("/var/log/gatehouse/access.log").read_text(),
        STATE_SECONDS,
        "the access log has the request",
    )


@check
def a_reload_takes_the_new_configuration(machine):
    pid = state(machine)["MainPID"]
    expect(machine.ask("/cgi-bin/shown.sh"), "\n", "the variable before")
    configure(machine, "env = SHOWN=again\n")
    machine.run("systemctl", "reload", "gatehouse.service")
    until(lambda: "reloaded: " in journal(machine), STATE_SECONDS, "the log tells of it")
    expect(machine.ask("/cgi-bin/shown.sh"), "again\n", "the variable after")
    expect(state(machine)["MainPID"], pid, "its process")


@check
def a_restart_lets_no_request_fail_and_the_sandbox_works_in_the_unit(machine):
    pid = state(machine)["MainPID"]
    configure(machine, "sandbox = on\n")
    restart = machine.start("systemctl", "restart", "gatehouse.service")
    while restart.poll() is None:
        expect(machine.ask("/a.txt"), "a file\n", "the file meanwhile")
    expect((restart.returncode, restart.communicate()[0]), (0, ""), "systemctl restart")
    if state(machine)["MainPID"] == pid:
        raise Failure("it is the same process")
    expect(machine.ask("/cgi-bin/write.sh"), "held\n", "a script in the sandbox")


@check
def a_stop_is_clean(machine):
    machine.run("systemctl", "stop", "gatehouse.service")
    found = state(machine)
    expect(found["ActiveState"], "inactive", "the service")
    expect((found["Result"], found["ExecMainStatus"]), ("success", "0"), "its end")
    expect(state(machine, "gatehouse.socket")["ActiveState"], "active", "the socket")


@check
def a_unit_that_takes_openat2_away_is_named_as_the_cause(machine):
    extra = str(UNITS / "gatehouse.service.d/openat2.conf")
    machine.write(extra, "[Service]\nRestrictSUIDSGID=yes\nRestart=no\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "gatehouse.service", statuses=(1,))
    told = journal(machine)
    if "openat2" not in told or "RestrictSUIDSGID=" not in told:
        raise Failure(f"the log does not name the cause:\n{told}")


def run_checks(machine):
    """Each builds on those before it: the first failure is the last."""
    for number, function in enumerate(CHECKS):
        title = function.__name__.replace("_", " ")
        try:
            function(machine)
        except (Failure, OSError, subprocess.SubprocessError) as failure:
            print(f"FAILED: {title}\n{failure}\nThe journal:\n{journal(machine)}")
            return number
        print(f"passed: {title}", flush=True)
    return len(CHECKS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("--roots", type=Path, default=CHECKOUT / "build/systemd")
    chosen = parser.parse_args()
    try:
        check_ability()
        with Machine(make_root(chosen.roots.resolve()), chosen.binary.resolve(), INSTALLED) as machine:
            passed = run_checks(machine)
    except Unable as reason:
        print(f"boot.py: skipped: {reason}", file=sys.stderr)
        return UNABLE_STATUS
    except Failure as failure:
        print(f"boot.py: {failure}", file=sys.stderr)
        return 1
    print(f"{passed} passed, {len(CHECKS) - passed} failed")
    return 0 if passed == len(CHECKS) else 1


if __name__ == "__main__":
    sys.exit(main())
