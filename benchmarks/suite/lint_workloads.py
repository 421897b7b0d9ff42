"""The workloads of the linter: the standard library, whole and in parts."""

from __future__ import annotations

import functools
import sysconfig
from pathlib import Path

from benchmarks.suite.workload import Params, Value, Workload, number

_PART = "asyncio concurrent multiprocessing"
"""Small enough for tools that do some hundred lines a second."""
_FIFTY_THOUSAND = f"{_PART} email html importlib json logging"
_ELSEWHERE = frozenset({"site-packages", "__pycache__", "lib-dynload"})


@functools.cache
def lines(folders: str = "") -> int:
    """The lines of Python below folders of the standard library, or of all of it."""
    library = Path(sysconfig.get_paths()["stdlib"])
    below = [library / name for name in folders.split()] or [library]
    files = (file for folder in below for file in folder.rglob("*.py"))
    return sum(file.read_bytes().count(b"\n") for file in files if not _ELSEWHERE & set(file.parts))


def _found(params: Params, nonce: int) -> dict[str, int]:
    return {"planted": nonce % number(params, "faults") + 1, "lines": lines(str(params["folders"]))}


def _workload(
    family: str, title: str, folders: str = "", *, jobs: int = 1, warm: bool = False, quick: bool = True
) -> Workload:
    full: dict[str, Value] = {"folders": folders, "jobs": jobs, "warm": int(warm), "faults": 50}
    return Workload(
        family,
        title,
        full,
        _found,
        in_quick=quick,
        operations=lambda params: lines(str(params["folders"])),
        cell_seconds=600.0,
        on_disk=True,
    )


WORKLOADS: tuple[Workload, ...] = (
    _workload("L1", "the standard library, cold, one process", quick=False),
    _workload("L2", "the standard library, cold, two processes", jobs=2, quick=False),
    _workload("L3", "50,000 lines of it, warm, one process", _FIFTY_THOUSAND, warm=True),
    _workload("L4", f"{_PART.replace(' ', ', ')}, cold, one process", _PART),
)
