"""What a program costs, read from outside: memory and context switches of its process tree."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            parent = _parent(entry)
            if parent is not None:
                children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo.extend(children.get(one, ()))
    return found


def _parent(entry: Path) -> int | None:
    try:
        # The command's name is in brackets and may hold anything, also brackets and blanks.
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def resident_bytes(pid: int) -> int:
    """Resident memory of the whole tree."""
    total = 0
    for one in tree(pid):
        try:
            total += int((_PROC / str(one) / "statm").read_text().split()[1]) * _PAGE
        except (OSError, IndexError):
            continue
    return total


def context_switches(pid: int) -> int:
    """Context switches so far, of every thread of every process of the tree."""
    total = 0
    for one in tree(pid):
        try:
            threads = list((_PROC / str(one) / "task").iterdir())
        except OSError:
            continue
        total += sum(_switches(thread) for thread in threads)
    return total


def _switches(thread: Path) -> int:
    try:
        lines = (thread / "status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
