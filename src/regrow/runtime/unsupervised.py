"""What runs in this program and belongs to no process."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, cast, final

import msgspec

from regrow.runtime.birth import Births
from regrow.runtime.stacks import all_threads
from regrow.runtime.threadpool import RuntimeThread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from regrow.runtime.engine import Engine

T = TypeVar("T")
Kind: TypeAlias = Literal["task", "thread", "executor", "child process"]
Row: TypeAlias = "tuple[str, str | None]"


@final
class Unsupervised(msgspec.Struct, frozen=True):
    """Something that runs and that no process owns.

    Attributes:
        kind: `"task"`, `"thread"`, `"executor"` or `"child process"`.
        name: What it calls itself.
        where: File, line and function that made it; None unless a System in debug mode ran then.
    """

    kind: Kind
    name: str
    where: str | None = None


def unsupervised(engine: Engine) -> tuple[Unsupervised, ...]:
    """See `System.unsupervised`."""
    found: list[Unsupervised] = []
    sources: tuple[tuple[Kind, Iterable[Row]], ...] = (
        ("task", engine.ownership.unowned()),
        ("thread", _threads(engine)),
        ("executor", _executors()),
        ("child process", _children()),
    )
    for kind, rows in sources:
        found.extend(Unsupervised(kind, name, where) for name, where in sorted(rows, key=lambda row: row[0]))
    return tuple(found)


def _threads(engine: Engine) -> Iterator[Row]:
    ours = {engine.thread, threading.main_thread().ident}
    threads = threading.enumerate()
    for thread in threads:
        if thread.ident not in ours and not isinstance(thread, RuntimeThread):
            yield from _row(thread, thread.name)
    ours.update(thread.ident for thread in threads)
    for ident in all_threads():  # also threads that `threading` didn't make
        if ident not in ours:
            yield f"thread {ident}", None
    for lost in engine.threads.lost:
        yield f"blocking handler of {lost}", None


def _executors() -> Iterator[Row]:
    """An executor belongs to who had it start its first thread or process; without any it runs nothing."""
    for one in _all(Executor):
        # They have no public names for their workers.
        threads: Iterable[object] = getattr(one, "_threads", None) or ()
        processes: dict[int, object] = getattr(one, "_processes", None) or {}
        births = [Births.of(worker) for worker in (*threads, *processes.values())]
        if births and not any(birth is not None and birth.owned for birth in births):
            where = next((birth.where for birth in births if birth is not None), None)
            yield f"{type(one).__qualname__} of {len(births)} workers", where


def _children() -> Iterator[Row]:
    for child in cast("Iterator[subprocess.Popen[bytes]]", _all(subprocess.Popen)):
        if child.returncode is None:
            yield from _row(child, f"{child.pid} {_command(child.args)}")
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing is not None:
        for process in multiprocessing.active_children():
            yield from _row(process, f"{process.pid} {process.name}")


def _all(kind: type[T]) -> Iterator[T]:
    """All of a kind in the program. By their types: a proxy may raise when it is asked for its class."""
    return (cast("T", one) for one in gc.get_objects() if issubclass(type(one), kind))


def _command(arguments: object) -> str:
    if isinstance(arguments, list | tuple):
        return " ".join(str(word) for word in cast("Iterable[object]", arguments))
    return str(arguments)


def _row(made: object, name: str) -> Iterator[Row]:
    birth = Births.of(made)
    if birth is None or not birth.owned:
        yield name, None if birth is None else birth.where
