"""What is made while a guard looks on, and where: noted as it is made, and only held weakly."""

from __future__ import annotations

import asyncio
import threading
from asyncio import runners
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, Token
from socket import socket
from subprocess import Popen
from sys import get_asyncgen_hooks, modules, set_asyncgen_hooks
from typing import ClassVar, Final, Generic, TypeAlias, TypeVar, cast, final
from weakref import WeakKeyDictionary, WeakSet, ref

from regrow.core.hub import Hub
from regrow.runtime.engine import ENGINES, Engine
from regrow.runtime.monitors import Monitors
from regrow.runtime.process import Process, current_process
from regrow.runtime.registry import Registry
from regrow.runtime.timers import Timers
from regrow.testing.leaks.patches import Patch, Patches, Tell
from regrow.testing.leaks.places import Place, place_here

__all__ = ("AnyTask", "Loop", "Notes", "Recorder", "running_loop")

T = TypeVar("T")
AnyTask: TypeAlias = "asyncio.Task[object]"
Loop: TypeAlias = asyncio.AbstractEventLoop
Firstiter: TypeAlias = "Callable[[AsyncGenerator[object, object]], None]"
FEW: Final = 256
"""Notes from which on those of what is gone are thrown away now and then."""


def running_loop() -> Loop | None:
    """The loop that runs here, None if none does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


@final
class Notes(Generic[T]):
    """What was made of one kind, oldest first, with the place; what is gone is forgotten."""

    __slots__ = ("_limit", "_made")

    def __init__(self) -> None:
        self._made: list[tuple[ref[T], Place]] = []
        self._limit = FEW

    def add(self, made: T, place: Place) -> None:
        """One more."""
        self._made.append((ref(made), place))
        if len(self._made) > self._limit:
            self._made = [(one, where) for one, where in self._made if one() is not None]
            self._limit = max(FEW, 2 * len(self._made))

    def living(self) -> Iterator[tuple[T, Place]]:
        """Those that are still there, each once."""
        seen: set[int] = set()
        for one, place in self._made:
            made = one()
            if made is not None and id(made) not in seen:
                seen.add(id(made))
                yield made, place


@final
class Recorder:
    """Notes what is made, from `begin` to `end`, by the test that it was begun for.

    Not noted: what is made in the context of another recorder that runs at the same time, and what threads
    make that were there before and have nothing to do with the test.

    Args:
        stacks: Whether the places are noted as well; they are empty otherwise.
        closing: Called with a loop that ends while it still has tasks, before they are cancelled.
        closed: Called with a loop that is about to be closed.
        finishing: Called with a loop that is about to close its async generators.
    """

    running: ClassVar[list[Recorder]] = []
    current: ClassVar[ContextVar[Recorder]] = ContextVar("regrow.testing.recorder")

    __slots__ = (
        "__weakref__",
        "_before",
        "_hooked",
        "_outer",
        "_stacks",
        "_thread",
        "_token",
        "asyncgens",
        "children",
        "closed",
        "closing",
        "executors",
        "finishing",
        "foreign",
        "loops",
        "popens",
        "rows",
        "shared",
        "sockets",
        "tasks",
        "threads",
        "timers",
        "used",
        "users",
    )

    def __init__(
        self,
        *,
        stacks: bool,
        closing: Callable[[Loop], object],
        closed: Callable[[Loop], object],
        finishing: Callable[[Loop], object],
    ) -> None:
        self._stacks = stacks
        self._before: set[int | None] = set()
        self._thread = 0
        self._outer: Recorder | None = None
        self._token: Token[Recorder] | None = None
        self._hooked: tuple[Firstiter | None, Firstiter] | None = None
        self.closing: Final = closing
        self.closed: Final = closed
        self.finishing: Final = finishing
        self.tasks: Notes[AnyTask] = Notes()
        self.timers: Notes[asyncio.TimerHandle] = Notes()
        self.asyncgens: Notes[AsyncGenerator[object, object]] = Notes()
        self.users: WeakKeyDictionary[object, ref[AnyTask]] = WeakKeyDictionary()
        """The tasks in which the generators were begun."""
        self.threads: Notes[threading.Thread] = Notes()
        self.executors: Notes[ThreadPoolExecutor] = Notes()
        self.popens: Notes[Popen[bytes]] = Notes()
        self.children: Notes[object] = Notes()
        """Child processes of multiprocessing, which isn't imported for this."""
        self.sockets: Notes[socket] = Notes()
        self.rows: dict[object, Place] = {}
        """Places of what the Systems that ran before have got: processes, by engine and serial, names, ..."""
        self.shared: frozenset[Engine] = frozenset()
        """The Systems that ran before."""
        self.loops: WeakSet[Loop] = WeakSet()
        """Loops whose tasks are all new: made meanwhile, or running from the beginning."""
        self.used: WeakSet[Loop] = WeakSet()
        """All loops that got tasks of the test."""
        self.foreign: WeakSet[object] = WeakSet()
        """Tasks and threads that were made meanwhile, but not by the test."""

    # -- its time ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Look from now on."""
        self._thread = threading.get_ident()
        self._before = {thread.ident for thread in threading.enumerate()} - {self._thread}
        self._outer = self._present()
        self.shared = frozenset(engine for engine in ENGINES if engine.running)
        Patches.enter(_patches)
        Recorder.running.append(self)
        self._token = Recorder.current.set(self)
        loop = running_loop()
        if loop is not None:
            self.loops.add(loop)
            self.used.add(loop)
            self._hook_asyncgens()

    def end(self) -> None:
        """Look no more."""
        Recorder.running.remove(self)
        Patches.leave()
        if self._hooked is not None and get_asyncgen_hooks().firstiter is self._hooked[1]:
            set_asyncgen_hooks(firstiter=self._hooked[0])
        if self._token is not None:
            try:
                Recorder.current.reset(self._token)
            except ValueError:  # it ends in another context than it began in
                self._token = None

    def _hook_asyncgens(self) -> None:
        """A loop that runs already has set its hook before it could be watched."""
        before = get_asyncgen_hooks().firstiter

        def first(asyncgen: AsyncGenerator[object, object]) -> None:
            _note_asyncgen(None, asyncgen)
            if before is not None:
                before(asyncgen)

        set_asyncgen_hooks(firstiter=first)
        self._hooked = (before, first)

    # -- whose is it ---------------------------------------------------------------------------

    @staticmethod
    def _present() -> Recorder | None:
        """The recorder in whose context this code runs, if it still looks on."""
        found = Recorder.current.get(None)
        return found if found in Recorder.running else None

    def is_mine(self) -> bool:
        """Whether what is made here and now is made by the test."""
        if Recorder.current.get(None) is self:
            return True
        recorder = self._present()
        if recorder is None:
            return threading.get_ident() not in self._before
        while recorder is not None:
            if recorder is self:
                return True
            recorder = recorder._outer  # noqa: SLF001  # another of this class
        return False

    def place(self) -> Place:
        """Where something is made now."""
        return place_here(4) if self._stacks else ()


