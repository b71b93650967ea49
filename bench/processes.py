"""What processes cost, read from /proc."""

import os
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def _stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on: a name may hold blanks and parentheses."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def with_descendants(roots: list[int]) -> list[int]:
    """These processes and everything that was started by them and still runs."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int(_stat_fields(int(entry.name))[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(entry.name))
    found = list(roots)
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes with all their threads. What their children took does
    not count. /proc/PID/stat has it in ticks of 10 ms, too coarse for a server of twenty processes:
    the scheduler's own count in nanoseconds is taken where the kernel keeps one. (It leaves out
    threads that have ended; servers keep theirs.)"""
    try:
        return sum(_scheduled_seconds(pid) for pid in pids)
    except FileNotFoundError:
        return sum(_tick_seconds(pid) for pid in pids)


def _scheduled_seconds(pid: int) -> float:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def _tick_seconds(pid: int) -> float:
    fields = _stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def memory_kib(pids: list[int], kind: str) -> float:
    """Memory of these processes: kind "Pss" counts a shared page in parts, "Rss" in each process."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(kind + ":"):
                total += int(line.split()[1])
    return float(total)
