"""Who made it, and where: tasks by the loop's task factory, threads and child processes by an audit hook."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, ClassVar, Final, cast, final
from weakref import WeakKeyDictionary

from regrow.runtime.process import DEAD, Process, current_process
from regrow.runtime.stacks import caller, site

if TYPE_CHECKING:
    from types import FrameType


@final
class Birth:
    """Who made a thread or child process, and where."""

    __slots__ = ("owner", "where")

    def __init__(self, owner: Process | None, where: str | None) -> None:
        self.owner: Process | None = owner
        self.where: str | None = where

    @property
    def owned(self) -> bool:
        """Whether the process that made it lives."""
        return self.owner is not None and self.owner.status != DEAD


@final
class Births:
    """The threads and child processes made since the first System in debug or strict mode was started.

    An audit hook can't be taken back, so there is one for all Systems, and it looks away while no
    System in these modes runs. The same goes for `threading.Thread.start`, which before Python 3.12
    raises no audit event and is wrapped instead.
    """

    systems: ClassVar[int] = 0
    with_sites: ClassVar[int] = 0
    _hooked: ClassVar[bool] = False
    _known: ClassVar[WeakKeyDictionary[object, Birth]] = WeakKeyDictionary()

    @classmethod
    def begin(cls, *, sites: bool) -> None:
        """A System begins to take notice."""
        cls.systems += 1
        cls.with_sites += sites
        if not cls._hooked:
            cls._hooked = True
            sys.addaudithook(_hook)
            if sys.version_info < (3, 12):
                _watch_starts()

    @classmethod
    def end(cls, *, sites: bool) -> None:
        """It doesn't any more."""
        cls.systems -= 1
        cls.with_sites -= sites

    @classmethod
    def of(cls, made: object) -> Birth | None:
        """What is known of the birth of a thread or child process."""
        return cls._known.get(made)

    @classmethod
    def note(cls, made: object, frame: FrameType | None) -> None:
        """`made`, a thread or child process, is being made at `frame`."""
        owner = current_process.get(None)
        if owner is None:
            # A thread that a process made makes another.
            birth = cls._known.get(threading.current_thread())
            owner = None if birth is None else birth.owner
        cls._known[made] = Birth(owner, site(frame) if cls.with_sites else None)


def _note_thread(args: tuple[object, ...], frame: FrameType) -> None:
    thread = getattr(args[0], "__self__", None)
    if isinstance(thread, threading.Thread):
        Births.note(thread, frame)


def _watch_starts() -> None:
    start = threading.Thread.start

    @wraps(start)
    def noted(self: threading.Thread) -> None:
        if Births.systems:
            Births.note(self, caller(1))
        start(self)

    threading.Thread.start = noted  # type: ignore[method-assign]


def _note_popen(_args: tuple[object, ...], frame: FrameType) -> None:
    child: object = frame.f_locals.get("self")
    if isinstance(child, subprocess.Popen):
        Births.note(cast("object", child), frame)


def _note_fork(_args: tuple[object, ...], frame: FrameType) -> None:
    child = frame.f_locals.get("process_obj")  # of multiprocessing, which isn't imported for this
    if child is not None and type(child).__module__.partition(".")[0] == "multiprocessing":
        Births.note(child, frame)


_NOTES: Final[dict[str, Callable[[tuple[object, ...], FrameType], None]]] = {
    "_thread.start_new_thread": _note_thread,
    "_thread.start_joinable_thread": _note_thread,
    "subprocess.Popen": _note_popen,
    "os.fork": _note_fork,
}


def _hook(event: str, args: tuple[object, ...]) -> None:
    note = _NOTES.get(event)
    if note is not None and Births.systems:
        note(args, caller(1))