# -- what is told: many times in a test, so that no step is taken for tidiness alone --------------


def _note_loop(loop: object, _: object) -> None:
    for recorder in Recorder.running:
        if recorder.is_mine():
            recorder.loops.add(cast("Loop", loop))
            recorder.used.add(cast("Loop", loop))


def _note_task(loop: object, made: object) -> None:
    if not isinstance(made, asyncio.Task):
        return  # a task factory of the user's makes something else
    task = cast("AnyTask", made)
    for recorder in Recorder.running:
        if recorder.is_mine():
            recorder.used.add(cast("Loop", loop))
            recorder.tasks.add(task, recorder.place())
        else:
            recorder.foreign.add(task)


def _note_thread(thread: object, _: object) -> None:
    started = cast("threading.Thread", thread)
    for recorder in Recorder.running:
        if recorder.is_mine():
            recorder.threads.add(started, recorder.place())
        else:
            recorder.foreign.add(started)


def _note_asyncgen(_loop: object, made: object) -> None:
    if current_process.get(None) is not None:
        return  # it is the process's, which isn't the test's affair before it ends
    asyncgen = cast("AsyncGenerator[object, object]", made)
    task = asyncio.current_task()
    for recorder in Recorder.running:
        if recorder.is_mine():
            recorder.asyncgens.add(asyncgen, recorder.place())
            if task is not None:
                recorder.users[asyncgen] = ref(task)


def _noting(kind: str, *, result: bool = False) -> Tell:
    """Notes what a method has made: its `self`, or its result."""

    def tell(owner: object, made: object) -> None:
        for recorder in Recorder.running:
            if recorder.is_mine():
                notes: Notes[object] = getattr(recorder, kind)
                notes.add(made if result else owner, recorder.place())

    return tell


def _note_process(made: object, _: object) -> None:
    process = cast("Process", made)
    for recorder in Recorder.running:
        if process.engine in recorder.shared and recorder.is_mine():
            recorder.rows[process.engine, process.serial] = recorder.place()


def _note_row(_table: object, made: object) -> None:
    for recorder in Recorder.running:
        if recorder.shared and recorder.is_mine():
            recorder.rows[made] = recorder.place()


def _ends(name: str) -> Tell:
    def tell(loop: object, _: object) -> None:
        for recorder in tuple(Recorder.running):
            ending: Callable[[Loop], object] = getattr(recorder, name)
            ending(cast("Loop", loop))

    return tell


def _patches() -> list[Patch]:
    loop = asyncio.BaseEventLoop
    found = [
        Patch(loop, "__init__", _note_loop),
        Patch(loop, "create_task", _note_task),
        Patch(loop, "call_at", _noting("timers", result=True)),
        Patch(loop, "_asyncgen_firstiter_hook", _note_asyncgen, before=True),
        Patch(loop, "shutdown_asyncgens", _ends("finishing"), before=True),
        Patch(loop, "close", _ends("closed"), before=True),
        Patch(runners, "_cancel_all_tasks", _ends("closing"), before=True),
        Patch(threading.Thread, "start", _note_thread, before=True),
        Patch(ThreadPoolExecutor, "__init__", _noting("executors")),
        Patch(Popen, "__init__", _noting("popens")),
        Patch(socket, "__init__", _noting("sockets")),
        Patch(Process, "__init__", _note_process),
        Patch(Registry, "claim", _note_row, before=True),
        Patch(Registry, "register", _note_row, before=True),
        Patch(Monitors, "watch", _note_row),
        Patch(Timers, "send", _note_row),
        Patch(Hub, "subscribe", _note_row),
    ]
    # Not loaded for this: what isn't there yet isn't used yet, or is found without its place.
    for module, owner, name, kind in (
        ("concurrent.futures.process", "ProcessPoolExecutor", "__init__", "executors"),
        ("multiprocessing.process", "BaseProcess", "start", "children"),
    ):
        if module in modules:
            found.append(Patch(getattr(modules[module], owner), name, _noting(kind)))
    return found
